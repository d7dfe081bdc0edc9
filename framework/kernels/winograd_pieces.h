// A kernel of any size as a sum of pieces of 3 and 2 taps in height and width, each of which minimal filtering does:
// 5 = 3 + 2, 7 = 3 + 2 + 2, and every plane of a deep kernel has pieces of its own. A piece is as good as further
// channels: winograd.cpp multiplies tiles of all pieces' channels at once. Plain numbers, no SIMD.
#pragma once

#include <array>
#include <cstdint>

namespace korrel::kernels {

// The taps [row, row + height) x [column, column + width) of a plane of the kernel.
struct KernelPiece {
  int64_t plane = 0, row = 0, column = 0, height = 3, width = 3;
};

// Matrices xi = first, first + step, ... `count` in all, which pieces [begin, end) have.
struct TileProducts {
  int64_t first, count, step, begin, end;
};

// Pieces of 2 taps have no product with the fourth element of a tile (the one at infinity), in each dimension: 3 x 3
// products instead of 16. They are ordered so that those that have one follow each other: 2 x 3 taps, 3 x 3, 3 x 2,
// 2 x 2.
class KernelPieces {
 public:
  explicit KernelPieces(const std::array<int64_t, 3>& kernel)
      : planes_(kernel[0]), rows_(kernel[1]), columns_(kernel[2]) {}

  int64_t count() const { return planes_ * rows_.count() * columns_.count(); }
  // Multiplications for a tile, of all pieces: 16 for each if all have 3 x 3 taps.
  int64_t products() const { return planes_ * rows_.products() * columns_.products(); }

  KernelPiece operator[](int64_t i) const {
    for (const auto [high, wide] : {Kind{false, true}, Kind{true, true}, Kind{true, false}, Kind{false, false}}) {
      const int64_t across = columns_.of(wide), all = planes_ * rows_.of(high) * across;
      if (i < all) {
        const int64_t place = i / planes_;
        return {i % planes_, rows_.begin(high, place / across), columns_.begin(wide, place % across), high ? 3 : 2,
                wide ? 3 : 2};
      }
      i -= all;
    }
    return {};
  }

  // body(TileProducts) for all 16 matrices. An empty range of pieces: these matrices are zero.
  template <class Body>
  void for_products(Body body) const {
    const int64_t low_wide = planes_ * rows_.twos * columns_.threes, both = planes_ * rows_.threes * columns_.threes,
                  high_narrow = planes_ * rows_.threes * columns_.twos;
    if (both == count()) return body(TileProducts{0, 16, 1, 0, both});
    for (int64_t row = 0; row < 3; ++row) body(TileProducts{4 * row, 3, 1, 0, count()});
    body(TileProducts{3, 3, 4, 0, low_wide + both});
    body(TileProducts{12, 3, 1, low_wide, low_wide + both + high_narrow});
    body(TileProducts{15, 1, 1, low_wide, low_wide + both});
  }

 private:
  struct Kind {
    bool high, wide;
  };

  // One dimension: as few parts as possible, those of 3 taps first.
  struct Parts {
    int64_t threes, twos;
    explicit Parts(int64_t taps) : threes(taps - 2 * ((taps + 2) / 3)), twos((taps + 2) / 3 - threes) {}
    int64_t count() const { return threes + twos; }
    int64_t products() const { return 4 * threes + 3 * twos; }
    int64_t of(bool three) const { return three ? threes : twos; }
    int64_t begin(bool three, int64_t i) const { return three ? 3 * i : 3 * threes + 2 * i; }
  };

  int64_t planes_;
  Parts rows_, columns_;
};

}  // namespace korrel::kernels
