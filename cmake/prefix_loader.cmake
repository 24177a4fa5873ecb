# sedx_use_prefix_loader(<executable>...)
#
# The validation layers that tools/bootstrap puts into .deps/ on Debian 12 need a newer C and C++ library than the system
# has. An executable that loads them is therefore started by the prefix's dynamic loader and takes those libraries from
# there. Linking it in is better than starting programs as `ld-linux PROGRAM`: /proc/self/exe, breakpoints and sanitizer
# reports keep working. Does nothing where the prefix has no loader. For programs that stay in the build folder: an
# installed one must not refer to .deps/.
option(SEDX_USE_PREFIX_LOADER "Start test programs by the prefix's loader; OFF for programs to carry elsewhere" ON)
file(GLOB SEDX_PREFIX_LOADER "${PROJECT_SOURCE_DIR}/.deps/usr/lib/*/ld-linux*.so.*")
if(CMAKE_CROSSCOMPILING OR NOT SEDX_USE_PREFIX_LOADER)
    set(SEDX_PREFIX_LOADER "")
endif()

function(sedx_use_prefix_loader)
    if(NOT SEDX_PREFIX_LOADER)
        return()
    endif()
    cmake_path(GET SEDX_PREFIX_LOADER PARENT_PATH libraries)
    cmake_path(GET libraries FILENAME multiarch)
    foreach(target IN LISTS ARGN)
        # The old kind of rpath (no "new dtags") also holds for what the libraries themselves load: layers, drivers.
        # rpath-link keeps the link itself on the system's libraries.
        target_link_options(${target} PRIVATE
            "LINKER:--dynamic-linker=${SEDX_PREFIX_LOADER}"
            "LINKER:--disable-new-dtags,-rpath-link,/usr/lib/${multiarch},-rpath,${libraries}")
    endforeach()
endfunction()
