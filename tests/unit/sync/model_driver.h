// Tells a HazardModel what happens, in few words.
#pragma once

#include "sync/hazard_model.h"

namespace sedx::test
{
inline ModelBarrier BarrierOf(Use before, Use after, std::optional<MemoryRange> range = {})
{
    ModelBarrier barrier;
    barrier.range = range;
    barrier.source = SourceScope(ScopeOf(before).stages, ScopeOf(WritesOf(before)).access);
    barrier.target = TargetScope(ScopeOf(after).stages, ScopeOf(after).access);
    barrier.isFromHost = Any(before & Use::HostWrite);
    return barrier;
}

class ModelDriver
{
  public:
    explicit ModelDriver(bool comparesQueues = true) : model(comparesQueues) {}

    // The kinds of conflict that the access has, in the order found.
    std::vector<Conflict> Access(uint32_t queue, Use use, MemoryRange range = {1, 0, 64}, uint64_t frame = 1)
    {
        auto note = std::make_shared<AccessNote>();
        note->access.use = use;
        note->access.queue = queue;
        note->access.frame = frame;
        std::vector<Conflict> conflicts;
        model.Access(queue, frame, range, use, note, conflicts);
        return conflicts;
    }
    // None, or the one kind that there is.
    HazardKind Kind(uint32_t queue, Use use, MemoryRange range = {1, 0, 64}, uint64_t frame = 1)
    {
        const auto conflicts = Access(queue, use, range, frame);
        return conflicts.empty() ? HazardKind::Count : conflicts.front().kind;
    }
    void Barrier(uint32_t queue, Use before, Use after, std::optional<MemoryRange> range = {})
    {
        model.Barrier(queue, BarrierOf(before, after, range));
    }
    // The point of the submission that ends here.
    TimelinePoint Signal(uint32_t queue, uint64_t frame = 1)
    {
        const TimelinePoint point{queue, ++values[queue]};
        model.Signal(queue, point, frame);
        return point;
    }
    void Wait(uint32_t queue, TimelinePoint point, Use use)
    {
        model.Wait(queue, point, WaitScope(ScopeOf(use).stages));
    }
    void Retire(TimelinePoint passed)
    {
        model.Retire([passed](const HazardModel::Sent& sent) {
            return sent.point.queue == passed.queue && sent.point.value <= passed.value;
        });
    }
    std::vector<Conflict> Host(bool isWrite, MemoryRange range = {1, 0, 64}) const
    {
        std::vector<Conflict> conflicts;
        model.Host(range, isWrite, std::make_shared<AccessNote>(), conflicts);
        return conflicts;
    }

    HazardModel model;
    std::array<uint64_t, kMaxQueues + 1> values{};
};
} // namespace sedx::test
