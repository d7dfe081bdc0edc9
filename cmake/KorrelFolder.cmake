# The library's folders: one OBJECT library each, put together as korrel::korrel.

set(KORREL_FOLDERS framework layers optim datasets models training)

# Headers are included as <korrel/framework/...> before and after installation: here, through links to the sources.
set(KORREL_INCLUDE_DIR "${PROJECT_BINARY_DIR}/include")
file(MAKE_DIRECTORY "${KORREL_INCLUDE_DIR}/korrel")
foreach(entry ${KORREL_FOLDERS} korrel.h)
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${entry}" "${KORREL_INCLUDE_DIR}/korrel/${entry}" SYMBOLIC)
endforeach()

# What nearly every source of the library includes, parsed once for all of them: a second of the two to five that a
# source takes. The sources still include what they use (the preset dev compiles them without).
set(KORREL_PRECOMPILED
  <algorithm> <cmath> <functional> <limits> <utility> <vector>
  <korrel/framework/autograd/record.h>
  <korrel/framework/base/check.h>
  <korrel/framework/base/parallel.h>
  <korrel/framework/tensor/create.h>)

# korrel_folder(layers a.cpp b.cpp): the sources of a top-level folder. A folder may still be empty.
function(korrel_folder name)
  if(NOT ARGN)
    return()
  endif()
  add_library(korrel_${name} OBJECT ${ARGN})
  set_target_properties(korrel_${name} PROPERTIES
    CXX_EXTENSIONS OFF
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ${BUILD_SHARED_LIBS})
  target_include_directories(korrel_${name} PRIVATE "${KORREL_INCLUDE_DIR}")
  target_compile_definitions(korrel_${name} PRIVATE KORREL_VERSION="${PROJECT_VERSION}")
  target_link_libraries(korrel_${name} PRIVATE korrel_compile korrel_dependencies)
  if(TARGET korrel_framework AND NOT name STREQUAL framework)
    target_precompile_headers(korrel_${name} REUSE_FROM korrel_framework)
  else()
    target_precompile_headers(korrel_${name} PRIVATE ${KORREL_PRECOMPILED})
  endif()
endfunction()

# Makes the target korrel of all folders. Users see C++20 and the include folder; the rest is the library's own.
function(korrel_combine_folders)
  add_library(korrel)
  add_library(korrel::korrel ALIAS korrel)
  foreach(name ${KORREL_FOLDERS})
    if(TARGET korrel_${name})
      target_sources(korrel PRIVATE $<TARGET_OBJECTS:korrel_${name}>)
    endif()
  endforeach()
  target_compile_features(korrel PUBLIC cxx_std_20)
  target_include_directories(korrel PUBLIC "$<BUILD_INTERFACE:${KORREL_INCLUDE_DIR}>")
  target_link_libraries(korrel PRIVATE ${KORREL_LINKS} $<BUILD_INTERFACE:korrel_compile>)
  set_target_properties(korrel PROPERTIES
    CXX_EXTENSIONS OFF
    LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endfunction()

# The one header that includes xtensor, for those who ask for it by linking korrel::xt.
function(korrel_add_xt)
  add_library(korrel_xt INTERFACE)
  add_library(korrel::xt ALIAS korrel_xt)
  target_link_libraries(korrel_xt INTERFACE korrel xtensor)
endfunction()

# korrel_program(name a.cpp ...): an executable in bin/ that uses korrel as its users do, with our warnings.
function(korrel_program name)
  add_executable(${name} ${ARGN})
  set_target_properties(${name} PROPERTIES
    CXX_EXTENSIONS OFF
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  target_link_libraries(${name} PRIVATE korrel::korrel korrel_compile)
endfunction()
