// Which SIMD instruction set the kernels run on: chosen once, at run time, out of those they were compiled for.
// The environment's KORREL_TARGET=avx2 (or avx512, sse4, scalar) forces one; so does force_target(), for tests.
// For a kernel's own source see compiled_targets.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace korrel::kernels {

// Names of the targets that the kernels were compiled for and this machine can run, the best first:
// "avx512", "avx2", "sse4", "scalar" (on x86).
std::vector<std::string> available_targets();

// The target that kernels run on from now on. Throws ValueError if KORREL_TARGET names none of available_targets().
std::string active_target();

// From the next kernel call on, on all threads. Throws ValueError if `name` is none of available_targets().
void force_target(std::string_view name);

// Back to KORREL_TARGET, or the best one.
void choose_default_target();

// Heeds KORREL_TARGET before the first kernel runs; later calls cost one load. Every kernel calls it before it
// dispatches. Throws as active_target() does.
void ensure_target();

}  // namespace korrel::kernels
