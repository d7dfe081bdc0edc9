// Wrong calls: optimizers, schedules, clipping, averages, initial values.
#include <tests/wrong_calls/tables.h>

#include <cmath>

#include <korrel/korrel.h>

using namespace korrel;

namespace wrong_calls {

std::span<const Row> optimizers() {
  static const Row rows[] = {
      {"value", [] { optim::SGD({}, {.lr = 0.1}); }, {"SGD: the list of parameters is empty"}},
      {"value", [] { optim::SGD({leaf(3)}, {.lr = -0.1}); }, {"SGD: lr must not be negative, got -0.1"}},
      {"value",
       [] { optim::SGD({leaf(3)}, {.lr = 0.1, .momentum = -1}); },
       {"SGD: momentum must not be negative, got -1"}},
      {"value",
       [] { optim::SGD({leaf(3)}, {.lr = 0.1, .nesterov = true}); },
       {"SGD: nesterov needs momentum > 0 and dampening 0, got momentum=0, dampening=0"}},
      {"value", [] { optim::SGD({Tensor()}, {.lr = 0.1}); }, {"SGD: parameter 0 is undefined"}},
      {"dtype", [] { optim::SGD({ints(3)}, {.lr = 0.1}); }, {"SGD: parameter 0 is i64; only f32 and f64 are trained"}},
      {"value",
       [] { optim::SGD({leaf(3) * 2}, {.lr = 0.1}); },
       {"SGD: parameter 0 of shape [3] came from an op; only leaves are trained"}},
      {"value",
       [] {
         Tensor a = leaf(3);
         optim::SGD({a, a}, {.lr = 0.1});
       },
       {"SGD: parameter 1 of shape [3] is listed twice"}},
      {"value",
       [] { optim::SGD({leaf(2, 3).detach().t()}, {.lr = 0.1}); },
       {"SGD: parameter 0 of shape [3,2] is a view with gaps"}},
      {"value",
       [] {
         optim::Adam({leaf(3)}, {.betas = {1.0, 0.9}});
       },
       {"Adam: betas.first must lie in [0, 1), got 1"}},
      {"value", [] { optim::Adam({leaf(3)}, {.eps = -1}); }, {"Adam: eps must not be negative, got -1"}},
      {"value",
       [] { optim::AdamW({leaf(3)}, {.weight_decay = -1}); },
       {"AdamW: weight_decay must not be negative, got -1"}},
      {"value",
       [] { optim::NAdam({leaf(3)}, {.momentum_decay = -1}); },
       {"NAdam: momentum_decay must not be negative, got -1"}},
      {"value", [] { optim::RMSprop({leaf(3)}, {.alpha = -1}); }, {"RMSprop: alpha must not be negative, got -1"}},
      {"value",
       [] { optim::Adagrad({leaf(3)}, {.lr_decay = -1}); },
       {"Adagrad: lr_decay must not be negative, got -1"}},
      {"value", [] { optim::Adadelta({leaf(3)}, {.rho = 1.5}); }, {"Adadelta: rho must lie in [0, 1], got 1.5"}},
      {"value",
       [] { optim::Rprop({leaf(3)}, {.eta_minus = 1.5}); },
       {"Rprop: needs 0 < eta_minus < 1 < eta_plus, got eta_minus=1.5, eta_plus=1.2"}},
      {"value",
       [] { optim::LBFGS({leaf(3)}, {.max_iter = 0}); },
       {"LBFGS: max_iter, max_eval and history_size must be positive, got 0, 0 and 100"}},
      {"value",
       [] {
         Tensor a = leaf(3);
         a.set_grad(x(3));
         optim::LBFGS lbfgs({a});
         static_cast<optim::Optimizer&>(lbfgs).step();
       },
       {"LBFGS: step() needs a closure"}},
      {"value",
       [] { optim::LBFGS({leaf(3)}).step([] { return x(2); }); },
       {"LBFGS: the closure must return a loss of one element, got f32 [2]"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         sgd.option("beta1");
       },
       {"SGD: there is no option \"beta1\""}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         sgd.set_lr(1, 2);
       },
       {"SGD: there is no parameter group 2, it has 1"}},
      {"value",
       [] {
         optim::Adam adam({leaf(3)});
         adam.load_state_dict({});
       },
       {"Adam: the saved state does not fit: param_groups.0.lr is missing"}},
      {"value",
       [] {
         Tensor a = leaf(3), b = leaf(4);
         b.set_grad(x(4));
         optim::Adam adam({a}), other({b});
         other.step();
         adam.load_state_dict(other.state_dict());
       },
       {"Adam: the saved state does not fit"}},
      {"value",
       [] {
         optim::Adam adam({leaf(3)});
         optim::StateDict state = adam.state_dict();
         state.emplace_back("state.7.step", x());
         adam.load_state_dict(state);
       },
       {"Adam: the saved state does not fit: state.7.step belongs to no parameter or group here (1 and 1)"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::StepLR(sgd, {.step_size = 0});
       },
       {"StepLR: step_size must be positive, got 0"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::MultiStepLR(sgd, {.milestones = {5, 3}});
       },
       {"MultiStepLR: milestones must be increasing, got [5,3]"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::CosineAnnealingLR(sgd, {.T_max = 0});
       },
       {"CosineAnnealingLR: T_max must be positive, got 0"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::CosineAnnealingWarmRestarts(sgd, {.T_0 = 0});
       },
       {"CosineAnnealingWarmRestarts: T_0 must be positive, got 0"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::LinearLR(sgd, {.start_factor = 2});
       },
       {"LinearLR: start_factor must lie in (0, 1], got 2"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::ConstantLR(sgd, {.factor = -1});
       },
       {"ConstantLR: factor must lie in (0, 1], got -1"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::PolynomialLR(sgd, {.total_iters = 0});
       },
       {"PolynomialLR: total_iters must be positive, got 0"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::LambdaLR(sgd, std::vector<optim::EpochFunction>{});
       },
       {"LambdaLR: needs one function or 1, one per parameter group; got 0"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::OneCycleLR(sgd, {.max_lr = 1});
       },
       {"OneCycleLR: needs total_steps, or epochs and steps_per_epoch, got total_steps=0, epochs=0, "
        "steps_per_epoch=0"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::OneCycleLR s(sgd, {.max_lr = 1, .total_steps = 1, .cycle_momentum = false});
         s.step();
         s.step();
       },
       {"OneCycleLR: step 2 of a schedule of 1 steps"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::CyclicLR(sgd, {.base_lr = 1, .max_lr = 2, .step_size_up = 0});
       },
       {"CyclicLR: step_size_up must be positive and step_size_down not negative, got 0 and 0"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::ReduceLROnPlateau(sgd, {.factor = 1});
       },
       {"ReduceLROnPlateau: factor must be below 1, got 1"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::SequentialLR(sgd, {}, {});
       },
       {"SequentialLR: needs at least one schedule"}},
      {"value",
       [] {
         optim::SGD sgd({leaf(3)}, {.lr = 0.1});
         optim::StepLR s(sgd, {.step_size = 1});
         optim::SequentialLR(sgd, {&s}, {3});
       },
       {"SequentialLR: 1 schedules need 0 milestones, got 1"}},
      {"value", [] { optim::ChainedScheduler({nullptr}); }, {"ChainedScheduler: schedule 0 is null"}},
      {"value",
       [] { optim::clip_grad_norm_({leaf(3)}, -1); },
       {"clip_grad_norm_: max_norm must not be negative, got -1"}},
      {"value",
       [] { optim::clip_grad_norm_({leaf(3)}, 1, {.norm_type = 0}); },
       {"clip_grad_norm_: norm_type must be positive, got 0"}},
      {"value",
       [] {
         Tensor a = leaf(1);
         a.set_grad(full({1}, NAN));
         optim::clip_grad_norm_({a}, 1, {.error_if_nonfinite = true});
       },
       {"clip_grad_norm_: the norm of the gradients is nan"}},
      {"value",
       [] { optim::clip_grad_value_({leaf(3)}, -1); },
       {"clip_grad_value_: clip_value must not be negative, got -1"}},
      {"value",
       [] {
         nn::Linear net(2, 2);
         optim::AveragedWeights(net, {.decay = 1});
       },
       {"AveragedWeights: decay must lie in [0, 1), got 1"}},
      {"value",
       [] {
         nn::Linear net(2, 2);
         optim::AveragedWeights a(net);
         a.exchange();
         a.update();
       },
       {"AveragedWeights: update while the model has the averaged weights"}},
      {"value",
       [] {
         Tensor w = x(2, 3);
         nn::init::uniform_(w, 2, 1);
       },
       {"uniform_: low=2 is above high=1"}},
      {"value",
       [] {
         Tensor w = x(2, 3);
         nn::init::normal_(w, 0, -1);
       },
       {"normal_: std=-1 is negative"}},
      {"shape",
       [] {
         Tensor w = x(3);
         nn::init::xavier_uniform_(w);
       },
       {"calculate_fan_in_and_fan_out: needs two dimensions or more, got shape [3]"}},
      {"shape",
       [] {
         Tensor w = x(3);
         nn::init::eye_(w);
       },
       {"eye_: needs a matrix, got shape [3]"}},
      {"dtype",
       [] {
         Tensor w = ints(2, 3);
         nn::init::zeros_(w);
       },
       {"constant_: needs a floating tensor, got i64"}},
      {"value",
       [] { nn::init::calculate_gain("gelu"); },
       {"calculate_gain: \"gelu\" is not one of linear, conv1d ... conv_transpose3d, sigmoid, tanh, relu, leaky_relu, "
        "selu"}},
      {"value",
       [] {
         Tensor w = x(2, 3);
         nn::init::kaiming_uniform_(w, {.mode = "fan"});
       },
       {"kaiming: mode is \"fan_in\" or \"fan_out\", got \"fan\""}},
  };
  return rows;
}

}  // namespace wrong_calls
