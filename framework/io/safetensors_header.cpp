#include <korrel/framework/io/safetensors_header.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include <korrel/framework/base/check.h>

namespace korrel::safetensors {
namespace {

using nlohmann::json;

// Reads {"name": {"dtype": "F32", "shape": [..], "data_offsets": [b, e]}, "__metadata__": {"k": "v"}} event by event:
// nothing is built from a header that does not have this form, however deep or long it is.
class Reader : public nlohmann::json_sax<json> {
 public:
  Reader(const std::string& path, Header& header) : path_(path), header_(header) {}

  bool null() override { return skip_or_refuse("null"); }
  bool boolean(bool) override { return skip_or_refuse("a boolean"); }
  bool number_float(double, const std::string&) override { return skip_or_refuse("a fraction or a number past 2^64"); }
  bool binary(binary_t&) override { return skip_or_refuse("binary data"); }
  bool number_integer(int64_t) override { return skip_or_refuse("a negative number"); }

  bool number_unsigned(uint64_t value) override {
    if (place_ != Place::shape && place_ != Place::offsets) return skip_or_refuse("a number");
    check<IoError>(value <= uint64_t{INT64_MAX}, "{}: tensor '{}': {} holds {}, past 2^63", path_, entry_.name, field_,
                   value);
    numbers_.push_back(static_cast<int64_t>(value));
    check<IoError>(numbers_.size() <= Dims::max_rank, "{}: tensor '{}': {} has more than {} numbers", path_,
                   entry_.name, field_, int{Dims::max_rank});
    return true;
  }

  bool string(std::string& value) override {
    if (place_ == Place::metadata) {
      header_.metadata.emplace_back(field_, value);
      return true;
    }
    if (place_ != Place::tensor || field_ != "dtype") return skip_or_refuse("a string");
    entry_.dtype = value;
    return true;
  }

  bool start_object(std::size_t) override {
    switch (place_) {
      case Place::outside:
        place_ = Place::top;
        return true;
      case Place::top:
        check_new(names_, field_, "");
        fields_.clear();
        if (field_ == "__metadata__") {
          place_ = Place::metadata;
        } else {
          place_ = Place::tensor;
          entry_ = {.name = field_};
        }
        return true;
      default:
        return skip_or_refuse("an object");
    }
  }

  bool end_object() override {
    if (place_ == Place::tensor) {
      for (const char* needed : {"dtype", "shape", "data_offsets"}) {
        check<IoError>(fields_.contains(needed), "{}: tensor '{}' has no {}", path_, entry_.name, needed);
      }
      header_.entries.push_back(entry_);
    }
    place_ = place_ == Place::top ? Place::outside : Place::top;
    return true;
  }

  bool key(std::string& name) override {
    field_ = name;
    if (place_ == Place::tensor || place_ == Place::metadata) check_new(fields_, name, entry_.name);
    return true;
  }

  bool start_array(std::size_t) override {
    numbers_.clear();
    if (place_ == Place::tensor && field_ == "shape") {
      place_ = Place::shape;
    } else if (place_ == Place::tensor && field_ == "data_offsets") {
      place_ = Place::offsets;
    } else {
      return skip_or_refuse("a list");
    }
    return true;
  }

  bool end_array() override {
    if (place_ == Place::shape) {
      entry_.shape = Shape(numbers_);
    } else {
      check<IoError>(numbers_.size() == 2, "{}: tensor '{}': data_offsets needs 2 numbers, has {}", path_, entry_.name,
                     numbers_.size());
      entry_.begin = numbers_[0];
      entry_.end = numbers_[1];
    }
    place_ = Place::tensor;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    fail<IoError>("{}: the header is not valid JSON, at its byte {}", path_, position);
  }

 private:
  enum class Place { outside, top, metadata, tensor, shape, offsets };

  void check_new(std::unordered_set<std::string>& seen, const std::string& name, const std::string& in) {
    check<IoError>(seen.insert(name).second, "{}: the header names '{}' twice{}{}", path_, name,
                   in.empty() ? "" : " in ", in);
  }

