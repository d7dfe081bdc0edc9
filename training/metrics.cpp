#include <korrel/training/metrics.h>

#include <algorithm>

#include <korrel/framework/base/check.h>

namespace korrel::training {

int64_t count_correct(const Tensor& logits, const Tensor& labels) {
  check<ShapeError>(logits.dim() == 2 && labels.dim() == 1 && logits.size(0) == labels.size(0) && logits.size(1) > 0,
                    "accuracy: needs logits [B,K] and labels [B], got {} and {}", logits.shape(), labels.shape());
  check<DtypeError>(is_floating(logits.dtype()) && labels.dtype() == i64,
                    "accuracy: needs floating logits and i64 labels, got {} and {}", logits.dtype(), labels.dtype());
  Tensor rows = logits.detach().contiguous(), truth = labels.contiguous();
  const int64_t* label = truth.data<int64_t>();
  int64_t correct = 0, width = rows.size(1);
  visit_floating(rows.dtype(), [&]<class T>() {
    const T* row = rows.data<T>();
    for (int64_t i = 0; i < rows.size(0); ++i, row += width)
      correct += std::max_element(row, row + width) - row == label[i];
  });
  return correct;
}

double accuracy(const Tensor& logits, const Tensor& labels) {
  int64_t correct = count_correct(logits, labels), rows = labels.size(0);
  return rows > 0 ? static_cast<double>(correct) / static_cast<double>(rows) : 0;
}

}  // namespace korrel::training
