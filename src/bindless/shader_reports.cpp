#include "bindless/shader_reports.h"

#include "bindless/own_buffer.h"

#include "../shaders/sedx_shared.h"

#include <sedx/log.h>

#include <algorithm>
#include <cstring>

namespace sedx
{
namespace
{
// A frame number of which a shader kept the lower half, near `now`: frames that are open beside each other may be newer.
uint64_t Widen(uint32_t low, uint64_t now) noexcept
{
    return now + static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(low - static_cast<uint32_t>(now))));
}

uint64_t FrameIn(const ReadbackValue& value, uint32_t slot)
{
    const std::span<const uint32_t> frames = value.Span<uint32_t>();
    return slot < frames.size() && frames[slot] != 0 ? Widen(frames[slot], value.Frame()) : 0;
}
} // namespace

ShaderReports::ShaderReports(BufferSystem& system, bool hasFaults, bool hasUsed, std::string name)
    : m_system(system), m_hasFaults(hasFaults), m_hasUsed(hasUsed), m_name(std::move(name))
{
}

Result<void> ShaderReports::Make(uint64_t bytes, const char* what, Buffer& buffer, ReadbackSubscription& subscription,
                                 VkDeviceAddress& address)
{
    auto made = MakeOwnBuffer(m_system, bytes, MemoryType::GPU, fmt::format("{} {}", m_name, what));
    if (!made)
        return Forward(made);
    WriteOptions options;
    options.outOfStaging = OutOfStaging::Spill; // never waits: a frame is being recorded
    const std::vector<std::byte> zeros(bytes);
    if (auto written = m_system.Uploads().Write(made->buffer, 0, zeros, options); !written)
        return Forward(written);
    auto subscribed = m_system.Readbacks().Subscribe({made->buffer, 0, bytes});
    if (!subscribed)
        return Forward(subscribed);
    buffer = std::move(made->buffer);
    subscription = std::move(*subscribed);
    address = made->address;
    return {};
}

void ShaderReports::Reserve(uint32_t slots, uint64_t frame)
{
    const bool needsFaults = m_hasFaults && !m_faults;
    const bool needsUsed = m_hasUsed && slots > m_slots;
    if (!needsFaults && !needsUsed)
        return;
    m_before = Where(frame);
    if (needsUsed) // shorter than the copy that comes with it
        m_before.usedFrames = 0;
    m_changedIn = frame;
    Result<void> made;
    if (needsFaults)
        made = Make(sizeof(shared::FaultHeader) + uint64_t{shared::kFaults} * sizeof(shared::Fault), "faults", m_faults,
                    m_faultValues, m_where.faults);
    if (made && needsUsed)
    {
        const ReadbackValue value = m_usedValues.Latest();
        m_usedBefore.resize(m_slots);
        for (uint32_t slot = 0; slot < m_slots; ++slot)
            if (const uint64_t used = FrameIn(value, slot); used != 0)
                m_usedBefore[slot] = used;
        made = Make(uint64_t{slots} * sizeof(uint32_t), "used frames", m_used, m_usedValues, m_where.usedFrames);
    }
    m_slots = std::max(m_slots, slots); // tried once
    if (!made)
        SEDX_CORE_WARN_TAG("BINDLESS", "'{}': shaders cannot report all they should: {}", m_name, made.error().message);
}

std::vector<ShaderFault> ShaderReports::Take()
{
    std::vector<ShaderFault> faults;
    const ReadbackValue value = m_faultValues.Latest();
    const std::span<const std::byte> bytes = value.Bytes();
    if (bytes.empty())
        return faults;
    shared::FaultHeader header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    const uint32_t fresh = header.written - m_seen;
    if (fresh > shared::kFaults)
        m_lost += fresh - shared::kFaults;
    for (uint32_t left = std::min(fresh, shared::kFaults); left != 0; --left)
    {
        shared::Fault raw{};
        const uint32_t place = (header.written - left) & (shared::kFaults - 1);
        std::memcpy(&raw, bytes.data() + sizeof header + place * sizeof raw, sizeof raw);
        ShaderFault fault;
        fault.kind = static_cast<ShaderFaultKind>(raw.kind);
        fault.resource = raw.id;
        fault.index = raw.index;
        fault.elementBytes = raw.elementBytes;
        fault.tag = raw.tag;
        fault.frame = Widen(raw.frame, value.Frame());
        faults.push_back(std::move(fault));
    }
    m_seen = header.written;
    return faults;
}

uint64_t ShaderReports::UsedFrame(uint32_t slot)
{
    if (const uint64_t frame = FrameIn(m_usedValues.Latest(), slot); frame != 0)
        return frame;
    return slot < m_usedBefore.size() ? m_usedBefore[slot] : 0;
}
} // namespace sedx
