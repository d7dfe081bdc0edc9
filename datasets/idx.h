// The idx format of MNIST (http://yann.lecun.com/exdb/mnist/): a magic number, sizes, then bytes; gzip'd or not.
// Unsigned bytes only, which is what the image data sets use.
#pragma once

#include <string>

#include <korrel/framework/tensor/tensor.h>

namespace korrel::datasets {

// The u8 tensor in the file. Throws IoError naming the path, the rule and the values if it is not idx of unsigned bytes
// with `rank` dimensions, is truncated, or has bytes left over. Allocates no more than the file can hold.
Tensor load_idx(const std::string& path, int rank);

}  // namespace korrel::datasets
