// cross_entropy and nll_loss. Both see x as rows of classes, [N,C,d...] with the classes moved last.
#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/cached_vector.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/softmax.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/ops/softmax.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

int class_dim(const Tensor& x) { return x.dim() == 1 ? 0 : 1; }

void check_arguments(const char* op, const Tensor& x, const Tensor& target, const ClassLossOptions& options) {
  check_defined(op, {{x, "x"}, {target, "target"}});
  check<DtypeError>(is_floating(x.dtype()), "{}: expects a floating x, got {}", op, x.dtype());
  check<ShapeError>(x.dim() >= 1, "{}: expects x [C], [N,C] or [N,C,...], got {}", op, x.shape());
  int64_t classes = x.shape()[class_dim(x)];
  if (options.weight.defined()) {
    check<ShapeError>(options.weight.shape() == Shape{classes},
                      "{}: weight expects shape [{}], one for each class of x {}, got {}", op, classes, x.shape(),
                      options.weight.shape());
    check<DtypeError>(options.weight.dtype() == x.dtype(), "{}: weight is {}, x is {}", op, options.weight.dtype(),
                      x.dtype());
  }
  double smoothing = options.label_smoothing;
  check<ValueError>(smoothing >= 0 && smoothing <= 1, "{}: label_smoothing expects a number in [0, 1], got {}", op,
                    smoothing);
}

// What a loss over class indices is made of: for row i of x the target distribution is hit(i) at labels[i] and even[c]
// everywhere, or nothing where the label is ignored; the loss is minus its product with the logarithms.
class Labels {
 public:
  Labels(const char* op, const Tensor& x, const Tensor& target, const ClassLossOptions& options)
      : reduction_(options.reduction), shape_(x.shape()), classes_(x.shape()[class_dim(x)]) {
    Shape expected = x.shape();
    expected.erase(class_dim(x));
    check<DtypeError>(target.dtype() == i64 || target.dtype() == u8, "{}: target expects class indices (i64), got {}",
                      op, target.dtype());
    check<ShapeError>(target.shape() == expected, "{}: target expects shape {} for x {}, got {}", op, expected,
                      x.shape(), target.shape());
    labels_ = target.detach().to(i64).contiguous();
    weight_.assign(static_cast<std::size_t>(classes_), 1.0);
    if (options.weight.defined()) {
      const std::vector<double> given = options.weight.to_vector();
      weight_.assign(given.begin(), given.end());
    }
    smoothing_ = options.label_smoothing;
    for (double w : weight_) even_total_ += smoothing_ / static_cast<double>(classes_) * w;
    const int64_t* labels = numbers_ = labels_.data<int64_t>();
    for (int64_t i = 0; i < rows(); ++i) {
      if (labels[i] == options.ignore_index) continue;
      if (labels[i] < 0 || labels[i] >= classes_)
        fail<ValueError>("{}: label {} at {} of the target is not one of the {} classes 0..{} of x {}", op, labels[i],
                         i, classes_, classes_ - 1, x.shape());
      weights_met_ += weight_[static_cast<std::size_t>(labels[i])];
    }
    ignore_ = options.ignore_index;
  }

  int64_t rows() const { return labels_.numel(); }
  int64_t classes() const { return classes_; }
  int64_t label(int64_t row) const { return numbers_[row]; }
  bool ignored(int64_t row) const { return label(row) == ignore_; }
  bool smooth() const { return smoothing_ > 0; }
  double hit(int64_t row) const { return (1 - smoothing_) * weight_[static_cast<std::size_t>(label(row))]; }
  double even(int64_t c) const {
    return smoothing_ / static_cast<double>(classes_) * weight_[static_cast<std::size_t>(c)];
  }
  double total(int64_t row) const { return ignored(row) ? 0 : hit(row) + even_total_; }  // of the distribution
  // Results of rows are divided by this.
  double divisor() const { return reduction_ == Reduction::mean ? weights_met_ : 1; }

