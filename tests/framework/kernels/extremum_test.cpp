// Where extremes are and how many bytes there are, against counting one by one, on every SIMD target.
#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/extremum.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

template <class T>
int64_t place_of_extreme(bool largest, const T* x, int64_t stride, int64_t n) {
  int64_t best = 0;
  for (int64_t i = 0; i < n; ++i) {
    const T v = x[i * stride], own = x[best * stride];
    if (std::isnan(own)) break;
    if (std::isnan(v) || (largest ? v > own : v < own)) best = i;
  }
  return best;
}

template <class T>
void check_places(const Tensor& x) {  // [batch, rows, columns]
  const int64_t batch = x.size(0), rows = x.size(1), columns = x.size(2);
  for (bool largest : {true, false}) {
    Tensor at = largest ? argmax(x, 1) : argmin(x, 1);
    WithIndices both = largest ? max(x, 1) : min(x, 1);
    int64_t wrong = 0;
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t k = 0; k < columns; ++k) {
        const T* column = x.data<T>() + b * rows * columns + k;
        const int64_t expected = place_of_extreme(largest, column, columns, rows), i = b * columns + k;
        wrong += at.data<int64_t>()[i] != expected || both.indices.data<int64_t>()[i] != expected;
        const T value = both.values.data<T>()[i], wanted = column[expected * columns];
        wrong += !(value == wanted || (std::isnan(value) && std::isnan(wanted)));
      }
    CHECK_MESSAGE(wrong == 0, wrong << " of " << batch * columns << ", " << rows << " rows, " << columns << " columns");
  }
}

}  // namespace

TEST_CASE("places of extremes: rows and columns of every length, ties, NaN, infinities") {
  std::string before = kernels::active_target();
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    CAPTURE(target);
    Generator generator(5);
    for (int64_t rows : {1, 2, 3, 7, 8, 9, 16, 17, 31, 100, 4095, 4096, 9001})
      for (int64_t columns : {1, 2, 3, 15, 16, 17, 33, 70}) {
        if (rows > 100 && columns > 3) continue;
        Tensor x = round(randn({3, rows, columns}, {}, generator) * 4);  // many ties
        Tensor u = rand({3, rows, columns}, {}, generator);
        for (const Tensor& mixed : {x, where(u < 0.02, INFINITY, x), where(u < 0.05, -INFINITY, x),
                                    where(u < 1.0 / static_cast<double>(rows), NAN, x), zeros_like(x) - INFINITY}) {
          check_places<float>(mixed);
          check_places<double>(mixed.to(f64));
        }
      }
  }
  kernels::force_target(before);
}

TEST_CASE("places of extremes where there is nothing beside the dimension") {
  CHECK(argmax(zeros({3, 2, 0}), 1).shape() == Shape{3, 0});
  CHECK(argmin(zeros({0, 2}), 1).shape() == Shape{0});
  CHECK(max(zeros({3, 2, 0}, {f32, true}), 1).values.shape() == Shape{3, 0});
}

TEST_CASE("the gradient of max goes to its place only") {
  Tensor x = randn({4, 5, 6}, {f64, true});
  for (int64_t dim : {0, 1, 2}) {
    x.zero_grad();
    WithIndices y = max(x, dim);
    Tensor upstream = randn(y.values.shape(), {f64});
    y.values.backward(upstream);
    Tensor expected = where(x.detach() == max(x.detach(), dim, {.keepdim = true}).values, upstream.unsqueeze(dim), 0);
    CHECK(x.grad().to_vector() == expected.to_vector());
  }
}

