// What pooling's inner loops load and store: vectors of a row that may reach over its borders, and taps. Compiled per
// SIMD target, for pooling.cpp only.
#if defined(KORREL_POOLING_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_POOLING_ROWS_INL_H_
#undef KORREL_POOLING_ROWS_INL_H_
#else
#define KORREL_POOLING_ROWS_INL_H_
#endif

#include <cmath>
#include <cstring>

#include <hwy/highway.h>

#include <korrel/framework/base/allocator.h>
#include <korrel/framework/kernels/pooling_plan.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE int64_t lanes_of(D d) {
  return static_cast<int64_t>(hn::Lanes(d));
}

// from[0], from[stride], ... Whole vectors are read, from[stride * lanes - 1] included.
template <int kStride, class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_every([[maybe_unused]] D d, const T* from, [[maybe_unused]] int64_t stride) {
  if constexpr (kStride == 1) {
    return hn::LoadU(d, from);
  } else if constexpr (kStride == 2 && hn::MaxLanes(d) > 1) {
    // Unqualified: one-lane targets do not have it, and do not get here.
    return ConcatEven(d, hn::LoadU(d, from + hn::Lanes(d)), hn::LoadU(d, from));
  } else {
    const hn::RebindToSigned<D> di;
    using Index = hn::TFromD<decltype(di)>;
    return hn::GatherIndex(d, from, hn::Mul(hn::Iota(di, 0), hn::Set(di, static_cast<Index>(stride))));
  }
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

template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_some(D d, const T* from, int64_t at, int64_t valid, int64_t last) {
  if (at + lanes_of(d) <= last) return hn::LoadU(d, from + at);
  HWY_ALIGN T lanes[hn::MaxLanes(d)] = {};
  for (int64_t i = 0; i < valid; ++i) lanes[i] = from[at + i];
  return hn::Load(d, lanes);
}

// Taps are held as unsigned integers, one for each lane of T.
template <class D>
HWY_INLINE void store_taps(D, hn::Vec<hn::RebindToUnsigned<D>> numbers, PoolTap* to, int64_t at, int64_t valid,
                           int64_t last) {
  const hn::Rebind<PoolTap, D> dt;
  store_some(dt, hn::TruncateTo(dt, numbers), to, at, valid, last);
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
    return hn::Div(sums, load_some(d, each_, at % count_, valid, count_));
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

// Of a row.
struct Position {
  int64_t plane, depth, row;
  HWY_INLINE Position(int64_t index, const std::array<int64_t, 3>& sizes)
      : plane(index / (sizes[0] * sizes[1])), depth(index / sizes[1] % sizes[0]), row(index % sizes[1]) {}
  HWY_INLINE void next(const std::array<int64_t, 3>& sizes) {
    if (++row < sizes[1]) return;
    row = 0;
    if (++depth < sizes[0]) return;
    depth = 0;
    ++plane;
  }
};

// The rows of one array that a row of the other side meets. Any column of the plan may be loaded from row(r), by whole
// vectors: a row too near to the array's ends for that is copied. With `margins`, every row is: `fill` then stands
// where a window reaches over its borders, which costs less than a mask for every load (3x3 at stride 2: half the
// time).
template <class T>
class MetRows {
 public:
  MetRows(const PoolPlan& plan, const T* all, int64_t vector_reach, bool margins, T fill)
      : plan_(plan),
        all_(all),
        margins_(margins),
        fill_(fill),
        reach_(vector_reach + plan.most_behind),
        pitch_(plan.most_before + reach_ + plan.there[2]),
        bytes_(static_cast<size_t>(plan.g.kernel[0] * plan.g.kernel[1] * pitch_) * sizeof(T)) {}
  ~MetRows() {
    if (copies_ != nullptr) memory::deallocate(copies_, bytes_);
  }
  MetRows(const MetRows&) = delete;
  MetRows& operator=(const MetRows&) = delete;

  HWY_INLINE void move_to(const Position& at) {
    const PoolPlan::Meetings depths = plan_.meetings(0, at.depth), rows = plan_.meetings(1, at.row);
    const int64_t size = plan_.there[2], plane = at.plane * plan_.there[0];
    count_ = 0;
    taps_[0] = 0;
    for (const PoolPlan::Meeting* depth = depths.begin; depth < depths.end; ++depth)
      for (const PoolPlan::Meeting* row = rows.begin; row < rows.end; ++row) {
        const int64_t start = ((plane + depth->there) * plan_.there[1] + row->there) * size;
        const bool copied = margins_ || start < plan_.most_before || start + reach_ > plan_.elements_there;
        taps_[count_] = (depth->tap * plan_.g.kernel[1] + row->tap) * plan_.g.kernel[2];
        rows_[count_] = copied ? copy(all_ + start) : all_ + start;
        ++count_;
      }
  }
  HWY_INLINE int64_t count() const { return count_; }
  HWY_INLINE const T* row(int64_t r) const { return rows_[r]; }
  HWY_INLINE int64_t tap(int64_t r) const { return taps_[r]; }  // of the window's first column

 private:
  const T* copy(const T* from) {
    if (copies_ == nullptr) {
      copies_ = static_cast<T*>(memory::allocate(bytes_));
      for (int64_t i = 0; i < plan_.g.kernel[0] * plan_.g.kernel[1] * pitch_; ++i) copies_[i] = fill_;
    }
    T* to = copies_ + count_ * pitch_ + plan_.most_before;  // the margins around it stay as they are
    std::memcpy(to, from, static_cast<size_t>(plan_.there[2]) * sizeof(T));
    return to;
  }

  const PoolPlan& plan_;
  const T* all_;
  bool margins_;
  T fill_;
  int64_t reach_, pitch_;
  size_t bytes_;
  T* copies_ = nullptr;
  int64_t count_ = 0;
  const T* rows_[kMaxTaps];
  int64_t taps_[kMaxTaps];
};

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_POOLING_ROWS_INL_H_
