// Python's x[...] and x[...] = value, and their kin by masks: index(x, {Slice{1, 4}, 2, None, Ellipsis, tensor}).
// Indexing along one dimension by a tensor (index_select, gather, scatter) is in ops/gather.h.
#pragma once

#include <optional>
#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// start:end:step; what is left out reaches to the ends. step > 0.
struct Slice {
  std::optional<int64_t> start = {}, end = {};
  int64_t step = 1;
};
struct NewAxis {};
struct AllDims {};
inline constexpr NewAxis None;      // a new dimension of size 1
inline constexpr AllDims Ellipsis;  // as many whole dimensions as are missing

// One entry of x[...].
class Index {
 public:
  enum class Kind { number, slice, none, ellipsis, tensor };

  Index(int64_t number) : kind_(Kind::number), number_(number) {}
  Index(int number) : kind_(Kind::number), number_(number) {}
  Index(bool) = delete;  // a mask is a boolean tensor
  Index(const Slice& slice) : kind_(Kind::slice), slice_(slice) {}
  Index(NewAxis) : kind_(Kind::none) {}
  Index(AllDims) : kind_(Kind::ellipsis) {}
  Index(const Tensor& tensor) : kind_(Kind::tensor), tensor_(tensor) {}  // i64 numbers or a boolean mask

  Kind kind() const { return kind_; }
  int64_t number() const { return number_; }
  const Slice& slice() const { return slice_; }
  const Tensor& tensor() const { return tensor_; }

 private:
  Kind kind_;
  int64_t number_ = 0;
  Slice slice_;
  Tensor tensor_;
};

// x[indices...]: a view as long as no entry is a tensor. Index tensors broadcast against each other and stand for one
// block of dimensions: in their place if they are neighbours, in front otherwise. A mask stands for its nonzero()
// columns. PyTorch: torch.Tensor.__getitem__
Tensor index(const Tensor& x, const std::vector<Index>& indices);
// x after x[indices...] = value (which broadcasts), or += with accumulate; x itself does not change. Of a place that is
// named twice the last value stays.
struct IndexPutOptions {
  bool accumulate = false;
};
Tensor index_put(const Tensor& x, const std::vector<Index>& indices, const Tensor& value, IndexPutOptions options = {});

Tensor masked_select(const Tensor& x, const Tensor& mask);  // the elements where the mask holds, in order: [count]
// x with the elements where the mask holds replaced by those of source, in order; the mask broadcasts to x.
Tensor masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source);
Tensor nonzero(const Tensor& x);  // i64 [count, dimensions]: where the elements are that are not zero

}  // namespace korrel
