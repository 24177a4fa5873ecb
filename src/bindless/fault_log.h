// FaultLog: what shaders did wrong, with words: logged when it is found, and kept until somebody takes it.
// Not thread-safe: the module has one lock for all of it.
#pragma once

#include <sedx/bindless_buffer_system.h>

#include <unordered_map>

namespace sedx
{
class FaultLog
{
  public:
    void NameShader(uint32_t tag, std::string name) { m_shaders[tag] = std::move(name); }
    // `owner`: the buffer that has the slot, or had it last; empty: not known.
    void Add(ShaderFault fault, const std::string& owner);
    std::vector<ShaderFault> Take() { return std::exchange(m_faults, {}); }

    uint64_t Count() const noexcept { return m_count; }
    uint64_t Dropped() const noexcept { return m_dropped; } // of these: too many were kept already

  private:
    std::unordered_map<uint32_t, std::string> m_shaders; // by tag
    std::vector<ShaderFault> m_faults;                   // not taken yet
    uint64_t m_count = 0;
    uint64_t m_dropped = 0;
};
} // namespace sedx
