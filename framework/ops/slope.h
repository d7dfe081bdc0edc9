// activate: an activation as two kernels, its value and grad times its slope, each one pass over memory. For sources of
// ops only.
#pragma once

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/map.h>

namespace korrel {

// grad f'(x), recorded, written over `onto` (grad itself) where that is defined. curve(g, x) gives g f''(x) in ops;
// undefined where f is made of straight lines.
template <class Curve>
Tensor slope(const char* op, kernels::Kernel kernel, const Tensor& grad, const Tensor& x, const MapOptions& options,
             Curve curve, Tensor onto = {}) {
  Tensor gx = map(op, kernel, grad.dtype(), {grad, x}, options, std::move(onto));
  return record(op, std::move(gx), {grad, x}, [=](const Backward& b) -> Gradients {
    return {b.needs(0) ? slope(op, kernel, b.grad, x, options, curve) : Tensor(),
            b.needs(1) ? curve(b.grad * grad, x) : Tensor()};
  });
}

template <class Curve>
Tensor activate(const char* op, kernels::Kernel value, kernels::Kernel grad_times_slope, const Tensor& x,
                const MapOptions& options, Curve curve) {
  Tensor y = map(op, value, checked_floating(op, x), {x}, options);
  return record(op, std::move(y), {x}, [=](const Backward& b) -> Gradients {
    return {slope(op, grad_times_slope, b.grad, x, options, curve, b.reusable_grad())};
  });
}

// The op of relu's nodes, known by its address: an op that relu's result is passed to as a temporary may take over its
// gradient.
extern const char relu_name[];

inline Tensor straight(const Tensor&, const Tensor&) { return {}; }  // the curve of straight lines

}  // namespace korrel
