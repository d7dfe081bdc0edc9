#include <korrel/framework/ops/random_activation.h>

#include <cmath>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/extremum.h>
#include <korrel/framework/ops/gather.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/softmax.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

// Uniform in [0, 1), multiples of 2^-24 whatever x's dtype.
Tensor uniform_like(const Tensor& x, Generator& generator) {
  return rand(x.shape(), {.dtype = f32}, generator).to(x.dtype());
}

}  // namespace

Tensor rrelu(const Tensor& x, const RreluOptions& options, Generator& generator) {
  checked_floating("rrelu", x);
  check<ValueError>(options.lower <= options.upper, "rrelu: lower {} must not be above upper {}", options.lower,
                    options.upper);
  if (!options.training) return leaky_relu(x, {.negative_slope = (options.lower + options.upper) / 2});
  Tensor slopes = uniform_like(x, generator) * (options.upper - options.lower) + options.lower;
  slopes = where(x.detach() > 0, 1, slopes).to(x.dtype());
  Tensor y = no_grad([&] { return x * slopes; });
  return record("rrelu", y, {x}, [slopes](const Backward& b) -> Gradients { return {b.grad * slopes}; });
}

Tensor gumbel_softmax(const Tensor& x, const GumbelSoftmaxOptions& options, Generator& generator) {
  checked_floating("gumbel_softmax", x);
  check<ValueError>(options.tau > 0, "gumbel_softmax: tau must be positive, is {}", options.tau);
  int dim = wrap_dim("gumbel_softmax", options.dim, x.dim());
  // Half a step away from 0 and 1, where the logarithms are infinite; in f64, which can tell 1 - 2^-25 from 1.
  Tensor u = uniform_like(x, generator).to(f64) + std::ldexp(1, -25);
  Tensor soft = softmax((x + neg(log(neg(log(u)))).to(x.dtype())) / options.tau, dim);
  if (!options.hard) return soft;
  Tensor largest = argmax(soft.detach(), dim, {.keepdim = true});
  Tensor hard = scatter(zeros(x.shape(), {x.dtype()}), dim, largest, 1);
  return record("gumbel_softmax", hard, {soft}, [](const Backward& b) -> Gradients { return {b.grad}; });
}

}  // namespace korrel
