// What a run leaves behind: the CSV of its epochs and the picture of its curves.
#include <doctest/doctest.h>
#include <korrel/framework/base/error.h>
#include <korrel/training/curves.h>
#include <korrel/training/metrics_log.h>
#include <tests/temporary_folder.h>

#include <cmath>

using namespace korrel;
using namespace korrel::training;

namespace {

std::vector<EpochReport> some_epochs(int n) {
  std::vector<EpochReport> epochs;
  for (int i = 1; i <= n; ++i) {
    epochs.push_back({.epoch = i,
                      .epochs = n,
                      .train_loss = 2.0 / i,
                      .train_accuracy = 1 - 0.5 / i,
                      .test_loss = 2.2 / i,
                      .test_accuracy = 1 - 0.6 / i,
                      .seconds = 1.5});
  }
  return epochs;
}

// Tags are closed and nested; enough of XML for what curves_svg writes.
bool well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t i = xml.find('<'); i != std::string::npos; i = xml.find('<', i)) {
    std::size_t end = xml.find('>', i);
    if (end == std::string::npos) return false;
    std::string tag = xml.substr(i + 1, end - i - 1), name = tag.substr(0, tag.find(' '));
    if (tag.find('<') != std::string::npos) return false;
    if (tag[0] == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
    i = end;
  }
  return open.empty();
}

}  // namespace

TEST_CASE("metrics.csv has a row an epoch after each epoch, and empty fields for what was not tested") {
  TemporaryFolder folder;
  std::string path = folder / "metrics.csv", head = "epoch,train_loss,train_accuracy,test_loss,test_accuracy,seconds\n";
  MetricsLog log(path);
  CHECK(read_bytes(path) == head);
  std::vector<EpochReport> epochs = some_epochs(2);
  log.epoch(epochs[0]);
  CHECK(read_bytes(path) == head + "1,2,0.5,2.2,0.4,1.500\n");
  epochs[1].test_loss = epochs[1].test_accuracy = std::nan("");
  log.epoch(epochs[1]);
  CHECK(read_bytes(path) == head + "1,2,0.5,2.2,0.4,1.500\n2,1,0.75,,,1.500\n");
  CHECK(log.epochs().size() == 2);
  MetricsLog going_on(folder / "metrics.csv", {epochs[0]});  // of a training that is resumed
  CHECK(read_bytes(path) == head + "1,2,0.5,2.2,0.4,1.500\n");
  CHECK(folder.files() == 1);
  CHECK(contains(message_of<IoError>([&] { MetricsLog(folder / "no/metrics.csv"); }), "no/metrics.csv"));
}

TEST_CASE("axis ticks are round numbers within the range") {
  CHECK(round_ticks(0, 10, 5) == std::vector<double>{0, 2, 4, 6, 8, 10});
  CHECK(round_ticks(1, 8, 8) == std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(round_ticks(0.03, 0.31, 3) == std::vector<double>{0.1, 0.2, 0.30000000000000004});
  CHECK(round_ticks(3, 3, 5) == std::vector<double>{3});
  for (double high : {1e-9, 0.7, 99.9, 1e12}) {
    std::vector<double> ticks = round_ticks(0, high, 6);
    CHECK(ticks.size() >= 3);
    CHECK(ticks.size() <= 7);
    CHECK(ticks.back() <= high * (1 + 1e-9));
  }
}

TEST_CASE("curves are well-formed SVG with both curves, for any number of epochs and any figures") {
  std::string svg = curves_svg(some_epochs(8), "lenet5 <on> digits & more");
  CHECK(well_formed(svg));
  CHECK(contains(svg, "lenet5 &lt;on&gt; digits &amp; more"));
  CHECK(contains(svg, ">train<"));
  CHECK(contains(svg, ">test<"));
  CHECK(contains(svg, ">accuracy, %<"));
  for (int n : {0, 1, 2, 100}) CHECK(well_formed(curves_svg(some_epochs(n), "t")));
  std::vector<EpochReport> odd = some_epochs(3);
  odd[1].train_loss = INFINITY;
  odd[2].test_loss = odd[0].test_accuracy = std::nan("");
  for (EpochReport& r : odd) r.train_accuracy = 0.5;  // a level line
  svg = curves_svg(odd, "odd");
  CHECK(well_formed(svg));
  CHECK_FALSE(contains(svg, "nan"));
  CHECK_FALSE(contains(svg, "inf"));
}
