// Dims: up to eight int64 in place (no allocation): the shape, the strides or the dimensions of a tensor.
// Shape and Strides are names for the same type; what the numbers mean is the user's business (tensor/layout.h).
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace korrel {

class Dims {
 public:
  static constexpr int max_rank = 8;

  Dims() = default;
  Dims(std::initializer_list<int64_t> values) : Dims(values.begin(), values.end()) {}
  Dims(const std::vector<int64_t>& values) : Dims(values.data(), values.data() + values.size()) {}
  Dims(const int64_t* begin, const int64_t* end);  // throws ShapeError past eight
  static Dims filled(int rank, int64_t value);     // `rank` copies of `value`

  int rank() const { return rank_; }
  bool empty() const { return rank_ == 0; }
  int64_t numel() const {  // product; 1 for rank 0
    int64_t n = 1;
    for (int64_t v : *this) n *= v;
    return n;
  }

  int64_t& operator[](int i) { return values_[i]; }
  const int64_t& operator[](int i) const { return values_[i]; }
  int64_t& back() { return values_[rank_ - 1]; }
  const int64_t& back() const { return values_[rank_ - 1]; }
  const int64_t* data() const { return values_.data(); }
  int64_t* begin() { return values_.data(); }
  int64_t* end() { return values_.data() + rank_; }
  const int64_t* begin() const { return values_.data(); }
  const int64_t* end() const { return values_.data() + rank_; }

  void push_back(int64_t value) { insert(rank_, value); }
  void insert(int position, int64_t value);  // throws ShapeError past eight
  void erase(int position);
  Dims slice(int begin, int end) const { return Dims(data() + begin, data() + end); }

  friend bool operator==(const Dims& a, const Dims& b) {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i)
      if (a[i] != b[i]) return false;
    return true;
  }

 private:
  std::array<int64_t, max_rank> values_{};
  int rank_ = 0;
};

using Shape = Dims;
using Strides = Dims;

std::string to_string(const Dims& dims);  // "[2,4,8,8]"

// The dimension `dim` of a tensor of rank `rank`, negative counting from the end; throws ShapeError naming `op`.
// A rank of 0 admits 0 and -1, as in PyTorch.
int wrap_dim(const char* op, int64_t dim, int rank);

}  // namespace korrel
