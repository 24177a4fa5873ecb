// Breaks a rule of Vulkan on purpose: a test expects the validation layer to name it. Without this, a layer that is not
// live would look like examples without a fault.
#include "support/check.h"
#include "support/plain_device.h"

int main()
{
    example::PlainDevice engine;
    const VkPhysicalDeviceFeatures2 features{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    engine.CreateDevice(features);
    const VkBufferCreateInfo info{.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                  .size = 0, // must be greater than 0
                                  .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT};
    VkBuffer buffer = VK_NULL_HANDLE;
    if (vkCreateBuffer(engine.device, &info, nullptr, &buffer) == VK_SUCCESS)
        vkDestroyBuffer(engine.device, buffer, nullptr);
}
