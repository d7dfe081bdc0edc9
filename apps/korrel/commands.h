// The commands of the korrel program, one source each. They print to stdout, and throw: UsageError for what the command
// line got wrong (an unknown model), korrel::Error for what went wrong. The result is the exit status.
#pragma once

#include <stdexcept>
#include <string>

#include <apps/korrel/train_settings.h>

namespace korrel::app {

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

int train_command(TrainSettings settings);

struct EvalSettings {
  std::string model;  // empty: as the weights file says
  std::string weights;
  std::string data = "digits";
  std::string data_dir;
  int64_t batch_size = 256;
  int threads = 0;
};
int eval_command(const EvalSettings& settings);

struct SummarySettings {
  std::string model;
  std::string input;  // "1x28x28"; empty: the model's usual one
};
int summary_command(const SummarySettings& settings);

int list_command();

std::string version_text();  // "korrel 0.1.0 (SIMD avx512, BLAS OpenBLAS 0.3.21, 2 threads)"

}  // namespace korrel::app
