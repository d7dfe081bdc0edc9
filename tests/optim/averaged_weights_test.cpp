// The moving average against its formula, and that exchanging it with the weights loses no bit.
#include <doctest/doctest.h>

#include <algorithm>

#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/layers/batch_norm.h>
#include <korrel/layers/containers.h>
#include <korrel/layers/linear.h>
#include <korrel/optim/averaged_weights.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

struct Net : nn::Module {
  nn::Linear fc{3, 2};
  nn::BatchNorm1d norm{2};
  KORREL_MODULE(fc, norm)
};

void fill(nn::Module& model, double value) {
  for (auto& [key, tensor] : model.state_dict()) {
    if (tensor.dtype() == f32) std::fill_n(static_cast<float*>(tensor.raw_data()), tensor.numel(), float(value));
    if (tensor.dtype() == i64) std::fill_n(static_cast<int64_t*>(tensor.raw_data()), tensor.numel(), int64_t(value));
  }
}

std::vector<std::vector<double>> values_of(const nn::StateDict& state) {
  std::vector<std::vector<double>> values;
  for (const auto& [key, tensor] : state) values.push_back(tensor.to_vector());
  return values;
}

}  // namespace

TEST_CASE("by hand: weights 1, then 2 and 4, with a decay of 0.75; counts are copied") {
  Net net;
  fill(net, 1);
  optim::AveragedWeights average(net, {.decay = 0.75, .warm_up = false});
  for (double value : {2, 4}) {
    fill(net, value);
    average.update();
  }
  CHECK(average.updates() == 2);
  for (const auto& [key, tensor] : average.weights()) {
    CAPTURE(key);
    double expected = key == "norm.num_batches_tracked" ? 4 : 0.75 * (0.75 * 1 + 0.25 * 2) + 0.25 * 4;
    for (double value : tensor.to_vector()) CHECK(value == expected);
  }
  CHECK(average.weights().size() == 7);
  CHECK(net.fc.weight.data<float>()[0] == 4);
}

TEST_CASE("the first updates weigh more: (1 + k) / (10 + k) until the decay is reached") {
  Net net;
  fill(net, 0);
  optim::AveragedWeights average(net, {.decay = 0.3});
  double expected = 0;
  for (double decay : {2. / 11, 3. / 12, 0.3, 0.3}) {
    fill(net, 1);
    average.update();
    expected = decay * expected + 1 - decay;
    CHECK(average.weights()[0].second.data<float>()[0] == doctest::Approx(expected).epsilon(1e-6));
  }
}

TEST_CASE("exchanged and back, every bit of weights and average is as it was; meanwhile nothing is updated or saved") {
  Net net;
  optim::AveragedWeights average(net, {.decay = 0.9});
  fill(net, 0.1);
  average.update();
  auto weights = values_of(net.state_dict()), averages = values_of(average.weights());
  CHECK(weights != averages);
  {
    optim::AveragesInUse in_use(average);
    CHECK(values_of(net.state_dict()) == averages);
    CHECK(average.exchanged());
    for (auto use : {+[](optim::AveragedWeights& a) { a.update(); },
                     +[](optim::AveragedWeights& a) { a.load_state_dict(a.state_dict()); },
                     +[](optim::AveragedWeights& a) { a.weights(); }})
      CHECK(message_of<ValueError>([&] { use(average); }).find("while the model has the averaged weights") !=
            std::string::npos);
  }
  CHECK(values_of(net.state_dict()) == weights);
  CHECK(values_of(average.weights()) == averages);
  optim::AveragesInUse none(nullptr);
}

TEST_CASE("the same bits for any number of threads") {
  int before = num_threads();
  std::vector<float> expected;
  for (int threads : {1, 2, 5}) {
    set_num_threads(threads);
    Generator generator(4);
    nn::Linear big(700, 500);
    big.weight = nn::Parameter(randn({500, 700}, {}, generator));
    optim::AveragedWeights average(big, {});
    for (int i = 0; i < 3; ++i) {
      big.weight = nn::Parameter(randn({500, 700}, {}, generator));
      average.update();
    }
    std::vector<float> values = average.weights()[0].second.to_vector<float>();
    if (expected.empty()) expected = values;
    CHECK(values == expected);
  }
  set_num_threads(before);
}

TEST_CASE("state goes out and in; what does not fit is named and changes nothing") {
  Net net, other;
  optim::AveragedWeights average(net, {.decay = 0.5}), loaded(other, {.decay = 0.5});
  fill(net, 3);
  average.update();
  average.update();
  optim::StateDict state = average.state_dict();
  CHECK(state[0].first == "updates");
  CHECK(state[1].first == "weights.fc.weight");
  loaded.load_state_dict(state);
  CHECK(loaded.updates() == 2);
  CHECK(values_of(loaded.weights()) == values_of(average.weights()));

  auto told = [&](optim::StateDict wrong) { return message_of<ValueError>([&] { loaded.load_state_dict(wrong); }); };
  optim::StateDict wrong = state;
  wrong.erase(wrong.begin() + 2);
  CHECK(told(wrong) == "AveragedWeights: the saved state lacks weights.fc.bias");
  wrong = state;
  wrong[1].second = ones({2});
  CHECK(told(wrong) == "AveragedWeights: weights.fc.weight is [2,3] here and [2] in the saved state");
  wrong = state;
  wrong.emplace_back("more", ones({1}));
  CHECK(told(wrong) == "AveragedWeights: the saved state has 9 entries, 8 are known");
  wrong = state;
  wrong[0].second = from_vector<int64_t>({-1}, {});
  CHECK(told(wrong) == "AveragedWeights: the saved state has -1 updates");
  CHECK(values_of(loaded.weights()) == values_of(average.weights()));
  CHECK(message_of<ValueError>([&] { optim::AveragedWeights(net, {.decay = 1}); }) ==
        "AveragedWeights: decay must lie in [0, 1), got 1");
  net.to(f64);
  CHECK(message_of<DtypeError>([&] { average.update(); }).find("fc.weight is f64, but was f32") != std::string::npos);
}
