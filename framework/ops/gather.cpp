#include <korrel/framework/ops/gather.h>

#include <algorithm>
#include <atomic>
#include <string_view>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/rows.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

void same_dtype(const char* op, const Tensor& x, const Tensor& values, const char* name) {
  check_defined(op, {{x, "x"}, {values, name}});
  check<DtypeError>(x.dtype() == values.dtype(), "{}: x is {}, {} is {}", op, x.dtype(), name, values.dtype());
}

// The elements that an index along `dim` names, one for each of its own: (i, j) stands for (index[i][j], j) if dim is
// 0. visit(i, positions, n) gets those of the index's elements i to i + n as they are found, still in L1; from several
// threads if `parallel`. Unless they are to be kept, nobody writes them to memory: 8 bytes for an element of 4.
template <class Visit>
Rows elements_along(const char* op, const Tensor& x, int64_t dim, const Tensor& index, bool parallel, bool kept,
                    const Visit& visit) {
  check_defined(op, {{x, "x"}, {index, "index"}});
  int place = wrap_dim(op, dim, x.dim()), rank = std::max(x.dim(), 1);
  Shape sizes = x.dim() == 0 ? Shape{1} : x.shape(), counts = index.dim() == 0 ? Shape{1} : index.shape();
  check<ShapeError>(counts.rank() == rank, "{}: the index needs as many dimensions as x (index {}, x {})", op,
                    index.shape(), x.shape());
  for (int i = 0; i < rank; ++i)
    check<ShapeError>(i == place || counts[i] <= sizes[i] || index.numel() == 0,
                      "{}: the index is larger than x at dimension {} (index {}, x {})", op, i, index.shape(),
                      x.shape());
  check<DtypeError>(index.dtype() == i64, "{}: the index must be i64, it is {}", op, index.dtype());
  Tensor numbers = index.detach().contiguous(), positions = make_tensor({kept ? index.numel() : 0}, i64);
  const int64_t size = sizes[place], *number = numbers.data<int64_t>();
  Strides strides = contiguous_strides(sizes);
  int64_t* position = positions.data<int64_t>();
  const int64_t run = counts[rank - 1], stride = strides[place], step = place == rank - 1 ? 0 : 1;
  if (index.numel() == 0) return {1, x.numel(), 1, positions};
  std::atomic<bool> stranger = false;
  const int64_t runs = index.numel() / run, grain = parallel ? 1 + 16384 / run : runs;
  // Whole rows of x, of which the index picks some elements each: nothing to count.
  bool whole = place == rank - 1;
  for (int d = 0; d < rank - 1; ++d) whole &= counts[d] == sizes[d];
  parallel_for(runs, grain, [&](int64_t begin, int64_t end) {
    constexpr int64_t block = 512;
    int64_t found[block];
    Dims at = Dims::filled(rank, 0);  // of a run along the last dimension
    int64_t start = begin * size;
    if (!whole) {
      start = 0;
      for (int64_t d = rank - 2, rest = begin; d >= 0; --d) {
        const int i = static_cast<int>(d);
        at[i] = rest % counts[i];
        rest /= counts[i];
        if (i != place) start += at[i] * strides[i];
      }
    }
    if (whole && run <= 32) {  // short runs: many rows at a time
      const int64_t together = block / run * run;
      for (int64_t i = begin * run; i < end * run; i += together) {
        const int64_t n = std::min(together, end * run - i);
        if (first_outside(number + i, n, -size, size) < n) {
          stranger = true;
          return;
        }
        int64_t* to = kept ? position + i : found;
        for (int64_t j = 0; j < n; start += size)
          for (const int64_t stop = j + run; j < stop; ++j)
            to[j] = start + number[i + j] + (number[i + j] < 0 ? size : 0);
        visit(i, to, n);
      }
      return;
    }
    for (int64_t i = begin * run; i < end * run; i += run) {
      for (int64_t j0 = 0; j0 < run; j0 += block) {
        const int64_t n = std::min(block, run - j0), *from = number + i + j0;
        if (first_outside(from, n, -size, size) < n) {
          stranger = true;
          return;
        }
        int64_t* to = kept ? position + i + j0 : found;
        const int64_t first = start + j0 * step;
        for (int64_t j = 0; j < n; ++j) to[j] = first + (from[j] + (from[j] < 0 ? size : 0)) * stride + j * step;
        visit(i + j0, to, n);
      }
      if (whole) {
        start += size;
        continue;
      }
      for (int d = rank - 2; d >= 0; --d) {
        const int64_t own = d == place ? 0 : strides[d];
        start += own;
        if (++at[d] < counts[d]) break;
        start -= own * counts[d];
        at[d] = 0;
      }
    }
  });
  if (stranger) Rows::along(op, sizes, place, index);  // throws
  return {1, x.numel(), 1, positions};
}
Rows elements_along(const char* op, const Tensor& x, int64_t dim, const Tensor& index) {
  return elements_along(op, x, dim, index, true, true, [](int64_t, const int64_t*, int64_t) {});
}

