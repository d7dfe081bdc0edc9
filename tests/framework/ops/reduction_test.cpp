#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <tests/framework/ops/thrown_message.h>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/extremum.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/scan.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

using Values = std::vector<double>;

// 0, 1, 2, ... in f64.
Tensor counting(const Shape& shape, DType dtype = f64) {
  return arange(0, static_cast<double>(shape.numel()), 1, {dtype}).reshape(shape);
}

}  // namespace

TEST_CASE("sum: all, one dimension, several, keepdim") {
  Tensor x = counting({2, 3, 4});
  CHECK(sum(x).item() == 276);
  CHECK(sum(x).shape() == Shape{});
  CHECK(sum(x, 1).shape() == Shape{2, 4});
  CHECK(sum(x, 1).to_vector() == Values{12, 15, 18, 21, 48, 51, 54, 57});
  CHECK(sum(x, -1, {.keepdim = true}).shape() == Shape{2, 3, 1});
  CHECK(sum(x, -1).to_vector() == Values{6, 22, 38, 54, 70, 86});
  CHECK(sum(x, {0, 2}).to_vector() == Values{60, 92, 124});
  CHECK(sum(x, {2, 0}).to_vector() == Values{60, 92, 124});
  CHECK(sum(x, {-3, -1}, {.keepdim = true}).shape() == Shape{1, 3, 1});
  CHECK(sum(x, {}, {.keepdim = true}).shape() == Shape{1, 1, 1});
  CHECK(sum(scalar(3)).item() == 3);
  CHECK(sum(scalar(3), 0).shape() == Shape{});
  CHECK(sum(scalar(3), -1).item() == 3);
}

TEST_CASE("sum: every choice of dimensions of a tensor in any layout is what adding one by one gives") {
  Generator generator(3);
  Tensor base = rand({3, 1, 4, 5, 2}, {f64}, generator);
  std::vector<Tensor> layouts = {base,
                                 base.permute({4, 2, 0, 1, 3}),
                                 base.permute({1, 0, 3, 2, 4}),
                                 base.narrow(3, 1, 3),
                                 base.narrow(0, 1, 2).transpose(2, 3),
                                 base.select(2, 1).unsqueeze(0).expand({2, 3, 1, 5, 2})};
  for (const Tensor& x : layouts) {
    for (int choice = 1; choice < 32; ++choice) {
      Dims dims;
      for (int d = 0; d < 5; ++d)
        if (choice >> d & 1) dims.push_back(d);
      Tensor y = sum(x, dims, {.keepdim = true}), dense = x.contiguous();
      Values expected(static_cast<std::size_t>(y.numel()), 0.0);
      for (int64_t i = 0; i < x.numel(); ++i) {
        int64_t at = 0, rest = i, step = 1;
        for (int d = 4; d >= 0; --d) {
          int64_t place = rest % x.size(d);
          rest /= x.size(d);
          if (!(choice >> d & 1)) {
            at += place * step;
            step *= x.size(d);
          }
        }
        expected[static_cast<std::size_t>(at)] += dense.data<double>()[i];
      }
      CAPTURE(choice);
      REQUIRE(y.numel() == static_cast<int64_t>(expected.size()));
      for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(y.to_vector()[i] == doctest::Approx(expected[i]).epsilon(1e-14));
    }
  }
}

TEST_CASE("sum: integers and booleans give i64") {
  Tensor x = tensor({{1, 2, 3}, {4, 5, 6}}, {i64});
  CHECK(sum(x).dtype() == i64);
  CHECK(sum(x, 0).to_vector() == Values{5, 7, 9});
  CHECK(sum(x, 1).to_vector() == Values{6, 15});
  CHECK(sum(tensor({200, 100, 50}, {u8})).item<int64_t>() == 350);
  CHECK(sum(tensor({1, 0, 1, 1}, {boolean})).item<int64_t>() == 3);
  CHECK(sum(full({3}, 9007199254740993.0, {i64})).item<int64_t>() == 3 * int64_t{9007199254740992});
}

