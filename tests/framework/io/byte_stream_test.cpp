// Plain and gzip'd files read the same; whatever is wrong with one is an IoError naming the path.
#include <doctest/doctest.h>
#include <korrel/framework/base/allocator.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/io/byte_stream.h>
#include <sys/stat.h>
#include <tests/gzip.h>
#include <tests/temporary_folder.h>

using namespace korrel;

namespace {

std::string counting(int n) {  // not a repetition that deflate would shrink to nothing
  std::string bytes;
  uint32_t state = 1;
  for (int i = 0; i < n; ++i) bytes.push_back(static_cast<char>((state = state * 1664525 + 1013904223) >> 24));
  return bytes;
}

std::string read_all(const std::string& path) {
  ByteStream stream(path);
  std::string all, piece(1000, '\0');
  while (std::size_t got = stream.read_some(piece.data(), piece.size())) all.append(piece, 0, got);
  CHECK(stream.at_end());
  CHECK(stream.position() == static_cast<int64_t>(all.size()));
  return all;
}

std::string refusal(const std::string& path) {
  return message_of<IoError>([&] { read_all(path); });
}

}  // namespace

TEST_CASE("plain, gzip'd and twice-membered files give the same bytes") {
  TemporaryFolder folder;
  std::string bytes = counting(200'000);
  CHECK(read_all(folder.write("plain", bytes)) == bytes);
  CHECK(read_all(folder.write("packed", gzip(bytes))) == bytes);
  CHECK(read_all(folder.write("members", gzip(bytes.substr(0, 70'000)) + gzip(bytes.substr(70'000)))) == bytes);
  CHECK(read_all(folder.write("nothing", "")).empty());
  CHECK(read_all(folder.write("packed nothing", gzip(""))).empty());
}

TEST_CASE("skip and read_u8 continue where the last read ended") {
  TemporaryFolder folder;
  std::string bytes = counting(100'000);
  for (const std::string& path : {folder.write("plain", bytes), folder.write("packed", gzip(bytes))}) {
    ByteStream stream(path);
    stream.skip(50'000, "the first half");
    Tensor x = stream.read_u8({5, 100, 100}, "images");
    CHECK(x.shape() == Shape{5, 100, 100});
    CHECK(std::string(x.data<uint8_t>(), x.data<uint8_t>() + x.numel()) == bytes.substr(50'000));
    CHECK(stream.at_end());
  }
}

TEST_CASE("corrupt, cut and lengthened gzip streams are refused") {
  TemporaryFolder folder;
  std::string packed = gzip(counting(100'000));
  CHECK(contains(refusal(folder.write("a.gz", packed.substr(0, packed.size() / 2))), "cut off"));
  CHECK(contains(refusal(folder.write("a.gz", packed.substr(0, packed.size() - 1))), "cut off"));
  CHECK(contains(refusal(folder.write("a.gz", packed.substr(0, 5))), "cut off"));
  CHECK(contains(refusal(folder.write("a.gz", packed + "rest")), "follow the end"));
  std::string wrong_sum = packed;
  wrong_sum[packed.size() - 6] ^= 1;
  CHECK(contains(refusal(folder.write("a.gz", wrong_sum)), "incorrect data check"));
  std::string wrong_method = packed;
  wrong_method[2] = 7;
  CHECK(contains(refusal(folder.write("a.gz", wrong_method)), "a.gz: corrupt"));
  for (std::size_t i = 10; i < packed.size() - 8;
       i += 997) {  // any flipped bit is found, by the checksum at the latest
    std::string damaged = packed;
    damaged[i] ^= 4;
    CHECK(contains(refusal(folder.write("a.gz", damaged)), "a.gz"));
  }
}

TEST_CASE("truncation names what was being read and how much is there") {
  TemporaryFolder folder;
  std::string path = folder.write("a", "12345");
  ByteStream stream(path);
  char to[8];
  CHECK(message_of<IoError>([&] { stream.read(to, 8, "the header"); }) ==
        path + ": truncated: the header need 8 bytes from byte 0 on, 5 are there");
}

TEST_CASE("a claim of many bytes allocates no more than what arrives") {
  TemporaryFolder folder;
  memory::reset_peak();
  int64_t before = memory::statistics().peak_bytes_in_use;
  for (const std::string& path :
       {folder.write("plain", counting(1000)), folder.write("packed", gzip(std::string(1'000'000, 'a')))}) {
    ByteStream stream(path);
    std::string said = message_of<IoError>([&] { stream.read_u8({1'000'000, 1'000'000}, "images"); });
    CHECK(contains(said, "[1000000,1000000] need 1000000000000 bytes"));
    ByteStream again(path);  // shapes whose product leaves 64 bits
    CHECK(contains(message_of<IoError>([&] {
                     again.read_u8({int64_t{1} << 40, int64_t{1} << 40}, "images");
                   }),
                   "cannot be"));
  }
  ByteStream packed(folder / "packed");
  CHECK(contains(message_of<IoError>([&] { packed.read_u8({1'000'001}, "images"); }), "truncated"));
  CHECK(memory::statistics().peak_bytes_in_use - before < 40'000'000);
}

TEST_CASE("missing files, folders and pipes are refused without blocking") {
  TemporaryFolder folder;
  CHECK(contains(refusal(folder / "missing"), "No such file"));
  CHECK(contains(refusal(folder.path()), "not a regular file"));
  mkfifo((folder / "pipe").c_str(), 0600);
  CHECK(contains(refusal(folder / "pipe"), "not a regular file"));
}
