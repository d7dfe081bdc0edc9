// How winograd.cpp cuts a result into tiles of 2x2: tile rows are numbered through all images, a block of them is what
// one round of transforms and products takes. Plain numbers, no SIMD.
#pragma once

#include <cstdint>

namespace korrel::kernels {

// Zeros or garbage that whole vectors may read and write behind the tiles of a block.
inline constexpr int64_t kTileSlack = 16;

struct TileGrid {
  struct Source {
    int64_t images, channels, height, width;
  };
  struct Result {
    int64_t channels, height, width;
  };
  TileGrid(const Source& in, const Result& out, int64_t pad_h, int64_t pad_w)
      : images(in.images),
        in_height(in.height),
        in_width(in.width),
        out_height(out.height),
        out_width(out.width),
        pad_height(pad_h),
        pad_width(pad_w),
        rows((out.height + 1) / 2),
        columns((out.width + 1) / 2),
        in_image(in.channels * in.height * in.width),
        out_image(out.channels * out.height * out.width) {}

  int64_t images, in_height, in_width, out_height, out_width, pad_height, pad_width;
  int64_t rows, columns;        // of tiles in a plane
  int64_t in_image, out_image;  // elements from one image's channel to the next image's

  int64_t all_rows() const { return images * rows; }
  int64_t in_size() const { return in_height * in_width; }
  int64_t out_size() const { return out_height * out_width; }
  // Of a padded row: two columns for each tile, rounded up to vectors of `lanes`, and two more; a row never needs more
  // than that and its margin.
  int64_t pitch(int64_t lanes) const {
    const int64_t tiles = 2 * ((columns + lanes - 1) / lanes * lanes) + 2;
    const int64_t row = pad_width + (in_width > out_width ? in_width : out_width);
    return tiles > row ? tiles : row;
  }

  // body(image, first, last, tile) for the tile rows [begin, end): rows first to last of an image, from column `tile`
  // of the block on.
  template <class Body>
  void for_images(int64_t begin, int64_t end, Body body) const {
    for (int64_t row = begin; row < end;) {
      const int64_t image = row / rows, first = row % rows;
      const int64_t last = first + (end - row) < rows ? first + (end - row) : rows;
      body(image, first, last, (row - begin) * columns);
      row += last - first;
    }
  }
};

}  // namespace korrel::kernels
