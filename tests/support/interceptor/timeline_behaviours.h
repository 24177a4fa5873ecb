// Timeline semaphores: what HeldTimelines makes of them.
#pragma once

#include "support/interceptor/behaviour.h"

namespace sedx::test
{
template <>
struct Behaviour<Fn::CreateSemaphore>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkCreateSemaphore next, VkDevice device,
                        const VkSemaphoreCreateInfo* info, const VkAllocationCallbacks* allocator,
                        VkSemaphore* semaphore)
    {
        const VkResult result = next(device, info, allocator, semaphore);
        if (result != VK_SUCCESS)
            return result;
        impl.NoteCreated("Semaphore", Key(*semaphore));
        for (auto* s = static_cast<const VkBaseInStructure*>(info->pNext); s; s = s->pNext)
        {
            if (s->sType != VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO)
                continue;
            const auto& type = *reinterpret_cast<const VkSemaphoreTypeCreateInfo*>(s);
            if (type.semaphoreType != VK_SEMAPHORE_TYPE_TIMELINE)
                continue;
            const std::lock_guard lock(impl.timelineMutex);
            impl.timelines[*semaphore] = type.initialValue;
            if (impl.isHeld)
                impl.heldValues[*semaphore] = type.initialValue;
        }
        return result;
    }
};

template <>
struct Behaviour<Fn::DestroySemaphore>
{
    static void Run(Interceptor::Impl& impl, PFN_vkDestroySemaphore next, VkDevice device, VkSemaphore semaphore,
                    const VkAllocationCallbacks* allocator)
    {
        impl.NoteDestroyed("Semaphore", Key(semaphore));
        {
            const std::lock_guard lock(impl.timelineMutex);
            impl.timelines.erase(semaphore);
            impl.heldValues.erase(semaphore);
        }
        next(device, semaphore, allocator);
    }
};

template <>
struct Behaviour<Fn::GetSemaphoreCounterValue>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkGetSemaphoreCounterValue next, VkDevice device,
                        VkSemaphore semaphore, uint64_t* value)
    {
        const VkResult result = next(device, semaphore, value);
        const std::lock_guard lock(impl.timelineMutex);
        if (result == VK_SUCCESS && impl.isHeld)
        {
            const auto found = impl.heldValues.find(semaphore);
            if (found != impl.heldValues.end())
                *value = std::min(*value, found->second);
        }
        return result;
    }
};

template <>
struct Behaviour<Fn::WaitSemaphores>
{
    static bool IsPassed(const Interceptor::Impl& impl, const VkSemaphoreWaitInfo& info)
    {
        const bool any = (info.flags & VK_SEMAPHORE_WAIT_ANY_BIT) != 0;
        for (uint32_t i = 0; i < info.semaphoreCount; ++i)
        {
            const auto found = impl.heldValues.find(info.pSemaphores[i]);
            const bool passed = found == impl.heldValues.end() || found->second >= info.pValues[i];
            if (passed == any)
                return any;
        }
        return !any;
    }

    static VkResult Run(Interceptor::Impl& impl, PFN_vkWaitSemaphores next, VkDevice device,
                        const VkSemaphoreWaitInfo* info, uint64_t timeout)
    {
        if (impl.owner.onWait)
            impl.owner.onWait();
        {
            std::unique_lock lock(impl.timelineMutex);
            if (impl.isHeld && !IsPassed(impl, *info))
            {
                ++impl.heldWaits;
                switch (impl.onHeldWait)
                {
                case HeldTimelines::OnWait::Release: impl.isHeld = false; break;
                case HeldTimelines::OnWait::TimeOut: return VK_TIMEOUT;
                case HeldTimelines::OnWait::Block: impl.released.wait(lock, [&] { return !impl.isHeld; }); break;
                }
            }
        }
        return next(device, info, timeout);
    }
};
} // namespace sedx::test