TEST_CASE("reductions of nothing") {
  CHECK(sum(zeros({0})).item() == 0);
  CHECK(sum(zeros({0, 3}), 0).to_vector() == Values{0, 0, 0});
  CHECK(sum(zeros({0, 3}), 1).shape() == Shape{0});
  CHECK(std::isnan(mean(zeros({0})).item()));
  CHECK(std::isnan(var(zeros({0})).item()));
  CHECK(all(zeros({0})).item<bool>());
  CHECK_FALSE(any(zeros({0})).item<bool>());
  CHECK(amax(zeros({0, 3}), 1).shape() == Shape{0});
  CHECK(message_of<ValueError>([] {
          max(zeros({0, 3}));
        }) == "max: has no value over no elements, x is [0,3] and the dimensions are [0,1]");
  CHECK(message_of<ValueError>([] {
          argmin(zeros({2, 0, 3}), 1);
        }) == "argmin: has no value over no elements, x is [2,0,3] and the dimensions are [1]");
  CHECK(message_of<ValueError>([] { amin(zeros({2, 0}), -1); }).find("amin: has no value") == 0);
  CHECK(message_of<ValueError>([] { median(zeros({0})); }).find("median: has no value") == 0);
  Tensor x = zeros({0, 3}, {f64, true});
  sum(x).backward();
  CHECK(x.grad().shape() == Shape{0, 3});
}

TEST_CASE("reductions tell what is wrong with their arguments") {
  Tensor x = zeros({2, 3});
  CHECK(message_of<ShapeError>([&] { sum(x, 2); }).find("sum: ") == 0);
  CHECK(message_of<ShapeError>([&] { sum(x, {0, -2}); }) == "sum: dimension 0 is named twice in [0,-2]");
  CHECK(message_of<DtypeError>([&] { mean(zeros({2}, {i64})); }) == "mean: expects a floating tensor, x is i64");
  CHECK(message_of<DtypeError>([&] { var(zeros({2}, {boolean})); }) == "var: expects a floating tensor, x is bool");
  CHECK(message_of<ShapeError>([&] { max(x, 5); }).find("max: ") == 0);
  CHECK(message_of<ValueError>([&] { kthvalue(x, 4, 1); }) ==
        "kthvalue: k is 4, dimension 1 of x [2,3] has 3 elements");
  CHECK(message_of<ValueError>([&] { kthvalue(x, 0, 1); }).find("kthvalue: k is 0") == 0);
  CHECK(message_of<ShapeError>([&] { sum_to(x, {4}); }) == "sum_to: [4] does not broadcast to [2,3]");
  CHECK(message_of<ShapeError>([&] { sum_to(x, {1, 2, 3}); }) == "sum_to: [1,2,3] does not broadcast to [2,3]");
}

TEST_CASE("mean, var: by hand") {
  Tensor x = tensor({{1, 2, 3}, {4, 6, 14}}, {f64});
  CHECK(mean(x).item() == 5);
  CHECK(mean(x, 1).to_vector() == Values{2, 8});
  CHECK(var(x, 1).to_vector() == Values{1, 28});
  CHECK(var(x, 1, {.unbiased = false}).to_vector()[1] == doctest::Approx(56.0 / 3));
  CHECK(var(x, 0, {.keepdim = true}).shape() == Shape{1, 3});
  CHECK(var(x, {0, 1}).item() == doctest::Approx(var(x).item()));
  CHECK(var(x).item() == doctest::Approx((16 + 9 + 4 + 1 + 1 + 81) / 5.0));
  CHECK(std::isnan(var(tensor({3})).item()));
  CHECK(var(tensor({3}), {}, {.unbiased = false}).item() == 0);
  // A mean far from zero does not drown the variance: 1e6 +- 1 in f32.
  CHECK(var(tensor({1000001, 999999, 1000001, 999999})).item() == doctest::Approx(4.0 / 3));
  CHECK(mean(tensor({1, 2, 3})).item() == 2);  // exactly
}

TEST_CASE("sum of a million f32 numbers is right to 1e-6") {
  Generator generator(5);
  Tensor x = rand({1000003}, {}, generator);
  double exact = 0;
  for (int64_t i = 0; i < x.numel(); ++i) exact += x.data<float>()[i];
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    CHECK(std::abs(sum(x).item() / exact - 1) < 1e-6);
    CHECK(std::abs(
              sum(x.narrow(0, 0, 1000000).reshape({1000000, 1}).expand({1000000, 3}).contiguous(), 0).to_vector()[1] /
                  (exact - sum(x.narrow(0, 1000000, 3)).item()) -
              1) < 1e-6);
  }
  kernels::choose_default_target();
}

