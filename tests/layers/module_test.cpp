#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <sstream>
#include <thread>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/module.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

// y = x, but the module has a weight and a running value; refuses any input that is not of rank `rank`.
struct Scale : nn::Module {
  explicit Scale(int64_t n = 2, int rank = 1) : weight(ones({n})), steps(zeros({}, {.dtype = i64})), rank_(rank) {}
  nn::Parameter weight, bias;  // bias is absent
  nn::Buffer steps;
  KORREL_MODULE(weight, bias, steps)

  Tensor forward(const Tensor& x) override {
    check<ShapeError>(x.dim() == rank_, "scale: needs rank {}, x has shape {}", rank_, x.shape());
    return x;
  }
  std::string extra_repr() const override { return std::to_string(weight.numel()); }

 private:
  int rank_;
};

struct Block : nn::Module {
  Scale first{2}, second{3};
  KORREL_MODULE(first, second)
  Tensor forward(const Tensor& x) override { return second(first(x)); }
};

struct Net : nn::Module {
  Scale stem{4};
  std::vector<Block> blocks = std::vector<Block>(2);
  std::optional<Scale> head;
  nn::Parameter temperature{ones({1})};
  KORREL_MODULE(stem, blocks, head, temperature)

  Tensor forward(const Tensor& x) override {
    Tensor h = stem(x);
    for (Block& block : blocks) h = block(h);
    return head ? (*head)(h) : h;
  }
};

std::vector<std::string> keys(const nn::StateDict& state) {
  std::vector<std::string> result;
  for (const auto& [key, tensor] : state) result.push_back(key);
  return result;
}

}  // namespace

TEST_CASE("state_dict has PyTorch's keys in PyTorch's order; absent tensors and optionals have none") {
  Net net;
  CHECK(keys(net.state_dict()) == std::vector<std::string>{"temperature", "stem.weight", "stem.steps",
                                                           "blocks.0.first.weight", "blocks.0.first.steps",
                                                           "blocks.0.second.weight", "blocks.0.second.steps",
                                                           "blocks.1.first.weight", "blocks.1.first.steps",
                                                           "blocks.1.second.weight", "blocks.1.second.steps"});
  CHECK(keys(net.named_parameters()) == std::vector<std::string>{"temperature", "stem.weight", "blocks.0.first.weight",
                                                                 "blocks.0.second.weight", "blocks.1.first.weight",
                                                                 "blocks.1.second.weight"});
  CHECK(net.parameters().size() == 6);
  CHECK(net.parameter_count() == 1 + 4 + 2 * 5);
  CHECK(net.buffers().size() == 5);
  CHECK(keys(net.named_buffers())[0] == "stem.steps");
  net.head.emplace(7);
  CHECK(net.parameter_count() == 1 + 4 + 2 * 5 + 7);
}

TEST_CASE("modules are found by name, depth first") {
  Net net;
  std::vector<std::string> names;
  for (const nn::NamedModule& named : net.named_modules()) names.push_back(named.name);
  CHECK(names == std::vector<std::string>{"", "stem", "blocks.0", "blocks.0.first", "blocks.0.second", "blocks.1",
                                          "blocks.1.first", "blocks.1.second"});
  CHECK(net.children().size() == 3);
  CHECK(net.children()[2].module == &net.blocks[1]);
  int visited = 0;
  net.apply([&](nn::Module& module) {
    ++visited;
    CHECK((visited == 8) == (&module == &net));
  });
  CHECK(visited == 8);
}

TEST_CASE("a shared parameter is trained once and saved under both names") {
  struct Tied : nn::Module {
    Scale a{2}, b{2};
    KORREL_MODULE(a, b)
  };
  Tied tied;
  static_cast<Tensor&>(tied.b.weight) = tied.a.weight;
  CHECK(tied.parameters().size() == 1);
  CHECK(keys(tied.state_dict()) == std::vector<std::string>{"a.weight", "a.steps", "b.weight", "b.steps"});
}

TEST_CASE("prints as Python does") {
  Net net;
  std::ostringstream out;
  out << net;
  CHECK(out.str() ==
        "Net(\n"
        "  (stem): Scale(4)\n"
        "  (blocks): ModuleList(\n"
        "    (0): Block(\n"
        "      (first): Scale(2)\n"
        "      (second): Scale(3)\n"
        "    )\n"
        "    (1): Block(\n"
        "      (first): Scale(2)\n"
        "      (second): Scale(3)\n"
        "    )\n"
        "  )\n"
        ")");
  CHECK(to_string(Scale(5)) == "Scale(5)");
  CHECK(Net().type_name() == "Net");
}

