// The header of a safetensors file: JSON text to entries and back, with every rule checked that needs no tensor data.
// Called by safetensors.cpp only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <korrel/framework/io/safetensors.h>
#include <korrel/framework/io/stored_elements.h>

namespace korrel::safetensors {

struct Entry {
  std::string name;
  std::string dtype;  // as written: "F32", ...
  Shape shape;
  int64_t begin = 0, end = 0;  // of the data, in bytes from its start
};

struct Header {
  std::vector<Entry> entries;
  Metadata metadata;
};

// "F32" and so on; nothing for a dtype that this reader does not know.
std::optional<StoredType> stored_type(std::string_view dtype);

// Throws IoError naming `path`. `data_bytes`: what follows the header in the file.
Header parse_header(const std::string& path, const std::string& json, int64_t data_bytes);

// JSON without padding. Throws ValueError if a name or text is not UTF-8.
std::string write_header(const Header& header);

}  // namespace korrel::safetensors
