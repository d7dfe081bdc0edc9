#include <korrel/framework/ops/rows.h>

#include <algorithm>
#include <cstring>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

constexpr int64_t grain_bytes = 65536;  // worth a thread

// A copy of `index` with negative numbers counted from the end, all of them checked.
Tensor checked_index(const char* op, const Tensor& index, int64_t size, const char* what, int dim) {
  check<DtypeError>(index.dtype() == i64, "{}: the index must be i64, it is {}", op, index.dtype());
  Tensor dense = index.detach().contiguous(), result = make_tensor({index.numel()}, i64);
  const int64_t* in = dense.data<int64_t>();
  int64_t* out = result.data<int64_t>();
  const int64_t n = index.numel(), stranger = first_outside(in, n, -size, size);
  check<ValueError>(stranger == n, "{}: index {} is out of range for {}{} of size {}", op,
                    in[stranger < n ? stranger : 0], what, dim < 0 ? "" : " " + std::to_string(dim), size);
  for (int64_t i = 0; i < n; ++i) out[i] = in[i] < 0 ? in[i] + size : in[i];
  return result;
}

// Calls part(o, first, last) for rows o of the outer dimension and columns [first, last) of the inner one: each part is
// one thread's, so additions to a row keep the order of the index.
template <class Part>
void over_columns(const Rows& rows, std::size_t item, const Part& part) {
  constexpr int64_t block = 256;
  int64_t blocks = std::max<int64_t>(1, (rows.inner + block - 1) / block);
  int64_t bytes = std::max<int64_t>(1, rows.count() * std::min(rows.inner, block) * static_cast<int64_t>(item));
  parallel_for(rows.outer * blocks, 1 + grain_bytes / bytes, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      part(i / blocks, i % blocks * block, std::min(rows.inner, (i % blocks + 1) * block));
  });
}

// Calls f with the size of a row in bytes, a constant where rows are single elements.
template <class F>
void with_row_size(int64_t bytes, const F& f) {
  if (bytes == 4)
    f(std::integral_constant<int64_t, 4>());
  else if (bytes == 8)
    f(std::integral_constant<int64_t, 8>());
  else
    f(bytes);
}

// Short rows in whole steps of 16 bytes, without a call (rows of 64 bytes: 25 to 6 ns).
template <class Size>
void copy_row(std::byte* to, const std::byte* from, Size size) {
  if constexpr (std::is_same_v<Size, int64_t>) {
    if (size <= 512 && size % 16 == 0) {
      for (int64_t i = 0; i < size; i += 16) std::memcpy(to + i, from + i, 16);
      return;
    }
  }
  std::memcpy(to, from, static_cast<std::size_t>(size));
}

Tensor dense(const Tensor& x) { return x.detach().contiguous(); }

template <class T>
void add_to(T& sum, T term) {
  if constexpr (std::is_same_v<T, bool>)
    sum = sum || term;
  else
    sum = static_cast<T>(sum + term);
}

// y, in place, with `values` added to its rows.
void add_into(const Rows& rows, Tensor& y, const Tensor& values) {
  Tensor terms = dense(values);
  visit(y.dtype(), [&]<class T>() {
    const int64_t* at = rows.index.data<int64_t>();
    const T* in = terms.data<T>();
    T* out = y.data<T>();
    int64_t n = rows.count(), inner = rows.inner;
    over_columns(rows, sizeof(T), [&](int64_t o, int64_t first, int64_t last) {
      if (inner == 1) {  // single elements: o is a row of its own
        const T* term = in + o * n;
        T* sum = out + o * rows.size;
        for (int64_t i = 0; i < n; ++i) add_to(sum[at[i]], term[i]);
        return;
      }
      for (int64_t i = 0; i < n; ++i) {
        const T* term = in + (o * n + i) * inner;
        T* sum = out + (o * rows.size + at[i]) * inner;
        for (int64_t c = first; c < last; ++c) add_to(sum[c], term[c]);
      }
    });
  });
}

// The numbers i of an index whose row is written again later: their values are lost.
std::vector<int64_t> overwritten(const Rows& rows) {
  std::vector<int64_t> last(static_cast<std::size_t>(rows.size), -1), result;
  const int64_t* index = rows.index.data<int64_t>();
  for (int64_t i = 0; i < rows.count(); ++i) last[static_cast<std::size_t>(index[i])] = i;
  for (int64_t i = 0; i < rows.count(); ++i)
    if (last[static_cast<std::size_t>(index[i])] != i) result.push_back(i);
  return result;
}

}  // namespace