TEST_CASE("a copy has weights of its own; an assigned one keeps its tensors and takes the values") {
  Net net;
  Net copy = net;
  copy.stem.weight.data<float>()[0] = 5;
  CHECK(net.stem.weight.data<float>()[0] == 1);
  CHECK(copy.blocks[1].first.weight.requires_grad());
  CHECK(!copy.blocks[1].first.weight.same_as(net.blocks[1].first.weight));

  Tensor held = net.stem.weight;  // as an optimizer holds it
  net = copy;
  CHECK(held.same_as(net.stem.weight));
  CHECK(held.data<float>()[0] == 5);

  Tensor of_copy = copy.stem.weight;
  Net moved = std::move(copy);
  CHECK(moved.stem.weight.same_as(of_copy));
}

TEST_CASE("train, eval and requires_grad_ reach everything below") {
  Net net;
  CHECK(net.training());
  net.eval();
  CHECK(!net.blocks[1].second.training());
  net.train();
  CHECK(net.blocks[1].second.training());
  net.blocks[0].requires_grad_(false);
  CHECK(!net.blocks[0].first.weight.requires_grad());
  CHECK(net.blocks[1].first.weight.requires_grad());
  net.stem.weight.set_grad(ones({4}));
  net.zero_grad();
  CHECK(!net.stem.weight.grad().defined());
}

TEST_CASE("to(dtype) changes floating tensors in place: who holds them sees it") {
  Net net;
  Tensor held = net.stem.weight;
  held.set_grad(full({4}, 2));
  net.to(f64);
  CHECK(held.dtype() == f64);
  CHECK(held.to_vector() == std::vector<double>{1, 1, 1, 1});
  CHECK(held.grad().dtype() == f64);
  CHECK(held.grad().to_vector() == std::vector<double>{2, 2, 2, 2});
  CHECK(held.requires_grad());
  CHECK(net.stem.steps.dtype() == i64);
  CHECK(message_of<DtypeError>([&] { net.to(i64); }) == "to: modules compute in f32 or f64, not i64");
}

TEST_CASE("load_state_dict copies values and converts them") {
  Net net, other;
  other.to(f64);
  other.stem.weight.data<double>()[1] = 3;
  other.stem.steps.data<int64_t>()[0] = 9;
  Tensor held = net.stem.weight;
  nn::LoadReport report = net.load_state_dict(other.state_dict());
  CHECK(report.missing.empty());
  CHECK(report.unexpected.empty());
  CHECK(held.data<float>()[1] == 3);
  CHECK(net.stem.steps.item<int64_t>() == 9);
}

TEST_CASE("load_state_dict names every key that is missing, unexpected or of another shape, and then changes nothing") {
  Net net;
  nn::StateDict state;
  for (const auto& [key, tensor] : Net().state_dict()) {
    Tensor changed = full(tensor.shape(), 8, {.dtype = tensor.dtype()});
    if (key == "stem.weight") continue;
    if (key == "blocks.0.first.weight") changed = full({5}, 8);
    if (key == "blocks.1.first.steps") changed = full({}, 8);
    state.emplace_back(key, changed);
  }
  state.emplace_back("stranger", ones({1}));
  CHECK(message_of<ValueError>([&] { net.load_state_dict(state); }) ==
        "load_state_dict of Net: missing keys: stem.weight; unexpected keys: stranger; mismatches: "
        "blocks.0.first.weight is "
        "[2] in the module and [5] in the dictionary, blocks.1.first.steps is i64 in the module and f32 in the "
        "dictionary");
  CHECK(net.temperature.item() == 1);
  CHECK(message_of<ValueError>([&] { net.load_state_dict(state, {.strict = false}); }).find("mismatches") !=
        std::string::npos);
  CHECK(net.temperature.item() == 1);

  std::erase_if(state, [](const auto& entry) { return entry.first.starts_with("blocks"); });
  nn::LoadReport report = net.load_state_dict(state, {.strict = false});
  CHECK(report.missing.size() == 9);
  CHECK(report.missing[0] == "stem.weight");
  CHECK(report.unexpected == std::vector<std::string>{"stranger"});
  CHECK(net.temperature.item() == 8);

  state.emplace_back("stranger", ones({1}));
  state.emplace_back("temperature", Tensor());
  std::string message = message_of<ValueError>([&] { net.load_state_dict(state); });
  CHECK(message.find("stranger is twice in the dictionary") != std::string::npos);
  state = {{"temperature", Tensor()}};
  message = message_of<ValueError>([&] { net.load_state_dict(state, {.strict = false}); });
  CHECK(message.find("temperature is undefined in the dictionary") != std::string::npos);
}

