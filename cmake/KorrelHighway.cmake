# Finds Highway as hwy::hwy: by its CMake file where the package has one, else by pkg-config.
# Used by the build and, installed beside korrelConfig.cmake, by those who link a static korrel.

find_package(hwy CONFIG QUIET)
if(NOT TARGET hwy::hwy)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(hwy REQUIRED IMPORTED_TARGET libhwy)
  add_library(hwy::hwy INTERFACE IMPORTED)
  target_link_libraries(hwy::hwy INTERFACE PkgConfig::hwy)
endif()
