// Zip archives, as much of them as npz needs: members stored or deflated, sizes and offsets of 64 bits, checksums.
// Not for archives in several parts or encrypted ones; those are refused. Called by npz.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <korrel/framework/io/atomic_file.h>
#include <korrel/framework/io/file_range.h>

namespace korrel {

struct ZipMember {
  std::string name;
  uint32_t checksum = 0;  // CRC-32 of the content
  int64_t stored = 0;     // bytes in the archive
  int64_t size = 0;       // bytes of content
  int64_t header = 0;     // where its local header begins
  bool deflated = false;
};

// The members that the archive's directory lists. Throws IoError naming the path and the rule.
std::vector<ZipMember> list_zip(const InputFile& file);

// The content of a member from front to back. finish() throws IoError unless all was read and the checksum is right.
class ZipContent : public ByteSource {
 public:
  ZipContent(const InputFile& file, const ZipMember& member);
  ~ZipContent() override;
  void read(void* to, std::size_t bytes) override;
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Writes members one after the other into `file`, then the directory. The caller commits the file.
class ZipWriter {
 public:
  explicit ZipWriter(AtomicFile& file, bool compress) : file_(file), compress_(compress) {}
  void add(const std::string& name, std::string_view head, const void* data, std::size_t bytes);  // content: head, data
  void finish();

 private:
  AtomicFile& file_;
  bool compress_;
  std::vector<ZipMember> members_;
  int64_t written_ = 0;
};

}  // namespace korrel
