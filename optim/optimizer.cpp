#include <korrel/optim/optimizer.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/autograd/profile.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/create.h>

namespace korrel::optim {

Optimizer::~Optimizer() = default;

void Optimizer::add_parameters(const std::vector<Tensor>& parameters) {
  check<ValueError>(!parameters.empty(), "{}: the list of parameters is empty", name_);
  std::unordered_set<const void*> seen;
  for (const auto& group : groups_)
    for (const ParameterState& slot : group) seen.insert(slot.parameter.body_ref().get());
  std::vector<ParameterState> slots;
  for (const Tensor& parameter : parameters) {
    std::size_t index = slots.size();
    check<ValueError>(parameter.defined(), "{}: parameter {} is undefined", name_, index);
    check<DtypeError>(is_floating(parameter.dtype()), "{}: parameter {} is {}; only f32 and f64 are trained", name_,
                      index, parameter.dtype());
    check<ValueError>(parameter.is_leaf(), "{}: parameter {} of shape {} came from an op; only leaves are trained",
                      name_, index, parameter.shape());
    check<ValueError>(parameter.is_contiguous(), "{}: parameter {} of shape {} is a view with gaps", name_, index,
                      parameter.shape());
    check<ValueError>(seen.insert(parameter.body_ref().get()).second, "{}: parameter {} of shape {} is listed twice",
                      name_, index, parameter.shape());
    slots.push_back({parameter});
  }
  groups_.push_back(std::move(slots));
}

std::vector<Tensor> Optimizer::parameters() const {
  std::vector<Tensor> result;
  for (const auto& group : groups_)
    for (const ParameterState& slot : group) result.push_back(slot.parameter);
  return result;
}

void Optimizer::zero_grad() {
  for (auto& group : groups_)
    for (ParameterState& slot : group) slot.parameter.zero_grad();
}

void Optimizer::step() {
  NoGradGuard no_grad;
  profiling::end_of("(outside ops)");
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    for (ParameterState& slot : groups_[group]) {
      Tensor gradient = slot.parameter.grad();
      if (!gradient.defined()) continue;
      for (const Tensor& state : slot.tensors)
        check<DtypeError>(
            !state.defined() || state.dtype() == slot.parameter.dtype(),
            "{}: a parameter of shape {} is {}, but was {} in the last step; make a new optimizer after to()", name_,
            slot.parameter.shape(), slot.parameter.dtype(), state.defined() ? state.dtype() : f32);
      ++slot.step;
      update_parameter(group, slot, gradient.detach().contiguous());
    }
  }
  profiling::end_of(name_.c_str(), ".step");
}

template <class F>
void Optimizer::each_option(std::size_t group, const F& f) const {
  check<ValueError>(group < groups_.size(), "{}: there is no parameter group {}, it has {}", name_, group,
                    groups_.size());
  struct Visitor final : OptionVisitor {
    explicit Visitor(const F& f) : f(f) {}
    void operator()(const char* name, double& value) override { f(name, value); }
    void operator()(const char* name, bool& value) override { f(name, value); }
    const F& f;
  } visitor(f);
  const_cast<Optimizer*>(this)->visit_group(group, visitor);
}

bool Optimizer::has_option(std::string_view wanted) const {
  bool found = false;
  each_option(0, [&](std::string_view name, auto& value) {
    found = found || (name == wanted && std::is_same_v<decltype(value), double&>);
  });
  return found;
}

double Optimizer::option(std::string_view wanted, std::size_t group) const {
  const double* found = nullptr;
  each_option(group, [&](std::string_view name, auto& value) {
    if constexpr (std::is_same_v<decltype(value), double&>)
      if (name == wanted) found = &value;
  });
  check<ValueError>(found, "{}: there is no option \"{}\"", name_, wanted);
  return *found;
}

void Optimizer::set_option(std::string_view wanted, double to, std::size_t group) {
  bool found = false;
  each_option(group, [&](std::string_view name, auto& value) {
    if constexpr (std::is_same_v<decltype(value), double&>)
      if (name == wanted) {
        value = to;
        found = true;
      }
  });
  check<ValueError>(found, "{}: there is no option \"{}\"", name_, wanted);
}

double Optimizer::initial_lr(std::size_t group) {
  while (initial_lrs_.size() <= group) initial_lrs_.push_back(lr(initial_lrs_.size()));
  return initial_lrs_[group];
}
void Optimizer::set_initial_lr(double rate, std::size_t group) {
  initial_lr(group);
  initial_lrs_[group] = rate;
}

