#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include <tests/framework/ops/thrown_message.h>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/normalization.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

double largest_difference(const Tensor& a, const Tensor& b) {
  std::vector<double> x = a.to_vector(), y = b.to_vector();
  REQUIRE(x.size() == y.size());
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::abs(x[i] - y[i]));
  return largest;
}

}  // namespace

TEST_CASE("batch_norm by hand") {
  Tensor x = tensor({{1, 10}, {3, 30}}, {f64}), mean = zeros({2}, {f64}), var = ones({2}, {f64});
  Tensor y = batch_norm(x, mean, var, tensor({2, 1}, {f64}), tensor({0, 5}, {f64}),
                        {.training = true, .momentum = 0.5, .eps = 0});
  CHECK(y.to_vector() == std::vector<double>{-2, 4, 2, 6});
  CHECK(mean.to_vector() == std::vector<double>{1, 10});
  CHECK(var.to_vector() == std::vector<double>{1.5, 100.5});  // of the unbiased 2 and 200
  CHECK(batch_norm(x, mean, var, {}, {}, {.eps = 0.5}).to_vector()[2] == doctest::Approx(2 / std::sqrt(2.0)));
  CHECK(mean.to_vector() == std::vector<double>{1, 10});  // evaluation leaves them alone
}

TEST_CASE("batch_norm in all layouts and sizes is what the formula gives, gradients too") {
  Generator generator(3);
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    CAPTURE(target);
    for (const Shape& shape : {Shape{7, 3}, Shape{5, 4, 3}, Shape{3, 2, 5, 7}, Shape{2, 3, 8, 8}, Shape{1, 2, 3, 4, 5},
                               Shape{2, 2, 33, 300}}) {
      CAPTURE(to_string(shape));
      for (DType dtype : {f32, f64}) {
        double tolerance = dtype == f32 ? 2e-5 : 1e-12;
        Tensor x = randn(shape, {dtype}, generator), g = randn(shape, {dtype}, generator);
        Tensor w = rand({shape[1]}, {dtype}, generator).requires_grad_(),
               b = rand({shape[1]}, {dtype}, generator).requires_grad_();
        x.requires_grad_();
        Tensor y = batch_norm(x, {}, {}, w, b, {.training = true});
        std::vector<Tensor> fused = grad({y}, {x, w, b}, {g}, {.retain_graph = true});
        std::vector<Tensor> in_ops = grad({y}, {x, w, b}, {g}, {.create_graph = true});
        Dims over{0};
        Shape along = Shape::filled(shape.rank(), 1);
        along[1] = shape[1];
        for (int i = 2; i < shape.rank(); ++i) over.push_back(i);
        Tensor centred = x - mean(x, over, {.keepdim = true});
        Tensor plain =
            centred / sqrt(mean(square(centred), over, {.keepdim = true}) + 1e-5) * w.reshape(along) + b.reshape(along);
        std::vector<Tensor> expected = grad({plain}, {x, w, b}, {g});
        CHECK(largest_difference(y, plain) < tolerance);
        double scale = std::sqrt(static_cast<double>(shape.numel()));
        for (std::size_t i = 0; i < 3; ++i) {
          CHECK(largest_difference(fused[i], expected[i]) < tolerance * scale);
          CHECK(largest_difference(in_ops[i], expected[i]) < tolerance * scale);
        }
      }
    }
  }
  kernels::choose_default_target();
}

TEST_CASE("batch_norm_relu is relu of batch_norm and residual, to the bit, gradients too") {
  Generator generator(4);
  for (const Shape& shape : {Shape{7, 3}, Shape{3, 2, 5, 7}, Shape{2, 3, 9, 15}, Shape{1024, 2, 32, 32}}) {
    CAPTURE(to_string(shape));
    for (DType dtype : {f32, f64}) {
      if (dtype == f64 && shape[0] == 1024) continue;
      Tensor x = randn(shape, {dtype}, generator).requires_grad_(), r = randn(shape, {dtype}, generator);
      Tensor w = randn({shape[1]}, {dtype}, generator).requires_grad_(), g = randn(shape, {dtype}, generator),
             b = randn({shape[1]}, {dtype}, generator).requires_grad_();
      r.requires_grad_();
      for (bool training : {true, false}) {
        for (bool with_residual : {true, false}) {
          Tensor mean = full({shape[1]}, 0.25, {dtype}), var = full({shape[1]}, 2, {dtype});
          const BatchNormOptions options{.training = training};
          std::vector<Tensor> inputs{x, w, b};
          if (with_residual) inputs.push_back(r);
          Tensor fused = batch_norm_relu(x, with_residual ? r : Tensor(), mean.clone(), var.clone(), w, b, options);
          Tensor plain = batch_norm(x, mean.clone(), var.clone(), w, b, options);
          plain = relu(with_residual ? plain + r : plain);
          CHECK(fused.to_vector() == plain.to_vector());
          std::vector<Tensor> expected = grad({plain}, inputs, {g}), found = grad({fused}, inputs, {g});
          for (std::size_t i = 0; i < inputs.size(); ++i) CHECK(found[i].to_vector() == expected[i].to_vector());
        }
        // The residual's gradient alone.
        Tensor mean = zeros({shape[1]}, {dtype}), var = ones({shape[1]}, {dtype});
        Tensor fused = batch_norm_relu(x.detach(), r, mean, var);
        CHECK(grad({fused}, {r}, {g})[0].to_vector() ==
              grad({relu(batch_norm(x.detach(), mean, var) + r)}, {r}, {g})[0].to_vector());
      }
    }
  }
}

