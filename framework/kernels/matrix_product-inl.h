// The matrix product that convolution and matmul share: c[rows, columns] = a[rows, depth] b[depth, columns], where a, b
// and c are policies: they pack panels from, and put results to, wherever their elements are. Compiled per SIMD target.
#if defined(KORREL_MATRIX_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_MATRIX_PRODUCT_INL_H_
#undef KORREL_MATRIX_PRODUCT_INL_H_
#else
#define KORREL_MATRIX_PRODUCT_INL_H_
#endif

#include <cstdint>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/matrix_tile-inl.h>
#include <korrel/framework/kernels/partition.h>
#include <korrel/framework/kernels/scratch.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

HWY_INLINE int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
HWY_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
HWY_INLINE int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// A size cut into the fewest pieces of at most `most`, as even as multiples of `unit` allow.
struct EvenCut {
  int64_t size, piece, count;
  HWY_INLINE EvenCut(int64_t size_, int64_t most, int64_t unit) : size(size_) {
    if (size <= most) {  // spares small products three divisions
      piece = larger(ceil_div(size, unit) * unit, 1);
      count = 1;
      return;
    }
    count = ceil_div(size, most);
    piece = larger(ceil_div(ceil_div(size, count), unit) * unit, 1);
    count = larger(ceil_div(size, piece), 1);
  }
  HWY_INLINE int64_t begin(int64_t i) const { return smaller(i * piece, size); }
  HWY_INLINE int64_t end(int64_t i) const { return smaller((i + 1) * piece, size); }
};

// Rows cut into tiles of nearly the same height.
template <class T>
struct RowPanels {
  int64_t count, height, higher;  // the first `higher` panels have one row more
  HWY_INLINE explicit RowPanels(int64_t rows)
      : count(ceil_div(rows, Blocks<T>::kRows)),
        height(count == 1 ? rows : rows / count),
        higher(count == 1 ? 0 : rows % count) {}
  HWY_INLINE int64_t begin(int64_t i) const { return i * height + smaller(i, higher); }
  HWY_INLINE int rows(int64_t i) const { return static_cast<int>(height + (i < higher)); }
};

// How much of the depth a policy packs of one panel before it turns to the next: all, or what it says. A source that is
// contiguous across the panels is read in order that way, each cache line once.
template <class Policy>
HWY_INLINE int64_t depth_at_once(const Policy& policy, int64_t depth) {
  if constexpr (requires { policy.across_panels(); }) {
    if (policy.across_panels()) return kPiece;
  }
  return larger(depth, 1);
}

// Rows in a block. A large c with little to sum costs its writing: it is written from the top, two tiles of rows at a
// time, instead of panel by panel down all rows, each of which is in a page of its own (2000 x 2000 x 10: 4 times
// faster, 2000 x 2000 x 100: 15 %).
template <class T>
HWY_INLINE int64_t rows_at_once(const Part& part, int64_t depth) {
  using B = Blocks<T>;
  const int64_t rows = part.row_end - part.row_begin, columns = part.column_end - part.column_begin;
  const bool large = columns >= 8 * B::kColumns && rows * columns * static_cast<int64_t>(sizeof(T)) > 1 << 20;
  return large && depth <= 128 ? 2 * B::kRows : B::kRowBlock;
}

// Where a panel of rows is: packed, or the source if the policy says that the tile reads that (stays()).
template <class T, class Rows>
HWY_INLINE bool rows_stay(const Rows& rows) {
  if constexpr (requires { rows.stays(); }) return rows.stays();
  return false;
}
template <class T, class Rows>
HWY_INLINE TileRows<T> tile_rows(const Rows& rows, int64_t row, int height, int64_t depth_begin, const T* packed) {
  if constexpr (requires { rows.stays(); }) {
    if (rows.stays()) return rows.at(row, depth_begin);
  }
  return {packed, kPiece, 1, height * kPiece};
}

// The share of a packed panel of columns that the i-th of `tiles` tiles fetches into L2 while the panel before is
// worked on. It comes from L3, which is slow while others use it (2048 cubed: 4 %, 6 to 8 % on a busy machine).
template <class T>
HWY_INLINE Ahead share_ahead(const T* panel, int64_t steps, int vectors, int64_t i, int64_t tiles) {
  const int64_t piece = kPiece * vectors * Blocks<T>::kLanes * static_cast<int64_t>(sizeof(T));
  const int64_t bytes = ceil_div(piece, tiles * 64) * 64, pieces = steps / kPiece;
  return {reinterpret_cast<const char*>(panel) + i * pieces * bytes, i * bytes < piece ? bytes : 0};
}

