#include <korrel/framework/ops/rearrange.h>

#include <algorithm>
#include <cstring>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/copy_elements.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/gather.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/promotion.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

// The tensors in their common dtype, outside the graph (the engine turns gradients back).
std::vector<Tensor> in_common_dtype(const char* op, const std::vector<Tensor>& tensors) {
  check<ValueError>(!tensors.empty(), "{}: needs at least one tensor", op);
  check_defined(op, tensors);
  DType common = tensors[0].dtype();
  for (const Tensor& x : tensors) common = promote_types(common, x.dtype());
  std::vector<Tensor> result;
  for (const Tensor& x : tensors) result.push_back(x.dtype() == common ? x : x.detach().to(common));
  return result;
}

Tensor dense_copy(const Tensor& x) {
  Tensor y = make_tensor(x.shape(), x.dtype());
  copy_elements(y, x);
  return y;
}

// y = the parts side by side along `place`, where dense parts are runs of memory: in the order of y. False where a run
// is short or a part is not dense.
bool join_runs(Tensor& y, const std::vector<Tensor>& parts, int place) {
  constexpr int64_t shortest = 256;  // bytes; below it calls cost more than elements
  const int64_t outer = y.shape().slice(0, place).numel(), item = static_cast<int64_t>(size_of(y.dtype()));
  if (outer <= 1) return false;
  std::vector<int64_t> bytes;
  int64_t row = 0;
  for (const Tensor& x : parts) {
    bytes.push_back(x.numel() / outer * item);
    row += bytes.back();
    if (!x.is_contiguous() || bytes.back() < shortest) return false;
  }
  auto* to = static_cast<std::byte*>(y.raw_data());
  parallel_for(outer, 1 + 65536 / row, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) {
      std::byte* at = to + o * row;
      for (std::size_t i = 0; i < parts.size(); at += bytes[i++])
        std::memcpy(at, static_cast<const std::byte*>(parts[i].raw_data()) + o * bytes[i],
                    static_cast<std::size_t>(bytes[i]));
    }
  });
  return true;
}

bool stands_for_nothing(const Tensor& x) { return x.dim() == 1 && x.numel() == 0; }

// x [a, s, b] seen as [a, s, 1, b] or [a, 1, s, b], its dimension of size 1 repeated and joined with `dim`.
Tensor repeated(const Tensor& x, int dim, int64_t repeats, bool each) {
  const Shape& shape = x.shape();
  int64_t before = shape.slice(0, dim).numel(), size = shape[dim], after = shape.slice(dim + 1, shape.rank()).numel();
  Shape from = each ? Shape{before, size, 1, after} : Shape{before, 1, size, after}, to = from, result = shape;
  to[each ? 2 : 1] = repeats;
  result[dim] = size * repeats;
  return reshape(expand(reshape(x, from), to), result);
}

Tensor triangle(const char* op, const Tensor& x, int64_t diagonal, bool lower) {
  check_defined(op, x);
  check<ShapeError>(x.dim() >= 2, "{}: needs at least 2 dimensions, x is {}", op, x.shape());
  Tensor y = dense_copy(x);
  int64_t columns = x.size(-1), rows = x.size(-2), item = static_cast<int64_t>(size_of(x.dtype()));
  auto* row = static_cast<std::byte*>(y.raw_data());
  for (int64_t i = 0, n = columns == 0 ? 0 : x.numel() / columns; i < n; ++i, row += columns * item) {
    // Column of the first element that is right of the diagonal (lower), or on it or right of it (upper).
    int64_t edge = std::clamp<int64_t>(i % rows + diagonal + (lower ? 1 : 0), 0, columns);
    if (lower)
      std::memset(row + edge * item, 0, static_cast<std::size_t>((columns - edge) * item));
    else
      std::memset(row, 0, static_cast<std::size_t>(edge * item));
  }
  return record(op, y, {x}, [op, diagonal, lower](const Backward& b) -> Gradients {
    return {triangle(op, b.grad, diagonal, lower)};
  });
}

