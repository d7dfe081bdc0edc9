#include <doctest/doctest.h>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/framework/ops/pooling.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/layers/embedding.h>
#include <korrel/layers/recurrent.h>
#include <korrel/models/lenet5.h>
#include <korrel/models/mlp.h>
#include <korrel/models/resnet.h>
#include <korrel/optim/sgd.h>
#include <tests/golden/golden.h>

using namespace korrel;

namespace {

// Loads the case's weights, takes the gradients of the first loss, then some steps of SGD on the same batch.
golden::Result train(const golden::Case& c, nn::Module& net) {
  net.to(c.dtype);
  nn::StateDict state;
  for (const auto& [name, tensor] : c.inputs)
    if (name != "x" && name != "labels") state.emplace_back(name, tensor.detach());
  net.load_state_dict(state);

  golden::Outputs outputs;
  Tensor labels = c["labels"], x = c["x"].detach().clone();
  if (is_floating(x.dtype())) x.requires_grad_();
  optim::SGD sgd(net.parameters(), {.lr = c.args.number("lr"),
                                    .momentum = c.args.number("momentum"),
                                    .weight_decay = c.args.number("weight_decay"),
                                    .nesterov = c.args.flag("nesterov")});
  std::vector<Tensor> losses;
  for (int64_t step = 0; step < c.args.integer("steps"); ++step) {
    sgd.zero_grad();
    Tensor logits = net(x), loss = cross_entropy(logits, labels);
    loss.backward();
    losses.push_back(loss.detach());
    if (step == 0) {
      outputs["logits"] = logits.detach();
      outputs["loss"] = loss.detach();
      if (x.requires_grad()) outputs["grad_x"] = x.grad().clone();
      for (const auto& [name, parameter] : net.named_parameters()) outputs["grad_" + name] = parameter.grad().clone();
    }
    sgd.step();
  }
  outputs["losses"] = stack(losses, 0);
  for (const auto& [name, tensor] : net.state_dict()) outputs["after." + name] = tensor.detach();
  if (c.args.flag("eval_logits")) {
    net.eval();
    outputs["eval_logits"] = no_grad([&] { return net(x); });
  }
  return outputs;
}

struct SmallResNet : nn::Module {
  SmallResNet(int64_t in_channels, const Dims& widths, const Dims& strides, int64_t classes)
      : conv1(in_channels, widths[0], 3, {.padding = 1, .bias = false}), bn1(widths[0]), fc(widths.back(), classes) {
    int64_t channels = widths[0];
    for (int i = 0; i < widths.rank(); ++i) {
      blocks.emplace_back(channels, widths[i], models::ResidualOptions{.stride = strides[i]});
      channels = widths[i];
    }
  }
  nn::Conv2d conv1;
  nn::BatchNorm2d bn1;
  std::vector<models::BasicBlock> blocks;
  nn::Linear fc;
  KORREL_MODULE(conv1, bn1, blocks, fc)

  Tensor forward(const Tensor& x) override {
    Tensor h = relu(bn1(conv1(x)));
    for (models::BasicBlock& block : blocks) h = block(h);
    return fc(global_avg_pool(h).flatten(1));
  }
};

struct LstmClassifier : nn::Module {
  LstmClassifier(int64_t num_embeddings, int64_t embedding_dim, int64_t hidden_size, int64_t classes)
      : embedding(num_embeddings, embedding_dim),
        lstm(embedding_dim, hidden_size, {.batch_first = true}),
        fc(hidden_size, classes) {}
  nn::Embedding embedding;
  nn::LSTM lstm;
  nn::Linear fc;
  KORREL_MODULE(embedding, lstm, fc)

  Tensor forward(const Tensor& x) override { return fc(lstm(embedding(x)).h_n[0]); }
};

const golden::Ops ops = {
    {"model.lstm_classifier",
     [](const golden::Case& c) {
       LstmClassifier net(c.args.integer("num_embeddings"), c.args.integer("embedding_dim"),
                          c.args.integer("hidden_size"), c.args.integer("num_classes"));
       return train(c, net);
     }},
    {"model.lenet5",
     [](const golden::Case& c) {
       models::LeNet5 net(models::LeNet5Form::original);
       return train(c, net);
     }},
    {"model.mlp",
     [](const golden::Case& c) {
       Dims sizes = c.args.ints("sizes");
       models::MLP net({sizes.begin(), sizes.end()}, c.args.text("activation") == "relu"
                                                         ? models::MLP::Activation::relu
                                                         : models::MLP::Activation::tanh);
       return train(c, net);
     }},
    {"model.small_resnet",
     [](const golden::Case& c) {
       SmallResNet net(c.args.integer("in_channels"), c.args.ints("widths"), c.args.ints("strides"),
                       c.args.integer("num_classes"));
       return train(c, net);
     }},
};

}  // namespace

TEST_CASE("models") { golden::run("models"); }
