#include <korrel/framework/ops/attention.h>

#include <cmath>
#include <limits>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/attention_core.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/pad.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

// 0 where `mask` has the value that shows a key, -inf elsewhere; a floating mask as it is.
Tensor additive(const char* op, const char* name, const Tensor& mask, DType dtype, bool shown) {
  if (is_floating(mask.dtype())) return mask.to(dtype);
  check<DtypeError>(mask.dtype() == boolean || mask.dtype() == u8, "{}: {} must be boolean or floating, is {}", op,
                    name, mask.dtype());
  Tensor hidden = mask.to(boolean);
  if (shown) hidden = logical_not(hidden);
  return masked_fill(zeros(mask.shape(), {.dtype = dtype}), hidden, -std::numeric_limits<double>::infinity());
}

// x [...,m,n], its leading dimensions broadcast to `leading`, as [B,H,m,n].
Tensor as_heads(const Tensor& x, const Shape& leading) {
  Shape full = leading;
  full.push_back(x.size(-2));
  full.push_back(x.size(-1));
  int rank = leading.rank();
  Shape four{rank == 0   ? 1
             : rank == 1 ? leading[0]
                         : leading.slice(0, rank - 1).numel(),
             rank <= 1 ? 1 : leading.back(), x.size(-2), x.size(-1)};
  Tensor spread = x.shape() == full ? x : x.expand(full);
  return spread.shape() == four ? spread : spread.reshape(four);
}

void check_dropout(const char* op, double p) {
  check<ValueError>(p >= 0 && p <= 1, "{}: dropout_p must lie in [0, 1], got {}", op, p);
}

}  // namespace

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const AttentionOptions& options, Generator& generator) {
  const char* op = "scaled_dot_product_attention";
  check<ValueError>(query.defined() && key.defined() && value.defined(), "{}: {} is undefined", op,
                    !query.defined() ? "query"
                    : !key.defined() ? "key"
                                     : "value");
  auto all = [&] { return fmt::format("(query {}, key {}, value {})", query.shape(), key.shape(), value.shape()); };
  check<DtypeError>(is_floating(query.dtype()) && key.dtype() == query.dtype() && value.dtype() == query.dtype(),
                    "{}: query, key and value must all be f32 or all f64, are {}, {} and {}", op, query.dtype(),
                    key.dtype(), value.dtype());
  check<ShapeError>(query.dim() >= 2 && key.dim() >= 2 && value.dim() >= 2,
                    "{}: query, key and value need at least 2 dimensions {}", op, all());
  check<ShapeError>(query.size(-1) == key.size(-1), "{}: query has {} features, key {} {}", op, query.size(-1),
                    key.size(-1), all());
  check<ShapeError>(key.size(-2) == value.size(-2), "{}: there are {} keys, but {} values {}", op, key.size(-2),
                    value.size(-2), all());
  check_dropout(op, options.dropout_p);

  auto leading_of = [](const Tensor& x) { return x.shape().slice(0, x.dim() - 2); };
  Shape leading = broadcast_shapes(op, broadcast_shapes(op, leading_of(query), leading_of(key)), leading_of(value));
  Tensor mask = options.attn_mask;
  if (mask.defined()) {
    Shape scores = leading;
    scores.push_back(query.size(-2));
    scores.push_back(key.size(-2));
    check<ShapeError>(broadcast_shapes(op, mask.shape(), scores) == scores,
                      "{}: attn_mask {} does not broadcast to the scores' {}", op, mask.shape(), scores);
    mask = additive(op, "attn_mask", mask, query.dtype(), true);
    if (mask.dim() > 2) mask = as_heads(mask, leading);
  }
  AttentionForm form{.scale = options.scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1)))),
                     .causal = options.is_causal,
                     .dropout_p = options.dropout_p};
  Tensor y =
      attend(as_heads(query, leading), as_heads(key, leading), as_heads(value, leading), mask, form, generator).y;
  Shape shape = leading;
  shape.push_back(y.size(-2));
  shape.push_back(y.size(-1));
  return shape == y.shape() ? y : y.reshape(shape);
}

