// A dataset checks what it is made of and hands out its first samples without a copy.
#include <doctest/doctest.h>
#include <korrel/datasets/dataset.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/tensor/create.h>
#include <tests/temporary_folder.h>

using namespace korrel;
using datasets::Dataset;

TEST_CASE("first() shares memory and takes no more than there is") {
  Dataset data{.inputs = arange(0, 12, 1, {.dtype = f32}).reshape({4, 3}), .labels = arange(4), .name = "four"};
  Dataset two = data.first(2);
  two.validate();
  CHECK(two.size() == 2);
  CHECK(two.sample_shape() == Shape{3});
  CHECK(two.inputs.raw_data() == data.inputs.raw_data());
  CHECK(two.inputs.to_vector() == std::vector<double>{0, 1, 2, 3, 4, 5});
  CHECK(data.first(9).size() == 4);
  CHECK(data.first(0).size() == 0);
  CHECK(data.slice(1, 2).inputs.to_vector() == std::vector<double>{3, 4, 5, 6, 7, 8});
  CHECK(data.slice(1, 2).labels.to_vector() == std::vector<double>{1, 2});
  CHECK(data.slice(4, 0).size() == 0);
  for (auto [begin, count] : {std::pair<int64_t, int64_t>{3, 2}, {-1, 2}, {0, -1}, {5, 0}, {1, INT64_MAX}}) {
    CHECK(contains(message_of<ValueError>([&, b = begin, c = count] { data.slice(b, c); }), "of 4 samples"));
  }
  CHECK(contains(message_of<ValueError>([&] { data.first(-1); }), "four: first(-1)"));
}

TEST_CASE("validate names what does not fit") {
  auto said = []<class E>(const Dataset& data) { return message_of<E>([&] { data.validate(); }); };
  CHECK(contains(said.operator()<ValueError>({.inputs = zeros({2})}), "must both be given"));
  CHECK(contains(said.operator()<DtypeError>({.inputs = zeros({2}, {.dtype = f64}), .labels = arange(2)}),
                 "u8 or f32, got f64"));
  CHECK(contains(said.operator()<DtypeError>({.inputs = zeros({2}), .labels = zeros({2})}), "labels must be i64"));
  CHECK(contains(said.operator()<ShapeError>({.inputs = zeros({2, 1}), .labels = arange(3)}),
                 "inputs [2,1] and labels [3]"));
  CHECK(contains(said.operator()<ValueError>({.inputs = zeros({2}), .labels = arange(2), .classes = {"one"}}),
                 "label 1 of sample 1"));
  CHECK(contains(said.operator()<ValueError>({.inputs = zeros({2}), .labels = arange(2), .mean = {0}}), "mean has 1"));
}