TEST_CASE("sums of booleans and bytes count them, whatever the length") {
  Generator generator(6);
  for (int64_t n : {1, 7, 8, 9, 1023, 1024, 1025, 5000, 20000})
    for (int64_t columns : {1, 3, 40, 1030}) {
      if (n > 1025 && columns > 3) continue;
      Tensor x = rand({2, n, columns}, {}, generator);
      Tensor is = x < 0.7, bytes = (x * 256).to(u8);
      CHECK(sum(is, 1).to_vector() == sum(is.to(i64), 1).to_vector());
      CHECK(sum(bytes, 1).to_vector() == sum(bytes.to(i64), 1).to_vector());
      CHECK(sum(bytes).item() == sum(bytes.to(f64)).item());
      CHECK(count_nonzero(is).item() == sum(is.to(f64)).item());
      CHECK(all(is, 1).to_vector() == (sum(is.to(i64), 1) == n).to_vector());
      CHECK(any(is, 1).to_vector() == (sum(is.to(i64), 1) > 0).to_vector());
    }
  CHECK(sum(full({100000}, 255, {u8})).item() == 25500000);
}

TEST_CASE("narrow rows: what repeats from row to row, what fills them, what strides") {
  Generator generator(7);
  for (int64_t width : {2, 3, 5, 10, 31, 49, 63, 64, 65}) {
    const int64_t rows = 1 + 2000 / width;
    Tensor x = randn({rows, width}, {}, generator), row = randn({width}, {}, generator);
    Tensor column = randn({rows, 1}, {}, generator), wide = randn({rows, 2 * width}, {}, generator);
    auto by_hand = [&](auto value) {
      std::vector<double> values;
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t k = 0; k < width; ++k) values.push_back(value(r, k));
      return values;
    };
    auto at = [](const Tensor& t, int64_t i) { return t.data<float>()[i]; };
    CHECK((x - row).to_vector() == by_hand([&](int64_t r, int64_t k) { return at(x, r * width + k) - at(row, k); }));
    CHECK((row - x).to_vector() == by_hand([&](int64_t r, int64_t k) { return at(row, k) - at(x, r * width + k); }));
    CHECK((x - column).to_vector() ==
          by_hand([&](int64_t r, int64_t k) { return at(x, r * width + k) - at(column, r); }));
    CHECK((row - column).to_vector() == by_hand([&](int64_t r, int64_t k) { return at(row, k) - at(column, r); }));
    Tensor part = narrow(wide, 1, 1, width), step = slice(wide, 1, 0, 2 * width, 2);
    CHECK((part - step).to_vector() == by_hand([&](int64_t r, int64_t k) {
            return at(wide, r * 2 * width + 1 + k) - at(wide, r * 2 * width + 2 * k);
          }));
    CHECK((x > row).to_vector() == by_hand([&](int64_t r, int64_t k) { return at(x, r * width + k) > at(row, k); }));
    CHECK(where(x > row, column, part).to_vector() == by_hand([&](int64_t r, int64_t k) {
            return at(x, r * width + k) > at(row, k) ? at(column, r) : at(wide, r * 2 * width + 1 + k);
          }));
  }
}

TEST_CASE("narrow rows that are alike within a group, whatever the number of threads") {
  Generator generator(8);
  const int before = num_threads();
  for (int64_t width : {2, 3, 7, 10, 33})
    for (int64_t rows : {2, 50, 300, 1001}) {
      const int64_t groups = 1 + 60000 / (rows * width);
      Tensor x = randn({groups, rows, width}, {}, generator), own = randn({groups, 1, width}, {}, generator),
             all = randn({width}, {}, generator), of_group = randn({groups, 1, 1}, {}, generator);
      for (int threads : {1, 3}) {
        set_num_threads(threads);
        Tensor a = x - own, b = own - of_group + x * 0, c = where(x > all, own, of_group);
        int64_t wrong = 0;
        for (int64_t i = 0; i < x.numel(); ++i) {
          const int64_t g = i / (rows * width), k = i % width;
          const float mine = own.data<float>()[g * width + k], groups_own = of_group.data<float>()[g];
          const float value = x.data<float>()[i];
          wrong += a.data<float>()[i] != value - mine;
          wrong += b.data<float>()[i] != (mine - groups_own) + value * 0;
          wrong += c.data<float>()[i] != (value > all.data<float>()[k] ? mine : groups_own);
        }
        CHECK_MESSAGE(wrong == 0, wrong << " wrong, width " << width << ", rows " << rows);
      }
    }
  set_num_threads(before);
}
