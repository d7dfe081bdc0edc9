#include <korrel/framework/kernels/matmul.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/matmul.cpp"
#include <korrel/framework/base/work.h>
#include <korrel/framework/kernels/compiled_targets.h>
#include <korrel/framework/kernels/targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/few_rows-inl.h>
#include <korrel/framework/kernels/matrix_product-inl.h>
#include <korrel/framework/kernels/partial_vectors-inl.h>
#include <korrel/framework/kernels/plain_panels-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

template <class T>
struct PlainTarget {
  T* c;
  int64_t row;
  const T* bias;
  BiasPer bias_per;

  int64_t row_stride() const { return row; }
  const T* row_start(int64_t i) const { return bias == nullptr || bias_per != BiasPer::kRow ? nullptr : bias + i; }
  const T* column_start(int64_t i) const { return bias == nullptr || bias_per == BiasPer::kRow ? nullptr : bias + i; }

  bool takes_twice() const { return true; }
  bool place(int64_t column, int count, T** to) const {
    for (int v = 0; v < Blocks<T>::kVectors; ++v) to[v] = c + column + v * Blocks<T>::kLanes;
    return count % Blocks<T>::kLanes == 0;
  }

  void put(int64_t first, int rows, int64_t column, int count, const T* HWY_RESTRICT tile, bool accumulate) const {
    for (int m = 0; m < rows; ++m, tile += Blocks<T>::kColumns) {
      copy_or_add(tile, count, accumulate, c + (first + m) * row + column);
    }
  }
};

// How many panels of rows may read b where it is before packing it pays. As long as b stays in L2 the tile reads it
// there as well as packed (64 x 256 x 256: 6 % faster); but a b that comes from beyond, a tile's width out of each row,
// is packed with the next panel fetched ahead, which makes even one panel of rows faster (12 x 2000 x 500: by a third).
// Rows of b that lie whole pages apart fight for the same lines of L1.
template <class T>
int64_t panels_before_packing(int64_t n, int64_t k, const MatrixStrides& b) {
  const int64_t bytes = n * k * static_cast<int64_t>(sizeof(T));
  if (bytes > 1 << 20) return 0;
  const bool far_apart = b.row % static_cast<int64_t>(4096 / sizeof(T)) == 0;
  return far_apart ? 2 : bytes > 1 << 19 ? 3 : 16;
}

// Whether the tile reads a where it is, once for each panel of columns, instead of packing it: packing a cache line
// costs some 5 cycles, a panel of columns works 16 on it. An a that comes from beyond L2 is read in place only along
// its rows (2048 x 64 x 1000: 17 % faster; 4096 x 32 x 250 with a transposed: 1.3 times the time).
template <class T>
bool reads_a_in_place(int64_t m, int64_t n, int64_t k, const MatrixStrides& a) {
  const bool stays_in_cache = m * k * static_cast<int64_t>(sizeof(T)) <= 1 << 20;
  return n <= (stays_in_cache ? 8 : a.col == 1 ? 4 : 0) * Blocks<T>::kColumns;
}

template <class T>
void multiply(int64_t batch, int64_t m, int64_t n, int64_t k, const T* a, const MatrixStrides& as, const T* b,
              const MatrixStrides& bs, T* c, const MatrixStrides& cs, const T* bias, BiasPer bias_per) {
  if (batch * m * n == 0) return;
  const int64_t per_row = bias_per == BiasPer::kRow ? 1 : 0;
  const FewRows<T> few{m, n, k, a, as.row, as.col, b, bs.row, bs.col, {bias, per_row, 1 - per_row}, c, cs.row};
  if (is_few_rows(few)) return few_rows(few, batch, as.batch, bs.batch, cs.batch);
  if (n == 1 && cs.row == 1) {  // a vector: the transposed product has one row
    const FewRows<T> one{1, m, k, b, 0, bs.row, a, as.col, as.row, {bias, 1 - per_row, per_row}, c, m};
    if (is_few_rows(one)) return few_rows(one, batch, bs.batch, as.batch, cs.batch);
  }
  const bool a_stays = reads_a_in_place<T>(m, n, k, as);
  const bool b_stays = m <= panels_before_packing<T>(n, k, bs) * Blocks<T>::kRows;
  matrix_product<T>(batch, m, n, k, [&](int64_t i, const auto& body) HWY_ATTR {
    body(k, PlainRows<T>{a + i * as.batch, as.row, as.col, a_stays},
         PlainColumns<T>{b + i * bs.batch, bs.row, bs.col, b_stays},
         PlainTarget<T>{c + i * cs.batch, cs.row, bias, bias_per});
  });
}

void multiply_f32(int64_t batch, int64_t m, int64_t n, int64_t k, const float* a, const MatrixStrides& as,
                  const float* b, const MatrixStrides& bs, float* c, const MatrixStrides& cs, const float* bias,
                  BiasPer bias_per) {
  multiply(batch, m, n, k, a, as, b, bs, c, cs, bias, bias_per);
}

void multiply_f64(int64_t batch, int64_t m, int64_t n, int64_t k, const double* a, const MatrixStrides& as,
                  const double* b, const MatrixStrides& bs, double* c, const MatrixStrides& cs, const double* bias,
                  BiasPer bias_per) {
  multiply(batch, m, n, k, a, as, b, bs, c, cs, bias, bias_per);
}

const char* compiled_target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(multiply_f32);
HWY_EXPORT(multiply_f64);
HWY_EXPORT(compiled_target);

}  // namespace

template <>
void matmul_into(int64_t batch, int64_t m, int64_t n, int64_t k, const float* a, MatrixStrides a_strides,
                 const float* b, MatrixStrides b_strides, float* c, MatrixStrides c_strides, const float* bias,
                 BiasPer bias_per) {
  ensure_target();
  multiply_adds_asked += batch * m * n * k;
  HWY_DYNAMIC_DISPATCH(multiply_f32)(batch, m, n, k, a, a_strides, b, b_strides, c, c_strides, bias, bias_per);
}

template <>
void matmul_into(int64_t batch, int64_t m, int64_t n, int64_t k, const double* a, MatrixStrides a_strides,
                 const double* b, MatrixStrides b_strides, double* c, MatrixStrides c_strides, const double* bias,
                 BiasPer bias_per) {
  ensure_target();
  multiply_adds_asked += batch * m * n * k;
  HWY_DYNAMIC_DISPATCH(multiply_f64)(batch, m, n, k, a, a_strides, b, b_strides, c, c_strides, bias, bias_per);
}

std::string matmul_target() {
  ensure_target();
  return HWY_DYNAMIC_DISPATCH(compiled_target)();
}

}  // namespace korrel::kernels
#endif  // HWY_ONCE