  // One value for each row, or their sum over the divisor.
  template <class T>
  Tensor reduce(const CachedVector<double>& losses) const {
    if (reduction_ == Reduction::none)
      return from_vector(std::vector<T>(losses.begin(), losses.end()), labels_.shape());
    double sum = 0;
    for (double loss : losses) sum += loss;
    return scalar(sum / divisor(), dtype_of<T>);
  }
  // The gradient of each row's loss, as a tensor that broadcasts to x's shape; 0 of ignored rows: where all are
  // ignored, the divisor is 0.
  Tensor row_gradients(const Tensor& grad) const {
    return where(labels_ == ignore_, 0, grad / divisor()).unsqueeze(shape_.rank() == 1 ? 0 : 1);
  }

  // x with the classes last, dense.
  Tensor to_rows(const Tensor& x) const { return movedim(x.detach(), class_dim(x), -1).contiguous(); }
  Tensor from_rows(const Tensor& rows) const { return movedim(rows, -1, shape_.rank() == 1 ? 0 : 1); }
  Shape rows_shape() const {
    Shape shape = labels_.shape();
    shape.push_back(classes_);
    return shape;
  }

  // to[row, c] += factor(row) * the target distribution.
  template <class T, class F>
  void add_distribution(T* to, F factor) const {
    for (int64_t row = 0; row < rows(); ++row, to += classes_) {
      if (ignored(row)) continue;
      double f = factor(row);
      to[label(row)] += static_cast<T>(f * hit(row));
      if (smooth())
        for (int64_t c = 0; c < classes_; ++c) to[c] += static_cast<T>(f * even(c));
    }
  }
  // The target distribution as a constant tensor shaped like x.
  Tensor distribution(DType dtype) const {
    Tensor q = zeros(rows_shape(), {dtype});
    visit_floating(dtype, [&]<class T>() { add_distribution(q.data<T>(), [](int64_t) { return 1.0; }); });
    return from_rows(q);
  }

 private:
  Reduction reduction_;
  Shape shape_;  // of x
  int64_t classes_, ignore_ = 0;
  Tensor labels_;
  const int64_t* numbers_ = nullptr;  // the labels'
  CachedVector<double> weight_;
  double smoothing_ = 0, even_total_ = 0, weights_met_ = 0;
};

// One value for each row of the upstream gradient, divided as the loss was.
template <class T>
CachedVector<T> upstream(const Labels& labels, const Tensor& grad) {
  CachedVector<T> values(static_cast<std::size_t>(labels.rows()));
  Tensor dense = grad.contiguous();
  const T* g = dense.data<T>();
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<T>(static_cast<double>(dense.numel() == 1 ? g[0] : g[i]) / labels.divisor());
  return values;
}

Tensor cross_entropy_of_labels(const Tensor& x, const Tensor& target, const ClassLossOptions& options) {
  Labels labels("cross_entropy", x, target, options);
  Tensor rows = labels.to_rows(x), totals = make_tensor({labels.rows()}, x.dtype());
  Tensor y;
  visit_floating(x.dtype(), [&]<class T>() {
    const T* value = rows.data<T>();
    T* total = totals.data<T>();
    kernels::log_sum_exp_rows<T>(labels.rows(), labels.classes(), value, total);
    CachedVector<double> losses(static_cast<std::size_t>(labels.rows()));
    for (int64_t i = 0; i < labels.rows(); ++i, value += labels.classes()) {
      if (labels.ignored(i)) continue;
      double loss = labels.hit(i) * static_cast<double>(total[i] - value[labels.label(i)]);
      if (labels.smooth())
        for (int64_t c = 0; c < labels.classes(); ++c)
          loss += labels.even(c) * static_cast<double>(total[i] - value[c]);
      losses[static_cast<std::size_t>(i)] = loss;
    }
    y = labels.reduce<T>(losses);
  });
  return record("cross_entropy", y, {x}, [x, rows, totals, labels](const Backward& b) -> Gradients {
    if (grad_enabled()) {
      Tensor q = labels.distribution(x.dtype());
      return {(softmax(x, class_dim(x)) * sum(q, class_dim(x), {.keepdim = true}) - q) * labels.row_gradients(b.grad)};
    }
    Tensor gradient = make_tensor(labels.rows_shape(), x.dtype());
    visit_floating(x.dtype(), [&]<class T>() {
      CachedVector<T> g = upstream<T>(labels, b.grad), scales(g.size());
      for (std::size_t i = 0; i < g.size(); ++i) {
        auto row = static_cast<int64_t>(i);  // where all are ignored, g is inf
        scales[i] = labels.ignored(row) ? T(0) : g[i] * static_cast<T>(labels.total(row));
      }
      kernels::scaled_softmax_rows<T>(labels.rows(), labels.classes(), rows.data<T>(), totals.data<T>(), scales.data(),
                                      gradient.data<T>());
      labels.add_distribution(gradient.data<T>(),
                              [&](int64_t i) { return -static_cast<double>(g[static_cast<std::size_t>(i)]); });
    });
    return {labels.from_rows(gradient)};
  });
}