  // Fields of a tensor that later versions of the format may add are passed over, as the official reader does.
  bool skip_or_refuse(const char* found) {
    bool known = field_ == "dtype" || field_ == "shape" || field_ == "data_offsets";
    if (place_ == Place::tensor && !known && found != std::string_view("an object") &&
        found != std::string_view("a list"))
      return true;
    switch (place_) {
      case Place::outside:
        fail<IoError>("{}: the header is {}, not a JSON object", path_, found);
      case Place::top:
        fail<IoError>("{}: the header's '{}' is {}, not an object", path_, field_, found);
      case Place::metadata:
        fail<IoError>("{}: __metadata__ '{}' is {}, not a string", path_, field_, found);
      default:
        fail<IoError>("{}: tensor '{}': {} is or holds {}", path_, entry_.name, field_, found);
    }
  }

  const std::string& path_;
  Header& header_;
  Place place_ = Place::outside;
  std::string field_;
  Entry entry_;
  std::vector<int64_t> numbers_;
  std::unordered_set<std::string> names_, fields_;
};

void check_entry(const std::string& path, const Entry& e, int64_t data_bytes) {
  std::optional<StoredType> type = stored_type(e.dtype);
  check<IoError>(type.has_value(), "{}: tensor '{}' has dtype '{}', which cannot be read here", path, e.name, e.dtype);
  check<IoError>(e.begin <= e.end && e.end <= data_bytes,
                 "{}: tensor '{}' has data_offsets [{}, {}], the file holds {} bytes", path, e.name, e.begin, e.end,
                 data_bytes);
  std::optional<int64_t> bytes = stored_bytes(*type, e.shape);
  check<IoError>(bytes.has_value(), "{}: tensor '{}' has shape {}, more than 2^63 bytes", path, e.name, e.shape);
  check<IoError>(*bytes == e.end - e.begin,
                 "{}: tensor '{}' of dtype {} and shape {} needs {} bytes, its data_offsets [{}, {}] give {}", path,
                 e.name, e.dtype, e.shape, *bytes, e.begin, e.end, e.end - e.begin);
}

}  // namespace

std::optional<StoredType> stored_type(std::string_view dtype) {
  struct Row {
    std::string_view name;
    StoredType type;
  };
  using enum StoredType;
  static constexpr Row rows[] = {{"F32", f32}, {"F64", f64},   {"I64", i64}, {"U8", u8},   {"BOOL", boolean},
                                 {"F16", f16}, {"BF16", bf16}, {"I8", i8},   {"I16", i16}, {"I32", i32},
                                 {"U16", u16}, {"U32", u32},   {"U64", u64}};
  for (const Row& row : rows) {
    if (row.name == dtype) return row.type;
  }
  return std::nullopt;
}

Header parse_header(const std::string& path, const std::string& text, int64_t data_bytes) {
  Header header;
  Reader reader(path, header);
  check<IoError>(!text.empty() && text[0] == '{', "{}: the header does not begin with '{{'", path);
  json::sax_parse(text, &reader);
  std::vector<const Entry*> by_place;
  for (const Entry& entry : header.entries) {
    check_entry(path, entry, data_bytes);
    by_place.push_back(&entry);
  }
  std::sort(by_place.begin(), by_place.end(), [](const Entry* a, const Entry* b) {
    return a->begin != b->begin ? a->begin < b->begin : a->end < b->end;
  });
  int64_t end = 0;
  for (const Entry* entry : by_place) {
    check<IoError>(entry->begin == end,
                   "{}: tensor '{}' begins at byte {} of the data, {} byte {}, where the one before ends", path,
                   entry->name, entry->begin, entry->begin < end ? "overlapping" : "leaving a gap after", end);
    end = entry->end;
  }
  check<IoError>(end == data_bytes, "{}: the tensors end at byte {} of the data, the file holds {}", path, end,
                 data_bytes);
  return header;
}

std::string write_header(const Header& header) {
  nlohmann::ordered_json root = nlohmann::ordered_json::object();
  if (!header.metadata.empty()) {
    auto& metadata = root["__metadata__"] = nlohmann::ordered_json::object();
    for (const auto& [name, text] : header.metadata) metadata[name] = text;
  }
  for (const Entry& e : header.entries) {
    root[e.name] = {{"dtype", e.dtype},
                    {"shape", std::vector<int64_t>(e.shape.begin(), e.shape.end())},
                    {"data_offsets", {e.begin, e.end}}};
  }
  try {
    return root.dump();
  } catch (const json::exception&) {
    fail<ValueError>("save_safetensors: a tensor's name or the metadata is not valid UTF-8");
  }
}

}  // namespace korrel::safetensors
