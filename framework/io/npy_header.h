// The head of an npy file: a magic number and a Python dict that says dtype, order and shape. Called by npy.cpp and
// npz.cpp.
#pragma once

#include <string>

#include <korrel/framework/io/stored_elements.h>

namespace korrel::npy {

struct Header {
  StoredType type = StoredType::f32;
  bool swapped = false;  // big-endian
  bool fortran_order = false;
  Shape shape;
  int64_t data_bytes() const { return stored_bytes(type) * shape.numel(); }
};

// The whole head as bytes, padded so that the data after it starts at a multiple of 64.
std::string write_header(DType dtype, const Shape& shape);

// Reads it from `source`, which has `available` bytes from here on, and checks that the data after it fits. Throws
// IoError beginning with `where`.
Header read_header(ByteSource& source, int64_t available, const std::string& where);

// The array after its header: read_header, then the elements, in row-major order. Throws if bytes are left over.
Tensor read_array(ByteSource& source, int64_t available, const std::string& where);

}  // namespace korrel::npy
