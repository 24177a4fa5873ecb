# sedx::warnings: link it privately to every target of this project, never to what is installed.
add_library(sedx_warnings INTERFACE)
add_library(sedx::warnings ALIAS sedx_warnings)

if(MSVC)
    target_compile_options(sedx_warnings INTERFACE /W4 /permissive- $<$<BOOL:${SEDX_WERROR}>:/WX>)
else()
    target_compile_options(sedx_warnings INTERFACE
        -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Wundef
        # Designated initialisers that leave fields at their defaults are the house style.
        -Wno-missing-field-initializers
        $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op -Wsuggest-override>
        $<$<CXX_COMPILER_ID:Clang>:-Winconsistent-missing-override -Wno-missing-designated-field-initializers
            -Wno-unknown-warning-option>
        $<$<BOOL:${SEDX_WERROR}>:-Werror>)
endif()
