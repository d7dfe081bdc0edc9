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
  for (int64_t i = 0, n = index.numel(); i < n; ++i) {
    check<ValueError>(in[i] >= -size && in[i] < size, "{}: index {} is out of range for {}{} of size {}", op, in[i],
                      what, dim < 0 ? "" : " " + std::to_string(dim), size);
    out[i] = in[i] < 0 ? in[i] + size : in[i];
  }
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

Tensor dense(const Tensor& x) { return x.detach().contiguous(); }

// y, in place, with `values` added to its rows.
void add_into(const Rows& rows, Tensor& y, const Tensor& values) {
  Tensor terms = dense(values);
  visit(y.dtype(), [&]<class T>() {
    const int64_t* at = rows.index.data<int64_t>();
    const T* in = terms.data<T>();
    T* out = y.data<T>();
    int64_t n = rows.count(), inner = rows.inner;
    over_columns(rows, sizeof(T), [&](int64_t o, int64_t first, int64_t last) {
      for (int64_t i = 0; i < n; ++i) {
        const T* term = in + (o * n + i) * inner;
        T* sum = out + (o * rows.size + at[i]) * inner;
        for (int64_t c = first; c < last; ++c) {
          if constexpr (std::is_same_v<T, bool>)
            sum[c] = sum[c] || term[c];
          else
            sum[c] = static_cast<T>(sum[c] + term[c]);
        }
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
      for (int64_t r = begin; r < end; ++r) {
        std::memcpy(out + r * size, in + (o * this->size + at[i]) * size, static_cast<std::size_t>(size));
        if (++i == n) {
          i = 0;
          ++o;
        }
      }
    };
    if (bytes == 4)
      copy(std::integral_constant<int64_t, 4>());
    else if (bytes == 8)
      copy(std::integral_constant<int64_t, 8>());
    else
      copy(bytes);
  });
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
  std::size_t bytes = static_cast<std::size_t>(inner) * size_of(x.dtype());
  const int64_t* at = index.data<int64_t>();
  const auto* in = static_cast<const std::byte*>(from.raw_data());
  auto* out = static_cast<std::byte*>(y.raw_data());
  parallel_for(outer, 1 + grain_bytes / std::max<int64_t>(8, n * static_cast<int64_t>(bytes)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t o = begin; o < end; ++o)
                   for (int64_t i = 0; i < n; ++i)
                     std::memcpy(out + static_cast<std::size_t>(o * size + at[i]) * bytes,
                                 in + static_cast<std::size_t>(o * n + i) * bytes, bytes);
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
