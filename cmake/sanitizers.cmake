# Sanitizers go to every target of the build, the tests' own code included: a mixed program reports nonsense.
if(SEDX_SANITIZE)
    add_compile_options(-fsanitize=${SEDX_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${SEDX_SANITIZE})
    if(SEDX_SANITIZE MATCHES "undefined")
        add_compile_options(-fno-sanitize-recover=undefined)
    endif()
endif()
