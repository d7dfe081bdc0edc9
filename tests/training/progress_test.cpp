// What is shown while training, on a terminal and elsewhere.
#include <doctest/doctest.h>
#include <korrel/training/progress.h>
#include <tests/temporary_folder.h>

#include <cmath>
#include <sstream>

using namespace korrel::training;

namespace {

const StepReport half{.epoch = 2,
                      .epochs = 5,
                      .step = 50,
                      .steps = 100,
                      .loss = 0.25,
                      .accuracy = 0.9375,
                      .images_per_second = 12345,
                      .seconds_left = 65};
const EpochReport whole{.epoch = 2,
                        .epochs = 5,
                        .train_loss = 0.5,
                        .train_accuracy = 0.875,
                        .test_loss = 0.25,
                        .test_accuracy = 0.9897,
                        .seconds = 3.25};

}  // namespace

TEST_CASE("durations") {
  CHECK(duration_text(0.4) == "0 s");
  CHECK(duration_text(59.4) == "59 s");
  CHECK(duration_text(65) == "1 min 05 s");
  CHECK(duration_text(3600 * 2 + 60 * 3 + 5) == "2 h 03 min");
  CHECK(duration_text(-5) == "0 s");
}

TEST_CASE("a step's line has loss, accuracy, rate and time left, and fits the width") {
  std::string line = step_text(half, 120);
  CHECK(line ==
        "epoch 2/5 [===============>              ] 50/100  loss 0.2500  accuracy 93.75 %  12.3k images/s  1 min 05 s "
        "left");
  for (int width : {10, 40, 80, 90, 100, 200}) CHECK(static_cast<int>(step_text(half, width).size()) < width);
  CHECK(contains(step_text(half, 80), "loss 0.2500"));
  CHECK(contains(step_text({}, 100), "0/0"));
}

TEST_CASE("an epoch's line") {
  CHECK(epoch_text(whole) ==
        "epoch 2/5  train loss 0.5000  accuracy 87.50 %  test loss 0.2500  accuracy 98.97 %  3.2 s");
  EpochReport untested = whole;
  untested.test_loss = untested.test_accuracy = std::nan("");
  untested.complete = false;
  CHECK(epoch_text(untested) == "epoch 2/5  train loss 0.5000  accuracy 87.50 %  3.2 s  (stopped before its end)");
}

TEST_CASE("a terminal's line is redrawn and cleared; elsewhere lines are whole and few") {
  std::ostringstream terminal;
  {
    Progress progress(terminal, {.terminal = true, .width = 120, .seconds_between = 0});
    progress.step(half);
    progress.step(half);
    progress.epoch(whole);
    progress.step(half);
  }
  std::string redrawn = "\r" + step_text(half, 120) + "\033[K", cleared = "\r\033[K";
  CHECK(terminal.str() == redrawn + redrawn + cleared + epoch_text(whole) + "\n" + redrawn + cleared);

  std::ostringstream plain;
  Progress progress(plain, {.seconds_between = 0.1});
  progress.step(half);  // sooner than 10 s after the start: nothing
  progress.epoch(whole);
  CHECK(plain.str() == epoch_text(whole) + "\n");
  std::ostringstream often;
  Progress(often, {.seconds_between = 0}).step(half);
  CHECK(often.str() == step_text(half, 1000) + "\n");
}
