#include <korrel/framework/kernels/recurrent.h>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/recurrent.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/math-inl.h>
#include <korrel/framework/kernels/partial_vector-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// A whole vector, or the first `n` lanes of one.
template <class T, bool whole>
struct Lanes {
  static constexpr hn::ScalableTag<T> d{};
  using V = hn::Vec<hn::ScalableTag<T>>;
  std::size_t n;

  HWY_INLINE V load(const T* from) const {
    if constexpr (whole)
      return hn::LoadU(d, from);
    else
      return load_part(d, from, n);
  }
  HWY_INLINE void store(V v, T* to) const {
    if constexpr (whole)
      hn::StoreU(v, d, to);
    else
      store_part(v, d, to, n);
  }
};

template <class D, class V>
HWY_INLINE V sigmoid_slope(D d, V y) {  // y (1 - y)
  return hn::Mul(y, hn::Sub(math::constant(d, 1), y));
}
template <class D, class V>
HWY_INLINE V tanh_slope(D d, V y) {  // 1 - y^2
  return hn::NegMulAdd(y, y, math::constant(d, 1));
}

// Each cell: a step and its gradient on one vector. The pointers of `s` are those of a row; j is where in it.

// The recurrent part of a gate.
template <class L, class T>
HWY_INLINE auto recurrent_part(const L& l, const CellStep<T>& s, int64_t gate, int64_t j) {
  const auto q = l.load(s.recurrent + gate * s.rows * s.hidden + j);
  return s.bias == nullptr ? q : hn::Add(q, l.load(s.bias + gate * s.hidden + j));
}

template <bool relu>
struct Rnn {
  template <class L, class T>
  static HWY_INLINE void step(const L& l, const CellStep<T>& s, int64_t j) {
    const auto sum = hn::Add(l.load(s.gates + j), recurrent_part(l, s, 0, j));
    const auto h = relu ? hn::Max(sum, hn::Zero(l.d)) : math::tanh(l.d, sum);
    l.store(h, s.gates + j);
    l.store(h, s.h + j);
    l.store(h, s.y + j);
  }
  template <class L, class T>
  static HWY_INLINE void gradient(const L& l, const CellGradientStep<T>& s, int64_t j) {
    const auto h = l.load(s.gates + j), gh = hn::Add(l.load(s.gy + j), l.load(s.gh + j));
    l.store(relu ? hn::IfThenElseZero(hn::Gt(h, hn::Zero(l.d)), gh) : hn::Mul(gh, tanh_slope(l.d, h)), s.gradient + j);
  }
};

struct Lstm {
  template <class L, class T>
  static HWY_INLINE void step(const L& l, const CellStep<T>& s, int64_t j) {
    const auto sum = [&](int64_t gate) HWY_ATTR {
      return hn::Add(l.load(s.gates + gate * s.hidden + j), recurrent_part(l, s, gate, j));
    };
    const auto i = math::sigmoid(l.d, sum(0)), f = math::sigmoid(l.d, sum(1)), g = math::tanh(l.d, sum(2)),
               o = math::sigmoid(l.d, sum(3));
    const auto c = hn::MulAdd(f, l.load(s.c + j), hn::Mul(i, g)), h = hn::Mul(o, math::tanh(l.d, c));
    l.store(i, s.gates + j);
    l.store(f, s.gates + s.hidden + j);
    l.store(g, s.gates + 2 * s.hidden + j);
    l.store(o, s.gates + 3 * s.hidden + j);
    l.store(c, s.c + j);
    l.store(h, s.h + j);
    l.store(h, s.y + j);
  }
  template <class L, class T>
  static HWY_INLINE void gradient(const L& l, const CellGradientStep<T>& s, int64_t j) {
    const auto d = l.d;
    const auto i = l.load(s.gates + j), f = l.load(s.gates + s.hidden + j), g = l.load(s.gates + 2 * s.hidden + j),
               o = l.load(s.gates + 3 * s.hidden + j), before = l.load(s.c_before + j);
    const auto bent = math::tanh(d, hn::MulAdd(f, before, hn::Mul(i, g)));
    const auto gh = hn::Add(l.load(s.gy + j), l.load(s.gh + j));
    const auto gc = hn::MulAdd(hn::Mul(gh, o), tanh_slope(d, bent), l.load(s.gc + j));
    l.store(hn::Mul(hn::Mul(gc, g), sigmoid_slope(d, i)), s.gradient + j);
    l.store(hn::Mul(hn::Mul(gc, before), sigmoid_slope(d, f)), s.gradient + s.hidden + j);
    l.store(hn::Mul(hn::Mul(gc, i), tanh_slope(d, g)), s.gradient + 2 * s.hidden + j);
    l.store(hn::Mul(hn::Mul(gh, bent), sigmoid_slope(d, o)), s.gradient + 3 * s.hidden + j);
    l.store(hn::Mul(gc, f), s.gc + j);
  }
};

