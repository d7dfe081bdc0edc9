#include <korrel/datasets/digits.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <korrel/datasets/digit_glyphs.h>
#include <korrel/datasets/pen.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/tensor/random.h>

namespace korrel::datasets {
namespace {

constexpr uint64_t label_stream = 0, drawing_stream = 1, noise_stream = 1 << 16;
constexpr uint64_t first_test_index = uint64_t{1} << 40;

// The random numbers of one image, one after the other.
class Chance {
 public:
  Chance(uint64_t seed, uint64_t index) : seed_(seed), index_(index) {}
  float uniform(float low, float high) {
    if (used_ == 4) {
      block_ = philox(seed_, draw_++, index_);
      used_ = 0;
    }
    return low + (high - low) * static_cast<float>(block_.words[used_++] >> 8) * 0x1p-24f;
  }
  float around(float middle, float spread) {  // a bell shape: three uniform numbers, the extreme at 1.5 * spread
    return middle + spread * (uniform(-.5f, .5f) + uniform(-.5f, .5f) + uniform(-.5f, .5f));
  }
  std::size_t below(std::size_t n) {
    return std::min(static_cast<std::size_t>(uniform(0, static_cast<float>(n))), n - 1);
  }

 private:
  uint64_t seed_, index_, draw_ = drawing_stream;
  PhiloxBlock block_{};
  int used_ = 4;
};

// How one writer holds the pen: from glyph coordinates to pixels.
struct Hand {
  explicit Hand(Chance& chance)
      : height(chance.around(18.5f, 2.8f)),
        width(height * chance.around(.78f, .22f)),
        slant(chance.around(-.12f, .36f)),
        turn(chance.around(0, .27f)),
        right(chance.around(14.f, 2.2f)),
        down(chance.around(14.f, 2.f)),
        wave(chance.around(0, .08f)),
        wave_length(chance.uniform(.7f, 1.5f)),
        wave_begin(chance.uniform(0, 2 * std::numbers::pi_v<float>)),
        shake(chance.uniform(.01f, .06f)),
        radius(chance.uniform(.6f, 1.9f)),
        pressure(chance.uniform(-.35f, .35f)),
        cosine(std::cos(turn)),
        sine(std::sin(turn)) {}

  PenPoint place(float gx, float gy, float along) const {
    float bend = 2 * std::numbers::pi_v<float> / wave_length;
    gx += wave * std::sin(bend * gy + wave_begin);
    gy += wave * std::cos(bend * gx + wave_begin);
    float x = (gx - .5f) * width, y = (gy - .5f) * height;
    x += slant * y;
    return {right + cosine * x - sine * y, down + sine * x + cosine * y, radius * (1 + pressure * (along - .5f))};
  }

  float height, width, slant, turn, right, down;
  float wave, wave_length, wave_begin;  // of a smooth bending of the whole digit
  float shake;                          // of each point
  float radius, pressure;               // of the pen, and how it changes along a stroke
  float cosine, sine;
};

// The curve through four points, between b and c (Catmull and Rom 1974).
GlyphPoint between(const GlyphPoint& a, const GlyphPoint& b, const GlyphPoint& c, const GlyphPoint& d, float t) {
  auto mix = [t](float p, float q, float r, float s) {
    return .5f * (2 * q + t * (r - p) + t * t * (2 * p - 5 * q + 4 * r - s) + t * t * t * (3 * (q - r) + s - p));
  };
  return {mix(a.x, b.x, c.x, d.x), mix(a.y, b.y, c.y, d.y)};
}

void draw_stroke(Canvas& canvas, const Stroke& shape, const Hand& hand, Chance& chance) {
  constexpr int pieces = 5;  // per pair of points: about two pixels long
  constexpr std::size_t most_points = 16;
  std::array<GlyphPoint, most_points> points;
  std::size_t n = std::min(shape.size(), most_points);
  for (std::size_t i = 0; i < n; ++i) {
    points[i] = {shape[i].x + chance.around(0, hand.shake), shape[i].y + chance.around(0, hand.shake), shape[i].corner};
  }
  PenPoint pen = hand.place(points[0].x, points[0].y, 0);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const GlyphPoint &b = points[i], &c = points[i + 1];
    const GlyphPoint& a = i == 0 || b.corner ? b : points[i - 1];
    const GlyphPoint& d = i + 2 == n || c.corner ? c : points[i + 2];
    for (int piece = 1; piece <= pieces; ++piece) {
      float t = static_cast<float>(piece) / pieces;
      GlyphPoint at = between(a, b, c, d, t);
      PenPoint next = hand.place(at.x, at.y, (static_cast<float>(i) + t) / static_cast<float>(n - 1));
      canvas.line(pen, next);
      pen = next;
    }
  }
}

}  // namespace

int Digits::label(uint64_t index) const {
  return static_cast<int>(uint64_t{philox(seed_, label_stream, index).words[0]} * 10 >> 32);
}

void Digits::draw(uint64_t index, uint8_t* image) const {
  Chance chance(seed_, index);
  const std::vector<Glyph>& ways = ways_to_write(label(index));
  const Glyph& glyph = ways[chance.below(ways.size())];
  Hand hand(chance);
  Canvas canvas;
  for (const Stroke& stroke : glyph) draw_stroke(canvas, stroke, hand, chance);

  float darkness = chance.uniform(160, 255), grain = chance.uniform(0, 90), paper = chance.uniform(-40, 8);
  const float* ink = canvas.ink();
  for (int64_t i = 0; i < pixels; i += 16) {  // a byte of noise a pixel
    PhiloxBlock noise = philox(seed_, noise_stream + static_cast<uint64_t>(i / 16), index);
    for (int64_t j = 0; j < 16; ++j) {
      float byte = static_cast<float>(noise.words[j / 4] >> (8 * (j % 4)) & 255) * (1 / 255.f) - .5f;
      float value = paper + grain * byte + (darkness - paper) * std::max(ink[i + j], 0.f);
      image[i + j] = static_cast<uint8_t>(std::clamp(value, 0.f, 255.f));
    }
  }
}

Dataset Digits::generate(uint64_t first, int64_t count) const {
  check<ValueError>(count > 0, "digits: the count must be positive, got {}", count);
  Dataset result{
      .inputs = make_tensor({count, 1, 28, 28}, u8),
      .labels = make_tensor({count}, i64),
      .classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
      .name = "digits",
      .description = fmt::format("digits: {} generated images from number {} on, seed {}", count, first, seed_),
      .mean = {0.109f},
      .std = {0.249f}};
  auto* images = result.inputs.data<uint8_t>();
  auto* labels = result.labels.data<int64_t>();
  parallel_for(count, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      draw(first + static_cast<uint64_t>(i), images + i * pixels);
      labels[i] = label(first + static_cast<uint64_t>(i));
    }
  });
  return result;
}

Dataset digits(DigitsOptions options) {
  int64_t count = options.count != 0 ? options.count : options.train ? 20'000 : 4'000;
  return Digits(options.seed).generate(options.train ? 0 : first_test_index, count);
}

}  // namespace korrel::datasets
