// Wrong calls: sums, extrema, norms, scans, ordering and searching.
#include <tests/wrong_calls/tables.h>

#include <korrel/korrel.h>

using namespace korrel;

namespace wrong_calls {

std::span<const Row> reductions() {
  static const Row rows[] = {
      {"shape", [] { sum(x(2, 3), 2); }, {"sum: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"shape",
       [] {
         sum(x(2, 3), {0, 0});
       },
       {"sum: dimension 0 is named twice in [0,0]"}},
      {"shape",
       [] {
         sum(x(2, 3), {0, -2});
       },
       {"sum: dimension 0 is named twice in [0,-2]"}},
      {"shape", [] { mean(x(2, 3), -3); }, {"mean: dimension -3 is out of range for rank 2: [-2, 1]"}},
      {"dtype", [] { mean(ints(2, 3)); }, {"mean: expects a floating tensor, x is i64"}},
      {"dtype", [] { var(ints(4)); }, {"var: expects a floating tensor, x is i64"}},
      {"dtype", [] { logsumexp(ints(4), 0); }, {"logsumexp: expects a floating tensor, x is i64"}},
      {"dtype", [] { norm(ints(4)); }, {"norm: expects a floating tensor, x is i64"}},
      {"shape", [] { prod(x(2, 3), 5); }, {"prod: dimension 5 is out of range for rank 2: [-2, 1]"}},
      {"value", [] { sum(Tensor()); }, {"sum: x is undefined"}},
      {"value", [] { mean(Tensor()); }, {"mean: x is undefined"}},
      {"value", [] { amax(x(0)); }, {"amax: has no value over no elements, x is [0] and the dimensions are [0]"}},
      {"value", [] { max(x(2, 0), 1); }, {"max: has no value over no elements, x is [2,0] and the dimensions are [1]"}},
      {"value", [] { argmax(x(0)); }, {"argmax: has no value over no elements, x is [0] and the dimensions are [0]"}},
      {"value",
       [] { argmin(x(3, 0), 1); },
       {"argmin: has no value over no elements, x is [3,0] and the dimensions are [1]"}},
      {"value", [] { median(x(0)); }, {"median: has no value over no elements, x is [0] and the dimensions are [0]"}},
      {"shape", [] { max(x(2, 3), 2); }, {"max: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"shape", [] { argmax(x(2, 3), -3); }, {"argmax: dimension -3 is out of range for rank 2: [-2, 1]"}},
      {"shape", [] { all(x(2, 3), 4); }, {"all: dimension 4 is out of range for rank 2: [-2, 1]"}},
      {"value", [] { kthvalue(x(2, 3), 4); }, {"kthvalue: k is 4, dimension -1 of x [2,3] has 3 elements"}},
      {"value", [] { kthvalue(x(2, 3), 0); }, {"kthvalue: k is 0, dimension -1 of x [2,3] has 3 elements"}},
      {"shape", [] { sum_to(x(2, 3), {2}); }, {"sum_to: [2] does not broadcast to [2,3]"}},
      {"shape", [] { cumsum(x(2, 3), 2); }, {"cumsum: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"shape", [] { cumprod(x(2, 3), -3); }, {"cumprod: dimension -3 is out of range for rank 2: [-2, 1]"}},
      {"dtype", [] { logcumsumexp(ints(3), 0); }, {"logcumsumexp: expects a floating tensor, x is i64"}},
      {"shape", [] { cummax(x(4), 1); }, {"cummax: dimension 1 is out of range for rank 1: [-1, 0]"}},
      {"shape", [] { sort(x(2, 3), 2); }, {"sort: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"value", [] { topk(x(2, 3), 4); }, {"topk: k is 4, dimension 1 has 3 elements", "(x [2,3])"}},
      {"value", [] { topk(x(2, 3), -1); }, {"topk: k is -1, dimension 1 has 3 elements", "(x [2,3])"}},
      {"shape", [] { topk(x(2, 3), 1, 2); }, {"topk: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"dtype", [] { one_hot(x(3)); }, {"one_hot: x must be i64, it is f32"}},
      {"value", [] { one_hot(full({1}, -1, {.dtype = i64}), 4); }, {"one_hot: class -1 is negative"}},
      {"value", [] { one_hot(full({2}, 4, {.dtype = i64}), 4); }, {"one_hot: class 4 of 4 classes"}},
      {"dtype", [] { bincount(x(3)); }, {"bincount: x must be i64 or u8, it is f32"}},
      {"shape", [] { bincount(ints(2, 3)); }, {"bincount: x must be a vector, it is [2,3]"}},
      {"value", [] { bincount(full({1}, -2, {.dtype = i64})); }, {"bincount: -2 is negative"}},
      {"shape", [] { bincount(ints(3), x(4)); }, {"bincount: weights and x differ", "(weights [4], x [3])"}},
      {"shape",
       [] { searchsorted(x(2, 4), x(3, 5)); },
       {"searchsorted: all dimensions but the last must agree", "(sequence [2,4], x [3,5])"}},
      {"dtype", [] { searchsorted(x(4), ints(2)); }, {"searchsorted: the sequence is f32, x is i64"}},
  };
  return rows;
}

}  // namespace wrong_calls
