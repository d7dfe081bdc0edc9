#include <korrel/framework/io/byte_stream.h>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include <korrel/framework/base/check.h>
#include <korrel/framework/io/input_file.h>
#include <korrel/framework/io/stored_elements.h>

namespace korrel {
namespace {

constexpr int64_t buffer_bytes = 64 << 10;
constexpr int64_t first_growth = 16 << 20;  // read_u8's first block; doubled whenever it has been filled
constexpr int64_t deflate_ratio = 1032;     // 258 bytes of output for 2 bits of input
constexpr int gzip_only = 15 + 16;          // zlib: the largest window, gzip format

}  // namespace

struct ByteStream::State {
  explicit State(const std::string& path) : file(path) {
    fill();
    packed = available >= 2 && buffer[0] == 0x1f && buffer[1] == 0x8b;
    if (packed) check(inflateInit2(&zip, gzip_only) == Z_OK, "{}: zlib cannot be started", path);
  }
  ~State() {
    if (packed) inflateEnd(&zip);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void fill() {
    int64_t bytes = std::min(buffer_bytes, file.size() - offset);
    if (bytes > 0) file.read_at(offset, buffer.data(), static_cast<std::size_t>(bytes));
    offset += bytes;
    next = buffer.data();
    available = bytes;
  }

  std::size_t read_plain(uint8_t* to, std::size_t bytes) {
    std::size_t done = 0;
    while (done < bytes) {
      if (available == 0) fill();
      if (available == 0) break;
      std::size_t part = std::min(bytes - done, static_cast<std::size_t>(available));
      std::memcpy(to + done, next, part);
      next += part;
      available -= static_cast<int64_t>(part);
      done += part;
    }
    return done;
  }

  std::size_t read_packed(uint8_t* to, std::size_t bytes) {
    std::size_t done = 0;
    while (done < bytes && !ended) {
      if (available == 0) fill();
      check<IoError>(available > 0, "{}: the gzip stream is cut off: the file ends within it, at byte {}", file.path(),
                     offset);
      zip.next_in = const_cast<uint8_t*>(next);
      zip.avail_in = static_cast<uInt>(available);
      zip.next_out = to + done;
      zip.avail_out = static_cast<uInt>(std::min<std::size_t>(bytes - done, 1 << 30));
      int status = inflate(&zip, Z_NO_FLUSH);
      next = zip.next_in;
      available = zip.avail_in;
      done = static_cast<std::size_t>(zip.next_out - to);
      if (status == Z_STREAM_END) {
        begin_next_member();
      } else {
        check<IoError>(status == Z_OK || (status == Z_BUF_ERROR && available == 0),
                       "{}: corrupt gzip stream near byte {}: {}", file.path(), offset - available,
                       zip.msg ? zip.msg : "no progress");
      }
    }
    return done;
  }

  // A gzip file may be several, one after the other; what else follows is not gzip.
  void begin_next_member() {
    if (available == 0) fill();
    if (available == 0) {
      ended = true;
      return;
    }
    check<IoError>(next[0] == 0x1f, "{}: bytes follow the end of the gzip stream, from byte {} on", file.path(),
                   offset - available);
    inflateReset(&zip);
  }

  InputFile file;
  std::array<uint8_t, buffer_bytes> buffer{};
  const uint8_t* next = nullptr;
  int64_t available = 0;
  int64_t offset = 0;  // of the file: what has been read into the buffer
  z_stream zip{};
  bool packed = false;
  bool ended = false;
};

ByteStream::ByteStream(const std::string& path) : state_(std::make_unique<State>(path)) {}
ByteStream::~ByteStream() = default;

const std::string& ByteStream::path() const { return state_->file.path(); }

int64_t ByteStream::most_left() const {
  int64_t stored = state_->file.size() - state_->offset + state_->available;
  return state_->packed ? std::max<int64_t>(state_->file.size() * deflate_ratio - position_, 0) : stored;
}

std::size_t ByteStream::read_some(void* to, std::size_t bytes) {
  auto* out = static_cast<uint8_t*>(to);
  std::size_t got = state_->packed ? state_->read_packed(out, bytes) : state_->read_plain(out, bytes);
  position_ += static_cast<int64_t>(got);
  return got;
}

void ByteStream::read(void* to, std::size_t bytes, const char* what) {
  int64_t begin = position_;
  std::size_t got = read_some(to, bytes);
  check<IoError>(got == bytes, "{}: truncated: {} need {} bytes from byte {} on, {} are there", path(), what, bytes,
                 begin, got);
}

void ByteStream::skip(int64_t bytes, const char* what) {
  std::array<uint8_t, 4096> nowhere;
  while (bytes > 0) {
    auto part = static_cast<std::size_t>(std::min<int64_t>(bytes, nowhere.size()));
    read(nowhere.data(), part, what);
    bytes -= static_cast<int64_t>(part);
  }
}

Tensor ByteStream::read_u8(const Shape& shape, const char* what) {
  bool negative = std::any_of(shape.begin(), shape.end(), [](int64_t size) { return size < 0; });
  std::optional<int64_t> bytes = negative ? std::nullopt : stored_bytes(StoredType::u8, shape);
  check<IoError>(bytes.has_value(), "{}: {} of shape {} cannot be", path(), what, shape);
  int64_t total = *bytes;
  check<IoError>(total <= most_left(), "{}: truncated: {} of shape {} need {} bytes, at most {} can follow", path(),
                 what, shape, total, most_left());
  Tensor grown;
  for (int64_t have = 0, room = std::min(first_growth, total);; room = std::min(2 * room, total)) {
    Tensor larger = make_tensor(room == total ? shape : Shape{room}, u8);
    if (have > 0) std::memcpy(larger.data<uint8_t>(), grown.data<uint8_t>(), static_cast<std::size_t>(have));
    std::size_t got = read_some(larger.data<uint8_t>() + have, static_cast<std::size_t>(room - have));
    have += static_cast<int64_t>(got);
    check<IoError>(have == room, "{}: truncated: {} of shape {} need {} bytes, {} are there", path(), what, shape,
                   total, have);
    if (room == total) return larger;
    grown = larger;
  }
}

bool ByteStream::at_end() {
  State& s = *state_;
  if (!s.packed) {
    if (s.available == 0) s.fill();
    return s.available == 0;
  }
  uint8_t byte = 0;
  if (s.ended) return true;
  // Only unpacking tells: the end marker and checksum may still be unread.
  if (s.read_packed(&byte, 1) == 0) return true;
  position_ += 1;
  return false;
}

}  // namespace korrel
