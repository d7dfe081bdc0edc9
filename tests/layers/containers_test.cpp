#include <doctest/doctest.h>

#include <memory>

#include <korrel/framework/ops/activation.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/layers/activation.h>
#include <korrel/layers/containers.h>
#include <korrel/layers/convolution.h>
#include <korrel/layers/linear.h>
#include <korrel/layers/shape.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

struct Uncopyable : nn::Module {
  std::unique_ptr<nn::Linear> layer = std::make_unique<nn::Linear>(2, 2);
  KORREL_MODULE(layer)
  Tensor forward(const Tensor& x) override { return (*layer)(x); }
};
struct ConvBlock : nn::Sequential {  // a class of one's own on top of Sequential
  explicit ConvBlock(int64_t width) : Sequential{nn::Conv2d(1, width, 3), nn::ReLU()} {}
  nn::Linear extra{1, 1};
  KORREL_MODULE(extra)
};
struct Plain : nn::Sequential {  // and one that forgets its KORREL_MODULE
  nn::Linear extra{1, 1};
};

std::vector<std::string> names(const nn::Module& module) {
  std::vector<std::string> result;
  for (const auto& [name, tensor] : module.named_parameters()) result.push_back(name);
  return result;
}

}  // namespace

TEST_CASE("Sequential runs its children in order; an empty one is the identity") {
  nn::Sequential net{nn::Linear(2, 3), nn::ReLU(), nn::Flatten(0)};
  Tensor x = randn({4, 2});
  Tensor expected = relu(net.get<nn::Linear>(0)(x)).flatten();
  CHECK(net(x).to_vector() == expected.to_vector());
  CHECK(net.size() == 3);
  CHECK(names(net) == std::vector<std::string>{"0.weight", "0.bias"});
  nn::Sequential none;
  CHECK(none(x).same_as(x));
  CHECK(none.empty());
}

TEST_CASE("names, growing, nesting") {
  nn::Sequential net{{"conv1", nn::Conv2d(1, 2, 3)}, {"relu", nn::ReLU()}};
  net.append("inner", nn::Sequential{nn::Linear(2, 2), nn::Linear(2, 2)}).append(nn::Identity());
  CHECK(names(net) == std::vector<std::string>{"conv1.weight", "conv1.bias", "inner.0.weight", "inner.0.bias",
                                               "inner.1.weight", "inner.1.bias"});
  CHECK(net.children()[3].name == "3");
  CHECK(message_of<ShapeError>([&] { net(ones({1, 2, 8, 8})); }).starts_with("Sequential.conv1 (Conv2d): conv2d: "));
}

TEST_CASE("copies have weights of their own, moves keep them") {
  nn::Sequential net{nn::Linear(1, 1)};
  nn::Sequential copy = net, assigned;
  assigned = net;
  net.get<nn::Linear>(0).weight.data<float>()[0] = 42;
  CHECK(copy.get<nn::Linear>(0).weight.item() != 42);
  CHECK(assigned.get<nn::Linear>(0).weight.item() != 42);
  nn::Sequential moved = std::move(net);
  CHECK(moved.get<nn::Linear>(0).weight.item() == 42);
  nn::Sequential holder{Uncopyable()};
  CHECK(holder(ones({1, 2})).numel() == 2);
  CHECK(message_of<ValueError>([&] { nn::Sequential other = holder; }) ==
        "Uncopyable cannot be copied: it has a member that cannot");
}

TEST_CASE("classes on top of containers") {
  ConvBlock block(4);
  CHECK(names(block) == std::vector<std::string>{"extra.weight", "extra.bias", "0.weight", "0.bias"});
  CHECK(block(ones({1, 1, 5, 5})).shape() == Shape{1, 4, 3, 3});
  Plain plain;
  CHECK(message_of<ValueError>([&] {
          plain.parameters();
        }).starts_with("Plain derives from a module and has no KORREL_MODULE"));
}

TEST_CASE("ModuleList and ModuleDict keep modules and do not run them") {
  nn::ModuleList list{nn::Linear(1, 2), nn::Linear(2, 3)};
  list.append(nn::Linear(3, 1));
  CHECK(names(list).size() == 6);
  Tensor x = ones({1, 1});
  for (std::size_t i = 0; i < list.size(); ++i) x = list[i](x);
  CHECK(x.shape() == Shape{1, 1});
  CHECK(message_of<ValueError>([&] { list(x); }).find("ModuleList has no forward of one tensor") != std::string::npos);

  nn::ModuleDict dict{{"left", nn::Linear(1, 2)}, {"right", nn::ReLU()}};
  CHECK(dict.contains("left"));
  CHECK(!dict.contains("middle"));
  CHECK(dict["left"].type_name() == "Linear");
  CHECK(names(dict)[0] == "left.weight");
}

TEST_CASE("what containers refuse") {
  nn::Sequential net{nn::ReLU()};
  CHECK(message_of<ValueError>([&] { net[1]; }) == "Sequential: there is no module 1, it has 1");
  CHECK(message_of<ValueError>([&] { net.get<nn::Tanh>(0); }) ==
        "Sequential: module 0 is a ReLU, not of the type asked for");
  CHECK(message_of<ValueError>([&] { net.append("0", nn::ReLU()); }) ==
        "Sequential: there is already a module named \"0\"");
  CHECK(message_of<ValueError>([&] { net.append("a.b", nn::ReLU()); }) ==
        "Sequential: a module's name must not be empty or have a dot, got \"a.b\"");
  CHECK(message_of<ValueError>([&] { net.append("", nn::ReLU()); }).find("must not be empty") != std::string::npos);
  nn::ModuleDict dict{{"a", nn::ReLU()}};
  CHECK(message_of<ValueError>([&] { dict["b"]; }) == "ModuleDict: there is no module \"b\", it has: a");
}
