// Runs an elementwise function over a broadcast of strided operands into contiguous memory. The function itself comes
// row by row as a RowFunction, written with Highway beside its op (see elementwise-inl.h); here are strides, blocks and
// threads.
#pragma once

#include <cstdint>

#include <korrel/framework/base/dims.h>
#include <korrel/framework/base/dtype.h>

namespace korrel::kernels {

inline constexpr int max_inputs = 3;

// What a row function is given: n consecutive elements of each operand.
struct Row {
  int64_t n;
  void* out;
  const void* in[max_inputs];
  unsigned broadcast;    // 0; or 1 << k where there are two inputs and in[k] is one element for the whole row
  DType dtype;           // the type that is computed with
  const double* params;  // the op's numbers (slopes, bounds); may be null
};
using RowFunction = void (*)(const Row& row);

// A row function per SIMD target: the table that HWY_EXPORT makes.
using Kernel = const RowFunction*;

struct Operand {
  enum class Kind : uint8_t { full, single, strided };  // contiguous in the result's shape; one element; anything else
  const void* data = nullptr;
  int size = 0;  // bytes of an element
  Kind kind = Kind::full;
  const Strides* strides = nullptr;  // of a strided one: in elements, over the result's shape, 0 where broadcast
};

inline constexpr int64_t cheap_grain = 16384;  // of an addition; what costs more has a smaller one

struct Elementwise {
  Kernel kernel;
  DType dtype;
  const double* params = nullptr;
  const Shape* shape;  // of the result
  int64_t n;           // its elements
  void* out;           // contiguous; may be the data of a full input, overlaps no other
  int out_size;        // bytes of an element
  int count;           // of inputs
  Operand in[max_inputs];
  int64_t grain = cheap_grain;  // elements worth a thread
};

void run(const Elementwise& job);

}  // namespace korrel::kernels
