#include <korrel/framework/kernels/attention.h>

#include <algorithm>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/matmul.h>
#include <korrel/framework/kernels/scratch.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/attention.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/softmax_rows-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// x += b, or x = x b, or x += a b, element by element.
template <class T>
HWY_INLINE void add_row(int64_t n, const T* b, T* x) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, b + i)), d, x + i);
  for (; i < n; ++i) x[i] += b[i];
}
template <class T>
HWY_INLINE void multiply_row(int64_t n, const T* a, const T* b, T* x) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Mul(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, x + i);
  for (; i < n; ++i) x[i] = a[i] * b[i];
}
template <class T>
HWY_INLINE void add_multiple(int64_t n, T a, const T* b, T* x) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto factor = hn::Set(d, a);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::MulAdd(factor, hn::LoadU(d, b + i), hn::LoadU(d, x + i)), d, x + i);
  }
  for (; i < n; ++i) x[i] += a * b[i];
}

// x becomes softmax(x) of its first `seen` elements, zero in the others.
template <class T>
void softmax_in_place(int64_t n, int64_t seen, T* x, T* shift, T* factor) {
  const RowOf<T> row{x, seen};
  const auto d = row.d;
  *shift = largest(row);
  *factor = T(1) / sum_of_exponentials<true>(row, *shift, x);
  const auto scale = hn::Set(d, *factor);
  map_row(row, x, [&](auto v) HWY_ATTR { return hn::Mul(v, scale); });
  std::fill(x + seen, x + n, T(0));
}

// The same again from the shift and the factor that it left.
template <class T>
void softmax_again(int64_t n, int64_t seen, T* x, T shift, T factor) {
  const RowOf<T> row{x, seen};
  const auto d = row.d;
  const auto high = hn::Set(d, shift), scale = hn::Set(d, factor);
  map_row(row, x, [&](auto v) HWY_ATTR { return hn::Mul(math::exp(d, hn::Sub(v, high)), scale); });
  std::fill(x + seen, x + n, T(0));
}

// g becomes y (g - sum(g y)).
template <class T>
void softmax_gradient_in_place(int64_t n, const T* y, T* g) {
  const RowOf<T> row{g, n};
  const auto d = row.d;
  const auto total = hn::Set(d, dot(row, y));
  int64_t i = 0;
  for (; i < row.whole(); i += row.lanes()) {
    hn::StoreU(hn::Mul(hn::LoadU(d, y + i), hn::Sub(hn::LoadU(d, g + i), total)), d, g + i);
  }
  if (const std::size_t m = row.rest(); m > 0) {
    store_part(hn::Mul(load_part(d, y + i, m), hn::Sub(load_part(d, g + i, m), total)), d, g + i, m);
  }
}

// One head: some queries at a time, so that their scores (64K elements, a quarter of a MiB in f32) stay in L2.
template <class T>
class Head {
 public:
  Head(const Attention<T>& problem, int64_t b, int64_t h)
      : p(problem), b(b), h(h), index((b * p.heads + h) * p.queries) {}

  void forward(const HeadMatrices<T>& y, T* weights) {
    for (begin = 0; begin < p.queries; begin = end) {
      make_scores(p.k.at(b, h), p.k.row);
      for (int64_t i = begin; i < end; ++i) {
        softmax_in_place(keys, seen(i), row(scores, i), p.shifts + index + i, p.factors + index + i);
      }
      if (p.dropout) drop(scores, scores);
      if (weights) put_weights(weights);
      matmul_into<T>(1, end - begin, p.value_width, keys, scores, {0, keys, 1}, p.v.at(b, h), {0, p.v.row, 1},
                     y.at(b, h) + begin * y.row, {0, y.row, 1});
    }
  }

