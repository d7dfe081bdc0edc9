// The models by name: exact parameter counts, shapes, PyTorch's and torchvision's state_dict names, and what is
// refused.
#include <korrel/models/catalogue.h>

#include <doctest/doctest.h>

#include <algorithm>

#include <tests/message_of.h>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/models/alexnet.h>
#include <korrel/models/mobilenet_v2.h>
#include <korrel/models/resnet.h>
#include <korrel/models/vgg.h>

using namespace korrel;

namespace {

std::vector<std::string> keys(const nn::Module& net) {
  std::vector<std::string> result;
  for (const auto& [name, tensor] : net.state_dict()) result.push_back(name);
  return result;
}

bool has(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// A gradient arrives at every parameter.
void check_trains(nn::Module& net, const Shape& input) {
  sum(square(net(randn(input)))).backward();
  for (const auto& [name, parameter] : net.named_parameters()) {
    CAPTURE(name);
    CHECK(parameter.grad().defined());
  }
}

}  // namespace

TEST_CASE("the catalogue: parameter counts") {
  struct Row {
    const char* name;
    int64_t parameters;
    std::size_t tensors = 0;  // in torchvision's state_dict
  };
  for (auto [name, parameters, tensors] : {Row{"lenet5", 61706},
                                           {"lenet5-1998", 61706},
                                           {"mlp", 235146},
                                           {"nin", 966986},
                                           {"cifar-small", 288746},
                                           {"resnet20", 269722},
                                           {"resnet32", 464154},
                                           {"resnet44", 658586},
                                           {"resnet56", 853018},
                                           {"resnet18", 11689512, 122},
                                           {"resnet34", 21797672, 218},
                                           {"resnet50", 25557032, 320},
                                           {"alexnet", 61100840, 16},
                                           {"vgg16", 138357544, 32},
                                           {"mobilenet-v2", 3504872, 314},
                                           {"transformer", 71946},
                                           {"sequence", 8004},
                                           {"volume", 17740}}) {
    CAPTURE(name);
    auto net = models::make_model(name);
    CHECK(net->parameter_count() == parameters);
    if (tensors > 0) CHECK(net->state_dict().size() == tensors);
  }
  CHECK(models::catalogue().size() == 23);
}

TEST_CASE("the catalogue: logits for the shapes that models are made for, and for others that fit") {
  for (const models::CatalogueEntry& entry : models::catalogue()) {
    if (entry.name.starts_with("vgg1")) continue;  // below, with narrower linear layers
    CAPTURE(entry.name);
    Shape input = entry.input;
    if (entry.name == "alexnet") input = {3, 63, 63};
    if (entry.classes == 1000 && entry.name != "alexnet") input = {3, 32, 32};
    auto net = models::make_model(entry.name, input, 7);
    net->eval();
    input.insert(0, 2);
    CHECK(no_grad([&] { return (*net)(zeros(input)); }).shape() == Shape{2, 7});
  }
  CHECK(models::make_model("cifar-small", {1, 28, 28}, 7)->parameter_count() < 288746);
  CHECK(models::make_model("mlp", {3, 5}, 2)->parameter_count() == 15 * 256 + 256 + 256 * 128 + 128 + 128 * 2 + 2);
  // A small image gets a first convolution of 3x3.
  CHECK(models::make_model("resnet18", {3, 32, 32}, 10)->state_dict()[0].second.shape() == Shape{64, 3, 3, 3});
  CHECK(models::make_model("resnet18", {1, 96, 128}, 10)->state_dict()[0].second.shape() == Shape{64, 1, 7, 7});
}

TEST_CASE("AlexNet") {
  models::AlexNet net(1, 5);
  std::vector<std::string> names = keys(net);
  CHECK(names.size() == 16);
  CHECK(names.front() == "features.0.weight");
  CHECK(names.back() == "classifier.6.bias");
  for (const char* key : {"features.3.weight", "features.6.bias", "features.8.weight", "features.10.weight",
                          "classifier.1.weight", "classifier.4.bias"})
    CHECK(has(names, key));
  check_trains(net, {2, 1, 70, 66});
}

TEST_CASE("VGG: every depth, with and without batch norm") {
  // Built with narrow linear layers: drawing 138 million numbers takes seconds, and vgg16 above does it.
  auto linears = [](int64_t hidden) { return 25089 * hidden + (hidden + 1) * hidden + (hidden + 1) * 1000; };
  struct Row {
    int64_t depth, plain, with_norm;               // parameters
    std::size_t plain_tensors, tensors_with_norm;  // in the state_dict
  };
  for (const Row& row : {Row{11, 132863336, 132868840, 22, 62},
                         {13, 133047848, 133053736, 26, 76},
                         {16, 138357544, 138365992, 32, 97},
                         {19, 143667240, 143678248, 38, 118}})
    for (bool batch_norm : {false, true}) {
      CAPTURE(row.depth);
      CAPTURE(batch_norm);
      models::VGG net(row.depth, {.batch_norm = batch_norm, .hidden = 8});
      CHECK(net.parameter_count() - linears(8) + linears(4096) == (batch_norm ? row.with_norm : row.plain));
      CHECK(keys(net).size() == (batch_norm ? row.tensors_with_norm : row.plain_tensors));
      CHECK(has(keys(net), "classifier.0.weight"));
      CHECK(has(keys(net), "classifier.6.bias"));
      net.eval();
      CHECK(no_grad([&] { return net(zeros({1, 3, 32, 35})); }).shape() == Shape{1, 1000});
    }
  models::VGG net(11, {.batch_norm = true, .in_channels = 1, .classes = 3, .hidden = 8});
  for (const char* key : {"features.0.weight", "features.1.running_var", "features.4.bias", "features.25.weight",
                          "features.26.num_batches_tracked", "classifier.3.weight"})
    CHECK(has(keys(net), key));
  check_trains(net, {2, 1, 32, 32});
  CHECK(message_of<ValueError>([] { models::VGG net(12); }) == "VGG: the depth must be 11, 13, 16 or 19, got 12");
}

TEST_CASE("MobileNetV2") {
  models::MobileNetV2 net(1, 5);
  std::vector<std::string> names = keys(net);
  CHECK(names.size() == 314);
  CHECK(names.front() == "features.0.0.weight");
  CHECK(names.back() == "classifier.1.bias");
  for (const char* key :
       {"features.0.1.running_mean", "features.1.conv.0.0.weight", "features.1.conv.1.weight", "features.1.conv.2.bias",
        "features.2.conv.0.0.weight", "features.2.conv.1.0.weight", "features.2.conv.2.weight",
        "features.17.conv.3.num_batches_tracked", "features.18.0.weight", "features.18.1.weight"})
    CHECK(has(names, key));
  check_trains(net, {3, 1, 28, 28});
}

TEST_CASE("residual networks have torchvision's names") {
  models::ResNet net = models::resnet50(5, true, 1);
  for (const char* key : {"conv1.weight", "bn1.running_mean", "layer1.0.downsample.0.weight", "layer1.0.conv3.weight",
                          "layer2.3.bn2.bias", "layer4.2.bn3.num_batches_tracked", "fc.bias"})
    CHECK(has(keys(net), key));
  check_trains(net, {2, 1, 16, 16});
}

TEST_CASE("what the catalogue refuses") {
  CHECK(message_of<ValueError>([] { models::make_model("inception"); }) ==
        "there is no model \"inception\"; there are: lenet5, lenet5-1998, mlp, nin, cifar-small, resnet20, resnet32, "
        "resnet44, resnet56, resnet18, resnet34, resnet50, alexnet, vgg11, vgg13, vgg16, vgg11-bn, vgg13-bn, vgg16-bn, "
        "mobilenet-v2, transformer, sequence, volume");
  CHECK(message_of<ValueError>([] {
          models::make_model("lenet5", {3, 32, 32});
        }) == "model lenet5: takes samples of shape [1,28,28] (any number of channels), got [3,32,32]");
  CHECK(message_of<ValueError>([] {
          models::make_model("nin", {3, 4, 4});
        }) == "model nin: takes samples of shape [3,32,32] (any number of channels, sides of at least 8), got [3,4,4]");
  CHECK(message_of<ValueError>([] {
          models::make_model("alexnet", {3, 32, 32});
        }) ==
        "model alexnet: takes samples of shape [3,224,224] (any number of channels, sides of at least 63), got "
        "[3,32,32]");
  CHECK(message_of<ValueError>([] {
          models::make_model("volume", {1, 16, 16});
        }).starts_with("model volume: takes samples"));
  CHECK(message_of<ValueError>([] { models::make_model("mlp", {3, 0}); }).starts_with("model mlp: takes samples"));
  CHECK(message_of<ValueError>([] { models::make_model("mlp", {}, -1); }) ==
        "model mlp: classes must be positive, got -1");
}
