#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/optim/adagrad.h>
#include <korrel/optim/adam.h>
#include <korrel/optim/sgd.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

Tensor parameter(const Shape& shape, DType dtype = f32) {
  return full(shape, 1, {.dtype = dtype, .requires_grad = true});
}

// All numbers of 5 steps of O on 100,003 elements: several threads' worth, and no multiple of any vector.
template <class O, class Options = std::remove_cvref_t<decltype(std::declval<O>().options())>>
std::vector<float> five_steps(Options options) {
  Generator generator(3);
  Tensor w = randn({100003}, {.requires_grad = true}, generator);
  O optimizer(std::vector<Tensor>{w}, options);
  for (int step = 0; step < 5; ++step) {
    w.set_grad(randn({100003}, {}, generator));
    optimizer.step();
  }
  return w.to_vector<float>();
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}));
  return largest;
}

template <class O, class Options>
void check_bits(Options options) {
  set_num_threads(1);
  std::vector<float> expected = five_steps<O>(options);
  for (int threads : {2, 5}) {
    set_num_threads(threads);
    CHECK(five_steps<O>(options) == expected);
  }
  set_num_threads(1);
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    CHECK_MESSAGE(distance(five_steps<O>(options), expected) < 1e-5, target);
  }
  kernels::choose_default_target();
}

}  // namespace

TEST_CASE("the same bits for any number of threads, the same numbers on every SIMD target") {
  int before = num_threads();
  check_bits<optim::SGD>(optim::SGDOptions{.lr = 0.1});
  check_bits<optim::SGD>(optim::SGDOptions{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true});
  check_bits<optim::Adam>(optim::AdamOptions{.lr = 0.1});
  check_bits<optim::Adam>(optim::AdamOptions{.lr = 0.1, .amsgrad = true});
  check_bits<optim::AdamW>(optim::AdamWOptions{.lr = 0.1});
  check_bits<optim::Rprop>(optim::RpropOptions{});
  set_num_threads(before);
}

TEST_CASE("by hand: SGD with momentum, three steps of gradient 1") {
  Tensor w = parameter({1}, f64);
  optim::SGD sgd({w}, {.lr = 0.1, .momentum = 0.5});
  for (double expected : {0.9, 0.75, 0.575}) {  // steps of 0.1, 0.15, 0.175
    w.set_grad(ones({1}, {.dtype = f64}));
    sgd.step();
    CHECK(w.item() == doctest::Approx(expected));
  }
}

TEST_CASE("a parameter without a gradient is left alone, and so is its state") {
  Tensor a = parameter({2}), b = parameter({2});
  optim::Adam adam({a, b}, {.lr = 0.1});
  a.set_grad(ones({2}));
  adam.step();
  CHECK(a.to_vector()[0] == doctest::Approx(0.9));
  CHECK(b.to_vector()[0] == 1);
  adam.zero_grad();
  CHECK(!a.grad().defined());
  adam.step();
  CHECK(a.to_vector()[0] == doctest::Approx(0.9));
  for (const auto& [key, tensor] : adam.state_dict()) CHECK(!key.starts_with("state.1."));
}

TEST_CASE("groups have options of their own") {
  Tensor a = parameter({1}), b = parameter({1}), c = parameter({1});
  optim::SGD sgd({{{a}, {.lr = 0.1}}, {{b}, {.lr = 0.5}}});
  sgd.add_param_group({c}, {.lr = 1});
  CHECK(sgd.group_count() == 3);
  CHECK(sgd.parameters().size() == 3);
  for (Tensor* w : {&a, &b, &c}) w->set_grad(ones({1}));
  sgd.step();
  CHECK(a.item() == doctest::Approx(0.9));
  CHECK(b.item() == 0.5);
  CHECK(c.item() == 0);
  sgd.set_lr(0.25, 1);
  CHECK(sgd.options(1).lr == 0.25);
  CHECK(sgd.lr(2) == 1);
  CHECK(sgd.has_option("momentum"));
  CHECK(!sgd.has_option("nesterov"));  // no number
  CHECK(message_of<ValueError>([&] { sgd.set_lr(1, 3); }) == "SGD: there is no parameter group 3, it has 3");
  CHECK(message_of<ValueError>([&] { sgd.option("beta1"); }) == "SGD: there is no option \"beta1\"");
}

