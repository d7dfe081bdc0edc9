// The whole stack in under two seconds: tensor, convolution, loss, backward, optimizer step, evaluation.
#include <doctest/doctest.h>

#include <korrel/korrel.h>

using namespace korrel;

namespace {

struct TinyNet : nn::Module {
  nn::Conv2d conv{1, 4, 3, {.padding = 1}};
  nn::Linear fc{4 * 4 * 4, 2};
  KORREL_MODULE(conv, fc)

  Tensor forward(const Tensor& x) override { return fc(max_pool2d(relu(conv(x)), 2).flatten(1)); }
};

}  // namespace

TEST_CASE("a small network learns whether a stripe is horizontal or vertical") {
  manual_seed(1);
  Tensor x = randn({32, 1, 8, 8}) * 0.1, y = zeros({32}, {i64});
  for (int64_t i = 0; i < 32; ++i) {
    y.data<int64_t>()[i] = i % 2;
    for (int64_t j = 0; j < 8; ++j) x.data<float>()[i * 64 + (i % 2 ? j * 8 + i / 2 % 8 : i / 2 % 8 * 8 + j)] += 1;
  }
  TinyNet net;
  optim::Adam optimizer(net.parameters(), {.lr = 0.01});
  double first = 0, last = 0;
  for (int step = 0; step < 60; ++step) {
    optimizer.zero_grad();
    Tensor loss = cross_entropy(net(x), y);
    loss.backward();
    optimizer.step();
    (step == 0 ? first : last) = loss.item();
  }
  CHECK(first > 0.5);
  CHECK(last < 0.05);
  Tensor right = argmax(no_grad([&] { return net(x); }), 1) == y;
  CHECK(sum(right).item() == 32);
}
