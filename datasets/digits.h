// Digits: grey images of 28x28 of handwritten-style digits, drawn by this program: no file, no download, as many as
// wanted. Image i depends on the seed and i alone. Not MNIST: a stand-in of the same form, for demonstrations and
// tests.
#pragma once

#include <korrel/datasets/dataset.h>

namespace korrel::datasets {

class Digits {
 public:
  static constexpr int64_t pixels = 28 * 28;

  explicit Digits(uint64_t seed = 0) : seed_(seed) {}

  int label(uint64_t index) const;                  // 0..9, each as likely
  void draw(uint64_t index, uint8_t* image) const;  // writes 784 bytes, row by row; 0 is paper
  Dataset generate(uint64_t first,
                   int64_t count) const;  // images u8 [count,1,28,28]; throws ValueError unless count > 0

 private:
  uint64_t seed_;
};

struct DigitsOptions {
  bool train = true;  // false: images that no training set of this seed contains
  int64_t count = 0;  // 0: 20,000 to train, 4,000 to test
  uint64_t seed = 0;
};
Dataset digits(DigitsOptions options = {});

}  // namespace korrel::datasets