TEST_CASE("what an optimizer refuses") {
  Tensor w = parameter({2, 3});
  auto told = [](auto make) { return message_of<Error>(make); };
  CHECK(message_of<ValueError>([] { optim::Adam adam(std::vector<Tensor>{}); }) ==
        "Adam: the list of parameters is empty");
  CHECK(message_of<ValueError>([] { optim::SGD sgd(std::vector<optim::SGD::Group>{}); }) ==
        "SGD: the list of parameters is empty");
  CHECK(message_of<ValueError>([&] { optim::SGD sgd({w, w}); }) == "SGD: parameter 1 of shape [2,3] is listed twice");
  CHECK(message_of<ValueError>([&] {
          optim::SGD sgd({w});
          sgd.add_param_group({w});
        }) == "SGD: parameter 0 of shape [2,3] is listed twice");
  CHECK(message_of<ValueError>([&] { optim::SGD sgd({w, Tensor()}); }) == "SGD: parameter 1 is undefined");
  CHECK(message_of<DtypeError>([&] { optim::SGD sgd({zeros({2}, {.dtype = i64})}); }) ==
        "SGD: parameter 0 is i64; only f32 and f64 are trained");
  CHECK(message_of<ValueError>([&] { optim::SGD sgd({w.clone()}); }) ==
        "SGD: parameter 0 of shape [2,3] came from an op; only leaves are trained");
  CHECK(message_of<ValueError>([&] {
          optim::SGD sgd({zeros({2, 3}).t()});
        }) == "SGD: parameter 0 of shape [3,2] is a view with gaps");

  CHECK(told([&] { optim::SGD o({w}, {.lr = -1}); }) == "SGD: lr must not be negative, got -1");
  CHECK(told([&] { optim::SGD o({w}, {.lr = NAN}); }) == "SGD: lr must not be negative, got nan");
  CHECK(told([&] { optim::SGD o({w}, {.momentum = -0.5}); }) == "SGD: momentum must not be negative, got -0.5");
  CHECK(told([&] { optim::SGD o({w}, {.weight_decay = -0.5}); }) == "SGD: weight_decay must not be negative, got -0.5");
  CHECK(told([&] { optim::SGD o({w}, {.nesterov = true}); }) ==
        "SGD: nesterov needs momentum > 0 and dampening 0, got momentum=0, dampening=0");
  CHECK(told([&] { optim::Adam o({w}, {.lr = -1}); }) == "Adam: lr must not be negative, got -1");
  CHECK(told([&] { optim::Adam o({w}, {.betas = {1.0, 0.9}}); }) == "Adam: betas.first must lie in [0, 1), got 1");
  CHECK(told([&] { optim::AdamW o({w}, {.betas = {0.9, 1.5}}); }) == "AdamW: betas.second must lie in [0, 1), got 1.5");
  CHECK(told([&] { optim::AdamW o({w}, {.eps = -1}); }) == "AdamW: eps must not be negative, got -1");
  CHECK(told([&] { optim::NAdam o({w}, {.momentum_decay = -1}); }) ==
        "NAdam: momentum_decay must not be negative, got -1");
  CHECK(told([&] { optim::RMSprop o({w}, {.alpha = -1}); }) == "RMSprop: alpha must not be negative, got -1");
  CHECK(told([&] { optim::Adadelta o({w}, {.rho = 2}); }) == "Adadelta: rho must lie in [0, 1], got 2");
  CHECK(told([&] { optim::Rprop o({w}, {.eta_minus = 2}); }) ==
        "Rprop: needs 0 < eta_minus < 1 < eta_plus, got eta_minus=2, eta_plus=1.2");
}

