#include <korrel/optim/lbfgs.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/extremum.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/optim/fused_step.h>

namespace korrel::optim {
namespace {

double largest(const Tensor& x) { return max(abs(x)).item(); }
double product(const Tensor& a, const Tensor& b) { return dot(a, b).item(); }

// Where the cubic through two points with their slopes is least, within [low, high].
double cubic_minimum(double x1, double f1, double g1, double x2, double f2, double g2, double low, double high) {
  const double d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2), square = d1 * d1 - g1 * g2;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const double least = x1 <= x2 ? x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
                                : x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2));
  return std::min(std::max(least, low), high);
}

}  // namespace

// A trial along the direction: how far, the loss there, its gradient, and its slope along the direction.
struct LBFGS::Point {
  double at, loss;
  Tensor gradient;
  double slope;
};

// The line search of Nocedal & Wright (2006), section 3.5, as PyTorch has it: bracket, then zoom, until the loss has
// come down enough and its slope is flat enough.
class LBFGS::Search {
 public:
  Search(LBFGS& lbfgs, Closure& closure) : lbfgs_(lbfgs), closure_(closure) {
    for (const Tensor& parameter : lbfgs.parameters_) before_.push_back(no_grad([&] { return parameter.clone(); }));
  }

  Point run(double first, const Point& origin) {
    origin_ = origin;
    Point last = origin, now = evaluate(first), other;
    bool bracketed = false;
    for (; tries_ < kMostTries; ++tries_) {
      if (!low_enough(now) || (tries_ > 1 && now.loss >= last.loss)) {
        bracketed = true;
        break;
      }
      if (flat_enough(now)) return now;
      if (now.slope >= 0) {
        bracketed = true;
        break;
      }
      const double next = cubic_minimum(last.at, last.loss, last.slope, now.at, now.loss, now.slope,
                                        now.at + 0.01 * (now.at - last.at), now.at * 10);
      last = now;
      now = evaluate(next);
    }
    return bracketed ? zoom(last, now) : origin.loss <= now.loss ? origin : now;
  }

  int64_t evaluations() const { return evaluations_; }

 private:
  static constexpr int64_t kMostTries = 25;

  bool low_enough(const Point& p) const { return !(p.loss > origin_.loss + 1e-4 * p.at * origin_.slope); }
  bool flat_enough(const Point& p) const { return std::abs(p.slope) <= -0.9 * origin_.slope; }

  Point evaluate(double at) {
    lbfgs_.move(at);
    const double loss = lbfgs_.evaluate(closure_);
    ++evaluations_;
    Tensor gradient = lbfgs_.flat_gradient();
    for (std::size_t i = 0; i < before_.size(); ++i) {
      Tensor& parameter = lbfgs_.parameters_[i];
      std::memcpy(parameter.raw_data(), before_[i].raw_data(),
                  static_cast<std::size_t>(parameter.numel()) * size_of(parameter.dtype()));
    }
    return {at, loss, gradient, product(gradient, lbfgs_.direction_)};
  }

  Point zoom(const Point& a, const Point& b) {
    Point bracket[] = {a, b};
    const double reach = largest(lbfgs_.direction_);
    bool stuck = false, done = false;
    int low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
    while (!done && tries_ < kMostTries) {
      Point &best = bracket[low], &worst = bracket[1 - low];
      const auto [left, right] = std::minmax({bracket[0].at, bracket[1].at});
      if ((right - left) * reach < lbfgs_.options_.tolerance_change) break;
      double at = cubic_minimum(bracket[0].at, bracket[0].loss, bracket[0].slope, bracket[1].at, bracket[1].loss,
                                bracket[1].slope, left, right);
      // Close to an end: once is borne, then a tenth of the bracket away from it.
      const double margin = 0.1 * (right - left);
      if (std::min(right - at, at - left) < margin) {
        if (stuck || at >= right || at <= left) {
          at = std::abs(at - right) < std::abs(at - left) ? right - margin : left + margin;
          stuck = false;
        } else {
          stuck = true;
        }
      } else {
        stuck = false;
      }
      const Point now = evaluate(at);
      ++tries_;
      if (!low_enough(now) || now.loss >= best.loss) {
        worst = now;
        low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
        continue;
      }
      if (flat_enough(now))
        done = true;
      else if (now.slope * (worst.at - best.at) >= 0)
        worst = best;
      best = now;
    }
    return bracket[low];
  }

  LBFGS& lbfgs_;
  Closure& closure_;
  std::vector<Tensor> before_;
  Point origin_;
  int64_t tries_ = 0, evaluations_ = 0;
};

