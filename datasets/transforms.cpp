#include <korrel/datasets/transforms.h>

#include <algorithm>

#include <korrel/framework/base/check.h>

namespace korrel::datasets {
namespace {

void check_image(const char* transform, const Shape& shape) {
  check<ShapeError>(shape.rank() == 3, "{}: needs images [C,H,W], samples are {}", transform, shape);
}

}  // namespace

Shape Normalize::shape(const Shape& in) const {
  int64_t channels = in.rank() > 1 ? in[0] : 1;
  check<ShapeError>(mean.size() == std.size() && (mean.size() == 1 || static_cast<int64_t>(mean.size()) == channels),
                    "Normalize: {} means and {} deviations for samples of {} channels {}", mean.size(), std.size(),
                    channels, in);
  for (float deviation : std) check<ValueError>(deviation > 0, "Normalize: std must be positive, got {}", deviation);
  return in;
}

void Normalize::apply(const float* in, float* out, const Shape& in_shape, SampleRandom&) const {
  int64_t channels = in_shape.rank() > 1 ? in_shape[0] : 1, plane = in_shape.numel() / std::max<int64_t>(channels, 1);
  for (int64_t c = 0; c < channels; ++c) {
    auto i = mean.size() == 1 ? std::size_t{0} : static_cast<std::size_t>(c);
    float scale = 1 / std[i], shift = -mean[i] / std[i];
    for (int64_t j = c * plane; j < (c + 1) * plane; ++j) out[j] = in[j] * scale + shift;
  }
}

Shape RandomCrop::shape(const Shape& in) const {
  check_image("RandomCrop", in);
  check<ValueError>(size >= 0 && padding >= 0, "RandomCrop: size and padding must not be negative, got {} and {}", size,
                    padding);
  check<ShapeError>(size <= in[1] + 2 * padding && size <= in[2] + 2 * padding,
                    "RandomCrop: size {} is larger than the image with its padding of {} ({})", size, padding, in);
  return size == 0 ? in : Shape{in[0], size, size};
}

void RandomCrop::apply(const float* in, float* out, const Shape& in_shape, SampleRandom& random) const {
  Shape to = shape(in_shape);
  int64_t height = in_shape[1], width = in_shape[2];
  // Where the window begins in the image; negative in the padding.
  int64_t top = random.below(height + 2 * padding - to[1] + 1) - padding;
  int64_t left = random.below(width + 2 * padding - to[2] + 1) - padding;
  int64_t begin = std::clamp<int64_t>(-left, 0, to[2]), end = std::clamp<int64_t>(width - left, begin, to[2]);
  for (int64_t c = 0; c < to[0]; ++c) {
    for (int64_t i = 0; i < to[1]; ++i, out += to[2]) {
      int64_t row = top + i;
      if (row < 0 || row >= height) {
        std::fill(out, out + to[2], 0.f);
        continue;
      }
      const float* from = in + (c * height + row) * width;
      std::fill(out, out + begin, 0.f);
      std::copy(from + left + begin, from + left + end, out + begin);
      std::fill(out + end, out + to[2], 0.f);
    }
  }
}

Shape RandomHorizontalFlip::shape(const Shape& in) const {
  check_image("RandomHorizontalFlip", in);
  check<ValueError>(p >= 0 && p <= 1, "RandomHorizontalFlip: p must be in [0,1], got {}", p);
  return in;
}

void RandomHorizontalFlip::apply(const float* in, float* out, const Shape& in_shape, SampleRandom& random) const {
  int64_t width = in_shape[2], n = in_shape.numel();
  if (random.uniform() >= p) {
    std::copy(in, in + n, out);
    return;
  }
  for (int64_t i = 0; i < n; i += width) std::reverse_copy(in + i, in + i + width, out + i);
}

Shape Cutout::shape(const Shape& in) const {
  check_image("Cutout", in);
  check<ValueError>(size >= 1, "Cutout: size must be positive, got {}", size);
  return in;
}

void Cutout::apply(const float* in, float* out, const Shape& in_shape, SampleRandom& random) const {
  int64_t height = in_shape[1], width = in_shape[2];
  std::copy(in, in + in_shape.numel(), out);
  int64_t top = random.below(height) - size / 2, left = random.below(width) - size / 2;
  int64_t bottom = std::min(top + size, height), right = std::min(left + size, width);
  top = std::max<int64_t>(top, 0);
  left = std::max<int64_t>(left, 0);
  for (int64_t c = 0; c < in_shape[0]; ++c)
    for (int64_t i = top; i < bottom; ++i) std::fill_n(out + (c * height + i) * width + left, right - left, 0.f);
}

}  // namespace korrel::datasets
