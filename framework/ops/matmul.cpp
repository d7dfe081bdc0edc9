#include <korrel/framework/ops/matmul.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/lazy_text.h>
#include <korrel/framework/kernels/matmul.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

auto shapes(const Tensor& a, const Tensor& b) {
  return Lazy{[&a, &b] { return fmt::format("(a {}, b {})", a.shape(), b.shape()); }};
}

void check_operands(const char* op, const Tensor& a, const Tensor& b) {
  check_defined(op, {{a, "a"}, {b, "b"}});
  check<DtypeError>(a.dtype() == b.dtype() && a.dtype() != boolean,
                    "{}: a and b must have one dtype, f32, f64, i64 or u8, are {} and {}", op, a.dtype(), b.dtype());
}
void check_ranks(const char* op, const Tensor& a, int a_rank, const Tensor& b, int b_rank) {
  check_operands(op, a, b);
  check<ShapeError>(a.dim() == a_rank && b.dim() == b_rank, "{}: a needs {} dimensions and b {} {}", op, a_rank, b_rank,
                    shapes(a, b));
}

// The dimensions in front of the matrices, those merged that one stride serves, for a and b alike.
struct Batches {
  Dims sizes, a_strides, b_strides;

  Batches(const Shape& batch, const Strides& a, const Strides& b) {
    for (int i = 0; i < batch.rank(); ++i) {
      if (batch[i] == 1) continue;
      bool merges = !sizes.empty() && a_strides.back() == a[i] * batch[i] && b_strides.back() == b[i] * batch[i];
      if (!merges) {
        sizes.push_back(1);
        a_strides.push_back(0);
        b_strides.push_back(0);
      }
      sizes.back() *= batch[i];
      a_strides.back() = a[i];
      b_strides.back() = b[i];
    }
    if (sizes.empty()) sizes = {1}, a_strides = b_strides = {0};
  }
};

// Products of integers, which wrap around as they do in PyTorch: in plain loops, they are for counting.
template <class T>
void integer_product(int64_t count, int64_t m, int64_t n, int64_t k, const T* a,
                     const kernels::MatrixStrides& a_strides, const T* b, const kernels::MatrixStrides& b_strides,
                     T* y) {
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t row = 0; row < m; ++row) {
      const T* left = a + i * a_strides.batch + row * a_strides.row;
      for (int64_t column = 0; column < n; ++column) {
        const T* right = b + i * b_strides.batch + column * b_strides.col;
        uint64_t sum = 0;
        for (int64_t j = 0; j < k; ++j)
          sum += static_cast<uint64_t>(left[j * a_strides.col]) * static_cast<uint64_t>(right[j * b_strides.row]);
        *y++ = static_cast<T>(sum);
      }
    }
  }
}

