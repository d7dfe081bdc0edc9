// A steady training loop asks the system for nothing: neither the caching allocator nor operator new.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include <korrel/framework/base/allocator.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/korrel.h>

using namespace korrel;

namespace {
std::atomic<int64_t> news{0};
}

void* operator new(std::size_t bytes) {
  ++news;
  if (void* block = std::malloc(bytes ? bytes : 1)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace {

struct Counts {
  int64_t system, news;
};

Counts in_ten_steps(nn::Module& net, optim::Optimizer& optimizer, const Tensor& x, const Tensor& y) {
  auto step = [&] {
    optimizer.zero_grad();
    cross_entropy(net(x), y).backward();
    optimizer.step();
  };
  for (int i = 0; i < 5; ++i) step();
  const Counts before{memory::statistics().system_allocations, news.load()};
  for (int i = 0; i < 10; ++i) step();
  return {memory::statistics().system_allocations - before.system, news.load() - before.news};
}

}  // namespace

TEST_CASE("no allocation in a steady training loop: LeNet-5 with Adam, ResNet-20 with SGD and momentum") {
  for (int threads : {1, 2}) {
    CAPTURE(threads);
    set_num_threads(threads);
    manual_seed(1);
    {
      models::LeNet5 net;
      optim::Adam adam(net.parameters(), {.lr = 1e-3});
      Counts counts = in_ten_steps(net, adam, rand({64, 1, 28, 28}), zeros({64}, {.dtype = i64}));
      CHECK(counts.system == 0);
      CHECK(counts.news == 0);
    }
    {
      models::ResNet net = models::cifar_resnet(20);
      optim::SGD sgd(net.parameters(), {.lr = 0.01, .momentum = 0.9});
      Counts counts = in_ten_steps(net, sgd, rand({4, 3, 32, 32}), zeros({4}, {.dtype = i64}));
      CHECK(counts.system == 0);
      CHECK(counts.news == 0);
    }
  }
}
