// How people write the ten digits, as a few strokes each in several ways. Only shapes: datasets/digits.cpp distorts
// them, datasets/pen.cpp draws them.
#pragma once

#include <vector>

namespace korrel::datasets {

struct GlyphPoint {
  float x = 0, y = 0;   // in a box of height 1, y downward, x about [0.1, 0.9]
  bool corner = false;  // the pen changes direction sharply here instead of in a curve
};
using Stroke = std::vector<GlyphPoint>;
using Glyph = std::vector<Stroke>;

// The ways to write `digit` (0..9).
const std::vector<Glyph>& ways_to_write(int digit);

}  // namespace korrel::datasets
