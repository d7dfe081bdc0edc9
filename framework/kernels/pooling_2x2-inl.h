// Pooling 2x2 windows that neither overlap nor are padded, nearly all there is in small networks: four loads and no
// tables. Compiled per SIMD target, for pooling.cpp only.
#if defined(KORREL_POOLING_2X2_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_POOLING_2X2_INL_H_
#undef KORREL_POOLING_2X2_INL_H_
#else
#define KORREL_POOLING_2X2_INL_H_
#endif

#include <hwy/highway.h>

#include <korrel/framework/kernels/pooling_rows-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// Planes of x and y; a last odd row or column of x is in no window.
struct Halving {
  int64_t planes, rows, width, out_rows, out_width;  // rows and width of x
  int64_t outputs() const { return planes * out_rows * out_width; }
};

// A row of y and where the two rows of x begin that it covers: counted on, for a division per row was a tenth of the
// time of rows of five.
struct HalvingRow {
  HWY_INLINE HalvingRow(const Halving& h, int64_t row)
      : index(row), in_plane(row % h.out_rows), start((row / h.out_rows * h.rows + 2 * in_plane) * h.width) {}
  HWY_INLINE void next(const Halving& h) {
    ++index;
    ++in_plane;
    start += 2 * h.width;
    if (in_plane < h.out_rows) return;
    in_plane = 0;
    start += (h.rows - 2 * h.out_rows) * h.width;
  }
  int64_t index, in_plane, start;
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
  for (HalvingRow row(h, begin); row.index < end; row.next(h)) {
    for (int64_t i = 0; i < h.out_width; i += lanes) {
      const int64_t valid = h.out_width - i < lanes ? h.out_width - i : lanes;
      const T *top = x + row.start + 2 * i, *bottom = top + h.width;
      if (row.start + 2 * i + h.width + 2 * lanes > elements) {
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
      body(row.index * h.out_width + i, valid, a, b, c, e);
    }
  }
}

template <class D, class T = hn::TFromD<D>>
void max_2x2(D d, const Halving& h, int64_t begin, int64_t end, const T* x, T* y, PoolTap* taps, T floor) {
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
              store_maxima(d, most, tap, floor, y, taps, at, valid, last);
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

// gx for rows [begin, end) of y: windows(at, valid, rows) makes what the windows at, at + 1, ... give to their two
// rows, zeros where they are not valid.
template <class D, class Windows, class T = hn::TFromD<D>>
HWY_INLINE void gradient_2x2(D d, const Halving& h, int64_t begin, int64_t end, T* gx, Windows windows) {
  const int64_t lanes = lanes_of(d);
  const bool past_caches = goes_past_caches(gx, h.planes * h.rows * h.width, h.width);
  const T* last = gx + (end < h.planes * h.out_rows ? HalvingRow(h, end).start : h.planes * h.rows * h.width);
  for (HalvingRow row(h, begin); row.index < end; row.next(h)) {
    T* to = gx + row.start;
    for (int64_t i = 0; 2 * i < h.width; i += lanes) {
      Pair<D> rows[2];
      windows(row.index * h.out_width + i, h.out_width - i, rows);
      // A row's only vectors may reach into the rows that are still to be written.
      const int64_t size = h.width - 2 * i;
      T* const lower = to + h.width;
      put(d, rows[0], size, i == 0 ? last - to : size, past_caches, to + 2 * i);
      put(d, rows[1], size, i == 0 ? last - lower : size, past_caches, lower + 2 * i);
    }
    if (2 * row.in_plane + 3 == h.rows)
      for (int64_t i = 0; i < h.width; ++i) to[2 * h.width + i] = T(0);
  }
  hwy::FlushStream();
}

template <class D, class T = hn::TFromD<D>>
void max_gradient_2x2(D d, const Halving& h, int64_t begin, int64_t end, const T* gy, const PoolTap* taps, T* gx) {
  const hn::RebindToUnsigned<D> du;
  const int64_t outputs = h.outputs();
  gradient_2x2(d, h, begin, end, gx, [&](int64_t at, int64_t valid, Pair<D>(&rows)[2]) HWY_ATTR {
    const auto g = load_or(d, gy + at, valid, T(0));
    const auto tap = load_taps(d, taps, at, outputs);
    const auto picked = [&](int number) HWY_ATTR {
      const auto mine = hn::Eq(tap, hn::Set(du, static_cast<hn::TFromD<decltype(du)>>(number)));
      return hn::IfThenElseZero(hn::RebindMask(d, mine), g);
    };
    rows[0] = {picked(0), picked(1)};
    rows[1] = {picked(2), picked(3)};
  });
}

template <class D, class T = hn::TFromD<D>>
void average_gradient_2x2(D d, const Halving& h, int64_t begin, int64_t end, const T* gy, const Divisors<T>& divisors,
                          T* gx) {
  gradient_2x2(d, h, begin, end, gx, [&](int64_t at, int64_t valid, Pair<D>(&rows)[2]) HWY_ATTR {
    const auto share = divisors.divide(d, load_or(d, gy + at, valid, T(0)), at, valid);
    rows[0] = rows[1] = {share, share};
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