// a [...,m,k] and b [...,k,n], strided in any way, whose leading dimensions broadcast -> [...,m,n].
Tensor product(const char* op, const Tensor& a, const Tensor& b) {
  int a_rank = a.dim(), b_rank = b.dim();
  int64_t m = a.size(-2), k = a.size(-1), n = b.size(-1);
  check<ShapeError>(b.size(-2) == k, "{}: a has {} columns, b {} rows {}", op, k, b.size(-2), shapes(a, b));
  Shape batch;
  Strides a_batch, b_batch;
  if (a_rank > 2 || b_rank > 2) {
    batch = broadcast_shapes(op, a.shape().slice(0, a_rank - 2), b.shape().slice(0, b_rank - 2));
    auto batch_strides = [&](const Tensor& x) {
      Layout leading{x.shape().slice(0, x.dim() - 2), x.strides().slice(0, x.dim() - 2), 0};
      return leading.expanded(batch).strides;
    };
    a_batch = batch_strides(a);
    b_batch = batch_strides(b);
  }
  Shape shape = batch;
  shape.push_back(m);
  shape.push_back(n);
  Tensor y = make_tensor(shape, a.dtype());
  Batches batches(batch, a_batch, b_batch);

  visit(a.dtype(), [&]<class T>() {
    int last = batches.sizes.rank() - 1;
    kernels::MatrixStrides a_strides{batches.a_strides[last], a.strides()[a_rank - 2], a.strides()[a_rank - 1]};
    kernels::MatrixStrides b_strides{batches.b_strides[last], b.strides()[b_rank - 2], b.strides()[b_rank - 1]};
    int64_t inner = batches.sizes[last], outer = batches.sizes.slice(0, last).numel();
    for (int64_t i = 0; i < outer && inner > 0; ++i) {
      int64_t rest = i, a_offset = 0, b_offset = 0;
      for (int dim = last - 1; dim >= 0; --dim) {
        int64_t index = rest % batches.sizes[dim];
        rest /= batches.sizes[dim];
        a_offset += index * batches.a_strides[dim];
        b_offset += index * batches.b_strides[dim];
      }
      const T *left = static_cast<const T*>(a.raw_data()) + a_offset,
              *right = static_cast<const T*>(b.raw_data()) + b_offset;
      T* to = y.data<T>() + i * inner * m * n;
      if constexpr (std::is_floating_point_v<T>)
        kernels::matmul(inner, m, n, k, left, a_strides, right, b_strides, to);
      else
        integer_product(inner, m, n, k, left, a_strides, right, b_strides, to);
    }
  });
  return record(
      op, y, {a, b},
      [a = b.requires_grad() ? a : Tensor(), b = a.requires_grad() ? b : Tensor()](const Backward& bw) -> Gradients {
        return {bw.needs(0) ? product("matmul_gradient", bw.grad, b.transpose(-2, -1)) : Tensor(),
                bw.needs(1) ? product("matmul_gradient", a.transpose(-2, -1), bw.grad) : Tensor()};
      });
}

// The product of all sizes but the last `kept`.
int64_t rows_of(const Shape& shape, int kept) { return shape.slice(0, shape.rank() - kept).numel(); }

Shape with_last(const Shape& shape, int64_t size) {
  Shape result = shape;
  result.back() = size;
  return result;
}

// beta * input + alpha * y. A beta of zero leaves input out, whatever is in it.
Tensor blended(const char* op, const Tensor& input, Tensor y, const AddmmOptions& options) {
  check_defined(op, input, "input");
  check<DtypeError>(input.dtype() == y.dtype(), "{}: input is {}, a and b are {}", op, input.dtype(), y.dtype());
  check<ShapeError>(input.dim() <= y.dim() && broadcast_shapes(op, input.shape(), y.shape()) == y.shape(),
                    "{}: input {} does not broadcast to the product's {}", op, input.shape(), y.shape());
  // Of integers the factors are whole, too.
  auto factor = [&](const char* name, double value) {
    if (is_floating(y.dtype())) return Scalar(value);
    check<DtypeError>(value == std::floor(value), "{}: {} is {}, a and b are {}", op, name, value, y.dtype());
    return Scalar(static_cast<int64_t>(value));
  };
  if (options.alpha != 1) y = y * factor("alpha", options.alpha);
  if (options.beta == 0) {
    if (!input.requires_grad()) return y;
    return record(op, y.detach(), {input, y}, [input = input.detach()](const Backward& b) -> Gradients {
      return {zeros_like(input), b.grad};
    });
  }
  return (options.beta == 1 ? input : input * factor("beta", options.beta)) + y;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_operands("matmul", a, b);
  int a_rank = a.dim(), b_rank = b.dim();
  check<ShapeError>(a_rank > 0 && b_rank > 0, "matmul: both operands need at least one dimension {}", shapes(a, b));
  check<ShapeError>(a.size(-1) == b.size(b_rank == 1 ? 0 : -2), "matmul: a has {} columns, b {} rows {}", a.size(-1),
                    b.size(b_rank == 1 ? 0 : -2), shapes(a, b));
  if (b_rank <= 2 && a_rank > 2) {  // a batch of rows is just more rows
    Tensor y = matmul(a.reshape({rows_of(a.shape(), 1), a.size(-1)}), b);
    Shape shape = a.shape().slice(0, a_rank - 1);
    if (b_rank == 2) shape.push_back(b.size(1));
    return y.reshape(shape);
  }
  if (a_rank > 1 && b_rank > 1) return product("matmul", a, b);
  Tensor y = product("matmul", a_rank == 1 ? a.unsqueeze(0) : a, b_rank == 1 ? b.unsqueeze(1) : b);
  if (b_rank == 1) y = y.squeeze(-1);
  if (a_rank == 1) y = y.squeeze(b_rank == 1 ? -1 : -2);
  return y;
}

