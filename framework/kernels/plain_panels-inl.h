// Packing policies for matrices with strides: any operand of matmul, and a convolution's weights.
#if defined(KORREL_PLAIN_PANELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_PLAIN_PANELS_INL_H_
#undef KORREL_PLAIN_PANELS_INL_H_
#else
#define KORREL_PLAIN_PANELS_INL_H_
#endif

#include <cstdint>

#include <korrel/framework/kernels/matrix_product-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

template <class T>
struct PlainRows {
  const T* a;
  int64_t row_stride, depth_stride;

  void begin(int64_t, int64_t) const {}

  void pack(int64_t row, int rows, int64_t depth_begin, int64_t depth, T* HWY_RESTRICT panel) const {
    const T* HWY_RESTRICT from = a + row * row_stride + depth_begin * depth_stride;
    for (int64_t d = 0; d < depth; d += kPiece, panel += rows * kPiece) {
      const int64_t steps = smaller(kPiece, depth - d);
      for (int m = 0; m < rows; ++m) {
        const T* HWY_RESTRICT source = from + m * row_stride + d * depth_stride;
        for (int64_t i = 0; i < steps; ++i) panel[m * kPiece + i] = source[i * depth_stride];
      }
    }
  }
};

template <class T>
struct PlainColumns {
  const T* b;
  int64_t depth_stride, column_stride;
  bool few_rows;  // then the product is about reading b once: it is not copied if that can be helped

  const T* pack(int64_t column, int columns, int64_t depth_begin, int64_t depth, T* HWY_RESTRICT panel,
                int64_t* step) const {
    constexpr int kLanes = Blocks<T>::kLanes;
    const T* HWY_RESTRICT from = b + depth_begin * depth_stride + column * column_stride;
    const int width = columns <= kLanes ? kLanes : Blocks<T>::kColumns;
    if (few_rows && column_stride == 1 && columns == width) {
      *step = depth_stride;
      return from;
    }
    *step = width;
    for (int64_t d = 0; d < depth; ++d) {
      for (int j = 0; j < columns; ++j) panel[d * width + j] = from[d * depth_stride + j * column_stride];
      for (int j = columns; j < width; ++j) panel[d * width + j] = 0;
    }
    return panel;
  }
};

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_PLAIN_PANELS_INL_H_
