// Text as numbers and back, for character models: every byte that occurs in a text gets a number, in the order of the
// bytes. And the windows of text that such a model is trained on.
#pragma once

#include <string>
#include <string_view>

#include <korrel/framework/tensor/tensor.h>

namespace korrel::datasets {

class Characters {
 public:
  explicit Characters(std::string_view text);  // throws ValueError for an empty one

  int64_t size() const { return static_cast<int64_t>(alphabet_.size()); }
  const std::string& alphabet() const { return alphabet_; }  // character number i is alphabet()[i]
  Tensor encode(std::string_view text) const;       // i64 [n]; throws ValueError naming a character that has no number
  std::string decode(const Tensor& numbers) const;  // throws ValueError naming a number that has no character

 private:
  std::string alphabet_;
};

// Windows of `length` characters every `stride`, and for each character the one after it: i64 [n,length] both.
struct TextWindows {
  Tensor inputs, targets;
};
// numbers [n] i64. Throws ValueError if there are not length + 1 of them.
TextWindows text_windows(const Tensor& numbers, int64_t length, int64_t stride);

}  // namespace korrel::datasets
