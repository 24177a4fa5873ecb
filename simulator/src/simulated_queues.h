// SimulatedQueues: the VkQueue handles of simulated families. Each begins with the dispatch key of its device, as every
// dispatchable handle does, and stands for the first queue of the real family below it.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>
#include <vulkan/vulkan_core.h>

namespace sedx::simulator
{
struct DeviceState;

class SimulatedQueues
{
  public:
    explicit SimulatedQueues(DeviceState& state) : m_state(state) {}
    void Create(const VkDeviceCreateInfo& info); // as the program gave it; once

    // True if the device has queues of simulated families: only then are submissions looked at.
    bool IsActive() const { return !m_queues.empty(); }
    // Of any family, simulated or real. Null if it was not created.
    VkQueue Get(const VkDeviceQueueInfo2& info);
    VkQueue Real(VkQueue queue) const;
    uint32_t FamilyOf(VkQueue queue) const; // presented

  private:
    struct Queue
    {
        void* dispatchKey = nullptr; // must be first
        uint32_t family = 0;
        uint32_t index = 0;
        VkDeviceQueueCreateFlags flags = 0;
    };

    DeviceState& m_state;
    VkQueue m_base = VK_NULL_HANDLE;
    std::vector<std::unique_ptr<Queue>> m_queues; // does not change after Create
    mutable std::mutex m_mutex;
    std::unordered_map<VkQueue, uint32_t> m_realFamilies;
};
} // namespace sedx::simulator
