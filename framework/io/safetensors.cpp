#include <korrel/framework/io/safetensors.h>

#include <algorithm>
#include <unordered_set>

#include <korrel/framework/base/check.h>
#include <korrel/framework/io/atomic_file.h>
#include <korrel/framework/io/file_range.h>
#include <korrel/framework/io/input_file.h>
#include <korrel/framework/io/safetensors_header.h>
#include <korrel/framework/io/stored_elements.h>

namespace korrel {
namespace {

constexpr int64_t longest_header = 100'000'000;  // the official reader's limit

const char* format_name(DType dtype) {
  switch (dtype) {
    case f32:
      return "F32";
    case f64:
      return "F64";
    case i64:
      return "I64";
    case u8:
      return "U8";
    default:
      return "BOOL";
  }
}

}  // namespace

const Tensor& SafetensorsFile::at(const std::string& name) const {
  std::string names;
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return tensor;
    names += (names.empty() ? "" : ", ") + key;
  }
  fail<ValueError>("safetensors: no tensor '{}'; there are: {}", name, names);
}

bool SafetensorsFile::contains(const std::string& name) const {
  return std::any_of(tensors.begin(), tensors.end(), [&](const auto& entry) { return entry.first == name; });
}

void save_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata) {
  safetensors::Header header{.metadata = metadata};
  std::unordered_set<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    check<ValueError>(tensor.defined(), "save_safetensors: tensor '{}' is undefined ({})", name, path);
    check<ValueError>(name != "__metadata__", "save_safetensors: no tensor may be called '__metadata__' ({})", path);
    check<ValueError>(names.insert(name).second, "save_safetensors: two tensors are called '{}' ({})", name, path);
    header.entries.push_back({name, format_name(tensor.dtype()), tensor.shape()});
  }
  // Wide elements first, so that every tensor lies at a multiple of its element size; the header keeps the given order.
  std::vector<std::size_t> order(tensors.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return size_of(tensors[a].second.dtype()) > size_of(tensors[b].second.dtype());
  });
  int64_t end = 0;
  for (std::size_t i : order) {
    const Tensor& tensor = tensors[i].second;
    header.entries[i].begin = end;
    header.entries[i].end = end += tensor.numel() * static_cast<int64_t>(size_of(tensor.dtype()));
  }

  std::string json = safetensors::write_header(header);
  json.resize((json.size() + 7) / 8 * 8, ' ');
  check<ValueError>(static_cast<int64_t>(json.size()) <= longest_header,
                    "save_safetensors: the header would have {} bytes, readers accept {} ({})", json.size(),
                    longest_header, path);
  AtomicFile file(path);
  auto length = static_cast<uint64_t>(json.size());
  file.write(&length, sizeof(length));
  file.write(json);
  for (std::size_t i : order) {
    Tensor dense = tensors[i].second.contiguous();
    file.write(dense.raw_data(), static_cast<std::size_t>(header.entries[i].end - header.entries[i].begin));
  }
  file.commit();
}

SafetensorsFile load_safetensors(const std::string& path) {
  InputFile file(path);
  uint64_t length = 0;
  check<IoError>(file.size() >= 8, "{}: not a safetensors file: it has {} bytes, the header's length alone takes 8",
                 path, file.size());
  file.read_at(0, &length, sizeof(length));
  check<IoError>(length <= static_cast<uint64_t>(longest_header),
                 "{}: not a safetensors file: its header would have {} bytes, at most {} are allowed", path, length,
                 longest_header);
  auto data_begin = static_cast<int64_t>(8 + length);
  check<IoError>(data_begin <= file.size(), "{}: truncated: the header takes {} bytes, the file has {}", path,
                 data_begin, file.size());
  std::string json(length, '\0');
  file.read_at(8, json.data(), json.size());
  safetensors::Header header = safetensors::parse_header(path, json, file.size() - data_begin);

  SafetensorsFile result{.metadata = std::move(header.metadata)};
  for (const safetensors::Entry& entry : header.entries) {
    FileRange bytes(file, data_begin + entry.begin);
    result.tensors.emplace_back(entry.name, read_stored(*safetensors::stored_type(entry.dtype), entry.shape, bytes,
                                                        fmt::format("{}: tensor '{}'", path, entry.name)));
  }
  return result;
}

}  // namespace korrel
