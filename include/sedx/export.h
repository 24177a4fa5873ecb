// Symbol visibility of the library. Static builds need nothing; a shared build (SEDX_SHARED) exports what is marked.
#pragma once

#if defined(SEDX_SHARED)
#    if defined(_WIN32)
#        if defined(SEDX_BUILDING)
#            define SEDX_API __declspec(dllexport)
#        else
#            define SEDX_API __declspec(dllimport)
#        endif
#    else
#        define SEDX_API __attribute__((visibility("default")))
#    endif
#else
#    define SEDX_API
#endif
