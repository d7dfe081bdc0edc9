#include <korrel/framework/ops/dropout.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/operand_check.h>

namespace korrel {
namespace {

constexpr int nothing = Dims::max_rank;  // no dimensions are dropped together: every element by itself

void check_arguments(const char* op, const Tensor& x, const DropoutOptions& options) {
  checked_floating(op, x);
  check<ValueError>(options.p >= 0 && options.p <= 1, "{}: p expects a probability in [0, 1], got {}", op, options.p);
}

// Elements of one draw: `keep` with probability 1 - p, else `drop`.
Tensor mask(const Shape& shape, DType dtype, double p, double keep, double drop, Generator& generator) {
  Tensor noise = make_tensor(shape, dtype);
  uint64_t seed = generator.seed(), draw = generator.next_draw();
  auto threshold = static_cast<uint64_t>(std::ldexp(p, 32));  // of 32 random bits; 2^32 drops all
  visit_floating(dtype, [&]<class T>() {
    T* to = noise.data<T>();
    const int64_t n = noise.numel();
    const T values[] = {static_cast<T>(keep), static_cast<T>(drop)};
    parallel_for((n + 3) / 4, 2048, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        PhiloxBlock random = philox(seed, draw, static_cast<uint64_t>(block));
        for (int64_t i = 4 * block; i < std::min(n, 4 * block + 4); ++i)
          to[i] = values[random.words[i % 4] < threshold];
      }
    });
  });
  return noise;
}

// x with elements (or slices: the dimensions from `sliced` on are dropped together) set to zero.
Tensor drop(const char* op, const Tensor& x, int sliced, const DropoutOptions& options, Generator& generator) {
  check_arguments(op, x, options);
  if (!options.training || options.p == 0) return x;
  Shape shape = x.shape();
  for (int i = sliced; i < x.dim(); ++i) shape[i] = 1;
  double keep = options.p < 1 ? 1 / (1 - options.p) : 0;
  Tensor factors = mask(shape, x.dtype(), options.p, keep, 0, generator);
  Tensor y = no_grad([&] { return x * factors; });
  return record(op, y, {x}, [factors](const Backward& b) -> Gradients { return {b.grad * factors}; });
}

// `batched` and one less are the ranks that are understood.
int channels_of(const char* op, const Tensor& x, int batched) {
  check_defined(op, x);
  check<ShapeError>(x.dim() == batched || x.dim() == batched - 1, "{}: expects {} or {} dimensions, x is {}", op,
                    batched - 1, batched, x.shape());
  return x.dim() == batched ? 2 : 1;
}

Tensor drop_to_negative(const char* op, const Tensor& x, int sliced, const DropoutOptions& options,
                        Generator& generator) {
  check_arguments(op, x, options);
  if (!options.training || options.p == 0) return x;
  Shape shape = x.shape();
  for (int i = sliced; i < x.dim(); ++i) shape[i] = 1;
  constexpr double lowest = 1.7580993408473766;  // selu's limit, negated: scale * alpha
  double p = options.p, a = p < 1 ? 1 / std::sqrt((lowest * lowest * p + 1) * (1 - p)) : 0;
  // kept: a x + a lowest p; dropped: -a lowest + a lowest p. From one draw, so that both factors agree.
  Tensor kept = mask(shape, x.dtype(), p, 1, 0, generator);
  Tensor y = no_grad([&] { return x * (kept * a) + ((kept - 1) * (a * lowest) + a * lowest * p); });
  return record(op, y, {x}, [kept, a](const Backward& b) -> Gradients { return {b.grad * (kept * a)}; });
}

}  // namespace

Tensor dropout(const Tensor& x, const DropoutOptions& options, Generator& generator) {
  return drop("dropout", x, nothing, options, generator);
}
Tensor dropout1d(const Tensor& x, const DropoutOptions& options, Generator& generator) {
  return drop("dropout1d", x, channels_of("dropout1d", x, 3), options, generator);
}
Tensor dropout2d(const Tensor& x, const DropoutOptions& options, Generator& generator) {
  channels_of("dropout2d", x, 4);  // three dimensions are [N,C,L] here, as in PyTorch 1.13
  return drop("dropout2d", x, 2, options, generator);
}
Tensor dropout3d(const Tensor& x, const DropoutOptions& options, Generator& generator) {
  return drop("dropout3d", x, channels_of("dropout3d", x, 5), options, generator);
}
Tensor alpha_dropout(const Tensor& x, const DropoutOptions& options, Generator& generator) {
  return drop_to_negative("alpha_dropout", x, nothing, options, generator);
}
Tensor feature_alpha_dropout(const Tensor& x, const DropoutOptions& options, Generator& generator) {
  check_defined("feature_alpha_dropout", x);
  check<ShapeError>(x.dim() >= 2, "feature_alpha_dropout: expects x [N,C,...], got {}", x.shape());
  return drop_to_negative("feature_alpha_dropout", x, 2, options, generator);
}

}  // namespace korrel
