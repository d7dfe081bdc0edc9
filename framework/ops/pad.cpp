#include <korrel/framework/ops/pad.h>

#include <algorithm>

#include <fmt/format.h>

#include <cstring>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/lazy_text.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/base/small_vector.h>
#include <korrel/framework/ops/copy_elements.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

using Pads = SmallVector<int64_t, 8>;  // as pad() takes them

int64_t before(const Pads& pads, int rank, int dim) {
  const auto i = 2 * static_cast<std::size_t>(rank - 1 - dim);
  return i < pads.size() ? pads[i] : 0;
}
int64_t after(const Pads& pads, int rank, int dim) {
  const auto i = 2 * static_cast<std::size_t>(rank - 1 - dim) + 1;
  return i < pads.size() ? pads[i] : 0;
}

Tensor pad_constant(const Tensor& x, const Pads& pads, double value) {
  Layout from = x.body().layout;
  Shape shape = x.shape();
  for (int i = 0; i < x.dim(); ++i) shape[i] += before(pads, x.dim(), i) + after(pads, x.dim(), i);
  Tensor y = value == 0 ? zeros(shape, {x.dtype()}) : full(shape, value, {x.dtype()});
  Layout to = y.body().layout;
  for (int i = 0; i < x.dim(); ++i) {
    int64_t left = before(pads, x.dim(), i), right = after(pads, x.dim(), i);
    int64_t kept = std::max<int64_t>(0, x.shape()[i] + std::min<int64_t>(left, 0) + std::min<int64_t>(right, 0));
    from = from.narrowed(i, kept == 0 ? 0 : std::max<int64_t>(0, -left), kept, 1);
    to = to.narrowed(i, kept == 0 ? 0 : std::max<int64_t>(0, left), kept, 1);
  }
  Tensor middle = make_view(y, to);
  copy_elements(middle, make_view(x, from));
  // Cutting off is the gradient of padding, and the other way round.
  return record("pad", y, {x}, [pads](const Backward& b) -> Gradients {
    Pads back = pads;
    for (int64_t& pad : back) pad = -pad;
    return {pad_constant(b.grad, back, 0)};
  });
}

// Which element of a dimension of `size` stands at each place of the padded one.
std::vector<int64_t> sources(int64_t size, int64_t left, int64_t right, PadMode mode) {
  std::vector<int64_t> result;
  // Circular padding repeats what negative padding has left.
  int64_t first = std::max<int64_t>(0, -left), period = size - first - std::max<int64_t>(0, -right);
  for (int64_t i = -left; i < size + right; ++i) {
    switch (mode) {
      case PadMode::reflect:
        result.push_back(i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i);
        break;
      case PadMode::replicate:
        result.push_back(std::clamp<int64_t>(i, 0, size - 1));
        break;
      default:
        result.push_back(first + ((i - first) % period + period) % period);
        break;
    }
  }
  return result;
}

// Planes of the padded dimensions; those before them are independent.
struct Plan {
  int64_t planes = 1;
  std::vector<std::vector<int64_t>> sources;  // of each padded dimension
  Shape inner;                                // x's sizes of the padded dimensions
  Shape from, to;

  int64_t from_plane() const { return inner.numel(); }
  int64_t to_plane() const {
    int64_t n = 1;
    for (const auto& dimension : sources) n *= static_cast<int64_t>(dimension.size());
    return n;
  }
};

// Calls row(small + offset of the row, large + offset of the row) for all rows of a plane; a row is the last dimension.
template <class Row>
void each_row(const Plan& plan, std::size_t dim, int64_t small, int64_t large, const Row& row) {
  if (dim + 1 == plan.sources.size()) return row(small, large);
  for (std::size_t i = 0; i < plan.sources[dim].size(); ++i)
    each_row(plan, dim + 1, (small + plan.sources[dim][i]) * plan.inner[static_cast<int>(dim) + 1],
             (large + static_cast<int64_t>(i)) * static_cast<int64_t>(plan.sources[dim + 1].size()), row);
}

Tensor gather_padded(const Tensor& x, const Plan& plan);

