// What an engine has before it hears of sedx: an instance, a device, a queue, command buffers with fences. Plain Vulkan
// through volk; nothing in here uses the library.
#pragma once

#include <span>
#include <volk.h>

namespace example
{
class PlainDevice
{
  public:
    PlainDevice(); // makes the instance and picks a physical device, a GPU before a software driver
    ~PlainDevice();
    PlainDevice(const PlainDevice&) = delete;
    PlainDevice& operator=(const PlainDevice&) = delete;

    // One queue that draws and copies. `features` is what VkDeviceCreateInfo gets, and nothing else is enabled.
    void CreateDevice(const VkPhysicalDeviceFeatures2& features);

    VkInstance instance = VK_NULL_HANDLE;
    VkPhysicalDevice physicalDevice = VK_NULL_HANDLE;
    VkDevice device = VK_NULL_HANDLE;
    VkQueue queue = VK_NULL_HANDLE;
    uint32_t family = 0;
};

// A command buffer and the fence of its last submission: an engine keeps one for each frame in flight.
class PlainCommands
{
  public:
    explicit PlainCommands(const PlainDevice& owner);
    ~PlainCommands(); // waits for the fence
    PlainCommands(const PlainCommands&) = delete;
    PlainCommands& operator=(const PlainCommands&) = delete;

    VkCommandBuffer Begin(); // waits until the GPU has passed the last submission
    void Submit(std::span<const VkSemaphoreSubmitInfo> waits, std::span<const VkSemaphoreSubmitInfo> signals);
    void Wait();

  private:
    const PlainDevice& m_owner;
    VkCommandPool m_pool = VK_NULL_HANDLE;
    VkCommandBuffer m_commands = VK_NULL_HANDLE;
    VkFence m_fence = VK_NULL_HANDLE;
};
} // namespace example
