// Pooling 2x2 windows that neither overlap nor are padded, nearly all there is in small networks: four loads and no
// tables. Compiled per SIMD target, for pooling.cpp only.
#if defined(KORREL_POOLING_2X2_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_POOLING_2X2_INL_H_
#undef KORREL_POOLING_2X2_INL_H_
#else
#define KORREL_POOLING_2X2_INL_H_
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/pooling_rows-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// Planes of x and y; a last odd row or column of x is in no window.
struct Halving {
  int64_t planes, rows, width, out_rows, out_width;  // rows and width of x
  int64_t outputs() const { return planes * out_rows * out_width; }
  // Where the rows of x begin that row `row` of y covers.
  HWY_INLINE int64_t start(int64_t row) const { return (row / out_rows * rows + 2 * (row % out_rows)) * width; }
};

HWY_INLINE bool is_halving(const PoolGeometry& g) {
  return g.kernel[0] == 1 && g.kernel[1] == 2 && g.kernel[2] == 2 && g.stride[0] == 1 && g.stride[1] == 2 &&
         g.stride[2] == 2 && g.padding[0] == 0 && g.padding[1] == 0 && g.padding[2] == 0 && g.dilation[1] == 1 &&
         g.dilation[2] == 1 && g.out[0] == g.in[0] && g.out[1] == g.in[1] / 2 && g.out[2] == g.in[2] / 2;
}

// The vectors of x's even and odd elements from `from` on.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void load_pairs(D d, const T* from, hn::Vec<D>& even, hn::Vec<D>& odd) {
  if constexpr (hn::MaxLanes(d) == 1) {
    even = hn::Set(d, from[0]);
    odd = hn::Set(d, from[1]);
  } else {
    const auto first = hn::LoadU(d, from), second = hn::LoadU(d, from + hn::Lanes(d));
    even = ConcatEven(d, second, first);  // unqualified: one-lane targets do not have them
    odd = ConcatOdd(d, second, first);
  }
}

// body(d, at, valid, a, b, c, e) for the outputs at, at + 1, ... of rows [begin, end): windows a b over c e.
template <class D, class Body, class T = hn::TFromD<D>>
HWY_INLINE void for_quads(D d, const Halving& h, int64_t begin, int64_t end, const T* x, Body body) {
  const int64_t lanes = lanes_of(d), elements = h.planes * h.rows * h.width;
  HWY_ALIGN T copy[4 * hn::MaxLanes(d)] = {};
  for (int64_t row = begin; row < end; ++row) {
    const int64_t start = h.start(row);
    for (int64_t i = 0; i < h.out_width; i += lanes) {
      const int64_t valid = h.out_width - i < lanes ? h.out_width - i : lanes;
      const T *top = x + start + 2 * i, *bottom = top + h.width;
      if (start + 2 * i + h.width + 2 * lanes > elements) {
        for (int64_t k = 0; k < 2 * valid; ++k) {
          copy[k] = top[k];
          copy[2 * lanes + k] = bottom[k];
        }
        top = copy;
        bottom = copy + 2 * lanes;
      }
      fetch_ahead(top, 2 * lanes);
      fetch_ahead(bottom, 2 * lanes);
      hn::Vec<D> a, b, c, e;
      load_pairs(d, top, a, b);
      load_pairs(d, bottom, c, e);
      body(row * h.out_width + i, valid, a, b, c, e);
    }
  }
}

template <class D, class T = hn::TFromD<D>>
void max_2x2(D d, const Halving& h, int64_t begin, int64_t end, const T* x, T* y, PoolTap* taps) {
  const hn::RebindToUnsigned<D> du;
  const int64_t last = end * h.out_width;
  for_quads(d, h, begin, end, x,
            [&](int64_t at, int64_t valid, hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D> c, hn::Vec<D> e) HWY_ATTR {
              auto most = a;
              auto tap = hn::Zero(du);
              const auto meet = [&](hn::Vec<D> value, int number) HWY_ATTR {
                const auto larger = hn::Or(hn::Gt(value, most), hn::IsNaN(value));
                most = hn::IfThenElse(larger, value, most);
                tap = hn::IfThenElse(hn::RebindMask(du, larger),
                                     hn::Set(du, static_cast<hn::TFromD<decltype(du)>>(number)), tap);
              };
              meet(b, 1);
              meet(c, 2);
              meet(e, 3);
              store_some(d, most, y, at, valid, last);
              if (taps != nullptr) store_taps(d, tap, taps, at, valid, last);
            });
}

template <class D, class T = hn::TFromD<D>>
void average_2x2(D d, const Halving& h, int64_t begin, int64_t end, const T* x, const Divisors<T>& divisors, T* y) {
  const int64_t last = end * h.out_width;
  for_quads(d, h, begin, end, x,
            [&](int64_t at, int64_t valid, hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D> c, hn::Vec<D> e) HWY_ATTR {
              store_some(d, divisors.divide(d, hn::Add(hn::Add(hn::Add(a, b), c), e), at, valid), y, at, valid, last);
            });
}