TEST_CASE("reductions have the same bits for any number of threads") {
  Generator generator(6);
  Tensor x = rand({700, 1301}, {}, generator);
  int before = num_threads();
  auto results = [&] {
    return std::vector<Tensor>{sum(x),         sum(x, 0),
                               sum(x, 1),      var(x),
                               var(x, 0),      var(x, 1),
                               amax(x),        sum(x.reshape({7, 100, 1301}), {0, 2}),
                               mean(x.t(), 0), sum(x.reshape({-1, 7}), 0)};
  };
  set_num_threads(1);
  std::vector<Tensor> one = results();
  for (int threads : {2, 3, 8}) {
    set_num_threads(threads);
    std::vector<Tensor> several = results();
    for (std::size_t i = 0; i < one.size(); ++i) CHECK(several[i].to_vector() == one[i].to_vector());
  }
  set_num_threads(before);
}

TEST_CASE("reductions agree on every SIMD target at every length") {
  Generator generator(7);
  for (DType dtype : {f32, f64}) {
    for (int64_t n : {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 127, 129, 255, 1000, 8191, 8193, 20000}) {
      Tensor rows = rand({3, n}, {dtype}, generator), columns = rows.t().contiguous();
      double tolerance = dtype == f32 ? 1e-5 : 1e-13;
      for (const std::string& target : kernels::available_targets()) {
        CAPTURE(target);
        CAPTURE(n);
        kernels::force_target(target);
        for (const auto& [by_row, by_column] :
             {std::pair{sum(rows, 1), sum(columns, 0)}, std::pair{amax(rows, 1), amax(columns, 0)},
              std::pair{amin(rows, 1), amin(columns, 0)},
              std::pair{var(rows, 1, {.unbiased = false}), var(columns, 0, {.unbiased = false})}}) {
          for (int i = 0; i < 3; ++i)
            CHECK(by_row.to_vector()[static_cast<std::size_t>(i)] ==
                  doctest::Approx(by_column.to_vector()[static_cast<std::size_t>(i)]).epsilon(tolerance));
        }
        const auto values = rows.to_vector();
        double total = 0, largest = -inf;
        for (int64_t i = 0; i < n; ++i) {
          total += values[static_cast<std::size_t>(n + i)];
          largest = std::max(largest, values[static_cast<std::size_t>(n + i)]);
        }
        CHECK(sum(rows, 1).to_vector()[1] == doctest::Approx(total).epsilon(tolerance));
        CHECK(amax(rows, 1).to_vector()[1] == largest);
      }
    }
  }
  kernels::choose_default_target();
}

TEST_CASE("max and min: values, places, ties, NaN, infinities") {
  Tensor x = tensor({{3, 1, 3}, {-1, -5, -5}}, {f64, true});
  auto [values, indices] = max(x, 1);
  CHECK(values.to_vector() == Values{3, -1});
  CHECK(indices.to_vector() == Values{0, 0});
  CHECK(indices.dtype() == i64);
  CHECK(min(x, -1).indices.to_vector() == Values{1, 1});
  CHECK(max(x, 0, {.keepdim = true}).values.shape() == Shape{1, 3});
  sum(values).backward();
  CHECK(x.grad().to_vector() == Values{1, 0, 0, 1, 0, 0});  // the first of equals takes it
  x.zero_grad();
  max(x).backward();
  CHECK(x.grad().to_vector() == Values{0.5, 0, 0.5, 0, 0, 0});  // shared
  x.zero_grad();
  sum(amin(x, 1)).backward();
  CHECK(x.grad().to_vector() == Values{0, 1, 0, 0, 0.5, 0.5});
  CHECK(argmax(x).item<int64_t>() == 0);
  CHECK(argmin(x).item<int64_t>() == 4);
  CHECK(argmin(x, 0).to_vector() == Values{1, 1, 1});
  CHECK(argmax(x, 1, {.keepdim = true}).shape() == Shape{2, 1});

  for (int64_t place : {0, 5, 16, 39}) {
    Tensor y = rand({40}, {f64});
    y.data<double>()[place] = not_a_number;
    CAPTURE(place);
    CHECK(std::isnan(max(y).item()));
    CHECK(std::isnan(amin(y).item()));
    CHECK(argmax(y).item<int64_t>() == place);
    CHECK(argmin(y, 0).item<int64_t>() == place);
    CHECK(std::isnan(amax(y.reshape({8, 5}), 0).to_vector()[static_cast<std::size_t>(place % 5)]));
  }
  CHECK(max(tensor({-inf, -inf})).item() == -inf);
  CHECK(min(tensor({inf, 3, -inf})).item() == -inf);
  CHECK(argmax(tensor({-inf, -inf})).item<int64_t>() == 0);
  CHECK(max(tensor({3, 200, 7}, {u8})).item<int>() == 200);
  CHECK(max(tensor({3, 200, 7}, {u8})).dtype() == u8);
  CHECK(amin(tensor({{3, -9}, {5, 2}}, {i64}), 0).to_vector() == Values{3, -9});
  CHECK(max(scalar(4), 0).indices.item<int64_t>() == 0);
}

