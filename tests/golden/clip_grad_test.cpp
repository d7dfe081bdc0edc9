#include <doctest/doctest.h>

#include <korrel/framework/tensor/create.h>
#include <korrel/optim/clip_grad.h>
#include <tests/golden/golden.h>

using namespace korrel;

namespace {

std::vector<Tensor> parameters_with(const std::vector<Tensor>& gradients) {
  std::vector<Tensor> parameters;
  for (const Tensor& gradient : gradients) {
    parameters.push_back(zeros(gradient.shape(), {.dtype = gradient.dtype(), .requires_grad = true}));
    parameters.back().set_grad(gradient.detach().clone());
  }
  return parameters;
}

golden::Outputs clipped(const std::vector<Tensor>& parameters) {
  golden::Outputs outputs;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    outputs["g" + std::to_string(i) + "_clipped"] = parameters[i].grad();
  return outputs;
}

const golden::Ops ops = {
    {"clip_grad_norm_",
     [](const golden::Case& c) {
       std::vector<Tensor> parameters = parameters_with(c.numbered("g"));
       double norm =
           optim::clip_grad_norm_(parameters, c.args.number("max_norm"), {.norm_type = c.args.number("norm_type")});
       golden::Outputs outputs = clipped(parameters);
       outputs["total_norm"] = scalar(norm, c.dtype);
       return outputs;
     }},
    {"clip_grad_value_",
     [](const golden::Case& c) {
       std::vector<Tensor> parameters = parameters_with(c.numbered("g"));
       optim::clip_grad_value_(parameters, c.args.number("clip_value"));
       return clipped(parameters);
     }},
};

}  // namespace

TEST_CASE("gradient clipping") { golden::run("clip_grad"); }
