#include <fmt/format.h>

#include <algorithm>

#include <korrel/framework/base/check.h>
#include <korrel/framework/base/dims.h>

namespace korrel {

Dims::Dims(const int64_t* begin, const int64_t* end) {
  check<ShapeError>(end - begin <= max_rank, "shape: at most {} dimensions, got {}", max_rank, end - begin);
  std::copy(begin, end, values_.begin());
  rank_ = static_cast<int>(end - begin);
}

Dims Dims::filled(int rank, int64_t value) {
  Dims dims;
  for (int i = 0; i < rank; ++i) dims.push_back(value);
  return dims;
}

void Dims::insert(int position, int64_t value) {
  check<ShapeError>(rank_ < max_rank, "shape: at most {} dimensions, {} has no room for one more", max_rank, *this);
  std::copy_backward(begin() + position, end(), end() + 1);
  values_[position] = value;
  ++rank_;
}

void Dims::erase(int position) {
  std::copy(begin() + position + 1, end(), begin() + position);
  --rank_;
}

std::string to_string(const Dims& dims) { return fmt::format("[{}]", fmt::join(dims, ",")); }

int wrap_dim(const char* op, int64_t dim, int rank) {
  int64_t range = std::max(rank, 1);
  check<ShapeError>(dim >= -range && dim < range, "{}: dimension {} is out of range for rank {}: [{}, {}]", op, dim,
                    rank, -range, range - 1);
  return static_cast<int>(dim < 0 ? dim + range : dim);
}

}  // namespace korrel
