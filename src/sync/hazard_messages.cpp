#include "sync/hazard_messages.h"

#include <fmt/format.h>

namespace sedx
{
namespace
{
std::string PlaceOf(const std::source_location& where)
{
    return where.line() == 0 ? "in the library" : fmt::format("at {}:{}", where.file_name(), where.line());
}

std::string Describe(const HazardAccess& access)
{
    if (Any(access.use & (Use::HostRead | Use::HostWrite)))
        return fmt::format("the CPU {}", PlaceOf(access.where));
    return fmt::format("{} on queue {} in {} {}", ToString(access.use), access.queue,
                       access.frame != 0 ? fmt::format("frame {}", access.frame) : "copies", PlaceOf(access.where));
}

// What would have been right.
std::string Advice(const Hazard& hazard)
{
    const HazardAccess& first = hazard.first;
    const HazardAccess& second = hazard.second;
    switch (hazard.kind)
    {
    case HazardKind::HostWriteInFlight:
        return "the GPU has not passed it: write other bytes (RingBuffer, WriteDiscard), or wait for its frame";
    case HazardKind::HostReadInFlight: return "the GPU has not passed it: wait for its frame, or read by a ticket";
    default: break;
    }
    if (first.queue != second.queue)
        return fmt::format(
            "no wait orders the two queues: give SubmitSync of queue {} a QueueWait for the submission on "
            "queue {}",
            second.queue, first.queue);
    return fmt::format("a barrier is missing: Barriers().Buffer(view, Use::{}, Use::{})", ToString(first.use),
                       ToString(second.use));
}
} // namespace

const char* ToString(HazardKind kind) noexcept
{
    switch (kind)
    {
    case HazardKind::ReadAfterWrite: return "read after write";
    case HazardKind::WriteAfterWrite: return "write after write";
    case HazardKind::WriteAfterRead: return "write after read";
    case HazardKind::HostWriteInFlight: return "CPU write of bytes in flight";
    case HazardKind::HostReadInFlight: return "CPU read of bytes in flight";
    case HazardKind::SlotRewritten: return "slot rewritten in flight";
    case HazardKind::NeverSubmitted: return "never submitted";
    case HazardKind::Count: break;
    }
    return "unknown HazardKind";
}

std::string ConflictMessage(const Hazard& hazard)
{
    return fmt::format("{}: bytes {} to {} of buffer '{}': {} is not ordered behind {}; {}", ToString(hazard.kind),
                       hazard.offset, hazard.offset + hazard.bytes, hazard.name, Describe(hazard.second),
                       Describe(hazard.first), Advice(hazard));
}

std::string SlotMessage(const Hazard& hazard)
{
    return fmt::format(
        "{}: slot {} of table '{}' was rewritten {} while frame {}, which uses it, has not passed (used {})",
        ToString(hazard.kind), hazard.offset, hazard.name, PlaceOf(hazard.second.where), hazard.first.frame,
        PlaceOf(hazard.first.where));
}

std::string NeverSubmittedMessage(const Hazard& hazard)
{
    return fmt::format(
        "accesses of frame {} on queue {}, the first to buffer '{}' {}, were described, but no SubmitSync of "
        "that queue followed (another queue: HazardTracker::CmdBegin)",
        hazard.first.frame, hazard.first.queue, hazard.name, PlaceOf(hazard.first.where));
}
} // namespace sedx
