# What `cmake --install` puts in place: the library, its headers, and the files by which CMake and pkg-config find it
# (component development); the korrel program.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(KORREL_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/korrel")

install(TARGETS korrel EXPORT korrelTargets COMPONENT development
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
foreach(folder ${KORREL_FOLDERS})
  install(DIRECTORY ${folder} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/korrel" COMPONENT development
    FILES_MATCHING PATTERN "*.h" PATTERN "*-inl.h" EXCLUDE)
endforeach()
install(FILES korrel.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/korrel" COMPONENT development)

install(EXPORT korrelTargets NAMESPACE korrel:: DESTINATION "${KORREL_CMAKE_DIR}" COMPONENT development)
configure_package_config_file(cmake/korrelConfig.cmake.in "${PROJECT_BINARY_DIR}/cmake/korrelConfig.cmake"
  INSTALL_DESTINATION "${KORREL_CMAKE_DIR}")
# Before 1.0 a minor version may change what users wrote.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cmake/korrelConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/cmake/korrelConfig.cmake"
  "${PROJECT_BINARY_DIR}/cmake/korrelConfigVersion.cmake"
  cmake/KorrelHighway.cmake
  DESTINATION "${KORREL_CMAKE_DIR}" COMPONENT development)

# The prefix as seen from korrel.pc, so that an installed tree may be moved.
file(RELATIVE_PATH KORREL_PC_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" /prefix)
configure_file(cmake/korrel.pc.in "${PROJECT_BINARY_DIR}/cmake/korrel.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/cmake/korrel.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
  COMPONENT development)

if(TARGET korrel_app)
  install(TARGETS korrel_app COMPONENT program)
endif()
