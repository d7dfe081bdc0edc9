// What vector arithmetic does not reach (infinities, quotients of 60 bits): a function of two numbers, lane by lane.
// For functors of ops whose usual case is vectors.
#if defined(KORREL_EACH_LANE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_EACH_LANE_INL_H_
#undef KORREL_EACH_LANE_INL_H_
#else
#define KORREL_EACH_LANE_INL_H_
#endif

#include <cstddef>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// `value` where `easy`, f(a, b) elsewhere: what a lane holds does not depend on its neighbours.
template <class D, class V, class M, class F>
HWY_INLINE V unless_easy(D d, M easy, V value, V a, V b, F f) {
  if (HWY_LIKELY(hn::AllTrue(d, easy))) return value;
  HWY_ALIGN hn::TFromD<D> first[hn::MaxLanes(d)];
  HWY_ALIGN hn::TFromD<D> second[hn::MaxLanes(d)];
  hn::Store(a, d, first);
  hn::Store(b, d, second);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) first[i] = f(first[i], second[i]);
  return hn::IfThenElse(easy, value, hn::Load(d, first));
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_EACH_LANE_INL_H_
