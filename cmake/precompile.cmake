# sedx_precompile(<target> <header>): compiles the header once instead of with each source of the target.
option(SEDX_PRECOMPILE "Compile common headers once; OFF shows sources that rely on it" ${PROJECT_IS_TOP_LEVEL})

function(sedx_precompile target header)
    if(SEDX_PRECOMPILE)
        target_precompile_headers(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/${header}")
    endif()
endfunction()