Tensor rolled(const Tensor& x, const Dims& shifts) {  // one shift per dimension, each in [0, size)
  Tensor y = make_tensor(x.shape(), x.dtype());
  int rank = x.dim();
  // Each dimension has two parts, [0, size - shift) and [size - shift, size), which change places: 2^dims boxes.
  for (int parts = 0; parts < 1 << rank; ++parts) {
    Layout from = x.body().layout, to = y.body().layout;
    for (int i = 0; i < rank; ++i) {
      int64_t size = x.shape()[i], shift = shifts[i];
      bool second = parts >> i & 1;
      from = from.narrowed(i, second ? size - shift : 0, second ? shift : size - shift, 1);
      to = to.narrowed(i, second ? 0 : shift, second ? shift : size - shift, 1);
    }
    Tensor box = make_view(y, to);
    copy_elements(box, make_view(x, from));
  }
  return record("roll", y, {x}, [shifts](const Backward& b) -> Gradients {
    Dims back;
    for (int i = 0; i < shifts.rank(); ++i) back.push_back(shifts[i] == 0 ? 0 : b.grad.shape()[i] - shifts[i]);
    return {rolled(b.grad, back)};
  });
}

}  // namespace

Tensor cat(const std::vector<Tensor>& tensors, int64_t dim) {
  std::vector<Tensor> parts = in_common_dtype("cat", tensors);
  const Tensor* model = &parts[0];
  for (const Tensor& x : parts)
    if (stands_for_nothing(*model)) model = &x;
  check<ShapeError>(model->dim() > 0, "cat: scalars cannot be joined; use stack");
  int place = wrap_dim("cat", dim, model->dim());
  Shape shape = model->shape();
  shape[place] = 0;
  for (const Tensor& x : parts) {
    if (stands_for_nothing(x)) continue;
    check<ShapeError>(x.dim() == shape.rank(), "cat: {} and {} differ in the number of dimensions", model->shape(),
                      x.shape());
    for (int i = 0; i < shape.rank(); ++i)
      check<ShapeError>(i == place || x.shape()[i] == shape[i],
                        "cat: {} and {} differ at dimension {}, which is not the joined one ({})", model->shape(),
                        x.shape(), i, place);
    shape[place] += x.shape()[place];
  }
  Tensor y = make_tensor(shape, model->dtype());
  std::vector<int64_t> sizes;
  const bool joined = join_runs(y, parts, place);
  int64_t start = 0;
  for (const Tensor& x : parts) {
    sizes.push_back(stands_for_nothing(x) ? 0 : x.shape()[place]);
    if (sizes.back() > 0 && !joined) {
      Tensor part = make_view(y, y.body().layout.narrowed(place, start, sizes.back(), 1));
      copy_elements(part, x);
    }
    start += sizes.back();
  }
  return record("cat", y, std::span<const Tensor>(tensors), [place, sizes](const Backward& b) -> Gradients {
    Gradients gradients;
    int64_t start = 0;
    for (std::size_t i = 0; i < sizes.size(); start += sizes[i++])
      gradients.push_back(b.needs(static_cast<int>(i)) && sizes[i] > 0 ? narrow(b.grad, place, start, sizes[i])
                                                                       : Tensor());
    return gradients;
  });
}

Tensor stack(const std::vector<Tensor>& tensors, int64_t dim) {
  std::vector<Tensor> parts = in_common_dtype("stack", tensors);
  int place = wrap_dim("stack", dim, parts[0].dim() + 1);
  Shape shape = parts[0].shape();
  for (const Tensor& x : parts)
    check<ShapeError>(x.shape() == shape, "stack: needs equal shapes, got {} and {}", shape, x.shape());
  shape.insert(place, static_cast<int64_t>(parts.size()));
  Tensor y = make_tensor(shape, parts[0].dtype());
  const bool joined = join_runs(y, parts, place);
  for (std::size_t i = 0; i < parts.size() && !joined; ++i) {
    Layout layout = y.body().layout.narrowed(place, static_cast<int64_t>(i), 1, 1);
    layout.shape.erase(place);
    layout.strides.erase(place);
    Tensor part = make_view(y, layout);
    copy_elements(part, parts[i]);
  }
  return record(
      "stack", y, std::span<const Tensor>(tensors), [place, count = parts.size()](const Backward& b) -> Gradients {
        Gradients gradients;
        for (std::size_t i = 0; i < count; ++i)
          gradients.push_back(b.needs(static_cast<int>(i)) ? select(b.grad, place, static_cast<int64_t>(i)) : Tensor());
        return gradients;
      });
}

