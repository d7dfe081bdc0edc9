#include <korrel/framework/ops/einsum.h>

#include <algorithm>
#include <array>
#include <string>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>

namespace korrel {
namespace {

// An index is a number: capitals 0..25, small letters 26..51, then the dimensions of "...", the last of them 59.
using Labels = std::vector<int>;
constexpr int kLabels = 52 + Dims::max_rank, kEllipsis = -1;

int label_of(char c) { return c <= 'Z' ? c - 'A' : 26 + c - 'a'; }
std::string text_of(int label) {
  return label >= 52 ? "of \"...\""
                     : fmt::format("'{}'", static_cast<char>(label < 26 ? 'A' + label : 'a' + label - 26));
}
bool has(const Labels& labels, int label) { return std::find(labels.begin(), labels.end(), label) != labels.end(); }

// The indices of one operand or of the result, "..." as kEllipsis.
Labels parse(std::string_view equation, std::string_view subscripts) {
  Labels labels;
  for (std::size_t i = 0; i < subscripts.size(); ++i) {
    char c = subscripts[i];
    if (c == ' ') continue;
    if (c == '.') {
      check<ValueError>(subscripts.substr(i, 3) == "...", "einsum: a '.' that is not part of \"...\" in \"{}\"",
                        equation);
      check<ValueError>(!has(labels, kEllipsis), "einsum: \"...\" occurs twice in \"{}\" of \"{}\"", subscripts,
                        equation);
      labels.push_back(kEllipsis);
      i += 2;
      continue;
    }
    check<ValueError>((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'),
                      "einsum: indices are letters, got '{}' in \"{}\"", c, equation);
    labels.push_back(label_of(c));
  }
  return labels;
}

// What is left of an operand: each index names one dimension, sizes of 1 are dropped.
struct Term {
  Tensor x;
  Labels labels;
};

class Contraction {
 public:
  Contraction(std::string_view equation, const std::vector<Tensor>& operands) : equation_(equation) {
    check<ValueError>(!operands.empty(), "einsum: needs at least one operand");
    std::size_t arrow = equation.find("->");
    std::string_view inputs = equation.substr(0, arrow);
    std::vector<Labels> parsed;
    for (std::size_t begin = 0; begin <= inputs.size();) {
      std::size_t end = std::min(inputs.find(',', begin), inputs.size());
      parsed.push_back(parse(equation, inputs.substr(begin, end - begin)));
      begin = end + 1;
    }
    check<ValueError>(parsed.size() == operands.size(), "einsum: \"{}\" names {} operands, got {}", equation,
                      parsed.size(), operands.size());
    check_defined("einsum", operands, "operand");
    for (std::size_t i = 0; i < operands.size(); ++i) terms_.push_back(make_term(operands, i, parsed[i]));
    output_ = arrow == std::string_view::npos ? implicit_output() : explicit_output(equation.substr(arrow + 2));
    for (Term& term : terms_) drop_ones(term);
  }

  Tensor run() {
    Term result = terms_[0];
    sum_out(result, 1);
    for (std::size_t i = 1; i < terms_.size(); ++i) result = multiplied(result, terms_[i], i + 1);
    Shape shape;
    Dims order;
    for (int label : output_) {
      shape.push_back(size_[label]);
      auto found = std::find(result.labels.begin(), result.labels.end(), label);
      if (found != result.labels.end()) order.push_back(found - result.labels.begin());
    }
    return result.x.permute(order).reshape(shape);
  }

 private:
  // Checks operand `i` against its indices, names the dimensions of "...", and takes the diagonals of repeated indices.
  Term make_term(const std::vector<Tensor>& operands, std::size_t i, const Labels& parsed) {
    const Tensor& x = operands[i];
    check<DtypeError>(x.dtype() == operands[0].dtype(), "einsum: operands share one dtype, operand 0 is {}, {} is {}",
                      operands[0].dtype(), i, x.dtype());
    bool ellipsis = has(parsed, kEllipsis);
    int named = static_cast<int>(parsed.size()) - ellipsis, hidden = x.dim() - named;
    check<ShapeError>(ellipsis ? hidden >= 0 : hidden == 0,
                      "einsum: \"{}\" names {}{} dimensions of operand {}, which has shape {}", equation_,
                      ellipsis ? "at least " : "", named, i, x.shape());
    Term term{x, {}};
    for (int label : parsed) {
      if (label != kEllipsis) {
        term.labels.push_back(label);
        ++count_[label];
        continue;
      }
      hidden_ = std::max(hidden_, hidden);
      for (int k = 0; k < hidden; ++k) term.labels.push_back(kLabels - hidden + k);
    }
    for (std::size_t d = 0; d < term.labels.size(); ++d) {
      auto again = std::find(term.labels.begin() + d + 1, term.labels.end(), term.labels[d]);
      if (again == term.labels.end()) continue;
      auto other = static_cast<int64_t>(again - term.labels.begin()), own = static_cast<int64_t>(d);
      check<ShapeError>(term.x.size(own) == term.x.size(other),
                        "einsum: index {} is repeated in operand {}, but stands for sizes {} and {} (shape {})",
                        text_of(term.labels[d]), i, term.x.size(own), term.x.size(other), x.shape());
      int label = term.labels[d];
      term.x = diagonal(term.x, 0, own, other);  // moves both to the end, as one
      term.labels.erase(again);
      term.labels.erase(term.labels.begin() + own);
      term.labels.push_back(label);
      --d;
    }
    for (std::size_t d = 0; d < term.labels.size(); ++d) {
      int label = term.labels[d];
      int64_t size = term.x.shape()[static_cast<int>(d)];
      check<ShapeError>(size_[label] == kUnknown || size_[label] == size || size_[label] == 1 || size == 1,
                        "einsum: index {} is {} in operand {}, but {} before it (\"{}\")", text_of(label), size, i,
                        size_[label], equation_);
      if (size_[label] == kUnknown || size_[label] == 1) size_[label] = size;
    }
    return term;
  }

  void drop_ones(Term& term) {
    for (int d = term.x.dim() - 1; d >= 0; --d) {
      if (term.x.shape()[d] != 1) continue;
      term.x = term.x.squeeze(d);
      term.labels.erase(term.labels.begin() + d);
    }
  }

  Labels ellipsis_labels() const {
    Labels labels;
    for (int k = hidden_; k > 0; --k) labels.push_back(kLabels - k);
    return labels;
  }

  Labels implicit_output() const {
    Labels labels = ellipsis_labels();
    for (int label = 0; label < 52; ++label)
      if (count_[label] == 1) labels.push_back(label);
    check_rank(labels);
    return labels;
  }

  Labels explicit_output(std::string_view subscripts) const {
    Labels labels;
    for (int label : parse(equation_, subscripts)) {
      if (label == kEllipsis) {
        for (int hidden : ellipsis_labels()) labels.push_back(hidden);
        continue;
      }
      check<ValueError>(count_[label] > 0, "einsum: the result's index {} is in no operand (\"{}\")", text_of(label),
                        equation_);
      check<ValueError>(!has(labels, label), "einsum: the result has index {} twice (\"{}\")", text_of(label),
                        equation_);
      labels.push_back(label);
    }
    check_rank(labels);
    return labels;
  }

  void check_rank(const Labels& labels) const {
    check<ShapeError>(labels.size() <= Dims::max_rank,
                      "einsum: the result of \"{}\" has {} dimensions, at most {} can be", equation_, labels.size(),
                      Dims::max_rank);
  }

  // Whether the result or an operand from `next` on has the index.
  bool needed(int label, std::size_t next) const {
    bool found = has(output_, label);
    for (std::size_t i = next; i < terms_.size() && !found; ++i) found = has(terms_[i].labels, label);
    return found;
  }

  // Sums over the indices that nothing from operand `next` on needs.
  void sum_out(Term& term, std::size_t next, const Labels& keep = {}) const {
    Dims dims;
    Labels left;
    for (std::size_t d = 0; d < term.labels.size(); ++d) {
      if (needed(term.labels[d], next) || has(keep, term.labels[d]))
        left.push_back(term.labels[d]);
      else
        dims.push_back(static_cast<int64_t>(d));
    }
    if (dims.empty()) return;
    DType dtype = term.x.dtype();
    term = {sum(term.x, dims).to(dtype), left};
  }

  // The product of two terms, summed over what both have and nothing from `next` on needs.
  Term multiplied(Term a, Term b, std::size_t next) const {
    sum_out(a, next, b.labels);
    sum_out(b, next, a.labels);
    Labels batch, rows, columns, depth;
    for (int label : a.labels) (!has(b.labels, label) ? rows : needed(label, next) ? batch : depth).push_back(label);
    for (int label : b.labels)
      if (!has(a.labels, label)) columns.push_back(label);

    Term result{{}, batch};
    result.labels.insert(result.labels.end(), rows.begin(), rows.end());
    result.labels.insert(result.labels.end(), columns.begin(), columns.end());
    check<ShapeError>(result.labels.size() <= Dims::max_rank,
                      "einsum: \"{}\" makes a product of {} dimensions, at most {} can be", equation_,
                      result.labels.size(), Dims::max_rank);
    if (depth.empty() || !is_floating(a.x.dtype())) {
      result.labels.insert(result.labels.end(), depth.begin(), depth.end());
      result.x = spread(a, result.labels) * spread(b, result.labels);
      sum_out(result, next);
      return result;
    }
    int64_t m = numel(rows), n = numel(columns), k = numel(depth), count = numel(batch);
    Tensor left = arranged(a, {batch, rows, depth}).reshape({count, m, k});
    Tensor right = arranged(b, {batch, depth, columns}).reshape({count, k, n});
    Shape shape;
    for (int label : result.labels) shape.push_back(size_[label]);
    result.x = (batch.empty() ? mm(left.squeeze(0), right.squeeze(0)) : bmm(left, right)).reshape(shape);
    return result;
  }

  int64_t numel(const Labels& labels) const {
    int64_t product = 1;
    for (int label : labels) product *= size_[label];
    return product;
  }
  static Tensor arranged(const Term& term, std::initializer_list<Labels> groups) {
    Dims order;
    for (const Labels& group : groups)
      for (int label : group)
        order.push_back(std::find(term.labels.begin(), term.labels.end(), label) - term.labels.begin());
    return term.x.permute(order);
  }
  // The term with exactly these dimensions, of size 1 where it lacks one.
  static Tensor spread(const Term& term, const Labels& labels) {
    Labels own;
    for (int label : labels)
      if (has(term.labels, label)) own.push_back(label);
    Tensor x = arranged(term, {own});
    for (std::size_t d = 0; d < labels.size(); ++d)
      if (!has(term.labels, labels[d])) x = x.unsqueeze(static_cast<int64_t>(d));
    return x;
  }

  static constexpr int64_t kUnknown = -1;

  std::string_view equation_;
  std::vector<Term> terms_;
  Labels output_;
  std::array<int64_t, kLabels> size_ = [] {
    std::array<int64_t, kLabels> sizes;
    sizes.fill(kUnknown);
    return sizes;
  }();
  std::array<int, kLabels> count_ = {};  // how often an index occurs in the operands
  int hidden_ = 0;                       // dimensions that "..." stands for
};

}  // namespace

Tensor einsum(std::string_view equation, const std::vector<Tensor>& operands) {
  return Contraction(equation, operands).run();
}

Tensor tensordot(const Tensor& a, const Tensor& b, int64_t dims) {
  check_defined("tensordot", {{a, "a"}, {b, "b"}});
  check<ShapeError>(dims >= 0 && dims <= a.dim() && dims <= b.dim(),
                    "tensordot: cannot sum over {} dimensions (a {}, b {})", dims, a.shape(), b.shape());
  Dims last, first;
  for (int64_t i = 0; i < dims; ++i) {
    last.push_back(a.dim() - dims + i);
    first.push_back(i);
  }
  return tensordot(a, b, last, first);
}

Tensor tensordot(const Tensor& a, const Tensor& b, const Dims& a_dims, const Dims& b_dims) {
  check_defined("tensordot", {{a, "a"}, {b, "b"}});
  check<ValueError>(a_dims.rank() == b_dims.rank(), "tensordot: needs as many dimensions of a as of b, got {} and {}",
                    a_dims, b_dims);
  check<DtypeError>(is_floating(a.dtype()) && a.dtype() == b.dtype(),
                    "tensordot: a and b must both be f32 or f64, are {} and {}", a.dtype(), b.dtype());
  bool a_summed[Dims::max_rank] = {}, b_summed[Dims::max_rank] = {};
  Dims a_order, b_order, a_depth, b_depth;
  int64_t depth = 1;
  for (int i = 0; i < a_dims.rank(); ++i) {
    int p = wrap_dim("tensordot", a_dims[i], a.dim()), q = wrap_dim("tensordot", b_dims[i], b.dim());
    check<ShapeError>(a.dim() > 0 && b.dim() > 0 && !a_summed[p] && !b_summed[q],
                      "tensordot: a dimension is listed twice, or there is none (a {} over {}, b {} over {})",
                      a.shape(), a_dims, b.shape(), b_dims);
    check<ShapeError>(a.size(p) == b.size(q),
                      "tensordot: dimension {} of a is {}, dimension {} of b is {} (a {}, b {})", p, a.size(p), q,
                      b.size(q), a.shape(), b.shape());
    a_summed[p] = b_summed[q] = true;
    a_depth.push_back(p);
    b_depth.push_back(q);
    depth *= a.size(p);
  }
  Shape shape;
  int64_t rows = 1, columns = 1;
  for (int i = 0; i < a.dim(); ++i) {
    if (a_summed[i]) continue;
    a_order.push_back(i);
    shape.push_back(a.shape()[i]);
    rows *= a.shape()[i];
  }
  b_order = b_depth;
  for (int64_t p : a_depth) a_order.push_back(p);
  for (int i = 0; i < b.dim(); ++i) {
    if (b_summed[i]) continue;
    b_order.push_back(i);
    shape.push_back(b.shape()[i]);
    columns *= b.shape()[i];
  }
  return mm(a.permute(a_order).reshape({rows, depth}), b.permute(b_order).reshape({depth, columns})).reshape(shape);
}

}  // namespace korrel
