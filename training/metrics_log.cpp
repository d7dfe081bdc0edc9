#include <korrel/training/metrics_log.h>

#include <cmath>

#include <korrel/framework/base/check.h>
#include <korrel/framework/io/atomic_file.h>

namespace korrel::training {

std::string metrics_csv(const std::vector<EpochReport>& epochs) {
  std::string text = "epoch,train_loss,train_accuracy,test_loss,test_accuracy,seconds\n";
  auto number = [](double value) { return std::isnan(value) ? std::string() : fmt::format("{:.6g}", value); };
  for (const EpochReport& r : epochs) {
    text += fmt::format("{},{},{},{},{},{:.3f}\n", r.epoch, number(r.train_loss), number(r.train_accuracy),
                        number(r.test_loss), number(r.test_accuracy), r.seconds);
  }
  return text;
}

MetricsLog::MetricsLog(std::string path, std::vector<EpochReport> before)
    : path_(std::move(path)), epochs_(std::move(before)) {
  write_file(path_, metrics_csv(epochs_));
}

void MetricsLog::epoch(const EpochReport& report) {
  if (!report.complete) return;  // the means over part of an epoch do not compare with the others
  epochs_.push_back(report);
  write_file(path_, metrics_csv(epochs_));
}

}  // namespace korrel::training
