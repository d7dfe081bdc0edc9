#include <korrel/datasets/characters.h>

#include <algorithm>
#include <vector>

#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/create.h>

namespace korrel::datasets {
namespace {

// 'a', or its code where it cannot be seen.
std::string shown(char c) {
  auto code = static_cast<unsigned char>(c);
  return code > 32 && code < 127 ? fmt::format("'{}'", c) : fmt::format("with code {}", code);
}

}  // namespace

Characters::Characters(std::string_view text) : alphabet_(text) {
  check<ValueError>(!text.empty(), "Characters: the text is empty");
  std::sort(alphabet_.begin(), alphabet_.end(),
            [](char a, char b) { return static_cast<unsigned char>(a) < static_cast<unsigned char>(b); });
  alphabet_.erase(std::unique(alphabet_.begin(), alphabet_.end()), alphabet_.end());
}

Tensor Characters::encode(std::string_view text) const {
  std::vector<int64_t> numbers;
  for (char c : text) {
    std::size_t number = alphabet_.find(c);
    check<ValueError>(number != alphabet_.npos, "Characters: the character {} is not one of the {} that are known",
                      shown(c), alphabet_.size());
    numbers.push_back(static_cast<int64_t>(number));
  }
  return from_vector(numbers);
}

std::string Characters::decode(const Tensor& numbers) const {
  check<DtypeError>(numbers.dtype() == i64, "Characters: decode needs i64 numbers, got {}", numbers.dtype());
  std::string text;
  for (int64_t number : numbers.to_vector<int64_t>()) {
    check<ValueError>(number >= 0 && number < size(), "Characters: there is no character {}, there are {}", number,
                      size());
    text += alphabet_[static_cast<std::size_t>(number)];
  }
  return text;
}

TextWindows text_windows(const Tensor& numbers, int64_t length, int64_t stride) {
  check<DtypeError>(numbers.dtype() == i64, "text_windows: needs i64 numbers, got {}", numbers.dtype());
  check<ShapeError>(numbers.dim() == 1, "text_windows: needs numbers [n], got {}", numbers.shape());
  check<ValueError>(length >= 1 && stride >= 1, "text_windows: length and stride must be positive, got {} and {}",
                    length, stride);
  check<ValueError>(numbers.numel() > length, "text_windows: windows of {} need {} characters, there are {}", length,
                    length + 1, numbers.numel());
  int64_t count = (numbers.numel() - 1 - length) / stride + 1;
  Tensor dense = numbers.detach().contiguous();
  TextWindows result{empty({count, length}, {i64}), empty({count, length}, {i64})};
  const int64_t* from = dense.data<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    std::copy_n(from + i * stride, length, result.inputs.data<int64_t>() + i * length);
    std::copy_n(from + i * stride + 1, length, result.targets.data<int64_t>() + i * length);
  }
  return result;
}

}  // namespace korrel::datasets
