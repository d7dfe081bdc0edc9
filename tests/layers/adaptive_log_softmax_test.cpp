#include <korrel/layers/adaptive_log_softmax.h>

#include <doctest/doctest.h>

#include <tests/wrong_calls.h>

#include <korrel/korrel.h>

using namespace korrel;

TEST_CASE("adaptive softmax: probabilities of all classes, and the loss that reads the targets' only") {
  nn::AdaptiveLogSoftmaxWithLoss layer(16, 20, {4, 10}, {.div_value = 2, .head_bias = true});
  layer.to(f64);
  std::vector<std::string> keys;
  for (const auto& [name, tensor] : layer.state_dict()) keys.push_back(name);
  CHECK(keys == std::vector<std::string>{"head.weight", "head.bias", "tail.0.0.weight", "tail.0.1.weight",
                                         "tail.1.0.weight", "tail.1.1.weight"});
  CHECK(layer.head.weight.shape() == Shape{6, 16});
  CHECK(layer.tail[1].get<nn::Linear>(1).weight.shape() == Shape{10, 4});

  Tensor x = randn({7, 16}, {f64, true}), target = tensor({0, 3, 4, 9, 10, 19, 10}, {i64});
  Tensor all = layer.log_prob(x);
  CHECK(all.shape() == Shape{7, 20});
  for (double total : sum(exp(all), 1).to_vector()) CHECK(total == doctest::Approx(1));
  nn::AdaptiveLogSoftmaxResult result = layer(x, target);
  Tensor expected = gather(all, 1, target.unsqueeze(1)).squeeze(1);
  std::vector<double> a = result.output.to_vector(), b = expected.to_vector();
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == doctest::Approx(b[i]));
  CHECK(result.loss.item() == doctest::Approx(-mean(expected).item()));
  CHECK(layer.predict(x).to_vector() == argmax(all, 1).to_vector());
  CHECK(layer(x[2], target[2]).output.item() == doctest::Approx(b[2]));

  // The same gradients as through all probabilities.
  std::vector<Tensor> inputs = layer.parameters();
  inputs.push_back(x);
  std::vector<Tensor> fast = grad({result.loss}, inputs), slow = grad({-mean(expected)}, inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    std::vector<double> p = fast[i].to_vector(), q = slow[i].to_vector();
    for (std::size_t j = 0; j < p.size(); ++j) CHECK(p[j] == doctest::Approx(q[j]));
  }
}

TEST_CASE("adaptive softmax: the head alone decides on frequent classes") {
  nn::AdaptiveLogSoftmaxWithLoss layer(8, 10, {5});
  Tensor x = randn({3, 8}), head = log_softmax(layer.head(x), 1);
  CHECK(layer(x, tensor({0, 1, 4}, {i64})).output.to_vector() ==
        std::vector<double>{head[0][0].item(), head[1][1].item(), head[2][4].item()});
}

TEST_CASE("what adaptive softmax refuses") {
  using Layer = nn::AdaptiveLogSoftmaxWithLoss;
  Layer layer(8, 10, {5});
  wrong_calls::check({
      {"value", [] { Layer l(8, 10, {}); }, {"AdaptiveLogSoftmaxWithLoss: cutoffs must not be empty"}},
      {"value",
       [] {
         Layer l(8, 10, {5, 5});
       },
       {"cutoffs must ascend between 0 and n_classes=10, got [5,5]"}},
      {"value", [] { Layer l(8, 10, {10}); }, {"cutoffs must ascend between 0 and n_classes=10, got [10]"}},
      {"value", [] { Layer l(8, 10, {0}); }, {"cutoffs must ascend between 0"}},
      {"value",
       [] {
         Layer l(8, 10, {2, 4});
       },
       {"cluster 1 would have no hidden features (in_features=8, div_value=4)"}},
      {"value", [] { Layer l(8, 10, {5}, {.div_value = 0}); }, {"div_value must be positive, got 0"}},
      {"shape",
       [&] {
         layer(zeros({3, 8}), zeros({2}, {i64}));
       },
       {"AdaptiveLogSoftmaxWithLoss: needs x [N,C]"}},
      {"dtype",
       [&] {
         layer(zeros({3, 8}), zeros({3}));
       },
       {"AdaptiveLogSoftmaxWithLoss: target must be i64, is f32"}},
      {"value",
       [&] {
         layer(zeros({1, 8}), full({1}, 10, {i64}));
       },
       {"AdaptiveLogSoftmaxWithLoss: target 10 is not one of the 10 classes"}},
      {"shape", [&] { layer.log_prob(zeros({8})); }, {"log_prob needs x [N,C], is [8]"}},
  });
}

TEST_CASE("max pooling layers give the indices that unpooling layers need") {
  Tensor x1 = randn({2, 3, 8}), x2 = randn({2, 3, 6, 8}), x3 = randn({2, 2, 4, 4, 4});
  WithIndices pooled = nn::MaxPool2d(2).with_indices(x2), expected = max_pool2d_with_indices(x2, 2);
  CHECK(pooled.values.to_vector() == expected.values.to_vector());
  CHECK(pooled.indices.to_vector() == expected.indices.to_vector());
  CHECK(nn::MaxUnpool2d(2)(pooled.values, pooled.indices).shape() == x2.shape());
  CHECK(nn::MaxPool1d(2).with_indices(x1).indices.to_vector() == max_pool1d_with_indices(x1, 2).indices.to_vector());
  CHECK(nn::MaxPool3d(2).with_indices(x3).indices.to_vector() == max_pool3d_with_indices(x3, 2).indices.to_vector());
  wrong_calls::check({
      {"shape",
       [] {
         nn::MaxPool2d(2).with_indices(zeros({3, 3}));
       },
       {"MaxPool2d: max_pool2d: x needs 4 dimensions"}},
  });
}
