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
struct ReflectionPad1d : PadNd {  // x [N,C,L] or [C,L]; mirrored, not repeating the edge
  explicit ReflectionPad1d(const PerAxis& padding);
  KORREL_MODULE()
};
struct ReflectionPad2d : PadNd {  // x [N,C,H,W] or [C,H,W]; mirrored, not repeating the edge
  explicit ReflectionPad2d(const PerAxis& padding);
  KORREL_MODULE()
};
struct ReflectionPad3d : PadNd {  // x [N,C,D,H,W] or [C,D,H,W]; mirrored, not repeating the edge
  explicit ReflectionPad3d(const PerAxis& padding);
  KORREL_MODULE()
};
// The edge, repeated.
struct ReplicationPad1d : PadNd {  // x [N,C,L] or [C,L]; its edge goes on
  explicit ReplicationPad1d(const PerAxis& padding);
  KORREL_MODULE()
};
struct ReplicationPad2d : PadNd {  // x [N,C,H,W] or [C,H,W]; its edge goes on
  explicit ReplicationPad2d(const PerAxis& padding);
  KORREL_MODULE()
};
struct ReplicationPad3d : PadNd {  // x [N,C,D,H,W] or [C,D,H,W]; its edge goes on
  explicit ReplicationPad3d(const PerAxis& padding);
  KORREL_MODULE()
};
// The other end, as on a ring.
struct CircularPad1d : PadNd {  // x [N,C,L] or [C,L]; goes on at the other end
  explicit CircularPad1d(const PerAxis& padding);
  KORREL_MODULE()
};
struct CircularPad2d : PadNd {  // x [N,C,H,W] or [C,H,W]; goes on at the other end
  explicit CircularPad2d(const PerAxis& padding);
  KORREL_MODULE()
};
struct CircularPad3d : PadNd {  // x [N,C,D,H,W] or [C,D,H,W]; goes on at the other end
  explicit CircularPad3d(const PerAxis& padding);
  KORREL_MODULE()
};
// Zeros.
struct ZeroPad1d : PadNd {  // x [N,C,L] or [C,L]; 0 around it
  explicit ZeroPad1d(const PerAxis& padding);
  KORREL_MODULE()
};
struct ZeroPad2d : PadNd {  // x [N,C,H,W] or [C,H,W]; 0 around it
  explicit ZeroPad2d(const PerAxis& padding);
  KORREL_MODULE()
};
struct ZeroPad3d : PadNd {  // x [N,C,D,H,W] or [C,D,H,W]; 0 around it
  explicit ZeroPad3d(const PerAxis& padding);
  KORREL_MODULE()
};

class ConstantPadNd : public PadNd {
 public:
  std::string extra_repr() const override;

 protected:
  ConstantPadNd(const char* layer, int axes, const PerAxis& padding, double value);
};
struct ConstantPad1d : ConstantPadNd {  // x [N,C,L] or [C,L]; value around it
  ConstantPad1d(const PerAxis& padding, double value);
  KORREL_MODULE()
};
struct ConstantPad2d : ConstantPadNd {  // x [N,C,H,W] or [C,H,W]; value around it
  ConstantPad2d(const PerAxis& padding, double value);
  KORREL_MODULE()
};
struct ConstantPad3d : ConstantPadNd {  // x [N,C,D,H,W] or [C,D,H,W]; value around it
  ConstantPad3d(const PerAxis& padding, double value);
  KORREL_MODULE()
};

}  // namespace korrel::nn