// gx for rows [begin, end) of y: the window's share for each of its elements. share(gy, taps, at, valid, k) of element
// k.
template <class D, class Share, class T = hn::TFromD<D>>
HWY_INLINE void gradient_2x2(D d, const Halving& h, int64_t begin, int64_t end, T* gx, Share share) {
  const int64_t lanes = lanes_of(d);
  const int64_t last = end < h.planes * h.out_rows ? h.start(end) : h.planes * h.rows * h.width;
  HWY_ALIGN T copy[2 * hn::MaxLanes(d)];
  const bool past_caches = goes_past_caches(gx, h.planes * h.rows * h.width, h.width) && h.width % (2 * lanes) == 0;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t start = h.start(row);
    for (int upper = 1; upper >= 0; --upper) {  // what a row's last vector leaves in the next row, that one overwrites
      const int64_t place = start + (upper ? 0 : h.width);
      for (int64_t i = 0; i < h.out_width; i += lanes) {
        const int64_t at = row * h.out_width + i, valid = h.out_width - i < lanes ? h.out_width - i : lanes;
        const bool whole = place + 2 * (i + lanes) <= last;
        hn::Vec<D> even, odd;
        T* to = gx + place + 2 * i;
        if (!past_caches) fetch_ahead(to, 2 * lanes);
        share(at, valid, upper ? 0 : 2, even, odd);
        if (past_caches) {
          hn::StoreInterleaved2(even, odd, d, copy);
          for (int64_t k = 0; k < 2 * lanes; k += lanes) hn::Stream(hn::Load(d, copy + k), d, to + k);
          continue;
        }
        hn::StoreInterleaved2(even, odd, d, whole ? to : copy);
        if (!whole)
          for (int64_t k = 0; k < 2 * valid; ++k) to[k] = copy[k];
      }
      if (h.width % 2 == 1) gx[place + h.width - 1] = T(0);
    }
    if (h.rows % 2 == 1 && row % h.out_rows == h.out_rows - 1)
      for (int64_t i = 0; i < h.width; ++i) gx[start + 2 * h.width + i] = T(0);
  }
  if (past_caches) hwy::FlushStream();
}

template <class D, class T = hn::TFromD<D>>
void max_gradient_2x2(D d, const Halving& h, int64_t begin, int64_t end, const T* gy, const PoolTap* taps, T* gx) {
  const hn::RebindToUnsigned<D> du;
  const int64_t outputs = h.outputs();
  gradient_2x2(d, h, begin, end, gx,
               [&](int64_t at, int64_t valid, int first, hn::Vec<D>& even, hn::Vec<D>& odd) HWY_ATTR {
                 HWY_ALIGN PoolTap copy[hn::MaxLanes(d)] = {};
                 const PoolTap* from = taps + at;
                 if (at + lanes_of(d) > outputs) {
                   for (int64_t k = 0; k < valid; ++k) copy[k] = from[k];
                   from = copy;
                 }
                 const auto g = load_some(d, gy, at, valid, outputs);
                 const auto tap = load_taps(d, from);
                 const auto number = hn::Set(du, static_cast<hn::TFromD<decltype(du)>>(first));
                 even = hn::IfThenElseZero(hn::RebindMask(d, hn::Eq(tap, number)), g);
                 odd = hn::IfThenElseZero(hn::RebindMask(d, hn::Eq(tap, hn::Add(number, hn::Set(du, 1)))), g);
               });
}

template <class D, class T = hn::TFromD<D>>
void average_gradient_2x2(D d, const Halving& h, int64_t begin, int64_t end, const T* gy, const Divisors<T>& divisors,
                          T* gx) {
  gradient_2x2(d, h, begin, end, gx, [&](int64_t at, int64_t valid, int, hn::Vec<D>& even, hn::Vec<D>& odd) HWY_ATTR {
    even = odd = divisors.divide(d, load_some(d, gy, at, valid, h.outputs()), at, valid);
  });
}

// f(halving, d, begin, end) on parts of y's rows, with vectors that fit them.
template <class T, class F>
HWY_INLINE void for_halves(const PoolGeometry& g, F f) {
  const Halving h{g.planes * g.in[0], g.in[1], g.in[2], g.out[1], g.out[2]};
  parallel_for(h.planes * h.out_rows, 1 + 100000 / (4 * h.out_width + 20), [&](int64_t begin, int64_t end) HWY_ATTR {
    const hn::ScalableTag<T> d;
    const hn::CappedTag<T, 8> eight;
    const hn::CappedTag<T, 4> four;
    if (h.out_width > lanes_of(d) / 2 || lanes_of(d) <= 4) {
      f(h, d, begin, end);
    } else if (h.out_width > 4) {
      f(h, eight, begin, end);
    } else {
      f(h, four, begin, end);
    }
  });
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_POOLING_2X2_INL_H_
