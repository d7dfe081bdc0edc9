#include <korrel/framework/kernels/targets.h>

#include <atomic>
#include <cstdlib>
#include <mutex>

#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/highway.h>

namespace korrel::kernels {
namespace {

std::mutex choosing;
std::atomic<bool> chosen{false};
std::string active;  // guarded by `choosing`

std::string target_name(int64_t target) {
#if HWY_ARCH_X86
  if (target == HWY_AVX3) return "avx512";
#endif
  if (target == HWY_EMU128 || target == HWY_SCALAR) return "scalar";
  std::string name = hwy::TargetName(target);
  for (char& letter : name) letter = static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
  return name;
}

// A better target has a lower bit.
std::vector<int64_t> target_bits() {
  std::vector<int64_t> bits;
  for (int64_t left = hwy::SupportedTargets() & HWY_TARGETS; left != 0; left &= left - 1) bits.push_back(left & -left);
  return bits;
}

// Call with `choosing` held. `asker` stands at the head of the message.
void choose(std::string_view name, std::string_view asker) {
  std::string known;
  for (int64_t bit : target_bits()) {
    if (target_name(bit) == name) {
      hwy::GetChosenTarget().Update(bit);
      active = name;
      chosen.store(true);
      return;
    }
    known += (known.empty() ? "" : ", ") + target_name(bit);
  }
  fail<ValueError>("{}: expects one of {}, got '{}'", asker, known, name);
}

void choose_default() {
  const char* asked = std::getenv("KORREL_TARGET");
  if (asked != nullptr && *asked != '\0') {
    choose(asked, "KORREL_TARGET");
  } else {
    choose(target_name(target_bits().front()), "");
  }
}

}  // namespace

std::vector<std::string> available_targets() {
  std::vector<std::string> names;
  for (int64_t bit : target_bits()) names.push_back(target_name(bit));
  return names;
}

std::string active_target() {
  std::lock_guard<std::mutex> lock(choosing);
  if (!chosen.load()) choose_default();
  return active;
}

void force_target(std::string_view name) {
  std::lock_guard<std::mutex> lock(choosing);
  choose(name, "force_target");
}

void choose_default_target() {
  std::lock_guard<std::mutex> lock(choosing);
  choose_default();
}

void ensure_target() {
  if (chosen.load(std::memory_order_acquire)) return;
  std::lock_guard<std::mutex> lock(choosing);
  if (!chosen.load()) choose_default();
}

}  // namespace korrel::kernels