TEST_CASE("batch_norm_relu lets a NaN through") {
  Tensor x = tensor({{NAN}, {-1}}), y = batch_norm_relu(x, {}, zeros({1}), ones({1}));
  CHECK(std::isnan(y.to_vector()[0]));
  CHECK(y.to_vector()[1] == 0);
}

TEST_CASE("batch_norm of a tensor that is written past the caches is that of its halves") {
  Tensor x = randn({100, 2, 128, 64}), mean = tensor({0.5, -1}), var = tensor({2, 0.25});  // 6.25 MiB
  Tensor y = batch_norm(x, mean, var, {}, {}, {.training = false});
  for (int64_t half : {0, 50}) {
    Tensor part = batch_norm(slice(x, 0, half, half + 50), mean, var, {}, {}, {.training = false});
    CHECK(slice(y, 0, half, half + 50).to_vector() == part.to_vector());
  }
}

TEST_CASE("a mean far from zero does not drown the variance") {
  Tensor x = tensor({100001, 99999, 100001, 99999}).reshape({4, 1});  // f32
  CHECK(batch_norm(x, {}, {}, {}, {}, {.training = true, .eps = 0}).to_vector() == std::vector<double>{1, -1, 1, -1});
  CHECK(layer_norm(x.reshape({4}), {4}, {}, {}, {.eps = 0}).to_vector() == std::vector<double>{1, -1, 1, -1});
}

TEST_CASE("layer, group and instance norm by hand") {
  Tensor x = tensor({{1, 3}, {10, 30}}, {f64});
  CHECK(layer_norm(x, {2}, tensor({2, 1}, {f64}), tensor({0, 5}, {f64}), {.eps = 0}).to_vector() ==
        std::vector<double>{-2, 6, -2, 6});
  Tensor images = tensor({{{1, 3}, {10, 30}}}, {f64});
  CHECK(group_norm(images, 2, {}, {}, {.eps = 0}).to_vector() == std::vector<double>{-1, 1, -1, 1});
  CHECK(instance_norm(images, {}, {}, tensor({1, 2}, {f64}), tensor({0, 5}, {f64}), {.eps = 0}).to_vector() ==
        std::vector<double>{-1, 1, 3, 7});
  CHECK(std::abs(sum(group_norm(images, 1)).item()) < 1e-12);
}

TEST_CASE("normalisations have the same bits for any number of threads") {
  Generator generator(8);
  Tensor x = randn({16, 24, 17, 13}, {}, generator).requires_grad_(), w = rand({24}, {}, generator).requires_grad_();
  Tensor v = rand({13}, {}, generator).requires_grad_();
  int before = num_threads();
  auto run = [&] {
    std::vector<std::vector<double>> all;
    for (const Tensor& y : {batch_norm(x, {}, {}, w, w, {.training = true}), group_norm(x, 4, w, w)})
      for (const Tensor& t : grad({sum(y * y)}, {x, w})) all.push_back(t.to_vector());
    for (const Tensor& t : grad({sum(square(layer_norm(x, {13}, v, v)))}, {x, v})) all.push_back(t.to_vector());
    return all;
  };
  set_num_threads(1);
  auto one = run();
  set_num_threads(3);
  CHECK(run() == one);
  set_num_threads(before);
}

TEST_CASE("empty batches") {
  Tensor x = zeros({0, 3, 2, 2}, {f32, true}), w = ones({3}, {f32, true}), mean = full({3}, 4), var = full({3}, 5);
  Tensor y = batch_norm(x, mean, var, w, w, {.training = true});
  CHECK(y.shape() == x.shape());
  sum(y).backward();
  CHECK(w.grad().to_vector() == std::vector<double>{0, 0, 0});
  CHECK(mean.to_vector() == std::vector<double>{4, 4, 4});
  CHECK(layer_norm(zeros({0, 3}), {3}).shape() == Shape{0, 3});
  CHECK(group_norm(zeros({0, 4, 2}), 2).shape() == Shape{0, 4, 2});
  CHECK(instance_norm(zeros({0, 4, 2})).shape() == Shape{0, 4, 2});
}

