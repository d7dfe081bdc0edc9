// Wrong calls: views, rearrangements, padding and new tensors.
#include <tests/wrong_calls/tables.h>

#include <korrel/korrel.h>

using namespace korrel;

namespace wrong_calls {

std::span<const Row> shapes() {
  static const Row rows[] = {
      {"shape",
       [] {
         reshape(x(2, 3), {4, 2});
       },
       {"reshape: 6 elements do not fit into [4,2]"}},
      {"shape",
       [] {
         reshape(x(2, 3), {-1, 4});
       },
       {"reshape: 6 elements do not fit into [-1,4]"}},
      {"shape",
       [] {
         reshape(x(2, 3), {-1, -1});
       },
       {"reshape: only one dimension of [-1,-1] can be -1"}},
      {"shape",
       [] {
         reshape(x(2, 3), {-2, 3});
       },
       {"reshape: negative dimension in [-2,3]"}},
      {"shape",
       [] { view(x(2, 3).t(), {6}); },
       {"view: shape [3,2] with strides [1,3] cannot be seen as [6] without a copy"}},
      {"shape", [] { flatten(x(2, 3), 0, 2); }, {"flatten: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"shape", [] { flatten(x(2, 3, 4), 2, 1); }, {"flatten: start_dim 2 comes after end_dim 1"}},
      {"shape",
       [] {
         unflatten(x(2, 6), 1, {4, 2});
       },
       {"unflatten: 6 elements do not fit into [4,2]"}},
      {"shape", [] { permute(x(2, 3), {0}); }, {"permute: 1 dimensions given for a tensor of 2"}},
      {"shape",
       [] {
         permute(x(2, 3), {0, 0});
       },
       {"permute: dimension 0 is named twice in [0,0]"}},
      {"shape",
       [] {
         permute(x(2, 3), {0, 2});
       },
       {"permute: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"shape", [] { transpose(x(2, 3), 0, 2); }, {"transpose: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"shape", [] { t(x(2, 3, 4)); }, {"t: needs at most 2 dimensions, x is [2,3,4]"}},
      {"shape",
       [] {
         movedim(x(2, 3), {0}, {0, 1});
       },
       {"movedim: source [0] and destination [0,1] differ in number"}},
      {"shape", [] { movedim(x(2, 3), 0, 2); }, {"movedim: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"shape", [] { squeeze(x(2, 3), 2); }, {"squeeze: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"shape", [] { unsqueeze(x(2, 3), 4); }, {"unsqueeze: dimension 4 is out of range for rank 3: [-3, 2]"}},
      {"shape",
       [] {
         expand(x(2, 3), {2, 4});
       },
       {"expand: dimension 1 of [2,3] cannot become 4", "(target [2,4])"}},
      {"shape", [] { expand(x(2, 3), {3}); }, {"expand: [2,3] has more dimensions than [3]"}},
      {"shape",
       [] {
         expand(x(3), {-1, 3});
       },
       {"expand: the new dimension 0 of [-1,3] needs a size"}},
      {"shape",
       [] {
         broadcast_tensors({x(2, 3), x(2, 4)});
       },
       {"broadcast_tensors: shapes [2,3] and [2,4] do not broadcast: 3 against 4 at dimension -1"}},
      {"value",
       [] { select(x(2, 3), 1, 3); },
       {"select: index 3 is out of range for dimension 1 of size 3", "(x [2,3])"}},
      {"shape", [] { select(x(2, 3), 2, 0); }, {"select: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"shape",
       [] { narrow(x(2, 3), 1, 2, 2); },
       {"narrow: start 2 and length 2 exceed dimension 1 of size 3", "(x [2,3])"}},
      {"shape",
       [] { narrow(x(2, 3), 1, 0, -1); },
       {"narrow: start 0 and length -1 exceed dimension 1 of size 3", "(x [2,3])"}},
      {"value", [] { slice(x(5), 0, 0, 5, 0); }, {"slice: the step must be positive, got 0"}},
      {"value", [] { split(x(5), 0); }, {"split: pieces of 0 for dimension 0 of size 5"}},
      {"shape",
       [] {
         split(x(5), std::vector<int64_t>{2, 2});
       },
       {"split: the sizes add up to 4, dimension 0 has 5", "(x [5])"}},
      {"value", [] { chunk(x(5), 0); }, {"chunk: needs a positive number of chunks, got 0"}},
      {"shape", [] { unbind(x(2), 1); }, {"unbind: dimension 1 is out of range for rank 1: [-1, 0]"}},
      {"shape", [] { diagonal(x(3)); }, {"diagonal: dimension 1 is out of range for rank 1: [-1, 0]"}},
      {"shape", [] { diagonal(x(3, 3), 0, 1, 1); }, {"diagonal: dim1 and dim2 are both 1"}},
      {"shape",
       [] { unfold_dimension(x(4), 0, 5, 1); },
       {"unfold_dimension: windows of 5 do not fit into dimension 0 of size 4", "(x [4])"}},
      {"value",
       [] { unfold_dimension(x(4), 0, 2, 0); },
       {"unfold_dimension: needs size >= 0 and step > 0, got 2 and 0"}},
      {"shape", [] { meshgrid({x(2, 2)}); }, {"meshgrid: needs vectors, got [2,2]"}},
      {"value", [] { meshgrid({x(2)}, "yx"); }, {"meshgrid: indexing is \"ij\" or \"xy\", got \"yx\""}},
      {"shape",
       [] {
         cat({x(2, 3), x(2, 4)});
       },
       {"cat: [2,3] and [2,4] differ at dimension 1, which is not the joined one (0)"}},
      {"shape",
       [] {
         cat({x(2, 3), x(2)});
       },
       {"cat: [2,3] and [2] differ in the number of dimensions"}},
      {"shape",
       [] {
         cat({x(2, 3), x(2, 3)}, 2);
       },
       {"cat: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"value", [] { cat({}); }, {"cat: needs at least one tensor"}},
      {"shape",
       [] {
         stack({x(2, 3), x(3, 2)});
       },
       {"stack: needs equal shapes, got [2,3] and [3,2]"}},
      {"value", [] { stack({}); }, {"stack: needs at least one tensor"}},
      {"shape", [] { repeat(x(2, 3), {2}); }, {"repeat: [2] repeats for the dimensions of [2,3]"}},
      {"value", [] { repeat(x(2), {-1}); }, {"repeat: negative repeats in [-1]"}},
      {"value", [] { repeat_interleave(x(3), -1); }, {"repeat_interleave: negative repeats -1"}},
      {"shape",
       [] { repeat_interleave(x(3), ints(2), 0); },
       {"repeat_interleave: repeats [2] for dimension 0 of size 3"}},
      {"shape", [] { flip(x(2, 3), {2}); }, {"flip: dimension 2 is out of range for rank 2: [-2, 1]"}},
      {"shape",
       [] {
         flip(x(2, 3), {0, 0});
       },
       {"flip: dimension 0 is named twice in [0,0]"}},
      {"shape",
       [] {
         roll(x(2, 3), {1, 2}, {0});
       },
       {"roll: shifts [1,2] and dims [0] differ in number"}},
      {"shape", [] { rot90(x(3)); }, {"rot90: needs two of at least two dimensions, got [0,1] for x [3]"}},
      {"shape", [] { tril(x(3)); }, {"tril: needs at least 2 dimensions, x is [3]"}},
      {"shape", [] { diag(x(2, 2, 2)); }, {"diag: needs a vector or a matrix, x is [2,2,2]"}},
      {"value", [] { diff(x(3), -1); }, {"diff: the order -1 is negative"}},
      {"shape", [] { pad(x(2, 3), {1}); }, {"pad: needs two numbers per dimension, got [1]"}},
      {"shape",
       [] {
         pad(x(3), {1, 1, 1, 1});
       },
       {"pad: [1,1,1,1] pads 2 dimensions, x [3] has 1"}},
      {"shape",
       [] {
         pad(x(3), {-2, -2});
       },
       {"pad: nothing remains of dimension 0 of size 3 with pads -2 and -2", "(x [3])"}},
      {"shape",
       [] {
         pad(x(1, 3), {3, 0}, {.mode = PadMode::reflect});
       },
       {"pad: reflect needs pads below the size, dimension 1 of size 3 has 3 and 0", "(x [1,3])"}},
      {"shape",
       [] {
         pad(x(1, 3), {4, 0}, {.mode = PadMode::circular});
       },
       {"pad: circular pads at most once around, dimension 1 of size 3 has 4 and 0", "(x [1,3])"}},
      {"shape",
       [] {
         pad(x(1, 0), {1, 0}, {.mode = PadMode::replicate});
       },
       {"pad: nothing to pad dimension 1 of size 0 with", "(x [1,0], pads [1,0])"}},
      {"shape",
       [] {
         zeros({2, -1});
       },
       {"tensor: negative size in shape [2,-1]"}},
      {"shape",
       [] {
         zeros({int64_t{1} << 40, int64_t{1} << 40});
       },
       {"tensor: shape [1099511627776,1099511627776] is too large"}},
      {"value", [] { arange(0, 1, 0); }, {"arange: from 0 to 1 by 0 has no end"}},
      {"value", [] { arange(0, 1, -1); }, {"arange: from 0 to 1 by -1 has no end"}},
      {"value", [] { linspace(0, 1, -1); }, {"linspace: steps must not be negative, got -1"}},
      {"shape",
       [] {
         tensor({{1, 2}, {3}});
       },
       {"tensor: parts of shape [2] and [1] in one list"}},
      {"shape",
       [] {
         from_vector(std::vector<float>{1, 2, 3}, {2, 2});
       },
       {"from_vector: 3 values for shape [2,2]"}},
      {"value", [] { randint(3, 3, {2}); }, {"randint: the range [3, 3) is empty"}},
      {"dtype", [] { rand({2}, {.dtype = i64}); }, {"rand: makes floating tensors, not i64"}},
      {"value", [] { randperm(-1); }, {"randperm: n must not be negative, got -1"}},
      {"value", [] { default_generator().next_below(0); }, {"next_below: the bound must be positive, got 0"}},
  };
  return rows;
}

}  // namespace wrong_calls
