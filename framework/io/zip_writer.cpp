#include <zlib.h>

#include <algorithm>

#include <korrel/framework/base/check.h>
#include <korrel/framework/io/zip.h>

namespace korrel {
namespace {

constexpr int64_t limit32 = 0xffffffff;
constexpr int version = 45;            // zip64
constexpr int utf8_names = 1 << 11;    // flag
constexpr int date_1980 = 1 << 5 | 1;  // the zip format's first day: the same tensors give the same bytes

std::string number(int64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(static_cast<uint64_t>(value) >> (8 * i)));
  return text;
}

// What local header and directory entry have in common: from the version to the length of the extra field.
std::string shared_fields(const ZipMember& m, std::size_t extra_bytes) {
  return number(version, 2) + number(utf8_names, 2) + number(m.deflated ? 8 : 0, 2) + number(0, 2) +
         number(date_1980, 2) + number(m.checksum, 4) + number(limit32, 4) + number(limit32, 4) +
         number(static_cast<int64_t>(m.name.size()), 2) + number(static_cast<int64_t>(extra_bytes), 2);
}

std::string deflated(std::string_view head, const void* data, std::size_t bytes, const std::string& name) {
  z_stream zip{};
  check(deflateInit2(&zip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK,
        "save_npz: zlib cannot be started");
  std::string packed;
  std::string piece(64 << 10, '\0');
  auto feed = [&](const void* from, std::size_t count, bool last) {
    auto* next = static_cast<const Bytef*>(from);
    do {
      auto part = static_cast<uInt>(std::min<std::size_t>(count, 1 << 30));
      zip.next_in = const_cast<Bytef*>(next);
      zip.avail_in = part;
      int status = Z_OK;
      do {
        zip.next_out = reinterpret_cast<Bytef*>(piece.data());
        zip.avail_out = static_cast<uInt>(piece.size());
        status = deflate(&zip, last && count == part ? Z_FINISH : Z_NO_FLUSH);
        packed.append(piece, 0, piece.size() - zip.avail_out);
      } while (zip.avail_out == 0 && status != Z_STREAM_END);
      next += part;
      count -= part;
    } while (count > 0);
  };
  feed(head.data(), head.size(), bytes == 0);
  if (bytes > 0) feed(data, bytes, true);
  check(deflateEnd(&zip) == Z_OK, "save_npz: '{}' cannot be packed", name);
  return packed;
}

}  // namespace

void ZipWriter::add(const std::string& name, std::string_view head, const void* data, std::size_t bytes) {
  ZipMember m{
      .name = name, .size = static_cast<int64_t>(head.size() + bytes), .header = written_, .deflated = compress_};
  uLong checksum = crc32(0, reinterpret_cast<const Bytef*>(head.data()), static_cast<uInt>(head.size()));
  for (std::size_t done = 0; done < bytes;) {
    std::size_t part = std::min<std::size_t>(bytes - done, 1 << 30);
    checksum = crc32(checksum, static_cast<const Bytef*>(data) + done, static_cast<uInt>(part));
    done += part;
  }
  m.checksum = static_cast<uint32_t>(checksum);
  std::string packed = compress_ ? deflated(head, data, bytes, name) : std::string();
  m.stored = compress_ ? static_cast<int64_t>(packed.size()) : m.size;
  std::string extra = number(1, 2) + number(16, 2) + number(m.size, 8) + number(m.stored, 8);
  std::string local = "PK\3\4" + shared_fields(m, extra.size()) + name + extra;
  file_.write(local);
  if (compress_) {
    file_.write(packed);
  } else {
    file_.write(head);
    file_.write(data, bytes);
  }
  written_ += static_cast<int64_t>(local.size()) + m.stored;
  members_.push_back(m);
}

void ZipWriter::finish() {
  int64_t begin = written_;
  for (const ZipMember& m : members_) {
    std::string extra = number(1, 2) + number(24, 2) + number(m.size, 8) + number(m.stored, 8) + number(m.header, 8);
    std::string entry = "PK\1\2" + number(version, 2) + shared_fields(m, extra.size()) + number(0, 2) + number(0, 2) +
                        number(0, 2) + number(0, 4) + number(limit32, 4) + m.name + extra;
    file_.write(entry);
    written_ += static_cast<int64_t>(entry.size());
  }
  auto count = static_cast<int64_t>(members_.size());
  int64_t bytes = written_ - begin;
  file_.write("PK\6\6" + number(44, 8) + number(version, 2) + number(version, 2) + number(0, 4) + number(0, 4) +
              number(count, 8) + number(count, 8) + number(bytes, 8) + number(begin, 8));
  file_.write("PK\6\7" + number(0, 4) + number(written_, 8) + number(1, 4));
  int64_t count16 = std::min<int64_t>(count, 0xffff);
  file_.write("PK\5\6" + number(0, 2) + number(0, 2) + number(count16, 2) + number(count16, 2) +
              number(std::min(bytes, limit32), 4) + number(std::min(begin, limit32), 4) + number(0, 2));
}

}  // namespace korrel
