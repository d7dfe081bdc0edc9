// Wrong calls: matrix products, einsum, linear algebra, linear layers, similarity.
#include <tests/wrong_calls/tables.h>

#include <cmath>

#include <korrel/korrel.h>

using namespace korrel;

namespace wrong_calls {

std::span<const Row> products() {
  static const Row rows[] = {
      {"shape", [] { matmul(x(2, 3), x(4, 5)); }, {"matmul: a has 3 columns, b 4 rows", "(a [2,3], b [4,5])"}},
      {"shape", [] { matmul(x(3), x(4)); }, {"matmul: a has 3 columns, b 4 rows", "(a [3], b [4])"}},
      {"shape",
       [] { matmul(x(2, 3, 4), x(3, 4, 5)); },
       {"matmul: shapes [2] and [3] do not broadcast: 2 against 3 at dimension -1"}},
      {"shape", [] { matmul(x(), x(3)); }, {"matmul: both operands need at least one dimension", "(a [], b [3])"}},
      {"dtype",
       [] { matmul(ints(2, 2), x(2, 2)); },
       {"matmul: a and b must have one dtype, f32, f64, i64 or u8, are i64 and f32"}},
      {"dtype",
       [] { mm(bools(2, 2), bools(2, 2)); },
       {"mm: a and b must have one dtype, f32, f64, i64 or u8, are bool and bool"}},
      {"dtype",
       [] { addmm(ints(2), ints(2, 2), ints(2, 2), {.alpha = 0.5}); },
       {"addmm: alpha is 0.5, a and b are i64"}},
      {"dtype",
       [] {
         matmul(x(2, 2), zeros({2, 2}, {.dtype = f64}));
       },
       {"matmul: a and b must have one dtype, f32, f64, i64 or u8, are f32 and f64"}},
      {"value", [] { matmul(Tensor(), x(2, 2)); }, {"matmul: a is undefined"}},
      {"shape", [] { mm(x(2, 3), x(3)); }, {"mm: a needs 2 dimensions and b 2", "(a [2,3], b [3])"}},
      {"shape", [] { mm(x(2, 3), x(2, 3)); }, {"mm: a has 3 columns, b 2 rows", "(a [2,3], b [2,3])"}},
      {"shape", [] { bmm(x(2, 3, 4), x(3, 4, 5)); }, {"bmm: a is a batch of 2, b of 3", "(a [2,3,4], b [3,4,5])"}},
      {"shape", [] { bmm(x(3, 4), x(4, 5)); }, {"bmm: a needs 3 dimensions and b 3", "(a [3,4], b [4,5])"}},
      {"shape", [] { mv(x(2, 3), x(2)); }, {"mv: a has 3 columns, b 2 rows", "(a [2,3], b [2,1])"}},
      {"shape", [] { dot(x(3), x(4)); }, {"dot: a has 3 elements, b 4"}},
      {"shape", [] { outer(x(2, 2), x(3)); }, {"outer: a and b need 1 dimension", "(a [2,2], b [3])"}},
      {"shape",
       [] { addmm(x(3, 3), x(2, 3), x(3, 4)); },
       {"addmm: shapes [3,3] and [2,4] do not broadcast: 3 against 4 at dimension -1"}},
      {"shape",
       [] { baddbmm(x(2, 2), x(2, 3, 4), x(2, 5, 6)); },
       {"baddbmm: a has 4 columns, b 5 rows", "(a [2,3,4], b [2,5,6])"}},
      {"shape",
       [] { linear(x(3, 5), x(2, 4)); },
       {"linear: weight expects 4 features, x has 5", "(x [3,5], weight [2,4])"}},
      {"shape",
       [] { linear(x(3, 4), x(2, 4), x(3)); },
       {"linear: bias needs shape [2], has [3]", "(x [3,4], weight [2,4])"}},
      {"dtype", [] { linear(ints(3, 4), x(2, 4)); }, {"linear: x and weight must both be f32 or f64, are i64 and f32"}},
      {"value", [] { linear(x(3, 4), Tensor()); }, {"linear: weight is undefined"}},
      {"shape",
       [] { bilinear(x(5, 2), x(4, 3), x(6, 2, 3)); },
       {"bilinear: x1 and x2 need the same sizes but for the last, weight 3 dimensions",
        "(x1 [5,2], x2 [4,3], weight [6,2,3])"}},
      {"shape",
       [] { bilinear(x(5, 3), x(5, 3), x(6, 2, 3)); },
       {"bilinear: weight expects 2 and 3 features, x1 has 3 and x2 3", "(x1 [5,3], x2 [5,3], weight [6,2,3])"}},
      {"value", [] { einsum("ij,jk", {x(2, 3)}); }, {"einsum: \"ij,jk\" names 2 operands, got 1"}},
      {"value", [] { einsum("i1->i", {x(2, 3)}); }, {"einsum: indices are letters, got '1' in \"i1->i\""}},
      {"value", [] { einsum("ij->ik", {x(2, 3)}); }, {"einsum: the result's index 'k' is in no operand (\"ij->ik\")"}},
      {"shape",
       [] {
         einsum("ij,jk->ik", {x(2, 3), x(4, 5)});
       },
       {"einsum: index 'j' is 4 in operand 1, but 3 before it (\"ij,jk->ik\")"}},
      {"shape",
       [] { einsum("ijk->i", {x(2, 3)}); },
       {"einsum: \"ijk->i\" names 3 dimensions of operand 0, which has shape [2,3]"}},
      {"dtype",
       [] {
         einsum("i,i->", {x(2), ints(2)});
       },
       {"einsum: operands share one dtype, operand 0 is f32, 1 is i64"}},
      {"shape",
       [] { tensordot(x(2, 3), x(4, 5), 1); },
       {"tensordot: dimension 1 of a is 3, dimension 0 of b is 4", "(a [2,3], b [4,5])"}},
      {"value",
       [] {
         tensordot(x(2, 3), x(3), {0, 1}, {0});
       },
       {"tensordot: needs as many dimensions of a as of b, got [0,1] and [0]"}},
      {"shape", [] { linalg::inv(x(2, 3)); }, {"inv: needs square matrices, a is [2,3]"}},
      {"shape", [] { linalg::det(x(3)); }, {"det: needs matrices [...,m,n], a is [3]"}},
      {"value", [] { linalg::inv(x(2, 2)); }, {"inv: matrix 0 of a [2,2] is singular"}},
      {"value", [] { linalg::cholesky(x(2, 2)); }, {"cholesky: matrix 0 of a [2,2] is not positive definite"}},
      {"shape",
       [] {
         linalg::solve(ones({2, 2}), x(3, 1));
       },
       {"solve: b needs 2 rows, a is [2,2] and b [3,1]"}},
      {"dtype", [] { linalg::qr(ints(2, 2)); }, {"qr: a must be f32 or f64, is i64"}},
      {"value",
       [] {
         linalg::svd(full({2, 2}, NAN));
       },
       {"svd: element 0 of a is nan"}},
      {"shape",
       [] { cosine_similarity(x(2, 3), x(2, 4)); },
       {"cosine_similarity: shapes [2,3] and [2,4] do not broadcast: 3 against 4 at dimension -1"}},
      {"shape",
       [] { pairwise_distance(x(2, 3), x(2, 4)); },
       {"pairwise_distance: shapes [2,3] and [2,4] do not broadcast: 3 against 4 at dimension -1"}},
      {"shape",
       [] { cdist(x(2, 3), x(2, 4)); },
       {"cdist: expects x [...,M,D] and other [...,N,D], got [2,3] and [2,4]"}},
      {"shape", [] { pdist(x(3)); }, {"pdist: expects x [N,D], got [3]"}},
      {"value", [] { cdist(x(2, 3), x(2, 3), {.p = -1}); }, {"cdist: p expects a number >= 0, got -1"}},
  };
  return rows;
}

}  // namespace wrong_calls
