#include <korrel/layers/python_text.h>

#include <fmt/format.h>

namespace korrel::nn {

std::string python_tuple(const Dims& values) {
  return values.rank() == 1 ? fmt::format("({},)", values[0]) : fmt::format("({})", fmt::join(values, ", "));
}

std::string python_sizes(const PerAxis& sizes) {
  return sizes.values().rank() == 1 ? std::to_string(sizes.values()[0]) : python_tuple(sizes.values());
}

std::string python_number(double value) {
  std::string text = fmt::format("{}", value);
  return text.find_first_not_of("-0123456789") == text.npos ? text + ".0" : text;
}

}  // namespace korrel::nn