Tensor repeat(const Tensor& x, const Dims& repeats) {
  check_defined("repeat", x);
  int extra = repeats.rank() - x.dim();
  check<ShapeError>(extra >= 0, "repeat: {} repeats for the dimensions of {}", repeats, x.shape());
  Shape shape = Shape::filled(extra, 1);
  for (int64_t size : x.shape()) shape.push_back(size);
  Tensor y = reshape(x, shape);
  for (int i = shape.rank() - 1; i >= 0; --i) {  // the last first: its copies are then one run
    check<ValueError>(repeats[i] >= 0, "repeat: negative repeats in {}", repeats);
    if (repeats[i] != 1) y = repeated(y, i, repeats[i], false);
  }
  return std::all_of(repeats.begin(), repeats.end(), [](int64_t n) { return n == 1; }) ? y.clone() : y;
}

Tensor tile(const Tensor& x, const Dims& repeats) {
  check_defined("tile", x);
  Dims all = repeats;
  while (all.rank() < x.dim()) all.insert(0, 1);
  return repeat(x, all);
}

Tensor repeat_interleave(const Tensor& x, int64_t repeats, std::optional<int64_t> dim) {
  check_defined("repeat_interleave", x);
  check<ValueError>(repeats >= 0, "repeat_interleave: negative repeats {}", repeats);
  if (!dim) return repeated(flatten(x), 0, repeats, true);
  check<ShapeError>(x.dim() > 0, "repeat_interleave: a scalar has no dimension {}", *dim);
  return repeated(x, wrap_dim("repeat_interleave", *dim, x), repeats, true);
}

Tensor repeat_interleave(const Tensor& x, const Tensor& repeats, std::optional<int64_t> dim) {
  check_defined("repeat_interleave", {{x, "x"}, {repeats, "repeats"}});
  if (!dim) return repeat_interleave(flatten(x), repeats, 0);
  check<ShapeError>(x.dim() > 0, "repeat_interleave: a scalar has no dimension {}", *dim);
  int64_t size = x.size(*dim);
  check<DtypeError>(repeats.dtype() == i64, "repeat_interleave: repeats must be i64, they are {}", repeats.dtype());
  check<ShapeError>(repeats.dim() <= 1 && (repeats.numel() == 1 || repeats.numel() == size),
                    "repeat_interleave: repeats {} for dimension {} of size {}", repeats.shape(), *dim, size);
  std::vector<int64_t> counts = repeats.to_vector<int64_t>(), rows;
  for (int64_t i = 0; i < size; ++i) {
    int64_t count = counts.size() == 1 ? counts[0] : counts[static_cast<std::size_t>(i)];
    check<ValueError>(count >= 0, "repeat_interleave: negative repeats {}", count);
    rows.insert(rows.end(), static_cast<std::size_t>(count), i);
  }
  return index_select(x, *dim, from_vector(rows));
}

Tensor flip(const Tensor& x, const Dims& dims) {
  check_defined("flip", x);
  Layout from = x.body().layout;
  Dims turned;
  for (int64_t dim : dims) {
    int place = wrap_dim("flip", dim, x);
    check<ShapeError>(std::find(turned.begin(), turned.end(), place) == turned.end(),
                      "flip: dimension {} is named twice in {}", place, dims);
    turned.push_back(place);
    if (x.dim() == 0 || x.numel() == 0) continue;
    from.offset += (from.shape[place] - 1) * from.strides[place];
    from.strides[place] = -from.strides[place];
  }
  Tensor y = make_tensor(x.shape(), x.dtype());
  copy_elements(y, make_view(x, from));
  return record("flip", y, {x}, [dims](const Backward& b) -> Gradients { return {flip(b.grad, dims)}; });
}

