#include <korrel/framework/ops/attention_core.h>

#include <algorithm>
#include <limits>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/kernels/attention.h>
#include <korrel/framework/ops/dropout.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/ops/softmax.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

using Weights = AttentionForm::Weights;

struct HeadTensors {
  Tensor q, k, v;  // [B,H,L,E], [B,H,S,E], [B,H,S,Ev]
};

// What the kernel takes in place of rows with gaps.
Tensor with_dense_rows(const Tensor& x) {
  return !x.defined() || x.strides().back() == 1 || x.size(-1) <= 1 ? x : x.contiguous();
}

// New, with the dimensions in the order in which x's lie in memory; the last one stays last.
Tensor empty_like_layout(const Shape& shape, const Tensor& x) {
  int order[] = {0, 1, 2};
  std::stable_sort(order, order + 3, [&](int a, int b) { return x.strides()[a] > x.strides()[b]; });
  Tensor dense = make_tensor({shape[order[0]], shape[order[1]], shape[order[2]], shape[3]}, x.dtype());
  Layout layout{shape, Dims::filled(4, 1), 0};
  for (int i = 0; i < 3; ++i) layout.strides[order[i]] = dense.strides()[i];
  return make_view(dense, layout);
}

template <class T>
kernels::HeadMatrices<const T> matrices(const Tensor& x) {
  if (!x.defined()) return {};
  return {static_cast<const T*>(x.raw_data()), x.strides()[0], x.strides()[1], x.strides()[2]};
}
template <class T>
kernels::HeadMatrices<T> results(const Tensor& x) {
  if (!x.defined()) return {};
  return {static_cast<T*>(x.raw_data()), x.strides()[0], x.strides()[1], x.strides()[2]};
}
template <class T>
T* elements(const Tensor& x) {
  return x.defined() ? static_cast<T*>(x.raw_data()) : nullptr;
}

// One call of attention: what forward and gradient share, apart from the operands.
struct Attending {
  AttentionForm form;
  Tensor mask;             // [B,H,L,S] with dense rows, broadcast by strides; or undefined
  Tensor dropout;          // factors of the weights [B,H,L,S], or undefined
  Tensor shifts, factors;  // [B,H,L]: the softmax, to be computed again from the scores

  template <class T>
  kernels::Attention<T> problem(const HeadTensors& x) const {
    return {.batch = x.q.size(0),
            .heads = x.q.size(1),
            .queries = x.q.size(2),
            .keys = x.k.size(2),
            .width = x.q.size(3),
            .value_width = x.v.size(3),
            .scale = form.scale,
            .causal = form.causal,
            .q = matrices<T>(x.q),
            .k = matrices<T>(x.k),
            .v = matrices<T>(x.v),
            .mask = matrices<T>(mask),
            .dropout = elements<T>(dropout),
            .mean_weights = form.weights == Weights::mean,
            .shifts = elements<T>(shifts),
            .factors = elements<T>(factors)};
  }

  Attended forward(const HeadTensors& x) const {
    const Shape &q = x.q.shape(), &k = x.k.shape();
    Attended result{empty_like_layout({q[0], q[1], q[2], x.v.size(3)}, x.q), {}};
    if (form.weights != Weights::none) {
      result.weights = make_tensor(
          form.weights == Weights::mean ? Shape{q[0], q[2], k[2]} : Shape{q[0], q[1], q[2], k[2]}, x.q.dtype());
    }
    visit_floating(x.q.dtype(), [&]<class T>() {
      kernels::attention<T>(problem<T>(x), results<T>(result.y), elements<T>(result.weights));
    });
    return result;
  }

  // Gradients into those of `into` that are defined.
  void gradient(const HeadTensors& x, const Tensor& gy, const Tensor& gweights, const HeadTensors& into) const {
    const Tensor rows = with_dense_rows(gy), weights = gweights.defined() ? gweights.contiguous() : gweights;
    visit_floating(x.q.dtype(), [&]<class T>() {
      kernels::attention_gradient<T>(problem<T>(x), matrices<T>(rows), elements<T>(weights), results<T>(into.q),
                                     results<T>(into.k), results<T>(into.v));
    });
  }

  // The same written in ops, for gradients of gradients.
  HeadTensors gradient_in_ops(const HeadTensors& x, const Tensor& gy, const Tensor& gweights) const {
    Tensor weights = weights_in_ops(x);
    Tensor gp = matmul(gy, x.v.transpose(-2, -1));
    if (gweights.defined()) {
      gp = gp + (form.weights == Weights::mean ? gweights.unsqueeze(1) * (1.0 / static_cast<double>(x.q.size(1)))
                                               : gweights);
    }
    if (dropout.defined()) gp = gp * dropout;
    Tensor gs = weights * (gp - sum(gp * weights, -1, {.keepdim = true})) * form.scale;
    return {matmul(gs, x.k), matmul(gs.transpose(-2, -1), x.q),
            matmul((dropout.defined() ? weights * dropout : weights).transpose(-2, -1), gy)};
  }

  Tensor weights_in_ops(const HeadTensors& x) const {  // before dropout
    Tensor scores = matmul(x.q * form.scale, x.k.transpose(-2, -1));
    if (mask.defined()) scores = scores + mask;
    if (form.causal) {
      Tensor future = triu(ones({x.q.size(2), x.k.size(2)}, {.dtype = boolean}), 1);
      scores = masked_fill(scores, future, -std::numeric_limits<double>::infinity());
    }
    return softmax(scores, -1);
  }

