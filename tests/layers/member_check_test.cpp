// A member that KORREL_MODULE does not name is an error at first use.
#include <doctest/doctest.h>

#include <memory>
#include <thread>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/module.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

struct Leaf : nn::Module {
  Leaf() : weight(ones({2, 3})) {}
  nn::Parameter weight;
  KORREL_MODULE(weight)
  Tensor forward(const Tensor& x) override { return x; }
};

struct ForgottenModule : nn::Module {
  Leaf first, second, third;
  KORREL_MODULE(first, third)
  Tensor forward(const Tensor& x) override { return third(second(first(x))); }
};
struct ForgottenParameter : nn::Module {
  nn::Parameter gain{ones({7})};
  int64_t number = 0;
  Leaf leaf;
  KORREL_MODULE(leaf)
  Tensor forward(const Tensor& x) override { return x; }
};
struct ForgottenBuffer : nn::Module {
  Leaf leaf;
  nn::Buffer mean;
  KORREL_MODULE(leaf)
  Tensor forward(const Tensor& x) override { return x; }
};
struct ForgottenInOptional : nn::Module {
  std::optional<Leaf> leaf;
  KORREL_MODULE()
  Tensor forward(const Tensor& x) override { return x; }
};
struct Outer : nn::Module {
  Leaf leaf;
  ForgottenModule inner;
  KORREL_MODULE(leaf, inner)
  Tensor forward(const Tensor& x) override { return inner(leaf(x)); }
};
struct Good : nn::Module {
  Leaf a;
  double number = 1;
  Leaf b;
  KORREL_MODULE(a, b)
  Tensor forward(const Tensor& x) override { return b(a(x)); }
};
struct Derived : Good {  // no KORREL_MODULE of its own
  Leaf c;
};
struct WellDerived : Good {
  Leaf c;
  KORREL_MODULE(a, b, c)
};
struct HeldByVector : nn::Module {
  std::vector<Leaf> leaves = std::vector<Leaf>(2);
  KORREL_MODULE()
  Tensor forward(const Tensor& x) override { return leaves[1](x); }
};
struct HeldByPointer : nn::Module {
  std::unique_ptr<Leaf> leaf = std::make_unique<Leaf>();
  KORREL_MODULE()
  Tensor forward(const Tensor& x) override { return (*leaf)(x); }
};

template <class M, class Use>
std::string told(Use use) {
  M module;
  return message_of<ValueError>([&] { use(module); });
}
const std::string second_forgotten =
    "ForgottenModule: the member Leaf() (after first) is not named in KORREL_MODULE(first, third): it would be neither "
    "trained nor saved. Every module, nn::Parameter and nn::Buffer of a module is named there";

}  // namespace

TEST_CASE("a forgotten module is an error in every use") {
  Tensor x = ones({1});
  CHECK(told<ForgottenModule>([&](auto& m) { m(x); }) == second_forgotten);
  CHECK(told<ForgottenModule>([](auto& m) { m.parameters(); }) == second_forgotten);
  CHECK(told<ForgottenModule>([](auto& m) { m.named_parameters(); }) == second_forgotten);
  CHECK(told<ForgottenModule>([](auto& m) { m.buffers(); }) == second_forgotten);
  CHECK(told<ForgottenModule>([](auto& m) { m.state_dict(); }) == second_forgotten);
  CHECK(told<ForgottenModule>([](auto& m) { m.load_state_dict({}); }) == second_forgotten);
  CHECK(told<ForgottenModule>([](auto& m) { m.to(f64); }) == second_forgotten);
  CHECK(told<ForgottenModule>([](auto& m) { m.eval(); }) == second_forgotten);
  CHECK(told<ForgottenModule>([](auto& m) { m.zero_grad(); }) == second_forgotten);
  CHECK(told<ForgottenModule>([](auto& m) { m.parameter_count(); }) == second_forgotten);
  CHECK(told<ForgottenModule>([](auto& m) { m.named_modules(); }) == second_forgotten);
}

TEST_CASE("so are parameters, buffers and what an optional holds, and modules deep below") {
  auto use = [](auto& m) { m.parameters(); };
  CHECK(told<ForgottenParameter>(use).starts_with(
      "ForgottenParameter: the member nn::Parameter [7] (before all named ones) is not named in KORREL_MODULE(leaf)"));
  CHECK(told<ForgottenBuffer>(use).starts_with(
      "ForgottenBuffer: the member nn::Buffer (undefined) (after leaf) is not named in KORREL_MODULE(leaf)"));
  CHECK(told<Outer>(use) == second_forgotten);
  CHECK(told<ForgottenInOptional>(use).empty());
  CHECK(
      told<ForgottenInOptional>([](auto& m) {
        m.leaf.emplace(), m.parameters();
      }).starts_with("ForgottenInOptional: the member Leaf() (before all named ones) is not named in KORREL_MODULE()"));
}

TEST_CASE("a class derived from a module needs a KORREL_MODULE of its own") {
  CHECK(told<Derived>([](auto& m) { m.parameters(); }) ==
        "Derived derives from a module and has no KORREL_MODULE of its own: end the class with KORREL_MODULE(a, b) and "
        "add "
        "what the class itself holds");
  CHECK(WellDerived().parameters().size() == 3);
  CHECK(WellDerived()(ones({1})).numel() == 1);
}

TEST_CASE("a layer held outside the object shows when it is called") {
  Tensor x = ones({1});
  CHECK(told<HeldByVector>([&](auto& m) { m(x); }) ==
        "HeldByVector: forward calls Leaf(), but no KORREL_MODULE names the member that holds it: its parameters would "
        "be "
        "neither trained nor saved. Name that member, or freeze the layer with requires_grad_(false)");
  CHECK(!told<HeldByPointer>([&](auto& m) { m(x); }).empty());
  CHECK(told<HeldByPointer>([&](auto& m) { m.leaf->requires_grad_(false), m(x); }).empty());
  CHECK(told<HeldByPointer>([&](auto& m) { no_grad([&] { m(x); }); }).empty());
}

TEST_CASE("wherever the module lives: stack, heap, vector, copied, moved, assigned, in a thread") {
  Tensor x = ones({1});
  auto refuses = [&](auto& m) { return message_of<ValueError>([&] { m(x); }) == second_forgotten; };
  auto accepts = [&](auto& m) { return message_of<ValueError>([&] { m(x); }).empty(); };

  auto heap = std::make_unique<ForgottenModule>();
  CHECK(refuses(*heap));
  CHECK(refuses(*heap));  // again, not only the first time
  std::vector<ForgottenModule> many(3);
  CHECK(refuses(many[1]));
  ForgottenModule copy = many[0], moved = std::move(many[2]);
  CHECK(refuses(copy));
  CHECK(refuses(moved));
  static ForgottenModule lives_long;
  CHECK(refuses(lives_long));

  auto good = std::make_unique<Good>();
  CHECK(accepts(*good));
  std::vector<Good> goods(1);
  for (int i = 0; i < 20; ++i) {  // the vector moves them around; its neighbours are no members
    goods.emplace_back();
    CHECK(accepts(goods[static_cast<std::size_t>(i)]));
  }
  Good neighbours[3];
  for (Good& neighbour : neighbours) CHECK(accepts(neighbour));
  Good from = neighbours[0];
  from = std::move(neighbours[1]);
  CHECK(accepts(from));

  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  Good shared;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        Good mine = *good;
        ForgottenModule bad;
        right += accepts(mine) && accepts(shared) && refuses(bad);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 200);
}
