// The input gradient through columns: a matrix product gives for each position of gy what it adds to x under each tap
// of each channel, and rows of x gather that. For kernels that do not overlap (as wide as their stride: patches,
// 2x2 upsampling) and for few channels of x, whose taps together make a product with enough rows. Also the output of a
// transposed convolution. Two dimensions.
#if defined(KORREL_COLUMN_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_COLUMN_GRADIENT_INL_H_
#undef KORREL_COLUMN_GRADIENT_INL_H_
#else
#define KORREL_COLUMN_GRADIENT_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/convolution_plan.h>
#include <korrel/framework/kernels/matmul.h>
#include <korrel/framework/kernels/matrix_product-inl.h>
#include <korrel/framework/kernels/partial_vectors-inl.h>
#include <korrel/framework/kernels/scratch.h>
#include <korrel/framework/kernels/transpose-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// to[2 j] = even[j], to[2 j + 1] = odd[j], `size` in all.
template <class T>
HWY_INLINE void interleave(const T* HWY_RESTRICT even, const T* HWY_RESTRICT odd, int64_t size, T* HWY_RESTRICT to) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  int64_t j = 0;
  for (; 2 * (j + kLanes) <= size; j += kLanes) {
    hn::StoreInterleaved2(hn::LoadU(d, even + j), hn::LoadU(d, odd + j), d, to + 2 * j);
  }
  for (; 2 * j + 1 < size; ++j) {
    to[2 * j] = even[j];
    to[2 * j + 1] = odd[j];
  }
  if (2 * j < size) to[2 * j] = even[j];
}

// to[i] = from[i % step * pitch + i / step].
template <class T>
HWY_INLINE void interleave(const T* HWY_RESTRICT from, int64_t pitch, int64_t step, int64_t size, T* HWY_RESTRICT to) {
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  if (step == 2) return interleave(from, from + pitch, size, to);
  const int64_t whole = size / step;
  int64_t j = 0;
  if (step == 4) {
    const hn::ScalableTag<T> d;
    for (; j + kLanes <= whole; j += kLanes) {
      hn::StoreInterleaved4(hn::LoadU(d, from + j), hn::LoadU(d, from + pitch + j), hn::LoadU(d, from + 2 * pitch + j),
                            hn::LoadU(d, from + 3 * pitch + j), d, to + 4 * j);
    }
  }
  for (; j < whole; j += kLanes) {
    for (int64_t f = 0; f < step; f += kLanes) {
      transpose_block<true>(from + f * pitch + j, pitch, smaller(kLanes, step - f), smaller(kLanes, whole - j),
                            to + j * step + f, step);
    }
  }
  for (int64_t i = whole * step; i < size; ++i) to[i] = from[i % step * pitch + whole];
}

inline bool flat(const ConvGeometry& g) {
  return g.in[0] == 1 && g.out[0] == 1 && g.kernel[0] == 1 && g.stride[0] == 1 && g.padding[0] == 0;
}

// Columns of one position row and those that it overlaps with must stay in L2.
constexpr int64_t kColumnBytes = 1 << 20;

template <class T>
class ColumnGradient {
 public:
  ColumnGradient(const ConvGeometry& geometry, const T* gy, const T* w, const T* bias, T* gx)
      : g_(geometry), gy_(gy), w_(w), bias_(bias), gx_(gx) {
    apart_ = g_.kernel == g_.stride && g_.padding[1] + g_.padding[2] == 0 && g_.dilation[1] == 1 && g_.dilation[2] == 1;
    columns_ = g_.c * volume(g_.kernel);
    reach_ = (g_.kernel[1] - 1) * g_.dilation[1];
    carried_ = reach_ / g_.stride[1] + 1;
    const int64_t row_bytes = columns_ * g_.out[2] * static_cast<int64_t>(sizeof(T));
    rows_ = larger(kColumnBytes / larger(row_bytes, 1) - carried_, 1);
  }

  // With 32 filters and more the product is worth its passage through memory; with 8 if that replaces several products.
  bool pays() const {
    const int64_t least_bytes = columns_ * g_.out[2] * (carried_ + 1) * static_cast<int64_t>(sizeof(T));
    return flat(g_) && g_.groups == 1 && g_.n * volume(g_.in) * volume(g_.out) > 0 && volume(g_.kernel) > 1 &&
           least_bytes <= 4 * kColumnBytes && g_.k >= (apart_ ? 8 : 32) && (apart_ || 2 * g_.c <= Blocks<T>::kLanes);
  }

