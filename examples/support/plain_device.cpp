#include "support/plain_device.h"

#include "support/check.h"

#include <vector>

namespace example
{
PlainDevice::PlainDevice()
{
    Expect(volkInitialize(), "finding the Vulkan loader");
    const VkApplicationInfo application{
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .pApplicationName = "an engine", .apiVersion = VK_API_VERSION_1_3};
    const VkInstanceCreateInfo info{.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &application};
    Expect(vkCreateInstance(&info, nullptr, &instance), "vkCreateInstance");
    volkLoadInstance(instance);

    uint32_t count = 0;
    Expect(vkEnumeratePhysicalDevices(instance, &count, nullptr), "vkEnumeratePhysicalDevices");
    std::vector<VkPhysicalDevice> devices(count);
    Expect(vkEnumeratePhysicalDevices(instance, &count, devices.data()), "vkEnumeratePhysicalDevices");
    Expect(!devices.empty(), "a Vulkan driver is needed");
    for (VkPhysicalDevice candidate : devices)
    {
        VkPhysicalDeviceProperties properties{};
        vkGetPhysicalDeviceProperties(candidate, &properties);
        if (physicalDevice == VK_NULL_HANDLE || properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU)
            physicalDevice = candidate;
    }

    vkGetPhysicalDeviceQueueFamilyProperties(physicalDevice, &count, nullptr);
    std::vector<VkQueueFamilyProperties> families(count);
    vkGetPhysicalDeviceQueueFamilyProperties(physicalDevice, &count, families.data());
    while (family < count && (families[family].queueFlags & VK_QUEUE_GRAPHICS_BIT) == 0)
        ++family;
    Expect(family < count, "a queue that draws is needed");
}

PlainDevice::~PlainDevice()
{
    vkDestroyDevice(device, nullptr);
    vkDestroyInstance(instance, nullptr);
    volkFinalize();
}

void PlainDevice::CreateDevice(const VkPhysicalDeviceFeatures2& features)
{
    const float priority = 1.0F;
    const VkDeviceQueueCreateInfo queueInfo{.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                            .queueFamilyIndex = family,
                                            .queueCount = 1,
                                            .pQueuePriorities = &priority};
    const VkDeviceCreateInfo info{.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                  .pNext = &features,
                                  .queueCreateInfoCount = 1,
                                  .pQueueCreateInfos = &queueInfo};
    Expect(vkCreateDevice(physicalDevice, &info, nullptr, &device), "vkCreateDevice");
    volkLoadDevice(device);
    vkGetDeviceQueue(device, family, 0, &queue);
}

PlainCommands::PlainCommands(const PlainDevice& owner) : m_owner(owner)
{
    const VkCommandPoolCreateInfo poolInfo{.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                           .queueFamilyIndex = owner.family};
    Expect(vkCreateCommandPool(owner.device, &poolInfo, nullptr, &m_pool), "vkCreateCommandPool");
    const VkCommandBufferAllocateInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                           .commandPool = m_pool,
                                           .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                           .commandBufferCount = 1};
    Expect(vkAllocateCommandBuffers(owner.device, &info, &m_commands), "vkAllocateCommandBuffers");
    const VkFenceCreateInfo fenceInfo{.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
                                      .flags = VK_FENCE_CREATE_SIGNALED_BIT};
    Expect(vkCreateFence(owner.device, &fenceInfo, nullptr, &m_fence), "vkCreateFence");
}

PlainCommands::~PlainCommands()
{
    Wait();
    vkDestroyFence(m_owner.device, m_fence, nullptr);
    vkDestroyCommandPool(m_owner.device, m_pool, nullptr);
}

VkCommandBuffer PlainCommands::Begin()
{
    Wait();
    Expect(vkResetFences(m_owner.device, 1, &m_fence), "vkResetFences");
    Expect(vkResetCommandPool(m_owner.device, m_pool, 0), "vkResetCommandPool");
    const VkCommandBufferBeginInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    Expect(vkBeginCommandBuffer(m_commands, &info), "vkBeginCommandBuffer");
    return m_commands;
}

void PlainCommands::Submit(std::span<const VkSemaphoreSubmitInfo> waits, std::span<const VkSemaphoreSubmitInfo> signals)
{
    Expect(vkEndCommandBuffer(m_commands), "vkEndCommandBuffer");
    const VkCommandBufferSubmitInfo commands{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
                                             .commandBuffer = m_commands};
    const VkSubmitInfo2 submit{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
                               .waitSemaphoreInfoCount = static_cast<uint32_t>(waits.size()),
                               .pWaitSemaphoreInfos = waits.data(),
                               .commandBufferInfoCount = 1,
                               .pCommandBufferInfos = &commands,
                               .signalSemaphoreInfoCount = static_cast<uint32_t>(signals.size()),
                               .pSignalSemaphoreInfos = signals.data()};
    Expect(vkQueueSubmit2(m_owner.queue, 1, &submit, m_fence), "vkQueueSubmit2");
}

void PlainCommands::Wait()
{
    Expect(vkWaitForFences(m_owner.device, 1, &m_fence, VK_TRUE, UINT64_MAX), "vkWaitForFences");
}
} // namespace example
