#include <korrel/layers/parameter_list.h>

#include <doctest/doctest.h>

#include <tests/wrong_calls.h>

#include <korrel/korrel.h>

using namespace korrel;

namespace {

struct Polynomial : nn::Module {
  nn::ParameterList powers{zeros({1}), ones({1}), full({1}, 2)};
  nn::ParameterDict named{{"scale", full({}, 3)}};
  KORREL_MODULE(powers, named)

  Tensor forward(const Tensor& x) override { return named["scale"] * (powers[0] + powers[1] * x + powers[2] * x * x); }
};

}  // namespace

TEST_CASE("parameters in a list and by name are trained, saved and copied with the module") {
  Polynomial net;
  CHECK(net(tensor({2})).item() == 30);
  std::vector<std::string> keys;
  for (const auto& [name, tensor] : net.state_dict()) keys.push_back(name);
  CHECK(keys == std::vector<std::string>{"powers.0", "powers.1", "powers.2", "named.scale"});
  CHECK(net.parameters().size() == 4);

  Polynomial copy = net;
  net(tensor({2})).backward();
  CHECK(net.powers[2].grad().item() == 12);
  CHECK_FALSE(copy.powers[2].grad().defined());
  net.powers[0].copy_(full({1}, 5));
  CHECK(copy.powers[0].item() == 0);
  copy.load_state_dict(net.state_dict());
  CHECK(copy.powers[0].item() == 5);
  net.to(f64);
  CHECK(net.powers[1].dtype() == f64);
}

TEST_CASE("lists grow, and tell what they hold") {
  nn::ParameterList list;
  CHECK(list.empty());
  for (int i = 0; i < 20; ++i) list.append(full({2}, i));
  CHECK(list.size() == 20);
  CHECK(list[19].to_vector() == std::vector<double>{19, 19});
  CHECK(list.parameter_count() == 40);
  nn::ParameterDict dict{{"a", zeros({2, 3})}};
  CHECK(dict.contains("a"));
  CHECK_FALSE(dict.contains("b"));
  CHECK(to_string(dict) == "ParameterDict((a): Parameter f32 [2,3])");
  wrong_calls::check({
      {"value", [&] { list[20]; }, {"ParameterList: there is no parameter 20, it has 20"}},
      {"value", [&] { dict["b"]; }, {"ParameterDict: there is no parameter \"b\", it has: a"}},
      {"value", [&] { dict.append("a", zeros({1})); }, {"ParameterDict: there is already a parameter named \"a\""}},
      {"value", [&] { dict.append("", zeros({1})); }, {"name must not be empty or have a dot"}},
      {"value", [&] { dict.append("x.y", zeros({1})); }, {"name must not be empty or have a dot, got \"x.y\""}},
      {"value", [&] { dict.append("n", zeros({1}, {i64})); }, {"must be a floating tensor, \"n\" is i64 [1]"}},
      {"value", [&] { list.append({}); }, {"must be a floating tensor, \"20\" is undefined"}},
  });
}
