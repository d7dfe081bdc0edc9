#include <korrel/framework/ops/embedding.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/gather.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/rows.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

// The table's rows that x names, in x's order.
Rows named_rows(const char* op, const Tensor& x, const Tensor& weight) {
  check_defined(op, {{x, "x"}, {weight, "weight"}});
  check<DtypeError>(x.dtype() == i64, "{}: x holds row numbers and must be i64, it is {}", op, x.dtype());
  check<DtypeError>(is_floating(weight.dtype()), "{}: weight must be f32 or f64, it is {}", op, weight.dtype());
  check<ShapeError>(weight.dim() == 2, "{}: weight needs shape [num_embeddings,embedding_dim], has {}", op,
                    weight.shape());
  Tensor index = x.detach().contiguous().reshape({x.numel()});
  const int64_t* numbers = index.data<int64_t>();
  const int64_t stranger = first_outside(numbers, x.numel(), 0, weight.size(0));
  check<ValueError>(stranger == x.numel(), "{}: x holds the number {}, weight {} has rows 0 to {}", op,
                    numbers[stranger < x.numel() ? stranger : 0], weight.shape(), weight.size(0) - 1);
  return {1, weight.size(0), weight.size(1), index};
}

// The padding row's number, or -1.
int64_t padding_row(const char* op, const Tensor& weight, const std::optional<int64_t>& padding_idx) {
  if (!padding_idx) return -1;
  int64_t rows = weight.size(0);
  check<ValueError>(*padding_idx >= -rows && *padding_idx < rows, "{}: padding_idx {} is out of range for weight {}",
                    op, *padding_idx, weight.shape());
  return *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
}

// Scales the named rows down to max_norm, once each.
void renormalise(const char* op, Tensor& weight, const Rows& rows, double max_norm, double norm_type) {
  check<ValueError>(max_norm >= 0, "{}: max_norm must not be negative, got {}", op, max_norm);
  check<ValueError>(norm_type > 0, "{}: norm_type must be positive, got {}", op, norm_type);
  check<ValueError>(weight.is_contiguous(), "{}: max_norm changes weight in place, which must be contiguous", op);
  visit_floating(weight.dtype(), [&]<class T>() {
    std::vector<bool> done(static_cast<std::size_t>(rows.size));
    for (int64_t i = 0; i < rows.count(); ++i) {
      int64_t number = rows.index.data<int64_t>()[i];
      if (done[static_cast<std::size_t>(number)]) continue;
      done[static_cast<std::size_t>(number)] = true;
      T* row = weight.data<T>() + number * rows.inner;
      double norm = 0;
      for (int64_t j = 0; j < rows.inner; ++j) {
        double size = std::abs(static_cast<double>(row[j]));
        norm = std::isinf(norm_type) ? std::max(norm, size) : norm + std::pow(size, norm_type);
      }
      if (!std::isinf(norm_type)) norm = std::pow(norm, 1 / norm_type);
      if (norm <= max_norm) continue;
      const T factor = static_cast<T>(max_norm / (norm + 1e-7));  // the 1e-7 is PyTorch's
      for (int64_t j = 0; j < rows.inner; ++j) row[j] *= factor;
    }
  });
}

// What the gradient of each named row is multiplied with, [count,1]: nothing for padding, 1 / its count if by_freq.
// Undefined where all would be 1.
Tensor gradient_factors(const Rows& rows, int64_t padding, bool by_freq, DType dtype) {
  if (padding < 0 && !by_freq) return {};
  const int64_t* numbers = rows.index.data<int64_t>();
  std::vector<int64_t> counts(static_cast<std::size_t>(rows.size));
  for (int64_t i = 0; i < rows.count(); ++i) ++counts[static_cast<std::size_t>(numbers[i])];
  std::vector<double> factors;
  for (int64_t i = 0; i < rows.count(); ++i) {
    double count = static_cast<double>(counts[static_cast<std::size_t>(numbers[i])]);
    factors.push_back(numbers[i] == padding ? 0 : by_freq ? 1 / count : 1);
  }
  return from_vector(factors, {rows.count(), 1}).to(dtype);
}

Tensor looked_up(const char* op, const Rows& rows, const Tensor& weight, const Shape& shape, const Tensor& factors) {
  if (!factors.defined()) return rows.take(op, weight, shape);
  return record(op, rows.take(op, weight.detach(), shape), {weight},
                [op, rows, factors](const Backward& b) -> Gradients {
                  Tensor scaled = b.grad.reshape({rows.count(), rows.inner}) * factors;
                  return {rows.spread(op, scaled, {rows.size, rows.inner})};
                });
}

