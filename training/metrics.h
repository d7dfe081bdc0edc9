// What a classifier's training is measured by: how many labels are right, and means over an epoch.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel::training {

// How many rows of `logits` [B,K] (floating) have their largest value, the first of equals, at the label (i64 [B]).
// Throws ShapeError or DtypeError.
int64_t count_correct(const Tensor& logits, const Tensor& labels);

// The same as a share of the rows, in [0,1]; of no rows it is 0.
double accuracy(const Tensor& logits, const Tensor& labels);

// The mean of values, each of a weight: per-batch losses weighted by batch size give the loss per sample.
class Average {
 public:
  Average() = default;
  Average(double sum, double weight) : sum_(sum), weight_(weight) {}
  void add(double value, double weight = 1) {
    sum_ += value * weight;
    weight_ += weight;
  }
  double value() const { return weight_ > 0 ? sum_ / weight_ : 0; }
  double sum() const { return sum_; }  // of value * weight
  double weight() const { return weight_; }

 private:
  double sum_ = 0, weight_ = 0;
};

}  // namespace korrel::training
