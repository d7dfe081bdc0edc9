// A module's state_dict in a safetensors file and back: weights cross to PyTorch and from it under the same names.
// Not a checkpoint: optimizer, schedule and random state are saved apart.
#pragma once

#include <korrel/layers/module.h>

namespace korrel::nn {

// Writes all or nothing. Throws IoError naming the path.
void save(const Module& module, const std::string& path);

// Throws IoError for a file that cannot be read, ValueError as load_state_dict does; the module is then unchanged. The
// path is in every message.
LoadReport load(Module& module, const std::string& path, LoadOptions options = {});

}  // namespace korrel::nn
