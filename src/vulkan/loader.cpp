#include "vulkan/loader.h"

#include "base/error.h"

#include <utility>

#if defined(_WIN32)
#    if !defined(WIN32_LEAN_AND_MEAN)
#        define WIN32_LEAN_AND_MEAN
#    endif
#    if !defined(NOMINMAX)
#        define NOMINMAX
#    endif
#    include <windows.h>
#else
#    include <dlfcn.h>
#endif

namespace sedx
{
namespace
{
#if defined(_WIN32)
constexpr const char* kNames[] = {"vulkan-1.dll"};
void* OpenLibrary(const char* name) { return reinterpret_cast<void*>(LoadLibraryA(name)); }
void CloseLibrary(void* handle) { FreeLibrary(reinterpret_cast<HMODULE>(handle)); }
PFN_vkGetInstanceProcAddr FindEntry(void* handle)
{
    return reinterpret_cast<PFN_vkGetInstanceProcAddr>(
        reinterpret_cast<void (*)()>(GetProcAddress(reinterpret_cast<HMODULE>(handle), "vkGetInstanceProcAddr")));
}
#else
#    if defined(__APPLE__)
constexpr const char* kNames[] = {"libvulkan.dylib", "libvulkan.1.dylib", "libMoltenVK.dylib"};
#    else
constexpr const char* kNames[] = {"libvulkan.so.1", "libvulkan.so"};
#    endif
void* OpenLibrary(const char* name) { return dlopen(name, RTLD_NOW | RTLD_LOCAL); }
void CloseLibrary(void* handle) { dlclose(handle); }
PFN_vkGetInstanceProcAddr FindEntry(void* handle)
{
    return reinterpret_cast<PFN_vkGetInstanceProcAddr>(dlsym(handle, "vkGetInstanceProcAddr"));
}
#endif
} // namespace

VulkanLibrary::VulkanLibrary(VulkanLibrary&& other) noexcept
    : m_handle(std::exchange(other.m_handle, nullptr)), m_get(std::exchange(other.m_get, nullptr))
{
}

VulkanLibrary& VulkanLibrary::operator=(VulkanLibrary&& other) noexcept
{
    std::swap(m_handle, other.m_handle);
    std::swap(m_get, other.m_get);
    return *this;
}

VulkanLibrary::~VulkanLibrary()
{
    if (m_handle != nullptr)
        CloseLibrary(m_handle);
}

Result<VulkanLibrary> VulkanLibrary::Open()
{
    for (const char* name : kNames)
    {
        VulkanLibrary library;
        library.m_handle = OpenLibrary(name);
        if (library.m_handle == nullptr)
            continue;
        library.m_get = FindEntry(library.m_handle);
        if (library.m_get != nullptr)
            return library;
    }
    return Fail(ErrorCode::NoLoader, "no Vulkan loader ({}) was found on this machine", kNames[0]);
}
} // namespace sedx
