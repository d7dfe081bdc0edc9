// Accuracy and averages by hand.
#include <doctest/doctest.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/training/metrics.h>
#include <tests/temporary_folder.h>

using namespace korrel;
using namespace korrel::training;

TEST_CASE("accuracy counts rows whose first largest value is at the label") {
  Tensor labels = from_vector<int64_t>({0, 2, 1, 1});
  for (DType dtype : {f32, f64}) {
    Tensor logits = tensor({{3, 1, 2}, {1, 2, 3}, {5, 5, 1}, {1, 5, 5}}, {.dtype = dtype});
    CHECK(count_correct(logits, labels) == 3);  // in the third row the first 5 wins, and it is at 0
    CHECK(accuracy(logits, labels) == 0.75);
  }
  CHECK(accuracy(tensor({{0, 1}, {0, 2}}).t(), from_vector<int64_t>({0, 1})) ==
        1);  // not contiguous: [[0,0],[1,2]]; its memory read in order would give 0.5
  CHECK(accuracy(zeros({0, 3}), zeros({0}, {.dtype = i64})) == 0);
}

TEST_CASE("accuracy refuses what does not fit") {
  CHECK(contains(message_of<ShapeError>([] { accuracy(zeros({2, 3}), zeros({3}, {.dtype = i64})); }), "[2,3] and [3]"));
  CHECK(contains(message_of<ShapeError>([] { accuracy(zeros({2}), zeros({2}, {.dtype = i64})); }), "[2]"));
  CHECK(contains(message_of<DtypeError>([] { accuracy(zeros({2, 3}), zeros({2})); }), "f32 and f32"));
}

TEST_CASE("an average weighs its values") {
  Average average;
  CHECK(average.value() == 0);
  average.add(1, 3);
  average.add(5);
  CHECK(average.value() == 2);
  CHECK(average.weight() == 4);
}
