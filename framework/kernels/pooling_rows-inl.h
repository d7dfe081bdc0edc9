// What pooling's inner loops load and store: vectors of a row that may reach over its borders, and taps. Compiled per
// SIMD target, for pooling.cpp only.
#if defined(KORREL_POOLING_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_POOLING_ROWS_INL_H_
#undef KORREL_POOLING_ROWS_INL_H_
#else
#define KORREL_POOLING_ROWS_INL_H_
#endif

#include <cmath>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <korrel/framework/base/allocator.h>
#include <korrel/framework/kernels/leaves_caches.h>
#include <korrel/framework/kernels/partial_vector-inl.h>
#include <korrel/framework/kernels/pooling_plan.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE int64_t lanes_of(D d) {
  return static_cast<int64_t>(hn::Lanes(d));
}

// to[at, at + valid) = vector. Its other lanes may go behind those, up to `last`: rows are written in ascending order.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_some(D d, hn::Vec<D> vector, T* to, int64_t at, int64_t valid, int64_t last) {
  if (at + lanes_of(d) <= last) {
    hn::StoreU(vector, d, to + at);
    return;
  }
  HWY_ALIGN T lanes[hn::MaxLanes(d)];
  hn::Store(vector, d, lanes);
  for (int64_t i = 0; i < valid; ++i) to[at + i] = lanes[i];
}

// How far ahead memory is fetched: rows come and go in bursts, between which the hardware's prefetchers lose the thread
// (3x3 at stride 2 on 8 MiB: a fifth faster). Fetching beyond the end of an array does no harm.
constexpr int64_t kBytesAhead = 4096;

// The lines that [at, at + count) is in, further on.
template <class T>
HWY_INLINE void fetch_ahead(const T* at, int64_t count) {
  const char* bytes = reinterpret_cast<const char*>(at) + kBytesAhead;
  for (int64_t i = 0; i < count * static_cast<int64_t>(sizeof(T)); i += 64) __builtin_prefetch(bytes + i);
}

// Whether results, `elements` in rows of `row`, are written past the caches: large ones leave those before anyone reads
// them, and need not be read before they are written. Their rows are whole cache lines then.
template <class T>
HWY_INLINE bool goes_past_caches(const T* to, int64_t elements, int64_t row) {
  constexpr int64_t kLine = 64 / sizeof(T), kItem = sizeof(T);
  return elements * kItem > kLeavesCaches && row % kLine == 0 && reinterpret_cast<uintptr_t>(to) % 64 == 0;
}

// The first n elements from `from` on, `fill` in the other lanes. n may be anything.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_or(D d, const T* from, int64_t n, T fill) {
  fetch_ahead(from, lanes_of(d));
  if (n >= lanes_of(d)) return hn::LoadU(d, from);
  if (n <= 0) return hn::Set(d, fill);
  const auto some = hn::FirstN(d, static_cast<size_t>(n));
  return hn::IfThenElse(some, load_part(d, from, static_cast<size_t>(n)), hn::Set(d, fill));
}

// Not memcpy: calling it for each short row took longer than all the rest.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void copy(D d, const T* HWY_RESTRICT from, int64_t size, T* HWY_RESTRICT to) {
  const int64_t lanes = lanes_of(d);
  for (; size >= lanes; size -= lanes, from += lanes, to += lanes) hn::StoreU(hn::LoadU(d, from), d, to);
  if (size > 0) store_part(load_part(d, from, static_cast<size_t>(size)), d, to, static_cast<size_t>(size));
}

// Even and odd elements of a row.
template <class D>
struct Pair {
  hn::Vec<D> even, odd;
  HWY_INLINE Pair operator+(const Pair& other) const { return {hn::Add(even, other.even), hn::Add(odd, other.odd)}; }
};

// to[0, size) = the pair woven together, past the caches if so (whole lines). `room` elements may be written.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void put(D d, const Pair<D>& pair, int64_t size, int64_t room, bool past_caches, T* to) {
  const int64_t lanes = lanes_of(d);
  HWY_ALIGN T both[2 * hn::MaxLanes(d)];
  if (!past_caches && room >= 2 * lanes) {
    fetch_ahead(to, 2 * lanes);
    hn::StoreInterleaved2(pair.even, pair.odd, d, to);
    return;
  }
  hn::StoreInterleaved2(pair.even, pair.odd, d, both);
  if (past_caches) {
    for (int64_t i = 0; i < 2 * lanes && i < size; i += lanes) hn::Stream(hn::Load(d, both + i), d, to + i);
    return;
  }
  fetch_ahead(to, size);
  copy(d, both, size < 2 * lanes ? size : 2 * lanes, to);
}

