// Connectionist temporal classification (Graves et al. 2006). The states of a sequence are its labels with a blank
// before, between and behind them; alpha[t][s] is the logarithm of the probability of all ways that are in state s at
// time t, and beta[t][s] that of all ways from there to the end, both with the emission at t.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/gather.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/pad.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/reduced_loss.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

constexpr double kImpossible = -std::numeric_limits<double>::infinity();

double log_add(double a, double b) {
  double high = std::max(a, b), low = std::min(a, b);
  return low == kImpossible ? high : high + std::log1p(std::exp(low - high));
}

// A batch of label sequences, checked against the shape [T,N,C] of the log-probabilities.
class Sequences {
 public:
  Sequences(const Shape& x, const Tensor& targets, const Tensor& input_lengths, const Tensor& target_lengths,
            int64_t blank)
      : times_(x[0]), classes_(x[2]), blank_(blank) {
    const int64_t batch = x[1];
    check<ValueError>(blank >= 0 && blank < classes_, "ctc_loss: blank={} is not one of the {} classes of log_probs {}",
                      blank, classes_, x);
    for (const auto& [name, lengths] :
         {std::pair("input_lengths", &input_lengths), std::pair("target_lengths", &target_lengths)}) {
      check<DtypeError>(lengths->dtype() == i64, "ctc_loss: {} must be i64, is {}", name, lengths->dtype());
      check<ShapeError>(lengths->shape() == Shape{batch},
                        "ctc_loss: {} needs shape [{}], one for each of the batch, has {}", name, batch,
                        lengths->shape());
    }
    check<DtypeError>(targets.dtype() == i64 || targets.dtype() == u8, "ctc_loss: targets must be i64, are {}",
                      targets.dtype());
    check<ShapeError>(targets.dim() == 1 || (targets.dim() == 2 && targets.size(0) == batch),
                      "ctc_loss: targets need shape [{0},S], or [sum of target_lengths], have {1}", batch,
                      targets.shape());
    input_lengths_ = input_lengths.to_vector<int64_t>();
    target_lengths_ = target_lengths.to_vector<int64_t>();
    const bool padded = targets.dim() == 2;
    int64_t total = 0;
    for (std::size_t n = 0; n < target_lengths_.size(); ++n) {
      const int64_t steps = input_lengths_[n], length = target_lengths_[n];
      check<ValueError>(steps >= 0 && steps <= times_,
                        "ctc_loss: input_lengths[{}] is {}, must lie in 0..{} (log_probs {})", n, steps, times_, x);
      check<ValueError>(length >= 0 && (!padded || length <= targets.size(1)),
                        "ctc_loss: target_lengths[{}] is {}, must lie in 0..{} (targets {})", n, length,
                        padded ? targets.size(1) : targets.size(0), targets.shape());
      begins_.push_back(padded ? static_cast<int64_t>(n) * targets.size(1) : total);
      total += length;
      states_ = std::max(states_, 2 * length + 1);
    }
    check<ValueError>(padded || total == targets.size(0),
                      "ctc_loss: target_lengths add up to {}, but there are {} concatenated targets", total,
                      targets.size(0));
    labels_ = targets.to_vector<int64_t>();
    for (int64_t n = 0; n < size(); ++n) {
      for (int64_t s = 1; s < states(n); s += 2) {
        check<ValueError>(label(n, s) >= 0 && label(n, s) < classes_ && label(n, s) != blank,
                          "ctc_loss: label {} of sequence {} is {}, must be one of the {} classes and not the blank {}",
                          s / 2, n, label(n, s), classes_, blank);
      }
    }
  }

  int64_t size() const { return static_cast<int64_t>(target_lengths_.size()); }
  int64_t times() const { return times_; }
  int64_t classes() const { return classes_; }
  int64_t steps(int64_t n) const { return input_lengths_[static_cast<std::size_t>(n)]; }
  int64_t length(int64_t n) const { return target_lengths_[static_cast<std::size_t>(n)]; }
  int64_t states(int64_t n) const { return 2 * length(n) + 1; }
  int64_t most_states() const { return states_; }

  int64_t label(int64_t n, int64_t s) const {
    return s % 2 == 0 ? blank_ : labels_[static_cast<std::size_t>(begins_[static_cast<std::size_t>(n)] + s / 2)];
  }
  // Whether state s may follow s - 2: the blank between two different labels may be left out.
  bool skips(int64_t n, int64_t s) const { return s >= 2 && s % 2 == 1 && label(n, s) != label(n, s - 2); }

