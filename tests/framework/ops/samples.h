// Sample rows: for every op a few calls on small made-up inputs. samples_test.cpp drives each row through gradcheck and
// gradgradcheck, f32 against f64, strided inputs, batches of one and none, every SIMD target, several threads, and
// counts the nodes left behind; it fails for an op of framework/ops/*.h that has no row.
//
//   static const samples::Rows rows = {
//       {"exp", {real({2, 3})}, [](Inputs x) { return exp(x[0]); }},
//       {"conv2d", {real({2, 3, 6, 6}).batch(), real({4, 3, 3, 3})}, [](Inputs x) { return conv2d(x[0], x[1]); }},
//   };
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace samples {

using korrel::Shape;
using korrel::Tensor;
using Inputs = const std::vector<Tensor>&;

// How one tensor argument is made; the same values at every call.
struct Arg {
  enum class Kind { real, distinct, index, mask };
  Kind kind = Kind::real;
  Shape shape;
  double low = -2, high = 2;  // of real values; an index lies in [0, high)
  bool differentiable = true;
  int batch_dim = -1;  // the dimension that may be 1 or 0 as well

  Arg batch(int dim = 0) const {
    Arg arg = *this;
    arg.batch_dim = dim;
    return arg;
  }
  Arg constant() const {  // takes no gradient
    Arg arg = *this;
    arg.differentiable = false;
    return arg;
  }
};

inline Arg real(const Shape& shape, double low = -2, double high = 2) { return {Arg::Kind::real, shape, low, high}; }
inline Arg positive(const Shape& shape) { return real(shape, 0.5, 2); }
inline Arg distinct(const Shape& shape) {
  return {Arg::Kind::distinct, shape};
}  // no ties, neighbours 0.1 apart or more
inline Arg index(const Shape& shape, int64_t bound) {
  return {Arg::Kind::index, shape, 0, static_cast<double>(bound), false};
}
inline Arg mask(const Shape& shape) { return {Arg::Kind::mask, shape, 0, 1, false}; }

struct Outputs : std::vector<Tensor> {
  Outputs(Tensor y) { push_back(std::move(y)); }
  Outputs(std::vector<Tensor> ys) : std::vector<Tensor>(std::move(ys)) {}
};

struct Row {
  std::string op;  // its name in the header
  std::vector<Arg> args;
  std::function<Outputs(Inputs)> call;
  bool second_order =
      true;  // false only where the gradient is constant by nature or PyTorch has none; say why beside it
  double f32_tolerance = 1e-4;  // f32 against f64, relative to max(1, |value|)
  bool differentiable = true;   // false: comparisons, argmax, ...
};

struct Rows {
  Rows(std::initializer_list<Row> rows);
};
const std::vector<Row>& all_rows();

}  // namespace samples
