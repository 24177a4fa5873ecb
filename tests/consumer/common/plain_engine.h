// An engine's instance and device, made with global vk* functions. Include <volk.h> or <vulkan/vulkan.h> before: whose
// functions they are is the point of the tests that use this.
#pragma once

#include <sedx/device.h>
#include <sedx/requirements.h>

#include <vector>

struct PlainEngine
{
    VkInstance instance = VK_NULL_HANDLE;
    VkPhysicalDevice physicalDevice = VK_NULL_HANDLE;
    VkDevice device = VK_NULL_HANDLE;
    VkQueue queue = VK_NULL_HANDLE;

    bool MakeInstance()
    {
        const VkApplicationInfo application{.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                            .apiVersion = VK_API_VERSION_1_3};
        const VkInstanceCreateInfo info{.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                        .pApplicationInfo = &application};
        return vkCreateInstance(&info, nullptr, &instance) == VK_SUCCESS;
    }

    bool MakeDevice()
    {
        uint32_t count = 0;
        vkEnumeratePhysicalDevices(instance, &count, nullptr);
        std::vector<VkPhysicalDevice> devices(count);
        if (count == 0 || vkEnumeratePhysicalDevices(instance, &count, devices.data()) != VK_SUCCESS)
            return false;
        physicalDevice = devices[0];
        auto needs = sedx::Requirements(vkGetInstanceProcAddr, instance, physicalDevice);
        if (!needs || !needs->missing.empty())
            return false;
        VkPhysicalDeviceFeatures2 features{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
        needs->MergeInto(features);
        const float priority = 1.0F;
        const VkDeviceQueueCreateInfo queueInfo{
            .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
        const VkDeviceCreateInfo info{.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                      .pNext = &features,
                                      .queueCreateInfoCount = 1,
                                      .pQueueCreateInfos = &queueInfo};
        return vkCreateDevice(physicalDevice, &info, nullptr, &device) == VK_SUCCESS;
    }

    sedx::AdoptDesc Describe()
    {
        vkGetDeviceQueue(device, 0, 0, &queue);
        return {.getInstanceProcAddr = vkGetInstanceProcAddr,
                .instance = instance,
                .physicalDevice = physicalDevice,
                .device = device,
                .queues = {{.queue = queue, .family = 0}}};
    }

    void Destroy()
    {
        vkDestroyDevice(device, nullptr);
        vkDestroyInstance(instance, nullptr);
    }
};
