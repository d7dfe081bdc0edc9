// ops/shape.h, but for what broadcasts: that is in expand.cpp.
#include <korrel/framework/ops/shape.h>

#include <algorithm>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/copy_elements.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

// The same elements as a view of another shape whose gradient is a reshape again: reshape, squeeze, unsqueeze.
Tensor reshaped(const char* op, const Tensor& x, const Layout& layout) {
  return record(op, make_view(x, layout), {x},
                [shape = x.shape()](const Backward& b) -> Gradients { return {reshape(b.grad, shape)}; });
}

// Views that show some elements of x. `relayout` maps the layout of x to that of the view; the gradient goes back into
// zeros through the same map (show and put_back are each other's gradients). `overlapping`: an element may be shown
// twice.
template <class F>
Tensor put_back(const char* op, const Tensor& gradient, const Shape& shape, bool overlapping, F relayout);

template <class F>
Tensor show(const char* op, const Tensor& x, bool overlapping, F relayout) {
  return record(op, make_view(x, relayout(x.body().layout)), {x},
                [op, relayout, overlapping, shape = x.shape()](const Backward& b) -> Gradients {
                  return {put_back(op, b.grad, shape, overlapping, relayout)};
                });
}

// to += from, element by element in order: `to` may name one place several times.
void add_in_order(Tensor& to, const Tensor& from) {
  visit_floating(from.dtype(), [&]<class T>() {
    T* sum = static_cast<T*>(to.raw_data());
    const T* term = static_cast<const T*>(from.raw_data());
    const Shape& shape = from.shape();
    Dims index = Dims::filled(shape.rank(), 0);
    for (int64_t n = shape.numel(); n > 0; --n) {
      *sum += *term;
      for (int i = shape.rank() - 1; i >= 0; --i) {
        sum += to.strides()[i];
        term += from.strides()[i];
        if (++index[i] < shape[i]) break;
        sum -= to.strides()[i] * shape[i];
        term -= from.strides()[i] * shape[i];
        index[i] = 0;
      }
    }
  });
}

template <class F>
Tensor put_back(const char* op, const Tensor& gradient, const Shape& shape, bool overlapping, F relayout) {
  Tensor y = zeros(shape, {gradient.dtype()});
  Tensor shown = make_view(y, relayout(y.body().layout));
  if (overlapping)
    add_in_order(shown, gradient);
  else
    copy_elements(shown, gradient);
  return record(op, y, {gradient}, [op, relayout, overlapping](const Backward& b) -> Gradients {
    return {show(op, b.grad, overlapping, relayout)};
  });
}

Tensor narrowed(const char* op, const Tensor& x, int dim, int64_t start, int64_t length, int64_t step = 1) {
  return show(op, x, false, [=](const Layout& layout) { return layout.narrowed(dim, start, length, step); });
}

Dims permutation(const char* op, const Dims& dims, int rank) {
  check<ShapeError>(dims.rank() == rank, "{}: {} dimensions given for a tensor of {}", op, dims.rank(), rank);
  Dims order;
  for (int64_t dim : dims) {
    int wrapped = wrap_dim(op, dim, rank);
    check<ShapeError>(std::find(order.begin(), order.end(), wrapped) == order.end(),
                      "{}: dimension {} is named twice in {}", op, wrapped, dims);
    order.push_back(wrapped);
  }
  return order;
}

Tensor permuted(const char* op, const Tensor& x, const Dims& order) {
  Dims inverse = order;
  for (int i = 0; i < order.rank(); ++i) inverse[static_cast<int>(order[i])] = i;
  return record(op, make_view(x, x.body().layout.permuted(order)), {x},
                [op, inverse](const Backward& b) -> Gradients { return {permuted(op, b.grad, inverse)}; });
}

