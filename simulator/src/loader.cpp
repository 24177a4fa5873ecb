#include "loader.h"

#if defined(_WIN32)
#    include <windows.h>
#else
#    include <dlfcn.h>
#endif

namespace sedx::simulator
{
PFN_vkGetInstanceProcAddr OpenSystemLoader()
{
#if defined(_WIN32)
    static const HMODULE library = LoadLibraryA("vulkan-1.dll");
    if (library == nullptr)
        return nullptr;
    return reinterpret_cast<PFN_vkGetInstanceProcAddr>(
        reinterpret_cast<void (*)()>(GetProcAddress(library, "vkGetInstanceProcAddr")));
#else
#    if defined(__APPLE__)
    static void* const library = dlopen("libvulkan.dylib", RTLD_NOW | RTLD_LOCAL);
#    else
    static void* const library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
#    endif
    if (library == nullptr)
        return nullptr;
    return reinterpret_cast<PFN_vkGetInstanceProcAddr>(dlsym(library, "vkGetInstanceProcAddr"));
#endif
}
} // namespace sedx::simulator