  void gradient(const HeadMatrices<const T>& gy, const T* gweights, const HeadMatrices<T>& gq,
                const HeadMatrices<T>& gk, const HeadMatrices<T>& gv) {
    // scale k once: the scores and gq = scale gs k take it; gk = gs^T (scale q).
    T* scaled_keys = scratch<T>(Scratch::kKeys, p.keys * p.width);
    copy_scaled(p.keys, p.k.at(b, h), p.k.row, scaled_keys);
    const bool once = p.queries > 0 && block_rows() >= p.queries && (!p.causal || p.keys <= p.queries);
    if (!once) {
      clear(gk, p.width);
      clear(gv, p.value_width);
    }
    for (begin = 0; begin < p.queries; begin = end) {
      make_scores(p.k.at(b, h), p.k.row);
      const int64_t rows = end - begin;
      const T* gy_rows = gy.at(b, h) + begin * gy.row;
      for (int64_t i = begin; i < end; ++i) {
        softmax_again(keys, seen(i), row(scores, i), p.shifts[index + i], p.factors[index + i]);
      }
      T* weights = scores;
      if (p.dropout) {
        weights = scratch<T>(Scratch::kDropped, rows * keys);
        drop(scores, weights);
      }
      product(once, p.value_width, weights, gy_rows, gy.row, gv);
      T* gs = scratch<T>(Scratch::kScoreGradients, rows * keys);
      matmul<T>(1, rows, keys, p.value_width, gy_rows, {0, gy.row, 1}, p.v.at(b, h), {0, 1, p.v.row}, gs);
      if (gweights) add_weights_gradient(gweights, gs);
      if (p.dropout) drop(gs, gs);
      for (int64_t i = begin; i < end; ++i) softmax_gradient_in_place(keys, row(scores, i), row(gs, i));
      if (gq.data) {
        matmul_into<T>(1, rows, p.width, keys, gs, {0, keys, 1}, scaled_keys, {0, p.width, 1},
                       gq.at(b, h) + begin * gq.row, {0, gq.row, 1});
      }
      product(once, p.width, gs, scaled_queries, p.width, gk);
    }
  }

 private:
  int64_t block_rows() const { return std::max<int64_t>(64, (1 << 16) / std::max<int64_t>(p.keys, 1)); }
  int64_t seen(int64_t query) const { return p.causal ? std::min(p.keys, query + 1) : p.keys; }
  T* row(T* block, int64_t query) const { return block + (query - begin) * keys; }

  void copy_scaled(int64_t rows, const T* from, int64_t stride, T* to) const {
    const hn::ScalableTag<T> d;
    const auto scale = hn::Set(d, static_cast<T>(p.scale));
    for (int64_t i = 0; i < rows; ++i) {
      map_row(RowOf<T>{from + i * stride, p.width}, to + i * p.width,
              [&](auto v) HWY_ATTR { return hn::Mul(v, scale); });
    }
  }

  // The next block of queries: scale q k^T + mask, as far as a query of the block can see.
  void make_scores(const T* k, int64_t k_row) {
    end = std::min(p.queries, begin + block_rows());
    keys = seen(end - 1);
    const int64_t rows = end - begin;
    scaled_queries = scratch<T>(Scratch::kQueries, rows * p.width);
    scores = scratch<T>(Scratch::kScores, rows * keys);
    copy_scaled(rows, p.q.at(b, h) + begin * p.q.row, p.q.row, scaled_queries);
    matmul<T>(1, rows, keys, p.width, scaled_queries, {0, p.width, 1}, k, {0, 1, k_row}, scores);
    if (!p.mask.data) return;
    for (int64_t i = begin; i < end; ++i) add_row(seen(i), p.mask.at(b, h) + i * p.mask.row, row(scores, i));
  }

  void drop(const T* from, T* to) const {
    for (int64_t i = 0; i < end - begin; ++i) {
      multiply_row(keys, from + i * keys, p.dropout + (index + begin + i) * p.keys, to + i * keys);
    }
  }

  void put_weights(T* weights) const {
    for (int64_t i = begin; i < end; ++i) {
      const T* from = scores + (i - begin) * keys;
      if (!p.mean_weights) {
        T* to = weights + (index + i) * p.keys;
        std::fill(std::copy(from, from + keys, to), to + p.keys, T(0));
        continue;
      }
      T* to = weights + (b * p.queries + i) * p.keys;
      if (h == 0) std::fill(to, to + p.keys, T(0));
      add_multiple(keys, T(1) / static_cast<T>(p.heads), from, to);
    }
  }

  void add_weights_gradient(const T* gweights, T* gs) const {
    for (int64_t i = begin; i < end; ++i) {
      if (p.mean_weights) {
        add_multiple(keys, T(1) / static_cast<T>(p.heads), gweights + (b * p.queries + i) * p.keys, row(gs, i));
      } else {
        add_row(keys, gweights + (index + i) * p.keys, row(gs, i));
      }
    }
  }

