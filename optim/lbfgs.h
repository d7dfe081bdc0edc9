// L-BFGS (Nocedal 1980), as torch.optim.LBFGS of version 1.13: a quasi-Newton method that evaluates the loss as often
// as it needs, by a closure, on the whole of the data.
//   optim::LBFGS lbfgs(net.parameters(), {.line_search_fn = optim::LineSearch::strong_wolfe});
//   lbfgs.step([&] { lbfgs.zero_grad(); Tensor loss = mse_loss(net(x), y); loss.backward(); return loss; });
#pragma once

#include <optional>

#include <korrel/optim/optimizer.h>

namespace korrel::optim {

enum class LineSearch { none, strong_wolfe };  // none: every step is lr long

struct LBFGSOptions {
  double lr = 1;
  int64_t max_iter = 20;                 // iterations of one step()
  std::optional<int64_t> max_eval = {};  // evaluations of one step(); 5/4 max_iter if not given
  double tolerance_grad = 1e-7;          // stop where no element of the gradient is larger
  double tolerance_change = 1e-9;        // stop where neither loss nor parameters change by more
  int64_t history_size = 100;            // of pairs of vectors as long as all parameters together
  LineSearch line_search_fn = LineSearch::none;
};

class LBFGS final : public Optimizer {
 public:
  explicit LBFGS(const std::vector<Tensor>& parameters, const LBFGSOptions& options = {});

  // closure(): clears the gradients, computes the loss (a tensor of one element), calls its backward() and returns it.
  // It is called with gradients enabled. Returns the loss before the first change.
  template <class F>
  Tensor step(F closure) {
    struct Call final : Closure {
      explicit Call(F& f) : function(f) {}
      Tensor loss() override { return function(); }
      F& function;
    } call(closure);
    return run(call);
  }
  const LBFGSOptions& options() const { return options_; }
  int64_t evaluations() const { return func_evals_; }  // calls of closures so far

  // "state.0.old_dirs" ...: the history too.
  StateDict state_dict() const override;
  void load_state_dict(const StateDict& state) override;

 private:
  struct Closure {
    virtual Tensor loss() = 0;

   protected:
    ~Closure() = default;
  };
  struct Point;
  class Search;

  Tensor run(Closure& closure);
  double evaluate(Closure& closure, Tensor* loss = nullptr);
  Tensor flat_gradient() const;
  void move(double step);  // the parameters by step * direction_
  void choose_direction(const Tensor& gradient);

  void update_parameter(std::size_t group, ParameterState& state, const Tensor& gradient) override;  // throws
  void visit_group(std::size_t group, OptionVisitor& visitor) override;
  const StateNames& state_names() const override;

  LBFGSOptions options_;
  std::vector<Tensor> parameters_;
  int64_t elements_ = 0;

  int64_t n_iter_ = 0, func_evals_ = 0;
  Tensor direction_, previous_gradient_;
  std::vector<Tensor> gradient_changes_, steps_;  // PyTorch's old_dirs and old_stps, oldest first
  std::vector<double> curvatures_;                // its ro: 1 / (change . step)
  double step_length_ = 0, scale_ = 1;            // its t and H_diag
};

}  // namespace korrel::optim
