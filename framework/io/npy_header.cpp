#include <korrel/framework/io/npy_header.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include <korrel/framework/base/check.h>

namespace korrel::npy {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr int64_t longest_dict = 1 << 16;  // NumPy itself refuses more than 10,000 unless told otherwise

// Reads the few forms of Python literals that NumPy writes here.
class DictReader {
 public:
  DictReader(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  Header read() {
    Header header;
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      std::string key = string();
      expect(':');
      if (key == "descr" && !descr) {
        descr = true;
        read_type(header);
      } else if (key == "fortran_order" && !order) {
        order = true;
        header.fortran_order = boolean();
      } else if (key == "shape" && !shape) {
        shape = true;
        header.shape = tuple();
      } else {
        fail<IoError>("{}: the npy header has an unexpected or repeated '{}'", where_, key);
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    check<IoError>(next_ == text_.size(), "{}: the npy header goes on after its dict", where_);
    check<IoError>(descr && order && shape, "{}: the npy header lacks descr, fortran_order or shape", where_);
    return header;
  }

 private:
  void skip_space() {
    while (next_ < text_.size() && std::strchr(" \t\r\n", text_[next_]) && text_[next_]) ++next_;
  }
  bool accept(char c) {
    skip_space();
    if (next_ >= text_.size() || text_[next_] != c) return false;
    ++next_;
    return true;
  }
  void expect(char c) {
    check<IoError>(accept(c), "{}: the npy header is not the dict that is expected, at its byte {}", where_, next_);
  }

  std::string string() {
    skip_space();
    char quote = accept('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    std::size_t end = std::min(text_.find(quote, next_), text_.size());
    std::string value(text_.substr(next_, end - next_));
    next_ = end;
    expect(quote);
    return value;
  }

  bool boolean() {
    skip_space();
    for (bool value : {true, false}) {
      std::string_view word = value ? "True" : "False";
      if (text_.substr(next_, word.size()) == word) {
        next_ += word.size();
        return value;
      }
    }
    fail<IoError>("{}: the npy header's fortran_order is neither True nor False", where_);
  }

  Shape tuple() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      check<IoError>(shape.rank() < Shape::max_rank, "{}: an array of more than {} dimensions", where_,
                     int{Shape::max_rank});
      shape.push_back(integer());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  int64_t integer() {
    skip_space();
    int64_t value = 0;
    std::size_t begin = next_;
    for (; next_ < text_.size() && text_[next_] >= '0' && text_[next_] <= '9'; ++next_) {
      bool too_large =
          __builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text_[next_] - '0', &value);
      check<IoError>(!too_large, "{}: the npy header has a size past 2^63", where_);
    }
    check<IoError>(next_ > begin, "{}: the npy header has no number at its byte {}", where_, next_);
    return value;
  }

  void read_type(Header& header) {
    skip_space();
    check<IoError>(next_ < text_.size() && text_[next_] != '[', "{}: arrays of records cannot be read", where_);
    std::string descr = string();
    header.swapped = descr[0] == '>';
    std::optional<StoredType> type;
    if (descr.size() >= 3 && std::strchr("<>|=", descr[0])) type = find_type(std::string_view(descr).substr(1));
    check<IoError>(type.has_value(), "{}: arrays of dtype '{}' cannot be read", where_, descr);
    header.type = *type;
  }

  static std::optional<StoredType> find_type(std::string_view name) {
    struct Row {
      std::string_view name;
      StoredType type;
    };
    using enum StoredType;
    static constexpr Row rows[] = {{"f2", f16}, {"f4", f32}, {"f8", f64}, {"i1", i8},
                                   {"i2", i16}, {"i4", i32}, {"i8", i64}, {"u1", u8},
                                   {"u2", u16}, {"u4", u32}, {"u8", u64}, {"b1", StoredType::boolean}};
    for (const Row& row : rows) {
      if (row.name == name) return row.type;
    }
    return std::nullopt;
  }

  std::string_view text_;
  const std::string& where_;
  std::size_t next_ = 0;
};

uint32_t read_length(ByteSource& source, std::size_t bytes) {
  uint8_t length[4] = {};
  source.read(length, bytes);
  return length[0] | uint32_t{length[1]} << 8 | uint32_t{length[2]} << 16 | uint32_t{length[3]} << 24;
}

// The elements of an array stored column by column, put in row-major order.
Tensor from_fortran_order(const Tensor& stored) {
  Shape reversed = stored.shape();
  std::reverse(reversed.begin(), reversed.end());
  Dims order;
  for (int i = reversed.rank() - 1; i >= 0; --i) order.push_back(i);
  return make_view(stored, Layout::contiguous(reversed).permuted(order)).contiguous();
}

}  // namespace

std::string write_header(DType dtype, const Shape& shape) {
  const char* descr = dtype == f32 ? "<f4" : dtype == f64 ? "<f8" : dtype == i64 ? "<i8" : dtype == u8 ? "|u1" : "|b1";
  std::string sizes;
  for (int64_t size : shape) sizes += fmt::format("{}, ", size);
  if (shape.rank() > 1) sizes.resize(sizes.size() - 2);
  if (shape.rank() == 1) sizes.pop_back();
  std::string dict = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, sizes);
  std::size_t begin = magic.size() + 4;
  dict.resize((begin + dict.size() + 1 + 63) / 64 * 64 - begin - 1, ' ');
  dict += '\n';
  auto length = static_cast<uint16_t>(dict.size());
  std::string head(magic);
  for (int byte : {1, 0, length & 255, length >> 8}) head.push_back(static_cast<char>(byte));
  return head + dict;
}

Header read_header(ByteSource& source, int64_t available, const std::string& where) {
  char start[8];
  check<IoError>(available >= 10, "{}: not an npy file: it has {} bytes", where, available);
  source.read(start, sizeof(start));
  check<IoError>(std::string_view(start, magic.size()) == magic,
                 "{}: not an npy file: it does not begin with \\x93NUMPY", where);
  int major = start[6];
  check<IoError>(major >= 1 && major <= 3, "{}: npy version {} is not known (1 to 3 are)", where, major);
  int64_t length_bytes = major == 1 ? 2 : 4, length = 0;
  check<IoError>(available >= 8 + length_bytes, "{}: truncated within the npy header", where);
  length = read_length(source, static_cast<std::size_t>(length_bytes));
  int64_t left = available - 8 - length_bytes - length;
  check<IoError>(length <= longest_dict && left >= 0,
                 "{}: the npy header would have {} bytes, {} are there and {} are the most", where, length,
                 available - 8 - length_bytes, longest_dict);
  std::string dict(static_cast<std::size_t>(length), '\0');
  source.read(dict.data(), dict.size());
  Header header = DictReader(dict, where).read();
  std::optional<int64_t> bytes = stored_bytes(header.type, header.shape);
  check<IoError>(bytes.has_value(), "{}: an array of shape {} has more than 2^63 bytes", where, header.shape);
  check<IoError>(*bytes == left, "{}: an array of shape {} needs {} bytes, {} are there", where, header.shape, *bytes,
                 left);
  return header;
}

Tensor read_array(ByteSource& source, int64_t available, const std::string& where) {
  Header header = read_header(source, available, where);
  Tensor stored = read_stored(header.type, header.shape, source, where, header.swapped);
  return header.fortran_order && header.shape.rank() > 1 ? from_fortran_order(stored) : stored;
}

}  // namespace korrel::npy