// The transpose of gather_padded: every element of `gradient` is added to the element of x that it was a copy of.
Tensor add_padded(const Tensor& gradient, const Plan& plan) {
  Tensor dense = gradient.detach().contiguous(), y = zeros(plan.from, {gradient.dtype()});
  visit_floating(dense.dtype(), [&]<class T>() {
    const T* in = dense.data<T>();
    T* out = y.data<T>();
    const std::vector<int64_t>& last = plan.sources.back();
    int64_t grain = 1 + 32768 / std::max<int64_t>(1, plan.to_plane());
    parallel_for(plan.planes, grain, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p)
        each_row(plan, 0, 0, 0, [&](int64_t small, int64_t large) {
          const T* from = in + p * plan.to_plane() + large;
          T* to = out + p * plan.from_plane() + small;
          for (std::size_t i = 0; i < last.size(); ++i) to[last[i]] += from[i];
        });
    });
  });
  return record("pad", y, {gradient}, [plan](const Backward& b) -> Gradients { return {gather_padded(b.grad, plan)}; });
}

Tensor gather_padded(const Tensor& x, const Plan& plan) {
  Tensor dense = x.detach().contiguous(), y = make_tensor(plan.to, x.dtype());
  visit(dense.dtype(), [&]<class T>() {
    const T* in = dense.data<T>();
    T* out = y.data<T>();
    const std::vector<int64_t>& last = plan.sources.back();
    // The longest run that is copied as it is: from the first place that shows element 0 before element 1, and so on.
    std::size_t run_begin = 0, run = last.empty() ? 0 : 1;
    for (std::size_t i = 0, begin = 0; i < last.size(); ++i) {
      if (i > 0 && last[i] != last[i - 1] + 1) begin = i;
      if (i + 1 - begin > run) {
        run = i + 1 - begin;
        run_begin = begin;
      }
    }
    int64_t grain = 1 + 32768 / std::max<int64_t>(1, plan.to_plane());
    parallel_for(plan.planes, grain, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p)
        each_row(plan, 0, 0, 0, [&](int64_t small, int64_t large) {
          const T* from = in + p * plan.from_plane() + small;
          T* to = out + p * plan.to_plane() + large;
          for (std::size_t i = 0; i < run_begin; ++i) to[i] = from[last[i]];
          if (run > 0) std::memcpy(to + run_begin, from + last[run_begin], run * sizeof(T));
          for (std::size_t i = run_begin + run; i < last.size(); ++i) to[i] = from[last[i]];
        });
    });
  });
  return record("pad", y, {x}, [plan](const Backward& b) -> Gradients { return {add_padded(b.grad, plan)}; });
}

}  // namespace

Tensor pad(const Tensor& x, const std::vector<int64_t>& given_pads, const PadOptions& options) {
  check_defined("pad", x);
  Pads pads;
  for (int64_t pad : given_pads) pads.push_back(pad);
  auto given = Lazy{[&] { return fmt::format("[{}]", fmt::join(pads, ",")); }};
  check<ShapeError>(pads.size() % 2 == 0, "pad: needs two numbers per dimension, got {}", given);
  int rank = x.dim(), padded = static_cast<int>(pads.size() / 2);
  check<ShapeError>(padded <= rank, "pad: {} pads {} dimensions, x {} has {}", given, padded, x.shape(), rank);
  bool cyclic = options.mode == PadMode::circular;
  for (int i = rank - padded; i < rank; ++i) {
    int64_t left = before(pads, rank, i), right = after(pads, rank, i), size = x.shape()[i];
    check<ShapeError>(size + left + right >= 0,
                      "pad: nothing remains of dimension {} of size {} with pads {} and {} (x {})", i, size, left,
                      right, x.shape());
    if (options.mode == PadMode::constant) continue;
    check<ShapeError>(options.mode != PadMode::reflect || (left < size && right < size),
                      "pad: reflect needs pads below the size, dimension {} of size {} has {} and {} (x {})", i, size,
                      left, right, x.shape());
    check<ShapeError>(!cyclic || (left <= size && right <= size),
                      "pad: circular pads at most once around, dimension {} of size {} has {} and {} (x {})", i, size,
                      left, right, x.shape());
    int64_t kept = size + std::min<int64_t>(left, 0) + std::min<int64_t>(right, 0);
    check<ShapeError>(size + left + right == 0 || (cyclic ? kept : size) > 0,
                      "pad: nothing to pad dimension {} of size {} with (x {}, pads {})", i, size, x.shape(), given);
  }
  if (options.mode == PadMode::constant || padded == 0) return pad_constant(x, pads, options.value);
  Plan plan;
  plan.from = plan.to = x.shape();
  for (int i = 0; i < rank; ++i) {
    int64_t left = before(pads, rank, i), right = after(pads, rank, i), size = x.shape()[i];
    if (i < rank - padded) {
      plan.planes *= size;
      continue;
    }
    plan.sources.push_back(sources(size, left, right, options.mode));
    plan.inner.push_back(size);
    plan.to[i] = size + left + right;
  }
  return gather_padded(x, plan);
}

}  // namespace korrel
