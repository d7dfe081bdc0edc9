#pragma once
// Copies elements between two strided arrays of the same shape: what contiguous(), cat, flip, pad and the gradients of
// views come down to. Knows bytes and strides, no element types; nothing is converted and nothing is checked.

#include <cstddef>

#include <korrel/framework/base/dims.h>

namespace korrel::kernels {

// to[i...] = from[i...] for every index below `shape`. Strides are in elements of `item` bytes (1, 4 or 8) and may be
// negative; those of `from` may be 0 (broadcast). No element of `to` is named twice, and the arrays do not overlap.
void strided_copy(const Shape& shape, std::size_t item, void* to, const Strides& to_strides, const void* from,
                  const Strides& from_strides);

}  // namespace korrel::kernels
