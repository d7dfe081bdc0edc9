// A user's whole program: LeNet-5 and a training loop.
#include <korrel/korrel.h>

using namespace korrel;

struct LeNet5 : nn::Module {
  nn::Conv2d conv1{1, 6, 5, {.padding = 2}}, conv2{6, 16, 5};
  nn::Linear fc1{400, 120}, fc2{120, 84}, fc3{84, 10};
  KORREL_MODULE(conv1, conv2, fc1, fc2, fc3)

  Tensor forward(const Tensor& x) override {
    Tensor h = max_pool2d(relu(conv1(x)), 2);
    h = max_pool2d(relu(conv2(h)), 2);
    return fc3(relu(fc2(relu(fc1(h.flatten(1))))));
  }
};

int main() {
  datasets::DataLoader loader(datasets::digits({.count = 128}), {.batch_size = 32, .shuffle = true});
  LeNet5 net;
  optim::Adam optimizer(net.parameters(), {.lr = 1e-3});
  double first = 0, last = 0;
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (auto& [x, y] : loader) {
      optimizer.zero_grad();
      Tensor loss = cross_entropy(net(x), y);
      loss.backward();
      optimizer.step();
      last = loss.item();
      if (first == 0) first = last;
    }
  }
  return last < first ? 0 : 1;
}
