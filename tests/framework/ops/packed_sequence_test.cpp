#include <korrel/framework/ops/packed_sequence.h>

#include <doctest/doctest.h>

#include <korrel/framework/base/error.h>
#include <korrel/framework/tensor/create.h>
#include <tests/message_of.h>

using namespace korrel;
using Numbers = std::vector<double>;
using Counts = std::vector<int64_t>;

namespace {

// Sequences 1 2, 3 4 5, 6 side by side, steps down.
Tensor three() { return tensor({{1, 3, 6}, {2, 4, 0}, {0, 5, 0}}); }

}  // namespace

TEST_CASE("packing sorts by length and leaves the padding out") {
  PackedSequence packed = pack_padded_sequence(three(), {2, 3, 1}, {.enforce_sorted = false});
  CHECK(packed.data.to_vector() == Numbers{3, 1, 6, 4, 2, 5});
  CHECK(packed.batch_sizes == Counts{3, 2, 1});
  CHECK(packed.sorted_indices == Counts{1, 0, 2});
  CHECK(packed.unsorted_indices == Counts{1, 0, 2});
  PaddedSequence back = pad_packed_sequence(packed);
  CHECK(back.data.to_vector() == three().to_vector());
  CHECK(back.lengths == Counts{2, 3, 1});
  PaddedSequence wide = pad_packed_sequence(packed, {.batch_first = true, .padding_value = -1, .total_length = 4});
  CHECK(wide.data.shape() == Shape{3, 4});
  CHECK(wide.data.to_vector() == Numbers{1, 2, -1, -1, 3, 4, 5, -1, 6, -1, -1, -1});

  PackedSequence sorted = pack_padded_sequence(three().t(), {2, 2, 1}, {.batch_first = true});
  CHECK(sorted.data.to_vector() == Numbers{1, 3, 6, 2, 4});
  CHECK(sorted.batch_sizes == Counts{3, 2});
  CHECK(sorted.sorted_indices.empty());
  CHECK(pad_packed_sequence(sorted).data.shape() == Shape{2, 3});
}

TEST_CASE("lists of sequences") {
  std::vector<Tensor> list{tensor({1, 2}), tensor({3, 4, 5}), tensor({6})};
  CHECK(pad_sequence(list).to_vector() == three().to_vector());
  CHECK(pad_sequence(list, {.batch_first = true, .padding_value = 9}).to_vector() ==
        Numbers{1, 2, 9, 3, 4, 5, 6, 9, 9});
  CHECK(pack_sequence(list, {.enforce_sorted = false}).data.to_vector() == Numbers{3, 1, 6, 4, 2, 5});
}

TEST_CASE("wrong use of packed sequences is told") {
  auto pack = [](const Counts& lengths, PackOptions options = {}) {
    return message_of<ValueError>([&] { pack_padded_sequence(three(), lengths, options); });
  };
  CHECK(pack({3, 4, 1}, {.enforce_sorted = false}) ==
        "pack_padded_sequence: lengths must be from 1 to 3, that of sequence 1 is 4 (x [3,3])");
  CHECK(pack({3, 0, 1}) == "pack_padded_sequence: lengths must be from 1 to 3, that of sequence 1 is 0 (x [3,3])");
  CHECK(pack({2, 3, 1}) ==
        "pack_padded_sequence: lengths must not grow, 3 follows 2; .enforce_sorted = false takes any order");
  CHECK(message_of<ShapeError>([] {
          pack_padded_sequence(three(), {1, 1});
        }) == "pack_padded_sequence: x has 3 sequences, lengths 2 (x [3,3])");
  CHECK(message_of<ShapeError>([] { pack_padded_sequence(ones({3}), {3}); }) ==
        "pack_padded_sequence: x needs shape [T,N,...], has [3]");
  CHECK(message_of<ValueError>([] {
          pack_padded_sequence(ones({3, 0}), {});
        }) == "pack_padded_sequence: needs at least one sequence, x is [3,0]");
  CHECK(message_of<ValueError>([] { pad_packed_sequence({}); }) == "pad_packed_sequence: the sequence is empty");
  CHECK(message_of<ValueError>([] {
          pad_packed_sequence({ones({3}), {2, 1}}, {.total_length = 1});
        }) == "pad_packed_sequence: total_length is 1, the longest sequence has 2 steps");
  CHECK(message_of<ShapeError>([] {
          pad_packed_sequence({ones({4}), {2, 1}});
        }) == "pad_packed_sequence: batch_sizes add up to 3 rows, data is [4]");
  CHECK(message_of<ValueError>([] {
          pad_packed_sequence({ones({3}), {1, 2}});
        }) == "pad_packed_sequence: batch_sizes must not grow or be negative, at step 1 2");
  CHECK(message_of<ValueError>([] {
          pad_packed_sequence({ones({3}), {2, 1}, {0, 2}, {}});
        }) == "pad_packed_sequence: sorted_indices holds 2, there are 2 sequences");
  CHECK(message_of<ValueError>([] { pad_sequence({}); }) == "pad_sequence: needs at least one sequence, got none");
  CHECK(message_of<ShapeError>([] {
          pad_sequence({ones({2, 3}), ones({2, 4})});
        }) == "pad_sequence: sequences must agree but for their first size, 1 is [2,4] and the first [2,3]");
}
