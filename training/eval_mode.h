// EvalMode: a model in eval mode for as long as this lives; then every module has the mode it had, also after an
// exception.
#pragma once

#include <utility>
#include <vector>

#include <korrel/layers/module.h>

namespace korrel::training {

class EvalMode {
 public:
  explicit EvalMode(nn::Module& model) {
    for (const nn::NamedModule& named : model.named_modules())
      modes_.emplace_back(named.module, named.module->training());
    model.eval();
  }
  ~EvalMode() {  // parents come first, so that a part in another mode than the whole gets its own again
    for (auto [module, training] : modes_) module->train(training);
  }
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  std::vector<std::pair<nn::Module*, bool>> modes_;
};

}  // namespace korrel::training