// Which bag each entry of x is in.
struct Bags {
  int64_t count = 0;
  std::vector<int64_t> of_entry;

  Bags(const Tensor& x, const Tensor& offsets, bool include_last_offset) {
    check<ShapeError>(x.dim() == 1 || x.dim() == 2, "embedding_bag: x needs 1 or 2 dimensions, has {}", x.shape());
    if (x.dim() == 2) {
      check<ValueError>(!offsets.defined(), "embedding_bag: offsets are for x of 1 dimension, x is {}", x.shape());
      count = x.size(0);
      of_entry.reserve(static_cast<std::size_t>(x.numel()));
      for (int64_t bag = 0; bag < count; ++bag)
        of_entry.insert(of_entry.end(), static_cast<std::size_t>(x.size(1)), bag);
      return;
    }
    check<ValueError>(offsets.defined(), "embedding_bag: x of 1 dimension {} needs offsets", x.shape());
    check<DtypeError>(offsets.dtype() == i64, "embedding_bag: offsets must be i64, are {}", offsets.dtype());
    check<ShapeError>(offsets.dim() == 1, "embedding_bag: offsets need 1 dimension, have {}", offsets.shape());
    std::vector<int64_t> begins = offsets.to_vector<int64_t>();
    check<ValueError>(!include_last_offset || !begins.empty(),
                      "embedding_bag: include_last_offset needs at least one offset, got none");
    int64_t entries = x.numel(), before = 0;
    for (std::size_t i = 0; i < begins.size(); ++i) {
      check<ValueError>(i > 0 || begins[i] == 0, "embedding_bag: the first offset must be 0, got {}", begins[i]);
      check<ValueError>(begins[i] >= before, "embedding_bag: offsets must not decrease, {} follows {}", begins[i],
                        before);
      check<ValueError>(begins[i] <= entries, "embedding_bag: offset {} lies behind the end of x {}", begins[i],
                        x.shape());
      before = begins[i];
    }
    if (include_last_offset) {
      check<ValueError>(begins.back() == entries, "embedding_bag: the last offset must be the end of x {}, got {}",
                        x.shape(), begins.back());
      begins.pop_back();
    }
    check<ValueError>(!begins.empty() || entries == 0, "embedding_bag: x {} has entries before the first offset",
                      x.shape());
    count = static_cast<int64_t>(begins.size());
    for (int64_t bag = 0; bag < count; ++bag) {
      int64_t end = bag + 1 < count ? begins[static_cast<std::size_t>(bag) + 1] : entries;
      of_entry.insert(of_entry.end(), static_cast<std::size_t>(end - begins[static_cast<std::size_t>(bag)]), bag);
    }
  }
};

// The sums of each bag's rows of weight, which are read where they lie.
Tensor summed_rows(const Rows& rows, const Bags& bags, const Tensor& weight) {
  Tensor dense = weight.detach().contiguous(), y = zeros({bags.count, rows.inner}, {weight.dtype()});
  const int64_t* numbers = rows.index.data<int64_t>();
  const int64_t dim = rows.inner, entries = rows.count(), per_bag = 1 + entries / std::max<int64_t>(1, bags.count);
  visit_floating(weight.dtype(), [&]<class T>() {
    const T* from = dense.data<T>();
    T* to = y.data<T>();
    parallel_for(bags.count, 1 + 16384 / (1 + per_bag * dim), [&](int64_t begin, int64_t end) {
      auto i = std::lower_bound(bags.of_entry.begin(), bags.of_entry.end(), begin) - bags.of_entry.begin();
      for (; i < entries && bags.of_entry[static_cast<std::size_t>(i)] < end; ++i) {
        const T* __restrict row = from + numbers[i] * dim;
        T* __restrict sum = to + bags.of_entry[static_cast<std::size_t>(i)] * dim;
        for (int64_t j = 0; j < dim; ++j) sum[j] += row[j];
      }
    });
  });
  return record("embedding_bag", y, {weight}, [rows, bags](const Backward& b) -> Gradients {
    Rows into{1, bags.count, rows.inner, from_vector(bags.of_entry)};
    Tensor of_entries = into.take("embedding_bag", b.grad, {rows.count(), rows.inner});
    return {rows.spread("embedding_bag", of_entries, {rows.size, rows.inner})};
  });
}

