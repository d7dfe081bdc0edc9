// Elementwise ops against sums done by hand, element-by-element loops and PyTorch's rules at the edges.
#include <korrel/framework/ops/elementwise.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

using Values = std::vector<double>;
constexpr double inf = std::numeric_limits<double>::infinity();
const double not_a_number = std::numeric_limits<double>::quiet_NaN();

Tensor ints(std::initializer_list<double> values) { return tensor(values, {.dtype = i64}); }
Tensor doubles(std::initializer_list<double> values) { return tensor(values, {.dtype = f64}); }

// What an exception of type E says, or what else happened.
template <class E, class F>
std::string message(F f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another type: ") + error.what();
  }
  return "nothing was thrown";
}

// The gradient of sum(f(x)) with respect to x.
template <class F>
Values slope(F f, std::initializer_list<double> at) {
  Tensor x = tensor(at, {.dtype = f64, .requires_grad = true});
  Tensor y = f(x);
  y.backward(ones_like(y));
  return x.grad().to_vector();
}

}  // namespace

TEST_CASE("arithmetic by hand") {
  Tensor a = tensor({1, 2, 3}), b = tensor({10, 20, 30});
  CHECK((a + b).to_vector() == Values{11, 22, 33});
  CHECK((b - a).to_vector() == Values{9, 18, 27});
  CHECK((a * 2).to_vector() == Values{2, 4, 6});
  CHECK((b / a).to_vector() == Values{10, 10, 10});
  CHECK((6 / a).to_vector() == Values{6, 3, 2});
  CHECK((1 - a).to_vector() == Values{0, -1, -2});
  CHECK((-a).to_vector() == Values{-1, -2, -3});
  CHECK(add(a, b, {.alpha = 0.5}).to_vector() == Values{6, 12, 18});
  CHECK(sub(a, b, {.alpha = 2}).to_vector() == Values{-19, -38, -57});
  CHECK(lerp(a, b, 0.5).to_vector() == Values{5.5, 11, 16.5});
  CHECK(addcmul(a, a, b, {.value = 2}).to_vector() == Values{21, 82, 183});
  CHECK(addcdiv(a, b, a, {.value = -1}).to_vector() == Values{-9, -8, -7});
  CHECK((a < 2).to_vector<int>() == std::vector<int>{1, 0, 0});
  CHECK((2 < a).to_vector<int>() == std::vector<int>{0, 0, 1});
  CHECK((a == tensor({1, 5, 3})).to_vector<int>() == std::vector<int>{1, 0, 1});
  CHECK(where(a < 2.5, a, b).to_vector() == Values{1, 2, 30});
  CHECK(masked_fill(a, a > 1, -1).to_vector() == Values{1, -1, -1});
}

TEST_CASE("broadcasting follows NumPy's rules") {
  Tensor column = tensor({1, 2}).unsqueeze(1), row = tensor({10, 20, 30});
  CHECK((column + row).to_vector() == Values{11, 21, 31, 12, 22, 32});
  CHECK((column + row).shape() == Shape{2, 3});
  CHECK((row + scalar(1)).shape() == Shape{3});
  CHECK((zeros({2, 1, 4}) + zeros({3, 1})).shape() == Shape{2, 3, 4});
  CHECK((zeros({0, 3}) + row).shape() == Shape{0, 3});
  CHECK((zeros({0, 3}) * 2).numel() == 0);
  CHECK(message<ShapeError>([&] {
          zeros({2, 3}) + zeros({4, 3});
        }) == "add: shapes [2,3] and [4,3] do not broadcast: 2 against 4 at dimension -2");
  CHECK(message<ShapeError>([&] { where(zeros({5}) > 0, zeros({2}), zeros({2})); }).find("where: shapes") == 0);
}

