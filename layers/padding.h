// Padding as layers, as in torch.nn: one number for all sides, or {left, right}, {left, right, top, bottom}, {left,
// right, top, bottom, front, back}; negative ones cut off. Rules and modes: framework/ops/pad.h.
#pragma once

#include <korrel/framework/ops/options.h>
#include <korrel/framework/ops/pad.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

class PadNd : public Module {
 public:
  Tensor forward(const Tensor& x) override;  // [N,C,...] or [C,...]
  std::string extra_repr() const override;

 protected:
  // Throws ShapeError unless there are one or 2 axes numbers.
  PadNd(const char* layer, int axes, const PerAxis& padding, const PadOptions& options);

  const char* layer_;
  int axes_;
  Dims padding_;
  PadOptions options_;
};

// The mirror image without the edge; pads are smaller than the image.
struct ReflectionPad1d : PadNd {
  explicit ReflectionPad1d(const PerAxis& padding);
  KORREL_MODULE()
};
struct ReflectionPad2d : PadNd {
  explicit ReflectionPad2d(const PerAxis& padding);
  KORREL_MODULE()
};
struct ReflectionPad3d : PadNd {
  explicit ReflectionPad3d(const PerAxis& padding);
  KORREL_MODULE()
};
// The edge, repeated.
struct ReplicationPad1d : PadNd {
  explicit ReplicationPad1d(const PerAxis& padding);
  KORREL_MODULE()
};
struct ReplicationPad2d : PadNd {
  explicit ReplicationPad2d(const PerAxis& padding);
  KORREL_MODULE()
};
struct ReplicationPad3d : PadNd {
  explicit ReplicationPad3d(const PerAxis& padding);
  KORREL_MODULE()
};
// The other end, as on a ring.
struct CircularPad1d : PadNd {
  explicit CircularPad1d(const PerAxis& padding);
  KORREL_MODULE()
};
struct CircularPad2d : PadNd {
  explicit CircularPad2d(const PerAxis& padding);
  KORREL_MODULE()
};
struct CircularPad3d : PadNd {
  explicit CircularPad3d(const PerAxis& padding);
  KORREL_MODULE()
};
// Zeros.
struct ZeroPad1d : PadNd {
  explicit ZeroPad1d(const PerAxis& padding);
  KORREL_MODULE()
};
struct ZeroPad2d : PadNd {
  explicit ZeroPad2d(const PerAxis& padding);
  KORREL_MODULE()
};
struct ZeroPad3d : PadNd {
  explicit ZeroPad3d(const PerAxis& padding);
  KORREL_MODULE()
};

class ConstantPadNd : public PadNd {
 public:
  std::string extra_repr() const override;

 protected:
  ConstantPadNd(const char* layer, int axes, const PerAxis& padding, double value);
};
struct ConstantPad1d : ConstantPadNd {
  ConstantPad1d(const PerAxis& padding, double value);
  KORREL_MODULE()
};
struct ConstantPad2d : ConstantPadNd {
  ConstantPad2d(const PerAxis& padding, double value);
  KORREL_MODULE()
};
struct ConstantPad3d : ConstantPadNd {
  ConstantPad3d(const PerAxis& padding, double value);
  KORREL_MODULE()
};

}  // namespace korrel::nn
