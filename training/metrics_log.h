// MetricsLog: keeps every epoch's figures and writes them as CSV after each, the whole file at once, so that it is
// never half a line: epoch, train_loss, train_accuracy, test_loss, test_accuracy, seconds.
#pragma once

#include <string>
#include <vector>

#include <korrel/training/observer.h>

namespace korrel::training {

class MetricsLog : public Observer {
 public:
  // `before`: the epochs of a training that goes on. Throws IoError if it cannot be written.
  explicit MetricsLog(std::string path, std::vector<EpochReport> before = {});
  void epoch(const EpochReport& report) override;
  const std::vector<EpochReport>& epochs() const { return epochs_; }

 private:
  std::string path_;
  std::vector<EpochReport> epochs_;
};

// A test figure that there is not stays empty.
std::string metrics_csv(const std::vector<EpochReport>& epochs);

}  // namespace korrel::training
