// A pooling call after its checks: the geometry that the kernels are given, and the shapes outside. For sources of ops
// only: ops/pooling.cpp computes and records, this says what.
#pragma once

#include <korrel/framework/kernels/pooling.h>
#include <korrel/framework/kernels/window_pooling.h>
#include <korrel/framework/ops/options.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel::pooling {

struct Names {
  const char *op, *gradient;
};

// What pools: windows on a regular grid, or (adaptive) as many as the output has, as even as can be.
struct Form {
  Names names;
  kernels::PoolGeometry geometry;
  bool adaptive = false;
  Shape x, y;  // as the user sees them

  int64_t plane_size() const { return geometry.in[0] * geometry.in[1] * geometry.in[2]; }
  int64_t window_count() const { return geometry.out[0] * geometry.out[1] * geometry.out[2]; }
  // Whether kernels/pooling.h does it (small windows, not the whole plane at once), or else kernels/window_pooling.h.
  bool on_grid() const;
  kernels::WindowGeometry windows() const;
};

struct GridOptions {
  PerAxis stride, padding, dilation = 1;
  bool ceil_mode = false;
};

// Check x and the options for `axes` spatial axes; throw ShapeError, ValueError or DtypeError naming the op.
Form grid_form(const Names& names, int axes, const Tensor& x, const PerAxis& kernel_size, const GridOptions& options);
Form adaptive_form(const Names& names, int axes, const Tensor& x, const PerAxis& output_size);

}  // namespace korrel::pooling
