// Scaled dot-product attention and its gradient on raw memory, f32 and f64: softmax(scale q k^T + mask) v for every
// head. The scores of a head stay in the cache, some rows of them at a time, and are computed again for the gradient,
// so memory grows with the length of the sequences and not with its square. Knows no tensors and checks nothing;
// framework/ops/attention_core.cpp calls it. A head is worked off by one thread: same bits for any number of threads.
#pragma once

#include <cstdint>

namespace korrel::kernels {

// A matrix per batch and head; strides in elements, rows contiguous. Null where there is none.
template <class T>
struct HeadMatrices {
  T* data = nullptr;
  int64_t batch = 0, head = 0, row = 0;

  T* at(int64_t b, int64_t h) const { return data + b * batch + h * head; }
};

template <class T>
struct Attention {
  int64_t batch, heads, queries, keys, width, value_width;
  double scale;
  bool causal;                              // query i sees keys 0..i
  HeadMatrices<const T> q, k, v;            // [queries, width], [keys, width], [keys, value_width]
  HeadMatrices<const T> mask = {};          // [queries, keys], added to the scores; or null
  const T* dropout = nullptr;               // [batch, heads, queries, keys], multiplies the weights; or null
  bool mean_weights = false;                // weights are averaged over the heads
  T *shifts = nullptr, *factors = nullptr;  // [batch, heads, queries]: weights are exp(score - shift) * factor
};

// y [queries, value_width] per head; weights [batch, queries, keys] if averaged, else [batch, heads, queries, keys], or
// null. Writes shifts and factors.
template <class T>
void attention(const Attention<T>& problem, HeadMatrices<T> y, T* weights);

// From the gradients of y and (or null) weights, those of q, k and v; reads shifts and factors.
template <class T>
void attention_gradient(const Attention<T>& problem, HeadMatrices<const T> gy, const T* gweights, HeadMatrices<T> gq,
                        HeadMatrices<T> gk, HeadMatrices<T> gv);

}  // namespace korrel::kernels
