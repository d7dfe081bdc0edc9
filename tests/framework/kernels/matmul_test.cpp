#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/matmul.h>
#include <korrel/framework/kernels/targets.h>

using namespace korrel;
using namespace korrel::kernels;

namespace {

template <class T>
struct Product {
  int64_t batch, m, n, k;
  MatrixStrides as, bs;
  std::vector<T> a, b, bias, c;

  Product(int64_t batch_, int64_t m_, int64_t n_, int64_t k_, bool a_transposed, bool b_transposed, bool broadcast,
          std::mt19937& random)
      : batch(batch_), m(m_), n(n_), k(k_) {
    as = a_transposed ? MatrixStrides{m * k, 1, m} : MatrixStrides{m * k, k, 1};
    bs = b_transposed ? MatrixStrides{n * k, 1, k} : MatrixStrides{n * k, n, 1};
    if (broadcast) bs.batch = 0;
    const auto fill = [&](std::vector<T>& values, int64_t count) {
      values.resize(count);
      for (T& value : values) value = std::uniform_real_distribution<T>(-1, 1)(random);
    };
    fill(a, batch * m * k);
    fill(b, (broadcast ? 1 : batch) * n * k);
    fill(bias, std::max(m, n));
  }

  void run(bool with_bias, BiasPer per = BiasPer::kColumn) {
    c.assign(batch * m * n, std::numeric_limits<T>::quiet_NaN());
    matmul(batch, m, n, k, a.data(), as, b.data(), bs, c.data(), with_bias ? bias.data() : nullptr, per);
  }

  void check(bool with_bias, BiasPer per = BiasPer::kColumn) {
    run(with_bias, per);
    double worst = 0;
    for (int64_t i = 0; i < batch; ++i) {
      for (int64_t row = 0; row < m; ++row) {
        for (int64_t column = 0; column < n; ++column) {
          double sum = with_bias ? bias[per == BiasPer::kRow ? row : column] : 0;
          for (int64_t d = 0; d < k; ++d) {
            sum += static_cast<double>(a[i * as.batch + row * as.row + d * as.col]) *
                   b[i * bs.batch + d * bs.row + column * bs.col];
          }
          const double difference = std::abs(c[(i * m + row) * n + column] - sum);
          if (!(difference <= worst)) worst = difference;
        }
      }
    }
    INFO("batch ", batch, " m ", m, " n ", n, " k ", k, " a ", as.row, ",", as.col, " b ", bs.row, ",", bs.col);
    CHECK(worst < 24 * std::numeric_limits<T>::epsilon() * std::sqrt(k + 1.0));
  }
};

template <class Body>
void on_every_target(const Body& body) {
  for (const std::string& target : available_targets()) {
    force_target(target);
    INFO("target ", target);
    body();
  }
  choose_default_target();
}

}  // namespace

TEST_CASE("the forced target is the one that matmul runs on") {
  std::vector<std::string> seen;
  for (const std::string& target : available_targets()) {
    force_target(target);
    for (const std::string& other : seen) CHECK(other != matmul_target());
    seen.push_back(matmul_target());
  }
  choose_default_target();
}

