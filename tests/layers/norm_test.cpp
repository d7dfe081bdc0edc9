// GroupNorm, InstanceNorm and LocalResponseNorm: against their ops, in training and evaluation, and their state.
#include <doctest/doctest.h>

#include <tests/message_of.h>
#include <tests/wrong_calls.h>

#include <korrel/korrel.h>

using namespace korrel;

namespace {

std::vector<double> numbers(const Tensor& x) { return x.to_vector(); }

// The state goes out of one layer and into another.
template <class M>
void check_round_trip(M& layer, const Tensor& x) {
  M other = layer;
  for (auto& [name, tensor] : other.state_dict())
    if (is_floating(tensor.dtype())) nn::init::uniform_(const_cast<Tensor&>(tensor), 0.5, 1.5);
  layer.eval();
  other.eval();
  CHECK(numbers(other(x)) != numbers(layer(x)));
  other.load_state_dict(layer.state_dict());
  CHECK(numbers(other(x)) == numbers(layer(x)));
  layer.train();
}

std::vector<std::string> keys(const nn::Module& module) {
  std::vector<std::string> result;
  for (const auto& [name, tensor] : module.state_dict()) result.push_back(name);
  return result;
}

}  // namespace

TEST_CASE("GroupNorm") {
  Tensor x = randn({3, 6, 4, 5}) + 2;
  nn::GroupNorm norm(3, 6), plain(2, 6, {.eps = 0.1, .affine = false});
  CHECK(numbers(norm(x)) == numbers(group_norm(x, 3, norm.weight, norm.bias)));
  CHECK(numbers(plain(x)) == numbers(group_norm(x, 2, {}, {}, {.eps = 0.1})));
  CHECK(keys(norm) == std::vector<std::string>{"weight", "bias"});
  CHECK(keys(plain).empty());
  check_round_trip(norm, x);
  nn::init::zeros_(norm.weight);
  norm.reset_parameters();
  CHECK(numbers(norm.weight) == std::vector<double>(6, 1));
  CHECK(to_string(nn::GroupNorm(2, 4)) == "GroupNorm(2, 4, eps=1e-05, affine=True)");
  wrong_calls::check({
      {"value", [] { nn::GroupNorm n(0, 4); }, {"GroupNorm: num_groups must be positive, got 0"}},
      {"value", [] { nn::GroupNorm n(1, -4); }, {"GroupNorm: num_channels must be positive, got -4"}},
      {"value", [] { nn::GroupNorm n(3, 4); }, {"GroupNorm: num_groups=3 does not divide num_channels=4"}},
      {"value", [] { nn::GroupNorm n(2, 4, {.eps = 0}); }, {"GroupNorm: eps must be positive, got 0"}},
      {"shape",
       [&] {
         norm(zeros({2, 5, 3}));
       },
       {"GroupNorm: needs x [N,6,...], x is [2,5,3]"}},
      {"shape", [&] { norm(zeros({6})); }, {"GroupNorm: needs x [N,6,...], x is [6]"}},
  });
}

