// EventPool: events for split barriers. One is used again when the frame that had it has passed.
#pragma once

#include "frame/frame_tracker.h"

namespace sedx
{
// Thread-safe. Nothing may be in flight when it goes.
class EventPool
{
  public:
    EventPool(std::shared_ptr<DeviceState> device, const FrameTracker& frames) noexcept
        : m_device(std::move(device)), m_frames(frames)
    {
    }
    ~EventPool();

    // An event that is not set, for commands of this frame.
    Result<VkEvent> Take(uint64_t frame);

  private:
    struct Entry
    {
        VkEvent event = VK_NULL_HANDLE;
        uint64_t frame = 0;
    };
    std::shared_ptr<DeviceState> m_device;
    const FrameTracker& m_frames;
    std::mutex m_mutex;
    std::vector<Entry> m_entries; // as many as were in flight at once
};
} // namespace sedx
