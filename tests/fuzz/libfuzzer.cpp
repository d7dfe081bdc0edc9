// libFuzzer's entry: KORREL_FUZZ_TARGET is the function of targets.h that it drives.
#include <tests/fuzz/targets.h>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  fuzz::KORREL_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
