// BatchMaker: gathers samples of a dataset into a batch, converted and transformed. Safe to use from several threads.
// Called by DataLoader, which decides which samples and when.
#pragma once

#include <korrel/datasets/loader.h>

namespace korrel::datasets {

class BatchMaker {
 public:
  // Throws unless the dataset is valid and each transform applies to what the one before it makes.
  BatchMaker(const Dataset& dataset, const std::vector<Transform>& transforms, uint64_t seed);

  // The samples `indices[0..count)`, or from `first` on if `indices` is null, as they are in `epoch`.
  Batch make(int64_t epoch, const int64_t* indices, int64_t first, int64_t count) const;

 private:
  void make_sample(int64_t epoch, int64_t index, float* out) const;
  void convert(int64_t index, float* out) const;

  Dataset dataset_;
  std::vector<Transform> transforms_;  // those after the conversion
  std::vector<Shape> shapes_;          // of a sample before each of them, and after the last
  std::vector<float> scale_, shift_;   // of the conversion, by channel: u8 / 255 and a first Normalize in one step
  int64_t largest_ = 0;                // elements of the largest intermediate sample
  uint64_t seed_;
};

}  // namespace korrel::datasets
