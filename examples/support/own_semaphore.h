// A timeline semaphore of an example's own, as engines have them beside those of the library. It goes from 0 to 1.
#pragma once

#include "support/check.h"

#include <sedx/sedx.h>

namespace example
{
class OwnSemaphore
{
  public:
    explicit OwnSemaphore(const sedx::Device& device) : m_device(device)
    {
        const VkSemaphoreTypeCreateInfo type{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                             .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
        const VkSemaphoreCreateInfo info{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
        Expect(device.Functions().CreateSemaphore(device.Handle(), &info, nullptr, &m_semaphore), "vkCreateSemaphore");
    }
    ~OwnSemaphore() // the GPU must have passed
    {
        m_device.Functions().DestroySemaphore(m_device.Handle(), m_semaphore, nullptr);
    }
    OwnSemaphore(const OwnSemaphore&) = delete;
    OwnSemaphore& operator=(const OwnSemaphore&) = delete;

    // For a submission that waits for it, or signals it.
    VkSemaphoreSubmitInfo SubmitInfo() const noexcept
    {
        return {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
                .semaphore = m_semaphore,
                .value = kSignalled,
                .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT};
    }
    void Signal() // by the CPU
    {
        const auto signal = reinterpret_cast<PFN_vkSignalSemaphore>(
            m_device.InstanceFunctions().GetDeviceProcAddr(m_device.Handle(), "vkSignalSemaphore"));
        const VkSemaphoreSignalInfo info{
            .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = m_semaphore, .value = kSignalled};
        Expect(signal(m_device.Handle(), &info), "vkSignalSemaphore");
    }
    void Wait() // on the CPU
    {
        const VkSemaphoreWaitInfo info{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                       .semaphoreCount = 1,
                                       .pSemaphores = &m_semaphore,
                                       .pValues = &kSignalled};
        Expect(m_device.Functions().WaitSemaphores(m_device.Handle(), &info, UINT64_MAX), "vkWaitSemaphores");
    }

  private:
    static constexpr uint64_t kSignalled = 1;
    const sedx::Device m_device;
    VkSemaphore m_semaphore = VK_NULL_HANDLE;
};
} // namespace example
