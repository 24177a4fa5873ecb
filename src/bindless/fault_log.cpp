#include "bindless/fault_log.h"

#include <fmt/format.h>
#include <sedx/log.h>

namespace sedx
{
namespace
{
constexpr size_t kKept = 4096; // that nobody has taken

const char* ProblemOf(ShaderFaultKind kind) noexcept
{
    switch (kind)
    {
    case ShaderFaultKind::OutOfBounds: return "out of bounds:";
    case ShaderFaultKind::StaleSlot: return "stale slot, which has another buffer now:";
    case ShaderFaultKind::EmptySlot: break;
    }
    return "empty slot, unregistered or dropped:";
}
} // namespace

const char* ToString(ShaderFaultKind kind) noexcept
{
    switch (kind)
    {
    case ShaderFaultKind::OutOfBounds: return "OutOfBounds";
    case ShaderFaultKind::StaleSlot: return "StaleSlot";
    case ShaderFaultKind::EmptySlot: return "EmptySlot";
    }
    return "unknown";
}

void FaultLog::Add(ShaderFault fault, const std::string& owner)
{
    const auto named = m_shaders.find(fault.tag);
    const std::string shader = named != m_shaders.end() ? fmt::format("shader '{}'", named->second)
                                                        : fmt::format("a shader with tag {}", fault.tag);
    fault.text = fmt::format("{} in frame {}: {} element {} ({} bytes each) of resource {} (slot {}), {}", shader,
                             fault.frame, ProblemOf(fault.kind), fault.index, fault.elementBytes, fault.resource,
                             BindlessBufferSystem::SlotOf(fault.resource),
                             owner.empty() ? "no buffer that is known" : fmt::format("buffer '{}'", owner));
    SEDX_CORE_ERROR_TAG("SHADER", "{}", fault.text);
    ++m_count;
    if (m_faults.size() < kKept)
        m_faults.push_back(std::move(fault));
    else
        ++m_dropped;
}
} // namespace sedx
