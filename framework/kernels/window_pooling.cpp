#include <korrel/framework/kernels/window_pooling.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <korrel/framework/base/parallel.h>

namespace korrel::kernels {
namespace {

// Planes that are worth a thread.
int64_t grain(const WindowGeometry& g) { return 1 + 50000 / (1 + g.in[0] * g.in[1] * g.in[2]); }

int64_t outputs(const WindowGeometry& g) {
  return static_cast<int64_t>(g.windows[0].size() * g.windows[1].size() * g.windows[2].size());
}

// f(o, depths, rows, columns) for each window of a plane.
template <class F>
void for_windows(const WindowGeometry& g, F f) {
  int64_t o = 0;
  for (const Window& depths : g.windows[0])
    for (const Window& rows : g.windows[1])
      for (const Window& columns : g.windows[2]) f(o++, depths, rows, columns);
}

// f(start) for each row of the window: where its first element is.
template <class F>
void for_rows(const WindowGeometry& g, const Window& depths, const Window& rows, const Window& columns, F f) {
  for (int64_t d = 0; d < depths.count; ++d)
    for (int64_t h = 0; h < rows.count; ++h)
      f(((depths.begin + d * depths.step) * g.in[1] + rows.begin + h * rows.step) * g.in[2] + columns.begin);
}

// Whether a window's elements follow each other without a gap: then its rows are one.
bool is_one_row(const WindowGeometry& g, const Window& depths, const Window& rows, const Window& columns) {
  return columns.count == g.in[2] && columns.step == 1 && (rows.count == 1 || rows.step == 1) &&
         (depths.count == 1 || (depths.step == 1 && rows.count == g.in[1]));
}

// Eight sums side by side: they need not wait for each other, and compile to vectors.
template <class T>
T sum_row(const T* x, int64_t count) {
  T sums[8] = {};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int j = 0; j < 8; ++j) sums[j] += x[i + j];
  for (; i < count; ++i) sums[i % 8] += x[i];
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

}  // namespace

template <class T>
void max_windows(const WindowGeometry& g, const T* x, T* y, int64_t* indices) {
  const int64_t size = g.in[0] * g.in[1] * g.in[2], count = outputs(g);
  parallel_for(g.planes, grain(g), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane)
      for_windows(g, [&](int64_t o, const Window& depths, const Window& rows, const Window& columns) {
        const T* from = x + plane * size;
        T most = -std::numeric_limits<T>::infinity();
        int64_t where = (depths.begin * g.in[1] + rows.begin) * g.in[2] + columns.begin;
        for_rows(g, depths, rows, columns, [&](int64_t start) {
          for (int64_t w = 0; w < columns.count; ++w) {
            const T value = from[start + w * columns.step];
            if (value <= most) continue;
            if (!(value > most) && !std::isnan(value)) continue;  // the maximum so far is a NaN
            most = value;
            where = start + w * columns.step;
          }
        });
        y[plane * count + o] = most;
        indices[plane * count + o] = where;
      });
  });
}

template <class T>
void average_windows(const WindowGeometry& g, const T* x, const T* divisors, T divisor, T* y) {
  const int64_t size = g.in[0] * g.in[1] * g.in[2], count = outputs(g);
  parallel_for(g.planes, grain(g), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane)
      for_windows(g, [&](int64_t o, const Window& depths, const Window& rows, const Window& columns) {
        const T* from = x + plane * size;
        T sum = 0;
        if (is_one_row(g, depths, rows, columns)) {
          const int64_t start = (depths.begin * g.in[1] + rows.begin) * g.in[2];
          sum = sum_row(from + start, depths.count * rows.count * columns.count);
        } else {
          for_rows(g, depths, rows, columns, [&](int64_t start) {
            if (columns.step == 1) {
              sum += sum_row(from + start, columns.count);
            } else {
              for (int64_t w = 0; w < columns.count; ++w) sum += from[start + w * columns.step];
            }
          });
        }
        y[plane * count + o] = sum / (divisors == nullptr ? divisor : divisors[o]);
      });
  });
}

template <class T>
void average_windows_gradient(const WindowGeometry& g, const T* gy, const T* divisors, T divisor, T* gx) {
  const int64_t size = g.in[0] * g.in[1] * g.in[2], count = outputs(g);
  parallel_for(g.planes, grain(g), [&](int64_t begin, int64_t end) {
    std::fill(gx + begin * size, gx + end * size, T(0));
    for (int64_t plane = begin; plane < end; ++plane)
      for_windows(g, [&](int64_t o, const Window& depths, const Window& rows, const Window& columns) {
        const T share = gy[plane * count + o] / (divisors == nullptr ? divisor : divisors[o]);
        for_rows(g, depths, rows, columns, [&](int64_t start) {
          T* to = gx + plane * size + start;
          for (int64_t w = 0; w < columns.count; ++w) to[w * columns.step] += share;
        });
      });
  });
}

template <class T>
void scatter_planes(int64_t planes, int64_t size, int64_t count, const T* from, const int64_t* indices, T* to) {
  parallel_for(planes, 1 + 50000 / (1 + size), [&](int64_t begin, int64_t end) {
    std::fill(to + begin * size, to + end * size, T(0));
    for (int64_t plane = begin; plane < end; ++plane)
      for (int64_t i = plane * count; i < (plane + 1) * count; ++i) to[plane * size + indices[i]] += from[i];
  });
}

template <class T>
void gather_planes(int64_t planes, int64_t size, int64_t count, const T* from, const int64_t* indices, T* to) {
  parallel_for(planes, 1 + 50000 / (1 + count), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane)
      for (int64_t i = plane * count; i < (plane + 1) * count; ++i) to[i] = from[plane * size + indices[i]];
  });
}

template void max_windows(const WindowGeometry&, const float*, float*, int64_t*);
template void max_windows(const WindowGeometry&, const double*, double*, int64_t*);
template void average_windows(const WindowGeometry&, const float*, const float*, float, float*);
template void average_windows(const WindowGeometry&, const double*, const double*, double, double*);
template void average_windows_gradient(const WindowGeometry&, const float*, const float*, float, float*);
template void average_windows_gradient(const WindowGeometry&, const double*, const double*, double, double*);
template void scatter_planes(int64_t, int64_t, int64_t, const float*, const int64_t*, float*);
template void scatter_planes(int64_t, int64_t, int64_t, const double*, const int64_t*, double*);
template void gather_planes(int64_t, int64_t, int64_t, const float*, const int64_t*, float*);
template void gather_planes(int64_t, int64_t, int64_t, const double*, const int64_t*, double*);

}  // namespace korrel::kernels
