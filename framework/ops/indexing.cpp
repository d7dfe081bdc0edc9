#include <korrel/framework/ops/indexing.h>

#include <algorithm>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/rows.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

// Flat positions, in order, of the elements of a mask that hold.
std::vector<int64_t> true_positions(const Tensor& mask) {
  Tensor dense = mask.contiguous();
  const bool* values = dense.data<bool>();
  std::vector<int64_t> result;
  for (int64_t i = 0, n = mask.numel(); i < n; ++i)
    if (values[i]) result.push_back(i);
  return result;
}

// An index tensor, and the dimension (of the view that the other entries have made) that it picks from.
struct Picked {
  int dim;
  Tensor index;
};

// A mask stands for one index tensor per dimension: the columns of nonzero(mask).
void pick_by_mask(const char* op, const Tensor& x, int dim, const Tensor& mask, std::vector<Picked>& picked) {
  for (int i = 0; i < mask.dim(); ++i)
    check<ShapeError>(mask.shape()[i] == x.shape()[dim + i], "{}: the mask {} does not fit dimension {} of size {}", op,
                      mask.shape(), dim + i, x.shape()[dim + i]);
  Tensor places = nonzero(mask);
  for (int i = 0; i < mask.dim(); ++i) picked.push_back({dim + i, select(places, 1, i)});
}

// Applies the entries that are no tensors: a view of x, and what is left to be picked.
Tensor view_of(const char* op, const Tensor& x, const std::vector<Index>& indices, std::vector<Picked>& picked) {
  check_defined(op, x);
  int named = 0, ellipses = 0;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const Index& entry = indices[i];
    bool is_tensor = entry.kind() == Index::Kind::tensor;
    check<ValueError>(!is_tensor || entry.tensor().defined(), "{}: index {} is undefined", op, i);
    bool is_mask = is_tensor && entry.tensor().dtype() == boolean;
    if (entry.kind() == Index::Kind::ellipsis)
      ++ellipses;
    else if (entry.kind() != Index::Kind::none)
      named += is_mask ? entry.tensor().dim() : 1;
  }
  check<ShapeError>(ellipses <= 1, "{}: more than one Ellipsis", op);
  check<ShapeError>(named <= x.dim(), "{}: {} indices for the {} dimensions of x {}", op, named, x.dim(), x.shape());
  Tensor view = x;
  int dim = 0;
  auto pick_number = [&](int64_t number) {
    int64_t size = view.shape()[dim];
    check<ValueError>(number >= -size && number < size,
                      "{}: index {} is out of range for dimension {} of size {} (x {})", op, number, dim, size,
                      x.shape());
    view = select(view, dim, number);
  };
  for (const Index& entry : indices) {
    switch (entry.kind()) {
      case Index::Kind::number:
        pick_number(entry.number());
        break;
      case Index::Kind::slice: {
        const Slice& s = entry.slice();
        if (s.start || s.end || s.step != 1)
          view = slice(view, dim, s.start.value_or(0), s.end.value_or(INT64_MAX), s.step);
        ++dim;
        break;
      }
      case Index::Kind::none:
        view = unsqueeze(view, dim++);
        break;
      case Index::Kind::ellipsis:
        dim += x.dim() - named;
        break;
      case Index::Kind::tensor: {
        const Tensor& index = entry.tensor();
        if (index.dtype() == boolean) {
          Tensor mask = index;
          if (mask.dim() == 0) {  // x[True]: a new dimension, of size 1 or 0
            mask = unsqueeze(mask, 0);
            view = unsqueeze(view, dim);
          }
          pick_by_mask(op, view, dim, mask, picked);
          dim += mask.dim();
        } else {
          check<DtypeError>(index.dtype() == i64, "{}: index tensors are i64 or bool, this is {}", op, index.dtype());
          if (index.dim() == 0)
            pick_number(index.item<int64_t>());
          else
            picked.push_back({dim++, index});
        }
        break;
      }
    }
  }
  return view;
}

// The picked dimensions of `view`, as one: which row of them each element of the broadcast index tensors names.
Tensor combined_rows(const char* op, const Tensor& view, const std::vector<Picked>& picked, const Shape& block) {
  Tensor result = zeros(block, {i64});
  int64_t* rows = result.data<int64_t>();
  for (const Picked& pick : picked) {
    int64_t size = view.shape()[pick.dim];
    Tensor checked = Rows::along(op, view.shape(), pick.dim, pick.index).index.reshape(pick.index.shape());
    Tensor dense = expand(checked, block).contiguous();
    const int64_t* number = dense.data<int64_t>();
    for (int64_t i = 0, n = result.numel(); i < n; ++i) rows[i] = rows[i] * size + number[i];
  }
  return result.reshape({-1});
}

