#include "frame/frame_tracker.h"

#include <algorithm>

namespace sedx
{
FrameTracker::Entry* FrameTracker::Find(uint64_t number) noexcept
{
    // Numbers are consecutive: frames are removed from the front only.
    if (m_entries.empty() || number < m_entries.front().number || number > m_entries.back().number)
        return nullptr;
    return &m_entries[static_cast<size_t>(number - m_entries.front().number)];
}

const FrameTracker::Entry* FrameTracker::Find(uint64_t number) const noexcept
{
    return const_cast<FrameTracker*>(this)->Find(number);
}

bool FrameTracker::HasPassed(const Entry& entry) const noexcept
{
    if (entry.state != State::Ended)
        return false;
    if (entry.abandoned)
        return true;
    if (m_rules.completion == FrameCompletion::Fences)
        return entry.retired;
    for (uint32_t queue = 0; queue < m_timelines.QueueCount(); ++queue)
        if (!m_timelines.HasPassed({queue, entry.values[queue]}))
            return false;
    return true;
}

void FrameTracker::Update() noexcept
{
    const std::lock_guard lock(m_mutex);
    while (!m_entries.empty() && HasPassed(m_entries.front()))
    {
        m_completed.store(m_entries.front().number);
        m_entries.pop_front();
    }
}

Result<void> FrameTracker::Pace(uint64_t number)
{
    if (!m_rules.paced || number <= m_rules.framesInFlight)
        return {};
    const uint64_t before = number - m_rules.framesInFlight;
    const VkResult result = WaitFor(before, UINT64_MAX, WaitCause::Pacing);
    if (result == VK_NOT_READY) // pipelined threads: it may not share its Frame::Index
        return Fail(ErrorCode::WrongState,
                    "frame {} cannot begin: frame {} has not ended or not been retired, and "
                    "framesInFlight is {}",
                    number, before, m_rules.framesInFlight);
    if (result != VK_SUCCESS)
        return FailVk(result, "waiting for frame {}", before);
    return {};
}

Result<uint64_t> FrameTracker::Begin()
{
    for (;;)
    {
        const uint64_t number = LastOpened() + 1;
        if (auto paced = Pace(number); !paced)
            return Forward(paced);
        Update();

        const std::lock_guard lock(m_mutex);
        if (number != m_lastOpened.load() + 1)
            continue; // another thread has begun it meanwhile
        const auto slot = std::find_if(m_openFrames.begin(), m_openFrames.end(),
                                       [](const std::atomic<uint64_t>& open) { return open.load() == 0; });
        if (slot == m_openFrames.end())
            return Fail(ErrorCode::WrongState, "frame {} cannot begin: {} frames are open already", number,
                        kMaxOpenFrames);
        Entry entry;
        entry.number = number;
        entry.slot = static_cast<uint32_t>(slot - m_openFrames.begin());
        m_entries.push_back(entry);
        m_lastOpened.store(number);
        slot->store(number); // from here on it is open for everybody
        return number;
    }
}

void FrameTracker::Close(Entry& entry) noexcept
{
    entry.state = State::Ended;
    m_openFrames[entry.slot].store(0);
}

Result<void> FrameTracker::End(uint64_t number)
{
    const std::lock_guard lock(m_mutex);
    Entry* entry = Find(number);
    if (entry == nullptr || entry->state != State::Open)
        return Fail(ErrorCode::WrongState, "frame {} is not open", number);
    Close(*entry);
    if (!HasSignals())
        return {};
    for (uint32_t queue = 0; queue < m_timelines.QueueCount(); ++queue)
    {
        uint64_t last = m_lastEnded[queue].load();
        while (last < entry->values[queue] && !m_lastEnded[queue].compare_exchange_weak(last, entry->values[queue]))
        {
        }
    }
    return {};
}

Result<void> FrameTracker::Abandon(uint64_t number)
{
    const std::lock_guard lock(m_mutex);
    Entry* entry = Find(number);
    if (entry == nullptr || entry->state != State::Open)
        return Fail(ErrorCode::WrongState, "frame {} is not open", number);
    Close(*entry);
    entry->abandoned = true;
    return {};
}

Result<void> FrameTracker::Retire(uint64_t number)
{
    if (m_rules.completion != FrameCompletion::Fences)
        return Fail(ErrorCode::WrongState, "RetireFrame is for FrameCompletion::Fences only");
    const std::lock_guard lock(m_mutex);
    if (number > m_lastOpened.load())
        return Fail(ErrorCode::WrongState, "frame {} was never begun", number);
    for (const Entry& entry : m_entries)
        if (entry.number <= number && entry.state == State::Open)
            return Fail(ErrorCode::WrongState, "frame {} cannot be retired: frame {} has not ended", number,
                        entry.number);
    for (Entry& entry : m_entries)
        if (entry.number <= number)
            entry.retired = true;
    return {};
}

uint64_t FrameTracker::CurrentOpen() const noexcept
{
    const std::lock_guard lock(m_mutex);
    const auto open = std::find_if(m_entries.rbegin(), m_entries.rend(),
                                   [](const Entry& entry) { return entry.state == State::Open; });
    return open == m_entries.rend() ? 0 : open->number;
}

Result<TimelinePoint> FrameTracker::HandOut(uint64_t number, uint32_t queue)
{
    if (queue >= m_timelines.QueueCount())
        return Fail(ErrorCode::InvalidArgument, "there is no queue {}; the device has {}", queue,
                    m_timelines.QueueCount());
    const std::lock_guard lock(m_mutex);
    Entry* entry = Find(number);
    if (entry == nullptr || entry->state != State::Open)
        return Fail(ErrorCode::WrongState, "frame {} is not open", number);
    entry->values[queue] = m_timelines.HandOut(queue);
    return TimelinePoint{queue, entry->values[queue]};
}

std::vector<TimelinePoint> FrameTracker::PointsOf(uint64_t number) const
{
    std::vector<TimelinePoint> points;
    if (!HasSignals())
        return points;
    const std::lock_guard lock(m_mutex);
    // Frames pass in order, so all earlier ones belong to it.
    for (const Entry& entry : m_entries)
        if (entry.number <= number && !entry.abandoned)
            for (uint32_t queue = 0; queue < m_timelines.QueueCount(); ++queue)
                if (!m_timelines.HasPassed({queue, entry.values[queue]}))
                    points.push_back({queue, entry.values[queue]});
    // One point for each queue is enough, and all that Timelines::Wait has room for.
    std::array<uint64_t, kMaxQueues> last{};
    for (const TimelinePoint point : points)
        last[point.queue] = std::max(last[point.queue], point.value);
    points.clear();
    for (uint32_t queue = 0; queue < m_timelines.QueueCount(); ++queue)
        if (last[queue] != 0)
            points.push_back({queue, last[queue]});
    return points;
}

std::array<uint64_t, kMaxQueues> FrameTracker::EndedValues(uint64_t number) const noexcept
{
    std::array<uint64_t, kMaxQueues> last{};
    const std::lock_guard lock(m_mutex);
    for (const Entry& entry : m_entries)
        if (entry.number <= number && entry.state == State::Ended && !entry.abandoned)
            for (uint32_t queue = 0; queue < m_timelines.QueueCount(); ++queue)
                last[queue] = std::max(last[queue], entry.values[queue]);
    return last;
}

bool FrameTracker::HasOpenSubmissions(uint64_t number) const noexcept
{
    const std::lock_guard lock(m_mutex);
    return std::any_of(m_entries.begin(), m_entries.end(), [number](const Entry& entry) {
        return entry.number <= number && entry.state == State::Open &&
               std::any_of(entry.values.begin(), entry.values.end(), [](uint64_t value) { return value != 0; });
    });
}

VkResult FrameTracker::WaitFor(uint64_t number, uint64_t timeoutNs, WaitCause cause) noexcept
{
    m_timelines.Poll();
    Update();
    if (Completed() >= number)
        return VK_SUCCESS;
    if (m_rules.completion == FrameCompletion::Fences)
        return m_device.IsLost() ? VK_ERROR_DEVICE_LOST : VK_NOT_READY;
    {
        const std::lock_guard lock(m_mutex);
        for (const Entry& entry : m_entries)
            if (entry.number <= number && entry.state == State::Open)
                return VK_NOT_READY;
    }
    const VkResult result = m_timelines.Wait(PointsOf(number), timeoutNs, cause);
    Update();
    return result;
}
} // namespace sedx
