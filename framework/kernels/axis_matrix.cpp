#include <korrel/framework/kernels/axis_matrix.h>

#include <algorithm>

#include <korrel/framework/base/parallel.h>

namespace korrel::kernels {

void AxisMatrix::add(int64_t column, double weight) {
  if (weight == 0) return;
  column_.push_back(column);
  weight_.push_back(weight);
}

bool AxisMatrix::is_identity() const {
  if (rows() != columns_ || static_cast<int64_t>(column_.size()) != columns_) return false;
  for (std::size_t r = 0; r < column_.size(); ++r)
    if (begin_[r] != static_cast<int64_t>(r) || column_[r] != begin_[r] || weight_[r] != 1) return false;
  return true;
}

AxisMatrix AxisMatrix::transposed() const {
  AxisMatrix result(rows());
  std::vector<int64_t> place(static_cast<std::size_t>(columns_) + 1, 0);
  for (int64_t column : column_) ++place[static_cast<std::size_t>(column) + 1];
  for (std::size_t c = 1; c < place.size(); ++c) place[c] += place[c - 1];
  result.begin_ = place;
  result.column_.resize(column_.size());
  result.weight_.resize(column_.size());
  for (int64_t r = 0; r < rows(); ++r)
    for (auto i = static_cast<std::size_t>(begin_[static_cast<std::size_t>(r)]);
         i < static_cast<std::size_t>(begin_[static_cast<std::size_t>(r) + 1]); ++i) {
      auto to = static_cast<std::size_t>(place[static_cast<std::size_t>(column_[i])]++);
      result.column_[to] = r;
      result.weight_[to] = weight_[i];
    }
  return result;
}

template <class T>
void AxisMatrix::multiply(int64_t outer, int64_t inner, const T* x, T* y) const {
  const std::vector<T> weights(weight_.begin(), weight_.end());
  const int64_t *begin = begin_.data(), *column = column_.data();
  const T* weight = weights.data();
  const int64_t height = rows(), entries = 1 + static_cast<int64_t>(column_.size()) / std::max<int64_t>(1, height);
  bool picks = inner == 1;  // one element each, as it is: the nearest of a row
  for (int64_t r = 0; r < height && picks; ++r) picks = begin[r] == r && begin[r + 1] == r + 1 && weight[r] == 1;
  if (picks) {
    parallel_for(outer, 1 + 32768 / std::max<int64_t>(1, height), [&](int64_t first, int64_t last) {
      for (int64_t o = first; o < last; ++o) {
        const T* __restrict from = x + o * columns_;
        T* __restrict to = y + o * height;
        for (int64_t r = 0; r < height; ++r) to[r] = from[column[r]];
      }
    });
    return;
  }
  parallel_for(outer * height, 1 + 32768 / std::max<int64_t>(1, entries * inner), [&](int64_t first, int64_t last) {
    int64_t o = first / std::max<int64_t>(1, height), r = first - o * height;
    for (int64_t i = first; i < last; ++i) {
      const T* from = x + o * columns_ * inner;
      T* to = y + i * inner;
      const int64_t a = begin[r], count = begin[r + 1] - a;
      if (inner == 1) {  // the last axis: neighbours in x are entries of one row
        T sum = 0;
        for (int64_t e = a; e < a + count; ++e) sum += weight[e] * from[column[e]];
        *to = sum;
      } else if (count == 1 && weight[a] == 1) {
        std::copy_n(from + column[a] * inner, inner, to);
      } else if (count == 2) {  // (bi)linear: both sources in one pass over the row
        const T *p = from + column[a] * inner, *q = from + column[a + 1] * inner;
        const T u = weight[a], v = weight[a + 1];
        for (int64_t k = 0; k < inner; ++k) to[k] = u * p[k] + v * q[k];
      } else {
        std::fill_n(to, inner, T(0));
        for (int64_t e = a; e < a + count; ++e) {
          const T* p = from + column[e] * inner;
          const T u = weight[e];
          for (int64_t k = 0; k < inner; ++k) to[k] += u * p[k];
        }
      }
      if (++r == height) {
        r = 0;
        ++o;
      }
    }
  });
}

template void AxisMatrix::multiply(int64_t, int64_t, const float*, float*) const;
template void AxisMatrix::multiply(int64_t, int64_t, const double*, double*) const;

}  // namespace korrel::kernels
