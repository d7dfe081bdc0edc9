// The folder that a training run leaves its results in: config.json, metrics.csv, model.safetensors, curves.svg, and
// checkpoint.safetensors to go on from.
// Everything that can be found wrong with it is found before training begins.
#pragma once

#include <cstdint>
#include <string>

namespace korrel::app {

class RunFolder {
 public:
  // Makes the folder where it is missing; removes half-written files that a killed run left. Throws IoError if the
  // folder cannot be made, or if `bytes` do not fit into it.
  RunFolder(const std::string& path, int64_t bytes);

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string weights() const { return file("model.safetensors"); }
  std::string checkpoint() const { return file("checkpoint.safetensors"); }
  bool has_checkpoint() const;
  void remove_checkpoint() const;

 private:
  std::string path_;
};

// runs/NAME, or runs/NAME-2, -3 ...: the first that is not there yet.
std::string next_run_folder(const std::string& name);

}  // namespace korrel::app
