// Command buffers of an example on a device of the library's own: one pool and buffer for each frame in flight and queue.
#pragma once

#include "support/check.h"

#include <sedx/sedx.h>

#include <vector>

namespace example
{
class OwnCommands
{
  public:
    OwnCommands(const sedx::BufferSystem& system, uint32_t queue)
        : m_device(system.GetDevice()), m_queue(queue), m_slots(system, [&](uint32_t) { return MakeSlot(); })
    {
    }
    ~OwnCommands() // the GPU must have passed
    {
        for (const Slot& slot : m_slots)
            m_device.Functions().DestroyCommandPool(m_device.Handle(), slot.pool, nullptr);
    }
    OwnCommands(const OwnCommands&) = delete;
    OwnCommands& operator=(const OwnCommands&) = delete;

    // The command buffer of this frame: the one that used it before has passed.
    VkCommandBuffer Begin(const sedx::Frame& frame)
    {
        const sedx::DeviceDispatch& vk = m_device.Functions();
        Expect(vk.ResetCommandPool(m_device.Handle(), m_slots[frame].pool, 0), "vkResetCommandPool");
        const VkCommandBufferBeginInfo begin{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
        Expect(vk.BeginCommandBuffer(m_slots[frame].commands, &begin), "vkBeginCommandBuffer");
        return m_slots[frame].commands;
    }

    // Ends and submits it. What other submissions wait for. `ownWaits`: semaphores that are not the library's.
    sedx::TimelinePoint Submit(const sedx::Frame& frame, std::span<const sedx::QueueWait> waits = {},
                               std::span<const VkSemaphoreSubmitInfo> ownWaits = {})
    {
        Expect(m_device.Functions().EndCommandBuffer(m_slots[frame].commands), "vkEndCommandBuffer");
        const sedx::SubmitSync sync = Value(frame.SubmitSync(m_queue, waits));
        std::vector<VkSemaphoreSubmitInfo> allWaits(sync.Waits().begin(), sync.Waits().end());
        allWaits.insert(allWaits.end(), ownWaits.begin(), ownWaits.end());
        const VkCommandBufferSubmitInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
                                             .commandBuffer = m_slots[frame].commands};
        const VkSubmitInfo2 submit{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
                                   .waitSemaphoreInfoCount = static_cast<uint32_t>(allWaits.size()),
                                   .pWaitSemaphoreInfos = allWaits.data(),
                                   .commandBufferInfoCount = 1,
                                   .pCommandBufferInfos = &info,
                                   .signalSemaphoreInfoCount = static_cast<uint32_t>(sync.Signals().size()),
                                   .pSignalSemaphoreInfos = sync.Signals().data()};
        Value(m_device.Submit(m_queue, {&submit, 1}));
        return sync.Point();
    }

  private:
    struct Slot
    {
        VkCommandPool pool = VK_NULL_HANDLE;
        VkCommandBuffer commands = VK_NULL_HANDLE;
    };
    Slot MakeSlot() const
    {
        Slot slot;
        const VkCommandPoolCreateInfo pool{.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                           .queueFamilyIndex = m_device.Queues()[m_queue].family};
        Expect(m_device.Functions().CreateCommandPool(m_device.Handle(), &pool, nullptr, &slot.pool),
               "vkCreateCommandPool");
        const VkCommandBufferAllocateInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                               .commandPool = slot.pool,
                                               .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                               .commandBufferCount = 1};
        Expect(m_device.Functions().AllocateCommandBuffers(m_device.Handle(), &info, &slot.commands),
               "vkAllocateCommandBuffers");
        return slot;
    }

    const sedx::Device m_device;
    const uint32_t m_queue;
    sedx::PerFrame<Slot> m_slots;
};
} // namespace example
