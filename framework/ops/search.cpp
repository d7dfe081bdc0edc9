#include <korrel/framework/ops/search.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {

Tensor one_hot(const Tensor& x, int64_t num_classes) {
  check_defined("one_hot", x);
  check<DtypeError>(x.dtype() == i64, "one_hot: x must be i64, it is {}", x.dtype());
  std::vector<int64_t> classes = x.to_vector<int64_t>();
  int64_t largest = -1;
  for (int64_t c : classes) {
    check<ValueError>(c >= 0, "one_hot: class {} is negative", c);
    largest = std::max(largest, c);
  }
  if (num_classes == -1) {
    check<ValueError>(!classes.empty(), "one_hot: the number of classes cannot be told from an empty x");
    num_classes = largest + 1;
  }
  check<ValueError>(largest < num_classes, "one_hot: class {} of {} classes", largest, num_classes);
  Shape shape = x.shape();
  shape.push_back(num_classes);
  Tensor y = zeros(shape, {i64});
  int64_t* out = y.data<int64_t>();
  for (std::size_t i = 0; i < classes.size(); ++i) out[static_cast<int64_t>(i) * num_classes + classes[i]] = 1;
  return y;
}

Tensor bincount(const Tensor& x, const Tensor& weights, int64_t minlength) {
  check_defined("bincount", x);
  check<DtypeError>(x.dtype() == i64 || x.dtype() == u8, "bincount: x must be i64 or u8, it is {}", x.dtype());
  check<ShapeError>(x.dim() == 1, "bincount: x must be a vector, it is {}", x.shape());
  check<ValueError>(minlength >= 0, "bincount: minlength {} is negative", minlength);
  check<ShapeError>(!weights.defined() || weights.shape() == x.shape(),
                    "bincount: weights and x differ (weights {}, x {})", weights.defined() ? weights.shape() : Shape(),
                    x.shape());
  std::vector<int64_t> numbers = x.to_vector<int64_t>();
  int64_t length = minlength;
  for (int64_t number : numbers) {
    check<ValueError>(number >= 0, "bincount: {} is negative", number);
    length = std::max(length, number + 1);
  }
  std::vector<double> sums(weights.defined() ? static_cast<std::size_t>(length) : 0);
  std::vector<int64_t> counts(weights.defined() ? 0 : static_cast<std::size_t>(length));
  if (!weights.defined()) {
    for (int64_t number : numbers) ++counts[static_cast<std::size_t>(number)];
    return from_vector(counts);
  }
  std::vector<double> terms = weights.to_vector();
  for (std::size_t i = 0; i < numbers.size(); ++i) sums[static_cast<std::size_t>(numbers[i])] += terms[i];
  return weights.dtype() == f32 ? from_vector(std::vector<float>(sums.begin(), sums.end())) : from_vector(sums);
}

Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& x, SearchsortedOptions options) {
  check_defined("searchsorted", {{sorted_sequence, "sorted_sequence"}, {x, "x"}});
  int rank = sorted_sequence.dim();
  check<ShapeError>(rank > 0, "searchsorted: the sorted sequence has no dimension");
  check<DtypeError>(sorted_sequence.dtype() == x.dtype(), "searchsorted: the sequence is {}, x is {}",
                    sorted_sequence.dtype(), x.dtype());
  bool one_row = rank == 1;
  bool fits =
      one_row || (x.dim() == rank && x.shape().slice(0, rank - 1) == sorted_sequence.shape().slice(0, rank - 1));
  check<ShapeError>(fits, "searchsorted: all dimensions but the last must agree (sequence {}, x {})",
                    sorted_sequence.shape(), x.shape());
  Tensor rows = sorted_sequence.detach().contiguous(), values = x.detach().contiguous(),
         y = make_tensor(x.shape(), i64);
  int64_t length = rows.size(-1), per_row = one_row ? std::max<int64_t>(x.numel(), 1) : x.size(-1);
  visit(x.dtype(), [&]<class T>() {
    auto less = [](T a, T b) { return a < b || (b != b && a == a); };
    const T *sorted = rows.data<T>(), *in = values.data<T>();
    int64_t* out = y.data<int64_t>();
    parallel_for(x.numel(), 1024, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const T* row = sorted + i / per_row * length;
        const T* place = options.right ? std::upper_bound(row, row + length, in[i], less)
                                       : std::lower_bound(row, row + length, in[i], less);
        out[i] = place - row;
      }
    });
  });
  return y;
}

}  // namespace korrel
