// Sums of products named by their indices, as torch.einsum and torch.tensordot: composed of diagonals, permutations and
// batched matrix products (ops/matmul.h), so gradients of any order come with them.
#pragma once

#include <string_view>
#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// einsum("bij,bjk->bik", {a, b}): an index that the result lacks is summed over. Indices are letters, "..." stands for
// leading dimensions that broadcast, a repeated index takes the diagonal, spaces do not matter. Without "->" the result
// has the indices that occur once, "..." first, capitals before small letters. More than two operands are multiplied
// from left to right. Operands share one dtype; a size of 1 broadcasts. Throws ValueError for a malformed equation and
// ShapeError for sizes that differ.
Tensor einsum(std::string_view equation, const std::vector<Tensor>& operands);

// Sums over the last `dims` dimensions of a and the first of b, or over the pairs listed; the result has a's remaining
// dimensions, then b's.
Tensor tensordot(const Tensor& a, const Tensor& b, int64_t dims = 2);
Tensor tensordot(const Tensor& a, const Tensor& b, const Dims& a_dims, const Dims& b_dims);

}  // namespace korrel
