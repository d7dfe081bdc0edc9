// Runs that are stopped, killed and resumed end with the bits of one that ran through; what cannot be resumed is
// refused.
#include <doctest/doctest.h>
#include <korrel/framework/io/safetensors.h>
#include <tests/apps/program.h>

#include <nlohmann/json.hpp>
#include <sstream>

using namespace korrel;

namespace {

// With all that has a state: momentum, a schedule by the step, averaged weights, random numbers in the loop and the
// data.
std::vector<std::string> four_epochs(const std::string& out, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{
      "train",     "lenet5",      "--limit",           "640", "--epochs",    "4",     "--batch-size", "16",
      "--seed",    "3",           "--mixup",           "0.2", "--ema",       "0.95",  "--schedule",   "onecycle",
      "--augment", "crop,cutout", "--label-smoothing", "0.1", "--optimizer", "adamw", "--out",        out};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::string without_seconds(const std::string& csv) {
  std::istringstream lines(csv);
  std::string text;
  for (std::string line; std::getline(lines, line);) text += line.substr(0, line.rfind(',')) + '\n';
  return text;
}

void check_same_run(const std::string& a, const std::string& b) {
  CHECK(read_bytes(a + "/model.safetensors") == read_bytes(b + "/model.safetensors"));
  CHECK(without_seconds(read_bytes(a + "/metrics.csv")) == without_seconds(read_bytes(b + "/metrics.csv")));
  SafetensorsFile left = load_safetensors(a + "/checkpoint.safetensors"),
                  right = load_safetensors(b + "/checkpoint.safetensors");
  REQUIRE(left.tensors.size() == right.tensors.size());
  for (std::size_t i = 0; i < left.tensors.size(); ++i) {
    CAPTURE(left.tensors[i].first);
    if (!left.tensors[i].first.starts_with("position."))  // has seconds
      CHECK(left.tensors[i].second.to_vector() == right.tensors[i].second.to_vector());
  }
}

void check_refused(const Ended& run, int status, const std::string& words) {
  CAPTURE(run.err);
  CHECK(run.status == status);
  CHECK(run.err.starts_with("korrel: error: "));
  CHECK(contains(run.err, words));
}

}  // namespace

TEST_CASE("four epochs are two, and two more in a new process: the same bits") {
  TemporaryFolder folder;
  Ended whole = run_korrel(four_epochs(folder / "whole"));
  REQUIRE(whole.status == 0);

  Ended half = run_korrel(four_epochs(folder / "halves", {"--stop-after", "2"}));
  CHECK(half.status == 0);
  CHECK(contains(half.out, "korrel train --resume " + (folder / "halves") + " goes on after epoch 2\n"));
  CHECK(contains(last_line(half.out), "stopped; the weights so far are in"));
  Ended rest = run_korrel({"train", "--resume", folder / "halves", "--threads", "1", "--workers", "1"});
  CAPTURE(rest.err);
  CHECK(rest.status == 0);
  CHECK(contains(rest.out, "going on after epoch 2\n"));
  CHECK(contains(rest.out, "epoch 3/4"));
  CHECK_FALSE(contains(rest.out, "epoch 2/4"));
  CHECK(last_line(rest.out) == last_line(whole.out));
  check_same_run(folder / "whole", folder / "halves");

  // A run that is done has nothing to do; its whole command line may be given again.
  Ended again = run_korrel(four_epochs(folder / "halves", {"--resume", folder / "halves"}));
  check_refused(again, 2, "--out");
  again = run_korrel({"train", "lenet5", "--limit", "640", "--mixup", "0.2", "--resume", folder / "halves"});
  CHECK(again.status == 0);
  CHECK(last_line(again.out) == last_line(whole.out));
  check_same_run(folder / "whole", folder / "halves");
}

TEST_CASE("stopped in the middle of an epoch by a signal, or killed: going on gives the same bits") {
  TemporaryFolder folder;
  REQUIRE(run_korrel(four_epochs(folder / "whole")).status == 0);
  for (int signal : {SIGTERM, SIGKILL}) {
    CAPTURE(signal);
    std::string run = folder / std::to_string(signal);
    run_korrel(four_epochs(run), {.signal = signal, .when = run + "/checkpoint.safetensors", .delay = 20});
    for (int delay : {100, 300, 500, 700}) {
      Ended next = run_korrel({"train", "--resume", run}, {.signal = signal, .when = run, .delay = delay});
      CAPTURE(next.err);
      CHECK((next.status == 128 + signal || next.status == 0));
    }
    REQUIRE(run_korrel({"train", "--resume", run}).status == 0);
    check_same_run(folder / "whole", run);
    for (const auto& entry : std::filesystem::directory_iterator(run)) CHECK(entry.path().extension() != ".tmp");
  }
}

TEST_CASE("more epochs than were asked for first") {
  TemporaryFolder folder;
  auto epochs = [&](const std::string& out, const char* count) {
    return std::vector<std::string>{"train", "lenet5",   "--limit", "320",   "--schedule",
                                    "none",  "--epochs", count,     "--out", folder / out};
  };
  REQUIRE(run_korrel(epochs("three", "3")).status == 0);
  REQUIRE(run_korrel(epochs("a", "1")).status == 0);
  REQUIRE(run_korrel({"train", "--resume", folder / "a", "--epochs", "3"}).status == 0);
  check_same_run(folder / "three", folder / "a");
  CHECK(nlohmann::json::parse(read_bytes(folder / "a/config.json"))["epochs"] == 3);
}

TEST_CASE("for more epochs the schedule is laid out anew: it stands where it would if they had been asked for first") {
  TemporaryFolder folder;
  for (const char* schedule : {"cosine", "onecycle"}) {
    CAPTURE(schedule);
    std::string run = folder / schedule;
    auto rates = [&](std::vector<std::string> more) {
      std::vector<std::string> arguments{"train", "lenet5", "--limit", "320"};
      arguments.insert(arguments.end(), more.begin(), more.end());
      CHECK(run_korrel(arguments).status == 0);
      Tensor reports = load_safetensors(run + "/checkpoint.safetensors").at("position.reports");
      std::vector<double> all;
      for (int64_t i = 0; i < reports.size(0); ++i) all.push_back(reports.data<double>()[i * 8 + 7]);
      return all;
    };
    std::vector<double> whole = rates({"--schedule", schedule, "--epochs", "4", "--out", run});
    rates({"--schedule", schedule, "--epochs", "2", "--out", run});
    std::vector<double> longer = rates({"--epochs", "4", "--resume", run});
    REQUIRE(longer.size() == 4);
    CHECK(longer[2] == whole[2]);
    CHECK(longer[3] == whole[3]);
    CHECK(longer[3] > 0);
  }
}

TEST_CASE("without a checkpoint a run starts over; a new run in an old folder does not go on with the old one") {
  TemporaryFolder folder;
  std::vector<std::string> run{"train", "lenet5", "--limit", "64", "--epochs", "1", "--out", folder / "a"};
  REQUIRE(run_korrel(run).status == 0);
  std::string weights = read_bytes(folder / "a/model.safetensors");
  std::filesystem::remove(folder / "a/checkpoint.safetensors");
  folder.write("a/checkpoint.safetensors.123-0.tmp", "what a killed process left");
  Ended again = run_korrel({"train", "--resume", folder / "a"});
  CHECK(again.status == 0);
  CHECK(contains(again.out, "no checkpoint yet: from the start"));
  CHECK(read_bytes(folder / "a/model.safetensors") == weights);
  CHECK_FALSE(std::filesystem::exists(folder / "a/checkpoint.safetensors.123-0.tmp"));
  run.insert(run.end(), {"--seed", "9"});
  REQUIRE(run_korrel(run).status == 0);
  CHECK(read_bytes(folder / "a/model.safetensors") != weights);
}

TEST_CASE("what cannot be resumed is refused, and nothing changes") {
  TemporaryFolder folder;
  REQUIRE(run_korrel({"train", "lenet5", "--limit", "64", "--epochs", "1", "--out", folder / "a"}).status == 0);
  std::string config = read_bytes(folder / "a/config.json"),
              checkpoint = read_bytes(folder / "a/checkpoint.safetensors");
  auto resumed = [&](std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"train", "--resume", folder / "a"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_korrel(arguments);
  };
  check_refused(resumed({"--lr", "0.5"}), 2, "lr 0.5 differs from the run's 0.001");
  check_refused(resumed({"--data", "mnist"}), 2, "data \"mnist\" differs from the run's \"digits\"");
  check_refused(run_korrel({"train", "mlp", "--resume", folder / "a"}), 2, "model \"mlp\" differs");
  check_refused(resumed({"--out", folder / "b"}), 2, "--out");
  check_refused(run_korrel({"train", "--resume", folder / "none"}), 1, "none/config.json");
  for (const auto& [from, to, words] : std::vector<std::array<std::string, 3>>{
           {"{", "", "not a JSON object"},
           {"\"lr\"", "\"rate\"", "it has no 'lr'"},
           {"\"epochs\": 1", "\"epochs\": \"many\"", "'epochs' cannot be \"many\""},
           {"\"epochs\": 1", "\"epochs\": 99999999999", "'epochs' cannot be 99999999999"},
           {"\"epochs\": 1", "\"epochs\": 1.5", "'epochs' cannot be 1.5"},
           {"\"seed\": 0", "\"seed\": -1", "'seed' cannot be -1"},
           {"\"adam\"", "\"eve\"", "there is no optimizer 'eve'"},
           {"\"batch_size\": 64", "\"batch_size\": -4", "batch_size must be at least 1"},
           {"\"lenet5\"", "\"mlp\"", "missing keys"},
           {"\"adam\"", "\"adamw\"", "the checkpoint's optimizer is Adam, not AdamW"}}) {
    CAPTURE(to);
    std::string wrong = config;
    wrong.replace(wrong.find(from), from.size(), to);
    folder.write("a/config.json", wrong);
    Ended run = resumed();
    check_refused(run, run.status == 2 ? 2 : 1, words);
    CHECK(read_bytes(folder / "a/config.json") == wrong);
    CHECK(read_bytes(folder / "a/checkpoint.safetensors") == checkpoint);
  }
  folder.write("a/config.json", config);
  folder.write("a/checkpoint.safetensors", checkpoint.substr(0, 5000));
  check_refused(resumed(), 1, "checkpoint.safetensors");
  folder.write("a/checkpoint.safetensors", read_bytes(folder / "a/model.safetensors"));
  check_refused(resumed(), 1, "not a checkpoint");
}
