// Wrong calls: gradients asked for where there are none; elements read as what they are not.
#include <tests/wrong_calls/tables.h>

#include <korrel/framework/base/parallel.h>

#include <korrel/korrel.h>

using namespace korrel;

namespace wrong_calls {

std::span<const Row> autograd() {
  static const Row rows[] = {
      {"value", [] { x(1).backward(); }, {"backward: the output, f32 [1], requires no gradient"}},
      {"shape", [] { leaf(3).backward(); }, {"backward: an output of shape [3] needs an upstream gradient"}},
      {"shape", [] { (leaf(3) * 2).backward(x(4)); }, {"backward: the upstream gradient is [4], the output [3]"}},
      {"dtype",
       [] { (leaf(3) * 2).backward(zeros({3}, {.dtype = f64})); },
       {"backward: the upstream gradient is f64, the output f32"}},
      {"value",
       [] {
         Tensor y = sum(leaf(3) * leaf(3));
         y.backward();
         y.backward();
       },
       {"backward: the graph of sum was freed by an earlier backward"}},
      {"value",
       [] {
         Tensor a = leaf(3), y = exp(a);
         sum(y).backward();
         sum(y * y).backward();
       },
       {"backward: the graph of exp was freed by an earlier backward"}},
      {"value",
       [] {
         backward({sum(leaf(2))}, {x(), x()});
       },
       {"backward: 2 upstream gradients for 1 outputs"}},
      {"value", [] { backward({Tensor()}); }, {"backward: an output is undefined"}},
      {"value", [] { grad({sum(x(3))}, {leaf(3)}); }, {"backward: the output, f32 [], requires no gradient"}},
      {"value", [] { grad({sum(leaf(3))}, {x(3)}); }, {"grad: input 0 requires no gradient"}},
      {"value", [] { grad({sum(leaf(3))}, {leaf(2)}); }, {"grad: the outputs do not depend on input 0 (shape [2])"}},
      {"value", [] { grad({sum(leaf(3))}, {Tensor()}); }, {"grad: input 0 requires no gradient"}},
      {"value",
       [] {
         NoGradGuard guard;
         sum(leaf(3)).backward();
       },
       {"backward: the output, f32 [], requires no gradient"}},
      {"value", [] { sum(leaf(3).detach()).backward(); }, {"backward: the output, f32 [], requires no gradient"}},
      {"value", [] { sum(gt(leaf(3), 0).to(f32)).backward(); }, {"backward: the output, f32 [], requires no gradient"}},
      {"dtype",
       [] { ints(3).requires_grad_(); },
       {"requires_grad_: only floating tensors have gradients, this is i64"}},
      {"dtype",
       [] { zeros({3}, {.dtype = i64, .requires_grad = true}); },
       {"requires_grad_: only floating tensors have gradients, this is i64"}},
      {"value", [] { (leaf(3) * 2).requires_grad_(false); }, {"requires_grad_: this tensor came from an op"}},
      {"value",
       [] { x(3).register_hook([](const Tensor&) {}); },
       {"register_hook: this tensor, f32 [3], requires no gradient"}},
      {"value", [] { x(3).retain_grad(); }, {"retain_grad: this tensor, f32 [3], requires no gradient"}},
      {"shape",
       [] {
         Tensor a = leaf(3);
         a.register_hook([](const Tensor&) { return x(2); });
         sum(a).backward();
       },
       {"hook: returned [2] for a gradient of shape [3]"}},
      {"dtype",
       [] {
         Tensor a = leaf(3);
         a.register_hook([](const Tensor& g) { return g.to(f64); });
         sum(a).backward();
       },
       {"hook: returned f64 for a gradient of f32"}},
      {"shape", [] { leaf(3).set_grad(x(2)); }, {"set_grad: the gradient is [2], the tensor [3]"}},
      {"dtype", [] { leaf(3).set_grad(ints(3)); }, {"set_grad: the gradient is i64, the tensor f32"}},
      {"value",
       [] { gradcheck([](const std::vector<Tensor>& in) { return exp(in[0]); }, {zeros({2}, {.dtype = f64})}); },
       {"gradcheck: no input requires a gradient"}},
      {"dtype",
       [] { gradcheck([](const std::vector<Tensor>& in) { return exp(in[0]); }, {leaf(2)}); },
       {"gradcheck: input 0 is f32; central differences need f64"}},
      {"value", [] { x(2).item(); }, {"item: needs exactly one element, shape is [2]"}},
      {"value", [] { x(0).item(); }, {"item: needs exactly one element, shape is [0]"}},
      {"dtype", [] { x(3).data<double>(); }, {"data: the tensor is f32, asked for f64"}},
      {"value",
       [] { x(2, 3).t().data<float>(); },
       {"data: the tensor is a view of shape [3,2] with strides [1,3]; call contiguous() first"}},
      {"shape", [] { x(2, 3).size(2); }, {"size: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"shape", [] { x().size(0); }, {"size: a scalar has no dimension 0"}},
      {"value", [] { set_num_threads(0); }, {"set_num_threads: expects a number from 1 to 1024, got 0"}},
  };
  return rows;
}

}  // namespace wrong_calls