TEST_CASE("the gradient of a broadcast operand is summed to its shape") {
  Tensor a = ones({2, 3}, {.requires_grad = true}), row = ones({3}, {.requires_grad = true}),
         one = scalar(2).requires_grad_();
  Tensor y = a * row * one;
  y.backward(ones_like(y));
  CHECK(a.grad().to_vector() == Values(6, 2));
  CHECK(row.grad().to_vector() == Values(3, 4));
  CHECK(one.grad().item() == 6);
}

TEST_CASE("any layout gives what a loop over indices gives") {
  Generator generator(5);
  Tensor base = randn({6, 5, 130}, {}, generator), other = randn({130, 6, 5}, {}, generator);
  struct Pair {
    Tensor a, b;
  };
  std::vector<Pair> pairs = {
      {base, other.permute({1, 2, 0})},                                    // a jump of 30 along the rows
      {base.narrow(2, 3, 70), other.permute({1, 2, 0}).narrow(2, 1, 70)},  // rows that begin anywhere
      {base.permute({2, 0, 1}), other},
      {base.narrow(0, 2, 1), other.permute({1, 2, 0})},
      {base.select(2, 7).unsqueeze(2), base},
      {base.select(1, 2).unsqueeze(1), base},
      {base.narrow(1, 1, 3).transpose(1, 2), base.select(1, 0).unsqueeze(2)},
  };
  for (const Pair& pair : pairs) {
    Tensor y = pair.a * pair.b - pair.b;
    Tensor a = pair.a.expand(y.shape()), b = pair.b.expand(y.shape());
    Tensor z = where(a > b, a, b), m = lerp(a, b, 0.25);
    const float *pa = static_cast<const float*>(a.raw_data()), *pb = static_cast<const float*>(b.raw_data());
    int64_t i = 0, wrong = 0;
    for (int64_t p = 0; p < y.size(0); ++p)
      for (int64_t q = 0; q < y.size(1); ++q)
        for (int64_t r = 0; r < y.size(2); ++r, ++i) {
          float u = pa[p * a.strides()[0] + q * a.strides()[1] + r * a.strides()[2]];
          float v = pb[p * b.strides()[0] + q * b.strides()[1] + r * b.strides()[2]];
          wrong += y.data<float>()[i] != u * v - v;
          wrong += z.data<float>()[i] != std::max(u, v);
          wrong += std::abs(m.data<float>()[i] - (u + 0.25f * (v - u))) > 1e-6f;
        }
    CHECK(wrong == 0);
  }
}

TEST_CASE("the same bits wherever a row begins, for any number of threads") {
  Generator generator(6);
  Tensor x = randn({300001}, {}, generator), y = randn({300001}, {}, generator);
  auto all = [](const Tensor& a, const Tensor& b) {
    return std::vector<Tensor>{a * b + a, exp(a), tanh(a), sigmoid(a), erf(a), pow(abs(a), b), log1p(abs(a))};
  };
  int before = num_threads();
  set_num_threads(1);
  std::vector<Tensor> expected = all(x, y);
  set_num_threads(3);
  std::vector<Tensor> threaded = all(x, y);
  std::vector<Tensor> shifted = all(x.narrow(0, 5, 20000), y.narrow(0, 5, 20000));
  set_num_threads(before);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(expected[i].to_vector() == threaded[i].to_vector());
    CHECK(expected[i].narrow(0, 5, 20000).to_vector() == shifted[i].to_vector());
  }
}