  // f(n, s) for every state as a constant tensor [N, most_states()]; 0 beyond a sequence's own.
  template <class T, class F>
  Tensor table(F f) const {
    std::vector<T> values(static_cast<std::size_t>(size() * most_states()), T(0));
    for (int64_t n = 0; n < size(); ++n)
      for (int64_t s = 0; s < states(n); ++s)
        values[static_cast<std::size_t>(n * most_states() + s)] = static_cast<T>(f(n, s));
    return from_vector(values, {size(), most_states()});
  }

 private:
  int64_t times_, classes_, blank_, states_ = 1;
  std::vector<int64_t> input_lengths_, target_lengths_, labels_, begins_;
};

// alpha of sequence n into [steps][most_states()], and minus the logarithm of its probability.
template <class T>
double forward(const Sequences& all, int64_t n, const T* x, double* alpha) {
  const int64_t states = all.states(n), width = all.most_states(), row = all.size() * all.classes();
  if (all.steps(n) == 0) return states == 1 ? 0 : std::numeric_limits<double>::infinity();
  x += n * all.classes();
  for (int64_t t = 0; t < all.steps(n); ++t, x += row, alpha += width) {
    const double* before = alpha - width;
    for (int64_t s = 0; s < states; ++s) {
      double sum = t == 0 && s < 2 ? 0 : kImpossible;
      if (t > 0) {
        sum = before[s];
        if (s > 0) sum = log_add(sum, before[s - 1]);
        if (all.skips(n, s)) sum = log_add(sum, before[s - 2]);
      }
      alpha[s] = sum + static_cast<double>(x[all.label(n, s)]);
    }
  }
  const double* last = alpha - width;
  return -(states == 1 ? last[0] : log_add(last[states - 1], last[states - 2]));
}

// Minus the probability that a way through sequence n emits class c at time t, times gy, into gx [T,N,C].
template <class T>
void backward(const Sequences& all, int64_t n, const T* x, const double* alpha, double loss, double gy, T* gx) {
  const int64_t states = all.states(n), width = all.most_states(), row = all.size() * all.classes();
  std::vector<double> beta(static_cast<std::size_t>(states)), after = beta;
  for (int64_t t = all.steps(n) - 1; t >= 0; --t) {
    const T* emission = x + t * row + n * all.classes();
    T* gradient = gx + t * row + n * all.classes();
    std::swap(beta, after);
    for (int64_t s = 0; s < states; ++s) {
      auto at = static_cast<std::size_t>(s);
      double sum = t == all.steps(n) - 1 && s >= states - 2 ? 0 : kImpossible;
      if (t < all.steps(n) - 1) {
        sum = after[at];
        if (s + 1 < states) sum = log_add(sum, after[at + 1]);
        if (s + 2 < states && all.skips(n, s + 2)) sum = log_add(sum, after[at + 2]);
      }
      const int64_t c = all.label(n, s);
      beta[at] = sum + static_cast<double>(emission[c]);
      // Written so that an emission of -inf, which no way uses, counts as nothing.
      const double both = alpha[t * width + s] + sum;
      if (both != kImpossible || !std::isfinite(loss)) gradient[c] -= static_cast<T>(gy * std::exp(both + loss));
    }
  }
}

