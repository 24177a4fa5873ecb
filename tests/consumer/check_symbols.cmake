# What the library shows to a linker.
#
# static: no external symbol, defined or referenced, belongs to Vulkan, volk or VMA. Neither their functions, nor
#         templates made of VMA's types: an engine with another version of VMA would get ours, or the reverse.
# shared: only the library's own API is exported, beside weak symbols of the standard library.
execute_process(COMMAND "${NM}" -C --extern-only "${LIBRARY}" OUTPUT_VARIABLE symbols RESULT_VARIABLE result)
if(result OR NOT symbols MATCHES "sedx::BufferSystem::CreateBuffer")
    message(FATAL_ERROR "${NM} shows no symbols of ${LIBRARY}")
endif()
foreach(pattern IN ITEMS "[^A-Za-z_:](vk|vma|volk)[A-Z]" "[^A-Za-z_:]Vma[A-Z]" "::(vk|vma|volk)[A-Z]")
    string(REGEX MATCHALL "[^\n]*${pattern}[^\n]*" found "${symbols}")
    if(found)
        list(JOIN found "\n" found)
        message(FATAL_ERROR "${LIBRARY} defines or refers to:\n${found}")
    endif()
endforeach()

if(KIND STREQUAL "shared")
    # Weak symbols of the standard library are there in every C++ library: its headers ask for them to be visible.
    execute_process(COMMAND "${NM}" -DC --defined-only "${LIBRARY}" OUTPUT_VARIABLE symbols RESULT_VARIABLE result)
    string(REGEX REPLACE "[][;]" "?" symbols "${symbols}") # characters that are special in CMake's lists
    string(REPLACE "\n" ";" symbols "${symbols}")
    set(foreign "")
    foreach(symbol IN LISTS symbols)
        if(symbol AND NOT symbol MATCHES "^[0-9a-f]+ [A-Za-z] (vtable for |typeinfo for |typeinfo name for )?sedx::" AND
           NOT symbol MATCHES "^[0-9a-f]+ [WVu] [^(]*(std::|__gnu_cxx::)" AND
           NOT symbol MATCHES "^[0-9a-f]+ W decltype\\(.*\\) (std::|__gnu_cxx::)") # as Clang shows what returns one
            list(APPEND foreign "${symbol}")
        endif()
    endforeach()
    if(foreign)
        list(JOIN foreign "\n" foreign)
        message(FATAL_ERROR "${LIBRARY} exports what is not its API:\n${foreign}")
    endif()
endif()