TEST_CASE("load_state_dict reports what did not fit, thrown or borne") {
  Net net;
  nn::StateDict state = Net().state_dict();
  for (auto& [key, tensor] : state) tensor = full(tensor.shape(), 8, {.dtype = tensor.dtype()});
  state[1].second = full({7}, 8);
  std::string key = state[1].first;
  state.erase(state.begin());
  state.emplace_back("stranger", ones({1}));
  CHECK(net.load_state_dict(Net().state_dict()).clean());
  try {
    net.load_state_dict(state);
    FAIL("nothing was thrown");
  } catch (const nn::LoadError& error) {
    CHECK(error.report.missing.size() == 1);
    CHECK(error.report.unexpected == std::vector<std::string>{"stranger"});
    REQUIRE(error.report.mismatched.size() == 1);
    CHECK(error.report.mismatched[0].key == key);
    CHECK(error.report.mismatched[0].why.ends_with("and [7] in the dictionary"));
  }
  std::vector<std::vector<double>> before;
  for (const auto& entry : net.state_dict()) before.push_back(entry.second.to_vector());
  nn::LoadReport report = net.load_state_dict(state, {.strict = false, .ignore_mismatched = true});
  CHECK_FALSE(report.clean());
  CHECK(report.mismatched.size() == 1);
  nn::StateDict after = net.state_dict();
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (i < 2)  // missing, mismatched
      CHECK(after[i].second.to_vector() == before[i]);
    else
      CHECK(after[i].second.to_vector() == std::vector<double>(before[i].size(), 8));
  }
}

TEST_CASE("an error inside forward gets the path of the module it happened in, once") {
  Net net;
  net.blocks[1].second = Scale(3, 2);
  CHECK(message_of<ShapeError>([&] { net(ones({2})); }) ==
        "Net.blocks.1.second (Scale): scale: needs rank 2, x has shape [2]");
  CHECK(message_of<ShapeError>([&] { net.blocks[1](ones({2})); }) ==
        "Block.second (Scale): scale: needs rank 2, x has shape [2]");
  Scale alone(1, 3);
  CHECK(message_of<ShapeError>([&] { alone(ones({2})); }) == "Scale: scale: needs rank 3, x has shape [2]");

  struct Retry : nn::Module {  // an error that was caught does not silence the place of the next one
    Scale strict{1, 2}, stricter{1, 3};
    KORREL_MODULE(strict, stricter)
    Tensor forward(const Tensor& x) override {
      try {
        return strict(x);
      } catch (const Error&) {
        return stricter(x);
      }
    }
  };
  Retry retry;
  CHECK(message_of<ShapeError>([&] { retry(ones({1})); }) ==
        "Retry.stricter (Scale): scale: needs rank 3, x has shape [1]");
}

TEST_CASE("modules of several inputs are called alike") {
  struct Two : nn::ModuleOf<Tensor(const Tensor&, const Tensor&)> {
    Scale scale{1};
    KORREL_MODULE(scale)
    Tensor forward(const Tensor& a, const Tensor& b) override {
      check<ValueError>(a.numel() == b.numel(), "two: sizes differ");
      return scale(a);
    }
  };
  struct Outer : nn::Module {
    Two two;
    KORREL_MODULE(two)
    Tensor forward(const Tensor& x) override { return two(x, ones({3})); }
  };
  struct Pair : nn::ModuleOf<std::pair<Tensor, int>(const Tensor&, int)> {
    KORREL_MODULE()
    std::pair<Tensor, int> forward(const Tensor& x, int n) override { return {x, n + 1}; }
  };
  Outer outer;
  CHECK(outer(ones({3})).numel() == 3);
  CHECK(message_of<ValueError>([&] { outer(ones({2})); }) == "Outer.two (Two): two: sizes differ");
  CHECK(message_of<ShapeError>([&] {
          outer.two(ones({1, 1}), ones({1}));
        }) == "Two.scale (Scale): scale: needs rank 1, x has shape [1,1]");
  nn::Module& as_base = outer.two;
  CHECK(message_of<ValueError>([&] { as_base(ones({2})); }).find("Two has no forward of one tensor") !=
        std::string::npos);
  CHECK(Pair()(ones({1}), 4).second == 5);

  int seen = 0;
  HookHandle handle = outer.two.register_forward_hook(
      [&](nn::Module&, const Tensor& x, const Tensor&) { seen += static_cast<int>(x.numel()); });
  outer(ones({3}));
  CHECK(seen == 3);
  outer.two.register_backward_hook([](nn::Module&, const Tensor&, const Tensor&) {});
  CHECK_THROWS_AS(outer(ones({3})), ValueError);
}

TEST_CASE("members that are pointers or references belong to somebody else and are still named") {
  struct User : nn::Module {
    explicit User(Scale& shared) : reference(shared), pointer(&shared) {}
    Scale& reference;
    Scale* pointer;
    std::unique_ptr<Scale> owned = std::make_unique<Scale>(3);
    std::array<Scale, 2> pair{Scale(1), Scale(1)};
    std::vector<nn::Parameter> weights = std::vector<nn::Parameter>(2, nn::Parameter(ones({2})));
    KORREL_MODULE(reference, pointer, owned, pair, weights)
    Tensor forward(const Tensor& x) override { return (*owned)(reference(x)); }
  };
  Scale shared(5);
  User user(shared);
  CHECK(keys(user.named_parameters()) == std::vector<std::string>{"weights.0", "weights.1", "reference.weight",
                                                                  "owned.weight", "pair.0.weight", "pair.1.weight"});
  CHECK(user(ones({1})).numel() == 1);
}
