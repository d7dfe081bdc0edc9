// Packing policies for matrices with strides: any operand of matmul, and a convolution's weights.
#if defined(KORREL_PLAIN_PANELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_PLAIN_PANELS_INL_H_
#undef KORREL_PLAIN_PANELS_INL_H_
#else
#define KORREL_PLAIN_PANELS_INL_H_
#endif

#include <cstdint>

#include <korrel/framework/kernels/matrix_product-inl.h>
#include <korrel/framework/kernels/transpose-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

template <class T>
struct PlainRows {
  const T* a;
  int64_t row_stride, depth_stride;
  bool a_stays = false;  // there are few columns, so packing a would cost more than it gains

  bool stays() const { return a_stays; }
  TileRows<T> at(int64_t row, int64_t depth_begin) const {
    return {a + row * row_stride + depth_begin * depth_stride, row_stride, depth_stride, kPiece * depth_stride};
  }
  void begin(int64_t, int64_t) const {}
  bool across_panels() const { return row_stride == 1 && depth_stride != 1; }

  // Copies vectors where the depth is contiguous, transposes blocks where the rows are; else element by element.
  void pack(int64_t row, int rows, int64_t depth_begin, int64_t depth, T* HWY_RESTRICT panel) const {
    const hn::ScalableTag<T> d;
    constexpr int64_t kLanes = Blocks<T>::kLanes;
    const T* HWY_RESTRICT from = a + row * row_stride + depth_begin * depth_stride;
    if (depth_stride == 1) {
      for (int m = 0; m < rows; ++m, from += row_stride) {
        T* HWY_RESTRICT to = panel + m * kPiece;
        int64_t i = 0;
        for (; i + kPiece <= depth; i += kPiece, to += rows * kPiece) {
#pragma GCC unroll 8
          for (int64_t j = 0; j < kPiece; j += kLanes) hn::StoreU(hn::LoadU(d, from + i + j), d, to + j);
        }
        for (; i < depth; i += kLanes, to += kLanes)
          hn::StoreU(load_first(from + i, smaller(kLanes, depth - i)), d, to);
      }
      return;
    }
    for (int64_t piece = 0; piece < depth; piece += kPiece, panel += rows * kPiece, from += kPiece * depth_stride) {
      const int64_t steps = smaller(kPiece, depth - piece);
      if (row_stride == 1) {
        for (int64_t i = 0; i < steps; i += kLanes) {
          for (int64_t m = 0; m < rows; m += kLanes) {
            transpose_block(from + i * depth_stride + m, depth_stride, smaller(kLanes, steps - i),
                            smaller(kLanes, rows - m), panel + m * kPiece + i, kPiece);
          }
        }
      } else {
        for (int m = 0; m < rows; ++m) {
          for (int64_t i = 0; i < steps; ++i) panel[m * kPiece + i] = from[m * row_stride + i * depth_stride];
        }
      }
    }
  }
};

template <class T>
struct PlainColumns {
  const T* b;
  int64_t depth_stride, column_stride;
  bool b_stays;  // there are few rows, so packing b would cost more than it gains: it is not packed if that can be
                 // helped

  bool across_panels() const { return column_stride == 1 && !b_stays; }

  const T* pack(int64_t column, int columns, int64_t depth_begin, int64_t depth, T* HWY_RESTRICT panel,
                int64_t* step) const {
    const hn::ScalableTag<T> d;
    constexpr int kLanes = Blocks<T>::kLanes;
    const T* HWY_RESTRICT from = b + depth_begin * depth_stride + column * column_stride;
    const int width = columns <= kLanes ? kLanes : Blocks<T>::kColumns;
    if (b_stays && column_stride == 1 && columns == width) {
      *step = depth_stride;
      return from;
    }
    *step = width;
    if (column_stride == 1) {
      T* HWY_RESTRICT to = panel;
      if (columns == Blocks<T>::kColumns) {
        for (int64_t i = 0; i < depth; ++i, from += depth_stride, to += Blocks<T>::kColumns) {
#pragma GCC unroll 4
          for (int j = 0; j < Blocks<T>::kColumns; j += kLanes) {
            hn::Store(hn::LoadU(d, from + j), d, to + j);
            __builtin_prefetch(from + Blocks<T>::kColumns + j);  // of the next panel
          }
        }
      } else {
        for (int64_t i = 0; i < depth; ++i, from += depth_stride, to += width) {
          for (int j = 0; j < width; j += kLanes)
            hn::Store(load_first(from + j, smaller(kLanes, columns - j)), d, to + j);
        }
      }
    } else if (depth_stride == 1) {
      for (int j = 0; j < width; j += kLanes) {
        for (int64_t i = 0; i < depth; i += kLanes) {
          transpose_block(from + j * column_stride + i, column_stride, smaller(kLanes, columns - j),
                          smaller(kLanes, depth - i), panel + i * width + j, width);
        }
      }
    } else {
      for (int64_t i = 0; i < depth; ++i) {
        for (int j = 0; j < columns; ++j) panel[i * width + j] = from[i * depth_stride + j * column_stride];
        for (int j = columns; j < width; ++j) panel[i * width + j] = 0;
      }
    }
    return panel;
  }
};

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_PLAIN_PANELS_INL_H_