TEST_CASE("median and kthvalue") {
  Tensor x = tensor({{4, 1, 3, 2}, {7, 7, 1, 7}}, {f64, true});
  CHECK(median(x).item() == 3);  // of eight elements the fourth
  CHECK(median(x, 1).values.to_vector() == Values{2, 7});
  CHECK(median(x, 1).indices.to_vector()[0] == 3);
  CHECK(kthvalue(x, 1, 1).values.to_vector() == Values{1, 1});
  CHECK(kthvalue(x, 4).values.to_vector() == Values{4, 7});
  CHECK(kthvalue(x, 2, 0).values.to_vector() == Values{7, 7, 3, 7});
  sum(kthvalue(x, 3, 1).values).backward();
  CHECK(x.grad().to_vector()[2] == 1);
  CHECK(std::isnan(median(tensor({1, not_a_number, 3})).item()));
  CHECK(kthvalue(tensor({1, not_a_number, 3}), 2, 0).values.item() == 3);
}

TEST_CASE("all, any, count_nonzero, nansum") {
  Tensor x = tensor({{1, 0}, {2, 3}});
  CHECK_FALSE(all(x).item<bool>());
  CHECK(all(x, 1).to_vector() == Values{0, 1});
  CHECK(all(x, 1).dtype() == boolean);
  CHECK(any(x, 0, {.keepdim = true}).shape() == Shape{1, 2});
  CHECK(all(tensor({1, 2}, {u8})).dtype() == u8);
  CHECK(count_nonzero(x).item<int64_t>() == 3);
  CHECK(count_nonzero(x, 1).to_vector() == Values{1, 2});
  CHECK(any(tensor({0, not_a_number})).item<bool>());  // NaN is not zero
  Tensor y = tensor({1, not_a_number, 2}, {f64, true});
  CHECK(nansum(y).item() == 3);
  nansum(y).backward();
  CHECK(y.grad().to_vector() == Values{1, 0, 1});
}

TEST_CASE("sum_to undoes broadcasting") {
  Tensor x = ones({2, 3, 4}, {f64});
  CHECK(sum_to(x, {4}).to_vector() == Values{6, 6, 6, 6});
  CHECK(sum_to(x, {3, 1}).to_vector() == Values{8, 8, 8});
  CHECK(sum_to(x, {2, 1, 4}).shape() == Shape{2, 1, 4});
  CHECK(sum_to(x, {}).item() == 24);
  CHECK(sum_to(x, {1, 1}).shape() == Shape{1, 1});
  CHECK(sum_to(x, {2, 3, 4}).same_as(x));
  CHECK(sum_to(zeros({0, 3}), {1, 3}).to_vector() == Values{0, 0, 0});
}

TEST_CASE("prod: zeros, integers, gradients through zeros") {
  CHECK(prod(tensor({{1, 2, 3}, {4, 5, 6}}, {f64}), 1).to_vector() == Values{6, 120});
  CHECK(prod(zeros({2, 0}), 1).to_vector() == Values{1, 1});
  CHECK(prod(tensor({3, 5, 7}, {i64})).item<int64_t>() == 105);
  CHECK(prod(tensor({3, 5, 7}, {u8})).dtype() == i64);
  Tensor x = tensor({{2, 0, 3}, {0, 0, 5}, {2, 3, 4}}, {f64, true});
  sum(prod(x, 1)).backward();
  CHECK(x.grad().to_vector() == Values{0, 6, 0, 0, 0, 0, 12, 8, 6});
}