// Panels of columns in a strip that is packed at once although there is one block of rows only. Where b comes from
// beyond L2 and its rows are contiguous, they are read in runs as long as the strip, which the processor itself fetches
// ahead, not a panel's width out of each (16x12544 over 96: 20 to 12 ms for 16 images; asking for the next strip while
// this one is worked on made it 14). The strip and the packed rows stay in L2. Several blocks of the depth pack the
// rows again for each strip, which a b of more than 6 MiB is worth (32x4096 over 4096: 27 to 22 ms).
constexpr int64_t kStripBytes = 384 << 10;
template <class T, class Columns>
HWY_INLINE int64_t strip_panels(const Columns& columns, int64_t depth, int64_t column_count) {
  if constexpr (requires { columns.across_panels(); }) {
    const int64_t size = sizeof(T), column = size * smaller(depth, Blocks<T>::kDepth);
    const bool far = size * depth * column_count > (depth > Blocks<T>::kDepth ? 6 << 20 : 1 << 20);
    if (columns.across_panels() && far) {
      return larger(smaller(kStripBytes / (column * Blocks<T>::kColumns), Blocks<T>::kPanelBlock), 1);
    }
  }
  return 1;
}

// Panels of columns between two columns. The last one starts earlier, in the one before, if its vectors would else be
// partly empty and that may be: it computes some columns again, with the same bits, and is read and stored whole.
template <class T>
struct ColumnPanels {
  int64_t begin, end, first;
  bool overlap;  // the last may go back to `first`

  int64_t count() const { return ceil_div(end - begin, Blocks<T>::kColumns); }
  HWY_INLINE int64_t column(int64_t i, int* width) const {
    using B = Blocks<T>;
    const int64_t at = begin + i * B::kColumns;
    *width = static_cast<int>(smaller(B::kColumns, end - at));
    const int whole = *width <= B::kLanes ? B::kLanes : B::kColumns;
    if (!overlap || *width == whole || end - whole < first) return at;
    *width = whole;
    return end - whole;
  }
};

