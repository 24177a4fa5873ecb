# Finds what the build needs and gives it under one name each. Nothing is downloaded: tools/bootstrap installs all of it
# on Debian and Ubuntu, vcpkg.json elsewhere.
#
# Public, thus also looked for in sedxConfig.cmake.in: Vulkan headers, tl-expected, fmt. Private: spdlog, VMA.

if(SEDX_DEPENDENCY_INCLUDE_DIR)
    # Cross compilation without packages for the other system: all of these work as headers alone.
    foreach(name IN ITEMS Vulkan::Headers GPUOpen::VulkanMemoryAllocator tl::expected fmt::fmt spdlog::spdlog)
        add_library(${name} INTERFACE IMPORTED GLOBAL)
        target_include_directories(${name} SYSTEM INTERFACE "${SEDX_DEPENDENCY_INCLUDE_DIR}")
    endforeach()
    target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY=1)
    target_compile_definitions(spdlog::spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
    target_link_libraries(spdlog::spdlog INTERFACE fmt::fmt)
else()
    # Not find_package(Vulkan): the library needs the headers only, and links no loader.
    find_package(VulkanHeaders CONFIG REQUIRED)
    find_package(VulkanMemoryAllocator 3.2 CONFIG REQUIRED)
    find_package(tl-expected CONFIG REQUIRED)
    find_package(fmt CONFIG REQUIRED)
    find_package(spdlog CONFIG REQUIRED)
endif()
find_package(Threads REQUIRED)

if(SEDX_BUILD_APPS OR SEDX_BUILD_EXAMPLES OR SEDX_BUILD_TESTS)
    set(VOLK_PULL_IN_VULKAN OFF) # the headers are found above
    find_package(volk CONFIG REQUIRED)
    target_compile_definitions(volk::volk INTERFACE VK_NO_PROTOTYPES=1) # it names its pointers like the functions
    find_package(glm CONFIG REQUIRED)
endif()
if(SEDX_BUILD_APPS OR SEDX_BUILD_EXAMPLES OR SEDX_BUILD_TESTS OR SEDX_BUILD_SIMULATOR)
    find_package(nlohmann_json CONFIG REQUIRED)
endif()
if(SEDX_BUILD_APPS)
    find_package(CLI11 CONFIG REQUIRED)
    find_package(assimp 5.2 CONFIG REQUIRED)
    find_package(PNG REQUIRED)
    find_package(ZLIB REQUIRED)
endif()
if(SEDX_BUILD_BENCH)
    find_package(benchmark CONFIG REQUIRED)
    find_package(glm CONFIG REQUIRED)
    find_package(CLI11 CONFIG REQUIRED)
    find_package(nlohmann_json CONFIG REQUIRED)
endif()
if(SEDX_BUILD_TESTS)
    find_package(GTest CONFIG REQUIRED)
    include(GoogleTest)
endif()