// Several outputs of one node: views of x one after the other along `dim`, whose gradient is one cat (or stack).
std::vector<Tensor> pieces(const char* op, const Tensor& x, int dim, const std::vector<int64_t>& sizes, bool drop) {
  std::vector<Tensor> result;
  int64_t start = 0;
  for (int64_t size : sizes) {
    Layout layout = x.body().layout.narrowed(dim, start, size, 1);
    if (drop) {
      layout.shape.erase(dim);
      layout.strides.erase(dim);
    }
    result.push_back(make_view(x, layout));
    start += size;
  }
  std::vector<Tensor*> outputs;
  for (Tensor& piece : result) outputs.push_back(&piece);
  record_outputs(op, std::span<Tensor* const>(outputs), {x},
                 [dim, drop, count = sizes.size()](const Backward& b) -> Gradients {
                   std::vector<Tensor> gradients;
                   for (std::size_t i = 0; i < count; ++i) gradients.push_back(b.grad_of(static_cast<int>(i)));
                   return {drop ? stack(gradients, dim) : cat(gradients, dim)};
                 });
  return result;
}

int dimension_of(const char* op, const Tensor& x, int64_t dim) {
  check_defined(op, x);
  check<ShapeError>(x.dim() > 0, "{}: a scalar has no dimension {}", op, dim);
  return wrap_dim(op, dim, x.dim());
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) {
  check_defined("reshape", x);
  Shape to = infer_shape("reshape", shape, x.numel());
  Layout layout;
  if (x.body().layout.viewed(to, layout)) return reshaped("reshape", x, layout);
  Tensor y = make_tensor(x.shape(), x.dtype());
  copy_elements(y, x);
  return record("reshape", make_view(y, Layout::contiguous(to)), {x},
                [from = x.shape()](const Backward& b) -> Gradients { return {reshape(b.grad, from)}; });
}

Tensor view(const Tensor& x, const Shape& shape) {
  check_defined("view", x);
  Layout layout;
  check<ShapeError>(x.body().layout.viewed(infer_shape("view", shape, x.numel()), layout),
                    "view: shape {} with strides {} cannot be seen as {} without a copy; use reshape", x.shape(),
                    x.strides(), shape);
  return reshaped("view", x, layout);
}
Tensor view_as(const Tensor& x, const Tensor& other) {
  return view(check_defined("view_as", x), check_defined("view_as", other, "other").shape());
}

Tensor flatten(const Tensor& x, int64_t start_dim, int64_t end_dim) {
  int start = wrap_dim("flatten", start_dim, x), end = wrap_dim("flatten", end_dim, x);
  check<ShapeError>(start <= end, "flatten: start_dim {} comes after end_dim {}", start_dim, end_dim);
  if (x.dim() == 0) return reshape(x, {1});
  if (start == end) return x;
  Shape shape = x.shape().slice(0, start);
  shape.push_back(x.shape().slice(start, end + 1).numel());
  for (int i = end + 1; i < x.dim(); ++i) shape.push_back(x.shape()[i]);
  return reshape(x, shape);
}
Tensor ravel(const Tensor& x) { return flatten(check_defined("ravel", x)); }

Tensor unflatten(const Tensor& x, int64_t dim, const Shape& sizes) {
  int place = dimension_of("unflatten", x, dim);
  Shape inner = infer_shape("unflatten", sizes, x.shape()[place]), shape = x.shape();
  shape.erase(place);
  for (int i = 0; i < inner.rank(); ++i) shape.insert(place + i, inner[i]);
  return reshape(x, shape);
}

Tensor permute(const Tensor& x, const Dims& dims) {
  return permuted("permute", x, permutation("permute", dims, check_defined("permute", x).dim()));
}

Tensor transpose(const Tensor& x, int64_t dim0, int64_t dim1) {
  int first = wrap_dim("transpose", dim0, x), second = wrap_dim("transpose", dim1, x);
  Dims order;
  for (int i = 0; i < x.dim(); ++i) order.push_back(i == first ? second : i == second ? first : i);
  return permuted("transpose", x, order);
}

Tensor t(const Tensor& x) {
  if (check_defined("t", x).dim() < 2) return x;
  check<ShapeError>(x.dim() == 2, "t: needs at most 2 dimensions, x is {}", x.shape());
  return transpose(x, 0, 1);
}

