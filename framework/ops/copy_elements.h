// Copies elements between two tensors of the same shape and dtype, whatever their strides, outside any graph.
// For sources of ops only; users have clone() and contiguous().
#pragma once

#include <korrel/framework/kernels/strided_copy.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

inline void copy_elements(Tensor& to, const Tensor& from) {
  kernels::strided_copy(from.shape(), size_of(from.dtype()), to.raw_data(), to.strides(), from.raw_data(),
                        from.strides());
}

}  // namespace korrel
