// Instances, devices, memory and buffers: what tests may see or change of them, and what is alive.
#pragma once

#include "support/interceptor/behaviour.h"

namespace sedx::test
{
template <>
struct Behaviour<Fn::DestroyInstance>
{
    static void Run(Interceptor::Impl&, PFN_vkDestroyInstance next, VkInstance instance,
                    const VkAllocationCallbacks* allocator)
    {
        void* key = DispatchKey(instance);
        next(instance, allocator);
        Forget(key);
    }
};

template <>
struct Behaviour<Fn::DestroyDevice>
{
    static void Run(Interceptor::Impl& impl, PFN_vkDestroyDevice next, VkDevice device,
                    const VkAllocationCallbacks* allocator)
    {
        impl.NoteDestroyed("Device", Key(device));
        impl.failures.SetDrain({});
        void* key = DispatchKey(device);
        next(device, allocator);
        Forget(key);
    }
};

template <>
struct Behaviour<Fn::EnumeratePhysicalDevices>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkEnumeratePhysicalDevices next, VkInstance instance,
                        uint32_t* count, VkPhysicalDevice* devices)
    {
        if (!impl.owner.hideDevices)
            return next(instance, count, devices);
        *count = 0;
        return VK_SUCCESS;
    }
};

template <>
struct Behaviour<Fn::GetPhysicalDeviceFeatures2>
{
    static void Run(Interceptor::Impl& impl, PFN_vkGetPhysicalDeviceFeatures2 next, VkPhysicalDevice physicalDevice,
                    VkPhysicalDeviceFeatures2* features)
    {
        next(physicalDevice, features);
        if (impl.owner.onFeatures)
            impl.owner.onFeatures(*features);
    }
};

template <>
struct Behaviour<Fn::GetPhysicalDeviceProperties>
{
    static void Run(Interceptor::Impl& impl, PFN_vkGetPhysicalDeviceProperties next, VkPhysicalDevice physicalDevice,
                    VkPhysicalDeviceProperties* properties)
    {
        next(physicalDevice, properties);
        if (impl.owner.onProperties)
            impl.owner.onProperties(*properties);
    }
};

template <>
struct Behaviour<Fn::GetPhysicalDeviceProperties2>
{
    static void Run(Interceptor::Impl& impl, PFN_vkGetPhysicalDeviceProperties2 next, VkPhysicalDevice physicalDevice,
                    VkPhysicalDeviceProperties2* properties)
    {
        next(physicalDevice, properties);
        if (impl.owner.onProperties)
            impl.owner.onProperties(properties->properties);
    }
};

template <>
struct Behaviour<Fn::GetPhysicalDeviceMemoryProperties2>
{
    static void Run(Interceptor::Impl& impl, PFN_vkGetPhysicalDeviceMemoryProperties2 next,
                    VkPhysicalDevice physicalDevice, VkPhysicalDeviceMemoryProperties2* properties)
    {
        next(physicalDevice, properties);
        for (auto* s = static_cast<VkBaseOutStructure*>(properties->pNext); s != nullptr; s = s->pNext)
            if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT && impl.owner.onBudget)
                impl.owner.onBudget(*reinterpret_cast<VkPhysicalDeviceMemoryBudgetPropertiesEXT*>(s));
    }
};

template <>
struct Behaviour<Fn::CreateDevice>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkCreateDevice next, VkPhysicalDevice physicalDevice,
                        const VkDeviceCreateInfo* info, const VkAllocationCallbacks* allocator, VkDevice* device)
    {
        if (impl.owner.onCreateDevice)
            impl.owner.onCreateDevice(*info);
        const VkResult result = next(physicalDevice, info, allocator, device);
        if (result == VK_SUCCESS)
            impl.NoteCreated("Device", Key(*device));
        return result;
    }
};

template <>
struct Behaviour<Fn::AllocateMemory>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkAllocateMemory next, VkDevice device,
                        const VkMemoryAllocateInfo* info, const VkAllocationCallbacks* allocator,
                        VkDeviceMemory* memory)
    {
        const VkResult result = next(device, info, allocator, memory);
        if (result != VK_SUCCESS)
            return result;
        impl.NoteCreated("Memory", Key(*memory));
        const std::lock_guard lock(impl.mutex);
        impl.memoryBytes[Key(*memory)] = info->allocationSize;
        return result;
    }
};

template <>
struct Behaviour<Fn::FreeMemory>
{
    static void Run(Interceptor::Impl& impl, PFN_vkFreeMemory next, VkDevice device, VkDeviceMemory memory,
                    const VkAllocationCallbacks* allocator)
    {
        impl.NoteDestroyed("Memory", Key(memory));
        next(device, memory, allocator);
    }
};

template <>
struct Behaviour<Fn::CreateBuffer>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkCreateBuffer next, VkDevice device,
                        const VkBufferCreateInfo* info, const VkAllocationCallbacks* allocator, VkBuffer* buffer)
    {
        const VkResult result = next(device, info, allocator, buffer);
        if (result == VK_SUCCESS)
        {
            impl.NoteCreated("Buffer", Key(*buffer));
            const std::lock_guard lock(impl.mutex);
            impl.bufferBytes[Key(*buffer)] = info->size;
        }
        return result;
    }
};
} // namespace sedx::test
