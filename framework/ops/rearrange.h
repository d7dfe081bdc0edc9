// Ops that put elements in other places: joined, repeated, turned round, cut off. All of them copy, in runs as long as
// the layout has; views of the same bytes are in ops/shape.h. A negative dimension counts from the end.
#pragma once

#include <optional>
#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// Tensors one after the other along an existing dimension; the other sizes must agree. Mixed dtypes become the widest
// (bool < u8 < i64 < f32 < f64). A tensor of shape [0] joins anything, as in PyTorch.
Tensor cat(const std::vector<Tensor>& tensors, int64_t dim = 0);
Tensor stack(const std::vector<Tensor>& tensors, int64_t dim = 0);  // equal shapes, along a new dimension

// Copies along each dimension; with more repeats than dimensions new ones come in front. PyTorch: torch.Tensor.repeat
Tensor repeat(const Tensor& x, const Dims& repeats);
Tensor tile(const Tensor& x, const Dims& repeats);  // as repeat, but fewer repeats than dimensions mean the last ones
// Every element `repeats` times (a number, or one for each: i64) in a row, along `dim` or over the flattened x.
Tensor repeat_interleave(const Tensor& x, int64_t repeats, std::optional<int64_t> dim = {});
// Element i repeats[i] times; repeats: i64 [size of dim].
Tensor repeat_interleave(const Tensor& x, const Tensor& repeats, std::optional<int64_t> dim = {});

Tensor flip(const Tensor& x, const Dims& dims);  // the other way round along dims
// Moves elements by `shifts` along `dims`, those that leave at one end enter at the other; no dims: over the flattened
// x.
Tensor roll(const Tensor& x, const Dims& shifts, const Dims& dims = {});
// k quarter turns from dims[0] towards dims[1].
Tensor rot90(const Tensor& x, int64_t k = 1, const Dims& dims = {0, 1});

// [...,m,n]: what lies below (tril) or above (triu) the diagonal, that one included, zero elsewhere.
Tensor tril(const Tensor& x, int64_t diagonal = 0);
Tensor triu(const Tensor& x, int64_t diagonal = 0);
Tensor diag(const Tensor& x, int64_t diagonal = 0);  // a vector onto a diagonal, or the diagonal of a matrix
// x [...,n] -> [...,m,m] with x on that diagonal, m = n + |offset|.
Tensor diag_embed(const Tensor& x, int64_t offset = 0);

// x[i + 1] - x[i] along `dim`, n times; x may be lengthened at both ends first.
Tensor diff(const Tensor& x, int64_t n = 1, int64_t dim = -1, const Tensor& prepend = {}, const Tensor& append = {});

}  // namespace korrel