TEST_CASE("InstanceNorm: each image by itself, running statistics only when asked for") {
  Tensor x = randn({3, 2, 7}) * 2 + 1;
  nn::InstanceNorm1d plain(2);
  CHECK(keys(plain).empty());
  CHECK(numbers(plain(x)) == numbers(instance_norm(x)));
  plain.eval();
  CHECK(numbers(plain(x)) == numbers(instance_norm(x)));
  CHECK(numbers(plain(x[1])) == numbers(instance_norm(x)[1].contiguous()));  // without a batch

  nn::InstanceNorm1d full(2, {.momentum = 0.3, .affine = true, .track_running_stats = true});
  CHECK(keys(full) == std::vector<std::string>{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"});
  full(x);
  Tensor means = mean(mean(x, 2), 0);
  for (int64_t c = 0; c < 2; ++c)
    CHECK(full.running_mean[c].item() == doctest::Approx(0.3 * means[c].item()).epsilon(1e-5));
  full.eval();
  Tensor expected = instance_norm(x, full.running_mean, full.running_var, full.weight, full.bias,
                                  {.use_input_stats = false, .eps = 1e-5});
  CHECK(numbers(full(x)) == numbers(expected));
  check_round_trip(full, x);
  full.reset_parameters();
  CHECK(numbers(full.running_mean) == std::vector<double>{0, 0});
  CHECK(numbers(full.running_var) == std::vector<double>{1, 1});
  CHECK(full.num_batches_tracked.item() == 0);

  nn::InstanceNorm1d still(2, {.momentum = std::nullopt, .track_running_stats = true});
  still(x);
  CHECK(numbers(still.running_mean) == std::vector<double>{0, 0});

  CHECK(nn::InstanceNorm2d(3)(randn({2, 3, 4, 5})).shape() == Shape{2, 3, 4, 5});
  CHECK(nn::InstanceNorm3d(3)(randn({3, 4, 5, 2})).shape() == Shape{3, 4, 5, 2});
  CHECK(to_string(nn::InstanceNorm2d(3)) ==
        "InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False)");
  wrong_calls::check({
      {"value", [] { nn::InstanceNorm1d n(0); }, {"InstanceNorm1d: num_features must be positive, got 0"}},
      {"value", [] { nn::InstanceNorm2d n(1, {.eps = -1}); }, {"InstanceNorm2d: eps must be positive, got -1"}},
      {"value", [] { nn::InstanceNorm3d n(1, {.momentum = 2}); }, {"InstanceNorm3d: momentum must lie in [0, 1]"}},
      {"shape",
       [&] {
         plain(zeros({2, 3, 4}));
       },
       {"InstanceNorm1d: has 2 channels, x has 3 (x [2,3,4])"}},
      {"shape",
       [&] {
         plain(zeros({2, 2, 4, 4}));
       },
       {"InstanceNorm1d: needs an input of 3 dimensions, or 2 without a batch, x is [2,2,4,4]"}},
      {"value",
       [&] {
         nn::InstanceNorm1d(2)(zeros({2, 2, 1}));
       },
       {"InstanceNorm1d: instance_norm: needs more than one"}},
  });
}

TEST_CASE("LocalResponseNorm") {
  Tensor x = randn({2, 5, 3, 3});
  LocalResponseNormOptions options{.alpha = 0.1, .beta = 0.5, .k = 2};
  CHECK(numbers(nn::LocalResponseNorm(3, options)(x)) == numbers(local_response_norm(x, 3, options)));
  CHECK(to_string(nn::LocalResponseNorm(3)) == "LocalResponseNorm(3, alpha=0.0001, beta=0.75, k=1.0)");
  wrong_calls::check({
      {"value", [] { nn::LocalResponseNorm n(0); }, {"LocalResponseNorm: size must be positive, got 0"}},
      {"shape",
       [] {
         nn::LocalResponseNorm(2)(zeros({2, 2}));
       },
       {"LocalResponseNorm: local_response_norm: expects x"}},
  });
}

TEST_CASE("BatchNorm2d::relu is relu of its sum with the residual; hooks still see the normalisation alone") {
  Tensor x = randn({3, 4, 5, 6}), residual = randn({3, 4, 5, 6});
  nn::BatchNorm2d fused(4), plain(4);
  CHECK(numbers(fused.relu(x, residual)) == numbers(relu(plain(x) + residual)));
  CHECK(numbers(fused.relu(x)) == numbers(relu(plain(x))));
  CHECK(numbers(fused.running_var) == numbers(plain.running_var));
  CHECK(fused.num_batches_tracked.item<int64_t>() == 2);
  CHECK(message_of<ShapeError>([&] { fused.relu(x, x[0]); }).starts_with("BatchNorm2d: batch_norm_relu: residual"));

  fused.eval();
  plain.eval();
  Tensor seen;
  auto hook = fused.register_forward_hook([&](nn::Module&, const Tensor&, const Tensor& y) { seen = y.detach(); });
  CHECK(numbers(fused.relu(x, residual)) == numbers(relu(plain(x) + residual)));
  CHECK(numbers(seen) == numbers(plain(x)));
}