Tensor mm(const Tensor& a, const Tensor& b) {
  check_ranks("mm", a, 2, b, 2);
  return product("mm", a, b);
}
Tensor bmm(const Tensor& a, const Tensor& b) {
  check_ranks("bmm", a, 3, b, 3);
  check<ShapeError>(a.size(0) == b.size(0), "bmm: a is a batch of {}, b of {} {}", a.size(0), b.size(0), shapes(a, b));
  return product("bmm", a, b);
}
Tensor mv(const Tensor& a, const Tensor& x) {
  check_defined("mv", {{a, "a"}, {x, "x"}});
  check_ranks("mv", a, 2, x, 1);
  return product("mv", a, x.unsqueeze(1)).squeeze(1);
}
Tensor dot(const Tensor& a, const Tensor& b) {
  check_ranks("dot", a, 1, b, 1);
  check<ShapeError>(a.size(0) == b.size(0), "dot: a has {} elements, b {}", a.size(0), b.size(0));
  return product("dot", a.unsqueeze(0), b.unsqueeze(1)).reshape({});
}
Tensor outer(const Tensor& a, const Tensor& b) {
  check_defined("outer", {{a, "a"}, {b, "b"}});
  check<ShapeError>(a.dim() == 1 && b.dim() == 1, "outer: a and b need 1 dimension {}", shapes(a, b));
  return a.unsqueeze(1) * b.unsqueeze(0);
}

Tensor addmm(const Tensor& input, const Tensor& a, const Tensor& b, const AddmmOptions& options) {
  check_ranks("addmm", a, 2, b, 2);
  return blended("addmm", input, product("addmm", a, b), options);
}
Tensor baddbmm(const Tensor& input, const Tensor& a, const Tensor& b, const AddmmOptions& options) {
  check_ranks("baddbmm", a, 3, b, 3);
  check<ShapeError>(a.size(0) == b.size(0), "baddbmm: a is a batch of {}, b of {} {}", a.size(0), b.size(0),
                    shapes(a, b));
  return blended("baddbmm", input, product("baddbmm", a, b), options);
}

