// What all optimizers share: parameter groups, zero_grad, step, and their state as named tensors for checkpoints. The
// formulas are those of PyTorch 1.13. A parameter without a gradient is skipped: neither it nor its state changes.
//   optim::Adam adam(net.parameters(), {.lr = 1e-3});
//   optim::SGD sgd({{net.body.parameters(), {.lr = 0.01}}, {net.head.parameters(), {.lr = 0.1, .momentum = 0.9}}});
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel::optim {

using StateDict = std::vector<std::pair<std::string, Tensor>>;

// One parameter and what the optimizer remembers of it. A state tensor is undefined until it is used.
struct ParameterState {
  Tensor parameter;
  int64_t step = 0;  // updates of this parameter, the one in progress included
  Tensor tensors[3];
  double numbers[2] = {0, 0};
};
struct StateNames {  // of ParameterState's arrays, PyTorch's; null where there is none
  const char* tensors[3];
  const char* numbers[2];
};
class OptionVisitor {
 public:
  virtual void operator()(const char* name, double& value) = 0;
  virtual void operator()(const char* name, bool& value) = 0;

 protected:
  ~OptionVisitor() = default;
};

class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;  // schedulers refer to it
  Optimizer& operator=(const Optimizer&) = delete;

  void zero_grad();  // forgets the gradients of all parameters
  void step();       // one update of every parameter that has a gradient

  std::size_t group_count() const { return groups_.size(); }
  std::vector<Tensor> parameters() const;  // of all groups
  const std::string& name() const { return name_; }

  // A number among a group's options, by PyTorch's name ("lr", "momentum", "beta1"); ValueError if there is none such.
  double option(std::string_view option, std::size_t group = 0) const;
  void set_option(std::string_view option, double value, std::size_t group = 0);
  bool has_option(std::string_view option) const;
  double lr(std::size_t group = 0) const { return option("lr", group); }
  void set_lr(double lr, std::size_t group = 0) { set_option("lr", lr, group); }
  // The rate that schedules start from: the one when the first of them was attached. Kept here so that several agree on
  // it.
  double initial_lr(std::size_t group = 0);
  void set_initial_lr(double lr, std::size_t group = 0);

  // "state.0.step", "state.0.exp_avg", "param_groups.0.lr" ...: everything but the parameters. The tensors are the
  // optimizer's own, not copies. Loading throws ValueError, and changes nothing, if they do not fit these parameters.
  virtual StateDict state_dict() const;
  virtual void load_state_dict(const StateDict& state);

 protected:
  explicit Optimizer(const char* name) : name_(name) {}
  // Throws ValueError for an empty list, a parameter that is undefined, no leaf, not floating or already there.
  void add_parameters(const std::vector<Tensor>& parameters);

  virtual void update_parameter(std::size_t group, ParameterState& state, const Tensor& gradient) = 0;
  virtual void visit_group(std::size_t group, OptionVisitor& visitor) = 0;
  virtual const StateNames& state_names() const = 0;

 private:
  template <class F>
  void each_option(std::size_t group, const F& f) const;

  std::string name_;
  std::vector<std::vector<ParameterState>> groups_;
  std::vector<double> initial_lrs_;  // of the first groups; a group without one has not been scheduled
};

// The optimizer that a type of options stands for, one set of them per group. Beside the options, in their header:
//   void check_options(const Options&);                                    throws ValueError
//   void update(const Options&, ParameterState&, const Tensor& gradient);  one step
//   void visit_options(Options&, OptionVisitor&);                          names each of them
// and in them `optimizer`, the name, and `state`, the StateNames.
template <class Options>
class OptimizerOf final : public Optimizer {
 public:
  struct Group {
    std::vector<Tensor> parameters;
    Options options;
  };
  explicit OptimizerOf(const std::vector<Tensor>& parameters, const Options& options = {})
      : Optimizer(Options::optimizer) {
    add_param_group(parameters, options);
  }
  explicit OptimizerOf(const std::vector<Group>& groups) : Optimizer(Options::optimizer) {
    if (groups.empty()) add_parameters({});  // throws
    for (const Group& group : groups) add_param_group(group.parameters, group.options);
  }

  void add_param_group(const std::vector<Tensor>& parameters, const Options& options = {}) {
    check_options(options);
    add_parameters(parameters);
    options_.push_back(options);
  }
  const Options& options(std::size_t group = 0) const { return options_.at(group); }
  Options& options(std::size_t group = 0) { return options_.at(group); }

 private:
  void update_parameter(std::size_t group, ParameterState& state, const Tensor& gradient) override {
    update(options_[group], state, gradient);
  }
  void visit_group(std::size_t group, OptionVisitor& visitor) override { visit_options(options_[group], visitor); }
  const StateNames& state_names() const override { return Options::state; }

  std::vector<Options> options_;
};

}  // namespace korrel::optim
