// Korrel's side of the cases in peers.h.
#include <cmath>
#include <cstdlib>
#include <memory>

#include <korrel/framework/base/parallel.h>
#include <korrel/korrel.h>
#include <korrel/models/resnet.h>

#include <benchmarks/peers/peers.h>

using namespace korrel;

namespace peers {
namespace {

Tensor make(const std::string& key, const Shape& shape, float low = -1, float high = 1) {
  return from_vector(numbers(key, shape.numel(), low, high), shape);
}
Tensor leaf(const std::string& key, const Shape& shape, float scale = 1) {
  return no_grad([&] { return (make(key, shape) * scale).contiguous(); }).requires_grad_();
}
Tensor make_labels(const std::string& key, int64_t count, int64_t classes) {
  return from_vector(labels(key, count, classes));
}
std::vector<float> values(const Tensor& x) { return x.to_vector<float>(); }

void fill(nn::Module& module) {
  for (auto& [name, p] : module.named_parameters()) {
    bool norm = name.find("bn") != std::string::npos || name.find("downsample.1") != std::string::npos;
    double fan = static_cast<double>(p.dim() > 1 ? p.numel() / p.size(0) : p.numel());
    double scale = p.dim() > 1 ? std::sqrt(3.0 / fan) : 0.01;
    if (p.dim() == 1 && norm) continue;
    // libtorch's side names a block layer1_0, torchvision layer1.0.
    std::string key = name;
    if (key.starts_with("layer")) key[6] = '_';
    std::vector<float> numbers_of_p = numbers(key, p.numel());
    for (int64_t i = 0; i < p.numel(); ++i) p.data<float>()[i] = numbers_of_p[i] * static_cast<float>(scale);
  }
}

template <class Optimizer>
Case train(std::shared_ptr<nn::Module> net, std::shared_ptr<Optimizer> optimizer, const Shape& shape) {
  Tensor x = make("x", shape), y = make_labels("y", shape[0], 10);
  auto loss = std::make_shared<Tensor>();
  return {[=] {
            optimizer->zero_grad();
            *loss = cross_entropy((*net)(x), y);
            loss->backward();
            optimizer->step();
          },
          [=] { return values(*loss); }};
}
Case infer(std::shared_ptr<nn::Module> net, const Shape& shape) {
  net->eval();
  Tensor x = make("x", shape);
  auto y = std::make_shared<Tensor>();
  return {[=] { *y = no_grad([&] { return (*net)(x); }); }, [=] { return values(*y); }};
}
Case forward_only(std::function<Tensor()> f) {
  auto y = std::make_shared<Tensor>();
  return {[=] { *y = no_grad([&] { return f(); }); }, [=] { return values(*y); }};
}
Case forward_backward(std::function<Tensor()> f, std::vector<Tensor> leaves) {
  auto upstream = std::make_shared<Tensor>();
  return {[=]() mutable {
            for (Tensor& x : leaves) x.zero_grad();
            Tensor y = f();
            if (y.dim() > 0 && !upstream->defined()) *upstream = make("upstream", y.shape());
            y.backward(y.dim() > 0 ? *upstream : Tensor());
          },
          [=] { return values(leaves[0].grad()); }};
}

}  // namespace

void set_korrel_threads(int threads) { set_num_threads(threads); }

Table korrel_convolutions(const std::vector<Conv>& wanted) {
  Table table;
  for (const Conv& c : wanted) {
    Shape x_shape{c.n, c.c}, w_shape = c.transposed ? Shape{c.c, c.k} : Shape{c.k, c.c};
    for (int64_t extent : c.size) {
      x_shape.push_back(extent);
      w_shape.push_back(c.kernel);
    }
    auto run = [=](const Tensor& x, const Tensor& w, const Tensor& b) {
      if (c.transposed) {
        ConvTransposeOptions options{.stride = c.stride, .padding = c.padding};
        return c.size.size() == 1   ? conv_transpose1d(x, w, b, options)
               : c.size.size() == 2 ? conv_transpose2d(x, w, b, options)
                                    : conv_transpose3d(x, w, b, options);
      }
      ConvOptions options{.stride = c.stride, .padding = c.padding};
      return c.size.size() == 1   ? conv1d(x, w, b, options)
             : c.size.size() == 2 ? conv2d(x, w, b, options)
                                  : conv3d(x, w, b, options);
    };
    table.emplace_back(c.name() + " out", [=] {
      Tensor x = make("x", x_shape), w = leaf("w", w_shape, 0.05f), b = leaf("b", {c.k});
      return forward_only([=] { return run(x, w, b); });
    });
    for (bool both : {false, true})
      table.emplace_back(c.name() + (both ? " +dw+dx" : " +dw"), [=] {
        Tensor x = make("x", x_shape).requires_grad_(both), w = leaf("w", w_shape, 0.05f), b = leaf("b", {c.k});
        return forward_backward([=] { return run(x, w, b); },
                                both ? std::vector<Tensor>{x, w, b} : std::vector<Tensor>{w, b});
      });
  }
  return table;
}

Table korrel_cases() {
  Table table;
  auto add = [&](std::string name, Make make_case) { table.emplace_back(std::move(name), std::move(make_case)); };
  auto filled = [](auto net) {
    auto shared = std::make_shared<decltype(net)>(std::move(net));
    fill(*shared);
    return shared;
  };

  for (int64_t batch : {1, 32, 64, 256})
    add("lenet5 relu adam train " + std::to_string(batch), [=] {
      auto net = filled(models::LeNet5());
      return train(net, std::make_shared<optim::Adam>(net->parameters(), optim::AdamOptions{.lr = 1e-3}),
                   {batch, 1, 28, 28});
    });
  add("lenet5 tanh sgd train 64", [=] {
    auto net = filled(models::LeNet5(models::LeNet5Form::original));
    return train(net, std::make_shared<optim::SGD>(net->parameters(), optim::SGDOptions{.lr = 0.01, .momentum = 0.9}),
                 {64, 1, 28, 28});
  });
  for (int64_t batch : {1, 64, 256})
    add("lenet5 infer " + std::to_string(batch), [=] { return infer(filled(models::LeNet5()), {batch, 1, 28, 28}); });
  if (std::getenv("KORREL_DATA"))
    add("mnist epoch 64", [=] {
      auto net = filled(models::LeNet5());
      auto adam = std::make_shared<optim::Adam>(net->parameters(), optim::AdamOptions{.lr = 1e-3});
      auto loader = std::make_shared<datasets::DataLoader>(
          datasets::mnist(""),
          datasets::LoaderOptions{
              .batch_size = 64, .shuffle = true, .transforms = {datasets::Normalize{{0.1307f}, {0.3081f}}}});
      auto loss = std::make_shared<Tensor>();
      return Case{[=] {
                    for (auto& [x, y] : *loader) {
                      adam->zero_grad();
                      *loss = cross_entropy((*net)(x), y);
                      loss->backward();
                      adam->step();
                    }
                  },
                  [] { return std::vector<float>{}; }};  // the shuffles differ
    });
  for (bool big : {false, true}) {
    auto net = [=] { return filled(big ? models::resnet18(10, true) : models::cifar_resnet(20)); };
    int64_t batch = big ? 32 : 128;
    add(big ? "resnet18 train 32" : "resnet20 train 128", [=] {
      auto made = net();
      return train(made,
                   std::make_shared<optim::SGD>(made->parameters(), optim::SGDOptions{.lr = 0.01, .momentum = 0.9}),
                   {batch, 3, 32, 32});
    });
    add(big ? "resnet18 infer 32" : "resnet20 infer 128", [=] { return infer(net(), {batch, 3, 32, 32}); });
  }

  for (auto& entry : korrel_convolutions(convolutions)) table.push_back(std::move(entry));
  add("conv1d 16x64x1024 64 k5 p2", [=] {
    Tensor x = leaf("x", {16, 64, 1024}), w = leaf("w", {64, 64, 5}, 0.05f), b = leaf("b", {64});
    return forward_only([=] { return conv1d(x, w, b, {.padding = 2}); });
  });
  add("conv3d 2x16x16x32x32 32 k3 p1", [=] {
    Tensor x = leaf("x", {2, 16, 16, 32, 32}), w = leaf("w", {32, 16, 3, 3, 3}, 0.05f), b = leaf("b", {32});
    return forward_only([=] { return conv3d(x, w, b, {.padding = 1}); });
  });
  add("depthwise 16x128x28x28 k3 p1", [=] {
    Tensor x = leaf("x", {16, 128, 28, 28}), w = leaf("w", {128, 1, 3, 3}), b = leaf("b", {128});
    return forward_only([=] { return conv2d(x, w, b, {.padding = 1, .groups = 128}); });
  });
  add("conv_transpose2d 8x64x16x16 32 k4 s2 p1", [=] {
    Tensor x = leaf("x", {8, 64, 16, 16}), w = leaf("w", {64, 32, 4, 4}, 0.05f), b = leaf("b", {32});
    return forward_only([=] { return conv_transpose2d(x, w, b, {.stride = 2, .padding = 1}); });
  });
  for (int64_t kernel : {2, 3}) {
    int64_t padding = kernel == 3 ? 1 : 0;
    std::string size = kernel == 2 ? "2x2" : "3x3 s2 p1";
    for (bool max : {true, false}) {
      auto pool = [=](const Tensor& x) {
        return max ? max_pool2d(x, kernel, {.stride = 2, .padding = padding})
                   : avg_pool2d(x, kernel, {.stride = 2, .padding = padding});
      };
      std::string name = std::string(max ? "max" : "avg") + "_pool2d " + size;
      add(name, [=] {
        Tensor x = leaf("x", {32, 64, 32, 32});
        return forward_only([=] { return pool(x); });
      });
      add(name + " +dx", [=] {
        Tensor x = leaf("x", {32, 64, 32, 32});
        return forward_backward([=] { return pool(x); }, {x});
      });
    }
  }
  add("batch_norm2d train 128x16x32x32 +grads", [=] {
    Tensor x = leaf("x", {128, 16, 32, 32}), w = leaf("w", {16}), b = leaf("b", {16});
    Tensor mean = zeros({16}), var = ones({16});
    return forward_backward([=] { return batch_norm(x, mean, var, w, b, {.training = true}); }, {x, w, b});
  });
  add("layer_norm 1024x512", [=] {
    Tensor x = leaf("x", {1024, 512}), w = leaf("w", {512}), b = leaf("b", {512});
    return forward_only([=] { return layer_norm(x, {512}, w, b); });
  });

  using Unary = Tensor (*)(const Tensor&);
  const std::pair<const char*, Unary> unaries[] = {{"tanh", [](const Tensor& x) { return tanh(x); }},
                                                   {"erf", erf},
                                                   {"log", log},
                                                   {"exp", exp},
                                                   {"sigmoid", [](const Tensor& x) { return sigmoid(x); }},
                                                   {"gelu", [](const Tensor& x) { return gelu(x); }},
                                                   {"relu", [](const Tensor& x) { return relu(x); }}};
  for (const auto& [name, f] : unaries)
    add(std::string(name) + " 1M", [f = f] {
      Tensor x = make("x", {1 << 20}, 0.1f, 3);
      return forward_only([=] { return f(x); });
    });
  add("softmax 512x512", [=] {
    Tensor x = make("x", {512, 512}, -3, 3);
    return forward_only([=] { return softmax(x, 1); });
  });
  add("cross_entropy 256x1000 +dx", [=] {
    Tensor x = leaf("x", {256, 1000}), y = make_labels("y", 256, 1000);
    return forward_backward([=] { return cross_entropy(x, y); }, {x});
  });
  auto binary = [&](const std::string& name, const Shape& a, const Shape& b, bool multiply) {
    add(name, [=] {
      Tensor x = make("a", a), y = make("b", b);
      return forward_only([=] { return multiply ? x * y : x + y; });
    });
  };
  binary("add 1M", {1 << 20}, {1 << 20}, false);
  binary("mul 1M", {1 << 20}, {1 << 20}, true);
  binary("add row 1024x1024", {1024, 1024}, {1024}, false);
  binary("add column 1024x1024", {1024, 1024}, {1024, 1}, false);
  binary("add 32M", {32 << 20}, {32 << 20}, false);
  add("sum 1M", [=] {
    Tensor x = make("x", {1 << 20});
    return forward_only([=] { return sum(x); });
  });
  for (int64_t axis : {0, 1})
    add("sum axis " + std::to_string(axis) + " 1024x1024", [=] {
      Tensor x = make("x", {1024, 1024});
      return forward_only([=] { return sum(x, axis); });
    });
  add("transpose contiguous 1024x1024", [=] {
    Tensor x = make("x", {1024, 1024});
    return forward_only([=] { return x.t().contiguous(); });
  });
  add("NCHW to NHWC 16x64x32x32", [=] {
    Tensor x = make("x", {16, 64, 32, 32});
    return forward_only([=] { return x.permute({0, 2, 3, 1}).contiguous(); });
  });
  auto product = [&](int64_t m, int64_t k, int64_t n) {
    add("matmul " + std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n), [=] {
      Tensor a = make("a", {m, k}), b = make("b", {k, n});
      return forward_only([=] { return matmul(a, b); });
    });
  };
  for (int64_t n : {128, 512, 1024, 2048}) product(n, n, n);
  product(64, 400, 120);
  add("recorded a+b of one element", [=] {
    Tensor a = leaf("a", {1}), b = leaf("b", {1});
    auto y = std::make_shared<Tensor>();
    return Case{[=] { *y = a + b; }, [=] { return values(*y); }};
  });
  add("chain of 100 adds forward and backward", [=] {
    Tensor a = leaf("a", {1}), b = leaf("b", {1});
    return forward_backward(
        [=] {
          Tensor y = a;
          for (int i = 0; i < 100; ++i) y = y + b;
          return sum(y);
        },
        {a, b});
  });
  for (bool adam : {true, false})
    add(adam ? "adam step 11.2M" : "sgd momentum step 11.2M", [=] {
      std::vector<Tensor> parameters;
      for (int i = 0; i < 20; ++i) {
        parameters.push_back(leaf("p" + std::to_string(i), {560000}));
        parameters.back().set_grad(make("g" + std::to_string(i), {560000}));
      }
      std::shared_ptr<optim::Optimizer> optimizer;
      if (adam)
        optimizer = std::make_shared<optim::Adam>(parameters, optim::AdamOptions{.lr = 1e-3});
      else
        optimizer = std::make_shared<optim::SGD>(parameters, optim::SGDOptions{.lr = 1e-3, .momentum = 0.9});
      return Case{[=] { optimizer->step(); }, [=] { return values(parameters[0]); }};
    });
  auto recurrent = [=](auto layer) {
    fill(*layer);
    std::vector<Tensor> leaves = layer->parameters();
    Tensor x = leaf("x", {64, 32, 128});
    leaves.insert(leaves.begin(), x);
    return forward_backward([=] { return (*layer)(x).y; }, leaves);
  };
  add("lstm 128->256 b32 t64 fwd+bwd", [=] { return recurrent(std::make_shared<nn::LSTM>(128, 256)); });
  add("gru 128->256 b32 t64 fwd+bwd", [=] { return recurrent(std::make_shared<nn::GRU>(128, 256)); });
  add("mha 256 h8 128x16 fwd+bwd", [=] {
    auto attention = filled(nn::MultiheadAttention(256, 8));
    Tensor x = leaf("x", {128, 16, 256});
    std::vector<Tensor> leaves = attention->parameters();
    leaves.insert(leaves.begin(), x);
    return forward_backward([=] { return (*attention)(x, x, x).y; }, leaves);
  });
  return table;
}

}  // namespace peers
