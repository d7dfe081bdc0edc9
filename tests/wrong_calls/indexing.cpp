// Wrong calls: picking and placing elements by numbers, tensors and masks.
#include <tests/wrong_calls/tables.h>

#include <korrel/korrel.h>

using namespace korrel;

namespace wrong_calls {

std::span<const Row> indexing() {
  static const Row rows[] = {
      {"value", [] { index(x(3, 4), {3}); }, {"index: index 3 is out of range for dimension 0 of size 3", "(x [3,4])"}},
      {"value",
       [] {
         index(x(3, 4), {0, -5});
       },
       {"index: index -5 is out of range for dimension 0 of size 4", "(x [3,4])"}},
      {"shape",
       [] {
         index(x(3), {0, 0});
       },
       {"index: 2 indices for the 1 dimensions of x [3]"}},
      {"shape",
       [] {
         index(x(3), {Ellipsis, Ellipsis});
       },
       {"index: more than one Ellipsis"}},
      {"dtype", [] { index(x(3), {x(2)}); }, {"index: index tensors are i64 or bool, this is f32"}},
      {"value",
       [] { index(x(3), {full({2}, 3, {.dtype = i64})}); },
       {"index: index 3 is out of range for dimension 0 of size 3"}},
      {"shape", [] { index(x(3, 4), {bools(2)}); }, {"index: the mask [2] does not fit dimension 0 of size 3"}},
      {"shape",
       [] {
         index(x(3, 4), {ints(2), ints(3)});
       },
       {"index: shapes [2] and [3] do not broadcast: 2 against 3 at dimension -1"}},
      {"value", [] { index(x(3), {Slice{.step = 0}}); }, {"slice: the step must be positive, got 0"}},
      {"shape",
       [] { index_put(x(3, 4), {0}, x(3)); },
       {"index_put: shapes [3] and [4] do not broadcast: 3 against 4 at dimension -1"}},
      {"value",
       [] { index_select(x(3, 4), 1, full({1}, 4, {.dtype = i64})); },
       {"index_select: index 4 is out of range for dimension 1 of size 4"}},
      {"shape",
       [] { index_select(x(3, 4), 0, ints(2, 2)); },
       {"index_select: the index must be a vector, it is [2,2]"}},
      {"shape",
       [] { index_select(x(3, 4), 2, ints(2)); },
       {"index_select: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"dtype", [] { index_select(x(3), 0, x(2)); }, {"index_select: the index must be i64, it is f32"}},
      {"shape",
       [] { gather(x(3, 4), 0, ints(2)); },
       {"gather: the index needs as many dimensions as x", "(index [2], x [3,4])"}},
      {"shape",
       [] { gather(x(3, 4), 0, ints(2, 5)); },
       {"gather: the index is larger than x at dimension 1", "(index [2,5], x [3,4])"}},
      {"value",
       [] {
         gather(x(3, 4), 1, full({3, 1}, 4, {.dtype = i64}));
       },
       {"gather: index 4 is out of range for dimension 1 of size 4"}},
      {"dtype", [] { gather(x(3), 0, x(2)); }, {"gather: the index must be i64, it is f32"}},
      {"value",
       [] { take(x(2, 3), full({1}, 6, {.dtype = i64})); },
       {"take: index 6 is out of range for the flattened tensor of size 6"}},
      {"shape",
       [] { take_along_dim(x(3, 4), ints(2), 0); },
       {"take_along_dim: x and the index need as many dimensions", "(x [3,4], index [2])"}},
      {"shape",
       [] { scatter(x(3, 4), 0, ints(2, 4), x(1, 4)); },
       {"scatter: the index is larger than src at dimension 0", "(index [2,4], src [1,4])"}},
      {"value",
       [] { scatter(x(3), 0, full({1}, 3, {.dtype = i64}), x(1)); },
       {"scatter: index 3 is out of range for dimension 0 of size 3"}},
      {"dtype", [] { scatter(x(3), 0, ints(1), ints(1)); }, {"scatter: x is f32, src is i64"}},
      {"shape",
       [] { scatter_add(x(3, 4), 0, ints(2), x(2)); },
       {"scatter_add: the index needs as many dimensions as x", "(index [2], x [3,4])"}},
      {"value",
       [] { scatter_reduce(x(3), 0, ints(2), x(2), "max"); },
       {"scatter_reduce: reduce is sum, prod, mean, amax or amin, got \"max\""}},
      {"shape",
       [] { index_add(x(3, 4), 0, ints(2), x(3, 4)); },
       {"index_add: source must be [2,4] for x [3,4] and an index of 2 at dimension 0, it is [3,4]"}},
      {"value",
       [] { index_add(x(3), 0, full({1}, -4, {.dtype = i64}), x(1)); },
       {"index_add: index -4 is out of range for dimension 0 of size 3"}},
      {"shape",
       [] { index_copy(x(3, 4), 1, ints(2), x(3, 3)); },
       {"index_copy: source must be [3,2] for x [3,4] and an index of 2 at dimension 1, it is [3,3]"}},
      {"value",
       [] { index_fill(x(3), 0, full({1}, 7, {.dtype = i64}), 1); },
       {"index_fill: index 7 is out of range for dimension 0 of size 3"}},
      {"dtype", [] { masked_select(x(3), ints(3)); }, {"masked_select: the mask must be bool, it is i64"}},
      {"shape",
       [] { masked_select(x(3), bools(4)); },
       {"masked_select: shapes [3] and [4] do not broadcast: 3 against 4 at dimension -1"}},
      {"shape",
       [] { masked_scatter(x(3), eq(x(3), 0), x(2)); },
       {"masked_scatter: the mask holds 3 times, source has 2 elements"}},
      {"dtype", [] { masked_scatter(x(3), bools(3), ints(3)); }, {"masked_scatter: x is f32, source is i64"}},
      {"value",
       [] { embedding(full({2}, 5, {.dtype = i64}), x(5, 3)); },
       {"embedding: x holds the number 5, weight [5,3] has rows 0 to 4"}},
      {"value",
       [] { embedding(full({2}, -1, {.dtype = i64}), x(5, 3)); },
       {"embedding: x holds the number -1, weight [5,3] has rows 0 to 4"}},
      {"dtype", [] { embedding(x(2), x(5, 3)); }, {"embedding: x holds row numbers and must be i64, it is f32"}},
      {"shape",
       [] { embedding(ints(2), x(5)); },
       {"embedding: weight needs shape [num_embeddings,embedding_dim], has [5]"}},
      {"value",
       [] { embedding(ints(2), x(5, 3), {.padding_idx = 5}); },
       {"embedding: padding_idx 5 is out of range for weight [5,3]"}},
      {"shape",
       [] { embedding_bag(ints(2, 2, 2), x(5, 3)); },
       {"embedding_bag: x needs 1 or 2 dimensions, has [2,2,2]"}},
      {"value",
       [] {
         embedding_bag(ints(4), x(5, 3), tensor({1, 2}, {.dtype = i64}));
       },
       {"embedding_bag: the first offset must be 0, got 1"}},
      {"value",
       [] {
         embedding_bag(ints(4), x(5, 3), tensor({0, 3, 2}, {.dtype = i64}));
       },
       {"embedding_bag: offsets must not decrease, 2 follows 3"}},
      {"value", [] { embedding_bag(ints(4), x(5, 3)); }, {"embedding_bag: x of 1 dimension [4] needs offsets"}},
      {"value",
       [] { embedding_bag(ints(2, 2), x(5, 3), {}, {.per_sample_weights = x(2, 2)}); },
       {"embedding_bag: per_sample_weights are for mode sum only"}},
  };
  return rows;
}

}  // namespace wrong_calls
