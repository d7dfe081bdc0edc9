#include <korrel/framework/kernels/convert.h>

#include <algorithm>
#include <type_traits>

#include <korrel/framework/base/parallel.h>

namespace korrel::kernels {
namespace {

constexpr int64_t grain = 32768;  // elements worth a thread

template <class To, class From>
To converted(From value) {
  if constexpr (std::is_same_v<To, bool>)
    return value != From(0);
  else
    return static_cast<To>(value);
}

template <class To, class From>
void convert_row(To* to, const From* from, int64_t stride, int64_t n) {
  if (stride == 1) {
    for (int64_t i = 0; i < n; ++i) to[i] = converted<To>(from[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) to[i] = converted<To>(from[i * stride]);
  }
}

// Row by row, a row being the trailing dimensions that lie one behind the other.
template <class To, class From>
void convert_all(To* to, const From* from, const Shape& shape, const Strides& strides) {
  int64_t columns = 1, step = 1;
  int rows_rank = shape.rank();
  while (rows_rank > 0) {
    int last = rows_rank - 1;
    if (shape[last] != 1) {
      if (columns == 1)
        step = strides[last];
      else if (strides[last] != step * columns)
        break;
      columns *= shape[last];
    }
    --rows_rank;
  }
  const int64_t rows = shape.numel() / columns;
  if (rows == 1)
    return parallel_for(columns, grain, [&](int64_t begin, int64_t end) {
      convert_row(to + begin, from + begin * step, step, end - begin);
    });
  parallel_for(rows, std::max<int64_t>(1, grain / columns), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      int64_t offset = 0;
      for (int64_t rest = row, d = rows_rank - 1; d >= 0; --d) {
        const int dim = static_cast<int>(d);
        offset += rest % shape[dim] * strides[dim];
        rest /= shape[dim];
      }
      convert_row(to + row * columns, from + offset, step, columns);
    }
  });
}

}  // namespace

void convert(DType to_dtype, void* to, DType from_dtype, const void* from, const Shape& shape, const Strides& strides) {
  if (shape.numel() == 0) return;
  visit(to_dtype, [&]<class To>() {
    visit(from_dtype, [&]<class From>() {
      if constexpr (!std::is_same_v<To, From>)
        convert_all(static_cast<To*>(to), static_cast<const From*>(from), shape, strides);
    });
  });
}

}  // namespace korrel::kernels