// The gradient of the losses written in ops, for gradients of gradients. Impossible ways are at -1e30, where sums and
// their slopes stay finite.
Tensor gradient_in_ops(const Sequences& all, const Tensor& x, const Tensor& losses, const Tensor& gy) {
  constexpr double impossible = -1e30;
  const int64_t width = all.most_states();
  const Shape paths{all.times(), all.size(), width};
  auto mask = [&](auto f) { return all.table<uint8_t>(f).to(boolean); };
  Tensor start = mask([&](int64_t, int64_t s) { return s < 2; });
  Tensor finish = mask([&](int64_t n, int64_t s) { return s >= all.states(n) - 2; });
  Tensor skips = mask([&](int64_t n, int64_t s) { return all.skips(n, s); });
  Tensor skipped = mask([&](int64_t n, int64_t s) { return s + 2 < all.states(n) && all.skips(n, s + 2); });
  Tensor labels = all.table<int64_t>([&](int64_t n, int64_t s) { return all.label(n, s); }).expand(paths);
  Tensor emissions = gather(x, 2, labels);

  auto only = [&](const Tensor& where_true, const Tensor& values) { return where(where_true, values, impossible); };
  auto shifted = [&](const Tensor& values, int64_t by) {  // towards later states if positive
    if (std::abs(by) >= width) return full({all.size(), width}, impossible, {.dtype = x.dtype()});
    return pad(values, {by, -by}, {.value = impossible});
  };
  auto step = [&](const Tensor& values, int64_t to, const Tensor& two) {
    return logaddexp(logaddexp(values, shifted(values, to)), only(two, shifted(values, 2 * to)));
  };
  std::vector<Tensor> alpha, beta(static_cast<std::size_t>(all.times()));
  for (int64_t t = 0; t < all.times(); ++t)
    alpha.push_back(t == 0 ? only(start, emissions[0]) : emissions[t] + step(alpha.back(), 1, skips));
  Tensor later = full({all.size(), width}, impossible, {.dtype = x.dtype()});
  for (int64_t t = all.times() - 1; t >= 0; --t) {
    Tensor last = all.table<uint8_t>([&](int64_t n, int64_t) { return all.steps(n) == t + 1; }).to(boolean);
    later = emissions[t] + where(last, only(finish, zeros_like(later)), step(later, -1, skipped));
    beta[static_cast<std::size_t>(t)] = later;
  }
  if (all.times() == 0) return zeros_like(x);
  Tensor total = logsumexp(only(start, beta[0]), 1, {.keepdim = true});
  Tensor shares = exp(stack(alpha) + stack(beta) - emissions - total);
  Tensor possible = isfinite(losses).unsqueeze(1);
  shares = where(possible, shares, std::numeric_limits<double>::quiet_NaN());
  Tensor per_class = scatter_add(zeros(x.shape(), {.dtype = x.dtype()}), 2, labels.contiguous(), shares);
  std::vector<uint8_t> any_time;
  for (int64_t n = 0; n < all.size(); ++n) any_time.push_back(all.steps(n) > 0);
  Tensor wanted = logical_and(gy.detach() != 0, from_vector(any_time));
  return where(wanted.unsqueeze(1), -per_class * gy.unsqueeze(1), 0);
}

// One loss for each sequence; x [T,N,C].
Tensor losses_of(const Tensor& any_x, const Sequences& all) {
  const Tensor x = any_x.contiguous();
  Tensor y = make_tensor({all.size()}, x.dtype());
  Tensor alpha = make_tensor({all.size(), all.times(), all.most_states()}, f64);
  std::vector<double> losses(static_cast<std::size_t>(all.size()));
  visit_floating(x.dtype(), [&]<class T>() {
    parallel_for(all.size(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        double loss = forward(all, n, x.data<T>(), alpha.data<double>() + n * all.times() * all.most_states());
        losses[static_cast<std::size_t>(n)] = loss;
        y.data<T>()[n] = static_cast<T>(loss);
      }
    });
  });
  return record("ctc_loss", y, {x}, [all, x, alpha, losses, y = y.detach()](const Backward& b) -> Gradients {
    if (grad_enabled()) return {gradient_in_ops(all, x, y, b.grad)};
    Tensor gx = zeros_like(x), gy = b.grad.contiguous();
    visit_floating(x.dtype(), [&]<class T>() {
      parallel_for(all.size(), 1, [&](int64_t begin, int64_t end) {
        for (int64_t n = begin; n < end; ++n) {
          auto upstream = static_cast<double>(gy.data<T>()[n]);
          if (upstream == 0) continue;  // left out by zero_infinity
          backward(all, n, x.data<T>(), alpha.data<double>() + n * all.times() * all.most_states(),
                   losses[static_cast<std::size_t>(n)], upstream, gx.data<T>());
        }
      });
    });
    return {gx};
  });
}

}  // namespace

Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, const CtcLossOptions& options) {
  check_defined("ctc_loss", {{log_probs, "log_probs"},
                             {targets, "targets"},
                             {input_lengths, "input_lengths"},
                             {target_lengths, "target_lengths"}});
  check_floating_loss("ctc_loss", log_probs);
  check<ShapeError>(log_probs.dim() == 2 || log_probs.dim() == 3,
                    "ctc_loss: log_probs need shape [T,N,C], or [T,C] without a batch, have {}", log_probs.shape());
  if (log_probs.dim() == 2) {
    auto one = [](const Tensor& lengths) { return lengths.numel() == 1 ? lengths.reshape({1}) : lengths; };
    Tensor y = ctc_loss(log_probs.unsqueeze(1), targets.dim() == 1 ? targets.unsqueeze(0) : targets, one(input_lengths),
                        one(target_lengths), options);
    return options.reduction == Reduction::none ? y.squeeze(0) : y;
  }
  Tensor losses =
      losses_of(log_probs, Sequences(log_probs.shape(), targets, input_lengths, target_lengths, options.blank));
  if (options.zero_infinity) losses = where(isinf(losses.detach()), 0, losses);
  if (options.reduction == Reduction::mean) losses = losses / clamp(target_lengths, {.min = 1}).to(losses.dtype());
  return reduced(losses, options.reduction);
}

}  // namespace korrel
