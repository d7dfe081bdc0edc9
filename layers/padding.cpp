#include <korrel/layers/padding.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

PadNd::PadNd(const char* layer, int axes, const PerAxis& padding, const PadOptions& options)
    : layer_(layer), axes_(axes), padding_(padding.over(2 * axes, layer, "padding")), options_(options) {}

Tensor PadNd::forward(const Tensor& x) {
  check_defined(layer_, x);
  check<ShapeError>(
      x.dim() == axes_ + 1 || x.dim() == axes_ + 2 || (options_.mode == PadMode::constant && x.dim() >= axes_),
      "{}: needs {} dimensions, or {} without a batch, x is {}", layer_, axes_ + 2, axes_ + 1, x.shape());
  return pad(x, std::vector<int64_t>(padding_.begin(), padding_.end()), options_);
}
std::string PadNd::extra_repr() const { return python_tuple(padding_); }

ConstantPadNd::ConstantPadNd(const char* layer, int axes, const PerAxis& padding, double value)
    : PadNd(layer, axes, padding, {.value = value}) {}
std::string ConstantPadNd::extra_repr() const {
  return fmt::format("padding={}, value={}", python_tuple(padding_), python_number(options_.value));
}

ReflectionPad1d::ReflectionPad1d(const PerAxis& padding)
    : PadNd("ReflectionPad1d", 1, padding, {.mode = PadMode::reflect}) {}
ReflectionPad2d::ReflectionPad2d(const PerAxis& padding)
    : PadNd("ReflectionPad2d", 2, padding, {.mode = PadMode::reflect}) {}
ReflectionPad3d::ReflectionPad3d(const PerAxis& padding)
    : PadNd("ReflectionPad3d", 3, padding, {.mode = PadMode::reflect}) {}
ReplicationPad1d::ReplicationPad1d(const PerAxis& padding)
    : PadNd("ReplicationPad1d", 1, padding, {.mode = PadMode::replicate}) {}
ReplicationPad2d::ReplicationPad2d(const PerAxis& padding)
    : PadNd("ReplicationPad2d", 2, padding, {.mode = PadMode::replicate}) {}
ReplicationPad3d::ReplicationPad3d(const PerAxis& padding)
    : PadNd("ReplicationPad3d", 3, padding, {.mode = PadMode::replicate}) {}
CircularPad1d::CircularPad1d(const PerAxis& padding)
    : PadNd("CircularPad1d", 1, padding, {.mode = PadMode::circular}) {}
CircularPad2d::CircularPad2d(const PerAxis& padding)
    : PadNd("CircularPad2d", 2, padding, {.mode = PadMode::circular}) {}
CircularPad3d::CircularPad3d(const PerAxis& padding)
    : PadNd("CircularPad3d", 3, padding, {.mode = PadMode::circular}) {}
ZeroPad1d::ZeroPad1d(const PerAxis& padding) : PadNd("ZeroPad1d", 1, padding, {.mode = PadMode::constant}) {}
ZeroPad2d::ZeroPad2d(const PerAxis& padding) : PadNd("ZeroPad2d", 2, padding, {.mode = PadMode::constant}) {}
ZeroPad3d::ZeroPad3d(const PerAxis& padding) : PadNd("ZeroPad3d", 3, padding, {.mode = PadMode::constant}) {}
ConstantPad1d::ConstantPad1d(const PerAxis& padding, double value)
    : ConstantPadNd("ConstantPad1d", 1, padding, value) {}
ConstantPad2d::ConstantPad2d(const PerAxis& padding, double value)
    : ConstantPadNd("ConstantPad2d", 2, padding, value) {}
ConstantPad3d::ConstantPad3d(const PerAxis& padding, double value)
    : ConstantPadNd("ConstantPad3d", 3, padding, value) {}

}  // namespace korrel::nn