TEST_CASE_TEMPLATE("any sizes and strides agree with three loops on every target", T, float, double) {
  on_every_target([] {
    std::mt19937 random(1);
    const auto pick = [&](int64_t low, int64_t high) {
      return std::uniform_int_distribution<int64_t>(low, high)(random);
    };
    for (int i = 0; i < 200; ++i) {
      const int64_t large = i % 4 == 0 ? 130 : 40;
      Product<T>(pick(1, 3), pick(1, large), pick(1, large), pick(0, i % 5 == 0 ? 600 : large), pick(0, 1), pick(0, 1),
                 pick(0, 1), random)
          .check(pick(0, 2) > 0, i % 2 == 0 ? BiasPer::kRow : BiasPer::kColumn);
    }
    for (bool a_transposed : {false, true}) {
      for (bool b_transposed : {false, true}) {
        for (int64_t m : {1, 2, 3, 4, 7, 64}) {
          Product<T>(1, m, 120, 400, a_transposed, b_transposed, false, random).check(true);
          Product<T>(1, m, 10, 84, a_transposed, b_transposed, false, random).check(true);
          Product<T>(1, 120, m, 400, a_transposed, b_transposed, false, random).check(false);
          Product<T>(2, m, 200, 30, a_transposed, b_transposed, false, random).check(true, BiasPer::kRow);
          Product<T>(2, 120, m, 40, a_transposed, b_transposed, false, random).check(true, BiasPer::kRow);
          Product<T>(1, 64, 96, m, a_transposed, b_transposed, false, random).check(false);
        }
      }
    }
    Product<T>(1, 520, 70, 1200, false, true, false, random).check(true);  // blocks of rows and of the depth
    Product<T>(1, 330, 4200, 20, true, false, false, random).check(true);  // and of columns
    for (int64_t k : {1, 5, 8, 32}) {                                      // little to sum
      Product<T>(2, 70, 150, k, true, false, false, random).check(true, BiasPer::kRow);
      Product<T>(1, 70, 9, k, false, false, false, random).check(true);
      Product<T>(1, 37, 1100, k, false, false, false, random).check(true);
      Product<T>(1, 8, 300, 4 * k, false, true, false, random).check(true);
    }
    Product<T>(1, 20, 1100, 1500, false, false, false, random).check(true);  // strips of columns, blocks of the depth
    Product<T>(1, 7, 1100, 300, false, false, false, random).check(true);
    for (int64_t m : {1, 2, 4, 8}) Product<T>(2, m, 117, 50, true, false, false, random).check(true, BiasPer::kRow);
    for (int64_t n : {2, 10, 12}) Product<T>(2, 45, n, 150, false, true, false, random).check(true);
    Product<T>(1, 14, 4200, 750, true, false, false, random).check(true, BiasPer::kRow);
  });
}

TEST_CASE("odd strides: every second element, and one row or column for all") {
  std::mt19937 random(2);
  Product<float> p(2, 5, 37, 20, false, false, false, random);
  p.a.resize(2 * 5 * 20 * 2);
  for (float& value : p.a) value = std::uniform_real_distribution<float>(-1, 1)(random);
  p.as = {200, 40, 2};
  p.check(false);
  p.as = {100, 0, 1};
  p.check(true);
  p.bs = {740, 37, 0};
  p.check(true);
}

TEST_CASE("nothing to sum gives zero or the bias; nothing to write writes nothing") {
  std::mt19937 random(3);
  Product<float>(2, 3, 33, 0, false, false, false, random).check(false);
  Product<float>(2, 3, 33, 0, false, false, false, random).check(true);
  Product<float>(0, 3, 3, 3, false, false, false, random).check(false);
  Product<float>(2, 0, 3, 3, false, false, false, random).check(false);
  Product<float>(2, 3, 0, 3, false, false, false, random).check(false);
}

TEST_CASE_TEMPLATE("any number of threads gives the same bits", T, float, double) {
  const int before = num_threads();
  std::mt19937 random(4);
  const int64_t sizes[][4] = {{1, 200, 200, 300}, {1, 1, 3000, 300}, {1, 1000, 33, 500}, {5, 70, 90, 110},
                              {1, 64, 120, 400},  {1, 300, 280, 30}, {1, 300, 10, 700}};
  for (const auto& [batch, m, n, k] : sizes) {
    for (bool transposed : {false, true}) {
      Product<T> one(batch, m, n, k, false, transposed, false, random);
      set_num_threads(1);
      one.run(true);
      for (int threads : {2, 3, 5}) {
        set_num_threads(threads);
        Product<T> several = one;
        several.run(true);
        CHECK(std::memcmp(one.c.data(), several.c.data(), one.c.size() * sizeof(T)) == 0);
      }
    }
  }
  set_num_threads(before);
}

TEST_CASE("an infinity stays in its row and column") {
  std::mt19937 random(5);
  for (int64_t m : {1, 5, 40}) {
    on_every_target([&] {
      Product<float> p(1, m, 37, 19, false, m == 5, false, random);
      p.b[p.bs.row * 7 + p.bs.col * 20] = std::numeric_limits<float>::infinity();
      p.run(true);
      for (int64_t i = 0; i < m * 37; ++i) CHECK(std::isfinite(p.c[i]) == (i % 37 != 20));
    });
  }
}
