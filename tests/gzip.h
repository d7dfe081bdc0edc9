// Packs bytes as gzip does, for tests of what unpacks them.
#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>

inline std::string gzip(const std::string& bytes) {
  z_stream zip{};
  if (deflateInit2(&zip, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("deflateInit2");
  std::string packed(deflateBound(&zip, bytes.size()), '\0');
  zip.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  zip.avail_in = static_cast<uInt>(bytes.size());
  zip.next_out = reinterpret_cast<Bytef*>(packed.data());
  zip.avail_out = static_cast<uInt>(packed.size());
  if (deflate(&zip, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("deflate");
  packed.resize(zip.total_out);
  deflateEnd(&zip);
  return packed;
}
