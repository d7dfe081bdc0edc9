#include <doctest/doctest.h>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

// Element by element, by index.
template <class To, class From>
std::vector<To> by_index(const Tensor& x) {
  std::vector<To> values;
  const From* data = static_cast<const From*>(x.raw_data());
  for (int64_t i = 0; i < x.numel(); ++i) {
    int64_t rest = i, offset = 0;
    for (int d = x.dim() - 1; d >= 0; --d) {
      offset += rest % x.size(d) * x.strides()[d];
      rest /= x.size(d);
    }
    values.push_back(static_cast<To>(data[offset]));
  }
  return values;
}

}  // namespace

TEST_CASE("contiguous copies any layout") {
  Tensor x = arange(0, 7 * 130 * 67, 1, {.dtype = f32}).reshape({7, 130, 67});
  for (const Tensor& view :
       {x.transpose(0, 1), x.transpose(1, 2), x.permute({2, 0, 1}), x.permute({2, 1, 0}), x.narrow(2, 5, 20),
        x.select(1, 3), x.select(2, 0).unsqueeze(1).expand({7, 3, 130}), x.narrow(1, 0, 64).transpose(1, 2)}) {
    Tensor y = view.contiguous();
    CHECK(y.is_contiguous());
    CHECK(y.shape() == view.shape());
    CHECK(y.to_vector<float>() == by_index<float, float>(view));
    Tensor wide = view.to(f64), whole = view.to(i64);
    CHECK(wide.to_vector() == by_index<double, float>(view));
    CHECK(whole.to_vector<int64_t>() == by_index<int64_t, float>(view));
  }
}

TEST_CASE("a transposed matrix on every SIMD target and number of threads") {
  Generator generator(2);
  std::string before = kernels::active_target();
  int threads = num_threads();
  for (int64_t n : {1, 3, 4, 63, 64, 65, 200, 257}) {
    Tensor x = randn({n, 131}, {}, generator);
    std::vector<float> expected = by_index<float, float>(x.t());
    for (const std::string& target : kernels::available_targets()) {
      kernels::force_target(target);
      for (int count : {1, 3}) {
        set_num_threads(count);
        CHECK(x.t().contiguous().to_vector<float>() == expected);
      }
    }
    Tensor d = x.to(f64), u = (x * 10).to(u8);
    CHECK(d.t().contiguous().to_vector() == by_index<double, double>(d.t()));
    CHECK(u.t().contiguous().to_vector<uint8_t>() == by_index<uint8_t, uint8_t>(u.t()));
  }
  set_num_threads(threads);
  kernels::force_target(before);
}

TEST_CASE("conversions between types") {
  Tensor x = tensor({-1.7, 0, 0.4, 2.9, 200});
  CHECK(x.to(i64).to_vector() == std::vector<double>{-1, 0, 0, 2, 200});
  CHECK(x.to(boolean).to_vector<int>() == std::vector<int>{1, 0, 1, 1, 1});
  CHECK(x.narrow(0, 1, 4).to(u8).to_vector<int>() == std::vector<int>{0, 0, 2, 200});
  CHECK(x.to(f32).same_as(x));
  CHECK(x.contiguous().same_as(x));
  CHECK(x.clone().raw_data() != x.raw_data());
  CHECK(zeros({0, 3}).to(f64).shape() == Shape{0, 3});
}

TEST_CASE("gradients come back in the input's type") {
  Tensor x = tensor({1, 2}, {.requires_grad = true});
  Tensor y = x.to(f64).clone().unsqueeze(0).expand({3, 2}).contiguous();
  y.backward(ones_like(y));
  CHECK(x.grad().dtype() == f32);
  CHECK(x.grad().to_vector() == std::vector<double>{3, 3});
}