LBFGS::LBFGS(const std::vector<Tensor>& parameters, const LBFGSOptions& o)
    : Optimizer("LBFGS"), options_(o), parameters_(parameters) {
  check_not_negative("LBFGS", "lr", o.lr);
  check_not_negative("LBFGS", "tolerance_grad", o.tolerance_grad);
  check_not_negative("LBFGS", "tolerance_change", o.tolerance_change);
  check<ValueError>(o.max_iter > 0 && o.history_size > 0 && o.max_eval.value_or(1) > 0,
                    "LBFGS: max_iter, max_eval and history_size must be positive, got {}, {} and {}", o.max_iter,
                    o.max_eval.value_or(o.max_iter * 5 / 4), o.history_size);
  add_parameters(parameters);
  for (const Tensor& parameter : parameters) {
    check<DtypeError>(parameter.dtype() == parameters[0].dtype(),
                      "LBFGS: all parameters need one dtype, there are {} and {}", parameters[0].dtype(),
                      parameter.dtype());
    elements_ += parameter.numel();
  }
}

double LBFGS::evaluate(Closure& closure, Tensor* loss) {
  EnableGradGuard enabled;
  Tensor value = closure.loss();
  ++func_evals_;
  check<ValueError>(value.defined() && value.numel() == 1,
                    "LBFGS: the closure must return a loss of one element, got {}", describe(value));
  if (loss) *loss = value;
  return value.item();
}

Tensor LBFGS::flat_gradient() const {
  std::vector<Tensor> parts;
  for (const Tensor& parameter : parameters_) {
    Tensor gradient = parameter.grad();
    parts.push_back(gradient.defined() ? gradient.detach().reshape({-1})
                                       : zeros({parameter.numel()}, {.dtype = parameter.dtype()}));
  }
  return cat(parts);
}

void LBFGS::move(double step) {
  visit_floating(direction_.dtype(), [&]<class T>() {
    const T* d = direction_.data<T>();
    for (Tensor& parameter : parameters_) {
      T* x = parameter.data<T>();
      for (int64_t i = 0; i < parameter.numel(); ++i) x[i] += static_cast<T>(step) * *d++;
    }
  });
}

// The gradient times the approximate inverse Hessian (the two-loop recursion), negated.
void LBFGS::choose_direction(const Tensor& gradient) {
  if (n_iter_ == 1) {
    direction_ = -gradient;
    return;
  }
  Tensor change = gradient - previous_gradient_, step = direction_ * step_length_;
  const double curvature = product(change, step);
  if (curvature > 1e-10) {
    if (static_cast<int64_t>(steps_.size()) == options_.history_size) {
      gradient_changes_.erase(gradient_changes_.begin());
      steps_.erase(steps_.begin());
      curvatures_.erase(curvatures_.begin());
    }
    scale_ = curvature / product(change, change);
    gradient_changes_.push_back(change);
    steps_.push_back(step);
    curvatures_.push_back(1 / curvature);
  }
  std::vector<double> shares(steps_.size());
  Tensor d = -gradient;
  for (std::size_t i = steps_.size(); i-- > 0;) {
    shares[i] = product(steps_[i], d) * curvatures_[i];
    d = add(d, gradient_changes_[i], {.alpha = -shares[i]});
  }
  d = d * scale_;
  for (std::size_t i = 0; i < steps_.size(); ++i)
    d = add(d, steps_[i], {.alpha = shares[i] - product(gradient_changes_[i], d) * curvatures_[i]});
  direction_ = d;
}

Tensor LBFGS::run(Closure& closure) {
  NoGradGuard no_grad;
  Tensor first_loss;
  double loss = evaluate(closure, &first_loss);
  Tensor gradient = flat_gradient();
  if (elements_ == 0 || largest(gradient) <= options_.tolerance_grad) return first_loss;

  const int64_t most = options_.max_eval.value_or(options_.max_iter * 5 / 4), start = func_evals_ - 1;
  for (int64_t i = 1; i <= options_.max_iter; ++i) {
    ++n_iter_;
    choose_direction(gradient);
    previous_gradient_ = gradient;
    const double previous_loss = loss;
    step_length_ = n_iter_ == 1 ? std::min(1.0, 1 / sum(abs(gradient)).item()) * options_.lr : options_.lr;
    const double slope = product(gradient, direction_);
    if (slope > -options_.tolerance_change) break;

    if (options_.line_search_fn == LineSearch::strong_wolfe) {
      Search search(*this, closure);
      const Point found = search.run(step_length_, {0, loss, gradient, slope});
      loss = found.loss;
      gradient = found.gradient;
      step_length_ = found.at;
      move(step_length_);
    } else {
      move(step_length_);
      if (i < options_.max_iter) {  // what nobody would look at is not evaluated
        loss = evaluate(closure);
        gradient = flat_gradient();
      }
    }
    if (func_evals_ - start >= most || largest(gradient) <= options_.tolerance_grad) break;
    if (largest(direction_) * std::abs(step_length_) <= options_.tolerance_change) break;
    if (std::abs(loss - previous_loss) < options_.tolerance_change) break;
  }
  return first_loss;
}

