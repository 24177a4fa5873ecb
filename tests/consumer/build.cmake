# Configures and builds the project SOURCE in BUILD. SETTINGS: options for cmake, separated by @. PREFIXES: where it
# looks for packages, separated by |.
string(REPLACE "@" ";" settings "${SETTINGS}")
string(REPLACE "|" ";" prefixes "${PREFIXES}")
list(REMOVE_ITEM prefixes "")
execute_process(
    COMMAND "${CMAKE_COMMAND}" --fresh -S "${SOURCE}" -B "${BUILD}" -G "${GENERATOR}" ${settings}
            "-DCMAKE_PREFIX_PATH=${prefixes}"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result)
    message(FATAL_ERROR "configuring ${SOURCE} failed:\n${output}")
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BUILD}" --parallel
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result)
    message(FATAL_ERROR "building ${SOURCE} failed:\n${output}")
endif()