  // Parts are rows of an image's x; their number depends on the sizes only, and is even if there are few.
  void run() const {
    int64_t parts = larger(smaller(16 / g_.n, g_.out[1] / (8 * carried_)), 1);
    if (parts > 1) parts -= parts % 2;
    const EvenCut cut(g_.in[1], ceil_div(g_.in[1], parts), 1);
    const auto run_parts = [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t i = begin; i < end; ++i) {
        run_part(i / cut.count, cut.begin(i % cut.count), cut.end(i % cut.count));
      }
    };
    const int64_t work = columns_ * g_.k * volume(g_.out) / cut.count;
    parallel_for(g_.n * cut.count, larger((1 << 18) / larger(work, 1), 1), run_parts);
  }

 private:
  static constexpr int64_t kLanes = Blocks<T>::kLanes;

  // A tap that x's columns of one residue modulo the stride read: column `tap` at `from`, added at `to`.
  struct Reach {
    int64_t residue, tap, from, to, count;
  };

  // Position rows that some columns hold: row `first` at `from`, each column `pitch` after the one before.
  struct Columns {
    T* from;
    int64_t first, end, pitch;
  };

  void run_part(int64_t image, int64_t begin, int64_t end) const {
    const int64_t size = g_.out[2], height = g_.out[1], pitch = (rows_ + carried_) * size + kLanes;
    const T* gy = gy_ + image * g_.k * height * size;
    Columns columns{scratch<T>(Scratch::kTarget, columns_ * pitch), lowest(begin), lowest(begin), pitch};
    Reach* reach = scratch<Reach>(Scratch::kPlan, g_.kernel[2] * g_.stride[2]);
    const Reach* reach_end = list_reach(reach);
    const int64_t needed = smaller((end - 1 + g_.padding[1]) / g_.stride[1] + 1, height);
    for (int64_t row = begin; row < end;) {
      keep(lowest(row), columns);
      const int64_t more = smaller(rows_, needed - columns.end);
      if (more > 0) {
        matmul_into<T>(1, columns_, more * size, g_.k, w_, {0, 1, columns_}, gy + columns.end * size,
                       {0, height * size, 1}, columns.from + (columns.end - columns.first) * size, {0, pitch, 1});
        columns.end += more;
      }
      const int64_t done = columns.end >= needed ? end : smaller(columns.end * g_.stride[1] - g_.padding[1], end);
      for (int64_t c = 0; c < g_.c; ++c) {
        T* plane = gx_ + (image * g_.c + c) * g_.in[1] * g_.in[2];
        for (int64_t y = row; y < done; ++y) gather_row(columns, reach, reach_end, c, y, plane + y * g_.in[2]);
      }
      row = larger(done, row);
    }
  }

  // The first position row that x's row y reads.
  int64_t lowest(int64_t y) const {
    return smaller(ceil_div(larger(y + g_.padding[1] - reach_, 0), g_.stride[1]), g_.out[1]);
  }

  // Moves the rows from `first` on to the front.
  void keep(int64_t first, Columns& columns) const {
    const int64_t size = g_.out[2], there = larger(columns.end - first, 0);
    if (first <= columns.first) return;
    for (int64_t m = 0; m < columns_ && there > 0; ++m) {
      T* to = columns.from + m * columns.pitch;
      const T* from = to + (first - columns.first) * size;
      for (int64_t i = 0; i < there * size; i += kLanes) {  // forward: it may overlap. Up to a vector more is moved.
        const hn::ScalableTag<T> d;
        hn::StoreU(hn::LoadU(d, from + i), d, to + i);
      }
    }
    columns.first = first;
    columns.end = larger(columns.end, first);
  }

  // By residue, then by tap. Returns the list's end.
  Reach* list_reach(Reach* to) const {
    for (int64_t f = 0; f < smaller(g_.stride[2], g_.in[2]); ++f) {
      for (int64_t q = 0; q < g_.kernel[2]; ++q) {
        const int64_t away = f + g_.padding[2] - q * g_.dilation[2], shift = away / g_.stride[2];
        if (away % g_.stride[2] != 0) continue;
        const int64_t first = larger(-shift, 0),
                      last = smaller(ceil_div(g_.in[2] - f, g_.stride[2]), g_.out[2] - shift);
        if (first < last) *to++ = {f, q, first + shift, first, last - first};
      }
    }
    return to;
  }

  void gather_row(const Columns& columns, const Reach* reach, const Reach* reach_end, int64_t c, int64_t y,
                  T* HWY_RESTRICT to) const {
    const int64_t width = g_.in[2], step = g_.stride[2], longest = ceil_div(width, step);
    const T* own = columns.from + c * volume(g_.kernel) * columns.pitch;
    const T start = bias_ == nullptr ? T{0} : bias_[c];
    const int64_t whole = y / g_.stride[1];
    if (apart_ && bias_ == nullptr && whole < g_.out[1] && width == g_.out[2] * step) {
      return interleave(own + y % g_.stride[1] * step * columns.pitch + (whole - columns.first) * g_.out[2],
                        columns.pitch, step, width, to);
    }
    const int64_t pitch = longest + kLanes;
    T* sums = step == 1 ? to : scratch<T>(Scratch::kSum, step * pitch + kLanes);
    const hn::ScalableTag<T> d;
    if (step == 1) {
      for (int64_t i = 0; i < width; i += kLanes) store_first(hn::Set(d, start), smaller(width - i, kLanes), sums + i);
    } else {
      for (int64_t i = 0; i < step * pitch; i += kLanes) hn::StoreU(hn::Set(d, start), d, sums + i);
    }
    for (int64_t r = 0; r < g_.kernel[1]; ++r) {
      const int64_t from_row = y + g_.padding[1] - r * g_.dilation[1], row = from_row / g_.stride[1];
      if (from_row < 0 || row >= g_.out[1] || row * g_.stride[1] != from_row) continue;
      const T* taps = own + r * g_.kernel[2] * columns.pitch + (row - columns.first) * g_.out[2];
      for (const Reach* i = reach; i < reach_end; ++i) {
        copy_or_add(taps + i->tap * columns.pitch + i->from, i->count, true, sums + i->residue * pitch + i->to);
      }
    }
    if (step > 1) interleave(sums, pitch, step, width, to);
  }

  const ConvGeometry& g_;
  const T *gy_, *w_, *bias_;
  T* gx_;
  bool apart_;
  int64_t columns_;                 // channels and taps
  int64_t reach_, carried_, rows_;  // rows of x under a column; position rows that overlap; new ones at a time
};

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_COLUMN_GRADIENT_INL_H_
