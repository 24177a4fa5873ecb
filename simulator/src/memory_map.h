// MemoryMap: which memory type of the real device backs each presented one. Pure logic.
#pragma once

#include <sedx_simulator/device_layout.h>

namespace sedx::simulator
{
// Objects that memory is bound to; they decide about special memory types.
enum class Bound
{
    Buffer,
    Image,
    TransientImage, // may use lazily allocated memory
};

class MemoryMap
{
  public:
    static constexpr uint32_t kNone = UINT32_MAX;

    MemoryMap() = default;
    MemoryMap(const DeviceLayout& layout, const VkPhysicalDeviceMemoryProperties& real);

    // kNone if the presented type does not exist, or if the real device has nothing like it.
    uint32_t Backing(uint32_t type) const { return type < m_backing.size() ? m_backing[type] : kNone; }
    // memoryTypeBits of the real device as bits of the presented types.
    uint32_t Present(uint32_t realBits, Bound bound) const;

  private:
    std::vector<uint32_t> m_backing;
    std::vector<VkMemoryPropertyFlags> m_flags; // presented
};
} // namespace sedx::simulator
