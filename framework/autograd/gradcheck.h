// gradcheck: compares an op's gradients with central differences in f64, by random projection and element by element.
// gradgradcheck does the same for the gradients of the gradients. For the tests of Korrel and of custom layers.
#pragma once

#include <string>
#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct GradcheckOptions {
  double eps = 1e-6;   // step of the central difference
  double atol = 1e-5;  // |analytic - numeric| <= atol + rtol * |numeric|
  double rtol = 1e-3;
  uint64_t seed = 0;      // of the random upstream gradient
  int64_t elements = 64;  // inputs up to this size are checked element by element, larger ones at this many elements
};

struct GradcheckResult {
  bool passed = true;
  std::string message;  // the worst element: input, index, analytic and numeric value
  explicit operator bool() const { return passed; }
};

// A function of tensors whose first results are checked: type-erased so that the header needs no <functional>.
class CheckedFunction {
 public:
  template <class F>
  CheckedFunction(F f) : function_(new Holder<F>(std::move(f))) {}
  std::vector<Tensor> operator()(const std::vector<Tensor>& inputs) const { return function_->call(inputs); }

 private:
  struct Base : Counted {
    virtual ~Base() = default;
    virtual std::vector<Tensor> call(const std::vector<Tensor>& inputs) = 0;
    static void destroy(Base* base) { delete base; }
  };
  template <class F>
  struct Holder final : Base {
    explicit Holder(F f) : f(std::move(f)) {}
    std::vector<Tensor> call(const std::vector<Tensor>& inputs) override {
      if constexpr (std::is_convertible_v<decltype(f(inputs)), Tensor>)
        return {f(inputs)};
      else
        return f(inputs);
    }
    F f;
  };
  Ref<Base> function_;
};

// f maps a vector of tensors to a tensor or a vector of tensors. Inputs that require a gradient must be f64 leaves; the
// others are passed through. f must be a deterministic function of its inputs.
GradcheckResult gradcheck(const CheckedFunction& f, const std::vector<Tensor>& inputs, GradcheckOptions options = {});
GradcheckResult gradgradcheck(const CheckedFunction& f, const std::vector<Tensor>& inputs,
                              GradcheckOptions options = {});

}  // namespace korrel
