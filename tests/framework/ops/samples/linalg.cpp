#include <korrel/framework/ops/linalg.h>

#include <tests/framework/ops/samples.h>

#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;
using samples::Inputs;
using samples::real;

// Far enough from singular for differences of 1e-6 and for f32.
static Tensor steady(const Tensor& a) { return a + 4 * eye(a.size(-1), {a.dtype()}); }
static Tensor symmetric(const Tensor& a) {
  return a + a.transpose(-2, -1) + diag(arange(0, 5 * static_cast<double>(a.size(-1)), 5, {a.dtype()}));
}
static Tensor positive_definite(const Tensor& a) {
  return matmul(a, a.transpose(-2, -1)) + eye(a.size(-1), {a.dtype()});
}

// Vectors have no sign of their own: what is checked must not depend on it.
static const samples::Rows rows = {
    {"qr",
     {real({2, 4, 3}).batch()},
     [](Inputs x) {
       linalg::QR result = linalg::qr(x[0]);
       return samples::Outputs(std::vector<Tensor>{result.q, result.r});
     },
     true,
     1e-3},
    {"qr",
     {real({2, 4})},
     [](Inputs x) {
       linalg::QR result = linalg::qr(x[0]);
       return samples::Outputs(std::vector<Tensor>{result.q, result.r});
     },
     true,
     1e-3},
    {"svd",
     {real({2, 4, 3}).batch()},
     [](Inputs x) {
       linalg::SVD result = linalg::svd(x[0], {.full_matrices = false});
       return samples::Outputs(std::vector<Tensor>{result.u * result.u, result.s, result.vh * result.vh});
     },
     true,
     2e-2},
    {"svd",
     {real({2, 3})},
     [](Inputs x) {
       linalg::SVD result = linalg::svd(x[0], {.full_matrices = false});
       return samples::Outputs(std::vector<Tensor>{result.u * result.u, result.s, result.vh * result.vh});
     },
     true,
     2e-2},
    {"eigh",
     {real({2, 3, 3}).batch()},
     [](Inputs x) {
       linalg::Eigh result = linalg::eigh(symmetric(x[0]));
       return samples::Outputs(std::vector<Tensor>{result.values, result.vectors * result.vectors});
     },
     true,
     1e-3},
    {"solve",
     {real({2, 3, 3}).batch(), real({2, 3, 2}).batch()},
     [](Inputs x) { return linalg::solve(steady(x[0]), x[1]); }},
    {"solve", {real({3, 3}), real({3})}, [](Inputs x) { return linalg::solve(steady(x[0]), x[1]); }},
    {"solve", {real({3, 3}), real({2, 3, 1}).batch()}, [](Inputs x) { return linalg::solve(steady(x[0]), x[1]); }},
    {"inv", {real({2, 3, 3}).batch()}, [](Inputs x) { return linalg::inv(steady(x[0])); }},
    {"det", {real({2, 3, 3}).batch()}, [](Inputs x) { return linalg::det(steady(x[0])); }},
    {"slogdet", {real({2, 3, 3}).batch()}, [](Inputs x) { return linalg::slogdet(steady(x[0])).logabsdet; }},
    {"cholesky",
     {real({2, 3, 3}).batch()},
     [](Inputs x) { return linalg::cholesky(positive_definite(x[0])); },
     true,
     1e-3},
    {"lstsq",
     {real({2, 4, 2}).batch(), real({2, 4, 3}).batch()},
     [](Inputs x) { return linalg::lstsq(x[0], x[1]); },
     true,
     1e-3},
    {"lstsq", {real({2, 4}), real({2, 3})}, [](Inputs x) { return linalg::lstsq(x[0], x[1]); }, true, 1e-3},
};
