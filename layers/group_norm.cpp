#include <korrel/layers/group_norm.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/normalization.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/init.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

GroupNorm::GroupNorm(int64_t groups, int64_t channels, const GroupNormOptions& how)
    : num_groups(groups), num_channels(channels), options(how) {
  check_positive("GroupNorm", "num_groups", num_groups);
  check_positive("GroupNorm", "num_channels", num_channels);
  check<ValueError>(num_channels % num_groups == 0, "GroupNorm: num_groups={} does not divide num_channels={}",
                    num_groups, num_channels);
  check<ValueError>(options.eps > 0, "GroupNorm: eps must be positive, got {}", options.eps);
  if (!options.affine) return;
  weight = Parameter(ones({num_channels}));
  bias = Parameter(zeros({num_channels}));
}

void GroupNorm::reset_parameters() {
  if (!options.affine) return;
  init::ones_(weight);
  init::zeros_(bias);
}

Tensor GroupNorm::forward(const Tensor& x) {
  check_defined("GroupNorm", x);
  check<ShapeError>(x.dim() >= 2 && x.size(1) == num_channels, "GroupNorm: needs x [N,{},...], x is {}", num_channels,
                    x.shape());
  return group_norm(x, num_groups, weight, bias, {.eps = options.eps});
}

std::string GroupNorm::extra_repr() const {
  return fmt::format("{}, {}, eps={}, affine={}", num_groups, num_channels, python_number(options.eps),
                     python_bool(options.affine));
}

}  // namespace korrel::nn