// Taps are held as unsigned integers, one for each lane of T.
// taps may be null.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_maxima(D d, hn::Vec<D> most, hn::Vec<hn::RebindToUnsigned<D>> tap, T floor, T* y, PoolTap* taps,
                             int64_t at, int64_t valid, int64_t last) {
  store_some(d, most, y, at, valid, last);
  if (taps == nullptr) return;
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<PoolTap, D> dt;
  tap = hn::IfThenElse(hn::RebindMask(du, hn::Le(most, hn::Set(d, floor))),
                       hn::Set(du, static_cast<hn::TFromD<decltype(du)>>(kNoTap)), tap);
  store_some(dt, hn::TruncateTo(dt, tap), taps, at, valid, last);
}
template <class D>
HWY_INLINE hn::Vec<hn::RebindToUnsigned<D>> load_taps(D, const PoolTap* from) {
  const auto narrow = hn::LoadU(hn::Rebind<PoolTap, D>(), from);
  const hn::Rebind<uint32_t, D> d32;
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    return hn::PromoteTo(d32, narrow);
  } else {
    return hn::PromoteTo(hn::RebindToUnsigned<D>(), hn::PromoteTo(d32, narrow));
  }
}

// Of an array of `last`; lanes beyond it hold 0.
template <class D>
HWY_INLINE hn::Vec<hn::RebindToUnsigned<D>> load_taps(D d, const PoolTap* taps, int64_t at, int64_t last) {
  if (at + lanes_of(d) <= last) return load_taps(d, taps + at);
  HWY_ALIGN PoolTap copied[hn::MaxLanes(d)] = {};
  for (int64_t k = 0; at + k < last; ++k) copied[k] = taps[at + k];
  return load_taps(d, copied);
}

// What sums are divided by. A power of two is multiplied by instead, which gives the same.
template <class T>
class Divisors {
 public:
  Divisors(const PoolGeometry& g, const T* each, T one)
      : each_(each), count_(g.out[0] * g.out[1] * g.out[2]), one_(one), inverse_(T(1) / one) {
    int exponent;
    exact_ = std::abs(std::frexp(one, &exponent)) == T(0.5);
  }
  // `at` is the first lane's place in y.
  template <class D>
  HWY_INLINE hn::Vec<D> divide(D d, hn::Vec<D> sums, int64_t at, int64_t valid) const {
    if (each_ == nullptr) return exact_ ? hn::Mul(sums, hn::Set(d, inverse_)) : hn::Div(sums, hn::Set(d, one_));
    return hn::Div(sums, load_or(d, each_ + at % count_, valid, T(1)));
  }

 private:
  const T* each_;
  int64_t count_;
  T one_, inverse_;
  bool exact_;
};

template <class T>
class WorkingMemory {
 public:
  explicit WorkingMemory(int64_t count)
      : bytes_(static_cast<size_t>(count) * sizeof(T)), elements_(static_cast<T*>(memory::allocate(bytes_))) {}
  ~WorkingMemory() { memory::deallocate(elements_, bytes_); }
  WorkingMemory(const WorkingMemory&) = delete;
  WorkingMemory& operator=(const WorkingMemory&) = delete;
  T* elements() const { return elements_; }

 private:
  size_t bytes_;
  T* elements_;
};

// Lays out a row of the band: load(i, n) gives its elements i, i + 1, ..., of which the row has n, and what stands in
// the margin after those.
template <class D, class Load, class T = hn::TFromD<D>>
HWY_INLINE void lay_out(D d, const PoolBand& band, int64_t size, T* HWY_RESTRICT to, Load load) {
  const int64_t lanes = lanes_of(d), parts = band.plan.step[2];
  for (int64_t i = 0; i < size; i += lanes) {
    const auto first = load(i, size - i);
    if (parts == 1) {
      hn::StoreU(first, d, to + i);
      continue;
    }
    if constexpr (hn::MaxLanes(d) > 1) {  // Unqualified: one-lane targets do not have them, and do not get here.
      if (parts == 2) {
        const auto second = load(i + lanes, size - i - lanes);
        hn::StoreU(ConcatEven(d, second, first), d, to + i / 2);
        hn::StoreU(ConcatOdd(d, second, first), d, to + i / 2 + band.part_pitch);
        i += lanes;
        continue;
      }
    }
    HWY_ALIGN T elements[hn::MaxLanes(d)];
    hn::Store(first, d, elements);
    for (int64_t j = i, part = i % parts, over = i / parts; j < size && j < i + lanes; ++j) {
      to[part * band.part_pitch + over] = elements[j - i];
      if (++part == parts) part = 0, ++over;
    }
  }
}

