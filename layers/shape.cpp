#include <korrel/layers/shape.h>

#include <algorithm>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

Flatten::Flatten(int64_t start, int64_t end) : start_dim(start), end_dim(end) {}
Tensor Flatten::forward(const Tensor& x) { return flatten(x, start_dim, end_dim); }
std::string Flatten::extra_repr() const { return fmt::format("start_dim={}, end_dim={}", start_dim, end_dim); }

Unflatten::Unflatten(int64_t d, const Shape& to) : dim(d), sizes(to) {
  check<ValueError>(!to.empty() && std::count(to.begin(), to.end(), -1) <= 1 &&
                        std::all_of(to.begin(), to.end(), [](int64_t size) { return size >= -1; }),
                    "Unflatten: sizes must be positive, one of them may be -1, got {}", to);
}
Tensor Unflatten::forward(const Tensor& x) { return unflatten(x, dim, sizes); }
std::string Unflatten::extra_repr() const {
  return fmt::format("dim={}, unflattened_size={}", dim, python_tuple(sizes));
}

Tensor Identity::forward(const Tensor& x) { return x; }

}  // namespace korrel::nn
