// The SIMD targets that every kernel is compiled for; include it before any header of Highway. A kernel's source reads
//
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "korrel/framework/kernels/NAME.cpp"
//   #include <korrel/framework/kernels/compiled_targets.h>
//   #include <hwy/foreach_target.h>  // includes this file once per target
//   #include <hwy/highway.h>
//   HWY_BEFORE_NAMESPACE();
//   namespace korrel::kernels::HWY_NAMESPACE { namespace { ... } }   // the kernel; lambdas in it are marked HWY_ATTR
//   HWY_AFTER_NAMESPACE();
//   #if HWY_ONCE
//   ... HWY_EXPORT, and the plain functions of NAME.h, which call ensure_target() and HWY_DYNAMIC_DISPATCH
//   #endif
//
// Everything that is compiled per target lives in HWY_NAMESPACE and an anonymous namespace: an inline function shared
// with other sources might be kept by the linker in its AVX-512 form and then run on a machine without.
#pragma once

// On x86 this leaves AVX-512, AVX2, SSE4 and the portable baseline. SSSE3 (2006) is not worth its compile time.
// A sanitizer's build has the best and the plainest only: it looks for what goes wrong in tails and packing, and four
// targets would take it past half an hour on two cores.
#undef HWY_DISABLED_TARGETS
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX2)
#else
#define HWY_DISABLED_TARGETS HWY_SSSE3
#endif
