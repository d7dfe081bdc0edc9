// Draws lines on a small grey canvas as a pen would: round, of varying width, with anti-aliased edges. Drawing over ink
// does not darken it. Used by datasets/digits.cpp; not a graphics library.
#pragma once

#include <cstdint>

namespace korrel::datasets {

struct PenPoint {
  float x = 0, y = 0;  // in pixels; the middle of pixel (i, j) is at x = j + 0.5, y = i + 0.5
  float radius = 1;    // of the pen there
};

class Canvas {
 public:
  static constexpr int size = 28;

  void line(const PenPoint& from, const PenPoint& to);
  float* ink() { return ink_; }  // [28,28] row by row, 0 (paper) to 1

 private:
  float ink_[size * size] = {};
};

}  // namespace korrel::datasets
