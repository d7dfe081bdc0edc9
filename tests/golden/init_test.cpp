#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/tensor/create.h>
#include <korrel/layers/convolution.h>
#include <korrel/layers/init.h>
#include <korrel/layers/linear.h>
#include <korrel/layers/recurrent.h>
#include <tests/golden/golden.h>

using namespace korrel;
namespace init = korrel::nn::init;

namespace {

// The half-width of the uniform distribution that fill() draws from, read off exactly: a draw in [-bound, bound] is
// bound times the draw of the same generator in [-1, 1].
template <class Fill>
double bound_of(const Shape& shape, Fill fill) {
  Generator a(7), b(7);
  Tensor x = empty(shape, {.dtype = f64}), unit = empty(shape, {.dtype = f64});
  fill(x, a);
  init::uniform_(unit, -1, 1, b);
  std::vector<double> filled = x.to_vector(), units = unit.to_vector();
  double bound = filled[0] / units[0];
  for (std::size_t i = 0; i < filled.size(); ++i) CHECK(filled[i] == doctest::Approx(bound * units[i]));
  return bound;
}
template <class Fill>
double std_of(const Shape& shape, Fill fill) {
  Generator a(7), b(7);
  Tensor x = empty(shape, {.dtype = f64}), unit = empty(shape, {.dtype = f64});
  fill(x, a);
  init::normal_(unit, 0, 1, b);
  std::vector<double> filled = x.to_vector(), units = unit.to_vector();
  double std = filled[0] / units[0];
  for (std::size_t i = 0; i < filled.size(); ++i) CHECK(filled[i] == doctest::Approx(std * units[i]));
  return std;
}

golden::Outputs number(const golden::Case& c, const char* name, double value) {
  return {{name, scalar(value, c.dtype)}};
}
Shape shape_of(const golden::Case& c) { return c.args.ints("shape"); }

// The same for each parameter of a module, which draws them in order.
template <class M>
golden::Outputs module_bounds(const golden::Case& c, M module) {
  Generator a(7), b(7);
  module.to(f64);
  module.reset_parameters(a);
  golden::Outputs outputs;
  for (const auto& [name, tensor] : module.named_parameters()) {
    Tensor unit = empty(tensor.shape(), {.dtype = f64});
    init::uniform_(unit, -1, 1, b);
    std::vector<double> drawn = tensor.to_vector(), units = unit.to_vector();
    std::size_t largest = 0;
    for (std::size_t i = 0; i < units.size(); ++i)
      if (std::abs(units[i]) > std::abs(units[largest])) largest = i;
    double bound = drawn[largest] / units[largest];
    for (std::size_t i = 0; i < drawn.size(); ++i) CHECK(drawn[i] == doctest::Approx(bound * units[i]));
    outputs[name + "_bound"] = scalar(bound, c.dtype);
  }
  return outputs;
}

const golden::Ops ops = {
    {"init.calculate_gain",
     [](const golden::Case& c) {
       std::optional<double> param;
       if (c.args.has("param")) param = c.args.number("param");
       return number(c, "gain", init::calculate_gain(c.args.text("nonlinearity"), param));
     }},
    {"init.calculate_fan_in_and_fan_out",
     [](const golden::Case& c) {
       init::Fans fans = init::calculate_fan_in_and_fan_out(empty(shape_of(c)));
       return golden::Outputs{{"fan_in", from_vector<int64_t>({fans.fan_in}, {})},
                              {"fan_out", from_vector<int64_t>({fans.fan_out}, {})}};
     }},
    {"init.xavier_uniform_",
     [](const golden::Case& c) {
       double gain = c.args.number("gain");
       return number(c, "bound",
                     bound_of(shape_of(c), [&](Tensor& x, Generator& g) { init::xavier_uniform_(x, gain, g); }));
     }},
    {"init.xavier_normal_",
     [](const golden::Case& c) {
       double gain = c.args.number("gain");
       return number(c, "std", std_of(shape_of(c), [&](Tensor& x, Generator& g) { init::xavier_normal_(x, gain, g); }));
     }},
    {"init.kaiming_uniform_",
     [](const golden::Case& c) {
       std::string mode = c.args.text("mode"), nonlinearity = c.args.text("nonlinearity");
       init::KaimingOptions options{c.args.number("a"), mode, nonlinearity};
       return number(c, "bound",
                     bound_of(shape_of(c), [&](Tensor& x, Generator& g) { init::kaiming_uniform_(x, options, g); }));
     }},
    {"init.kaiming_normal_",
     [](const golden::Case& c) {
       std::string mode = c.args.text("mode"), nonlinearity = c.args.text("nonlinearity");
       init::KaimingOptions options{c.args.number("a"), mode, nonlinearity};
       return number(c, "std",
                     std_of(shape_of(c), [&](Tensor& x, Generator& g) { init::kaiming_normal_(x, options, g); }));
     }},
    {"init.dirac_",
     [](const golden::Case& c) {
       Tensor x = empty(shape_of(c), {.dtype = c.dtype});
       return init::dirac_(x, c.args.integer("groups"));
     }},
    {"init.eye_",
     [](const golden::Case& c) {
       Tensor x = empty(shape_of(c), {.dtype = c.dtype});
       return init::eye_(x);
     }},
    {"init.module_defaults",
     [](const golden::Case& c) {
       std::string module = c.args.text("module");
       golden::Args a = c.args.object("arguments");
       if (module == "Linear") return module_bounds(c, nn::Linear(a.integer("in_features"), a.integer("out_features")));
       if (module == "Bilinear")
         return module_bounds(
             c, nn::Bilinear(a.integer("in1_features"), a.integer("in2_features"), a.integer("out_features")));
       if (module == "Conv2d")
         return module_bounds(c,
                              nn::Conv2d(a.integer("in_channels"), a.integer("out_channels"), a.ints("kernel_size")));
       if (module == "ConvTranspose2d")
         return module_bounds(
             c, nn::ConvTranspose2d(a.integer("in_channels"), a.integer("out_channels"), a.ints("kernel_size")));
       if (module == "LSTM") return module_bounds(c, nn::LSTM(a.integer("input_size"), a.integer("hidden_size")));
       throw golden::NotYet{"the defaults of " + module};
     }},
};

}  // namespace

TEST_CASE("initialisers") { golden::run("init"); }
