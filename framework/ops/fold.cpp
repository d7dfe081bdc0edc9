#include <korrel/framework/ops/fold.h>

#include <vector>

#include <korrel/framework/base/check.h>

namespace korrel {

ReducedDims::ReducedDims(const char* op, const Shape& shape, const DimList& dim) {
  for (int64_t d : dim.dims()) {
    int i = wrap_dim(op, d, shape.rank());
    check<ShapeError>(!reduced[i], "{}: dimension {} is named twice in {}", op, i, dim.dims());
    reduced[i] = true;
  }
  for (int i = 0; i < shape.rank(); ++i) {
    if (dim.dims().empty()) reduced[i] = true;
    kept.push_back(reduced[i] ? 1 : shape[i]);
    if (!reduced[i]) dropped.push_back(shape[i]);
    if (reduced[i]) count *= shape[i];
  }
}

Tensor fold_sum(const Tensor& x, const ReducedDims& dims) {
  Tensor dense = x.detach().contiguous();
  Tensor y = make_tensor(dims.kept, is_floating(x.dtype()) ? x.dtype() : i64);
  visit(x.dtype(), [&]<class T>() {
    using Wide = std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;
    using Out = std::conditional_t<std::is_floating_point_v<T>, T, int64_t>;
    std::vector<Wide> sums(static_cast<std::size_t>(y.numel()), Wide(0));
    const T* values = dense.data<T>();
    const Shape& shape = dense.shape();
    Strides strides = contiguous_strides(dims.kept);
    for (int i = 0; i < shape.rank(); ++i)
      if (dims.reduced[i]) strides[i] = 0;
    Dims index = Dims::filled(shape.rank(), 0);
    int64_t target = 0;
    for (int64_t n = 0, count = dense.numel(); n < count; ++n) {
      sums[static_cast<std::size_t>(target)] += static_cast<Wide>(values[n]);
      for (int i = shape.rank() - 1; i >= 0; --i) {
        target += strides[i];
        if (++index[i] < shape[i]) break;
        target -= strides[i] * shape[i];
        index[i] = 0;
      }
    }
    Out* out = y.data<Out>();
    for (std::size_t i = 0; i < sums.size(); ++i) out[i] = static_cast<Out>(sums[i]);
  });
  return y;
}

}  // namespace korrel