// Of entries [n,dim] the largest of each bag and column.
Tensor largest_of(const Tensor& entries, const Bags& bags) {
  int64_t dim = entries.size(1);
  Tensor dense = entries.detach().contiguous();
  std::vector<int64_t> positions, nonempty;  // where the largest are; the bags that have some
  visit_floating(entries.dtype(), [&]<class T>() {
    const T* values = dense.data<T>();
    for (std::size_t i = 0; i < bags.of_entry.size(); ++i) {
      auto row = static_cast<int64_t>(i) * dim;
      if (nonempty.empty() || nonempty.back() != bags.of_entry[i]) {
        nonempty.push_back(bags.of_entry[i]);
        for (int64_t j = 0; j < dim; ++j) positions.push_back(row + j);
        continue;
      }
      int64_t* best = positions.data() + positions.size() - dim;
      for (int64_t j = 0; j < dim; ++j)
        if (values[row + j] > values[best[j]]) best[j] = row + j;
    }
  });
  auto filled = static_cast<int64_t>(nonempty.size());
  Tensor taken = Rows{1, entries.numel(), 1, from_vector(positions)}.take("embedding_bag", entries, {filled, dim});
  return Rows{1, bags.count, dim, from_vector(nonempty)}.spread("embedding_bag", taken, {bags.count, dim});
}

}  // namespace

Tensor embedding(const Tensor& x, Tensor weight, const EmbeddingOptions& options) {
  Rows rows = named_rows("embedding", x, weight);
  int64_t padding = padding_row("embedding", weight, options.padding_idx);
  if (options.max_norm) renormalise("embedding", weight, rows, *options.max_norm, options.norm_type);
  Shape shape = x.shape();
  shape.push_back(weight.size(1));
  return looked_up("embedding", rows, weight, shape,
                   gradient_factors(rows, padding, options.scale_grad_by_freq, weight.dtype()));
}

Tensor embedding_bag(const Tensor& x, Tensor weight, const Tensor& offsets, const EmbeddingBagOptions& options) {
  using Mode = EmbeddingBagMode;
  Rows rows = named_rows("embedding_bag", x, weight);
  int64_t padding = padding_row("embedding_bag", weight, options.padding_idx);
  const Tensor& factors = options.per_sample_weights;
  if (factors.defined()) {
    check<ValueError>(options.mode == Mode::sum, "embedding_bag: per_sample_weights are for mode sum only");
    check<ShapeError>(factors.shape() == x.shape(),
                      "embedding_bag: per_sample_weights must be shaped like x {}, are {}", x.shape(), factors.shape());
    check<DtypeError>(factors.dtype() == weight.dtype(), "embedding_bag: per_sample_weights are {}, weight is {}",
                      factors.dtype(), weight.dtype());
  }
  check<ValueError>(options.mode != Mode::max || !options.scale_grad_by_freq,
                    "embedding_bag: scale_grad_by_freq is not for mode max");
  Bags bags(x, offsets, options.include_last_offset);
  if (options.max_norm) renormalise("embedding_bag", weight, rows, *options.max_norm, options.norm_type);

  Tensor kept;  // the entries that are not padding, where some are
  if (padding >= 0) {
    std::vector<int64_t> positions, numbers, of_entry;
    for (int64_t i = 0; i < rows.count(); ++i) {
      int64_t number = rows.index.data<int64_t>()[i];
      if (number == padding) continue;
      positions.push_back(i);
      numbers.push_back(number);
      of_entry.push_back(bags.of_entry[static_cast<std::size_t>(i)]);
    }
    kept = from_vector(positions);
    rows.index = from_vector(numbers);
    bags.of_entry = std::move(of_entry);
  }
  int64_t dim = rows.inner;
  Tensor y;
  if (options.mode != Mode::max && !factors.defined() && !options.scale_grad_by_freq) {
    y = summed_rows(rows, bags, weight);
  } else {
    Tensor entries = looked_up("embedding_bag", rows, weight, {rows.count(), dim},
                               gradient_factors(rows, -1, options.scale_grad_by_freq, weight.dtype()));
    if (options.mode == Mode::max) return largest_of(entries, bags);
    if (factors.defined()) {
      Tensor flat = factors.reshape({x.numel()});
      entries = entries * (kept.defined() ? index_select(flat, 0, kept) : flat).unsqueeze(1);
    }
    y = Rows{1, bags.count, dim, from_vector(bags.of_entry)}.spread("embedding_bag", entries, {bags.count, dim});
  }
  if (options.mode == Mode::sum) return y;
  std::vector<double> sizes(static_cast<std::size_t>(bags.count));
  for (int64_t bag : bags.of_entry) ++sizes[static_cast<std::size_t>(bag)];
  for (double& size : sizes) size = std::max(size, 1.0);  // an empty bag stays zero
  return y / from_vector(sizes, {bags.count, 1}).to(weight.dtype());
}

}  // namespace korrel
