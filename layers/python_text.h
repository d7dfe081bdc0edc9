// Numbers and sizes as Python prints them, for extra_repr: (5, 5), (5,), True, 1e-05. For .cpp files.
#pragma once

#include <string>

#include <korrel/framework/ops/options.h>

namespace korrel::nn {

std::string python_tuple(const Dims& values);    // "(5, 5)", "(5,)"
std::string python_sizes(const PerAxis& sizes);  // as given: "2", or "(2, 3)"
std::string python_number(double value);         // "0.1", "1e-05", "1.0"
inline const char* python_bool(bool value) { return value ? "True" : "False"; }

}  // namespace korrel::nn
