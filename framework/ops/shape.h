// Other shapes of the same elements: views on the same bytes wherever the layout admits one, and their gradients.
// Not here: what moves elements (ops/rearrange.h) and what picks them by index tensors (ops/indexing.h).
// A negative dimension counts from the end. The methods of the same names on Tensor are these functions.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

Tensor reshape(const Tensor& x, const Shape& shape);  // one size may be -1; copies only where no view is possible
Tensor view(const Tensor& x, const Shape& shape);  // reshape without a copy, or ShapeError. PyTorch: torch.Tensor.view
Tensor view_as(const Tensor& x, const Tensor& other);  // view with the shape of other. PyTorch: torch.Tensor.view_as
Tensor flatten(const Tensor& x, int64_t start_dim = 0, int64_t end_dim = -1);  // start_dim ... end_dim become one
Tensor unflatten(const Tensor& x, int64_t dim, const Shape& sizes);  // one may be -1. PyTorch: torch.Tensor.unflatten
Tensor ravel(const Tensor& x);                                       // flatten to one dimension

Tensor permute(const Tensor& x, const Dims& dims);              // dimension i of the result is dimension dims[i] of x
Tensor transpose(const Tensor& x, int64_t dim0, int64_t dim1);  // dim0 and dim1 change places
Tensor t(const Tensor& x);                                      // of a matrix; a vector or a scalar stays as it is
Tensor movedim(const Tensor& x, const Dims& source, const Dims& destination);  // dimension source goes to destination
Tensor movedim(const Tensor& x, int64_t source, int64_t destination);

Tensor squeeze(const Tensor& x);                 // without the dimensions of size 1, or `dim` if it has that
Tensor squeeze(const Tensor& x, int64_t dim);    // without `dim` if its size is 1
Tensor unsqueeze(const Tensor& x, int64_t dim);  // a new `dim` of size 1

// Dimensions of size 1 repeat without a copy; new ones come in front; -1 keeps a size; _as: of other.
Tensor expand(const Tensor& x, const Shape& shape);      // size 1 repeats, -1 stays. PyTorch: torch.Tensor.expand
Tensor expand_as(const Tensor& x, const Tensor& other);  // to the shape of other. PyTorch: torch.Tensor.expand_as
Tensor broadcast_to(const Tensor& x, const Shape& shape);
std::vector<Tensor> broadcast_tensors(const std::vector<Tensor>& tensors);  // all to one shape

Tensor select(const Tensor& x, int64_t dim, int64_t index);  // element `index` of `dim`, which is dropped
Tensor narrow(const Tensor& x, int64_t dim, int64_t start, int64_t length);  // start ... start + length - 1
// x[start:end:step] along `dim`, step > 0; ends as in Python, cut to what there is. PyTorch: torch.Tensor.__getitem__
Tensor slice(const Tensor& x, int64_t dim, int64_t start = 0, int64_t end = INT64_MAX, int64_t step = 1);

// Pieces of `size` along `dim` (the last may be smaller), or of the given sizes, which must add up.
std::vector<Tensor> split(const Tensor& x, int64_t size, int64_t dim = 0);
std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int64_t dim = 0);
// At most `chunks` pieces, of equal size but for the last.
std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int64_t dim = 0);
std::vector<Tensor> unbind(const Tensor& x, int64_t dim = 0);  // x[0], x[1], ...

// Element i of the result along its new last dimension is x[i, i + offset] in dim1, dim2.
Tensor diagonal(const Tensor& x, int64_t offset = 0, int64_t dim1 = 0, int64_t dim2 = 1);
// Windows of `size` every `step` along `dim`, as a new last dimension. PyTorch: torch.Tensor.unfold
Tensor unfold_dimension(const Tensor& x, int64_t dim, int64_t size, int64_t step);

// Vectors (or scalars) [m], [n], ... -> as many tensors [m,n,...]; "xy" swaps the first two dimensions of the results.
std::vector<Tensor> meshgrid(const std::vector<Tensor>& tensors, const char* indexing = "ij");

}  // namespace korrel