Tensor get(const char* op, const Tensor& x, const std::vector<Index>& indices) {
  std::vector<Picked> picked;
  Tensor view = view_of(op, x, indices, picked);
  if (picked.empty()) return view;
  Shape block;
  bool neighbours = true;
  for (std::size_t i = 0; i < picked.size(); ++i) {
    block = broadcast_shapes(op, block, picked[i].index.shape());
    if (i > 0) neighbours = neighbours && picked[i].dim == picked[i - 1].dim + 1;
  }
  int first = picked[0].dim, count = static_cast<int>(picked.size());
  if (!neighbours) {  // the picked dimensions to the front, and there their block stays
    Dims order;
    for (const Picked& pick : picked) order.push_back(pick.dim);
    for (int i = 0; i < view.dim(); ++i)
      if (std::find(order.begin(), order.end(), i) == order.end()) order.push_back(i);
    view = permute(view, order);
    for (int i = 0; i < count; ++i) picked[static_cast<std::size_t>(i)].dim = i;
    first = 0;
  }
  Shape before = view.shape().slice(0, first), after = view.shape().slice(first + count, view.dim()), shape = before;
  for (int64_t size : block) shape.push_back(size);
  for (int64_t size : after) shape.push_back(size);
  Rows rows{before.numel(), view.shape().slice(first, first + count).numel(), after.numel(),
            combined_rows(op, view, picked, block)};
  return rows.take(op, view, shape);
}

void check_mask(const char* op, const Tensor& x, const Tensor& mask) {
  check_defined(op, {{x, "x"}, {mask, "mask"}});
  check<DtypeError>(mask.dtype() == boolean, "{}: the mask must be bool, it is {}", op, mask.dtype());
}
Tensor broadcast(const Tensor& x, const Shape& shape) { return x.shape() == shape ? x : expand(x, shape); }

}  // namespace

Tensor index(const Tensor& x, const std::vector<Index>& indices) { return get("index", x, indices); }

Tensor index_put(const Tensor& x, const std::vector<Index>& indices, const Tensor& value, IndexPutOptions options) {
  const char* op = "index_put";
  check_defined(op, {{x, "x"}, {value, "value"}});
  // Which elements are meant: the same index applied to their numbers.
  Tensor positions = get(op, arange(0, static_cast<double>(x.numel()), 1, {i64}).reshape(x.shape()), indices);
  Tensor values = value.to(x.dtype());
  while (values.dim() > positions.dim() && values.shape()[0] == 1) values = squeeze(values, 0);
  bool fits =
      values.dim() <= positions.dim() && broadcast_shapes(op, values.shape(), positions.shape()) == positions.shape();
  check<ShapeError>(fits, "index_put: the value {} does not broadcast to the {} that is indexed (x {})", value.shape(),
                    positions.shape(), x.shape());
  Rows rows{1, x.numel(), 1, positions.reshape({-1}).contiguous()};
  values = broadcast(values, positions.shape());
  return options.accumulate ? rows.add(op, x, values) : rows.put(op, x, values);
}

Tensor masked_select(const Tensor& x, const Tensor& mask) {
  check_mask("masked_select", x, mask);
  Shape shape = broadcast_shapes("masked_select", x.shape(), mask.shape());
  std::vector<int64_t> positions = true_positions(broadcast(mask, shape));
  Rows rows{1, shape.numel(), 1, from_vector(positions)};
  return rows.take("masked_select", broadcast(x, shape), {rows.count()});
}

Tensor masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source) {
  check_mask("masked_scatter", x, mask);
  check_defined("masked_scatter", source, "source");
  check<DtypeError>(x.dtype() == source.dtype(), "masked_scatter: x is {}, source is {}", x.dtype(), source.dtype());
  Shape shape = broadcast_shapes("masked_scatter", x.shape(), mask.shape());
  Rows rows{1, shape.numel(), 1, from_vector(true_positions(broadcast(mask, shape)))};
  check<ShapeError>(rows.count() <= source.numel(), "masked_scatter: the mask holds {} times, source has {} elements",
                    rows.count(), source.numel());
  return rows.put("masked_scatter", broadcast(x, shape), narrow(flatten(source), 0, 0, rows.count()));
}

Tensor nonzero(const Tensor& x) {
  check_defined("nonzero", x);
  Tensor dense = x.detach().contiguous();
  const int rank = x.dim();
  const int64_t run = rank == 0 ? 1 : std::max<int64_t>(x.size(-1), 1);
  Tensor result;
  visit(x.dtype(), [&]<class T>() {
    const T* values = dense.data<T>();
    int64_t count = 0, found = 0;
    for (int64_t i = 0, n = x.numel(); i < n; ++i) count += values[i] != T(0);
    result = make_tensor({count, rank}, i64);
    int64_t* to = result.data<int64_t>();
    if (rank == 0) return;
    Dims at = Dims::filled(rank, 0);  // of a run along the last dimension
    for (; found < count; values += run) {
      // Every place is written; the next one overwrites it if it does not count. No branch to be guessed.
      for (int64_t k = 0; k < run && found < count; ++k, to += values[k - 1] != T(0) ? rank : 0) {
        for (int d = 0; d < rank - 1; ++d) to[d] = at[d];
        to[rank - 1] = k;
        found += values[k] != T(0);
      }
      for (int d = rank - 2; d >= 0 && ++at[d] == x.shape()[d]; --d) at[d] = 0;
    }
  });
  return result;
}

}  // namespace korrel