TEST_CASE("results of any size, written past the caches or fetched ahead, hold what small parts hold") {
  Generator generator(7);
  const int before = num_threads();
  auto all = [](const Tensor& a, const Tensor& b, const Tensor& c) {
    return std::vector<Tensor>{a + b, a * 2, 1 - b, a > b, where(a > 0, b, c), lerp(a, b, 0.25)};
  };
  for (int64_t n : {16385, 1200001})  // above 64 KiB; above 4.5 MB
    for (DType dtype : {f32, f64}) {
      Tensor a = randn({n}, {.dtype = dtype}, generator), b = randn({n}, {.dtype = dtype}, generator),
             c = randn({n}, {.dtype = dtype}, generator);
      for (int threads : {1, 2}) {
        set_num_threads(threads);
        std::vector<Tensor> whole = all(a, b, c);
        for (int64_t begin : {int64_t{0}, int64_t{5}, n / 2 - 7000, n - 15001}) {
          auto part = [&](const Tensor& t) { return t.narrow(0, begin, 15001).contiguous(); };
          std::vector<Tensor> parts = all(part(a), part(b), part(c));
          for (std::size_t i = 0; i < parts.size(); ++i) {
            INFO(n, " elements, result ", i, " from ", begin);
            CHECK(parts[i].to_vector() == part(whole[i]).to_vector());
          }
        }
      }
    }
  set_num_threads(before);
  Tensor row = randn({1501}, {}, generator), column = randn({1000, 1}, {}, generator), sums = row + column;  // 6 MB
  for (int64_t r : {0, 1, 499, 999}) CHECK(sums[r].to_vector() == (row + column[r]).to_vector());
}

TEST_CASE("integers divide as PyTorch's do") {
  Tensor a = ints({7, -7, 7, -7}), b = ints({2, 2, -2, -2});
  CHECK((a / b).dtype() == f32);
  CHECK((a / b).to_vector() == Values{3.5, -3.5, -3.5, 3.5});
  Tensor floored = div(a, b, {.rounding_mode = Rounding::floor}),
         truncated = div(a, b, {.rounding_mode = Rounding::trunc});
  CHECK(floored.dtype() == i64);
  CHECK(floored.to_vector() == Values{3, -4, -4, 3});
  CHECK(truncated.to_vector() == Values{3, -3, -3, 3});
  CHECK(fmod(a, b).to_vector() == Values{1, -1, 1, -1});
  CHECK(remainder(a, b).to_vector() == Values{1, 1, -1, -1});
  CHECK(message<ValueError>([&] {
          div(a, ints({1, 0, 1, 1}), {.rounding_mode = Rounding::floor});
        }) == "div: an integer is divided by zero");
  CHECK(message<ValueError>([&] { remainder(a, 0); }) == "remainder: an integer is divided by zero");
  int64_t smallest = std::numeric_limits<int64_t>::min();
  Tensor edge = from_vector(std::vector<int64_t>{smallest});
  CHECK(div(edge, -1, {.rounding_mode = Rounding::trunc}).item<int64_t>() == smallest);  // wraps instead of trapping
  CHECK(remainder(edge, -1).item<int64_t>() == 0);
  CHECK(abs(edge).item<int64_t>() == smallest);
}

TEST_CASE("floating floor division and remainders at the edges") {
  auto floor_div = [](double a, double b) {
    return div(doubles({a}), doubles({b}), {.rounding_mode = Rounding::floor}).item();
  };
  CHECK(floor_div(7, -2) == -4);
  CHECK(floor_div(1, 0.1) == 9);  // 0.1 is a little more than a tenth; 1 / 0.1 rounds to 10
  CHECK(floor_div(1, 0) == inf);
  CHECK(std::isnan(floor_div(0, 0)));
  CHECK(remainder(doubles({-3.5, 3.5}), doubles({2, -2})).to_vector() == Values{0.5, -0.5});
  CHECK(fmod(doubles({-3.5, 3.5}), doubles({2, -2})).to_vector() == Values{-1.5, 1.5});
  CHECK(slope(
            [](const Tensor& x) {
              return div(x, doubles({2, 2}), {.rounding_mode = Rounding::floor});
            },
            {1, 5}) == Values{0, 0});
}

