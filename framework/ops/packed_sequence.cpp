#include <korrel/framework/ops/packed_sequence.h>

#include <algorithm>
#include <numeric>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/gather.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

using Numbers = std::vector<int64_t>;

std::size_t place(int64_t i) { return static_cast<std::size_t>(i); }

// Where element (t, n) of a padded tensor lies when its first two dimensions are merged.
struct Grid {
  int64_t steps, count;
  bool batch_first;

  int64_t at(int64_t t, int64_t n) const { return batch_first ? n * steps + t : t * count + n; }
  Shape shape(const Shape& row) const {
    Shape shape = batch_first ? Shape{count, steps} : Shape{steps, count};
    for (int64_t size : row) shape.push_back(size);
    return shape;
  }
  Shape merged(const Shape& row) const {
    Shape shape{steps * count};
    for (int64_t size : row) shape.push_back(size);
    return shape;
  }
  // `rows` [positions,...] at their positions, `value` elsewhere.
  Tensor filled(const Tensor& rows, const Numbers& positions, double value) const {
    Shape row = rows.shape().slice(1, rows.dim());
    return index_copy(full(merged(row), value, {rows.dtype()}), 0, from_vector(positions), rows).reshape(shape(row));
  }
};

PackedSequence packed(const char* op, const Tensor& x, const Numbers& lengths, const PackOptions& options) {
  check_defined(op, x);
  check<ShapeError>(x.dim() >= 2, "{}: x needs shape {}, has {}", op, options.batch_first ? "[N,T,...]" : "[T,N,...]",
                    x.shape());
  Grid grid{x.size(options.batch_first ? 1 : 0), x.size(options.batch_first ? 0 : 1), options.batch_first};
  check<ShapeError>(static_cast<int64_t>(lengths.size()) == grid.count, "{}: x has {} sequences, lengths {} (x {})", op,
                    grid.count, lengths.size(), x.shape());
  check<ValueError>(grid.count > 0, "{}: needs at least one sequence, x is {}", op, x.shape());
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    check<ValueError>(lengths[i] >= 1 && lengths[i] <= grid.steps,
                      "{}: lengths must be from 1 to {}, that of sequence {} is {} (x {})", op, grid.steps, i,
                      lengths[i], x.shape());
    check<ValueError>(!options.enforce_sorted || i == 0 || lengths[i] <= lengths[i - 1],
                      "{}: lengths must not grow, {} follows {}; .enforce_sorted = false takes any order", op,
                      lengths[i], lengths[std::max<std::size_t>(i, 1) - 1]);
  }
  PackedSequence result;
  Numbers order(lengths.size());
  std::iota(order.begin(), order.end(), 0);
  if (!options.enforce_sorted) {
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return lengths[place(a)] > lengths[place(b)]; });
    result.sorted_indices = order;
    result.unsorted_indices.resize(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) result.unsorted_indices[place(order[i])] = static_cast<int64_t>(i);
  }
  Numbers positions;
  for (int64_t t = 0; t < lengths[place(order[0])]; ++t) {
    int64_t there = 0;
    for (; there < grid.count && lengths[place(order[place(there)])] > t; ++there)
      positions.push_back(grid.at(t, order[place(there)]));
    result.batch_sizes.push_back(there);
  }
  result.data = index_select(x.reshape(grid.merged(x.shape().slice(2, x.dim()))), 0, from_vector(positions));
  return result;
}

}  // namespace

PackedSequence pack_padded_sequence(const Tensor& x, const std::vector<int64_t>& lengths, const PackOptions& options) {
  return packed("pack_padded_sequence", x, lengths, options);
}

PaddedSequence pad_packed_sequence(const PackedSequence& packed, const PadPackedOptions& options) {
  const char* op = "pad_packed_sequence";
  check<ValueError>(packed.data.defined() && !packed.batch_sizes.empty(), "{}: the sequence is empty", op);
  auto longest = static_cast<int64_t>(packed.batch_sizes.size());
  int64_t steps = options.total_length.value_or(longest), rows = 0;
  check<ValueError>(steps >= longest, "{}: total_length is {}, the longest sequence has {} steps", op, steps, longest);
  Grid grid{steps, packed.batch_sizes[0], options.batch_first};
  check<ValueError>(packed.sorted_indices.empty() || static_cast<int64_t>(packed.sorted_indices.size()) == grid.count,
                    "{}: there are {} sequences, sorted_indices has {}", op, grid.count, packed.sorted_indices.size());
  PaddedSequence result;
  result.lengths.resize(place(grid.count));
  Numbers positions;
  for (int64_t t = 0; t < longest; ++t) {
    int64_t there = packed.batch_sizes[place(t)];
    check<ValueError>(there >= 0 && there <= grid.count, "{}: batch_sizes must not grow or be negative, at step {} {}",
                      op, t, there);
    rows += there;
    for (int64_t i = 0; i < there; ++i) {
      int64_t n = packed.sorted_indices.empty() ? i : packed.sorted_indices[place(i)];
      check<ValueError>(n >= 0 && n < grid.count, "{}: sorted_indices holds {}, there are {} sequences", op, n,
                        grid.count);
      positions.push_back(grid.at(t, n));
      ++result.lengths[place(n)];
    }
  }
  check<ShapeError>(packed.data.dim() >= 1 && packed.data.size(0) == rows,
                    "{}: batch_sizes add up to {} rows, data is {}", op, rows, packed.data.shape());
  result.data = grid.filled(packed.data, positions, options.padding_value);
  return result;
}

Tensor pad_sequence(const std::vector<Tensor>& sequences, const PadSequenceOptions& options) {
  check<ValueError>(!sequences.empty(), "pad_sequence: needs at least one sequence, got none");
  check_defined("pad_sequence", sequences, "sequence");
  int64_t longest = 0;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Tensor& x = sequences[i];
    check<ShapeError>(x.dim() >= 1 && x.dim() == sequences[0].dim() &&
                          x.shape().slice(1, x.dim()) == sequences[0].shape().slice(1, x.dim()),
                      "pad_sequence: sequences must agree but for their first size, {} is {} and the first {}", i,
                      x.shape(), sequences[0].shape());
    check<DtypeError>(x.dtype() == sequences[0].dtype(), "pad_sequence: sequence {} is {}, the first {}", i, x.dtype(),
                      sequences[0].dtype());
    longest = std::max(longest, x.size(0));
  }
  Grid grid{longest, static_cast<int64_t>(sequences.size()), options.batch_first};
  Numbers positions;
  for (int64_t n = 0; n < grid.count; ++n)
    for (int64_t t = 0; t < sequences[place(n)].size(0); ++t) positions.push_back(grid.at(t, n));
  return grid.filled(cat(sequences), positions, options.padding_value);
}

PackedSequence pack_sequence(const std::vector<Tensor>& sequences, const PackSequenceOptions& options) {
  check_defined("pack_sequence", sequences, "sequence");
  Tensor padded = pad_sequence(sequences);
  Numbers lengths;
  for (const Tensor& x : sequences) lengths.push_back(x.size(0));
  return packed("pack_sequence", padded, lengths, {.enforce_sorted = options.enforce_sorted});
}

}  // namespace korrel