  void clear(const HeadMatrices<T>& to, int64_t width) const {
    if (!to.data) return;
    for (int64_t i = 0; i < p.keys; ++i) std::fill_n(to.at(b, h) + i * to.row, width, T(0));
  }

  // to (+)= block^T other, of which `other` has a row per query.
  void product(bool once, int64_t width, const T* block, const T* other, int64_t other_row,
               const HeadMatrices<T>& to) const {
    if (!to.data) return;
    const int64_t rows = end - begin;
    if (once) {
      return matmul_into<T>(1, keys, width, rows, block, {0, 1, keys}, other, {0, other_row, 1}, to.at(b, h),
                            {0, to.row, 1});
    }
    T* sum = scratch<T>(Scratch::kSum, keys * width);
    matmul<T>(1, keys, width, rows, block, {0, 1, keys}, other, {0, other_row, 1}, sum);
    for (int64_t i = 0; i < keys; ++i) add_row(width, sum + i * width, to.at(b, h) + i * to.row);
  }

  const Attention<T>& p;
  int64_t b, h, index;
  int64_t begin = 0, end = 0, keys = 0;  // the block: its queries, and how many keys they see
  T *scaled_queries = nullptr, *scores = nullptr;
};

// Calls body(b, h) for every head; the heads of a batch in order where `in_order`.
template <class T, class Body>
void for_each_head(const Attention<T>& p, bool in_order, Body body) {
  parallel_for(in_order ? p.batch : p.batch * p.heads, 1, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t i = begin; i < end; ++i) {
      if (!in_order) {
        body(i / p.heads, i % p.heads);
        continue;
      }
      for (int64_t h = 0; h < p.heads; ++h) body(i, h);
    }
  });
}

template <class T>
void attend(const Attention<T>& p, const HeadMatrices<T>& y, T* weights) {
  for_each_head(p, weights && p.mean_weights,
                [&](int64_t b, int64_t h) HWY_ATTR { Head<T>(p, b, h).forward(y, weights); });
}
template <class T>
void attend_gradient(const Attention<T>& p, const HeadMatrices<const T>& gy, const T* gweights,
                     const HeadMatrices<T>& gq, const HeadMatrices<T>& gk, const HeadMatrices<T>& gv) {
  for_each_head(p, false, [&](int64_t b, int64_t h) HWY_ATTR { Head<T>(p, b, h).gradient(gy, gweights, gq, gk, gv); });
}

void attend_f32(const Attention<float>& p, const HeadMatrices<float>& y, float* weights) { attend(p, y, weights); }
void attend_f64(const Attention<double>& p, const HeadMatrices<double>& y, double* weights) { attend(p, y, weights); }
void gradient_f32(const Attention<float>& p, const HeadMatrices<const float>& gy, const float* gweights,
                  const HeadMatrices<float>& gq, const HeadMatrices<float>& gk, const HeadMatrices<float>& gv) {
  attend_gradient(p, gy, gweights, gq, gk, gv);
}
void gradient_f64(const Attention<double>& p, const HeadMatrices<const double>& gy, const double* gweights,
                  const HeadMatrices<double>& gq, const HeadMatrices<double>& gk, const HeadMatrices<double>& gv) {
  attend_gradient(p, gy, gweights, gq, gk, gv);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(attend_f32);
HWY_EXPORT(attend_f64);
HWY_EXPORT(gradient_f32);
HWY_EXPORT(gradient_f64);

}  // namespace

template <>
void attention(const Attention<float>& problem, HeadMatrices<float> y, float* weights) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(attend_f32)(problem, y, weights);
}
template <>
void attention(const Attention<double>& problem, HeadMatrices<double> y, double* weights) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(attend_f64)(problem, y, weights);
}
template <>
void attention_gradient(const Attention<float>& problem, HeadMatrices<const float> gy, const float* gweights,
                        HeadMatrices<float> gq, HeadMatrices<float> gk, HeadMatrices<float> gv) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(gradient_f32)(problem, gy, gweights, gq, gk, gv);
}
template <>
void attention_gradient(const Attention<double>& problem, HeadMatrices<const double> gy, const double* gweights,
                        HeadMatrices<double> gq, HeadMatrices<double> gk, HeadMatrices<double> gv) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(gradient_f64)(problem, gy, gweights, gq, gk, gv);
}

}  // namespace korrel::kernels
#endif  // HWY_ONCE
