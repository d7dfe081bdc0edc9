// NumPy's files: npy holds one array, npz (a zip archive of npy files) several by name. Both directions: what
// numpy.save, savez and savez_compressed write is read here, and numpy.load reads what is written here.
#pragma once

#include <string>

#include <korrel/framework/io/safetensors.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// f32, f64, i64, u8, bool as they are; f16 becomes f32, other integers i64. Big-endian and Fortran-ordered arrays are
// read too; the tensor is contiguous. Throws IoError naming the path and the rule; allocates only what the file holds.
Tensor load_npy(const std::string& path);
NamedTensors load_npz(const std::string& path);  // names without ".npy", in the archive's order

// Written whole or not at all. Throw ValueError for an undefined tensor, and in npz for a name that is empty or occurs
// twice; IoError if the file cannot be written.
void save_npy(const std::string& path, const Tensor& tensor);
struct NpzOptions {
  bool compress = true;
};
void save_npz(const std::string& path, const NamedTensors& tensors, NpzOptions options = {});

}  // namespace korrel
