// Copies a strided array into contiguous memory as another element type. Copies that convert nothing are
// strided_copy.h. Knows no tensors; ops/copy.cpp calls it.
#pragma once

#include <korrel/framework/base/dims.h>
#include <korrel/framework/base/dtype.h>

namespace korrel::kernels {

// to[i] = from at index i, in row-major order. `strides` in elements, any sign, 0 where broadcast. Floats become
// integers by truncation, numbers become bool by "is not zero".
void convert(DType to_dtype, void* to, DType from_dtype, const void* from, const Shape& shape, const Strides& strides);

}  // namespace korrel::kernels