TEST_CASE("state goes out and in; what does not fit is named and changes nothing") {
  Tensor a = parameter({2}), b = parameter({3});
  optim::Adam adam({a, b}, {.lr = 0.1});
  a.set_grad(ones({2}));
  b.set_grad(ones({3}));
  adam.step();
  optim::StateDict state = adam.state_dict();
  CHECK(state[0].first == "state.0.step");
  CHECK(state[1].first == "state.0.exp_avg");
  CHECK(state[6].first == "param_groups.0.lr");

  Tensor c = parameter({2}), d = parameter({3});
  optim::Adam other({c, d}, {.lr = 0.7});
  other.load_state_dict(state);
  CHECK(other.lr() == 0.1);
  CHECK(other.state_dict()[1].second.to_vector() == state[1].second.to_vector());
  CHECK(!other.state_dict()[1].second.same_as(state[1].second));

  auto told = [&](optim::Optimizer& o, const optim::StateDict& s) {
    return message_of<ValueError>([&] { o.load_state_dict(s); });
  };
  optim::Adam smaller({c}, {.lr = 0.7});
  CHECK(told(smaller, state) ==
        "Adam: the saved state does not fit: state.1.step belongs to no parameter or group here (1 and 1)");
  CHECK(smaller.lr() == 0.7);
  optim::Adam turned({d, c}, {.lr = 0.7});
  CHECK(told(turned, state) == "Adam: the saved state does not fit: state.0.exp_avg is [2], the parameter [3]");
  optim::SGD sgd({c, d}, {.lr = 0.7});
  CHECK(told(sgd, state) == "SGD: the saved state does not fit: param_groups.0.momentum is missing");
  optim::StateDict strange = state;
  strange.emplace_back("state.0.exp_avg_cubed", ones({2}));
  CHECK(told(other, strange) ==
        "Adam: the saved state does not fit: state.0.exp_avg_cubed belongs to no parameter or group here (2 and 1)");
  strange = state;
  strange[0].second = full({}, 0x1p60, {.dtype = f64});
  CHECK(told(other, strange).starts_with("Adam: the saved state does not fit: state.0.step is no number of steps"));
  CHECK(told(other, {}) == "Adam: the saved state does not fit: param_groups.0.lr is missing");
}

// 0.9^k passes 1.2e-38 at k = 830; rounded to the nearest denormal number it would stay at 4e-45 for ever.
TEST_CASE("moments that decay reach 0, not the denormal numbers, whose arithmetic is a hundred times slower") {
  Tensor w = parameter({19});
  optim::Adam adam({w}, {.lr = 0});
  w.set_grad(ones({19}));
  adam.step();
  w.set_grad(zeros({19}));
  for (int step = 0; step < 1100; ++step) adam.step();
  CHECK(adam.state_dict()[1].first == "state.0.exp_avg");
  CHECK(adam.state_dict()[1].second.to_vector() == std::vector<double>(19, 0.0));
  volatile float tiny = 1e-40F;  // the caller's own arithmetic is as before
  CHECK(tiny * 0.5F > 0);
}

TEST_CASE("a net that changes its dtype under the optimizer is noticed") {
  Tensor w = parameter({2});
  optim::Adam adam({w}, {});
  w.set_grad(ones({2}));
  adam.step();
  TensorBody& body = w.body();
  Tensor wide = full({2}, 1, {.dtype = f64});
  w.zero_grad();
  body.storage = wide.body().storage;
  body.dtype = f64;
  w.set_grad(wide);
  CHECK(message_of<DtypeError>([&] { adam.step(); }) ==
        "Adam: a parameter of shape [2] is f64, but was f32 in the last step; make a new optimizer after to()");
}