TEST_CASE("normalisations tell what is wrong") {
  Tensor x = zeros({2, 3, 4});
  CHECK(message_of<ShapeError>([&] {
          batch_norm_relu(x, zeros({2, 3}), zeros({3}), ones({3}));
        }) == "batch_norm_relu: residual expects the shape of x [2,3,4], got [2,3]");
  CHECK(message_of<DtypeError>([&] {
          batch_norm_relu(x, zeros({2, 3, 4}, {f64}), zeros({3}), ones({3}));
        }) == "batch_norm_relu: residual is f64, x is f32");
  CHECK(message_of<ValueError>([] {
          batch_norm(zeros({1, 3}), {}, {}, {}, {}, {.training = true});
        }) == "batch_norm: needs more than one value for each channel in training, x is [1,3]");
  CHECK(message_of<ValueError>([&] { batch_norm(x, {}, {}); }) ==
        "batch_norm: evaluation needs running_mean and running_var, running_mean is undefined");
  CHECK(message_of<ShapeError>([&] { batch_norm(zeros({3}), {}, {}); }) ==
        "batch_norm: expects x [N,C] or [N,C,...], got [3]");
  CHECK(message_of<ShapeError>([&] { batch_norm(x, {}, {}, ones({4}), {}, {.training = true}); }) ==
        "batch_norm: weight expects shape [3], one for each channel of x [2,3,4], got [4]");
  CHECK(message_of<DtypeError>([&] { batch_norm(x, {}, {}, ones({3}, {f64}), {}, {.training = true}); }) ==
        "batch_norm: weight is f64, x is f32");
  CHECK(message_of<DtypeError>([&] {
          batch_norm(zeros({2, 3}, {i64}), {}, {});
        }) == "batch_norm: expects a floating tensor, x is i64");
  CHECK(message_of<ShapeError>([&] { layer_norm(x, {3}); }) ==
        "layer_norm: expects [3] as the last dimensions of x, got [2,3,4]");
  CHECK(message_of<ShapeError>([&] { layer_norm(x, {4}, ones({3})); }) ==
        "layer_norm: weight expects shape [4] for x [2,3,4], got [3]");
  CHECK(message_of<ValueError>([&] { group_norm(x, 2); }) ==
        "group_norm: 3 channels do not divide into 2 groups (x [2,3,4])");
  CHECK(message_of<ValueError>([&] {
          instance_norm(zeros({2, 3, 1}));
        }) == "instance_norm: needs more than one value for each channel of an image, x is [2,3,1]");
  CHECK(message_of<ValueError>([&] {
          instance_norm(x, {}, {}, {}, {}, {.use_input_stats = false});
        }).find("instance_norm: without") == 0);
  CHECK(message_of<ValueError>([&] { local_response_norm(x, 0); }) ==
        "local_response_norm: size expects at least 1, got 0");
}

TEST_CASE("the kernels' gradients are those of the formulas in ops, for runs, matrices and single values per channel") {
  using Normalise = std::function<Tensor(const Tensor&, const Tensor&, const Tensor&)>;
  const Normalise groups = [](const Tensor& x, const Tensor& w, const Tensor& b) { return group_norm(x, 2, w, b); };
  const Normalise images = [](const Tensor& x, const Tensor& w, const Tensor& b) {
    return instance_norm(x, {}, {}, w, b);
  };
  const Normalise batch = [](const Tensor& x, const Tensor& w, const Tensor& b) {
    return batch_norm(x, {}, {}, w, b, {.training = true});
  };
  const Normalise fixed = [](const Tensor& x, const Tensor& w, const Tensor& b) {
    return batch_norm(x, w.detach() * 0.5, square(b.detach()) + 0.5, w, b);
  };
  const std::vector<std::pair<Normalise, std::vector<Shape>>> cases = {
      {groups, {{3, 4, 3, 5}, {3, 4, 4, 4}, {2, 6, 17}, {70, 4, 40}, {5, 4}}},
      {images, {{3, 4, 3, 5}, {3, 4, 4, 4}, {2, 6, 17}, {70, 4, 40}}},
      {batch, {{2, 1}, {5, 3}, {64, 16}, {130, 37}, {3, 4, 4, 4}}},
      {fixed, {{1, 5}, {5, 3}, {64, 16}, {130, 37}, {3, 4, 4, 4}}}};
  std::string before = kernels::active_target();
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    Generator generator(9);
    for (const auto& [normalise, shapes] : cases)
      for (const Shape& shape : shapes) {
        CAPTURE(target);
        CAPTURE(to_string(shape));
        Tensor x = randn(shape, {f64}, generator) * 3 + 100, w = randn({shape[1]}, {f64}, generator),
               b = randn({shape[1]}, {f64}, generator), upstream = randn(shape, {f64}, generator);
        std::vector<Tensor> both[2], in_f32;
        for (bool in_ops : {false, true}) {
          for (Tensor* leaf : {&x, &w, &b}) *leaf = leaf->detach().requires_grad_();
          for (const Tensor& gradient : grad({normalise(x, w, b)}, {x, w, b}, {upstream}, {.create_graph = in_ops}))
            both[in_ops].push_back(gradient.detach());
        }
        Tensor y = normalise(x.detach(), w.detach(), b.detach());
        Tensor y32 = normalise(x.detach().to(f32), w.detach().to(f32), b.detach().to(f32));
        CHECK(largest_difference(y, y32.to(f64)) < 2e-4);
        for (int i : {0, 1, 2}) CHECK(largest_difference(both[0][i], both[1][i]) < 1e-9);
      }
  }
  kernels::force_target(before);
}