Rows Rows::along(const char* op, const Shape& shape, int dim, const Tensor& index) {
  int64_t size = shape.empty() ? 1 : shape[dim];
  if (shape.empty()) return {1, 1, 1, checked_index(op, index, size, "dimension", dim)};
  return {shape.slice(0, dim).numel(), size, shape.slice(dim + 1, shape.rank()).numel(),
          checked_index(op, index, size, "dimension", dim)};
}

Rows Rows::flat(const char* op, const Shape& shape, const Tensor& positions) {
  return {1, shape.numel(), 1, checked_index(op, positions, shape.numel(), "the flattened tensor", -1)};
}

Tensor Rows::take(const char* op, const Tensor& x, const Shape& shape) const {
  Tensor from = dense(x), y = make_tensor(shape, x.dtype());
  int64_t n = count(), item = static_cast<int64_t>(size_of(x.dtype())), bytes = inner * item;
  const int64_t* at = index.data<int64_t>();
  const auto* in = static_cast<const std::byte*>(from.raw_data());
  auto* out = static_cast<std::byte*>(y.raw_data());
  parallel_for(outer * n, 1 + grain_bytes / std::max<int64_t>(8, bytes), [&](int64_t begin, int64_t end) {
    int64_t o = begin / std::max<int64_t>(n, 1), i = begin - o * n;
    auto copy = [&](auto size) {  // a constant size makes the copy one instruction
      for (int64_t r = begin; r < end; ++o, i = 0) {
        const std::byte* row = in + o * this->size * size;
        for (const int64_t stop = std::min(n, i + end - r); i < stop; ++i, ++r)
          copy_row(out + r * size, row + at[i] * size, size);
      }
    };
    with_row_size(bytes, copy);
  });
  return record_take(op, y, x);
}

Tensor Rows::record_take(const char* op, const Tensor& y, const Tensor& x) const {
  return record(op, y, {x}, [op, rows = *this, from_shape = x.shape()](const Backward& b) -> Gradients {
    return {rows.spread(op, b.grad, from_shape)};
  });
}

Tensor Rows::add(const char* op, const Tensor& x, const Tensor& values) const {
  Tensor y = x.detach().clone();
  add_into(*this, y, values);
  return record(op, y, {x, values}, [op, rows = *this, shape = values.shape()](const Backward& b) -> Gradients {
    return {b.grad, b.needs(1) ? rows.take(op, b.grad, shape) : Tensor()};
  });
}

Tensor Rows::spread(const char* op, const Tensor& values, const Shape& shape) const {
  Tensor y = zeros(shape, {values.dtype()});
  add_into(*this, y, values);
  return record(op, y, {values}, [op, rows = *this, from_shape = values.shape()](const Backward& b) -> Gradients {
    return {rows.take(op, b.grad, from_shape)};
  });
}

Tensor Rows::put(const char* op, const Tensor& x, const Tensor& values) const {
  Tensor y = x.detach().clone(), from = dense(values);
  int64_t n = count();
  const int64_t bytes = inner * static_cast<int64_t>(size_of(x.dtype()));
  const int64_t* at = index.data<int64_t>();
  const auto* in = static_cast<const std::byte*>(from.raw_data());
  auto* out = static_cast<std::byte*>(y.raw_data());
  parallel_for(outer, 1 + grain_bytes / std::max<int64_t>(8, n * bytes), [&](int64_t begin, int64_t end) {
    with_row_size(bytes, [&](auto size) {
      for (int64_t o = begin; o < end; ++o)
        for (int64_t i = 0; i < n; ++i) copy_row(out + (o * this->size + at[i]) * size, in + (o * n + i) * size, size);
    });
  });
  return record(op, y, {x, values}, [op, rows = *this, shape = values.shape()](const Backward& b) -> Gradients {
    Tensor to_x, to_values;
    if (b.needs(0)) to_x = rows.put(op, b.grad, zeros(shape, {b.grad.dtype()}));
    if (b.needs(1)) {
      to_values = rows.take(op, b.grad, shape);
      std::vector<int64_t> lost = overwritten(rows);
      if (!lost.empty()) {
        Rows losers{rows.outer, rows.count(), rows.inner, from_vector(lost)};
        Tensor nothing = zeros({rows.outer, losers.count(), rows.inner}, {b.grad.dtype()});
        to_values = losers.put(op, to_values, nothing);
      }
    }
    return {to_x, to_values};
  });
}

}  // namespace korrel
