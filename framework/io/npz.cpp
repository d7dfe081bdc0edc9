#include <unordered_set>

#include <korrel/framework/base/check.h>
#include <korrel/framework/io/npy.h>
#include <korrel/framework/io/npy_header.h>
#include <korrel/framework/io/zip.h>

namespace korrel {

NamedTensors load_npz(const std::string& path) {
  InputFile file(path);
  NamedTensors result;
  for (const ZipMember& member : list_zip(file)) {
    check<IoError>(member.name.ends_with(".npy"), "{}: member '{}' is not an .npy file", path, member.name);
    ZipContent content(file, member);
    Tensor tensor = npy::read_array(content, member.size, fmt::format("{}: '{}'", path, member.name));
    content.finish();
    result.emplace_back(member.name.substr(0, member.name.size() - 4), tensor);
  }
  return result;
}

void save_npz(const std::string& path, const NamedTensors& tensors, NpzOptions options) {
  std::unordered_set<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    check<ValueError>(tensor.defined(), "save_npz: tensor '{}' is undefined ({})", name, path);
    check<ValueError>(!name.empty() && name.size() < 60'000,
                      "save_npz: a name must have 1 to 60,000 bytes, got {} ({})", name.size(), path);
    check<ValueError>(names.insert(name).second, "save_npz: two tensors are called '{}' ({})", name, path);
  }
  AtomicFile file(path);
  ZipWriter zip(file, options.compress);
  for (const auto& [name, tensor] : tensors) {
    Tensor dense = tensor.contiguous();
    zip.add(name + ".npy", npy::write_header(dense.dtype(), dense.shape()), dense.raw_data(),
            static_cast<std::size_t>(dense.numel()) * size_of(dense.dtype()));
  }
  zip.finish();
  file.commit();
}

}  // namespace korrel
