// A sparse matrix applied along one axis of an array: what resizing an image does to its rows, and then to its columns.
// Knows no tensors; framework/ops/interpolate.cpp makes the matrices and calls it. Plain loops over unit strides.
#pragma once

#include <cstdint>
#include <vector>

namespace korrel::kernels {

// Row r has the entries begin[r] ... begin[r + 1]: `column` below columns, `weight`.
class AxisMatrix {
 public:
  explicit AxisMatrix(int64_t columns) : columns_(columns) {}

  // Rows are filled one after the other: add(...), add(...), end_row(). An entry of weight 0 is left out.
  void add(int64_t column, double weight);
  void end_row() { begin_.push_back(static_cast<int64_t>(column_.size())); }

  int64_t rows() const { return static_cast<int64_t>(begin_.size()) - 1; }
  int64_t columns() const { return columns_; }
  bool is_identity() const;
  AxisMatrix transposed() const;

  // y [outer, rows, inner] = sum over the entries of weight x [outer, column, inner]; f32 and f64, in T, in the order
  // of the entries.
  template <class T>
  void multiply(int64_t outer, int64_t inner, const T* x, T* y) const;

 private:
  int64_t columns_;
  std::vector<int64_t> begin_ = {0}, column_;
  std::vector<double> weight_;
};

}  // namespace korrel::kernels