struct Gru {
  template <class L, class T>
  static HWY_INLINE void step(const L& l, const CellStep<T>& s, int64_t j) {
    const auto p = [&](int64_t gate) HWY_ATTR { return l.load(s.gates + gate * s.hidden + j); };
    const auto q = [&](int64_t gate) HWY_ATTR { return recurrent_part(l, s, gate, j); };
    const auto candidate = q(2);
    const auto r = math::sigmoid(l.d, hn::Add(p(0), q(0))), z = math::sigmoid(l.d, hn::Add(p(1), q(1))),
               n = math::tanh(l.d, hn::MulAdd(r, candidate, p(2)));
    const auto h = hn::MulAdd(z, hn::Sub(l.load(s.h + j), n), n);
    l.store(r, s.gates + j);
    l.store(z, s.gates + s.hidden + j);
    l.store(n, s.gates + 2 * s.hidden + j);
    if (s.candidate != nullptr) l.store(candidate, s.candidate + j);
    l.store(h, s.h + j);
    l.store(h, s.y + j);
  }
  template <class L, class T>
  static HWY_INLINE void gradient(const L& l, const CellGradientStep<T>& s, int64_t j) {
    const auto d = l.d;
    const auto r = l.load(s.gates + j), z = l.load(s.gates + s.hidden + j), n = l.load(s.gates + 2 * s.hidden + j);
    const auto gh = hn::Add(hn::Add(l.load(s.gy + j), l.load(s.gh + j)), l.load(s.kept + j));
    const auto gz = hn::Mul(hn::Mul(gh, hn::Sub(l.load(s.h_before + j), n)), sigmoid_slope(d, z));
    const auto gn = hn::Mul(hn::Mul(gh, hn::Sub(math::constant(d, 1), z)), tanh_slope(d, n));
    const auto gr = hn::Mul(hn::Mul(gn, l.load(s.candidate + j)), sigmoid_slope(d, r));
    l.store(gr, s.gradient + j);
    l.store(gz, s.gradient + s.hidden + j);
    l.store(gn, s.gradient + 2 * s.hidden + j);
    l.store(gr, s.recurrent_gradient + j);
    l.store(gz, s.recurrent_gradient + s.hidden + j);
    l.store(hn::Mul(gn, r), s.recurrent_gradient + 2 * s.hidden + j);
    l.store(hn::Mul(gh, z), s.kept + j);
  }
};

