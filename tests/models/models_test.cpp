// Each model trains to a stated accuracy on small generated data, from a fixed seed. And what the catalogue says is so.
#include <doctest/doctest.h>

#include <string>

#include <korrel/datasets/digits.h>
#include <korrel/datasets/solids.h>
#include <korrel/datasets/waves.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/pooling.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/models/catalogue.h>
#include <korrel/optim/adam.h>
#include <korrel/training/fit.h>

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