Tensor movedim(const Tensor& x, const Dims& source, const Dims& destination) {
  check<ShapeError>(source.rank() == destination.rank(), "movedim: source {} and destination {} differ in number",
                    source, destination);
  int rank = check_defined("movedim", x).dim();
  Dims order = Dims::filled(rank, -1), moved;
  for (int i = 0; i < source.rank(); ++i) {
    int from = wrap_dim("movedim", source[i], rank), to = wrap_dim("movedim", destination[i], rank);
    if (rank == 0) continue;
    check<ShapeError>(order[to] < 0 && std::find(moved.begin(), moved.end(), from) == moved.end(),
                      "movedim: a dimension is named twice in source {} or destination {}", source, destination);
    order[to] = from;
    moved.push_back(from);
  }
  int next = 0;
  for (int64_t& place : order) {
    if (place >= 0) continue;
    while (std::find(moved.begin(), moved.end(), next) != moved.end()) ++next;
    place = next++;
  }
  return permuted("movedim", x, order);
}
Tensor movedim(const Tensor& x, int64_t source, int64_t destination) {
  return movedim(x, Dims{source}, Dims{destination});
}

Tensor squeeze(const Tensor& x) {
  Layout layout = check_defined("squeeze", x).body().layout;
  for (int i = layout.shape.rank() - 1; i >= 0; --i) {
    if (layout.shape[i] != 1) continue;
    layout.shape.erase(i);
    layout.strides.erase(i);
  }
  return reshaped("squeeze", x, layout);
}

Tensor squeeze(const Tensor& x, int64_t dim) {
  int place = wrap_dim("squeeze", dim, x);
  Layout layout = x.body().layout;
  if (x.dim() > 0 && layout.shape[place] == 1) {
    layout.shape.erase(place);
    layout.strides.erase(place);
  }
  return reshaped("squeeze", x, layout);
}

Tensor unsqueeze(const Tensor& x, int64_t dim) {
  int place = wrap_dim("unsqueeze", dim, check_defined("unsqueeze", x).dim() + 1);
  Layout layout = x.body().layout;
  int64_t stride = place < x.dim() ? layout.shape[place] * layout.strides[place] : 1;
  layout.shape.insert(place, 1);
  layout.strides.insert(place, stride);
  return reshaped("unsqueeze", x, layout);
}

Tensor select(const Tensor& x, int64_t dim, int64_t index) {
  int place = dimension_of("select", x, dim);
  int64_t size = x.shape()[place];
  check<ValueError>(index >= -size && index < size,
                    "select: index {} is out of range for dimension {} of size {} (x {})", index, place, size,
                    x.shape());
  if (index < 0) index += size;
  return show("select", x, false, [=](const Layout& layout) {
    Layout result = layout.narrowed(place, index, 1, 1);
    result.shape.erase(place);
    result.strides.erase(place);
    return result;
  });
}

Tensor narrow(const Tensor& x, int64_t dim, int64_t start, int64_t length) {
  int place = dimension_of("narrow", x, dim);
  int64_t size = x.shape()[place], first = start < 0 ? start + size : start;
  check<ShapeError>(length >= 0 && first >= 0 && first <= size - length,
                    "narrow: start {} and length {} exceed dimension {} of size {} (x {})", start, length, place, size,
                    x.shape());
  return narrowed("narrow", x, place, first, length);
}

Tensor slice(const Tensor& x, int64_t dim, int64_t start, int64_t end, int64_t step) {
  int place = dimension_of("slice", x, dim);
  check<ValueError>(step > 0, "slice: the step must be positive, got {}", step);
  int64_t size = x.shape()[place];
  start = std::clamp<int64_t>(start < 0 ? start + size : start, 0, size);
  end = std::clamp<int64_t>(end < 0 ? end + size : end, start, size);
  int64_t length = (end - start) / step + ((end - start) % step != 0);
  return narrowed("slice", x, place, start, length, length > 1 ? step : 1);
}

std::vector<Tensor> split(const Tensor& x, int64_t size, int64_t dim) {
  int place = dimension_of("split", x, dim);
  int64_t length = x.shape()[place];
  check<ValueError>(size > 0 || (size == 0 && length == 0), "split: pieces of {} for dimension {} of size {}", size,
                    place, length);
  std::vector<int64_t> sizes;
  for (int64_t start = 0; start < length; start += size) sizes.push_back(std::min(size, length - start));
  if (sizes.empty()) sizes.push_back(0);
  return pieces("split", x, place, sizes, false);
}

