#include "support/raw_functions.h"

#include <dlfcn.h>
#include <string_view>

namespace sedx::test
{
RawFunctions RawFunctions::Load(PFN_vkGetDeviceProcAddr getDeviceProcAddr, VkDevice device)
{
    RawFunctions functions;
#define SEDX_TEST_LOAD(name) functions.name = reinterpret_cast<PFN_vk##name>(getDeviceProcAddr(device, "vk" #name));
    SEDX_TEST_RAW_FUNCTIONS(SEDX_TEST_LOAD)
#undef SEDX_TEST_LOAD
    return functions;
}

RawFunctions RawFunctions::Load(const Device& device)
{
    return Load(device.InstanceFunctions().GetDeviceProcAddr, device.Handle());
}

PFN_vkGetInstanceProcAddr LoaderEntry()
{
    static void* library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL); // kept for the life of the process
    if (!library)
        return nullptr;
    return reinterpret_cast<PFN_vkGetInstanceProcAddr>(dlsym(library, "vkGetInstanceProcAddr"));
}

bool HasDeviceExtension(const Device& device, const char* name)
{
    const auto enumerate = device.InstanceFunctions().EnumerateDeviceExtensionProperties;
    uint32_t count = 0;
    enumerate(device.PhysicalDevice(), nullptr, &count, nullptr);
    std::vector<VkExtensionProperties> extensions(count);
    enumerate(device.PhysicalDevice(), nullptr, &count, extensions.data());
    for (const VkExtensionProperties& extension : extensions)
    {
        if (std::string_view(extension.extensionName) == name)
            return true;
    }
    return false;
}
} // namespace sedx::test