Tensor gathered(const char* op, const Tensor& x, int64_t dim, const Tensor& index) {
  check_defined(op, {{x, "x"}, {index, "index"}});
  Tensor dense = x.detach().contiguous(), y = make_tensor(index.shape(), x.dtype());
  const bool recorded = grad_enabled() && x.requires_grad();
  Rows rows;
  auto copy = [&](const auto* from, auto* to) {
    rows = elements_along(op, x, dim, index, true, recorded, [from, to](int64_t i, const int64_t* at, int64_t n) {
      for (int64_t j = 0; j < n; ++j) to[i + j] = from[at[j]];
    });
  };
  visit(x.dtype(), [&]<class T>() { copy(dense.data<T>(), y.data<T>()); });
  return recorded ? rows.record_take(op, y, x) : y;
}

// The part of src that an index of `shape` speaks of.
Tensor part_for(const char* op, const Tensor& src, const Shape& shape) {
  check<ShapeError>(src.dim() == shape.rank(),
                    "{}: the index and src differ in the number of dimensions (index {}, src {})", op, shape,
                    src.shape());
  Tensor part = src;
  for (int i = 0; i < shape.rank(); ++i) {
    check<ShapeError>(shape[i] <= src.shape()[i], "{}: the index is larger than src at dimension {} (index {}, src {})",
                      op, i, shape, src.shape());
    if (shape[i] < src.shape()[i]) part = narrow(part, i, 0, shape[i]);
  }
  return part;
}

// Rows of x along `dim` at a list of numbers, and the shape of x with as many of them.
Rows slices_along(const char* op, const Tensor& x, int64_t dim, const Tensor& index, Shape& shape) {
  check_defined(op, {{x, "x"}, {index, "index"}});
  int place = wrap_dim(op, dim, x.dim());
  check<ShapeError>(index.dim() <= 1, "{}: the index must be a vector, it is {}", op, index.shape());
  shape = x.shape();
  if (x.dim() > 0)
    shape[place] = index.numel();
  else
    check<ShapeError>(index.numel() == 1, "{}: x has no dimension for an index of {}", op, index.shape());
  return Rows::along(op, x.shape(), place, index);
}

Rows source_rows(const char* op, const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  check_defined(op, source, "source");
  Shape shape;
  Rows rows = slices_along(op, x, dim, index, shape);
  check<ShapeError>(source.shape() == shape,
                    "{}: source must be {} for x {} and an index of {} at dimension {}, it is {}", op, shape, x.shape(),
                    index.numel(), dim, source.shape());
  same_dtype(op, x, source, "source");
  return rows;
}

