// The small vision transformer: its size, its names, and that it learns.
#include <korrel/models/transformer.h>

#include <doctest/doctest.h>

#include <korrel/datasets/digits.h>
#include <korrel/datasets/loader.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/optim/adam.h>
#include <korrel/training/fit.h>
#include <tests/message_of.h>

using namespace korrel;

TEST_CASE("its parameters are counted and named as PyTorch names an encoder's") {
  models::PatchTransformer net({1, 28, 28}, 10);
  // patches 49 64 + 64; positions 16 64; two layers; the last norm; the classes
  CHECK(net.parameter_count() == 3200 + 1024 + 2 * (12480 + 4160 + 8320 + 8256 + 256) + 128 + 650);
  auto state = net.state_dict();
  CHECK(state[0].first == "positions");
  CHECK(state[1].first == "patches.weight");
  CHECK(state[3].first == "encoder.layers.0.self_attn.in_proj_weight");
  CHECK(net.encoder.layers[0].linear1.weight.to_vector() != net.encoder.layers[1].linear1.weight.to_vector());
  CHECK(models::PatchTransformer({3, 32, 16}, 5, {.patch = 8})(zeros({2, 3, 32, 16})).shape() == Shape{2, 5});
}

TEST_CASE("it tells generated digits apart") {
  manual_seed(1);
  models::PatchTransformer net({1, 28, 28}, 10);
  optim::Adam adam(net.parameters(), {.lr = 2e-3});
  datasets::Dataset digits = datasets::digits({.count = 3000}),
                    unseen = datasets::digits({.train = false, .count = 500});
  datasets::DataLoader train(digits, {.batch_size = 32, .shuffle = true, .seed = 1}), test(unseen, {.batch_size = 100});
  training::fit(net, train, adam, {.epochs = 6});
  double share = training::evaluate(net, test).accuracy;
  MESSAGE("report: transformer on digits: " << 100 * share << " %");
  CHECK(share > 0.8);
}

TEST_CASE("what it refuses") {
  CHECK(message_of<ValueError>([] {
          models::PatchTransformer net({1, 28, 30}, 10);
        }) == "PatchTransformer: patches of 7x7 do not tile images of shape [1,28,30]");
  models::PatchTransformer net({1, 28, 28}, 10);
  CHECK(message_of<ShapeError>([&] {
          net(zeros({2, 1, 32, 32}));
        }) == "PatchTransformer: expects images [1,28,28], x is [2,1,32,32]");
}