Tensor cross_entropy_of_probabilities(const Tensor& x, const Tensor& target, const ClassLossOptions& options) {
  check<DtypeError>(target.dtype() == x.dtype(), "cross_entropy: target is {}, x is {}", target.dtype(), x.dtype());
  check<ShapeError>(target.shape() == x.shape(),
                    "cross_entropy: a target of probabilities expects x's shape {}, got {}", x.shape(), target.shape());
  int dim = class_dim(x);
  auto classes = static_cast<double>(x.shape()[dim]);
  Tensor q = target;
  if (options.label_smoothing > 0) q = q * (1 - options.label_smoothing) + options.label_smoothing / classes;
  if (options.weight.defined()) {
    Shape along = Shape::filled(x.dim(), 1);
    along[dim] = x.shape()[dim];
    q = q * options.weight.reshape(along);
  }
  Tensor losses = -sum(log_softmax(x, dim) * q, dim);
  if (options.reduction == Reduction::none) return losses;
  return options.reduction == Reduction::sum ? sum(losses) : mean(losses);
}

}  // namespace

Tensor cross_entropy(const Tensor& x, const Tensor& target, const ClassLossOptions& options) {
  check_arguments("cross_entropy", x, target, options);
  return is_floating(target.dtype()) ? cross_entropy_of_probabilities(x, target, options)
                                     : cross_entropy_of_labels(x, target, options);
}

Tensor nll_loss(const Tensor& x, const Tensor& target, const ClassLossOptions& options) {
  check_arguments("nll_loss", x, target, options);
  check<ValueError>(options.label_smoothing == 0, "nll_loss: knows no label_smoothing, got {}",
                    options.label_smoothing);
  Labels labels("nll_loss", x, target, options);
  Tensor rows = labels.to_rows(x), y;
  visit_floating(x.dtype(), [&]<class T>() {
    const T* value = rows.data<T>();
    CachedVector<double> losses(static_cast<std::size_t>(labels.rows()));
    for (int64_t i = 0; i < labels.rows(); ++i, value += labels.classes())
      if (!labels.ignored(i))
        losses[static_cast<std::size_t>(i)] = -labels.hit(i) * static_cast<double>(value[labels.label(i)]);
    y = labels.reduce<T>(losses);
  });
  return record("nll_loss", y, {x}, [labels, dtype = x.dtype()](const Backward& b) -> Gradients {
    if (grad_enabled()) return {-(labels.distribution(dtype) * labels.row_gradients(b.grad))};
    Tensor gradient = zeros(labels.rows_shape(), {dtype});
    visit_floating(dtype, [&]<class T>() {
      CachedVector<T> g = upstream<T>(labels, b.grad);
      labels.add_distribution(gradient.data<T>(),
                              [&](int64_t i) { return -static_cast<double>(g[static_cast<std::size_t>(i)]); });
    });
    return {labels.from_rows(gradient)};
  });
}

}  // namespace korrel
