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
    count = larger(ceil_div(size, most), 1);
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
      : count(ceil_div(rows, Blocks<T>::kRows)), height(rows / count), higher(rows % count) {}
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

// One thread's part. Loop order: columns in blocks; the depth in blocks; rows in blocks that fit L2, which are packed;
// then each panel of columns, multiplied by every panel of rows while it is in L1 or L2. One block of rows packs a
// panel of columns when its turn comes; for more, all panels of the block of columns are packed first: a large b is
// packed once, not once per block of rows, and comes back from L3 in order. A sum is thus made of the depth blocks'
// sums, in order, whatever the part.
//
// Rows::begin(depth_begin, depth), Rows::pack(row, rows, depth_begin, depth, panel): [depth / 16][rows][16].
// Columns::pack(column, columns, depth_begin, depth, panel, &step): where the columns of the first depth are, `step`
// from those of the next: `panel`, or the source itself if that has them so. Whole vectors are read.
// Either may have across_panels(): true if its source is contiguous across panels, not along the depth.
// Target::place(column, columns, pointers): true, and where row 0 of each vector of these columns goes, if the panel
// can be stored in whole vectors; else each tile comes by put(row, rows, column, columns, tile, accumulate),
// [rows][kColumns].
// Target::row_stride(), row_start(row), column_start(column): see TileTarget.
template <class T, class Rows, class Columns, class Target>
void multiply_part(const Part& part, int64_t depth, Rows& rows, Columns& columns, const Target& target) {
  using B = Blocks<T>;
  struct ColumnPanel {
    const T* b;
    int64_t step;
  };
  ColumnPanel column_panels[B::kPanelBlock];
  const EvenCut row_blocks(part.row_end - part.row_begin, B::kRowBlock, B::kRows);
  const EvenCut depth_blocks(depth, B::kDepth, kPiece);
  const EvenCut column_blocks(part.column_end - part.column_begin, B::kPanelBlock * B::kColumns, B::kColumns);
  const int64_t packed_depth = ceil_div(depth_blocks.piece, kPiece) * kPiece;
  const int64_t kept_panels = row_blocks.count == 1 ? 1 : ceil_div(column_blocks.piece, B::kColumns);
  T* HWY_RESTRICT row_panels = scratch<T>(Scratch::kRows, row_blocks.piece * packed_depth);
  T* HWY_RESTRICT packed_columns = scratch<T>(Scratch::kColumns, kept_panels * packed_depth * B::kColumns);
  HWY_ALIGN T tile[B::kRows * B::kColumns];
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
    rows.begin(depth_begin, steps);
    for (int64_t at = 0, once = depth_at_once(rows, steps); at == 0 || at < steps; at += once) {
      for (int64_t i = 0; i < panels.count; ++i) {
        rows.pack(row_begin + panels.begin(i), panels.rows(i), depth_begin + at, smaller(once, steps - at),
                  row_panels + panels.begin(i) * packed_depth + at * panels.rows(i));
      }
    }
    const int64_t column_end = part.column_begin + column_blocks.end(column_block);
    if (kept_panels > 1 && row_block == 0) {
      for (int64_t at = 0, once = depth_at_once(columns, steps); at == 0 || at < steps; at += once) {
        ColumnPanel* panel = column_panels;
        for (int64_t column = part.column_begin + column_blocks.begin(column_block); column < column_end;
             column += B::kColumns, ++panel) {
          pack_columns(column, smaller(B::kColumns, column_end - column), panel, at, depth_begin + at,
                       smaller(once, steps - at));
        }
      }
    }
    ColumnPanel* panel = column_panels;
    for (int64_t column = part.column_begin + column_blocks.begin(column_block); column < column_end;
         column += B::kColumns, ++panel) {
      const int count = static_cast<int>(smaller(B::kColumns, column_end - column));
      const int vectors = count <= B::kLanes ? 1 : B::kVectors;
      T* place[B::kVectors];
      const bool whole = target.place(column, count, place);
      if (kept_panels == 1) pack_columns(column, count, panel, 0, depth_begin, steps);
      const T* column_bias = first ? target.column_start(column) : nullptr;
      if (column_bias != nullptr) {
        for (int j = 0; j < count; ++j) column_start[j] = column_bias[j];
      }
      for (int64_t i = 0; i < panels.count; ++i) {
        const int64_t row = row_begin + panels.begin(i);
        const int height = panels.rows(i);
        TileTarget<T> to;
        to.row_start = first ? target.row_start(row) : nullptr;
        to.column_start = column_bias != nullptr ? column_start : nullptr;
        to.row_stride = whole ? target.row_stride() : B::kColumns;
        to.accumulate = whole && !first;
        for (int v = 0; v < B::kVectors; ++v) {
          to.column[v] = whole ? place[v] + row * to.row_stride : tile + v * B::kLanes;
        }
        tile_function<T>(height, vectors)(steps, row_panels + panels.begin(i) * packed_depth, panel->b, panel->step,
                                          to);
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
