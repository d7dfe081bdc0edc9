#include <korrel/datasets/batch_maker.h>

#include <algorithm>
#include <cstring>

#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>

namespace korrel::datasets {
namespace {

// Samples are made by several threads only from 512 KiB per thread on: below, waking a thread costs more than it saves.
constexpr int64_t elements_per_thread = 128 << 10;

template <class From>
void scale_plane(const From* in, float* out, int64_t n, float scale, float shift) {
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]) * scale + shift;
}

}  // namespace

BatchMaker::BatchMaker(const Dataset& dataset, const std::vector<Transform>& transforms, uint64_t seed)
    : dataset_(dataset), transforms_(transforms), seed_(seed) {
  dataset_.validate();
  Shape shape = dataset_.sample_shape();
  auto channels = static_cast<std::size_t>(shape.rank() > 1 ? shape[0] : 1);
  bool pixels = dataset_.inputs.dtype() == u8;
  scale_.assign(channels, pixels ? 1 / 255.f : 1.f);
  shift_.assign(channels, 0.f);
  if (!transforms_.empty()) {
    if (const Normalize* first = transforms_[0].as<Normalize>()) {
      first->shape(shape);
      for (std::size_t c = 0; c < channels; ++c) {
        std::size_t i = first->mean.size() == 1 ? 0 : c;
        scale_[c] = (pixels ? 1 / 255.f : 1.f) / first->std[i];
        shift_[c] = -first->mean[i] / first->std[i];
      }
      transforms_.erase(transforms_.begin());
    }
  }
  shapes_.push_back(shape);
  for (const Transform& transform : transforms_) {
    largest_ = std::max(largest_, shapes_.back().numel());
    shapes_.push_back(transform.shape(shapes_.back()));
  }
}

void BatchMaker::convert(int64_t index, float* out) const {
  int64_t n = shapes_[0].numel(), channels = static_cast<int64_t>(scale_.size()), plane = channels ? n / channels : 0;
  for (int64_t c = 0; c < channels; ++c) {
    float scale = scale_[static_cast<std::size_t>(c)], shift = shift_[static_cast<std::size_t>(c)];
    int64_t from = index * n + c * plane;
    if (dataset_.inputs.dtype() == u8) {
      scale_plane(dataset_.inputs.data<uint8_t>() + from, out + c * plane, plane, scale, shift);
    } else {
      scale_plane(dataset_.inputs.data<float>() + from, out + c * plane, plane, scale, shift);
    }
  }
}

void BatchMaker::make_sample(int64_t epoch, int64_t index, float* out) const {
  if (transforms_.empty()) {
    convert(index, out);
    return;
  }
  // From one half of the scratch to the other, at last into the batch. Kept by the thread: no allocation per sample.
  static thread_local std::vector<float> scratch;
  auto half = static_cast<std::size_t>(largest_);
  if (scratch.size() < 2 * half) scratch.resize(2 * half);
  float *in = scratch.data(), *next = in + half;
  convert(index, in);
  SampleRandom random(seed_, epoch, index);
  for (std::size_t i = 0; i < transforms_.size(); ++i) {
    transforms_[i].apply(in, i + 1 == transforms_.size() ? out : next, shapes_[i], random);
    std::swap(in, next);
  }
}

Batch BatchMaker::make(int64_t epoch, const int64_t* indices, int64_t first, int64_t count) const {
  Shape shape = shapes_.back();
  int64_t elements = std::max<int64_t>(shape.numel(), 1);
  shape.insert(0, count);
  Batch batch{make_tensor(shape, f32), make_tensor({count}, i64)};
  auto* x = batch.x.data<float>();
  auto* y = batch.y.data<int64_t>();
  const int64_t* labels = dataset_.labels.data<int64_t>();
  parallel_for(count, 1 + elements_per_thread / elements, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t index = indices ? indices[i] : first + i;
      make_sample(epoch, index, x + i * shapes_.back().numel());
      y[i] = labels[index];
    }
  });
  return batch;
}

}  // namespace korrel::datasets