TEST_CASE("bool arithmetic") {
  Tensor t = tensor({1, 1, 0}, {.dtype = boolean}), u = tensor({1, 0, 0}, {.dtype = boolean});
  CHECK((t + u).dtype() == boolean);
  CHECK((t + u).to_vector<int>() == std::vector<int>{1, 1, 0});
  CHECK((t * u).to_vector<int>() == std::vector<int>{1, 0, 0});
  CHECK(logical_xor(t, u).to_vector<int>() == std::vector<int>{0, 1, 0});
  CHECK(message<DtypeError>([&] { t - u; }) == "sub: bool tensors do not subtract; use logical_xor");
  CHECK(message<DtypeError>([&] { -t; }) == "neg: bool tensors have no negative; use logical_not");
  CHECK((t / tensor({1, 0, 1}, {.dtype = boolean})).to_vector() == Values{1, inf, 0});
}

TEST_CASE("u8 wraps around, i64 keeps all its bits") {
  Tensor a = tensor({250, 3}, {.dtype = u8});
  CHECK((a + 10).dtype() == u8);
  CHECK((a + 10).to_vector<int>() == std::vector<int>{4, 13});
  CHECK((a * 2).to_vector<int>() == std::vector<int>{244, 6});
  CHECK((-a).to_vector<int>() == std::vector<int>{6, 253});
  int64_t big = (int64_t{1} << 60) + 1;
  Tensor b = from_vector(std::vector<int64_t>{big});
  CHECK((b + 1).item<int64_t>() == big + 1);
  CHECK((b * 3).item<int64_t>() == 3 * big);
  CHECK((b + big).item<int64_t>() == 2 * big);
  CHECK((b == big).item<bool>());
  CHECK(message<DtypeError>([&] { add(b, b, {.alpha = 0.5}); }) == "add: alpha 0.5 is floating, the result i64");
}

TEST_CASE("powers at the edges") {
  CHECK(pow(doubles({0, 0, -8, -8, not_a_number, 2}), doubles({0, -1, 3, 0.5, 0, inf})).to_vector().at(0) == 1);
  Values f = pow(tensor({0, 0, -2, -2, 1, 3}), tensor({0, -1, 3, 0.5, 7, 2})).to_vector();
  CHECK(f[0] == 1);
  CHECK(f[1] == inf);
  CHECK(f[2] == -8);
  CHECK(std::isnan(f[3]));
  CHECK(f[4] == 1);
  CHECK(f[5] == 9);
  CHECK(pow(ints({-2, 3, 10}), 3).to_vector() == Values{-8, 27, 1000});
  CHECK(pow(ints({-1, 1, 2}), ints({-3, -3, -3})).to_vector() == Values{-1, 1, 0});
  CHECK(pow(2, ints({0, 1, 10})).to_vector() == Values{1, 2, 1024});
  CHECK(message<ValueError>([&] { pow(ints({2}), -1); }) == "pow: integers to the negative power -1 are no integers");
  CHECK(slope([](const Tensor& x) { return pow(x, 0); }, {0, 2}) == Values{0, 0});
  CHECK(slope([](const Tensor& x) { return pow(x, 2); }, {0, -3}) == Values{0, -6});
  CHECK(slope([](const Tensor& x) { return pow(0., x); }, {1, 2}) == Values{0, 0});
}

TEST_CASE("NaN and infinities pass through maximum, clamp and sign as in PyTorch") {
  Tensor a = doubles({not_a_number, 1, -inf}), b = doubles({1, not_a_number, inf});
  Values high = maximum(a, b).to_vector(), low = minimum(a, b).to_vector();
  CHECK(std::isnan(high[0]));
  CHECK(std::isnan(high[1]));
  CHECK(high[2] == inf);
  CHECK(std::isnan(low[0]));
  CHECK(std::isnan(low[1]));
  CHECK(low[2] == -inf);
  Values clamped = clamp(a, {.min = 0, .max = 0.5}).to_vector();
  CHECK(std::isnan(clamped[0]));
  CHECK(clamped[1] == 0.5);
  CHECK(clamped[2] == 0);
  CHECK(clamp(doubles({1}), {.min = 3, .max = 2}).item() == 2);
  CHECK(clamp(ints({-5, 5}), {.min = 0}).to_vector() == Values{0, 5});
  CHECK(clamp(ints({-5, 5}), {.min = 0.5}).dtype() == f32);
  CHECK(message<ValueError>([&] { clamp(a, {}); }) == "clamp: needs min, max or both");
  CHECK(sign(doubles({-2, -0., 0, 5})).to_vector() == Values{-1, 0, 0, 1});
  CHECK(sign(a).to_vector()[0] == 0);
  CHECK(nan_to_num(doubles({not_a_number, inf, -inf, 2})).to_vector() ==
        Values{0, std::numeric_limits<double>::max(), std::numeric_limits<double>::lowest(), 2});
  CHECK(isnan(ints({0})).item<bool>() == false);
  CHECK(isfinite(ints({0})).item<bool>());
}

