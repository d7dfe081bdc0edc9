// What a DataLoader does to each sample on its way into a batch: small value objects, put in a list and applied in
// order. Samples are f32, images [C,H,W] with u8 pixels scaled to [0,1] before the first transform, as torchvision's
// ToTensor. A type of your own joins in with the same two members as those below; apply() must be safe to call from
// several threads.
#pragma once

#include <utility>
#include <vector>

#include <korrel/datasets/sample_random.h>
#include <korrel/framework/base/dims.h>
#include <korrel/framework/base/ref.h>

namespace korrel::datasets {

// (x - mean) / std by channel. One number serves all channels. As the first in the list it costs nothing extra.
struct Normalize {
  std::vector<float> mean, std;

  // The sample's shape afterwards. Throws ShapeError or ValueError if it cannot be applied to this one.
  Shape shape(const Shape& in) const;
  // `in` of that input shape to `out`, which does not overlap it.
  void apply(const float* in, float* out, const Shape& in_shape, SampleRandom& random) const;
};

// A window of size x size at a random place of the image with `padding` pixels of zeros around it.
struct RandomCrop {
  int64_t size = 0;  // 0: as large as the image
  int64_t padding = 0;

  Shape shape(const Shape& in) const;
  void apply(const float* in, float* out, const Shape& in_shape, SampleRandom& random) const;
};

// Left and right exchanged with probability p.
struct RandomHorizontalFlip {
  double p = 0.5;

  Shape shape(const Shape& in) const;
  void apply(const float* in, float* out, const Shape& in_shape, SampleRandom& random) const;
};

// A square of size x size pixels, set to zero, around a random pixel; the part of it that lies outside the image is cut
// off (DeVries & Taylor 2017). After Normalize, zero is the mean.
struct Cutout {
  int64_t size = 16;

  Shape shape(const Shape& in) const;
  void apply(const float* in, float* out, const Shape& in_shape, SampleRandom& random) const;
};

// Holds any of them: `std::vector<Transform> list = {RandomCrop{.padding = 4}, RandomHorizontalFlip{}, Normalize{mean,
// std}}`.
class Transform {
 public:
  template <class T>
  Transform(T transform) : held_(new Held<T>(std::move(transform))) {}  // NOLINT: meant to convert

  Shape shape(const Shape& in) const { return held_->shape(in); }
  void apply(const float* in, float* out, const Shape& in_shape, SampleRandom& random) const {
    held_->apply(in, out, in_shape, random);
  }
  template <class T>
  const T* as() const {  // null if it holds something else
    auto* held = dynamic_cast<const Held<T>*>(held_.get());
    return held ? &held->value : nullptr;
  }

 private:
  struct AnyTransform : Counted {
    virtual ~AnyTransform() = default;
    static void destroy(const AnyTransform* transform) { delete transform; }
    virtual Shape shape(const Shape& in) const = 0;
    virtual void apply(const float* in, float* out, const Shape& in_shape, SampleRandom& random) const = 0;
  };
  template <class T>
  struct Held final : AnyTransform {
    explicit Held(T v) : value(std::move(v)) {}
    Shape shape(const Shape& in) const override { return value.shape(in); }
    void apply(const float* in, float* out, const Shape& in_shape, SampleRandom& random) const override {
      value.apply(in, out, in_shape, random);
    }
    T value;
  };

  Ref<const AnyTransform> held_;
};

}  // namespace korrel::datasets
