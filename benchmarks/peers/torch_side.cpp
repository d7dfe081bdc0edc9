// libtorch's side of the cases in peers.h.
#include <torch/torch.h>

#include <memory>

#include <benchmarks/peers/peers.h>
#include <benchmarks/peers/torch_models.h>

namespace nn = torch::nn;
namespace F = torch::nn::functional;
using torch::Tensor;

// libtorch's matrix products come from the BLAS it is linked to. OpenBLAS has threads of its own, which
// torch::set_num_threads does not reach: left alone, its "one thread" were all of the machine's.
extern "C" void openblas_set_num_threads(int) __attribute__((weak));

namespace peers {
namespace {

Tensor make(const std::string& key, at::IntArrayRef shape, float low = -1, float high = 1) {
  int64_t count = 1;
  for (int64_t size : shape) count *= size;
  std::vector<float> values = numbers(key, count, low, high);
  return torch::from_blob(values.data(), shape, torch::kFloat32).clone();
}
Tensor leaf(const std::string& key, at::IntArrayRef shape, float scale = 1) {
  return (make(key, shape) * scale).detach().requires_grad_();
}
Tensor make_labels(const std::string& key, int64_t count, int64_t classes) {
  std::vector<int64_t> values = labels(key, count, classes);
  return torch::from_blob(values.data(), {count}, torch::kInt64).clone();
}
std::vector<float> values(const Tensor& x) {
  Tensor dense = x.detach().to(torch::kFloat32).contiguous();
  return {dense.data_ptr<float>(), dense.data_ptr<float>() + dense.numel()};
}

// Weights by name, scaled as a fan-in initialisation would be.
template <class M>
void fill(M& module) {
  torch::NoGradGuard guard;
  for (auto& item : module.named_parameters()) {
    Tensor& p = item.value();
    double fan = p.dim() > 1 ? static_cast<double>(p.numel() / p.size(0)) : static_cast<double>(p.numel());
    if (p.dim() == 1 && item.key().find("bn") == std::string::npos &&
        item.key().find("downsample") == std::string::npos)
      p.copy_(make(item.key(), p.sizes()) * 0.01);
    else if (p.dim() > 1)
      p.copy_(make(item.key(), p.sizes()) * std::sqrt(3.0 / fan));
  }
}

template <class Net, class Optimizer>
Case train(std::shared_ptr<Net> net, std::shared_ptr<Optimizer> optimizer, at::IntArrayRef shape) {
  Tensor x = make("x", shape), y = make_labels("y", shape[0], 10);
  auto loss = std::make_shared<Tensor>();
  return {[=] {
            optimizer->zero_grad();
            *loss = torch::cross_entropy_loss(net->forward(x), y);
            loss->backward();
            optimizer->step();
          },
          [=] { return values(*loss); }};
}
template <class Net>
Case infer(std::shared_ptr<Net> net, at::IntArrayRef shape) {
  net->eval();
  Tensor x = make("x", shape);
  auto y = std::make_shared<Tensor>();
  return {[=] {
            torch::NoGradGuard guard;
            *y = net->forward(x);
          },
          [=] { return values(*y); }};
}

// libtorch reads unpacked files only. KORREL_DATA's folder, or its sub-folder mnist, is unpacked beside the system's
// other temporary files.
std::string unpacked_mnist(const std::string& data) {
  const std::string folder = "/tmp/korrel_peers_mnist";
  const std::string command = "mkdir -p " + folder + " && cd '" + data + "' && if [ -d mnist ]; then cd mnist; fi && " +
                              "for f in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do " +
                              "gzip -dcf $f-ubyte* > " + folder + "/$f-ubyte || exit 1; done";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("no MNIST files in " + data);
  return folder;
}

// Forward only, and forward with the gradients of the tensors that require one.
Case forward_only(std::function<Tensor()> f) {
  auto y = std::make_shared<Tensor>();
  return {[=] {
            torch::NoGradGuard guard;
            *y = f();
          },
          [=] { return values(*y); }};
}
Case forward_backward(std::function<Tensor()> f, std::vector<Tensor> leaves) {
  auto upstream = std::make_shared<Tensor>();
  return {[=]() mutable {
            for (Tensor& leaf : leaves) leaf.mutable_grad() = Tensor();
            Tensor y = f();
            if (y.dim() == 0) {
              y.backward();
              return;
            }
            if (!upstream->defined()) *upstream = make("upstream", y.sizes());
            y.backward(*upstream);
          },
          [=] { return values(leaves[0].grad()); }};
}

}  // namespace

void set_torch_threads(int threads) {
  torch::set_num_threads(threads);
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(threads);
}

Table torch_convolutions(const std::vector<Conv>& wanted) {
  Table table;
  for (const Conv& c : wanted) {
    const std::size_t dims = c.size.size();
    std::vector<int64_t> x_shape{c.n, c.c}, w_shape = {c.transposed ? c.c : c.k, c.transposed ? c.k : c.c};
    x_shape.insert(x_shape.end(), c.size.begin(), c.size.end());
    w_shape.insert(w_shape.end(), dims, c.kernel);
    const std::vector<int64_t> ones(dims, 1), zeros(dims, 0), stride(dims, c.stride), padding(dims, c.padding);
    // What torch::conv2d and its kin call.
    auto run = [=](const Tensor& x, const Tensor& w, const Tensor& b) {
      return torch::convolution(x, w, b, stride, padding, ones, c.transposed, zeros, 1);
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

Table torch_cases() {
  Table table;
  auto add = [&](std::string name, Make make_case) { table.emplace_back(std::move(name), std::move(make_case)); };

  for (int64_t batch : {1, 32, 64, 256})
    add("lenet5 relu adam train " + std::to_string(batch), [=] {
      auto net = std::make_shared<LeNet5>(false);
      fill(*net);
      return train(net, std::make_shared<torch::optim::Adam>(net->parameters(), 1e-3), {batch, 1, 28, 28});
    });
  add("lenet5 tanh sgd train 64", [=] {
    auto net = std::make_shared<LeNet5>(true);
    fill(*net);
    return train(net,
                 std::make_shared<torch::optim::SGD>(net->parameters(), torch::optim::SGDOptions(0.01).momentum(0.9)),
                 {64, 1, 28, 28});
  });
  for (int64_t batch : {1, 64, 256})
    add("lenet5 infer " + std::to_string(batch), [=] {
      auto net = std::make_shared<LeNet5>(false);
      fill(*net);
      return infer(net, {batch, 1, 28, 28});
    });
  if (const char* data = std::getenv("KORREL_DATA"))
    add("mnist epoch 64", [=] {
      auto net = std::make_shared<LeNet5>(false);
      fill(*net);
      auto adam = std::make_shared<torch::optim::Adam>(net->parameters(), 1e-3);
      auto dataset = torch::data::datasets::MNIST(unpacked_mnist(data))
                         .map(torch::data::transforms::Normalize<>(0.1307, 0.3081))
                         .map(torch::data::transforms::Stack<>());
      auto loader =
          std::shared_ptr(torch::data::make_data_loader<torch::data::samplers::RandomSampler>(std::move(dataset), 64));
      auto loss = std::make_shared<Tensor>();
      return Case{[=] {
                    for (auto& batch : *loader) {
                      adam->zero_grad();
                      *loss = torch::cross_entropy_loss(net->forward(batch.data), batch.target);
                      loss->backward();
                      adam->step();
                    }
                  },
                  [] { return std::vector<float>{}; }};
    });
  for (bool big : {false, true}) {
    auto net = [=] {
      auto made = big ? std::make_shared<ResNet>(std::vector<int64_t>{64, 128, 256, 512}, 2, true)
                      : std::make_shared<ResNet>(std::vector<int64_t>{16, 32, 64}, 3, false);
      fill(*made);
      return made;
    };
    int64_t batch = big ? 32 : 128;
    add(big ? "resnet18 train 32" : "resnet20 train 128", [=] {
      auto made = net();
      return train(
          made, std::make_shared<torch::optim::SGD>(made->parameters(), torch::optim::SGDOptions(0.01).momentum(0.9)),
          {batch, 3, 32, 32});
    });
    add(big ? "resnet18 infer 32" : "resnet20 infer 128", [=] { return infer(net(), {batch, 3, 32, 32}); });
  }

  for (auto& entry : torch_convolutions(convolutions)) table.push_back(std::move(entry));
  add("conv1d 16x64x1024 64 k5 p2", [=] {
    Tensor x = leaf("x", {16, 64, 1024}), w = leaf("w", {64, 64, 5}, 0.05f), b = leaf("b", {64});
    return forward_only([=] { return torch::conv1d(x, w, b, 1, 2); });
  });
  add("conv3d 2x16x16x32x32 32 k3 p1", [=] {
    Tensor x = leaf("x", {2, 16, 16, 32, 32}), w = leaf("w", {32, 16, 3, 3, 3}, 0.05f), b = leaf("b", {32});
    return forward_only([=] { return torch::conv3d(x, w, b, 1, 1); });
  });
  add("depthwise 16x128x28x28 k3 p1", [=] {
    Tensor x = leaf("x", {16, 128, 28, 28}), w = leaf("w", {128, 1, 3, 3}), b = leaf("b", {128});
    return forward_only([=] { return torch::conv2d(x, w, b, 1, 1, 1, 128); });
  });
  add("conv_transpose2d 8x64x16x16 32 k4 s2 p1", [=] {
    Tensor x = leaf("x", {8, 64, 16, 16}), w = leaf("w", {64, 32, 4, 4}, 0.05f), b = leaf("b", {32});
    return forward_only([=] { return torch::conv_transpose2d(x, w, b, 2, 1); });
  });
  for (int64_t kernel : {2, 3}) {
    int64_t padding = kernel == 3 ? 1 : 0;
    std::string size = kernel == 2 ? "2x2" : "3x3 s2 p1";
    for (bool max : {true, false}) {
      auto pool = [=](const Tensor& x) {
        return max ? torch::max_pool2d(x, kernel, 2, padding) : torch::avg_pool2d(x, kernel, 2, padding);
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
    Tensor mean = torch::zeros({16}), var = torch::ones({16});
    return forward_backward([=] { return torch::batch_norm(x, w, b, mean, var, true, 0.1, 1e-5, false); }, {x, w, b});
  });
  add("layer_norm 1024x512", [=] {
    Tensor x = leaf("x", {1024, 512}), w = leaf("w", {512}), b = leaf("b", {512});
    return forward_only([=] { return torch::layer_norm(x, {512}, w, b); });
  });

  using Unary = Tensor (*)(const Tensor&);
  const std::pair<const char*, Unary> unaries[] = {
      {"tanh", torch::tanh}, {"erf", torch::erf},         {"log", torch::log},
      {"exp", torch::exp},   {"sigmoid", torch::sigmoid}, {"gelu", [](const Tensor& x) { return torch::gelu(x); }},
      {"relu", torch::relu}};
  for (const auto& [name, f] : unaries)
    add(std::string(name) + " 1M", [f = f] {
      Tensor x = make("x", {1 << 20}, 0.1f, 3);
      return forward_only([=] { return f(x); });
    });
  add("softmax 512x512", [=] {
    Tensor x = make("x", {512, 512}, -3, 3);
    return forward_only([=] { return torch::softmax(x, 1); });
  });
  add("cross_entropy 256x1000 +dx", [=] {
    Tensor x = leaf("x", {256, 1000}), y = make_labels("y", 256, 1000);
    return forward_backward([=] { return torch::cross_entropy_loss(x, y); }, {x});
  });
  auto binary = [&](const std::string& name, std::vector<int64_t> a, std::vector<int64_t> b, bool multiply) {
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
    return forward_only([=] { return x.sum(); });
  });
  for (int64_t axis : {0, 1})
    add("sum axis " + std::to_string(axis) + " 1024x1024", [=] {
      Tensor x = make("x", {1024, 1024});
      return forward_only([=] { return x.sum(axis); });
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
      return forward_only([=] { return torch::matmul(a, b); });
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
          return y.sum();
        },
        {a, b});
  });
  for (bool adam : {true, false})
    add(adam ? "adam step 11.2M" : "sgd momentum step 11.2M", [=] {
      std::vector<Tensor> parameters;
      for (int i = 0; i < 20; ++i) {
        parameters.push_back(leaf("p" + std::to_string(i), {560000}));
        parameters.back().mutable_grad() = make("g" + std::to_string(i), {560000});
      }
      std::shared_ptr<torch::optim::Optimizer> optimizer;
      if (adam)
        optimizer = std::make_shared<torch::optim::Adam>(parameters, 1e-3);
      else
        optimizer = std::make_shared<torch::optim::SGD>(parameters, torch::optim::SGDOptions(1e-3).momentum(0.9));
      return Case{[=] { optimizer->step(); }, [=] { return values(parameters[0]); }};
    });
  auto recurrent = [=](auto layer) {
    fill(**layer);
    std::vector<Tensor> leaves = (*layer)->parameters();
    Tensor x = leaf("x", {64, 32, 128});
    leaves.insert(leaves.begin(), x);
    return forward_backward([=] { return std::get<0>((*layer)->forward(x)); }, leaves);
  };
  add("lstm 128->256 b32 t64 fwd+bwd", [=] { return recurrent(std::make_shared<nn::LSTM>(128, 256)); });
  add("gru 128->256 b32 t64 fwd+bwd", [=] { return recurrent(std::make_shared<nn::GRU>(128, 256)); });
  add("mha 256 h8 128x16 fwd+bwd", [=] {
    auto attention = std::make_shared<nn::MultiheadAttention>(256, 8);
    fill(**attention);
    Tensor x = leaf("x", {128, 16, 256});
    std::vector<Tensor> leaves = (*attention)->parameters();
    leaves.insert(leaves.begin(), x);
    return forward_backward([=] { return std::get<0>((*attention)->forward(x, x, x)); }, leaves);
  });
  return table;
}

}  // namespace peers
