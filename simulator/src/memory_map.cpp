#include "memory_map.h"

namespace sedx::simulator
{
namespace
{
constexpr VkMemoryPropertyFlags kVisible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
constexpr VkMemoryPropertyFlags kMapped = kVisible | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkMemoryPropertyFlags kCached = kMapped | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;

uint32_t FindType(const VkPhysicalDeviceMemoryProperties& real, VkMemoryPropertyFlags wanted)
{
    for (uint32_t i = 0; i < real.memoryTypeCount; ++i)
    {
        const VkMemoryPropertyFlags flags = real.memoryTypes[i].propertyFlags;
        const bool isSpecial = (flags & ~wanted &
                                (VK_MEMORY_PROPERTY_PROTECTED_BIT | VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT |
                                 VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD)) != 0;
        if ((flags & wanted) == wanted && !isSpecial)
            return i;
    }
    return MemoryMap::kNone;
}
} // namespace

MemoryMap::MemoryMap(const DeviceLayout& layout, const VkPhysicalDeviceMemoryProperties& real)
{
    for (const VkMemoryType& type : layout.types)
    {
        const VkMemoryPropertyFlags flags = type.propertyFlags;
        uint32_t backing = kNone;
        // All of its properties; else what the CPU notices of them, always coherent: what a presented type lacks is
        // simulated, what it has must be there.
        const VkMemoryPropertyFlags coherent = (flags & kVisible) != 0 ? kMapped : 0u;
        const VkMemoryPropertyFlags steps[] = {flags | coherent, flags, (flags & kCached) | coherent, coherent};
        for (const VkMemoryPropertyFlags wanted : steps)
        {
            if (backing == kNone)
                backing = FindType(real, wanted);
        }
        m_backing.push_back(backing);
        m_flags.push_back(flags);
    }
}

uint32_t MemoryMap::Present(uint32_t realBits, Bound bound) const
{
    uint32_t presented = 0;
    for (size_t i = 0; i < m_backing.size(); ++i)
    {
        // Never for what is not made for it, as the specification promises.
        const bool isProtected = (m_flags[i] & VK_MEMORY_PROPERTY_PROTECTED_BIT) != 0;
        const bool isLazy = (m_flags[i] & VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT) != 0;
        if (m_backing[i] == kNone || isProtected || (isLazy && bound != Bound::TransientImage))
            continue;
        if ((realBits & (1u << m_backing[i])) != 0)
            presented |= 1u << i;
    }
    return presented;
}
} // namespace sedx::simulator
