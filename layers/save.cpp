#include <korrel/layers/save.h>

#include <korrel/framework/io/safetensors.h>

namespace korrel::nn {

void save(const Module& module, const std::string& path) {
  StateDict state;
  for (const auto& [name, tensor] : module.state_dict()) state.emplace_back(name, tensor.detach());
  save_safetensors(path, state, {{"format", "pt"}});  // as PyTorch's own writer marks its files
}

LoadReport load(Module& module, const std::string& path, LoadOptions options) {
  SafetensorsFile file = load_safetensors(path);
  try {
    return module.load_state_dict(file.tensors, options);
  } catch (Error& error) {
    error.prepend(path + ": ");
    throw;
  }
}

}  // namespace korrel::nn
