// How winograd.cpp cuts a result into tiles of 2x2, and these (or the channels) into what one thread takes at a time:
// tile rows are numbered through all planes. From the sizes alone, never from the number of threads. Plain numbers, no
// SIMD.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include <korrel/framework/kernels/winograd_pieces.h>

namespace korrel::kernels {

// Zeros or garbage that whole vectors may read and write behind the tiles of a block.
inline constexpr int64_t kTileSlack = 16;

// Tiles of all planes of the result: those of a deep result are numbered through like images.
struct TileGrid {
  using Dims3 = std::array<int64_t, 3>;
  struct Side {
    int64_t channels;
    Dims3 size;
  };
  TileGrid(int64_t images, const Side& in, const Side& out, const Dims3& padding)
      : planes(images * out.size[0]),
        in_depth(in.size[0]),
        in_height(in.size[1]),
        in_width(in.size[2]),
        out_depth(out.size[0]),
        out_height(out.size[1]),
        out_width(out.size[2]),
        pad(padding),
        rows((out_height + 1) / 2),
        columns((out_width + 1) / 2),
        in_image(in.channels * in_size()),
        out_image(out.channels * out_size()) {}

  int64_t planes, in_depth, in_height, in_width, out_depth, out_height, out_width;
  Dims3 pad;
  int64_t rows, columns;        // of tiles in a plane
  int64_t in_image, out_image;  // elements from one image's channel to the next image's

  int64_t all_rows() const { return planes * rows; }
  // Of a channel.
  int64_t in_size() const { return in_depth * in_height * in_width; }
  int64_t out_size() const { return out_depth * out_height * out_width; }
  // Of an image's channel, what a piece's taps read for a plane of the result; null if it is padding.
  const float* in_plane(const float* channel, int64_t plane, const KernelPiece& piece) const {
    const int64_t at = plane % out_depth + piece.plane - pad[0];
    return at < 0 || at >= in_depth ? nullptr : channel + plane / out_depth * in_image + at * in_height * in_width;
  }
  template <class T>
  T* out_plane(T* channel, int64_t plane) const {
    return channel + plane / out_depth * out_image + plane % out_depth * out_height * out_width;
  }
  // Of a padded row: two columns for each tile, rounded up to vectors of `lanes`, and two more; a row never needs more
  // than that and its margin.
  int64_t pitch(int64_t lanes) const {
    const int64_t tiles = 2 * ((columns + lanes - 1) / lanes * lanes) + 2;
    const int64_t row = pad[2] + (in_width > out_width ? in_width : out_width);
    return tiles > row ? tiles : row;
  }

  // body(plane, first, last, tile) for the tile rows [begin, end): rows first to last of a plane, from column `tile`
  // of the block on.
  template <class Body>
  void for_planes(int64_t begin, int64_t end, Body body) const {
    for (int64_t row = begin; row < end;) {
      const int64_t plane = row / rows, first = row % rows;
      const int64_t last = first + (end - row) < rows ? first + (end - row) : rows;
      body(plane, first, last, (row - begin) * columns);
      row += last - first;
    }
  }
};

// Columns of a matrix of tiles.
inline int64_t tile_pitch(int64_t tiles) { return (tiles + kTileSlack - 1) / kTileSlack * kTileSlack + kTileSlack; }

// From one of the 16 matrices to the next: a line more than it takes, since transforms write (or read) one line of
// each, and multiples of 4 KiB apart these would all fight for the same lines of L1.
inline int64_t matrix_stride(int64_t rows, int64_t columns) { return rows * columns + 16; }

// Many tiles are cut into blocks of tile rows. One thread transforms a block, multiplies it with all filters and
// transforms back: what the transforms write should be in L2 when the products read it, but below 128 tiles a product
// spends too much on reading its filters. To keep threads busy, there are at least 8 of 128 tiles, or 2 of 80, and if
// there are few, an even number.
struct TileBlocks {
  int64_t rows, count;  // tile rows in a block; blocks
  int64_t pitch;        // columns of a block's matrices
  TileBlocks(const TileGrid& grid, int64_t channels, int64_t most) : all_rows_(grid.all_rows()) {
    const int64_t tiles = all_rows_ * grid.columns;
    const int64_t wanted = std::clamp<int64_t>((int64_t{3} << 19) / (64 * channels), 128, most);
    int64_t blocks = std::max({(tiles + wanted / 2) / wanted, std::min<int64_t>(tiles / 128, 8),
                               std::min<int64_t>(tiles / 80, 2), int64_t{1}});
    if (blocks > 1 && blocks < 16 && blocks % 2 == 1) blocks += tiles <= (blocks - 1) * most ? -1 : 1;
    rows = (all_rows_ + blocks - 1) / blocks;
    count = (all_rows_ + rows - 1) / rows;
    pitch = tile_pitch(rows * grid.columns);
  }
  int64_t begin(int64_t block) const { return block * rows; }
  int64_t end(int64_t block) const { return std::min(begin(block) + rows, all_rows_); }

 private:
  int64_t all_rows_;
};

// Few tiles of many channels are transformed first, all of them. Then slices of the result's channels are what threads
// take, each with its own filters: their transforms, 16 numbers for 9, stay in L2 and are never all in memory.
struct ChannelSlices {
  int64_t channels, size, count;
  explicit ChannelSlices(int64_t results) : channels(results) {
    count = (results + 31) / 32;
    count += count % 2;
    size = ((results + count - 1) / count + 3) / 4 * 4;
    count = (results + size - 1) / size;
  }
  int64_t begin(int64_t slice) const { return slice * size; }
  int64_t end(int64_t slice) const { return std::min(begin(slice) + size, channels); }
};

// All tiles are read for each slice: up to 7 MiB of them (512 channels at 28x28: blocks took a quarter longer; at twice
// that, slices did).
inline bool slices_pay(const TileGrid& grid, int64_t channels, int64_t results) {
  const int64_t tiles = grid.all_rows() * grid.columns;
  return tiles <= results && 64 * tiles * channels <= (7 << 20);
}

}  // namespace korrel::kernels