namespace {

// One call of multi-head attention, its arguments checked.
class MultiHead {
 public:
  MultiHead(const Tensor& query, const Tensor& key, const Tensor& value, const MultiHeadWeights& weights,
            const MultiHeadOptions& options)
      : query_(query), key_(key), value_(value), w_(weights), o_(options) {
    check_inputs();
    check_weights();
    self_ = query_.same_as(key_) && key_.same_as(value_) && w_.in_proj_weight.defined() && !w_.bias_k.defined() &&
            !o_.add_zero_attn;
    if (!batched_) {
      int64_t batch = batch_dim();
      query_ = query_.unsqueeze(batch);
      key_ = key_.unsqueeze(batch);
      value_ = value_.unsqueeze(batch);
    }
    check_masks();
  }

  MultiHeadResult run(Generator& generator) const {
    AttentionForm form{.scale = 1 / std::sqrt(static_cast<double>(embedding_ / o_.num_heads)),
                       .dropout_p = o_.training ? o_.dropout_p : 0};
    if (o_.need_weights)
      form.weights = o_.average_attn_weights ? AttentionForm::Weights::mean : AttentionForm::Weights::each;
    Attended attended;
    if (self_) {
      attended = attend_packed(linear(query_, w_.in_proj_weight, w_.in_proj_bias), o_.num_heads, o_.batch_first, mask(),
                               form, generator);
    } else {
      auto heads = [&](const Tensor& x) { return split_heads(x, o_.num_heads, o_.batch_first); };
      attended = attend(heads(projected(query_, w_.q_proj_weight, 0)),
                        heads(extended(projected(key_, w_.k_proj_weight, 1), w_.bias_k)),
                        heads(extended(projected(value_, w_.v_proj_weight, 2), w_.bias_v)), mask(), form, generator);
    }
    Tensor y = linear(join_heads(attended.y, o_.batch_first), w_.out_proj_weight, w_.out_proj_bias);
    if (batched_) return {y, attended.weights};
    return {y.squeeze(batch_dim()), attended.weights.defined() ? attended.weights.squeeze(0) : Tensor()};
  }

 private:
  static constexpr const char* op = "multi_head_attention_forward";

  int64_t batch_dim() const { return o_.batch_first ? 0 : 1; }
  int64_t batch() const { return query_.size(batch_dim()); }
  int64_t queries() const { return query_.size(1 - batch_dim()); }
  int64_t keys() const { return key_.size(1 - batch_dim()); }  // without the extra ones
  std::string shapes() const {
    return fmt::format("(query {}, key {}, value {})", query_.shape(), key_.shape(), value_.shape());
  }

  void check_inputs() {
    check<ValueError>(query_.defined() && key_.defined() && value_.defined(), "{}: {} is undefined", op,
                      !query_.defined() ? "query"
                      : !key_.defined() ? "key"
                                        : "value");
    check<DtypeError>(is_floating(query_.dtype()) && key_.dtype() == query_.dtype() && value_.dtype() == query_.dtype(),
                      "{}: query, key and value must all be f32 or all f64, are {}, {} and {}", op, query_.dtype(),
                      key_.dtype(), value_.dtype());
    check<ShapeError>(
        (query_.dim() == 2 || query_.dim() == 3) && key_.dim() == query_.dim() && value_.dim() == query_.dim(),
        "{}: query, key and value need 3 dimensions, or 2 if unbatched {}", op, shapes());
    batched_ = query_.dim() == 3;
    embedding_ = query_.size(-1);
    int kept = query_.dim() - 1;
    check<ShapeError>(key_.shape().slice(0, kept) == value_.shape().slice(0, kept),
                      "{}: key and value need the same lengths and batch {}", op, shapes());
    check<ShapeError>(!batched_ || query_.size(batch_dim()) == key_.size(batch_dim()),
                      "{}: query is a batch of {}, key of {} {}", op, batched_ ? query_.size(batch_dim()) : 1,
                      batched_ ? key_.size(batch_dim()) : 1, shapes());
    check<ValueError>(o_.num_heads > 0 && embedding_ % o_.num_heads == 0,
                      "{}: num_heads={} does not divide the embedding of {}", op, o_.num_heads, embedding_);
    check_dropout(op, o_.dropout_p);
  }

  void check_weight(const char* name, const Tensor& x, const Shape& shape) const {
    check<ValueError>(x.defined(), "{}: {} is undefined", op, name);
    check<ShapeError>(x.shape() == shape, "{}: {} needs shape {}, has {} {}", op, name, shape, x.shape(), shapes());
    check<DtypeError>(x.dtype() == query_.dtype(), "{}: {} is {}, query is {}", op, name, x.dtype(), query_.dtype());
  }