  Attended forward_in_ops(const HeadTensors& x) const {
    Tensor weights = weights_in_ops(x);
    if (dropout.defined()) weights = weights * dropout;
    return {matmul(weights, x.v), form.weights == Weights::none   ? Tensor()
                                  : form.weights == Weights::mean ? mean(weights, 1)
                                                                  : weights};
  }
};

Attending attending(const HeadTensors& x, const Tensor& mask, const AttentionForm& form, Generator& generator) {
  NoGradGuard no_grad;
  Shape scores{x.q.size(0), x.q.size(1), x.q.size(2), x.k.size(2)};
  Attending result{
      form, {}, {}, make_tensor(scores.slice(0, 3), x.q.dtype()), make_tensor(scores.slice(0, 3), x.q.dtype())};
  if (form.dropout_p > 0)
    result.dropout = dropout(ones(scores, {.dtype = x.q.dtype()}), {.p = form.dropout_p}, generator);
  if (mask.defined()) {
    Shape rows = mask.shape();
    if (rows.empty()) rows = {1};
    rows.back() = scores.back();
    result.mask = with_dense_rows(mask.detach().expand(rows)).expand(scores);
  }
  return result;
}

// Records `result` with the inputs' gradients from `fused(gy, gweights)` or, where those are differentiated again,
// `in_ops(gy, gweights)`.
template <class Fused, class InOps>
Attended recorded(Attended result, std::initializer_list<Input> inputs, Fused fused, InOps in_ops) {
  auto closure = [weighted = result.weights.defined(), fused, in_ops](const Backward& b) -> Gradients {
    Tensor gweights = weighted ? b.grad_of(1) : Tensor();
    return grad_enabled() ? in_ops(b, gweights) : fused(b, gweights);
  };
  if (result.weights.defined())
    record_outputs("attention", {&result.y, &result.weights}, inputs, closure);
  else
    result.y = record("attention", result.y, inputs, closure);
  return result;
}

HeadTensors unpacked(const Tensor& x, int64_t heads, bool batch_first) {
  int64_t width = x.size(-1) / 3;
  auto part = [&](int64_t i) { return split_heads(x.narrow(-1, i * width, width), heads, batch_first); };
  return {part(0), part(1), part(2)};
}

}  // namespace

Tensor split_heads(const Tensor& x, int64_t heads, bool batch_first) {
  Tensor split = x.reshape({x.size(0), x.size(1), heads, x.size(2) / heads});
  return split.permute(batch_first ? Dims{0, 2, 1, 3} : Dims{1, 2, 0, 3});
}
Tensor join_heads(const Tensor& x, bool batch_first) {
  Tensor joined = x.permute(batch_first ? Dims{0, 2, 1, 3} : Dims{2, 0, 1, 3});
  return joined.reshape({joined.size(0), joined.size(1), x.size(1) * x.size(3)});
}

Attended attend(const Tensor& any_q, const Tensor& any_k, const Tensor& any_v, const Tensor& mask,
                const AttentionForm& form, Generator& generator) {
  HeadTensors x{with_dense_rows(any_q), with_dense_rows(any_k), with_dense_rows(any_v)};
  Attending how = attending(x, mask, form, generator);
  if (grad_enabled() && mask.defined() && mask.requires_grad()) {  // a learnt bias of the scores
    how.mask = mask;
    return how.forward_in_ops(x);
  }
  return recorded(
      how.forward(x), {x.q, x.k, x.v},
      [how, x](const Backward& b, const Tensor& gweights) -> Gradients {
        auto place = [&](int i, const Tensor& like) {
          return b.needs(i) ? empty_like_layout(like.shape(), like) : Tensor();
        };
        HeadTensors gradients{place(0, x.q), place(1, x.k), place(2, x.v)};
        how.gradient(x, b.grad, gweights, gradients);
        return {gradients.q, gradients.k, gradients.v};
      },
      [how, x](const Backward& b, const Tensor& gweights) -> Gradients {
        HeadTensors gradients = how.gradient_in_ops(x, b.grad, gweights);
        return {gradients.q, gradients.k, gradients.v};
      });
}

Attended attend_packed(const Tensor& any_x, int64_t heads, bool batch_first, const Tensor& mask,
                       const AttentionForm& form, Generator& generator) {
  Tensor x = any_x.contiguous();
  auto parts = [heads, batch_first](const Tensor& packed) { return unpacked(packed, heads, batch_first); };
  auto outside = [parts](const Tensor& packed) { return no_grad([&] { return parts(packed.detach()); }); };
  HeadTensors views = outside(x);
  if (grad_enabled() && mask.defined() && mask.requires_grad()) {
    views = parts(x);
    return attend(views.q, views.k, views.v, mask, form, generator);
  }
  Attending how = attending(views, mask, form, generator);
  return recorded(
      how.forward(views), {x},
      [how, x, outside](const Backward& b, const Tensor& gweights) -> Gradients {
        Tensor gx = make_tensor(x.shape(), x.dtype());
        how.gradient(outside(x), b.grad, gweights, outside(gx));
        return {gx};
      },
      [how, x, parts, batch_first](const Backward& b, const Tensor& gweights) -> Gradients {
        HeadTensors g = how.gradient_in_ops(parts(x), b.grad, gweights);
        return {cat({join_heads(g.q, batch_first), join_heads(g.k, batch_first), join_heads(g.v, batch_first)}, -1)};
      });
}

}  // namespace korrel