// y = x, to which each value that falls on an element is put by combine(own, value). The first value replaces x's own
// unless include_self.
template <class Combine>
Tensor reduced(const Rows& rows, const Tensor& x, const Tensor& src, bool include_self, Combine combine) {
  Tensor y = x.detach().clone(), values = src.detach().contiguous();
  std::vector<bool> begun(static_cast<std::size_t>(x.numel()), include_self);
  visit(x.dtype(), [&]<class T>() {
    T* out = y.data<T>();
    const T* in = values.data<T>();
    const int64_t* at = rows.index.data<int64_t>();
    for (int64_t i = 0; i < rows.count(); ++i) {
      T& own = out[at[i]];
      auto place = static_cast<std::size_t>(at[i]);
      own = begun[place] ? static_cast<T>(combine(own, in[i])) : in[i];
      begun[place] = true;
    }
  });
  return y;
}

Tensor scatter_sum(const Rows& rows, const Tensor& x, const Tensor& src, bool include_self) {
  return rows.add("scatter_reduce", include_self ? x : rows.put("scatter_reduce", x, zeros_like(src)), src);
}

Tensor scatter_mean(const Rows& rows, const Tensor& x, const Tensor& src, bool include_self) {
  Tensor count = scatter_sum(rows, ones(x.shape(), {x.dtype()}), ones_like(src), include_self);
  return div(scatter_sum(rows, x, src, include_self), count,
             {.rounding_mode = is_floating(x.dtype()) ? Rounding::none : Rounding::floor});
}

Tensor scatter_extreme(const Rows& rows, const Tensor& x, const Tensor& src, bool include_self, bool largest) {
  Tensor y = reduced(rows, x, src, include_self, [largest](auto own, auto value) {
    bool is_nan = value != value;
    return is_nan || (largest ? value > own : value < own) ? value : own;
  });
  // Equal elements share the gradient evenly.
  return record(
      "scatter_reduce", y, {x, src},
      [rows, x = x.detach(), src = src.detach(), y = y.detach(), include_self](const Backward& b) -> Gradients {
        DType dtype = b.grad.dtype();
        Tensor own = eq(x, y).to(dtype), given = eq(src, rows.take("scatter_reduce", y, src.shape())).to(dtype);
        if (!include_self) own = rows.put("scatter_reduce", own, zeros_like(given));
        Tensor share = b.grad / rows.add("scatter_reduce", own, given);
        return {share * own, rows.take("scatter_reduce", share, src.shape()) * given};
      });
}

Tensor scatter_prod(const Rows& rows, const Tensor& x, const Tensor& src, bool include_self) {
  Tensor y = reduced(rows, x, src, include_self, [](auto own, auto value) { return own * value; });
  return record(
      "scatter_reduce", y, {x, src}, [rows, x, src, y = y.detach(), include_self](const Backward& b) -> Gradients {
        const char* op = "scatter_reduce";
        Tensor to_x, to_src;
        if (b.needs(0))
          to_x = include_self ? b.grad * scatter_prod(rows, ones_like(x), src, true)
                              : rows.put(op, b.grad, zeros_like(src));
        if (b.needs(1)) {
          // The product of the others is y / src; where src is the only zero of its place, the product without it.
          // (Where there are two zeros it is zero, but not its own gradient, which is not known here, nor in PyTorch.)
          Tensor zero = eq(src, 0);
          Tensor zeros_there = rows.take(op, rows.add(op, zeros(x.shape(), {i64}), zero.to(i64)), src.shape());
          Tensor only_zero = logical_and(zero, eq(zeros_there, 1));
          Tensor others = rows.take(op, b.output(y), src.shape()) / masked_fill(src, zero, 1);
          Tensor without_zero = scatter_prod(rows, x, masked_fill(src, only_zero, 1), include_self);
          others = where(only_zero, rows.take(op, without_zero, src.shape()), others);
          to_src = rows.take(op, b.grad, src.shape()) * others;
        }
        return {to_x, to_src};
      });
}

}  // namespace

Tensor index_select(const Tensor& x, int64_t dim, const Tensor& index) {
  Shape shape;
  Rows rows = slices_along("index_select", x, dim, index, shape);
  return rows.take("index_select", x, shape);
}

Tensor gather(const Tensor& x, int64_t dim, const Tensor& index) { return gathered("gather", x, dim, index); }

