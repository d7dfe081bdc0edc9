#pragma once
// Decompositions of one matrix by LAPACK, through xtensor-blas: row-major memory in and out. Knows no tensors and
// checks nothing; framework/ops/linalg.cpp calls it. f32 and f64. Not the matrix product, which is kernels/matmul.h.
// OpenBLAS runs on one thread here: the same bits for any number of threads, and none besides those of parallel_for.

#include <cstdint>

namespace korrel::kernels {

// a [m,n] = q [m,k] r [k,n] with k = min(m,n).
template <class T>
void qr(int64_t m, int64_t n, const T* a, T* q, T* r);

// a [m,n] = u s vh; with `full` u is [m,m] and vh [n,n], else [m,k] and [k,n]. s [k] descends. False: no convergence.
template <class T>
bool svd(int64_t m, int64_t n, const T* a, bool full, T* u, T* s, T* vh);

// Eigenvalues [n], ascending, and eigenvectors (columns of [n,n]) of the symmetric matrix whose lower triangle is a's.
// False: no convergence.
template <class T>
bool eigh(int64_t n, const T* a, T* values, T* vectors);

// x [n,k] with a [n,n] x = b [n,k]. False: a is singular.
template <class T>
bool solve(int64_t n, int64_t k, const T* a, const T* b, T* x);

// False: a [n,n] is singular.
template <class T>
bool inverse(int64_t n, const T* a, T* result);

// det(a) = *sign * exp(*log); 0 and -inf if a is singular.
template <class T>
void log_determinant(int64_t n, const T* a, T* sign, T* log);

// Lower triangle l with l l^T = the symmetric matrix whose lower triangle is a's. False: that is not positive definite.
template <class T>
bool cholesky(int64_t n, const T* a, T* l);

}  // namespace korrel::kernels
