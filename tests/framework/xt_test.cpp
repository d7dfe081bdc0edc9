// Tensors and xtensor arrays: the same bytes seen from both sides, and expressions made into tensors.
#include <korrel/framework/xt.h>

#include <doctest/doctest.h>

#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

TEST_CASE("A view is the tensor's own memory, in both directions") {
  Tensor x = zeros({2, 3});
  auto view = xt_view<float>(x);
  view(1, 2) = 7;
  CHECK(x.to_vector() == std::vector<double>{0, 0, 0, 0, 0, 7});
  x.data<float>()[0] = 5;
  CHECK(view(0, 0) == 5);
  CHECK(static_cast<const void*>(&view(0, 0)) == x.raw_data());
}

TEST_CASE("Transposed, sliced and broadcast tensors are seen as they are") {
  Tensor x = arange(0, 12, 1, {.dtype = f64}).reshape({3, 4});
  const Tensor transposed = x.t(), part = slice(x, 1, 1, 4, 2), repeated = x.narrow(0, 1, 1).expand({5, 4});
  auto t = xt_strided_view<double>(transposed);
  CHECK(t.shape()[0] == 4);
  CHECK(t(3, 1) == 7);
  auto p = xt_strided_view<double>(part);
  CHECK(p(2, 1) == 11);
  auto r = xt_strided_view<double>(repeated);
  CHECK(r(4, 2) == 6);
  CHECK(xt::sum(p)() == 1 + 3 + 5 + 7 + 9 + 11);
}

TEST_CASE("An expression becomes a tensor") {
  const Tensor a = randn({3, 4}, {.dtype = f64}), b = randn({4}, {.dtype = f64});
  Tensor y = from_xt(xt::exp(xt_view<double>(a)) * 2.0 + xt_view<double>(b));
  REQUIRE(y.shape() == Shape{3, 4});
  CHECK(y.dtype() == f64);
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 4; ++j)
      CHECK(y[i][j].item() == doctest::Approx(std::exp(a[i][j].item()) * 2 + b[j].item()));
  CHECK(from_xt(xt::sum(xt_view<double>(a), {1})).shape() == Shape{3});
  CHECK(from_xt(xt_strided_view<double>(a.t())).to_vector() == a.t().to_vector());
}

TEST_CASE("Types: comparisons are bool, integers i64, column-major arrays keep their indices") {
  const Tensor a = tensor({1, -2, 3});
  Tensor positive = from_xt(xt_view<float>(a) > 0.0f);
  CHECK(positive.dtype() == boolean);
  CHECK(positive.to_vector() == std::vector<double>{1, 0, 1});
  xt::xarray<int> counts = {{1, 2}, {3, 4}};
  CHECK(from_xt(counts).dtype() == i64);
  xt::xarray<float, xt::layout_type::column_major> columns = {{1, 2}, {3, 4}};
  CHECK(from_xt(columns).to_vector() == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("Scalars and empty tensors") {
  const Tensor one = scalar(3), none = zeros({0, 4});
  CHECK(xt_view<float>(one)() == 3);
  CHECK(xt_view<float>(none).size() == 0);
  CHECK(from_xt(xt_view<float>(none) + 1.0f).shape() == Shape{0, 4});
}

TEST_CASE("Another element type than the tensor's is refused, and a layout that xt_view cannot show") {
  Tensor x = zeros({2});
  CHECK_THROWS_WITH_AS(xt_view<double>(x), "xt_view: the tensor is f32, asked for f64", DtypeError);
  CHECK_THROWS_WITH_AS(xt_view<float>(zeros({2, 3}).t()),
                       "xt_view: call contiguous() first, or xt_strided_view; the tensor is a view of shape [3,2]",
                       ValueError);
}
