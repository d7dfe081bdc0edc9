// The readers of files from anywhere, each as a function of bytes: reads them as such a file, where an Error is a good
// answer and anything else a failure: another exception, a crash, more memory than the bytes can fill. libFuzzer drives
// one of them (libfuzzer.cpp, `./dev fuzz NAME`), the tests run the inputs kept in corpus/ through the same functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fuzz {

void checkpoint(std::string_view bytes);
void cifar(std::string_view bytes);
void idx(std::string_view bytes);
void npy(std::string_view bytes);
void npz(std::string_view bytes);
void safetensors(std::string_view bytes);
void tar(std::string_view bytes);

struct Target {
  const char* name;
  void (*run)(std::string_view bytes);
};
inline constexpr Target targets[] = {
    {"checkpoint", checkpoint},   {"cifar", cifar}, {"idx", idx}, {"npy", npy}, {"npz", npz},
    {"safetensors", safetensors}, {"tar", tar}};

}  // namespace fuzz
