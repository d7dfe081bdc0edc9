#include <korrel/framework/tensor/create.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include <korrel/framework/base/check.h>

namespace korrel {
namespace {

Tensor finish(Tensor x, TensorOptions options) {
  if (options.requires_grad) x.requires_grad_();
  return x;
}

// Element i = value(i), as a double.
template <class F>
Tensor generate(const Shape& shape, TensorOptions options, F value) {
  Tensor x = make_tensor(shape, options.dtype);
  visit(options.dtype, [&]<class T>() {
    T* out = x.data<T>();
    for (int64_t i = 0, n = x.numel(); i < n; ++i) out[i] = static_cast<T>(value(i));
  });
  return finish(x, options);
}

}  // namespace

Tensor empty(const Shape& shape, TensorOptions options) { return finish(make_tensor(shape, options.dtype), options); }

Tensor zeros(const Shape& shape, TensorOptions options) {
  Tensor x = make_tensor(shape, options.dtype);
  std::memset(x.raw_data(), 0, static_cast<std::size_t>(x.numel()) * size_of(options.dtype));
  return finish(x, options);
}

Tensor full(const Shape& shape, double value, TensorOptions options) {
  Tensor x = make_tensor(shape, options.dtype);
  visit(options.dtype, [&]<class T>() { std::fill_n(x.data<T>(), x.numel(), static_cast<T>(value)); });
  return finish(x, options);
}
Tensor ones(const Shape& shape, TensorOptions options) { return full(shape, 1, options); }

Tensor empty_like(const Tensor& x) { return empty(x.shape(), {x.dtype()}); }
Tensor zeros_like(const Tensor& x) { return zeros(x.shape(), {x.dtype()}); }
Tensor ones_like(const Tensor& x) { return ones(x.shape(), {x.dtype()}); }
Tensor full_like(const Tensor& x, double value) { return full(x.shape(), value, {x.dtype()}); }

Tensor eye(int64_t n, TensorOptions options) {
  return generate({n, n}, options, [&](int64_t i) { return i / n == i % n ? 1.0 : 0.0; });
}

Tensor arange(double end, TensorOptions options) { return arange(0, end, 1, options); }
Tensor arange(double start, double end, double step, TensorOptions options) {
  check<ValueError>(step != 0 && (end - start) / step >= 0, "arange: from {} to {} by {} has no end", start, end, step);
  return generate({static_cast<int64_t>(std::ceil((end - start) / step))}, options,
                  [&](int64_t i) { return start + static_cast<double>(i) * step; });
}

Tensor linspace(double start, double end, int64_t steps, TensorOptions options) {
  check<ValueError>(steps >= 0, "linspace: steps must not be negative, got {}", steps);
  double step = steps > 1 ? (end - start) / static_cast<double>(steps - 1) : 0;
  // From both ends, so that the last element is `end` exactly.
  return generate({steps}, options, [&](int64_t i) {
    return i < steps / 2 || steps == 1 ? start + step * static_cast<double>(i)
                                       : end - step * static_cast<double>(steps - 1 - i);
  });
}

Tensor scalar(double value, DType dtype) { return full({}, value, {dtype}); }

NestedNumbers::NestedNumbers(std::initializer_list<NestedNumbers> parts) : shape{static_cast<int64_t>(parts.size())} {
  for (const NestedNumbers& part : parts) {
    const Shape& first = parts.begin()->shape;
    check<ShapeError>(part.shape == first, "tensor: parts of shape {} and {} in one list", first, part.shape);
    values.insert(values.end(), part.values.begin(), part.values.end());
  }
  if (parts.size() == 0) return;
  for (int64_t size : parts.begin()->shape) shape.push_back(size);
}

Tensor tensor(const NestedNumbers& values, TensorOptions options) {
  return generate(values.shape, options, [&](int64_t i) { return values.values[static_cast<std::size_t>(i)]; });
}

template <class T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape) {
  check<ShapeError>(shape.numel() == static_cast<int64_t>(values.size()), "from_vector: {} values for shape {}",
                    values.size(), shape);
  Tensor x = make_tensor(shape, dtype_of<T>);
  std::copy(values.begin(), values.end(), x.data<T>());
  return x;
}
template Tensor from_vector(const std::vector<float>&, const Shape&);
template Tensor from_vector(const std::vector<double>&, const Shape&);
template Tensor from_vector(const std::vector<int64_t>&, const Shape&);
template Tensor from_vector(const std::vector<uint8_t>&, const Shape&);

}  // namespace korrel