Tensor linear(const Tensor& any_x, const Tensor& any_weight, const Tensor& any_bias) {
  check_defined("linear", {{any_x, "x"}, {any_weight, "weight"}});
  auto both = Lazy{[&] { return fmt::format("(x {}, weight {})", any_x.shape(), any_weight.shape()); }};
  check<DtypeError>(is_floating(any_x.dtype()) && any_weight.dtype() == any_x.dtype(),
                    "linear: x and weight must both be f32 or f64, are {} and {}", any_x.dtype(), any_weight.dtype());
  check<ShapeError>(any_weight.dim() == 2 && any_x.dim() >= 1, "linear: x needs at least 1 dimension and weight 2 {}",
                    both);
  check<ShapeError>(any_x.size(-1) == any_weight.size(1), "linear: weight expects {} features, x has {} {}",
                    any_weight.size(1), any_x.size(-1), both);
  if (any_bias.defined()) {
    check<DtypeError>(any_bias.dtype() == any_x.dtype(), "linear: bias is {}, x is {}", any_bias.dtype(),
                      any_x.dtype());
    check<ShapeError>(any_bias.shape() == Shape{any_weight.size(0)}, "linear: bias needs shape [{}], has {} {}",
                      any_weight.size(0), any_bias.shape(), both);
  }
  const Tensor x = any_x.contiguous(), weight = any_weight.contiguous(),
               bias = any_bias.defined() ? any_bias.contiguous() : any_bias;
  int64_t in = weight.size(1), out = weight.size(0), rows = rows_of(x.shape(), 1);
  Tensor y = make_tensor(with_last(x.shape(), out), x.dtype());
  visit_floating(x.dtype(), [&]<class T>() {
    kernels::matmul(1, rows, out, in, x.data<T>(), {0, in, 1}, weight.data<T>(), {0, 1, in}, y.data<T>(),
                    bias.defined() ? bias.data<T>() : nullptr);
  });
  return record("linear", y, {x, weight, bias},
                [rows, in, out, shape = x.shape(), x = weight.requires_grad() ? x : Tensor(),
                 weight = x.requires_grad() ? weight : Tensor()](const Backward& b) -> Gradients {
                  Tensor g = b.grad.reshape({rows, out});
                  return {b.needs(0) ? product("linear_gradient", g, weight).reshape(shape) : Tensor(),
                          b.needs(1) ? product("linear_gradient", g.t(), x.reshape({rows, in})) : Tensor(),
                          b.needs(2) ? sum(g, 0) : Tensor()};
                });
}

Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias) {
  check_defined("bilinear", {{x1, "x1"}, {x2, "x2"}, {weight, "weight"}});
  check<DtypeError>(is_floating(x1.dtype()) && x1.dtype() == x2.dtype(),
                    "bilinear: x1 and x2 must both be f32 or f64, are {} and {}", x1.dtype(), x2.dtype());
  auto all = Lazy{[&] { return fmt::format("(x1 {}, x2 {}, weight {})", x1.shape(), x2.shape(), weight.shape()); }};
  check<DtypeError>(weight.dtype() == x1.dtype(), "bilinear: weight is {}, x1 is {}", weight.dtype(), x1.dtype());
  check<ShapeError>(weight.dim() == 3 && x1.dim() >= 1 && x2.dim() == x1.dim() &&
                        x1.shape().slice(0, x1.dim() - 1) == x2.shape().slice(0, x2.dim() - 1),
                    "bilinear: x1 and x2 need the same sizes but for the last, weight 3 dimensions {}", all);
  check<ShapeError>(x1.size(-1) == weight.size(1) && x2.size(-1) == weight.size(2),
                    "bilinear: weight expects {} and {} features, x1 has {} and x2 {} {}", weight.size(1),
                    weight.size(2), x1.size(-1), x2.size(-1), all);
  int64_t rows = rows_of(x1.shape(), 1), out = weight.size(0), in1 = weight.size(1), in2 = weight.size(2);
  Tensor half = product("bilinear", x1.reshape({rows, in1}), weight.permute({1, 0, 2}).reshape({in1, out * in2}));
  Tensor y = product("bilinear", half.reshape({rows, out, in2}), x2.reshape({rows, in2, 1}))
                 .reshape(with_last(x1.shape(), out));
  if (!bias.defined()) return y;
  check<DtypeError>(bias.dtype() == x1.dtype(), "bilinear: bias is {}, x1 is {}", bias.dtype(), x1.dtype());
  check<ShapeError>(bias.shape() == Shape{out}, "bilinear: bias needs shape [{}], has {} {}", out, bias.shape(), all);
  return y + bias;
}

Tensor kron(const Tensor& a, const Tensor& b) {
  check_defined("kron", {{a, "a"}, {b, "b"}});
  int rank = std::max(a.dim(), b.dim());
  check<ShapeError>(2 * rank <= Dims::max_rank, "kron: at most {} dimensions {}", Dims::max_rank / 2, shapes(a, b));
  Shape a_spread, b_spread, shape;
  for (int i = 0; i < rank; ++i) {
    int64_t m = i < rank - a.dim() ? 1 : a.shape()[i - rank + a.dim()],
            n = i < rank - b.dim() ? 1 : b.shape()[i - rank + b.dim()];
    a_spread.push_back(m);
    a_spread.push_back(1);
    b_spread.push_back(1);
    b_spread.push_back(n);
    shape.push_back(m * n);
  }
  return (a.reshape(a_spread) * b.reshape(b_spread)).reshape(shape);
}

}  // namespace korrel
