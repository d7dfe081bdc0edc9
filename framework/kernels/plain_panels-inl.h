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

  void begin(int64_t, int64_t) const {}

  // Copies vectors where the depth is contiguous, transposes blocks where the rows are; else element by element.
  void pack(int64_t row, int rows, int64_t depth_begin, int64_t depth, T* HWY_RESTRICT panel) const {
    const hn::ScalableTag<T> d;
    constexpr int64_t kLanes = Blocks<T>::kLanes;
    const T* HWY_RESTRICT from = a + row * row_stride + depth_begin * depth_stride;
    for (int64_t piece = 0; piece < depth; piece += kPiece, panel += rows * kPiece, from += kPiece * depth_stride) {
      const int64_t steps = smaller(kPiece, depth - piece);
      if (depth_stride == 1) {
        for (int m = 0; m < rows; ++m) {
          const T* HWY_RESTRICT source = from + m * row_stride;
          T* HWY_RESTRICT to = panel + m * kPiece;
          int64_t i = 0;
          for (; i + kLanes <= steps; i += kLanes) hn::StoreU(hn::LoadU(d, source + i), d, to + i);
          if (i < steps) hn::StoreU(load_first(source + i, steps - i), d, to + i);
        }
      } else if (row_stride == 1) {
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
      for (int64_t i = 0; i < depth; ++i) {
        for (int j = 0; j < width; j += kLanes) {
          const int there = columns - j;
          const auto vector = there >= kLanes ? hn::LoadU(d, from + i * depth_stride + j)
                                              : load_first(from + i * depth_stride + j, there);
          hn::Store(vector, d, panel + i * width + j);
          hwy::Prefetch(from + i * depth_stride + width + j);  // of the next panel
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