// What a band meets of an array, in vectors of D; `fill` stands beyond its borders, which costs less than a mask for
// every load (3x3 at stride 2: half the time). A row is copied once for a band, not for each row that meets it, and
// long before it is read: a vector that is read across two fresh stores waits for both.
template <class D>
class BandRows {
 public:
  using T = hn::TFromD<D>;
  BandRows(const PoolBand& band, const T* all, T fill) : band_(band), all_(all), fill_(fill), memory_(band.elements()) {
    for (int64_t i = 0; i < band.elements(); ++i) memory_.elements()[i] = fill;
  }
  // Of scale(elements, at, n): n elements from the array's `at` on.
  template <class Scale>
  HWY_INLINE void update(Scale scale) {
    const D d;
    const PoolPlan& plan = band_.plan;
    const PoolPlan::Meetings depths = plan.depths(band_.depth);
    const int64_t size = plan.there[2], first = band_.first_there(), rows = band_.rows_there();
    for (const PoolPlan::Meeting* met = depths.begin; met != depths.end; ++met) {
      const int64_t start = (band_.plane * plan.there[0] + met->there) * plan.there[1] * size;
      T* to = memory_.elements() + (met - depths.begin) * band_.depth_pitch + band_.column_before;
      for (int64_t r = first; r < first + rows; ++r, to += band_.pitch)
        lay_out(d, band_, size, to, [&](int64_t i, int64_t n) HWY_ATTR {
          const int64_t at = start + r * size + i, there = r >= 0 && r < plan.there[1] ? n : 0;
          return scale(load_or(d, all_ + at, there, fill_), at, there);
        });
    }
  }
  HWY_INLINE void update() {
    update([](auto elements, int64_t, int64_t) HWY_ATTR { return elements; });
  }
  HWY_INLINE const T* elements() const { return memory_.elements(); }

 private:
  const PoolBand& band_;
  const T* all_;
  T fill_;
  WorkingMemory<T> memory_;
};

// The sums of what each row of a band meets: a 3x3 window is 3 + 3 additions instead of 9.
template <class T>
class BandSums {
 public:
  BandSums(const PoolBand& band, const T* all) : band_(band), all_(all), memory_(band.elements()) {
    for (int64_t i = 0; i < band.elements(); ++i) memory_.elements()[i] = T(0);
  }
  HWY_INLINE void update() {
    const hn::ScalableTag<T> d;
    const PoolPlan& plan = band_.plan;
    const PoolPlan::Meetings depths = plan.depths(band_.depth);
    const int64_t size = plan.there[2], height = plan.there[1], step = plan.step[1], lanes = lanes_of(d);
    const T* plane = all_ + band_.plane * plan.there[0] * height * size;
    T* to = memory_.elements() + band_.column_before;
    for (int64_t row = band_.begin; row < band_.end; ++row)
      for (int64_t phase = 0; phase < plan.phases[1]; ++phase, to += band_.pitch) {
        const PoolPlan::Shifts shifts = plan.shifts(1, phase);
        const T* rows[kMaxTaps];
        int64_t count = 0;
        for (const PoolPlan::Meeting* met = depths.begin; met != depths.end; ++met)
          for (const PoolPlan::Shift* s = shifts.begin; s != shifts.end; ++s) {
            const int64_t r = row * step + s->shift;
            if (r >= 0 && r < height) rows[count++] = plane + (met->there * height + r) * size;
          }
        lay_out(d, band_, size, to, [&](int64_t i, int64_t n) HWY_ATTR {
          auto sum = hn::Zero(d);
          if (n >= lanes) {
            for (int64_t k = 0; k < count; ++k) {
              fetch_ahead(rows[k] + i, lanes);
              sum = hn::Add(sum, hn::LoadU(d, rows[k] + i));
            }
          } else if (n > 0) {
            for (int64_t k = 0; k < count; ++k) sum = hn::Add(sum, load_or(d, rows[k] + i, n, T(0)));
          }
          return sum;
        });
      }
  }
  HWY_INLINE const T* elements() const { return memory_.elements(); }

 private:
  const PoolBand& band_;
  const T* all_;
  WorkingMemory<T> memory_;
};

// A vector of positions of a band.
struct Unit {
  int64_t row, column, place;
};

// So many are worked on at a time, tap by tap: their maxima need not wait for each other, and what a tap costs by
// itself is shared.
inline constexpr int kUnits = 4;

// Calls body(units, count) for all vectors of the band, the first `count` of kUnits; the others repeat the last one.
template <class Body>
HWY_INLINE void for_units(const PoolBand& band, int64_t lanes, Body body) {
  const int64_t columns = band.plan.positions[2];
  int64_t left = (band.end - band.begin) * ((columns + lanes - 1) / lanes), row = band.begin, column = 0;
  for (; left > 0; left -= kUnits) {
    Unit units[kUnits];
    for (int u = 0; u < kUnits; ++u) {
      units[u] = {row, column, band.place(row, column)};
      if (u + 1 >= left) continue;
      column += lanes;
      if (column >= columns) {
        column = 0;
        ++row;
      }
    }
    body(units, static_cast<int>(left < kUnits ? left : kUnits));
  }
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_POOLING_ROWS_INL_H_
