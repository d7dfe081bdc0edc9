#include <korrel/framework/autograd/gradcheck.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/random.h>

namespace korrel {
namespace {

// A leaf of its own with the values of `x`.
Tensor leaf_copy(const Tensor& x) {
  Tensor copy = x.detach().clone();
  if (x.requires_grad()) copy.requires_grad_();
  return copy;
}

std::vector<Tensor> differentiable(const std::vector<Tensor>& outputs) {
  std::vector<Tensor> result;
  for (const Tensor& y : outputs)
    if (y.requires_grad()) result.push_back(y);
  return result;
}

// sum(outputs * upstream), in plain f64. Outputs without an upstream gradient (indices) take no part.
double project(const std::vector<Tensor>& outputs, const std::vector<Tensor>& upstream) {
  double sum = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!upstream[i].defined()) continue;
    std::vector<double> y = outputs[i].to_vector(), v = upstream[i].to_vector();
    for (std::size_t j = 0; j < y.size(); ++j) sum += y[j] * v[j];
  }
  return sum;
}

}  // namespace

GradcheckResult gradcheck(const CheckedFunction& f, const std::vector<Tensor>& inputs, GradcheckOptions options) {
  std::vector<Tensor> leaves, wanted;
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    leaves.push_back(inputs[i].defined() ? leaf_copy(inputs[i]) : Tensor());
    if (!leaves[i].requires_grad()) continue;
    check<DtypeError>(leaves[i].dtype() == f64, "gradcheck: input {} is {}; central differences need f64", i,
                      leaves[i].dtype());
    wanted.push_back(leaves[i]);
    positions.push_back(i);
  }
  check<ValueError>(!wanted.empty(), "gradcheck: no input requires a gradient");

  std::vector<Tensor> outputs;
  {
    EnableGradGuard recording;
    outputs = f(leaves);
  }
  std::vector<Tensor> roots = differentiable(outputs), upstream, root_upstream;
  if (roots.empty()) return {false, "no output depends on an input that requires a gradient"};
  Generator generator(options.seed);
  upstream.reserve(outputs.size());
  for (const Tensor& y : outputs) {
    // A floating output without a gradient must be constant: that it forgot its graph shows in the differences.
    upstream.push_back(is_floating(y.dtype()) ? randn(y.shape(), {.dtype = f64}, generator) : Tensor());
    if (y.requires_grad()) root_upstream.push_back(upstream.back().to(y.dtype()));
  }
  std::vector<Tensor> analytic = grad(roots, wanted, root_upstream, {.allow_unused = true});

  NoGradGuard guard;
  GradcheckResult result;
  double worst = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    std::vector<double> gradient(wanted[i].numel(), 0.0);
    if (analytic[i].defined()) {
      if (analytic[i].shape() != wanted[i].shape())
        return {false, fmt::format("the gradient of input {} is {}, the input {}", positions[i], analytic[i].shape(),
                                   wanted[i].shape())};
      gradient = analytic[i].to_vector();
    }
    double* x = wanted[i].data<double>();
    auto difference = [&](auto&& move) {
      std::vector<double> saved(x, x + wanted[i].numel());
      move(options.eps);
      double up = project(f(leaves), upstream);
      std::copy(saved.begin(), saved.end(), x);
      move(-options.eps);
      double down = project(f(leaves), upstream);
      std::copy(saved.begin(), saved.end(), x);
      return (up - down) / (2 * options.eps);
    };
    auto compare = [&](double exact, double numeric, const std::string& where, double strictness = 1) {
      double error = std::abs(exact - numeric);
      double excess = error - (options.atol + options.rtol * std::abs(numeric)) * strictness;
      if (!(excess <= 0) && !(excess < worst && !result.passed)) {
        worst = excess;
        result = {false,
                  fmt::format("input {} {}: analytic {:.9g}, numeric {:.9g}", positions[i], where, exact, numeric)};
      }
    };
    // All elements at once along a random direction, then elements one by one. The direction is held to more: one wrong
    // element is but a small part of the sum over many.
    int64_t n = wanted[i].numel();
    std::vector<double> direction = randn({n}, {.dtype = f64}, generator).to_vector();
    double exact = 0;
    for (int64_t j = 0; j < n; ++j) exact += direction[j] * gradient[j];
    compare(exact, difference([&](double eps) {
              for (int64_t j = 0; j < n; ++j) x[j] += eps * direction[j];
            }),
            "along a random direction", 0.03);
    int64_t step = std::max<int64_t>(1, n / std::max<int64_t>(1, options.elements));
    for (int64_t j = 0; j < n; j += step)
      compare(gradient[j], difference([&](double eps) { x[j] += eps; }),
              fmt::format("element {} of {}", j, wanted[i].shape()));
  }
  return result;
}

GradcheckResult gradgradcheck(const CheckedFunction& f, const std::vector<Tensor>& inputs, GradcheckOptions options) {
  // The gradient function x, v -> grad(f(x), x, v) is itself checked, in x and in the upstream gradient v.
  std::vector<Tensor> extended = inputs;
  std::size_t count = inputs.size();
  Generator generator(options.seed + 1);
  std::vector<Tensor> outputs;
  {
    EnableGradGuard recording;
    outputs = f(inputs);
  }
  for (const Tensor& y : differentiable(outputs))
    extended.push_back(randn(y.shape(), {.dtype = f64}, generator).requires_grad_());
  auto gradient = [f, count](const std::vector<Tensor>& all) {
    EnableGradGuard recording;
    std::vector<Tensor> own(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)), wanted;
    std::vector<Tensor> upstream(all.begin() + static_cast<std::ptrdiff_t>(count), all.end());
    for (const Tensor& x : own)
      if (x.requires_grad()) wanted.push_back(x);
    std::vector<Tensor> result;
    for (Tensor& g : grad(differentiable(f(own)), wanted, upstream, {.create_graph = true, .allow_unused = true}))
      if (g.defined()) result.push_back(g);
    return result;
  };
  return gradcheck(gradient, extended, options);
}

}  // namespace korrel
