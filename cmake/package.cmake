# `cmake --install` and the package that find_package(sedx) finds, with the target sedx::buffers.
include(CMakePackageConfigHelpers)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/sedx")

install(TARGETS sedx_buffers EXPORT sedxTargets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/sedx" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING PATTERN "*.h")
# What shaders include to reach the buffers of a BindlessBufferSystem: sedx_SHADER_DIR of the package.
install(FILES "${PROJECT_SOURCE_DIR}/shaders/sedx.glsl" "${PROJECT_SOURCE_DIR}/shaders/sedx_shared.h"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/sedx/shaders")
install(EXPORT sedxTargets NAMESPACE sedx:: DESTINATION "${package_folder}")

set(shader_folder "${CMAKE_INSTALL_DATADIR}/sedx/shaders")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/sedxConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/sedxConfig.cmake" INSTALL_DESTINATION "${package_folder}" PATH_VARS shader_folder)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/sedxConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/sedxConfig.cmake" "${PROJECT_BINARY_DIR}/sedxConfigVersion.cmake"
    DESTINATION "${package_folder}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
