# sedx_add_shaders(<target> SHADERS <file>... [INCLUDE_DIRS <folder>...] [DEFINES <name[=value]>...] [TARGET_ENV <env>])
#
# Compiles GLSL to SPIR-V when <target> is built and makes the words available to its sources:
#
#     constexpr uint32_t kTerrainVert[] = {
#     #include "shaders/terrain.vert.inc"
#     };
#
# <file> is relative to the current source folder; the include is always "shaders/<file name>.inc", so that names must be
# unique within a target. Files that a shader includes are tracked. The default environment is Vulkan 1.2: for 1.3 glslc
# emits LocalSizeId, which the device must have enabled with the feature maintenance4.
find_program(SEDX_GLSLC glslc)
mark_as_advanced(SEDX_GLSLC)

function(sedx_add_shaders target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TARGET_ENV" "SHADERS;INCLUDE_DIRS;DEFINES")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_SHADERS)
        message(FATAL_ERROR "sedx_add_shaders(${target}): give SHADERS and nothing unknown (${arg_UNPARSED_ARGUMENTS})")
    endif()
    if(NOT SEDX_GLSLC)
        message(FATAL_ERROR "glslc, the shader compiler, is missing; tools/bootstrap installs it")
    endif()
    if(NOT arg_TARGET_ENV)
        set(arg_TARGET_ENV vulkan1.2)
    endif()
    list(TRANSFORM arg_DEFINES PREPEND -D)
    set(flags "")
    foreach(folder IN LISTS arg_INCLUDE_DIRS)
        cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
        list(APPEND flags -I "${folder}")
    endforeach()

    set(generated "${CMAKE_CURRENT_BINARY_DIR}/${target}_shaders")
    set(outputs "")
    foreach(source IN LISTS arg_SHADERS)
        cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
        cmake_path(GET source FILENAME name)
        set(output "${generated}/shaders/${name}.inc")
        if(output IN_LIST outputs)
            message(FATAL_ERROR "sedx_add_shaders(${target}): two shaders are named ${name}")
        endif()
        add_custom_command(
            OUTPUT "${output}"
            COMMAND "${CMAKE_COMMAND}" -E make_directory "${generated}/shaders"
            COMMAND "${SEDX_GLSLC}" --target-env=${arg_TARGET_ENV} -O -Werror ${flags} ${arg_DEFINES}
                    -mfmt=num -MD -MF "${output}.d" -o "${output}" "${source}"
            DEPENDS "${source}"
            DEPFILE "${output}.d"
            COMMENT "Compiling shader ${name}"
            VERBATIM)
        list(APPEND outputs "${output}")
    endforeach()

    # As sources of the target they are made before anything of it is compiled.
    target_sources(${target} PRIVATE ${outputs})
    target_include_directories(${target} PRIVATE "${generated}")
endfunction()
