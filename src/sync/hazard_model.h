// HazardModel: which accesses of several queues are ordered by barriers, events and semaphores, and which are not. Pure logic:
// no Vulkan calls, no locks, no log. Work is told in the order of submission, and every access is compared with what is still
// in flight of the same bytes.
//
// For each range of bytes it keeps the last write and the reads since, and for each of them what later commands of each queue
// are ordered behind it (stages) and see it (uses). A barrier widens that for what lies in its source scope; a semaphore
// carries it to another queue; what the CPU knows to have passed is forgotten.
#pragma once

#include "sync/sync_scope.h"

#include <sedx/hazard_tracker.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace sedx
{
// Bytes of a VkBuffer: two names of the same memory have the same number.
struct MemoryRange
{
    uint64_t memory = 0;
    uint64_t begin = 0;
    uint64_t end = 0;
};

// What a message says of an access. Shared by everything that remembers it.
struct AccessNote
{
    HazardAccess access{};
    BufferId buffer{};
    std::string name{};
    uint64_t base = 0; // where the buffer begins in the memory, for offsets that mean something
};

struct ModelBarrier
{
    std::optional<MemoryRange> range{}; // nothing: all memory
    SyncScope source{};
    SyncScope target{};
    bool isFromHost = false; // writes of the CPU after the submission are among the sources
};

struct Conflict
{
    HazardKind kind = HazardKind::Count;
    std::shared_ptr<const AccessNote> earlier;
    std::shared_ptr<const AccessNote> later;
    Use earlierUse = Use::None; // one bit each
    Use laterUse = Use::None;
    MemoryRange range{}; // from the first to the last byte in conflict
};

class HazardModel
{
  public:
    // `comparesQueues`: false where nothing is known of the order between queues.
    explicit HazardModel(bool comparesQueues = true) noexcept : m_comparesQueues(comparesQueues) { m_seq.fill(1); }

    // ---- a submission on a queue: waits, then commands, then the signal
    // Waits that point at nothing known are for what has passed.
    void Wait(uint32_t queue, TimelinePoint point, const SyncScope& target);
    // `uses` are those of one command: they do not conflict with each other. One conflict at most for each earlier access
    // and kind.
    void Access(uint32_t queue, uint64_t frame, const MemoryRange& range, Use uses,
                const std::shared_ptr<const AccessNote>& note, std::vector<Conflict>& conflicts);
    void Barrier(uint32_t queue, const ModelBarrier& barrier);
    // A barrier in two halves; `serial` names the pair.
    void SetEvent(uint32_t queue, uint64_t serial, std::span<const ModelBarrier> barriers);
    void WaitEvent(uint32_t queue, uint64_t serial, std::span<const ModelBarrier> barriers);
    // Ends a submission. `frame`: as for Access; 0: of no frame.
    void Signal(uint32_t queue, TimelinePoint point, uint64_t frame);
    // The same for a submission that nobody wants to know of: waits for it order nothing.
    void Skip(TimelinePoint point) noexcept;

    // ---- the CPU
    void Host(const MemoryRange& range, bool isWrite, const std::shared_ptr<const AccessNote>& note,
              std::vector<Conflict>& conflicts) const;
    struct Sent
    {
        TimelinePoint point{};
        uint32_t queue = 0;
        uint64_t seq = 0;
        uint64_t frame = 0;
    };
    // Forgets what the CPU knows to have passed.
    void Retire(const std::function<bool(const Sent&)>& hasPassed);
    // The frame was never submitted.
    void Drop(uint64_t frame);

    bool IsEmpty() const noexcept { return m_memory.empty() && m_sent.empty(); }
    size_t SegmentCount() const noexcept;

  private:
    static constexpr uint64_t kNever = ~uint64_t{0};
    struct Order // of what comes later on a queue, behind an access
    {
        SyncStages stages = SyncStages::None; // begin after it
        Use visible = Use::None;              // see it
        uint64_t since = kNever;              // from this position of the queue on
    };
    struct SetHalf // an event whose source scope the access was in
    {
        uint64_t serial = 0;
        uint32_t barrier = 0;
        bool isAvailable = false;
    };
    struct Record
    {
        Use use = Use::None; // one bit
        SyncStages stage = SyncStages::None;
        bool isAvailable = false;
        bool awaitsHost = false; // behind a barrier for writes of the CPU
        uint32_t queue = 0;
        uint64_t seq = 0;
        uint64_t frame = 0;
        std::shared_ptr<const AccessNote> note;
        std::array<Order, kMaxQueues> orders{};
        std::vector<SetHalf> events;
    };
    struct Segment
    {
        uint64_t end = 0;
        std::vector<Record> writes; // of the last command that wrote
        std::vector<Record> reads;  // since then; one for each use and queue
    };
    using Segments = std::map<uint64_t, Segment>; // by begin
    struct HostBarrier                            // of the submission at hand
    {
        std::optional<MemoryRange> range;
        Use uses = Use::None;
    };

    static void SplitAt(Segments& segments, uint64_t at);
    // Calls visit(segment) for what overlaps the range, split at its ends.
    template <class F>
    void ForEachIn(const std::optional<MemoryRange>& range, const F& visit);
    template <class F>
    void ForEachRecord(const std::optional<MemoryRange>& range, const F& visit);
    // Calls forgetIn(segment) for all; segments without records go.
    template <class F>
    void ForgetRecords(const F& forgetIn);
    static bool IsBefore(const Record& record, uint32_t queue, uint64_t seq) noexcept;
    static bool IsInSource(const Record& record, uint32_t queue, const SyncScope& source) noexcept;
    void Apply(Record& record, uint32_t queue, const SyncScope& target) const noexcept;
    void Compare(const Record& earlier, const Record& later, HazardKind kind, const MemoryRange& range,
                 std::vector<Conflict>& conflicts, size_t first) const;
    bool AwaitsHost(uint32_t queue, const MemoryRange& range, Use use) const noexcept;

    const bool m_comparesQueues;
    std::map<uint64_t, Segments> m_memory;
    std::array<uint64_t, kMaxQueues> m_seq{};
    // Known to the CPU: positions of queues, values of timelines.
    std::array<uint64_t, kMaxQueues> m_passed{};
    std::array<uint64_t, kMaxQueues + 1> m_passedValues{};
    std::array<std::vector<HostBarrier>, kMaxQueues> m_hostBarriers;
    std::vector<Sent> m_sent; // that have not passed, in the order of submission
};
} // namespace sedx