void LBFGS::update_parameter(std::size_t, ParameterState&, const Tensor&) {
  fail<ValueError>("LBFGS: step() needs a closure that computes the loss");
}
void LBFGS::visit_group(std::size_t, OptionVisitor& visit) {
  visit("lr", options_.lr);
  visit("tolerance_grad", options_.tolerance_grad);
  visit("tolerance_change", options_.tolerance_change);
}
const StateNames& LBFGS::state_names() const {
  static constexpr StateNames none{{}, {}};
  return none;
}

StateDict LBFGS::state_dict() const {
  StateDict state;
  auto add = [&](const char* name, const Tensor& value) { state.emplace_back(std::string("state.0.") + name, value); };
  if (n_iter_ > 0) {
    add("n_iter", from_vector<int64_t>({n_iter_}, {}));
    add("func_evals", from_vector<int64_t>({func_evals_}, {}));
    add("t", scalar(step_length_, f64));
    add("H_diag", scalar(scale_, f64));
    add("d", direction_);
    add("prev_flat_grad", previous_gradient_);
    if (!steps_.empty()) {
      add("old_dirs", stack(gradient_changes_));
      add("old_stps", stack(steps_));
      add("ro", from_vector(curvatures_));
    }
  }
  for (auto& entry : Optimizer::state_dict())
    if (!entry.first.starts_with("state.")) state.push_back(entry);
  return state;
}

void LBFGS::load_state_dict(const StateDict& state) {
  StateDict options;
  Tensor n_iter, evals, t, diagonal, d, gradient, changes, steps, curvatures;
  const std::pair<const char*, Tensor*> known[] = {{"n_iter", &n_iter},
                                                   {"func_evals", &evals},
                                                   {"t", &t},
                                                   {"H_diag", &diagonal},
                                                   {"d", &d},
                                                   {"prev_flat_grad", &gradient},
                                                   {"old_dirs", &changes},
                                                   {"old_stps", &steps},
                                                   {"ro", &curvatures}};
  for (const auto& [key, value] : state) {
    if (!key.starts_with("state.")) {
      options.emplace_back(key, value);
      continue;
    }
    Tensor* place = nullptr;
    for (const auto& [name, tensor] : known)
      if (key == std::string("state.0.") + name) place = tensor;
    check<ValueError>(place && value.defined(), "LBFGS: the saved state does not fit: {} is {}", key,
                      place ? "undefined" : "unknown");
    *place = value;
  }
  int64_t count = curvatures.defined() ? curvatures.numel() : 0;
  auto fits = [&](const Tensor& x, const Shape& shape) {
    return x.defined() ? x.shape() == shape : shape.numel() == 0 || !n_iter.defined();
  };
  bool one_each = true;
  for (const Tensor* number : {&evals, &t, &diagonal})
    one_each = one_each && number->defined() == n_iter.defined() && (!number->defined() || number->numel() == 1);
  check<ValueError>(one_each && fits(d, {elements_}) && fits(gradient, {elements_}) &&
                        fits(changes, {count, elements_}) && fits(steps, {count, elements_}),
                    "LBFGS: the saved state does not fit {} parameters with {} elements", parameters_.size(),
                    elements_);
  Optimizer::load_state_dict(options);  // throws before anything has changed
  const DType dtype = parameters_[0].dtype();
  auto rows = [&](const Tensor& x) {
    std::vector<Tensor> list;
    for (int64_t i = 0; i < count; ++i) list.push_back(x.detach().to(dtype)[i].clone());
    return list;
  };
  auto copied = [&](const Tensor& x) { return x.defined() ? x.detach().to(dtype).clone() : x; };
  n_iter_ = n_iter.defined() ? n_iter.item<int64_t>() : 0;
  func_evals_ = evals.defined() ? evals.item<int64_t>() : 0;
  step_length_ = t.defined() ? t.item() : 0;
  scale_ = diagonal.defined() ? diagonal.item() : 1;
  direction_ = copied(d);
  previous_gradient_ = copied(gradient);
  gradient_changes_ = rows(changes);
  steps_ = rows(steps);
  curvatures_ = count > 0 ? curvatures.to_vector() : std::vector<double>();
}

}  // namespace korrel::optim
