#include <korrel/framework/kernels/optimizer.h>

#include <korrel/framework/base/flush_denormals.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/optimizer.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/partial_vector-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// average = share * average + (1 - share) * value, where `share` is number i.
template <class D, class V, class T>
HWY_INLINE V averaged(D d, V average, V value, const T* k, int i) {
  return hn::MulAdd(hn::Set(d, k[i]), average, hn::Mul(hn::Set(d, k[i + max_optimizer_numbers]), value));
}

// Each rule: how many states it has, and update(d, k, w, g, states...) on one vector. k points to the numbers after
// sign and decay; max_optimizer_numbers further on lie 1 - number.
struct Sgd {
  static constexpr int states = 1;
  template <class D, class V, class T>
  static HWY_INLINE void update(D d, const T* k, V& w, V g, V& buffer, V&, V&) {
    buffer = hn::MulAdd(hn::Set(d, k[0]), buffer, hn::Mul(hn::Set(d, k[1]), g));
    V direction = k[3] != 0 ? hn::MulAdd(hn::Set(d, k[0]), buffer, g) : buffer;
    w = hn::NegMulAdd(hn::Set(d, k[2]), direction, w);
  }
};
struct SgdPlain {
  static constexpr int states = 0;
  template <class D, class V, class T>
  static HWY_INLINE void update(D d, const T* k, V& w, V g, V&, V&, V&) {
    w = hn::NegMulAdd(hn::Set(d, k[0]), g, w);
  }
};

template <bool amsgrad>
struct Adam {
  static constexpr int states = amsgrad ? 3 : 2;
  template <class D, class V, class T>
  static HWY_INLINE void update(D d, const T* k, V& w, V g, V& mean, V& square, V& largest) {
    mean = averaged(d, mean, g, k, 0);
    square = averaged(d, square, hn::Mul(g, g), k, 1);
    V under = square;
    if constexpr (amsgrad) under = largest = hn::Max(largest, square);
    V root = hn::MulAdd(hn::Sqrt(under), hn::Set(d, k[3]), hn::Set(d, k[4]));
    w = hn::NegMulAdd(hn::Set(d, k[2]), hn::Div(mean, root), hn::Mul(w, hn::Set(d, k[5])));
  }
};
struct NAdam {
  static constexpr int states = 2;
  template <class D, class V, class T>
  static HWY_INLINE void update(D d, const T* k, V& w, V g, V& mean, V& square, V&) {
    mean = averaged(d, mean, g, k, 0);
    square = averaged(d, square, hn::Mul(g, g), k, 1);
    V root = hn::Add(hn::Sqrt(hn::Div(square, hn::Set(d, k[4]))), hn::Set(d, k[5]));
    V direction = hn::MulAdd(hn::Set(d, k[2]), g, hn::Mul(hn::Set(d, k[3]), mean));
    w = hn::Sub(w, hn::Div(direction, root));
  }
};
struct RAdam {
  static constexpr int states = 2;
  template <class D, class V, class T>
  static HWY_INLINE void update(D d, const T* k, V& w, V g, V& mean, V& square, V&) {
    mean = averaged(d, mean, g, k, 0);
    square = averaged(d, square, hn::Mul(g, g), k, 1);
    V direction = hn::Mul(hn::Set(d, k[2]), mean);
    if (k[3] > 0)
      direction = hn::Mul(direction, hn::Div(hn::Set(d, k[3]), hn::Add(hn::Sqrt(square), hn::Set(d, k[4]))));
    w = hn::Sub(w, direction);
  }
};
struct Adamax {
  static constexpr int states = 2;
  template <class D, class V, class T>
  static HWY_INLINE void update(D d, const T* k, V& w, V g, V& mean, V& largest, V&) {
    mean = averaged(d, mean, g, k, 0);
    largest = hn::Max(hn::Mul(largest, hn::Set(d, k[1])), hn::Add(hn::Abs(g), hn::Set(d, k[3])));
    w = hn::NegMulAdd(hn::Set(d, k[2]), hn::Div(mean, largest), w);
  }
};

