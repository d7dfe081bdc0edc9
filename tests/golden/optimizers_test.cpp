#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <set>

#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/optim/adagrad.h>
#include <korrel/optim/adam.h>
#include <korrel/optim/sgd.h>
#include <tests/golden/golden.h>

using namespace korrel;

namespace {

// Takes a number from a group's own arguments, else from the case's.
struct Numbers {
  const golden::Args& common;
  const golden::Args* own;

  const golden::Args& of(const std::string& name) const { return own && own->has(name) ? *own : common; }
  double operator()(const std::string& name) const {
    if (own) common.ignore(name);
    return of(name).number(name);
  }
  bool flag(const std::string& name) const {
    if (own) common.ignore(name);
    return of(name).flag(name);
  }
  double pair(const std::string& name, std::size_t index) const {
    if (own) common.ignore(name);
    return of(name).numbers(name).at(index);
  }
};

optim::Betas betas(const Numbers& n) { return {n.pair("betas", 0), n.pair("betas", 1)}; }

void set(optim::SGDOptions& o, const Numbers& n) {
  o = {n("lr"), n("momentum"), n("dampening"), n("weight_decay"), n.flag("nesterov"), n.flag("maximize")};
}
void set(optim::ASGDOptions& o, const Numbers& n) {
  o = {n("lr"), n("lambd"), n("alpha"), n("t0"), n("weight_decay"), n.flag("maximize")};
}
void set(optim::AdamOptions& o, const Numbers& n) {
  o = {n("lr"), betas(n), n("eps"), n("weight_decay"), n.flag("amsgrad"), n.flag("maximize")};
}
void set(optim::AdamWOptions& o, const Numbers& n) {
  o = {n("lr"), betas(n), n("eps"), n("weight_decay"), n.flag("amsgrad"), n.flag("maximize")};
}
void set(optim::NAdamOptions& o, const Numbers& n) {
  o = {n("lr"), betas(n), n("eps"), n("weight_decay"), n("momentum_decay")};
}
void set(optim::RAdamOptions& o, const Numbers& n) { o = {n("lr"), betas(n), n("eps"), n("weight_decay")}; }
void set(optim::AdamaxOptions& o, const Numbers& n) {
  o = {n("lr"), betas(n), n("eps"), n("weight_decay"), n.flag("maximize")};
}
void set(optim::AdagradOptions& o, const Numbers& n) {
  o = {n("lr"), n("lr_decay"), n("weight_decay"), n("initial_accumulator_value"), n("eps"), n.flag("maximize")};
}
void set(optim::AdadeltaOptions& o, const Numbers& n) {
  o = {n("lr"), n("rho"), n("eps"), n("weight_decay"), n.flag("maximize")};
}
void set(optim::RMSpropOptions& o, const Numbers& n) {
  o = {n("lr"), n("alpha"), n("eps"), n("weight_decay"), n("momentum"), n.flag("centered"), n.flag("maximize")};
}
void set(optim::RpropOptions& o, const Numbers& n) {
  o = {n("lr"),           n.pair("etas", 0), n.pair("etas", 1), n.pair("step_sizes", 0), n.pair("step_sizes", 1),
       n.flag("maximize")};
}

// w_steps[k] is the parameter after step k with gradient w_grads[k]. Half-way the optimizer is replaced by a new one
// that loads its state, so every case proves the checkpoint too.
template <class O>
golden::Result train(const golden::Case& c) {
  std::map<std::string, Tensor> parameters;
  for (const auto& [name, tensor] : c.inputs)
    if (!name.ends_with("_grads")) parameters[name] = tensor.detach().clone().requires_grad_();

  using Options = std::remove_cvref_t<decltype(std::declval<O>().options())>;
  std::vector<typename O::Group> groups;
  if (c.args.has("param_groups")) {
    for (const golden::Args& own : c.args.objects("param_groups")) {
      typename O::Group group;
      for (const std::string& name : own.texts("params")) group.parameters.push_back(parameters.at(name));
      set(group.options, {c.args, &own});
      groups.push_back(group);
    }
  } else {
    Options options;
    set(options, {c.args, nullptr});
    typename O::Group group{{}, options};
    for (const auto& [name, tensor] : parameters) group.parameters.push_back(tensor);
    groups.push_back(group);
  }

  golden::Args without = c.args.object("without_grad");
  std::map<std::string, std::set<int64_t>> skipped;
  for (const std::string& name : without.names())
    for (int64_t step : without.ints(name)) skipped[name].insert(step);

  auto optimizer = std::make_unique<O>(groups);
  std::map<std::string, std::vector<Tensor>> steps;
  int64_t count = c["w_grads"].size(0);
  for (int64_t k = 0; k < count; ++k) {
    for (auto& [name, tensor] : parameters) {
      if (skipped[name].contains(k))
        tensor.zero_grad();
      else
        tensor.set_grad(c[name + "_grads"].detach().select(0, k).contiguous());
    }
    if (k == count / 2) {
      auto next = std::make_unique<O>(groups);
      next->load_state_dict(optimizer->state_dict());
      optimizer = std::move(next);
    }
    optimizer->step();
    for (auto& [name, tensor] : parameters) steps[name].push_back(tensor.detach().clone());
  }
  golden::Outputs outputs;
  for (auto& [name, list] : steps) outputs[name + "_steps"] = stack(list, 0);
  return outputs;
}

const golden::Ops ops = {
    {"optim.SGD", train<optim::SGD>},           {"optim.ASGD", train<optim::ASGD>},
    {"optim.Adam", train<optim::Adam>},         {"optim.AdamW", train<optim::AdamW>},
    {"optim.NAdam", train<optim::NAdam>},       {"optim.RAdam", train<optim::RAdam>},
    {"optim.Adamax", train<optim::Adamax>},     {"optim.Adagrad", train<optim::Adagrad>},
    {"optim.Adadelta", train<optim::Adadelta>}, {"optim.RMSprop", train<optim::RMSprop>},
    {"optim.Rprop", train<optim::Rprop>},
};

}  // namespace

TEST_CASE("optimizers") { golden::run("optimizers"); }
