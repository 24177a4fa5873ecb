// HazardRecorder: what a checked system knows of its commands, until they are submitted; then the model of hazards judges them,
// and what it finds goes to the log and into the report. HazardTracker and the other parts of the library tell it things.
#pragma once

#include "sync/hazard_model.h"

#include <mutex>
#include <set>

namespace sedx
{
// Bytes of a buffer, and how messages call it.
struct NamedRange
{
    MemoryRange range{};
    uint64_t base = 0; // where the buffer begins in the memory
    BufferId buffer{};
    std::string_view name{};
};

// What a batch of the library does to buffers that somebody has described accesses of, in order. Each element is ordered
// behind the one before.
struct BatchAccess
{
    NamedRange bytes{};
    Use use = Use::None;
    uint32_t phase = 0; // a barrier lies between two of different phases
};

// How far the GPU is, as the CPU knows.
struct HazardProgress
{
    std::function<void()> poll{};
    std::function<uint64_t()> completedFrame{};
    std::function<bool(TimelinePoint)> hasPassed{};
    std::function<uint32_t(VkSemaphore)> timelineOf{}; // kNoTimeline: not one of the library's
    bool hasSignals = true; // of the queues: else frames alone say what has passed (FrameCompletion::Fences)

    static constexpr uint32_t kNoTimeline = ~0u;
};

// Thread-safe. The mutex is a leaf: nothing of the library is called beneath, except for the log and what tells how far the
// GPU is.
class HazardRecorder
{
  public:
    explicit HazardRecorder(HazardProgress progress) noexcept
        : m_progress(std::move(progress)), m_model(m_progress.hasSignals)
    {
    }

    // ---- command buffers of the engine
    void OnCommands(uint64_t frame, VkCommandBuffer cmd, uint32_t queue);
    // `isTold`: the engine described it; else it counts only if the engine describes accesses of this command buffer, too.
    void OnAccess(uint64_t frame, VkCommandBuffer cmd, const NamedRange& bytes, Use use,
                  const std::source_location& where, bool isTold);
    void OnBarrier(uint64_t frame, VkCommandBuffer cmd, const VkDependencyInfo& info);
    void OnSetEvent(uint64_t frame, VkCommandBuffer cmd, uint64_t serial, const VkDependencyInfo& info);
    void OnWaitEvent(uint64_t frame, VkCommandBuffer cmd, uint64_t serial, const VkDependencyInfo& info);
    // Copies of the library, with the barriers around them.
    void OnFlush(uint64_t frame, VkCommandBuffer cmd, uint32_t queue, std::span<const BatchAccess> accesses);

    // ---- submissions, in their order on each queue
    void OnNextWait(uint64_t frame, uint32_t queue, const QueueWait& wait);
    void OnSubmit(uint64_t frame, TimelinePoint point, std::span<const VkSemaphoreSubmitInfo> waits);
    void OnBatch(uint32_t queue, TimelinePoint point, std::span<const VkSemaphoreSubmitInfo> waits,
                 std::span<const BatchAccess> accesses);
    void OnFrameEnded(uint64_t frame);
    void OnFrameAbandoned(uint64_t frame);

    // ---- the CPU
    void OnHost(const NamedRange& bytes, bool isWrite, const std::source_location& where);

    // ---- tables
    void OnSlotUsed(uint64_t frame, std::string_view table, uint32_t slot, const std::source_location& where);
    // Says it if the newest frame that used the slot has not passed.
    void OnSlotWritten(std::string_view table, uint32_t slot, const std::source_location& where);

    // Whether accesses to this VkBuffer were described: what the library does to others need not be told.
    bool IsWatched(VkBuffer buffer) const;
    HazardReport Report() const;

  private:
    struct Command
    {
        enum class Kind : uint32_t
        {
            Access,
            Barriers,
            SetEvent,
            WaitEvent,
        } kind = Kind::Access;
        MemoryRange range{};
        Use use = Use::None;
        bool isOrdered = true; // else: only if the engine describes accesses here
        std::shared_ptr<AccessNote> note;
        std::vector<ModelBarrier> barriers;
        uint64_t serial = 0;
    };
    struct CommandList
    {
        uint64_t frame = 0;
        VkCommandBuffer cmd = VK_NULL_HANDLE;
        uint32_t queue = 0;
        bool isDescribed = false; // by the engine
        std::vector<Command> commands;
    };
    struct NextWait
    {
        uint64_t frame = 0;
        uint32_t queue = 0;
        QueueWait wait{};
    };
    CommandList& ListOf(uint64_t frame, VkCommandBuffer cmd);
    static void AppendBatch(std::vector<Command>& commands, std::span<const BatchAccess> accesses);
    // All with the mutex.
    void Retire();
    void Wait(uint32_t queue, std::span<const VkSemaphoreSubmitInfo> waits);
    void Play(uint32_t queue, uint64_t frame, std::span<const Command> commands, bool isDescribed);
    void PlayFrame(uint64_t frame, uint32_t queue);
    void Say(const Conflict& conflict);
    void Say(Hazard hazard, bool isNew);
    bool IsNew(HazardKind kind, const std::string& name, const std::source_location& first,
               const std::source_location& second);

    const HazardProgress m_progress;
    mutable std::mutex m_mutex;
    HazardModel m_model;
    std::vector<CommandList> m_lists; // not submitted, in the order in which they were first named
    std::vector<NextWait> m_nextWaits;
    std::set<uint64_t> m_watched;
    struct SlotUse
    {
        uint64_t frame = 0; // the newest one
        std::source_location where{};
    };
    std::map<std::pair<std::string, uint32_t>, SlotUse> m_slotUses; // of frames that may not have passed
    uint64_t m_newestSlotFrame = 0; // that used a slot: with a newer one, entries that have passed go
    std::set<std::string> m_said;
    HazardReport m_report;
};
} // namespace sedx
