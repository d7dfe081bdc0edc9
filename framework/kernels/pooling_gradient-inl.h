// The gradients of pooling: each element of x sums over the windows that it is in, one phase of the stride after the
// other. No zeros first, no scattering. Compiled per SIMD target, for pooling.cpp only.
#if defined(KORREL_POOLING_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_POOLING_GRADIENT_INL_H_
#undef KORREL_POOLING_GRADIENT_INL_H_
#else
#define KORREL_POOLING_GRADIENT_INL_H_
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/pooling_rows-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// The same past the caches: whole lines.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void copy_past_caches(D d, const T* HWY_RESTRICT from, int64_t size, T* HWY_RESTRICT to) {
  for (int64_t i = 0; i < size; i += lanes_of(d)) hn::Stream(hn::LoadU(d, from + i), d, to + i);
}

// to[0, size) = the sums of a unit, [phase][lanes], woven together. Touches nothing beyond. past_caches: those are
// whole lines of a large result.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void weave(D d, const T* sums, int64_t phases, int64_t size, bool past_caches, T* to) {
  const int64_t lanes = lanes_of(d);
  if (past_caches && phases <= 2) {
    HWY_ALIGN T both[2 * hn::MaxLanes(d)];
    if (phases == 2) hn::StoreInterleaved2(hn::Load(d, sums), hn::Load(d, sums + lanes), d, both);
    return copy_past_caches(d, phases == 2 ? both : sums, size, to);
  }
  fetch_ahead(to, size);
  if (phases == 1) {
    copy(d, sums, size, to);
  } else if (phases == 2) {
    HWY_ALIGN T both[2 * hn::MaxLanes(d)];
    const bool whole = size == 2 * lanes;
    hn::StoreInterleaved2(hn::Load(d, sums), hn::Load(d, sums + lanes), d, whole ? to : both);
    if (!whole) copy(d, both, size, to);
  } else {
    for (int64_t i = 0, lane = 0; i < size; ++lane)
      for (int64_t phase = 0; phase < phases && i < size; ++phase) to[i++] = sums[phase * lanes + lane];
  }
}

// gx at the positions of a band. sum_up(taps, units, sum) adds what the taps of a phase contribute.
template <class T, class SumUp>
HWY_INLINE void gradient_of_band(const PoolBand& band, T* sums, T* gx, SumUp sum_up) {
  const hn::ScalableTag<T> d;
  const PoolPlan& plan = band.plan;
  const int64_t lanes = lanes_of(d), phases = plan.phases[2], unit = lanes * phases;
  const bool past_caches =
      goes_past_caches(gx, plan.g.planes * plan.here[0] * plan.here[1] * plan.here[2], plan.here[2]);
  T* plane = gx + (band.plane * plan.here[0] + band.depth) * plan.here[1] * plan.here[2];
  for_units(band, lanes, [&](const Unit(&units)[kUnits], int count) HWY_ATTR {
    for (int64_t row_phase = 0; row_phase < plan.phases[1]; ++row_phase) {
      for (int64_t phase = 0; phase < phases; ++phase) {
        hn::Vec<decltype(d)> sum[kUnits];
#pragma GCC unroll 4
        for (int u = 0; u < kUnits; ++u) sum[u] = hn::Zero(d);
        sum_up(band.taps(row_phase, phase), units, sum);
#pragma GCC unroll 4
        for (int u = 0; u < kUnits; ++u) hn::Store(sum[u], d, sums + u * unit + phase * lanes);
      }
      for (int u = 0; u < count; ++u) {
        const int64_t at = units[u].row * plan.phases[1] + row_phase, column = units[u].column * phases;
        if (at >= plan.here[1]) break;
        const int64_t size = plan.here[2] - column < unit ? plan.here[2] - column : unit;
        weave(d, sums + u * unit, phases, size, past_caches, plane + at * plan.here[2] + column);
      }
    }
  });
}

// Rows of positions [begin, end) of gx: a tap counts where it is the window's maximum.
template <class T>
void max_gradient_rows(const PoolPlan& plan, int64_t begin, int64_t end, const T* gy, const PoolTap* taps, T* gx) {
  const hn::ScalableTag<T> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const int64_t lanes = lanes_of(d);
  PoolBand band(plan, PoolBand::Content::rows, lanes, sizeof(T));
  BandRows<decltype(d)> met(band, gy, T(0));
  BandRows<hn::Rebind<PoolTap, decltype(d)>> met_taps(band, taps, 0);  // any tap beyond the borders: gy is zero there
  const WorkingMemory<T> sums(kUnits * lanes * plan.phases[2]);
  for (int64_t row = begin; row < end;) {
    row = band.move_to(row, end);
    met.update();
    met_taps.update();
    gradient_of_band(band, sums.elements(), gx,
                     [&](PoolBand::Taps all, const Unit(&units)[kUnits], hn::Vec<decltype(d)>(&sum)[kUnits]) HWY_ATTR {
                       for (const PoolBand::Tap* t = all.begin; t != all.end; ++t) {
                         const auto number = hn::Set(du, static_cast<hn::TFromD<decltype(du)>>(t->number));
#pragma GCC unroll 4
                         for (int u = 0; u < kUnits; ++u) {
                           const int64_t at = t->distance + units[u].place;
                           const auto mine = hn::RebindMask(d, hn::Eq(load_taps(d, met_taps.elements() + at), number));
                           sum[u] = hn::Add(sum[u], hn::IfThenElseZero(mine, hn::LoadU(d, met.elements() + at)));
                         }
                       }
                     });
  }
  hwy::FlushStream();
}

// Rows of positions [begin, end) of gx: sums of gy / divisors.
template <class T>
void average_gradient_rows(const PoolPlan& plan, int64_t begin, int64_t end, const T* gy, const Divisors<T>& divisors,
                           T* gx) {
  const hn::ScalableTag<T> d;
  PoolBand band(plan, PoolBand::Content::rows, lanes_of(d), sizeof(T));
  BandRows<decltype(d)> met(band, gy, T(0));
  const WorkingMemory<T> sums(kUnits * lanes_of(d) * plan.phases[2]);
  for (int64_t row = begin; row < end;) {
    row = band.move_to(row, end);
    met.update([&](auto part, int64_t at, int64_t valid) HWY_ATTR { return divisors.divide(d, part, at, valid); });
    gradient_of_band(band, sums.elements(), gx,
                     [&](PoolBand::Taps all, const Unit(&units)[kUnits], hn::Vec<decltype(d)>(&sum)[kUnits]) HWY_ATTR {
                       for (const PoolBand::Tap* t = all.begin; t != all.end; ++t)
#pragma GCC unroll 4
                         for (int u = 0; u < kUnits; ++u)
                           sum[u] = hn::Add(sum[u], hn::LoadU(d, met.elements() + t->distance + units[u].place));
                     });
  }
  hwy::FlushStream();
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_POOLING_GRADIENT_INL_H_
