#include <korrel/framework/kernels/lapack.h>

#include <algorithm>

#include <xtensor-blas/xlinalg.hpp>

// Of OpenBLAS. Its header cblas.h declares what that of xtensor-blas does, in other words.
extern "C" void openblas_set_num_threads(int threads);

namespace korrel::kernels {
namespace {

template <class T>
using Matrix = xt::xtensor<T, 2, xt::layout_type::column_major>;

// The only place that calls OpenBLAS, which would otherwise start as many threads as the machine has cores.
void use_one_thread() {
  static const bool once = (openblas_set_num_threads(1), true);
  (void)once;
}

template <class T>
Matrix<T> matrix(int64_t m, int64_t n, const T* a) {
  use_one_thread();
  Matrix<T> result = Matrix<T>::from_shape({static_cast<std::size_t>(m), static_cast<std::size_t>(n)});
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) result(i, j) = a[i * n + j];
  return result;
}

template <class E, class T>
void copy_out(const E& matrix, T* to) {
  const std::size_t m = matrix.shape()[0], n = matrix.shape()[1];
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j) to[i * n + j] = matrix(i, j);
}

// xtensor-blas throws where LAPACK reports a failure.
template <class F>
bool succeeds(F f) {
  try {
    f();
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace

template <class T>
void qr(int64_t m, int64_t n, const T* a, T* q, T* r) {
  auto [q_matrix, r_matrix] = xt::linalg::qr(matrix(m, n, a));
  copy_out(q_matrix, q);
  copy_out(r_matrix, r);
}

template <class T>
bool svd(int64_t m, int64_t n, const T* a, bool full, T* u, T* s, T* vh) {
  return succeeds([&] {
    auto [u_matrix, values, vh_matrix] = xt::linalg::svd(matrix(m, n, a), full);
    copy_out(u_matrix, u);
    std::copy(values.begin(), values.end(), s);
    copy_out(vh_matrix, vh);
  });
}

template <class T>
bool eigh(int64_t n, const T* a, T* values, T* vectors) {
  return succeeds([&] {
    auto [w, v] = xt::linalg::eigh(matrix(n, n, a));
    std::copy(w.begin(), w.end(), values);
    copy_out(v, vectors);
  });
}

template <class T>
bool solve(int64_t n, int64_t k, const T* a, const T* b, T* x) {
  return succeeds([&] { copy_out(xt::linalg::solve(matrix(n, n, a), matrix(n, k, b)), x); });
}

template <class T>
bool inverse(int64_t n, const T* a, T* result) {
  return succeeds([&] { copy_out(xt::linalg::inv(matrix(n, n, a)), result); });
}

template <class T>
void log_determinant(int64_t n, const T* a, T* sign, T* log) {
  std::tie(*sign, *log) = xt::linalg::slogdet(matrix(n, n, a));
}

template <class T>
bool cholesky(int64_t n, const T* a, T* l) {
  return succeeds([&] { copy_out(xt::linalg::cholesky(matrix(n, n, a)), l); });
}

template void qr(int64_t, int64_t, const float*, float*, float*);
template void qr(int64_t, int64_t, const double*, double*, double*);
template bool svd(int64_t, int64_t, const float*, bool, float*, float*, float*);
template bool svd(int64_t, int64_t, const double*, bool, double*, double*, double*);
template bool eigh(int64_t, const float*, float*, float*);
template bool eigh(int64_t, const double*, double*, double*);
template bool solve(int64_t, int64_t, const float*, const float*, float*);
template bool solve(int64_t, int64_t, const double*, const double*, double*);
template bool inverse(int64_t, const float*, float*);
template bool inverse(int64_t, const double*, double*);
template void log_determinant(int64_t, const float*, float*, float*);
template void log_determinant(int64_t, const double*, double*, double*);
template bool cholesky(int64_t, const float*, float*);
template bool cholesky(int64_t, const double*, double*);

}  // namespace korrel::kernels
