// The rows that a convolution will copy or store to soon, asked for a few cache lines at a time while tiles are worked
// on: otherwise a quarter of the time is waiting for them (16 channels of 32x32, whose copy is read by 16 filters
// only). All at once, they would only be waited for sooner: a core has some 16 lines under way. Plain C++, no SIMD.
#pragma once

#include <algorithm>
#include <cstdint>

#include <korrel/framework/kernels/convolution_plan.h>

namespace korrel::kernels {

// Arrays up to this size are likely to be in L2 (1 to 2 MiB) as they are.
constexpr int64_t kNearBytes = 512 << 10;

class ComingRows {
 public:
  ComingRows() = default;
  // The rows [row_begin, row_end) along `axis`, as far as they exist, of `planes` planes that follow each other. The
  // dimensions before the axis are 1.
  template <class T>
  ComingRows(const T* first_plane, int64_t planes, const Dims3& size, int axis, int64_t row_begin, int64_t row_end) {
    row_begin = std::max<int64_t>(row_begin, 0);
    const int64_t row = static_cast<int64_t>(sizeof(T)) * volume(size) / std::max<int64_t>(size[axis], 1);
    row_bytes_ = std::max<int64_t>(std::min(row_end, size[axis]) - row_begin, 0) * row;
    plane_bytes_ = row * size[axis];
    plane_ = reinterpret_cast<const char*>(first_plane) + row_begin * row;
    planes_ = row_bytes_ > 0 ? planes : 0;
  }

  // In all.
  int64_t bytes() const { return planes_ * row_bytes_; }

  // Asks now.
  void ask(int64_t bytes) {
    for (; bytes > 0 && planes_ > 0; bytes -= 64) {
      __builtin_prefetch(plane_ + at_, 0, 2);
      advance(64);
    }
  }

  // A stretch of memory: a tile asks for begin + i * step in its i-th step.
  struct Stretch {
    const char* begin;
    int64_t step;
  };

  // For a tile to ask: `bytes` of one plane, `step` apart; those beyond its end are asked for now. With nothing left it
  // is `idle` again and again.
  Stretch take(int64_t bytes, int64_t step, const void* idle) {
    if (planes_ <= 0) return {static_cast<const char*>(idle), 0};
    const Stretch stretch{plane_ + at_, step};
    const int64_t beyond = at_ + bytes - row_bytes_;
    advance(bytes);
    if (beyond > 0) ask(beyond);
    return stretch;
  }

  bool empty() const { return planes_ <= 0; }

 private:
  void advance(int64_t bytes) {
    at_ += bytes;
    if (at_ < row_bytes_) return;
    at_ = 0;
    plane_ += plane_bytes_;
    --planes_;
  }

  const char* plane_ = nullptr;  // its first row
  int64_t planes_ = 0, plane_bytes_ = 0, row_bytes_ = 0, at_ = 0;
};

}  // namespace korrel::kernels