  void check_weights() const {
    const int64_t e = embedding_;
    if (w_.in_proj_weight.defined()) {
      check<ShapeError>(key_.size(-1) == e && value_.size(-1) == e,
                        "{}: key and value need query's {} features for in_proj_weight {}", op, e, shapes());
      check_weight("in_proj_weight", w_.in_proj_weight, {3 * e, e});
    } else {
      check_weight("q_proj_weight", w_.q_proj_weight, {e, e});
      check_weight("k_proj_weight", w_.k_proj_weight, {e, key_.size(-1)});
      check_weight("v_proj_weight", w_.v_proj_weight, {e, value_.size(-1)});
    }
    if (w_.in_proj_bias.defined()) check_weight("in_proj_bias", w_.in_proj_bias, {3 * e});
    check<ValueError>(w_.bias_k.defined() == w_.bias_v.defined(), "{}: bias_k and bias_v come together", op);
    if (w_.bias_k.defined()) {
      check_weight("bias_k", w_.bias_k, {1, 1, e});
      check_weight("bias_v", w_.bias_v, {1, 1, e});
    }
    check_weight("out_proj_weight", w_.out_proj_weight, {e, e});
    if (w_.out_proj_bias.defined()) check_weight("out_proj_bias", w_.out_proj_bias, {e});
  }

  void check_masks() const {
    if (o_.key_padding_mask.defined()) {
      Shape expected = batched_ ? Shape{batch(), keys()} : Shape{keys()};
      check<ShapeError>(o_.key_padding_mask.shape() == expected, "{}: key_padding_mask needs shape {}, has {} {}", op,
                        expected, o_.key_padding_mask.shape(), shapes());
    }
    if (o_.attn_mask.defined()) {
      Shape plain{queries(), keys()}, each{batch() * o_.num_heads, queries(), keys()};
      check<ShapeError>(o_.attn_mask.shape() == plain || o_.attn_mask.shape() == each,
                        "{}: attn_mask needs shape {} or {}, has {} {}", op, plain, each, o_.attn_mask.shape(),
                        shapes());
    }
  }

  // Input times weight `i` of the three.
  Tensor projected(const Tensor& x, const Tensor& own_weight, int64_t i) const {
    auto third = [&](const Tensor& packed) { return packed.narrow(0, i * embedding_, embedding_); };
    return linear(x, w_.in_proj_weight.defined() ? third(w_.in_proj_weight) : own_weight,
                  w_.in_proj_bias.defined() ? third(w_.in_proj_bias) : Tensor());
  }

  // Keys or values with the extra ones behind them.
  Tensor extended(const Tensor& x, const Tensor& bias) const {
    if (!bias.defined() && !o_.add_zero_attn) return x;
    Shape one = o_.batch_first ? Shape{batch(), 1, embedding_} : Shape{1, batch(), embedding_};
    std::vector<Tensor> parts{x};
    if (bias.defined()) parts.push_back(bias.expand(one));
    if (o_.add_zero_attn) parts.push_back(zeros(one, {.dtype = x.dtype()}));
    return cat(parts, 1 - batch_dim());
  }

  // Both masks as one that is added to the scores [N,H,L,S]; undefined if there is none.
  Tensor mask() const {
    Tensor sum;
    if (o_.attn_mask.defined()) {
      sum = additive(op, "attn_mask", o_.attn_mask, query_.dtype(), false);
      if (sum.dim() == 3) sum = sum.reshape({batch(), o_.num_heads, queries(), keys()});
    }
    if (o_.key_padding_mask.defined()) {
      Tensor padding =
          additive(op, "key_padding_mask", o_.key_padding_mask, query_.dtype(), false).reshape({batch(), 1, 1, keys()});
      sum = sum.defined() ? sum + padding : padding;
    }
    int64_t extra = (w_.bias_k.defined() ? 1 : 0) + (o_.add_zero_attn ? 1 : 0);
    return sum.defined() && extra > 0 ? pad(sum, {0, extra}) : sum;
  }

  Tensor query_, key_, value_;
  const MultiHeadWeights& w_;
  const MultiHeadOptions& o_;
  bool batched_ = true, self_ = false;
  int64_t embedding_ = 0;
};

}  // namespace

MultiHeadResult multi_head_attention_forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                             const MultiHeadWeights& weights, const MultiHeadOptions& options,
                                             Generator& generator) {
  return MultiHead(query, key, value, weights, options).run(generator);
}

}  // namespace korrel
