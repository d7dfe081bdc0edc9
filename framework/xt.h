// The door to xtensor, and the only header that includes it: a tensor seen as an xtensor array, and a tensor made from
// an expression. For custom layers and naive references; link korrel::xt. Nothing here is recorded: see
// docs/custom_layers.md for gradients. Costs 97,000 preprocessed lines, which is why no other header includes this one.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <korrel/framework/base/error.h>
#include <korrel/framework/tensor/tensor.h>

#if __has_include(<xtensor/containers/xarray.hpp>)  // 0.26 and later
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/core/xmath.hpp>
#include <xtensor/core/xnoalias.hpp>
#include <xtensor/views/xstrided_view.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xview.hpp>
#endif

namespace korrel {

namespace xt_door {

inline std::vector<std::size_t> shape_of(const Tensor& x) { return {x.shape().begin(), x.shape().end()}; }

template <class T>
void check(const char* function, const Tensor& x, bool fits, const char* otherwise) {
  if (x.dtype() != dtype_of<T>)
    throw DtypeError(std::string(function) + ": the tensor is " + std::string(name(x.dtype())) + ", asked for " +
                     std::string(name(dtype_of<T>)));
  if (!fits) throw ValueError(std::string(function) + ": " + otherwise + to_string(x.shape()));
}

template <class T, class Pointer>
auto view(const Tensor& x, Pointer data) {
  check<T>("xt_view", x, x.is_contiguous(),
           "call contiguous() first, or xt_strided_view; the tensor is a view of shape ");
  return xt::adapt(data, static_cast<std::size_t>(x.numel()), xt::no_ownership(), shape_of(x));
}

template <class T, class Pointer>
auto strided_view(const Tensor& x, Pointer data) {
  bool forward = true;
  std::size_t extent = x.numel() > 0;  // from the first element to behind the last one
  for (int i = 0; i < x.dim(); ++i) {
    forward &= x.strides()[i] >= 0;
    if (x.numel() > 0) extent += static_cast<std::size_t>((x.shape()[i] - 1) * x.strides()[i]);
  }
  check<T>("xt_strided_view", x, forward, "call contiguous() first; a stride is negative in a tensor of shape ");
  return xt::strided_view(xt::adapt(data, extent, xt::no_ownership(), std::vector<std::size_t>{extent}), shape_of(x),
                          std::vector<std::ptrdiff_t>(x.strides().begin(), x.strides().end()), 0,
                          xt::layout_type::dynamic);
}

// The dtype in which a tensor keeps values of type V: integers of all sizes but u8 are i64.
template <class V>
using Element = std::conditional_t<std::is_same_v<V, bool> || std::is_same_v<V, uint8_t> || std::is_floating_point_v<V>,
                                   V, int64_t>;

}  // namespace xt_door

// x as an xtensor array over the same bytes: what is written is x's, which must outlive it. Throws DtypeError unless T
// is the type of x's elements, ValueError unless x is contiguous. Writing into a tensor of a graph changes what its
// gradients see.
template <class T>
auto xt_view(Tensor& x) {
  return xt_door::view<T>(x, static_cast<T*>(x.raw_data()));
}
template <class T>
auto xt_view(const Tensor& x) {
  return xt_door::view<T>(x, static_cast<const T*>(x.raw_data()));
}

// The same for tensors of any layout (transposed, sliced, expanded), slower to walk.
template <class T>
auto xt_strided_view(Tensor& x) {
  return xt_door::strided_view<T>(x, static_cast<T*>(x.raw_data()));
}
template <class T>
auto xt_strided_view(const Tensor& x) {
  return xt_door::strided_view<T>(x, static_cast<const T*>(x.raw_data()));
}

// The values of an xtensor expression as a new tensor; float, double, uint8_t and bool keep their type, other integers
// become i64.
template <class E>
Tensor from_xt(const xt::xexpression<E>& expression) {
  const E& values = expression.derived_cast();
  using T = xt_door::Element<std::decay_t<typename E::value_type>>;
  Shape shape;
  for (std::size_t size : values.shape()) shape.push_back(static_cast<int64_t>(size));
  Tensor y = make_tensor(shape, dtype_of<T>);
  T* to = y.data<T>();
  for (auto value = values.template begin<xt::layout_type::row_major>();
       value != values.template end<xt::layout_type::row_major>(); ++value)
    *to++ = static_cast<T>(*value);
  return y;
}

}  // namespace korrel
