# How everything here is compiled: language level, warnings, sanitizers, compiler cache, fast linker.
# No flag here ever names a CPU: Highway picks the SIMD target at run time.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

add_library(korrel_compile INTERFACE)
target_compile_features(korrel_compile INTERFACE cxx_std_20)
target_compile_options(korrel_compile INTERFACE
  -Wall -Wextra -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>  # false alarms of gcc 12 in std::string (gcc bug 105329)
  -Wno-missing-field-initializers)  # {.stride = 2} leaves the other options at their defaults on purpose
if(KORREL_WARNINGS_AS_ERRORS)
  target_compile_options(korrel_compile INTERFACE -Werror)
endif()
if(BUILD_SHARED_LIBS)
  # Nobody replaces our functions by LD_PRELOAD: calls inside the library may be inlined as in the static one.
  target_compile_options(korrel_compile INTERFACE -fno-semantic-interposition)
endif()
if(KORREL_SANITIZE)
  target_compile_options(korrel_compile INTERFACE
    -fsanitize=${KORREL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(korrel_compile INTERFACE -fsanitize=${KORREL_SANITIZE})
endif()
if(KORREL_SCALAR)
  target_compile_definitions(korrel_compile INTERFACE HWY_COMPILE_ONLY_SCALAR)
endif()

if(PROJECT_IS_TOP_LEVEL)
  find_program(KORREL_CCACHE ccache)
  mark_as_advanced(KORREL_CCACHE)
  if(KORREL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${KORREL_CCACHE}")
    if(NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
      # The cache takes precompiled headers only if told that __TIME__ and macros defined before them do not matter.
      set(CMAKE_CXX_COMPILER_LAUNCHER
        "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${KORREL_CCACHE}")
      add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
    endif()
  endif()

  include(CheckLinkerFlag)
  set(linker "")
  foreach(candidate mold lld gold)
    check_linker_flag(CXX -fuse-ld=${candidate} KORREL_LINKS_WITH_${candidate})
    if(KORREL_LINKS_WITH_${candidate})
      set(linker ${candidate})
      add_link_options(-fuse-ld=${candidate})
      break()
    endif()
  endforeach()
  add_link_options(-Wl,--as-needed)  # a program that does no linear algebra does not load OpenBLAS
  message(STATUS "korrel: ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}, ${CMAKE_BUILD_TYPE}, "
    "cache '${CMAKE_CXX_COMPILER_LAUNCHER}', linker '${linker}', sanitizers '${KORREL_SANITIZE}'")
endif()