namespace {

Tensor number(double value) { return scalar(value, f64); }
Tensor integer(int64_t value) { return from_vector<int64_t>({value}, {}); }

constexpr double most_steps = 0x1p53;  // in a saved state: one more is far from overflow

}  // namespace

StateDict Optimizer::state_dict() const {
  StateDict state;
  const StateNames& names = state_names();
  std::size_t index = 0;
  for (const auto& group : groups_) {
    for (const ParameterState& slot : group) {
      std::string prefix = fmt::format("state.{}.", index++);
      if (slot.step == 0) continue;  // never updated
      state.emplace_back(prefix + "step", integer(slot.step));
      for (std::size_t i = 0; i < 3 && names.tensors[i]; ++i)
        if (slot.tensors[i].defined()) state.emplace_back(prefix + names.tensors[i], slot.tensors[i]);
      for (std::size_t i = 0; i < 2 && names.numbers[i]; ++i)
        state.emplace_back(prefix + names.numbers[i], number(slot.numbers[i]));
    }
  }
  for (std::size_t group = 0; group < groups_.size(); ++group)
    each_option(group, [&](const char* name, auto& value) {
      state.emplace_back(fmt::format("param_groups.{}.{}", group, name), number(static_cast<double>(value)));
    });
  for (std::size_t group = 0; group < initial_lrs_.size(); ++group)
    state.emplace_back(fmt::format("param_groups.{}.initial_lr", group), number(initial_lrs_[group]));
  return state;
}

void Optimizer::load_state_dict(const StateDict& state) {
  std::unordered_map<std::string, const Tensor*> given;
  for (const auto& [key, tensor] : state) given[key] = &tensor;
  auto fail_on = [&](const std::string& key, const std::string& why) {
    fail<ValueError>("{}: the saved state does not fit: {} {}", name_, key, why);
  };
  std::unordered_set<std::string> known;
  auto take = [&](const std::string& key) -> const Tensor* {
    known.insert(key);
    auto found = given.find(key);
    if (found == given.end()) return nullptr;
    if (!found->second->defined()) fail_on(key, "is undefined");
    return found->second;
  };

  const StateNames& names = state_names();
  std::vector<std::vector<ParameterState>> loaded = groups_;
  std::size_t index = 0;
  for (auto& group : loaded) {
    for (ParameterState& slot : group) {
      std::string prefix = fmt::format("state.{}.", index++);
      const Tensor* step = take(prefix + "step");
      if (step && !(step->numel() == 1 && step->item() >= 1 && step->item() <= most_steps))
        fail_on(prefix + "step", fmt::format("is no number of steps: {}", to_string(*step)));
      slot.step = step ? step->item<int64_t>() : 0;
      for (std::size_t i = 0; i < 3 && names.tensors[i]; ++i) {
        const Tensor* saved = take(prefix + names.tensors[i]);
        slot.tensors[i] = {};
        if (!saved) continue;
        if (saved->shape() != slot.parameter.shape())
          fail_on(prefix + names.tensors[i],
                  fmt::format("is {}, the parameter {}", saved->shape(), slot.parameter.shape()));
        slot.tensors[i] = saved->detach().to(slot.parameter.dtype()).contiguous().clone();
      }
      for (std::size_t i = 0; i < 2 && names.numbers[i]; ++i) {
        const Tensor* saved = take(prefix + names.numbers[i]);
        slot.numbers[i] = saved ? saved->item() : 0;
      }
    }
  }
  for (std::size_t group = 0; group < groups_.size(); ++group)
    each_option(group, [&](const char* name, auto&) {
      std::string key = fmt::format("param_groups.{}.{}", group, name);
      const Tensor* saved = take(key);
      if (!saved) fail_on(key, "is missing");
      if (saved->numel() != 1) fail_on(key, "is not one number");
    });
  std::vector<double> initial_lrs;
  while (initial_lrs.size() < groups_.size()) {
    const Tensor* saved = take(fmt::format("param_groups.{}.initial_lr", initial_lrs.size()));
    if (!saved) break;
    initial_lrs.push_back(saved->item());
  }
  for (const auto& [key, tensor] : state)
    if (!known.contains(key))
      fail_on(key, fmt::format("belongs to no parameter or group here ({} and {})", index, groups_.size()));
  for (std::size_t group = 0; group < groups_.size(); ++group)
    each_option(group, [&](const char* name, auto& value) {
      value = static_cast<std::remove_reference_t<decltype(value)>>(
          given.at(fmt::format("param_groups.{}.{}", group, name))->item());
    });
  groups_ = std::move(loaded);
  initial_lrs_ = std::move(initial_lrs);
}

}  // namespace korrel::optim