std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int64_t dim) {
  int place = dimension_of("split", x, dim);
  int64_t sum = 0;
  for (int64_t size : sizes) {
    check<ValueError>(size >= 0, "split: a piece of size {}", size);
    sum += size;
  }
  check<ShapeError>(sum == x.shape()[place], "split: the sizes add up to {}, dimension {} has {} (x {})", sum, place,
                    x.shape()[place], x.shape());
  return pieces("split", x, place, sizes, false);
}

std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int64_t dim) {
  check<ValueError>(chunks > 0, "chunk: needs a positive number of chunks, got {}", chunks);
  int place = dimension_of("chunk", x, dim);
  int64_t length = x.shape()[place];
  if (length == 0) return pieces("chunk", x, place, std::vector<int64_t>(static_cast<std::size_t>(chunks), 0), false);
  return split(x, (length + chunks - 1) / chunks, place);
}

std::vector<Tensor> unbind(const Tensor& x, int64_t dim) {
  int place = dimension_of("unbind", x, dim);
  return pieces("unbind", x, place, std::vector<int64_t>(static_cast<std::size_t>(x.shape()[place]), 1), true);
}

Tensor diagonal(const Tensor& x, int64_t offset, int64_t dim1, int64_t dim2) {
  int first = dimension_of("diagonal", x, dim1), second = dimension_of("diagonal", x, dim2);
  check<ShapeError>(first != second, "diagonal: dim1 and dim2 are both {}", first);
  return show("diagonal", x, false, [=](const Layout& layout) {
    int64_t rows = layout.shape[first], columns = layout.shape[second];
    int64_t length =
        std::max<int64_t>(0, offset >= 0 ? std::min(rows, columns - offset) : std::min(rows + offset, columns));
    Layout result = layout;
    if (length > 0) result.offset += offset >= 0 ? offset * layout.strides[second] : -offset * layout.strides[first];
    for (int dim : {std::max(first, second), std::min(first, second)}) {
      result.shape.erase(dim);
      result.strides.erase(dim);
    }
    result.shape.push_back(length);
    result.strides.push_back(layout.strides[first] + layout.strides[second]);
    return result;
  });
}

Tensor unfold_dimension(const Tensor& x, int64_t dim, int64_t size, int64_t step) {
  check<ValueError>(size >= 0 && step > 0, "unfold_dimension: needs size >= 0 and step > 0, got {} and {}", size, step);
  int place = wrap_dim("unfold_dimension", dim, x);
  int64_t length = x.dim() == 0 ? 1 : x.shape()[place];
  check<ShapeError>(size <= length, "unfold_dimension: windows of {} do not fit into dimension {} of size {} (x {})",
                    size, place, length, x.shape());
  return show("unfold_dimension", x, step < size, [=](const Layout& layout) {
    Layout result = layout;
    if (layout.shape.empty()) return Layout{{size}, {1}, layout.offset};
    result.shape[place] = (length - size) / step + 1;
    result.strides[place] *= step;
    result.shape.push_back(size);
    result.strides.push_back(layout.strides[place]);
    return result;
  });
}

Tensor Tensor::reshape(const Shape& shape) const { return korrel::reshape(*this, shape); }
Tensor Tensor::view(const Shape& shape) const { return korrel::view(*this, shape); }
Tensor Tensor::flatten(int64_t start_dim, int64_t end_dim) const { return korrel::flatten(*this, start_dim, end_dim); }
Tensor Tensor::permute(const Dims& dims) const { return korrel::permute(*this, dims); }
Tensor Tensor::transpose(int64_t dim0, int64_t dim1) const { return korrel::transpose(*this, dim0, dim1); }
Tensor Tensor::t() const { return korrel::t(*this); }
Tensor Tensor::squeeze() const { return korrel::squeeze(*this); }
Tensor Tensor::squeeze(int64_t dim) const { return korrel::squeeze(*this, dim); }
Tensor Tensor::unsqueeze(int64_t dim) const { return korrel::unsqueeze(*this, dim); }
Tensor Tensor::expand(const Shape& shape) const { return korrel::expand(*this, shape); }
Tensor Tensor::select(int64_t dim, int64_t index) const { return korrel::select(*this, dim, index); }
Tensor Tensor::narrow(int64_t dim, int64_t start, int64_t length) const {
  return korrel::narrow(*this, dim, start, length);
}

}  // namespace korrel