template <bool momentum, bool centered>
struct RmsProp {
  static constexpr int states = centered ? 3 : momentum ? 2 : 1;
  template <class D, class V, class T>
  static HWY_INLINE void update(D d, const T* k, V& w, V g, V& square, V& buffer, V& mean) {
    square = averaged(d, square, hn::Mul(g, g), k, 0);
    V under = square;
    if constexpr (centered) {
      mean = averaged(d, mean, g, k, 0);
      under = hn::NegMulAdd(mean, mean, square);
    }
    V step = hn::Div(g, hn::Add(hn::Sqrt(under), hn::Set(d, k[1])));
    if constexpr (momentum) step = buffer = hn::MulAdd(hn::Set(d, k[3]), buffer, step);
    w = hn::NegMulAdd(hn::Set(d, k[2]), step, w);
  }
};
struct Adagrad {
  static constexpr int states = 1;
  template <class D, class V, class T>
  static HWY_INLINE void update(D d, const T* k, V& w, V g, V& sum, V&, V&) {
    sum = hn::MulAdd(g, g, sum);
    w = hn::NegMulAdd(hn::Set(d, k[0]), hn::Div(g, hn::Add(hn::Sqrt(sum), hn::Set(d, k[1]))), w);
  }
};
struct Adadelta {
  static constexpr int states = 2;
  template <class D, class V, class T>
  static HWY_INLINE void update(D d, const T* k, V& w, V g, V& square, V& accumulated, V&) {
    V eps = hn::Set(d, k[1]);
    square = averaged(d, square, hn::Mul(g, g), k, 0);
    V delta = hn::Mul(hn::Div(hn::Sqrt(hn::Add(accumulated, eps)), hn::Sqrt(hn::Add(square, eps))), g);
    accumulated = averaged(d, accumulated, hn::Mul(delta, delta), k, 0);
    w = hn::NegMulAdd(hn::Set(d, k[2]), delta, w);
  }
};
struct Asgd {
  static constexpr int states = 1;
  template <class D, class V, class T>
  static HWY_INLINE void update(D d, const T* k, V& w, V g, V& average, V&, V&) {
    w = hn::NegMulAdd(hn::Set(d, k[1]), g, hn::Mul(w, hn::Set(d, k[0])));
    average = k[2] == 1 ? w : hn::MulAdd(hn::Set(d, k[2]), hn::Sub(w, average), average);
  }
};
struct Rprop {
  static constexpr int states = 2;
  template <class D, class V, class T>
  static HWY_INLINE void update(D d, const T* k, V& w, V g, V& last, V& step, V&) {
    V zero = hn::Zero(d), one = hn::Set(d, T(1)), product = hn::Mul(g, last);
    auto turned = hn::Lt(product, zero), kept = hn::Gt(product, zero);
    V factor = hn::IfThenElse(turned, hn::Set(d, k[0]), hn::IfThenElse(kept, hn::Set(d, k[1]), one));
    step = hn::Min(hn::Max(hn::Mul(step, factor), hn::Set(d, k[2])), hn::Set(d, k[3]));
    g = hn::IfThenElse(turned, zero, g);
    V sign = hn::IfThenElse(hn::Gt(g, zero), one, hn::IfThenElse(hn::Lt(g, zero), hn::Neg(one), zero));
    w = hn::NegMulAdd(sign, step, w);
    last = g;
  }
};

template <class Rule, class T>
void run(const ParameterArrays& arrays, int64_t begin, int64_t end, const T* k) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  T* weight = static_cast<T*>(arrays.weight);
  const T* gradient = static_cast<const T*>(arrays.gradient);
  T* states[3];
  for (int s = 0; s < 3; ++s) states[s] = static_cast<T*>(arrays.state[s]);

  auto g_of = [&](V g, V w) HWY_ATTR { return hn::MulAdd(hn::Set(d, k[1]), w, hn::Mul(hn::Set(d, k[0]), g)); };
  V s0 = hn::Zero(d), s1 = s0, s2 = s0;
  int64_t i = begin;
  for (; i + lanes <= end; i += lanes) {
    V w = hn::LoadU(d, weight + i);
    if constexpr (Rule::states > 0) s0 = hn::LoadU(d, states[0] + i);
    if constexpr (Rule::states > 1) s1 = hn::LoadU(d, states[1] + i);
    if constexpr (Rule::states > 2) s2 = hn::LoadU(d, states[2] + i);
    Rule::update(d, k + 2, w, g_of(hn::LoadU(d, gradient + i), w), s0, s1, s2);
    hn::StoreU(w, d, weight + i);
    if constexpr (Rule::states > 0) hn::StoreU(s0, d, states[0] + i);
    if constexpr (Rule::states > 1) hn::StoreU(s1, d, states[1] + i);
    if constexpr (Rule::states > 2) hn::StoreU(s2, d, states[2] + i);
  }
  if (i == end) return;
  const auto rest = static_cast<std::size_t>(end - i);
  V w = load_part(d, weight + i, rest);
  if constexpr (Rule::states > 0) s0 = load_part(d, states[0] + i, rest);
  if constexpr (Rule::states > 1) s1 = load_part(d, states[1] + i, rest);
  if constexpr (Rule::states > 2) s2 = load_part(d, states[2] + i, rest);
  Rule::update(d, k + 2, w, g_of(load_part(d, gradient + i, rest), w), s0, s1, s2);
  store_part(w, d, weight + i, rest);
  if constexpr (Rule::states > 0) store_part(s0, d, states[0] + i, rest);
  if constexpr (Rule::states > 1) store_part(s1, d, states[1] + i, rest);
  if constexpr (Rule::states > 2) store_part(s2, d, states[2] + i, rest);
}

