// ShaderReports: memory in which shaders say what went wrong and what they used, and its way back to the CPU.
// Not thread-safe: the module has one lock for all of it.
#pragma once

#include "bindless/bindless_copies.h"

#include <sedx/bindless_buffer_system.h>

namespace sedx
{
class ShaderReports
{
  public:
    ShaderReports(BufferSystem& system, bool hasFaults, bool hasUsed, std::string name);

    // Memory for so many slots, as seen from `frame`. What shaders said about earlier ones is kept. A failure is logged: frames
    // go on without.
    void Reserve(uint32_t slots, uint64_t frame);
    // Where shaders of this frame report. New memory is for later frames: it is zeroed by an upload, which may come too late for
    // the frame that made it.
    const BindlessCopies::Reporting& Where(uint64_t frame) const noexcept
    {
        return frame > m_changedIn ? m_where : m_before;
    }

    // What came back since the last call, without texts, the oldest first. Polls, never waits.
    std::vector<ShaderFault> Take();
    uint64_t Lost() const noexcept { return m_lost; }
    // The newest frame that has passed in which the slot was used; 0: none.
    uint64_t UsedFrame(uint32_t slot);

  private:
    Result<void> Make(uint64_t bytes, const char* what, Buffer& buffer, ReadbackSubscription& subscription,
                      VkDeviceAddress& address);

    BufferSystem& m_system;
    const bool m_hasFaults;
    const bool m_hasUsed;
    std::string m_name;
    uint32_t m_slots = 0;
    BindlessCopies::Reporting m_where;
    BindlessCopies::Reporting m_before; // for frames up to this one
    uint64_t m_changedIn = 0;
    Buffer m_faults;
    Buffer m_used;
    ReadbackSubscription m_faultValues;
    ReadbackSubscription m_usedValues;
    uint32_t m_seen = 0; // faults, modulo 2^32
    uint64_t m_lost = 0;
    std::vector<uint64_t> m_usedBefore; // by slot, from memory that was outgrown
};
} // namespace sedx
