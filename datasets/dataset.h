// Dataset: samples with labels, held in memory: what every source of data gives and what DataLoader takes.
// A plain aggregate: make one of your own tensors as `Dataset{.inputs = x, .labels = y}`.
#pragma once

#include <string>
#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel::datasets {

struct Dataset {
  Tensor inputs;                     // [N, ...]: u8 images [N,C,H,W] (0..255) or f32 samples of any shape
  Tensor labels;                     // i64 [N], each in [0, classes)
  std::vector<std::string> classes;  // their names, one per label value; empty if not known
  std::string name;                  // "mnist", as on the command line
  std::string description;           // one line: what was read, from where, what was held out
  // Of each channel over the training set, with u8 scaled to [0,1]; what Normalize takes. Empty: none is known.
  std::vector<float> mean, std;

  int64_t size() const { return inputs.defined() ? inputs.size(0) : 0; }
  Shape sample_shape() const;  // [C,H,W]
  // Samples [begin, begin + count), sharing memory. Throws ValueError unless they are there.
  Dataset slice(int64_t begin, int64_t count) const;
  // The first `count` samples, sharing memory; all of them if there are fewer. Throws ValueError for a negative count.
  Dataset first(int64_t count) const;
  // Throws ShapeError, DtypeError or ValueError (naming `name`, rule and values) unless the above holds.
  void validate() const;
};

struct Split {
  bool train = true;  // false: the test set
};

}  // namespace korrel::datasets
