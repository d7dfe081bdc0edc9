#include <korrel/datasets/pen.h>

#include <algorithm>
#include <cmath>

namespace korrel::datasets {

void Canvas::line(const PenPoint& from, const PenPoint& to) {
  float dx = to.x - from.x, dy = to.y - from.y;
  float inverse_length2 = 1 / std::max(dx * dx + dy * dy, 1e-6f);
  float reach = std::max(from.radius, to.radius) + 1;
  auto pixel = [](float at) { return static_cast<int>(std::clamp(at, 0.f, float{size})); };
  int left = pixel(std::min(from.x, to.x) - reach), right = pixel(std::max(from.x, to.x) + reach + 1);
  int top = pixel(std::min(from.y, to.y) - reach), bottom = pixel(std::max(from.y, to.y) + reach + 1);
  for (int i = top; i < bottom; ++i) {
    float y = static_cast<float>(i) + 0.5f - from.y;
    for (int j = left; j < right; ++j) {
      float x = static_cast<float>(j) + 0.5f - from.x;
      float along = std::clamp((x * dx + y * dy) * inverse_length2, 0.f, 1.f);  // the nearest point of the line
      float ex = x - along * dx, ey = y - along * dy;
      float edge = from.radius + along * (to.radius - from.radius) + 0.5f - std::sqrt(ex * ex + ey * ey);
      float& ink = ink_[i * size + j];
      ink = std::max(ink, std::min(edge, 1.f));
    }
  }
}

}  // namespace korrel::datasets