// One thread's part. Loop order: columns in blocks; the depth in blocks; rows in blocks that fit L2, which are packed;
// then each panel of columns, multiplied by every panel of rows while it is in L1 or L2. One block of rows packs a
// panel of columns when its turn comes; for more, all panels of the block of columns are packed first: a large b is
// packed once, not once per block of rows, and comes back from L3 in order, fetched while the panel before is worked
// on. A sum is thus made of the depth blocks' sums, in order, whatever the part.
//
// Rows::begin(depth_begin, depth), Rows::pack(row, rows, depth_begin, depth, panel): [depth / 16][rows][16].
// Rows may have stays() and at(row, depth_begin): true, and the source as the tile reads it, if it is not to be packed.
// Columns::pack(column, columns, depth_begin, depth, panel, &step): where the columns of the first depth are, `step`
// from those of the next: `panel`, or the source itself if that has them so. Whole vectors are read.
// Either may have across_panels(): true if its source is contiguous across panels, not along the depth.
// Target::place(column, columns, pointers): true, and where row 0 of each vector of these columns goes, if the panel
// can be stored in whole vectors; else each tile comes by put(row, rows, column, columns, tile, accumulate),
// [rows][kColumns].
// Target may have takes_twice(): true if a column may be put again (never twice added).
// Target::row_stride(), row_start(row), column_start(column): see TileTarget.
template <class T, class Rows, class Columns, class Target>
void multiply_part(const Part& part, int64_t depth, Rows& rows, Columns& columns, const Target& target) {
  using B = Blocks<T>;
  struct ColumnPanel {
    const T* b;
    int64_t step;
  };
  ColumnPanel column_panels[B::kPanelBlock];
  const EvenCut row_blocks(part.row_end - part.row_begin, rows_at_once<T>(part, depth), B::kRows);
  const EvenCut depth_blocks(depth, B::kDepth, kPiece);
  const int64_t column_count = part.column_end - part.column_begin;
  const int64_t strip = row_blocks.count == 1 ? strip_panels<T>(columns, depth, column_count) : 1;
  const EvenCut column_blocks(column_count, (strip > 1 ? strip : B::kPanelBlock) * B::kColumns, B::kColumns);
  const int64_t packed_depth = ceil_div(depth_blocks.piece, kPiece) * kPiece;
  const int64_t kept_panels = row_blocks.count * strip == 1 ? 1 : ceil_div(column_blocks.piece, B::kColumns);
  T* HWY_RESTRICT row_panels = scratch<T>(Scratch::kRows, row_blocks.piece * packed_depth);
  T* HWY_RESTRICT packed_columns = scratch<T>(Scratch::kColumns, kept_panels * packed_depth * B::kColumns);
  HWY_ALIGN T tile[B::kRows * B::kColumns];
  bool overlap = false;  // not where depth blocks add to what is there
  if constexpr (requires { target.takes_twice(); }) overlap = target.takes_twice() && depth_blocks.count == 1;
  HWY_ALIGN T column_start[B::kColumns] = {};

  // `at` steps of the panel are there already.
  const auto pack_columns = [&](int64_t column, int64_t count, ColumnPanel* panel, int64_t at, int64_t depth_begin,
                                int64_t steps) HWY_ATTR {
    const int64_t kept = kept_panels == 1 ? 0 : panel - column_panels;
    T* HWY_RESTRICT to = packed_columns + kept * packed_depth * B::kColumns;
    const int width = count <= B::kLanes ? B::kLanes : B::kColumns;
    const T* packed = columns.pack(column, static_cast<int>(count), depth_begin, steps, to + at * width, &panel->step);
    if (at == 0) panel->b = packed;
  };
  const auto multiply_block = [&](int64_t column_block, int64_t depth_block, int64_t row_block) HWY_ATTR {
    const int64_t depth_begin = depth_blocks.begin(depth_block);
    const int64_t steps = depth_blocks.end(depth_block) - depth_begin;
    const bool first = depth_block == 0;
    const int64_t row_begin = part.row_begin + row_blocks.begin(row_block);
    const RowPanels<T> panels(part.row_begin + row_blocks.end(row_block) - row_begin);
    const bool rows_there = rows_stay<T>(rows) || (strip > 1 && column_block > 0 && depth_blocks.count == 1);
    if (!rows_there) rows.begin(depth_begin, steps);
    for (int64_t at = 0, once = depth_at_once(rows, steps); !rows_there && (at == 0 || at < steps); at += once) {
      for (int64_t i = 0; i < panels.count; ++i) {
        rows.pack(row_begin + panels.begin(i), panels.rows(i), depth_begin + at, smaller(once, steps - at),
                  row_panels + panels.begin(i) * packed_depth + at * panels.rows(i));
      }
    }
    const ColumnPanels<T> cut{part.column_begin + column_blocks.begin(column_block),
                              part.column_begin + column_blocks.end(column_block), part.column_begin, overlap};
    int count;
    if (kept_panels > 1 && row_block == 0) {
      for (int64_t at = 0, once = depth_at_once(columns, steps); at == 0 || at < steps; at += once) {
        for (int64_t i = 0; i < cut.count(); ++i) {
          const int64_t column = cut.column(i, &count);
          pack_columns(column, count, column_panels + i, at, depth_begin + at, smaller(once, steps - at));
        }
      }
    }
    for (int64_t j = 0; j < cut.count(); ++j) {
      ColumnPanel* panel = column_panels + j;
      const int64_t column = cut.column(j, &count);
      const int vectors = count <= B::kLanes ? 1 : B::kVectors;
      T* place[B::kVectors];
      const bool whole = target.place(column, count, place);
      if (kept_panels == 1) pack_columns(column, count, panel, 0, depth_begin, steps);
      const T* column_bias = first ? target.column_start(column) : nullptr;
      if (column_bias != nullptr) {
        for (int v = 0; v < count; ++v) column_start[v] = column_bias[v];
      }
      // Two tiles at a time, or columns that are in L2 anyway, only lose by it (4096x4096 over 64: 13 %).
      const bool far = kept_panels * packed_depth * B::kColumns * static_cast<int64_t>(sizeof(T)) > 1 << 19;
      const bool fetch = row_blocks.count > 1 && panels.count >= 8 && far && j + 1 < cut.count();
      for (int64_t i = 0; i < panels.count; ++i) {
        const int64_t row = row_begin + panels.begin(i);
        const int height = panels.rows(i);
        TileTarget<T> to;
        to.row_start = first ? target.row_start(row) : nullptr;
        to.column_start = column_bias != nullptr ? column_start : nullptr;
        to.row_stride = whole ? target.row_stride() : B::kColumns;
        to.accumulate = whole && !first;
        to.ahead = fetch ? share_ahead(panel[1].b, steps, vectors, i, panels.count) : Ahead{nullptr, 0};
        for (int v = 0; v < B::kVectors; ++v) {
          to.column[v] = whole ? place[v] + row * to.row_stride : tile + v * B::kLanes;
        }
        const TileRows<T> a = tile_rows(rows, row, height, depth_begin, row_panels + panels.begin(i) * packed_depth);
        tile_function<T>(height, vectors)(steps, a, panel->b, panel->step, to);
        if (!whole) target.put(row, height, column, count, tile, !first);
      }
    }
  };
  for (int64_t column_block = 0; column_block < column_blocks.count; ++column_block) {
    for (int64_t depth_block = 0; depth_block < depth_blocks.count; ++depth_block) {
      for (int64_t row_block = 0; row_block < row_blocks.count; ++row_block) {
        multiply_block(column_block, depth_block, row_block);
      }
    }
  }
}

// make(batch, body) calls body(depth, rows, columns, target) with that batch's depth, at most the one given here, and
// its policies; each thread makes its own.
template <class T, class Make>
void matrix_product(int64_t batch, int64_t rows, int64_t columns, int64_t depth, const Make& make) {
  if (batch <= 0 || rows <= 0 || columns <= 0) return;
  const Partition partition(batch, rows, columns, depth, Blocks<T>::kRows, Blocks<T>::kColumns);
  const auto run = [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t i = begin; i < end; ++i) {
      const Part part = partition.part(i);
      if (part.row_begin == part.row_end || part.column_begin == part.column_end) continue;
      make(part.batch, [&](int64_t own_depth, auto&& row_policy, auto&& column_policy, const auto& target)
                           HWY_ATTR { multiply_part<T>(part, own_depth, row_policy, column_policy, target); });
    }
  };
  parallel_for(partition.size(), partition.grain(), run);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_MATRIX_PRODUCT_INL_H_