Tensor roll(const Tensor& x, const Dims& shifts, const Dims& dims) {
  check_defined("roll", x);
  if (dims.empty()) {
    check<ShapeError>(shifts.rank() == 1, "roll: without dims needs one shift, got {}", shifts);
    return reshape(roll(flatten(x), shifts, {0}), x.shape());
  }
  check<ShapeError>(shifts.rank() == dims.rank(), "roll: shifts {} and dims {} differ in number", shifts, dims);
  Dims all = Dims::filled(x.dim(), 0);
  for (int i = 0; i < dims.rank(); ++i) {
    check<ShapeError>(x.dim() > 0, "roll: a scalar has no dimension {}", dims[i]);
    int place = wrap_dim("roll", dims[i], x);
    int64_t size = x.shape()[place];
    if (size > 0) all[place] = ((all[place] + shifts[i]) % size + size) % size;
  }
  return rolled(x, all);
}

Tensor rot90(const Tensor& x, int64_t k, const Dims& dims) {
  check_defined("rot90", x);
  check<ShapeError>(dims.rank() == 2 && x.dim() >= 2, "rot90: needs two of at least two dimensions, got {} for x {}",
                    dims, x.shape());
  int first = wrap_dim("rot90", dims[0], x), second = wrap_dim("rot90", dims[1], x);
  check<ShapeError>(first != second, "rot90: both dimensions are {}", first);
  switch ((k % 4 + 4) % 4) {
    case 1:
      return transpose(flip(x, {second}), first, second);
    case 2:
      return flip(x, {first, second});
    case 3:
      return transpose(flip(x, {first}), first, second);
    default:
      return x.clone();
  }
}

Tensor tril(const Tensor& x, int64_t diagonal) { return triangle("tril", x, diagonal, true); }
Tensor triu(const Tensor& x, int64_t diagonal) { return triangle("triu", x, diagonal, false); }

Tensor diag(const Tensor& x, int64_t diagonal) {
  check_defined("diag", x);
  check<ShapeError>(x.dim() == 1 || x.dim() == 2, "diag: needs a vector or a matrix, x is {}", x.shape());
  return x.dim() == 1 ? diag_embed(x, diagonal) : korrel::diagonal(x, diagonal).clone();
}

Tensor diag_embed(const Tensor& x, int64_t offset) {
  check_defined("diag_embed", x);
  check<ShapeError>(x.dim() > 0, "diag_embed: needs at least 1 dimension");
  int64_t length = x.size(-1), side = length + (offset < 0 ? -offset : offset);
  Shape shape = x.shape();
  shape.back() = side;
  shape.push_back(side);
  Tensor y = zeros(shape, {x.dtype()});
  Layout layout = y.body().layout;
  layout.offset += offset >= 0 ? offset : -offset * side;
  layout.shape.erase(layout.shape.rank() - 1);
  layout.strides.erase(layout.strides.rank() - 1);
  layout.shape.back() = length;
  layout.strides.back() = side + 1;
  Tensor line = make_view(y, layout);
  copy_elements(line, x);
  return record("diag_embed", y, {x},
                [offset](const Backward& b) -> Gradients { return {korrel::diagonal(b.grad, offset, -2, -1)}; });
}

Tensor diff(const Tensor& x, int64_t n, int64_t dim, const Tensor& prepend, const Tensor& append) {
  check_defined("diff", x);
  check<ShapeError>(x.dim() > 0, "diff: needs at least 1 dimension");
  check<ValueError>(n >= 0, "diff: the order {} is negative", n);
  int place = wrap_dim("diff", dim, x);
  std::vector<Tensor> parts;
  for (const Tensor& part : {prepend, x, append})
    if (part.defined()) parts.push_back(part);
  Tensor y = parts.size() > 1 ? cat(parts, place) : x;
  if (n == 0) return y;
  for (; n > 0 && y.shape()[place] > 0; --n) {
    int64_t length = y.shape()[place] - 1;
    Tensor later = narrow(y, place, 1, length), earlier = narrow(y, place, 0, length);
    y = y.dtype() == boolean ? logical_xor(later, earlier) : later - earlier;
  }
  return y;
}

}  // namespace korrel
