// Submissions: the order in which work of several presented queues reaches the one real queue below them.
//
// A submission that waits for a signal which nobody has submitted yet would block the real queue, and the signal behind it:
// it is held back, and so is what follows it on its queue. Each new submission and each signal from the CPU may let held
// ones go. What has gone never waits for what has not, so the real queue always comes to an end.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>
#include <vulkan/vulkan_core.h>

namespace sedx::simulator
{
struct DeviceState;

// The values of timeline semaphores in the chain of a VkSubmitInfo or VkBindSparseInfo; null: there are none.
const VkTimelineSemaphoreSubmitInfo* FindTimelineInfo(const void* chain);

class Submissions
{
  public:
    explicit Submissions(DeviceState& state) : m_state(state) {}

    VkResult Submit(VkQueue queue, uint32_t count, const VkSubmitInfo* submits, VkFence fence);
    VkResult Submit(VkQueue queue, uint32_t count, const VkSubmitInfo2* submits, VkFence fence);
    // Runs `call` with the real queue once nothing of this queue (null: of any) is held back. `what` names the call.
    VkResult RunInOrder(VkQueue queue, const char* what, const std::function<VkResult(VkQueue real)>& call);
    // Runs `call` with the real queue at once, not beside another use of it.
    void RunLocked(VkQueue queue, const std::function<void(VkQueue real)>& call);

    void NoteCreated(VkSemaphore semaphore, const VkSemaphoreCreateInfo& info);
    void NoteDestroyed(VkSemaphore semaphore);
    void NoteSignalled(VkSemaphore semaphore, uint64_t value); // by the CPU

    uint32_t HeldCount() const;
    void DropAll(); // the device goes

  private:
    // One VkSubmitInfo or VkSubmitInfo2, copied.
    struct Batch
    {
        bool isOld = false; // came with vkQueueSubmit, and goes on with it
        std::vector<VkSemaphoreSubmitInfo> waits;
        std::vector<VkSemaphoreSubmitInfo> signals;
        std::vector<VkCommandBufferSubmitInfo> commandBuffers;
        VkFence fence = VK_NULL_HANDLE;
    };
    struct Queue
    {
        VkQueue handle = VK_NULL_HANDLE;
        std::deque<Batch> held;
    };

    static Batch Copy(const VkSubmitInfo& submit);
    static Batch Copy(const VkSubmitInfo2& submit);
    template <class SubmitInfo>
    VkResult SubmitAll(VkQueue queue, uint32_t count, const SubmitInfo* submits, VkFence fence);
    void CheckChain(const void* chain);

    // The mutex is held by whoever calls these.
    Queue& Of(VkQueue queue);
    bool IsReady(const Batch& batch) const;
    std::string Reason(const Queue& queue) const; // why its first held submission is not ready
    void Hold(Queue& queue, Batch batch);
    void NoteGone(VkQueue queue, const Batch& batch); // to the real queue
    VkResult Send(VkQueue queue, const Batch& batch);
    void Pump();
    uint32_t CountHeld() const;

    DeviceState& m_state;
    mutable std::mutex m_mutex; // of all of this, and of the real queue
    std::condition_variable m_changed;
    std::vector<Queue> m_queues;
    std::unordered_map<VkSemaphore, uint64_t> m_timelines; // and the highest value that a submitted signal gives
    std::unordered_set<VkSemaphore> m_heldSignals;         // binary semaphores that a held submission signals
};
} // namespace sedx::simulator
