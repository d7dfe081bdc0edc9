// Running reductions along one dimension: element i of the result is made of elements 0..i. The shape stays.
#pragma once

#include <korrel/framework/ops/with_indices.h>

namespace korrel {

Tensor cumsum(const Tensor& x, int64_t dim);   // sums of elements 0..i; integers and booleans give i64; f32 adds in f64
Tensor cumprod(const Tensor& x, int64_t dim);  // products of elements 0..i; integers and booleans give i64
Tensor logcumsumexp(const Tensor& x, int64_t dim);  // log(cumsum(exp(x))) without overflow; floating x only
// The largest (smallest) element so far and where it is: the last of equal ones, as in PyTorch. A NaN stays.
WithIndices cummax(const Tensor& x, int64_t dim);
WithIndices cummin(const Tensor& x, int64_t dim);

}  // namespace korrel
