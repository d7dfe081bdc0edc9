# Finds what Korrel is built with, once, and prints the versions. Debian 12's packages suffice (see ./dev).

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(ZLIB REQUIRED)

include(KorrelHighway)

# xtensor and xtensor-blas are headers only. Under them: LAPACK and CBLAS, both in OpenBLAS.
find_package(xtensor REQUIRED)
find_path(KORREL_XTENSOR_BLAS_INCLUDE_DIR NAMES xtensor-blas/xlinalg.hpp REQUIRED)
set(BLA_VENDOR OpenBLAS)
find_package(LAPACK REQUIRED)
unset(BLA_VENDOR)
find_path(KORREL_CBLAS_INCLUDE_DIR NAMES cblas.h PATH_SUFFIXES openblas REQUIRED)
mark_as_advanced(KORREL_XTENSOR_BLAS_INCLUDE_DIR KORREL_CBLAS_INCLUDE_DIR)

set(versions "fmt ${fmt_VERSION}, zlib ${ZLIB_VERSION_STRING}, highway ${hwy_VERSION}, xtensor ${xtensor_VERSION}")
find_package(OpenBLAS CONFIG QUIET)
string(APPEND versions ", openblas ${OpenBLAS_VERSION}")

find_package(nlohmann_json REQUIRED)
string(APPEND versions ", nlohmann-json ${nlohmann_json_VERSION}")
if(KORREL_BUILD_APPS)
  find_package(CLI11 REQUIRED)
  string(APPEND versions ", CLI11 ${CLI11_VERSION}")
endif()
if(KORREL_BUILD_TESTS)
  find_package(doctest REQUIRED)
  string(APPEND versions ", doctest ${doctest_VERSION}")
endif()
if(KORREL_BUILD_BENCHMARKS)
  find_package(benchmark REQUIRED)
  string(APPEND versions ", benchmark ${benchmark_VERSION}")
endif()
message(STATUS "korrel: ${versions}")

# What the finished library links, and with it what its sources see. cmake/korrelConfig.cmake.in finds the same again.
set(KORREL_LINKS fmt::fmt ZLIB::ZLIB hwy::hwy LAPACK::LAPACK Threads::Threads)
add_library(korrel_dependencies INTERFACE)
target_include_directories(korrel_dependencies SYSTEM INTERFACE
  ${KORREL_XTENSOR_BLAS_INCLUDE_DIR} ${KORREL_CBLAS_INCLUDE_DIR})
target_link_libraries(korrel_dependencies INTERFACE ${KORREL_LINKS} nlohmann_json::nlohmann_json xtensor)
