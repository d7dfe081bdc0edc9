// PyTorch's numbers for the normalisations.
#include <doctest/doctest.h>

#include <tests/golden/golden.h>

#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/normalization.h>

using namespace korrel;
using golden::Case;

namespace {

// The cases are those of the modules: they keep running statistics, and use the batch's where they keep none.
struct Running {
  explicit Running(const Case& c) : tracks(c.args.flag("track_running_stats")), training(c.args.flag("training")) {
    c.args.integer("num_features");
    c.args.flag("affine");
    if (tracks) {
      mean = c["running_mean"].clone();
      var = c["running_var"].clone();
      bool counts = training && c.op.starts_with("batch_norm");  // PyTorch's instance norm does not count
      batches = c["num_batches_tracked"] + (counts ? 1 : 0);
      momentum = c.args.has("momentum") ? c.args.number("momentum") : 1 / batches.item();
    } else {
      c.args.has("momentum");
    }
  }
  golden::Outputs with(const Tensor& y) const {
    if (!tracks || !training) return {{"y", y}};
    return {{"y", y}, {"new_running_mean", mean}, {"new_running_var", var}, {"new_num_batches_tracked", batches}};
  }

  bool tracks, training;
  Tensor mean, var, batches;
  double momentum = 0;
};

golden::Result batch_norm_case(const Case& c) {
  Running running(c);
  BatchNormOptions options{running.training || !running.tracks, running.momentum, c.args.number("eps")};
  return running.with(batch_norm(c["x"], running.mean, running.var, c["weight"], c["bias"], options));
}
golden::Result instance_norm_case(const Case& c) {
  Running running(c);
  InstanceNormOptions options{running.training || !running.tracks, running.momentum, c.args.number("eps")};
  return running.with(instance_norm(c["x"], running.mean, running.var, c["weight"], c["bias"], options));
}

const golden::Ops ops = {
    {"batch_norm1d", batch_norm_case},
    {"batch_norm2d", batch_norm_case},
    {"batch_norm3d", batch_norm_case},
    {"instance_norm1d", instance_norm_case},
    {"instance_norm2d", instance_norm_case},
    {"instance_norm3d", instance_norm_case},
    {"layer_norm",
     [](const Case& c) {
       return layer_norm(c["x"], c.args.ints("normalized_shape"), c["weight"], c["bias"],
                         {.eps = c.args.number("eps")});
     }},
    {"group_norm",
     [](const Case& c) {
       return group_norm(c["x"], c.args.integer("num_groups"), c["weight"], c["bias"], {.eps = c.args.number("eps")});
     }},
    {"local_response_norm",
     [](const Case& c) {
       return local_response_norm(c["x"], c.args.integer("size"),
                                  {c.args.number("alpha"), c.args.number("beta"), c.args.number("k")});
     }},
};

}  // namespace

TEST_CASE("batch_norm") { golden::run("batch_norm"); }
TEST_CASE("layer_norm") { golden::run("layer_norm"); }
TEST_CASE("group_norm") { golden::run("group_norm"); }
TEST_CASE("instance_norm") { golden::run("instance_norm"); }
TEST_CASE("local_response_norm") { golden::run("local_response_norm"); }
