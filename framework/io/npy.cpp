#include <korrel/framework/io/npy.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/io/atomic_file.h>
#include <korrel/framework/io/file_range.h>
#include <korrel/framework/io/npy_header.h>

namespace korrel {

Tensor load_npy(const std::string& path) {
  InputFile file(path);
  FileRange bytes(file, 0);
  return npy::read_array(bytes, file.size(), path);
}

void save_npy(const std::string& path, const Tensor& tensor) {
  check<ValueError>(tensor.defined(), "save_npy: the tensor is undefined ({})", path);
  Tensor dense = tensor.contiguous();
  AtomicFile file(path);
  file.write(npy::write_header(dense.dtype(), dense.shape()));
  file.write(dense.raw_data(), static_cast<std::size_t>(dense.numel()) * size_of(dense.dtype()));
  file.commit();
}

}  // namespace korrel
