#include <korrel/layers/local_response_norm.h>

#include <korrel/framework/base/check.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

LocalResponseNorm::LocalResponseNorm(int64_t neighbours, const LocalResponseNormOptions& how)
    : size(neighbours), options(how) {
  check_positive("LocalResponseNorm", "size", size);
}
Tensor LocalResponseNorm::forward(const Tensor& x) { return local_response_norm(x, size, options); }
std::string LocalResponseNorm::extra_repr() const {
  return fmt::format("{}, alpha={}, beta={}, k={}", size, python_number(options.alpha), python_number(options.beta),
                     python_number(options.k));
}

}  // namespace korrel::nn
