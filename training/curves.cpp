#include <korrel/training/curves.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <korrel/framework/base/check.h>

namespace korrel::training {
namespace {

constexpr double panel_width = 330, panel_height = 240, top = 60;
constexpr const char* train_colour = "#1f6fb4";
constexpr const char* test_colour = "#d9541e";

std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else
      result += c;
  }
  return result;
}

std::string text_at(double x, double y, const std::string& text, const char* more) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" {}>{}</text>\n", x, y, more, escaped(text));
}

struct Curve {
  std::string name;
  const char* colour;
  std::vector<double> values;  // by epoch; what is not finite is not drawn
};

// From values to places in the picture.
struct Axes {
  double left, low, high, first, last;

  double x(double epoch) const { return left + (last > first ? (epoch - first) / (last - first) : 0.5) * panel_width; }
  double y(double value) const { return top + (high - value) / (high - low) * panel_height; }
};

std::string draw_grid(const Axes& axes, const std::string& name) {
  std::string svg = text_at(axes.left, top - 12, name, "font-size=\"14\" font-weight=\"bold\"");
  for (double value : round_ticks(axes.low, axes.high, 6)) {
    svg += fmt::format("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#ddd\"/>\n", axes.left,
                       axes.left + panel_width, axes.y(value), axes.y(value));
    svg += text_at(axes.left - 6, axes.y(value) + 4, fmt::format("{:.4g}", value), "text-anchor=\"end\"");
  }
  for (double epoch : round_ticks(axes.first, axes.last, 8)) {
    if (epoch != std::floor(epoch)) continue;
    svg += text_at(axes.x(epoch), top + panel_height + 18, fmt::format("{:.0f}", epoch), "text-anchor=\"middle\"");
  }
  svg += fmt::format("<path d=\"M{:.1f} {:.1f}v{:.1f}h{:.1f}\" fill=\"none\" stroke=\"#444\"/>\n", axes.left, top,
                     panel_height, panel_width);
  return svg + text_at(axes.left + panel_width / 2, top + panel_height + 38, "epoch", "text-anchor=\"middle\"");
}

std::string draw_curve(const Axes& axes, const Curve& curve) {
  std::string path, dots;
  for (std::size_t i = 0; i < curve.values.size(); ++i) {
    if (!std::isfinite(curve.values[i])) continue;
    double x = axes.x(axes.first + static_cast<double>(i)), y = axes.y(curve.values[i]);
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
    dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" fill=\"{}\"/>\n", x, y, curve.colour);
  }
  if (path.empty()) return {};
  return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n{}", path, curve.colour,
                     curve.values.size() > 60 ? "" : dots);
}

std::string draw_panel(double left, const std::string& name, const std::vector<Curve>& curves, double first,
                       double lowest, double highest) {
  double low = std::numeric_limits<double>::infinity(), high = -low, last = first;
  for (const Curve& curve : curves) {
    last = std::max(last, first + static_cast<double>(curve.values.size()) - 1);
    for (double value : curve.values) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (low > high) low = 0, high = 1;
  double margin = std::max(0.06 * (high - low), 1e-3 * std::max(std::abs(high), 1e-3));
  Axes axes{left, std::max(low - margin, lowest), std::min(high + margin, highest), first, last};
  if (axes.high <= axes.low) axes.high = axes.low + margin;
  std::string svg = draw_grid(axes, name);
  double legend = left + panel_width;
  for (const Curve& curve : curves) svg += draw_curve(axes, curve);
  for (auto curve = curves.rbegin(); curve != curves.rend(); ++curve) {
    svg +=
        text_at(legend, top - 12, curve->name, fmt::format("text-anchor=\"end\" fill=\"{}\"", curve->colour).c_str());
    legend -= 45;
  }
  return svg;
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int most) {
  if (!(high > low)) return {low};
  double rough = (high - low) / most, power = std::pow(10, std::floor(std::log10(rough))), step = 10 * power;
  for (double factor : {1., 2., 5.}) {
    if (factor * power >= rough * (1 - 1e-9)) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> ticks;
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; ++i)
    ticks.push_back(i * step + 0.0);  // + 0.0: no "-0"
  return ticks;
}

std::string curves_svg(const std::vector<EpochReport>& epochs, const std::string& title) {
  Curve train_loss{"train", train_colour, {}}, test_loss{"test", test_colour, {}}, train_accuracy = train_loss,
                                                                                   test_accuracy = test_loss;
  for (const EpochReport& r : epochs) {
    train_loss.values.push_back(r.train_loss);
    test_loss.values.push_back(r.test_loss);
    train_accuracy.values.push_back(100 * r.train_accuracy);
    test_accuracy.values.push_back(100 * r.test_accuracy);
  }
  double first = epochs.empty() ? 1 : epochs.front().epoch, infinity = std::numeric_limits<double>::infinity();
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"860\" height=\"360\" viewBox=\"0 0 860 360\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n<rect width=\"860\" height=\"360\" "
      "fill=\"white\"/>\n";
  svg += text_at(430, 22, title, "text-anchor=\"middle\" font-size=\"15\"");
  svg += draw_panel(70, "loss", {train_loss, test_loss}, first, 0, infinity);
  svg += draw_panel(500, "accuracy, %", {train_accuracy, test_accuracy}, first, 0, 100);
  return svg + "</svg>\n";
}

}  // namespace korrel::training
