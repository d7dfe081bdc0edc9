// Tensors by name in one file, in the safetensors format (https://github.com/huggingface/safetensors), which PyTorch's
// users exchange weights in. Files written here open in its own readers, and theirs open here.
// Not a checkpoint: only tensors and a few strings. nn::Module's save and load are built on it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;
using Metadata = std::vector<std::pair<std::string, std::string>>;

struct SafetensorsFile {
  NamedTensors tensors;  // in the order of the file's header
  Metadata metadata;

  // Throws ValueError listing the names there are.
  const Tensor& at(const std::string& name) const;
  bool contains(const std::string& name) const;
};

// Writes all or nothing (framework/io/atomic_file.h). Data starts at multiples of 8. Throws ValueError for a name that
// occurs twice, is "__metadata__" or is not UTF-8, or an undefined tensor; IoError if the file cannot be written.
void save_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata = {});

// Reads F32, F64, I64, U8 and BOOL as they are; F16 and BF16 become f32, and I8, I16, I32, U16, U32, U64 become i64.
// Checked before any tensor is made, after the official reader's rules: header length, JSON, every shape against its
// bytes, no overlap, no gap, no byte left over. Throws IoError naming the path and the rule. `path` is in every
// message.
SafetensorsFile load_safetensors(const std::string& path);

}  // namespace korrel
