// Linear algebra, as torch.linalg: decompositions, solving, determinants, with gradients of every order. By LAPACK, on
// one thread. Matrices are the last two dimensions; those before are batches. Products are in ops/matmul.h. All throw
// DtypeError unless f32 or f64, ShapeError unless the matrices are what they must be, and ValueError where a NaN or an
// infinity stands in a matrix or there is no result (singular, not positive definite).
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel::linalg {

// a [...,m,n] = q r: q [...,m,k] has orthonormal columns, r [...,k,n] is upper triangular, k = min(m,n). Gradients need
// a's first k columns to be independent.
struct QR {
  Tensor q, r;
};
QR qr(const Tensor& a);

// a [...,m,n] = u diag(s) vh; s [...,k] descends. full_matrices: u [...,m,m] and vh [...,n,n], else [...,m,k] and
// [...,k,n]. Gradients need distinct singular values, and full_matrices = false unless m = n.
struct SVD {
  Tensor u, s, vh;
};
struct SvdOptions {
  bool full_matrices = true;
};
SVD svd(const Tensor& a, SvdOptions options = {});

// Eigenvalues [...,n], ascending, and eigenvectors (columns) [...,n,n] of symmetric matrices, of which the lower
// triangle is read. Gradients are those of a symmetric a, and need distinct eigenvalues where they go through the
// vectors.
struct Eigh {
  Tensor values, vectors;
};
Eigh eigh(const Tensor& a);

// x with a x = b; a [...,n,n], b [...,n,k], or [...,n] if that is a's shape without its last dimension, or [n].
Tensor solve(const Tensor& a, const Tensor& b);
Tensor inv(const Tensor& a);  // a^-1, [...,n,n]
Tensor det(const Tensor& a);  // determinant, [...,n,n] -> [...]

// det(a) = sign * exp(logabsdet); sign is 0 and logabsdet -inf for a singular a.
struct Slogdet {
  Tensor sign, logabsdet;
};
Slogdet slogdet(const Tensor& a);

// Lower triangular l with l l^T = a, for a symmetric and positive definite, of which the lower triangle is read.
Tensor cholesky(const Tensor& a);

// x that makes |a x - b| least, and of those the least: a [...,m,n] of full rank, b [...,m,k] -> [...,n,k]. By QR.
Tensor lstsq(const Tensor& a, const Tensor& b);

}  // namespace korrel::linalg
