#include <korrel/framework/ops/fold.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/base/small_vector.h>
#include <korrel/framework/ops/operand_check.h>

namespace korrel {
namespace {

using kernels::Fold;

// Neighbouring dimensions that are all reduced or all kept, as one.
struct Group {
  int64_t size;
  bool reduced;
};
using Groups = SmallVector<Group, 8>;

// The dimensions from the largest stride to the smallest: the order in which a dense tensor lies in memory.
Dims memory_order(const Layout& layout) {
  Dims order;
  for (int i = 0; i < layout.shape.rank(); ++i) order.push_back(i);
  auto stride = [&](int64_t i) { return layout.strides[static_cast<int>(i)]; };
  for (int i = 1; i < order.rank(); ++i)  // by insertion: stable, and std::stable_sort asks for memory
    for (int j = i; j > 0 && stride(order[j - 1]) < stride(order[j]); --j) std::swap(order[j - 1], order[j]);
  return order;
}

// Joining the results of one pass: squares are squared once.
Fold next_pass(Fold how) { return how == Fold::prod || how == Fold::max || how == Fold::min ? how : Fold::sum; }

// `centre`, shaped as the result, as one pass over the last reduced group needs it: one for each of that pass's
// results.
Tensor spread(const Tensor& centre, const Shape& full, const Dims& order, const bool* reduced) {
  Shape shape = full;
  int i = order.rank() - 1;
  while (i >= 0 && !reduced[order[i]]) --i;
  for (; i >= 0 && reduced[order[i]]; --i) shape[static_cast<int>(order[i])] = 1;
  return make_view(centre, centre.body().layout.expanded(shape).permuted(order)).contiguous();
}

}  // namespace

Folding::Folding(const char* op, const Tensor& x, const DimList& dim) : op_(op) {
  check_defined(op, x);
  const Shape& shape = full_ = x.shape();
  for (int64_t d : dim.dims()) {
    int i = wrap_dim(op, d, shape.rank());
    check<ShapeError>(!reduced_[i], "{}: dimension {} is named twice in {}", op, i, dim.dims());
    reduced_[i] = true;
  }
  for (int i = 0; i < shape.rank(); ++i) {
    if (dim.dims().empty()) reduced_[i] = true;
    kept_.push_back(reduced_[i] ? 1 : shape[i]);
    if (!reduced_[i]) dropped_.push_back(shape[i]);
    if (reduced_[i]) count_ *= shape[i];
  }
}

Dims Folding::dims() const {
  Dims result;
  for (int i = 0; i < full_.rank(); ++i)
    if (reduced_[i]) result.push_back(i);
  return result;
}

void Folding::check_not_empty() const {
  check<ValueError>(count_ > 0 || kept_.numel() == 0,
                    "{}: has no value over no elements, x is {} and the dimensions are {}", op_, full_, dims());
}

Tensor Folding::fold(Fold how, const Tensor& x, const Options& options) const {
  Tensor source = x.detach();
  const bool bytes = how == Fold::sum && size_of(x.dtype()) == 1;  // the first pass reads them as they are
  if (!is_floating(x.dtype()) && !bytes) source = source.to(i64);
  // Any dense tensor will do, in whatever order its dimensions lie; anything else is copied first.
  Layout layout = source.body().layout;
  Dims order = memory_order(layout);
  if (!layout.permuted(order).is_contiguous()) {
    source = source.contiguous();
    layout = source.body().layout;
    order = memory_order(layout);
  }

  Groups groups;
  Shape ordered;  // the result's sizes, in memory's order
  for (int64_t dim : order) {
    int i = static_cast<int>(dim);
    ordered.push_back(kept_[i]);
    if (full_[i] == 1) continue;
    if (!groups.empty() && groups.back().reduced == reduced_[i])
      groups.back().size *= full_[i];
    else
      groups.push_back({full_[i], reduced_[i]});
  }
  if (groups.empty() || (groups.size() == 1 && !groups[0].reduced)) groups.push_back({1, true});
  Tensor centre = options.centre.defined() ? spread(options.centre, full_, order, reduced_) : Tensor();

  // One pass for each reduced group, from the fastest dimension on.
  const DType dtype = is_floating(x.dtype()) ? x.dtype() : i64;
  Tensor y = make_tensor(kept_, dtype);
  while (kept_.numel() > 0) {
    int64_t columns = 1, passes = 0;
    if (!groups.back().reduced) {
      columns = groups.back().size;
      groups.pop_back();
    }
    int64_t rows = groups.back().size, batch = 1;
    groups.pop_back();
    for (const Group& group : groups) {
      batch *= group.size;
      passes += group.reduced;
    }
    double divisor = passes == 0 ? options.divisor : 1;
    if (passes > 0 || y.numel() != batch * columns) y = make_tensor({batch * columns}, dtype);
    auto run = [&]<class T>() {
      const T* from = static_cast<const T*>(source.raw_data());
      const T* centres = centre.defined() ? centre.data<T>() : nullptr;
      if (columns == 1)
        kernels::fold_rows<T>(how, batch, rows, from, centres, divisor, y.data<T>());
      else
        kernels::fold_columns<T>(how, batch, rows, columns, from, centres, divisor, y.data<T>());
    };
    if (size_of(source.dtype()) == 1) {
      const auto* from = static_cast<const uint8_t*>(source.raw_data());
      if (columns == 1)
        kernels::sum_bytes_in_rows(batch, rows, from, y.data<int64_t>());
      else
        kernels::sum_bytes_in_columns(batch, rows, columns, from, y.data<int64_t>());
    } else if (dtype == i64)
      run.template operator()<int64_t>();
    else
      visit_floating(dtype, run);
    if (passes == 0) break;
    how = next_pass(how);
    centre = {};
    source = y;
    if (columns == 1) continue;
    if (!groups.empty() && !groups.back().reduced)
      groups.back().size *= columns;
    else
      groups.push_back({columns, false});
  }

  // Back from memory's order to the dimensions' own.
  if (kept_.numel() == 0) return y;
  Layout in_order = Layout::contiguous(ordered), result{kept_, Strides::filled(kept_.rank(), 0), 0};
  for (int i = 0; i < order.rank(); ++i) result.strides[static_cast<int>(order[i])] = in_order.strides[i];
  return make_view(y, result).contiguous();
}

}  // namespace korrel