template <class T>
HWY_INLINE CellStep<T> at_row(CellStep<T> s, int64_t row, int64_t gates) {
  s.gates += row * gates * s.hidden;
  s.recurrent += row * s.hidden;
  s.h += row * s.hidden;
  s.y += row * s.hidden;
  if (s.c != nullptr) s.c += row * s.hidden;
  if (s.candidate != nullptr) s.candidate += row * s.hidden;
  return s;
}
template <class T>
HWY_INLINE CellGradientStep<T> at_row(CellGradientStep<T> s, int64_t row, int64_t gates) {
  s.gates += row * gates * s.hidden;
  s.gradient += row * gates * s.hidden;
  s.gy += row * s.hidden;
  s.gh += row * s.hidden;
  if (s.c_before != nullptr) {
    s.c_before += row * s.hidden;
    s.gc += row * s.hidden;
  }
  if (s.h_before != nullptr) {
    s.h_before += row * s.hidden;
    s.candidate += row * s.hidden;
    s.kept += row * s.hidden;
    s.recurrent_gradient += row * gates * s.hidden;
  }
  return s;
}

template <class C, class L, class T>
HWY_INLINE void apply(const L& l, const CellStep<T>& s, int64_t j) {
  C::step(l, s, j);
}
template <class C, class L, class T>
HWY_INLINE void apply(const L& l, const CellGradientStep<T>& s, int64_t j) {
  C::gradient(l, s, j);
}

template <class C, class T, class Step>
void rows_of(const Step& all, int64_t gates, int64_t begin, int64_t end) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(hn::ScalableTag<T>()));
  for (int64_t row = begin; row < end; ++row) {
    const Step s = at_row(all, row, gates);
    int64_t j = 0;
    for (; j + lanes <= s.hidden; j += lanes) apply<C>(Lanes<T, true>{}, s, j);
    if (j < s.hidden) apply<C>(Lanes<T, false>{static_cast<std::size_t>(s.hidden - j)}, s, j);
  }
}

template <class T, class Step>
void run(Cell cell, const Step& step, int64_t begin, int64_t end) {
  switch (cell) {
    case Cell::rnn_tanh:
      return rows_of<Rnn<false>, T>(step, 1, begin, end);
    case Cell::rnn_relu:
      return rows_of<Rnn<true>, T>(step, 1, begin, end);
    case Cell::lstm:
      return rows_of<Lstm, T>(step, 4, begin, end);
    case Cell::gru:
      return rows_of<Gru, T>(step, 3, begin, end);
  }
}

void step_f32(Cell cell, const CellStep<float>& step, int64_t begin, int64_t end) {
  run<float>(cell, step, begin, end);
}
void step_f64(Cell cell, const CellStep<double>& step, int64_t begin, int64_t end) {
  run<double>(cell, step, begin, end);
}
void gradient_f32(Cell cell, const CellGradientStep<float>& step, int64_t begin, int64_t end) {
  run<float>(cell, step, begin, end);
}
void gradient_f64(Cell cell, const CellGradientStep<double>& step, int64_t begin, int64_t end) {
  run<double>(cell, step, begin, end);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(step_f32);
HWY_EXPORT(step_f64);
HWY_EXPORT(gradient_f32);
HWY_EXPORT(gradient_f64);

int64_t grain(int64_t hidden) { return 1 + 16384 / (hidden + 1); }  // rows worth a thread: some 20 us

}  // namespace

template <>
void cell_step(Cell cell, const CellStep<float>& step) {
  ensure_target();
  parallel_for(step.rows, grain(step.hidden), [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(step_f32)(cell, step, begin, end);
  });
}
template <>
void cell_step(Cell cell, const CellStep<double>& step) {
  ensure_target();
  parallel_for(step.rows, grain(step.hidden), [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(step_f64)(cell, step, begin, end);
  });
}
template <>
void cell_gradient_step(Cell cell, const CellGradientStep<float>& step) {
  ensure_target();
  parallel_for(step.rows, grain(step.hidden), [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(gradient_f32)(cell, step, begin, end);
  });
}
template <>
void cell_gradient_step(Cell cell, const CellGradientStep<double>& step) {
  ensure_target();
  parallel_for(step.rows, grain(step.hidden), [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(gradient_f64)(cell, step, begin, end);
  });
}

}  // namespace korrel::kernels
#endif  // HWY_ONCE