Tensor take(const Tensor& x, const Tensor& index) {
  check_defined("take", {{x, "x"}, {index, "index"}});
  return Rows::flat("take", x.shape(), index).take("take", x, index.shape());
}

Tensor take_along_dim(const Tensor& x, const Tensor& index, std::optional<int64_t> dim) {
  check_defined("take_along_dim", {{x, "x"}, {index, "index"}});
  if (!dim) return take(x, index.reshape({-1}));
  check<ShapeError>(x.dim() == index.dim(), "take_along_dim: x and the index need as many dimensions (x {}, index {})",
                    x.shape(), index.shape());
  int place = wrap_dim("take_along_dim", *dim, x.dim());
  Shape own = x.shape(), wanted = index.shape();
  if (!own.empty()) own[place] = wanted[place] = 1;
  Shape shape = broadcast_shapes("take_along_dim", own, wanted), from = shape, to = shape;
  if (!own.empty()) {
    from[place] = x.shape()[place];
    to[place] = index.shape()[place];
  }
  Tensor all = from == x.shape() ? x : expand(x, from);
  Tensor at = to == index.shape() ? index : expand(index, to);
  return gathered("take_along_dim", all, place, at);
}

Tensor scatter(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src) {
  same_dtype("scatter", x, src, "src");
  Rows rows = elements_along("scatter", x, dim, index);
  return rows.put("scatter", x, part_for("scatter", src, index.shape()));
}
Tensor scatter(const Tensor& x, int64_t dim, const Tensor& index, double value) {
  Rows rows = elements_along("scatter", x, dim, index);
  return rows.put("scatter", x, full(index.shape(), value, {x.dtype()}));
}

Tensor scatter_add(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src) {
  same_dtype("scatter_add", x, src, "src");
  check_defined("scatter_add", index, "index");
  Tensor part = part_for("scatter_add", src, index.shape());
  if (grad_enabled() && (x.requires_grad() || src.requires_grad()))
    return elements_along("scatter_add", x, dim, index).add("scatter_add", x, part);
  Tensor y = x.detach().clone(), terms = part.detach().contiguous();
  visit(x.dtype(), [&]<class T>() {
    const T* term = terms.data<T>();
    T* sum = y.data<T>();
    elements_along("scatter_add", x, dim, index, false, false, [term, sum](int64_t i, const int64_t* at, int64_t n) {
      for (int64_t j = 0; j < n; ++j) {
        if constexpr (std::is_same_v<T, bool>)
          sum[at[j]] = sum[at[j]] || term[i + j];
        else
          sum[at[j]] = static_cast<T>(sum[at[j]] + term[i + j]);
      }
    });
  });
  return y;
}

Tensor scatter_reduce(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src, const char* reduce,
                      ScatterReduceOptions options) {
  same_dtype("scatter_reduce", x, src, "src");
  Rows rows = elements_along("scatter_reduce", x, dim, index);
  Tensor values = part_for("scatter_reduce", src, index.shape());
  std::string_view name = reduce;
  if (name == "sum") return scatter_sum(rows, x, values, options.include_self);
  if (name == "mean") return scatter_mean(rows, x, values, options.include_self);
  if (name == "prod") return scatter_prod(rows, x, values, options.include_self);
  check<ValueError>(name == "amax" || name == "amin",
                    "scatter_reduce: reduce is sum, prod, mean, amax or amin, got \"{}\"", name);
  return scatter_extreme(rows, x, values, options.include_self, name == "amax");
}

Tensor index_add(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source, IndexAddOptions options) {
  Rows rows = source_rows("index_add", x, dim, index, source);
  return rows.add("index_add", x, options.alpha == 1 ? source : mul(source, options.alpha).to(x.dtype()));
}

Tensor index_copy(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  return source_rows("index_copy", x, dim, index, source).put("index_copy", x, source);
}

Tensor index_fill(const Tensor& x, int64_t dim, const Tensor& index, double value) {
  Shape shape;
  Rows rows = slices_along("index_fill", x, dim, index, shape);
  return rows.put("index_fill", x, full(shape, value, {x.dtype()}));
}

}  // namespace korrel
