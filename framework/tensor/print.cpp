// Tensors as text, as PyTorch writes them (torch/_tensor_str.py): aligned columns, four decimals, scientific notation
// when magnitudes differ by more than 1000, the edges only past 1000 elements.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {
namespace {

constexpr int64_t most_elements = 1000, edge = 3;
constexpr std::size_t line_width = 80;

// Which indices of a dimension of `size` are written; -1 stands for the dots between.
std::vector<int64_t> written(int64_t size, bool summarize) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < size; ++i) {
    if (summarize && size > 2 * edge && i == edge) {
      indices.push_back(-1);
      i = size - edge;
    }
    indices.push_back(i);
  }
  return indices;
}

class Printer {
 public:
  explicit Printer(const Tensor& x) : x_(x), layout_(x.body().layout), summarize_(x.numel() > most_elements) {
    std::vector<double> numbers;  // the finite ones that are not zero
    visit_elements(0, layout_.offset, [&](int64_t offset) {
      if (!is_floating(x_.dtype()))
        width_ = std::max(width_, element(offset).size());
      else if (double value = number(offset); std::isfinite(value) && value != 0)
        numbers.push_back(value);
    });
    if (!numbers.empty()) choose_notation(numbers);
  }

  std::string text(int dim, int64_t offset, std::size_t indent) const {
    if (dim == layout_.shape.rank()) return padded(element(offset));
    bool innermost = dim + 1 == layout_.shape.rank();
    std::size_t per_line = std::max<std::size_t>(1, (line_width - std::min(indent, line_width)) / (width_ + 2)),
                in_line = 0;
    std::string result = "[";
    for (int64_t i : written(layout_.shape[dim], summarize_)) {
      if (result.size() > 1) {
        bool wraps = !innermost || in_line == per_line;
        result += wraps ? "," + std::string(innermost ? 1 : layout_.shape.rank() - dim - 1, '\n') +
                              std::string(indent + 1, ' ')
                        : ", ";
        if (wraps) in_line = 0;
      }
      ++in_line;
      if (i < 0)
        result += innermost ? " ..." : "...";
      else
        result += text(dim + 1, offset + i * layout_.strides[dim], indent + 1);
    }
    return result + "]";
  }

 private:
  template <class F>
  void visit_elements(int dim, int64_t offset, const F& f) const {
    if (dim == layout_.shape.rank()) return f(offset);
    for (int64_t i : written(layout_.shape[dim], summarize_))
      if (i >= 0) visit_elements(dim + 1, offset + i * layout_.strides[dim], f);
  }

  void choose_notation(const std::vector<double>& numbers) {
    double smallest = INFINITY, largest = 0;
    for (double value : numbers) {
      smallest = std::min(smallest, std::abs(value));
      largest = std::max(largest, std::abs(value));
      whole_ = whole_ && value == std::ceil(value);
    }
    scientific_ = largest / smallest > 1000 || largest > 1e8 || (!whole_ && smallest < 1e-4);
    for (double value : numbers) width_ = std::max(width_, decimal(value).size());
  }

  template <class T>
  T at(int64_t offset) const {
    return reinterpret_cast<const T*>(x_.body().storage->data())[offset];
  }
  double number(int64_t offset) const {
    return x_.dtype() == f64 ? at<double>(offset) : static_cast<double>(at<float>(offset));
  }
  std::string decimal(double value) const {
    if (std::isnan(value)) return "nan";
    if (!std::isfinite(value)) return value > 0 ? "inf" : "-inf";
    if (scientific_) return fmt::format("{:.4e}", value);
    return whole_ ? fmt::format("{:.0f}.", value) : fmt::format("{:.4f}", value);
  }
  std::string element(int64_t offset) const {
    switch (x_.dtype()) {
      case i64:
        return fmt::format("{}", at<int64_t>(offset));
      case u8:
        return fmt::format("{}", at<uint8_t>(offset));
      case boolean:
        return at<bool>(offset) ? "True" : "False";
      default:
        return decimal(number(offset));
    }
  }
  std::string padded(const std::string& text) const {
    return std::string(width_ - std::min(width_, text.size()), ' ') + text;
  }

  const Tensor& x_;
  const Layout& layout_;
  bool summarize_, whole_ = true, scientific_ = false;
  std::size_t width_ = 1;
};

// What values do not tell: shape of an empty tensor, dtype unless it shows, gradient.
std::vector<std::string> remarks(const Tensor& x) {
  std::vector<std::string> result;
  bool is_empty = x.numel() == 0;
  if (is_empty && x.dim() != 1) result.push_back(fmt::format("size=({})", fmt::join(x.shape(), ", ")));
  bool shows = x.dtype() == f32 || (!is_empty && (x.dtype() == i64 || x.dtype() == boolean));
  if (!shows) result.push_back(fmt::format("dtype={}", x.dtype()));
  if (!x.is_leaf())
    result.push_back(fmt::format("grad_fn=<{}>", NodeCount::op(x.body().node)));
  else if (x.requires_grad())
    result.push_back("requires_grad=True");
  return result;
}

}  // namespace

std::string to_string(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  constexpr std::size_t indent = 7;  // of "tensor("
  std::string text =
      "tensor(" + (tensor.numel() == 0 ? "[]" : Printer(tensor).text(0, tensor.body().layout.offset, indent));
  std::size_t last_line = text.size() - (text.rfind('\n') + 1) + 2;
  for (const std::string& remark : remarks(tensor)) {
    if (last_line + remark.size() + 2 > line_width) {
      text += ",\n" + std::string(indent, ' ') + remark;
      last_line = indent + remark.size();
    } else {
      text += ", " + remark;
      last_line += remark.size() + 2;
    }
  }
  return text + ")";
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) { return out << to_string(tensor); }

std::string describe(const Tensor& tensor) {
  return tensor.defined() ? fmt::format("{} {}", tensor.dtype(), tensor.shape()) : "undefined";
}

}  // namespace korrel