TEST_CASE("slopes at kinks are PyTorch's") {
  CHECK(slope([](const Tensor& x) { return abs(x); }, {-2, 0, 2}) == Values{-1, 0, 1});
  CHECK(slope([](const Tensor& x) { return clamp(x, {.min = 0, .max = 1}); }, {-1, 0, 0.5, 1, 2}) ==
        Values{0, 1, 1, 1, 0});
  CHECK(slope([](const Tensor& x) { return maximum(x, zeros({3}, {.dtype = f64})); }, {-1, 0, 1}) == Values{0, 0.5, 1});
  CHECK(slope([](const Tensor& x) { return floor(x); }, {0.5, 1}) == Values{0, 0});
}

TEST_CASE("rounding goes to the even neighbour and keeps integers") {
  CHECK(round(doubles({0.5, 1.5, 2.5, -0.5, -1.5})).to_vector() == Values{0, 2, 2, 0, -2});
  CHECK(floor(doubles({-0.5, 1e300})).to_vector() == Values{-1, 1e300});
  CHECK(trunc(doubles({-1.7, 1.7})).to_vector() == Values{-1, 1});
  CHECK(frac(doubles({-1.75, 1.75})).to_vector() == Values{-0.75, 0.75});
  CHECK(floor(ints({3})).dtype() == i64);
  CHECK(message<DtypeError>([&] { frac(ints({3})); }) == "frac: expects a floating tensor, x is i64");
}

TEST_CASE("a result never shares memory with an operand, and an operand may appear twice") {
  Tensor x = tensor({1, 2, 3});
  Tensor y = add(x, 0.);
  CHECK(y.raw_data() != x.raw_data());
  CHECK((x * x).to_vector() == Values{1, 4, 9});
  Tensor z = tensor({3}, {.dtype = f64, .requires_grad = true});
  (z * z).backward();
  CHECK(z.grad().item() == 6);
}

TEST_CASE("operands that are transposed alike give what their copies give") {
  Generator generator(21);
  for (const Shape& shape : {Shape{70, 90}, Shape{20, 30, 40}}) {
    Tensor a = randn(shape, {}, generator), b = randn(shape, {}, generator), one = full({1}, 0.5);
    auto turned = [](const Tensor& x) { return transpose(x, 0, -1); };
    auto copy = [&](const Tensor& x) { return transpose(x, 0, -1).contiguous(); };
    for (const auto& [view, plain] :
         {std::pair{turned(a) - turned(b), copy(a) - copy(b)}, std::pair{turned(a) > turned(b), copy(a) > copy(b)},
          std::pair{turned(a) * 2, copy(a) * 2}, std::pair{one - turned(a), one - copy(a)},
          std::pair{where(turned(a) > 0, turned(b), turned(a)), where(copy(a) > 0, copy(b), copy(a))},
          std::pair{lerp(turned(a), turned(b), turned(b)), lerp(copy(a), copy(b), copy(b))}}) {
      CHECK(view.is_contiguous());
      CHECK(view.to_vector() == plain.to_vector());
    }
    Tensor x = a.clone().requires_grad_();
    (turned(x) * turned(b)).backward(copy(b));
    CHECK(x.grad().to_vector() == (b * b).to_vector());
  }
}
