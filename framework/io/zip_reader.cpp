#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include <korrel/framework/base/check.h>
#include <korrel/framework/io/zip.h>

namespace korrel {
namespace {

constexpr int64_t end_record_bytes = 22, end64_locator_bytes = 20, end64_record_bytes = 56, entry_bytes = 46,
                  local_bytes = 30;
constexpr int64_t most_comment = 65535, deflate_ratio = 1032;
constexpr int64_t largest_directory = 64 << 20;
constexpr uint16_t encrypted_flag = 1;

// Little-endian numbers from a block of the archive.
class Fields {
 public:
  explicit Fields(const uint8_t* bytes) : bytes_(bytes) {}
  uint64_t number(int64_t at, int count) const {
    uint64_t value = 0;
    for (int i = count - 1; i >= 0; --i) value = value << 8 | bytes_[at + i];
    return value;
  }
  uint16_t u16(int64_t at) const { return static_cast<uint16_t>(number(at, 2)); }
  uint32_t u32(int64_t at) const { return static_cast<uint32_t>(number(at, 4)); }
  uint64_t u64(int64_t at) const { return number(at, 8); }
  bool starts(const char (&signature)[5]) const { return std::memcmp(bytes_, signature, 4) == 0; }

 private:
  const uint8_t* bytes_;
};

struct Directory {
  uint64_t begin = 0, bytes = 0, entries = 0;
};

Directory find_directory(const InputFile& file) {
  const std::string& path = file.path();
  int64_t tail_bytes = std::min(file.size(), end_record_bytes + most_comment), tail_begin = file.size() - tail_bytes;
  std::vector<uint8_t> tail(static_cast<std::size_t>(tail_bytes));
  file.read_at(tail_begin, tail.data(), tail.size());
  int64_t at = tail_bytes - end_record_bytes;
  while (at >= 0 && !(Fields(&tail[static_cast<std::size_t>(at)]).starts("PK\5\6") &&
                      Fields(&tail[static_cast<std::size_t>(at)]).u16(20) == tail_bytes - at - end_record_bytes)) {
    --at;
  }
  check<IoError>(at >= 0, "{}: not a zip archive, or truncated: it has no end record", path);
  Fields end(&tail[static_cast<std::size_t>(at)]);
  check<IoError>(end.u16(4) == 0 && end.u16(6) == 0, "{}: a part of an archive in several parts", path);
  Directory directory{end.u32(16), end.u32(12), end.u16(10)};
  if (directory.begin == 0xffffffff || directory.bytes == 0xffffffff || directory.entries == 0xffff) {
    int64_t locator_at = tail_begin + at - end64_locator_bytes;
    std::array<uint8_t, end64_record_bytes> block;
    check<IoError>(locator_at >= 0, "{}: the zip64 end record is missing", path);
    file.read_at(locator_at, block.data(), end64_locator_bytes);
    check<IoError>(Fields(block.data()).starts("PK\6\7"), "{}: the zip64 end record is missing", path);
    uint64_t record_at = Fields(block.data()).u64(8);
    check<IoError>(record_at <= static_cast<uint64_t>(file.size()) &&
                       file.size() - static_cast<int64_t>(record_at) >= end64_record_bytes,
                   "{}: the zip64 end record would be at byte {} of {}", path, record_at, file.size());
    file.read_at(static_cast<int64_t>(record_at), block.data(), block.size());
    check<IoError>(Fields(block.data()).starts("PK\6\6"), "{}: the zip64 end record is missing", path);
    directory = {Fields(block.data()).u64(48), Fields(block.data()).u64(40), Fields(block.data()).u64(32)};
  }
  auto size = static_cast<uint64_t>(file.size());
  check<IoError>(directory.bytes <= size && directory.begin <= size - directory.bytes &&
                     directory.bytes <= largest_directory && directory.entries <= directory.bytes / entry_bytes,
                 "{}: the directory of {} entries would take {} bytes from byte {} on, the file has {}", path,
                 directory.entries, directory.bytes, directory.begin, size);
  return directory;
}

// Numbers that do not fit 32 bits stand in the extra field 1, in this order, each only if needed.
void read_zip64(Fields entry, int64_t extra_at, int64_t extra_bytes, std::array<uint64_t*, 3> numbers) {
  for (int64_t at = extra_at, end = extra_at + extra_bytes; at + 4 <= end;) {
    int64_t id = entry.u16(at), bytes = entry.u16(at + 2);
    at += 4;
    if (at + bytes > end) return;
    if (id == 1) {
      int64_t next = at;
      for (uint64_t* number : numbers) {
        if (*number != 0xffffffff) continue;
        if (next + 8 > at + bytes) return;
        *number = entry.u64(next);
        next += 8;
      }
    }
    at += bytes;
  }
}

}  // namespace

std::vector<ZipMember> list_zip(const InputFile& file) {
  const std::string& path = file.path();
  Directory directory = find_directory(file);
  std::vector<uint8_t> bytes(directory.bytes);
  file.read_at(static_cast<int64_t>(directory.begin), bytes.data(), bytes.size());
  std::vector<ZipMember> members;
  uint64_t stored_in_all = 0;
  int64_t at = 0, end = static_cast<int64_t>(bytes.size());
  for (uint64_t i = 0; i < directory.entries; ++i) {
    check<IoError>(at + entry_bytes <= end, "{}: the directory ends within entry {} of {}", path, i, directory.entries);
    Fields entry(&bytes[static_cast<std::size_t>(at)]);
    int64_t name_bytes = entry.u16(28), extra_bytes = entry.u16(30), comment_bytes = entry.u16(32);
    check<IoError>(entry.starts("PK\1\2") && at + entry_bytes + name_bytes + extra_bytes + comment_bytes <= end,
                   "{}: entry {} of the directory is damaged", path, i);
    std::string name(reinterpret_cast<const char*>(&bytes[static_cast<std::size_t>(at)]) + entry_bytes,
                     static_cast<std::size_t>(name_bytes));
    uint64_t size = entry.u32(24), stored = entry.u32(20), header = entry.u32(42);
    read_zip64(entry, entry_bytes + name_bytes, extra_bytes, {&size, &stored, &header});
    int method = entry.u16(10);
    check<IoError>((entry.u16(8) & encrypted_flag) == 0, "{}: member '{}' is encrypted", path, name);
    check<IoError>(method == 0 || method == 8, "{}: member '{}' is packed by method {}, 0 and 8 can be read", path,
                   name, method);
    auto limit = static_cast<uint64_t>(file.size());
    check<IoError>(stored <= limit && header <= limit - stored,
                   "{}: member '{}' would take {} bytes from byte {} on, the file has {}", path, name, stored, header,
                   limit);
    stored_in_all += stored;  // a member that is listed many times would unpack to many times its size
    check<IoError>(stored_in_all <= limit, "{}: members lie upon each other: {} bytes of them in a file of {}", path,
                   stored_in_all, limit);
    check<IoError>(method == 0 ? size == stored : size <= stored * deflate_ratio,
                   "{}: member '{}' of {} bytes cannot come from {} stored ones", path, name, size, stored);
    members.push_back({name, entry.u32(16), static_cast<int64_t>(stored), static_cast<int64_t>(size),
                       static_cast<int64_t>(header), method == 8});
    at += entry_bytes + name_bytes + extra_bytes + comment_bytes;
  }
  return members;
}

struct ZipContent::State {
  State(const InputFile& f, const ZipMember& m)
      : file(f), member(m), where(fmt::format("{}: member '{}'", f.path(), m.name)) {}
  ~State() {
    if (inflating) inflateEnd(&zip);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void fill() {
    int64_t part = std::min<int64_t>(static_cast<int64_t>(buffer.size()), left);
    check<IoError>(part > 0, "{}: the packed data end too early", where);
    file.read_at(next, buffer.data(), static_cast<std::size_t>(part));
    next += part;
    left -= part;
    zip.next_in = buffer.data();
    zip.avail_in = static_cast<uInt>(part);
  }

  const InputFile& file;
  const ZipMember& member;
  std::string where;
  int64_t next = 0, left = 0;  // packed bytes not yet read
  int64_t given = 0;
  uLong checksum = 0;
  std::array<uint8_t, 64 << 10> buffer{};
  z_stream zip{};
  bool inflating = false, ended = false;
};

ZipContent::ZipContent(const InputFile& file, const ZipMember& member) : state_(std::make_unique<State>(file, member)) {
  State& s = *state_;
  std::array<uint8_t, local_bytes> block;
  file.read_at(member.header, block.data(), block.size());
  Fields local(block.data());
  check<IoError>(local.starts("PK\3\4"), "{} has no local header at byte {}", s.where, member.header);
  s.next = member.header + local_bytes + local.u16(26) + local.u16(28);
  s.left = member.stored;
  check<IoError>(s.next + s.left <= file.size(), "{} would end at byte {} of {}", s.where, s.next + s.left,
                 file.size());
  if (member.deflated) {
    check(inflateInit2(&s.zip, -15) == Z_OK, "{}: zlib cannot be started", s.where);
    s.inflating = true;
  }
}

ZipContent::~ZipContent() = default;

void ZipContent::read(void* to, std::size_t bytes) {
  State& s = *state_;
  auto* out = static_cast<uint8_t*>(to);
  check<IoError>(static_cast<int64_t>(bytes) <= s.member.size - s.given, "{} has {} bytes left, {} are needed", s.where,
                 s.member.size - s.given, bytes);
  if (!s.inflating) {
    s.file.read_at(s.next, out, bytes);
    s.next += static_cast<int64_t>(bytes);
  }
  for (std::size_t done = 0; s.inflating && done < bytes;) {
    check<IoError>(!s.ended, "{}: the packed data hold fewer than {} bytes", s.where, s.member.size);
    if (s.zip.avail_in == 0) s.fill();
    s.zip.next_out = out + done;
    s.zip.avail_out = static_cast<uInt>(std::min<std::size_t>(bytes - done, 1 << 30));
    int status = inflate(&s.zip, Z_NO_FLUSH);
    done = static_cast<std::size_t>(s.zip.next_out - out);
    s.ended = status == Z_STREAM_END;
    check<IoError>(status == Z_OK || s.ended || (status == Z_BUF_ERROR && s.zip.avail_in == 0), "{}: corrupt: {}",
                   s.where, s.zip.msg ? s.zip.msg : "no progress");
  }
  for (std::size_t done = 0; done < bytes;) {  // crc32 counts in 32 bits
    std::size_t part = std::min<std::size_t>(bytes - done, 1 << 30);
    s.checksum = crc32(s.checksum, out + done, static_cast<uInt>(part));
    done += part;
  }
  s.given += static_cast<int64_t>(bytes);
}

void ZipContent::finish() {
  State& s = *state_;
  check<IoError>(s.given == s.member.size, "{} has {} bytes, {} were read", s.where, s.member.size, s.given);
  check<IoError>(s.checksum == s.member.checksum, "{}: its checksum is {:#010x}, not {:#010x}", s.where, s.checksum,
                 s.member.checksum);
}

}  // namespace korrel
