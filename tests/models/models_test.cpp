// Each model trains to a stated accuracy on small generated data, from a fixed seed. And what the catalogue says is so.
#include <doctest/doctest.h>

#include <string>

#include <korrel/datasets/digits.h>
#include <korrel/datasets/solids.h>
#include <korrel/datasets/waves.h>
#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/pooling.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/models/catalogue.h>
#include <korrel/optim/adam.h>
#include <korrel/training/fit.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

struct Recipe {
  const char* model;
  datasets::Dataset train, test;
  int epochs;
  double lr;
};

// Digits of 14x14, for the networks that cost more: each pixel is the mean of four.
datasets::Dataset small_digits(bool train, int64_t count) {
  datasets::Dataset data = datasets::digits({.train = train, .count = count});
  data.inputs = avg_pool2d(data.inputs.to(f32) / 255, 2);
  return data;
}

double accuracy(const Recipe& recipe) {
  manual_seed(1);
  auto net = models::make_model(recipe.model, recipe.train.sample_shape());
  optim::Adam adam(net->parameters(), {.lr = recipe.lr});
  datasets::DataLoader train(recipe.train, {.batch_size = 32, .shuffle = true, .seed = 1});
  datasets::DataLoader test(recipe.test, {.batch_size = 100});
  training::fit(*net, train, adam, {.epochs = recipe.epochs});
  double share = training::evaluate(*net, test).accuracy;
  MESSAGE("report: " << std::string(recipe.model) << " on " << recipe.train.name << ": " << 100 * share << " %");
  return share;
}

}  // namespace

TEST_CASE("LeNet-5 in today's form tells generated digits apart") {
  CHECK(accuracy({"lenet5", datasets::digits({.count = 2500}), datasets::digits({.train = false, .count = 500}), 5,
                  2e-3}) > 0.92);
}

TEST_CASE("LeNet-5 as in 1998 tells generated digits apart") {
  CHECK(accuracy({"lenet5-1998", datasets::digits({.count = 2500}), datasets::digits({.train = false, .count = 500}), 5,
                  2e-3}) > 0.90);
}

TEST_CASE("the MLP tells generated digits apart") {
  CHECK(accuracy({"mlp", datasets::digits({.count = 2500}), datasets::digits({.train = false, .count = 500}), 6,
                  1e-3}) > 0.85);
}

TEST_CASE("the 1-D network tells waves apart") {
  CHECK(accuracy({"sequence", datasets::waves({.count = 1500}), datasets::waves({.train = false, .count = 300}), 8,
                  5e-3}) > 0.9);
}

TEST_CASE("the 3-D network tells solids apart") {
  CHECK(accuracy({"volume", datasets::solids({.count = 600}), datasets::solids({.train = false, .count = 200}), 6,
                  5e-3}) > 0.9);
}

TEST_CASE("network in network tells small digits apart") {
  CHECK(accuracy({"nin", small_digits(true, 1000), small_digits(false, 300), 7, 5e-4}) > 0.8);
}

TEST_CASE("the small network with batch norm tells small digits apart") {
  CHECK(accuracy({"cifar-small", small_digits(true, 1000), small_digits(false, 300), 3, 2e-3}) > 0.85);
}

TEST_CASE("ResNet-20 tells small digits apart") {
  CHECK(accuracy({"resnet20", small_digits(true, 1000), small_digits(false, 300), 4, 5e-3}) > 0.85);
}

TEST_CASE("the catalogue: parameter counts, output shapes, any sizes that fit") {
  struct Row {
    const char* name;
    int64_t parameters;
  };
  for (auto [name, parameters] : {Row{"lenet5", 61706},
                                  {"lenet5-1998", 61706},
                                  {"mlp", 235146},
                                  {"nin", 966986},
                                  {"cifar-small", 288746},
                                  {"resnet20", 269722},
                                  {"sequence", 8004},
                                  {"volume", 17740}}) {
    CAPTURE(name);
    auto net = models::make_model(name);
    CHECK(net->parameter_count() == parameters);
    const models::CatalogueEntry& entry = models::find_model(name);
    Shape shape = entry.input;
    shape.insert(0, 2);
    net->eval();
    CHECK(no_grad([&] { return (*net)(zeros(shape)); }).shape() == Shape{2, entry.classes});
  }
  CHECK(models::catalogue().size() == 8);
  CHECK(models::make_model("cifar-small", {1, 28, 28}, 7)->parameter_count() < 288746);
  CHECK(models::make_model("mlp", {3, 5}, 2)->parameter_count() == 15 * 256 + 256 + 256 * 128 + 128 + 128 * 2 + 2);
}

TEST_CASE("what the catalogue refuses") {
  CHECK(message_of<ValueError>([] { models::make_model("alexnet"); }) ==
        "there is no model \"alexnet\"; there are: lenet5, lenet5-1998, mlp, nin, cifar-small, resnet20, sequence, "
        "volume");
  CHECK(message_of<ValueError>([] {
          models::make_model("lenet5", {3, 32, 32});
        }) == "model lenet5: takes samples of shape [1,28,28] (any number of channels), got [3,32,32]");
  CHECK(message_of<ValueError>([] {
          models::make_model("nin", {3, 4, 4});
        }) == "model nin: takes samples of shape [3,32,32] (any number of channels, sides of at least 8), got [3,4,4]");
  CHECK(message_of<ValueError>([] {
          models::make_model("volume", {1, 16, 16});
        }).starts_with("model volume: takes samples"));
  CHECK(message_of<ValueError>([] { models::make_model("mlp", {3, 0}); }).starts_with("model mlp: takes samples"));
  CHECK(message_of<ValueError>([] { models::make_model("mlp", {}, -1); }) ==
        "model mlp: classes must be positive, got -1");
}
