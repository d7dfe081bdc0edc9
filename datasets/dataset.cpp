#include <korrel/datasets/dataset.h>

#include <korrel/framework/base/check.h>

namespace korrel::datasets {

Shape Dataset::sample_shape() const { return inputs.shape().slice(1, inputs.dim()); }

Dataset Dataset::slice(int64_t begin, int64_t count) const {
  check<ValueError>(begin >= 0 && count >= 0 && begin <= size() - count,
                    "dataset {}: slice({}, {}) lies outside of {} samples", name, begin, count, size());
  auto cut = [&](const Tensor& x) {
    Layout layout = x.body().layout;
    layout.offset += begin * layout.strides[0];
    layout.shape[0] = count;
    return make_view(x, layout);
  };
  Dataset part = *this;
  part.inputs = cut(inputs);
  part.labels = cut(labels);
  part.description +=
      begin == 0 ? fmt::format(", the first {}", count) : fmt::format(", {} from number {} on", count, begin);
  return part;
}

Dataset Dataset::first(int64_t count) const {
  check<ValueError>(count >= 0, "dataset {}: first({}): the count must not be negative", name, count);
  return count >= size() ? *this : slice(0, count);
}

void Dataset::validate() const {
  const std::string label = name.empty() ? "dataset" : "dataset " + name;
  check<ValueError>(inputs.defined() && labels.defined(), "{}: inputs and labels must both be given", label);
  check<DtypeError>(inputs.dtype() == u8 || inputs.dtype() == f32, "{}: inputs must be u8 or f32, got {}", label,
                    inputs.dtype());
  check<DtypeError>(labels.dtype() == i64, "{}: labels must be i64, got {}", label, labels.dtype());
  check<ShapeError>(inputs.dim() >= 1 && labels.dim() == 1 && labels.size(0) == inputs.size(0),
                    "{}: one label per sample is needed, got inputs {} and labels {}", label, inputs.shape(),
                    labels.shape());
  check<ValueError>(inputs.is_contiguous() && labels.is_contiguous(), "{}: inputs and labels must be contiguous",
                    label);
  check<ValueError>(mean.size() == std.size(), "{}: mean has {} channels, std {}", label, mean.size(), std.size());
  if (classes.empty()) return;
  const int64_t* values = labels.data<int64_t>();
  for (int64_t i = 0; i < labels.numel(); ++i) {
    check<ValueError>(values[i] >= 0 && values[i] < static_cast<int64_t>(classes.size()),
                      "{}: label {} of sample {} is not one of {} classes", label, values[i], i, classes.size());
  }
}

}  // namespace korrel::datasets