template <class T>
void run_rule(OptimizerRule rule, const ParameterArrays& arrays, int64_t begin, int64_t end, const T* k) {
  switch (rule) {
    case OptimizerRule::sgd:
      return run<Sgd>(arrays, begin, end, k);
    case OptimizerRule::sgd_plain:
      return run<SgdPlain>(arrays, begin, end, k);
    case OptimizerRule::adam:
      return run<Adam<false>>(arrays, begin, end, k);
    case OptimizerRule::adam_amsgrad:
      return run<Adam<true>>(arrays, begin, end, k);
    case OptimizerRule::nadam:
      return run<NAdam>(arrays, begin, end, k);
    case OptimizerRule::radam:
      return run<RAdam>(arrays, begin, end, k);
    case OptimizerRule::adamax:
      return run<Adamax>(arrays, begin, end, k);
    case OptimizerRule::rmsprop:
      return run<RmsProp<false, false>>(arrays, begin, end, k);
    case OptimizerRule::rmsprop_momentum:
      return run<RmsProp<true, false>>(arrays, begin, end, k);
    case OptimizerRule::rmsprop_centered:
      return run<RmsProp<true, true>>(arrays, begin, end, k);
    case OptimizerRule::adagrad:
      return run<Adagrad>(arrays, begin, end, k);
    case OptimizerRule::adadelta:
      return run<Adadelta>(arrays, begin, end, k);
    case OptimizerRule::asgd:
      return run<Asgd>(arrays, begin, end, k);
    case OptimizerRule::rprop:
      return run<Rprop>(arrays, begin, end, k);
  }
}

void step_f32(OptimizerRule rule, const ParameterArrays& arrays, int64_t begin, int64_t end, const float* k) {
  run_rule(rule, arrays, begin, end, k);
}
void step_f64(OptimizerRule rule, const ParameterArrays& arrays, int64_t begin, int64_t end, const double* k) {
  run_rule(rule, arrays, begin, end, k);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(step_f32);
HWY_EXPORT(step_f64);

constexpr int64_t grain = 32768;  // elements a thread takes at least: 0.6 MB of Adam's arrays, some 20 us

// The numbers, and 1 - each of them. Taken in double: in float, 1 - 0.999 is wrong by 5e-5 of itself.
template <class T>
struct Numbers {
  explicit Numbers(const double (&numbers)[max_optimizer_numbers]) {
    for (int i = 0; i < max_optimizer_numbers; ++i) {
      k[i] = static_cast<T>(numbers[i]);
      k[i + max_optimizer_numbers] = static_cast<T>(1 - numbers[i]);
    }
  }
  T k[2 * max_optimizer_numbers];
};

}  // namespace

template <>
void optimizer_step<float>(OptimizerRule rule, const ParameterArrays& arrays,
                           const double (&numbers)[max_optimizer_numbers]) {
  ensure_target();
  const Numbers<float> all(numbers);
  parallel_for(arrays.n, grain, [&](int64_t begin, int64_t end) {
    const FlushDenormals flush;  // with moments of 1e-40 Adam takes ten times as long
    HWY_DYNAMIC_DISPATCH(step_f32)(rule, arrays, begin, end, all.k);
  });
}
template <>
void optimizer_step<double>(OptimizerRule rule, const ParameterArrays& arrays,
                            const double (&numbers)[max_optimizer_numbers]) {
  ensure_target();
  const Numbers<double> all(numbers);
  parallel_for(arrays.n, grain, [&](int64_t begin, int64_t end) {
    const FlushDenormals flush;  // with moments of 1e-40 Adam takes ten times as long
    HWY_DYNAMIC_DISPATCH(step_f64)(rule, arrays, begin, end, all.k);
  });
}

}  // namespace korrel::kernels
#endif  // HWY_ONCE