TEST_CASE("logsumexp neither overflows nor loses -inf") {
  CHECK(logsumexp(tensor({1000, 1000}, {f64})).item() == doctest::Approx(1000 + std::log(2.0)));
  CHECK(logsumexp(tensor({-1000, -1000}, {f64})).item() == doctest::Approx(-1000 + std::log(2.0)));
  CHECK(logsumexp(tensor({-inf, 0})).item() == 0);
  CHECK(logsumexp(tensor({-inf, -inf})).item() == -inf);
  CHECK(logsumexp(tensor({inf, 0})).item() == inf);
  CHECK(std::isnan(logsumexp(tensor({not_a_number, 0})).item()));
}

TEST_CASE("norm: by hand, and the slope at the origin") {
  Tensor x = tensor({{3, -4}, {0, 0}}, {f64, true});
  CHECK(norm(x).item() == 5);
  CHECK(norm(x, 1, 1).to_vector() == Values{7, 0});
  CHECK(norm(x, inf, 0).to_vector() == Values{3, 4});
  CHECK(norm(x, 0).item() == 2);
  CHECK(norm(x, 2, {0, 1}, {.keepdim = true}).shape() == Shape{1, 1});
  sum(norm(x, 2, 1)).backward();
  CHECK(x.grad().to_vector()[0] == doctest::Approx(0.6));
  CHECK(x.grad().to_vector()[1] == doctest::Approx(-0.8));
  CHECK(x.grad().to_vector()[2] == 0);
  CHECK(message_of<ValueError>([] { norm(zeros({0}), inf); }).find("norm: has no value over no elements") == 0);
  CHECK(norm(zeros({0})).item() == 0);
}

TEST_CASE("running reductions") {
  CHECK(cumsum(tensor({1, 2, 3, 4}, {f64}), 0).to_vector() == Values{1, 3, 6, 10});
  CHECK(cumsum(tensor({{1, 0}, {1, 1}}, {boolean}), 0).to_vector() == Values{1, 0, 2, 1});
  CHECK(cumsum(tensor({{1, 0}, {1, 1}}, {boolean}), 0).dtype() == i64);
  CHECK(cumprod(tensor({{1, 2, 3}, {2, 0, 5}}, {f64}), -1).to_vector() == Values{1, 2, 6, 2, 0, 0});
  auto [values, indices] = cummax(tensor({1, 3, 2, 3, 0}, {f64}), 0);
  CHECK(values.to_vector() == Values{1, 3, 3, 3, 3});
  CHECK(indices.to_vector() == Values{0, 1, 1, 3, 3});  // the last of equal ones
  CHECK(cummin(tensor({2, not_a_number, 1}), 0).indices.to_vector() == Values{0, 1, 1});
  CHECK(logcumsumexp(tensor({-inf, 0, 0}, {f64}), 0).to_vector()[2] == doctest::Approx(std::log(2.0)));
  CHECK(cumsum(scalar(3), 0).item() == 3);
  CHECK(cumsum(zeros({2, 0}), 1).shape() == Shape{2, 0});
  CHECK(cumprod(zeros({0, 2}, {f64, true}), 0).shape() == Shape{0, 2});
  CHECK(message_of<ShapeError>([] { cumsum(zeros({2}), 1); }).find("cumsum: ") == 0);
  CHECK(message_of<DtypeError>([] { logcumsumexp(zeros({2}, {i64}), 0); }) ==
        "logcumsumexp: expects a floating tensor, x is i64");

  // Gradients through zeros and through -inf, second order by the same rule.
  Tensor x = tensor({2, 0, 3}, {f64, true});
  sum(cumprod(x, 0)).backward();
  CHECK(x.grad().to_vector() == Values{1, 8, 0});
  Tensor y = tensor({-inf, 0, 1000}, {f64, true});
  sum(logcumsumexp(y, 0)).backward();
  CHECK(y.grad().to_vector() == Values{0, 1, 1});
}
