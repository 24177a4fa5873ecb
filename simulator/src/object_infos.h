// ObjectInfos: what the simulator must remember of buffers and images.
#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>
#include <vulkan/vulkan_core.h>

namespace sedx::simulator
{
struct BufferInfo
{
    VkBufferUsageFlags2KHR usage = 0;
    uint64_t bytes = 0;
    bool isExclusive = true;
};

struct ImageInfo
{
    VkExtent3D extent{1, 1, 1};
    uint32_t mips = 1;
    uint32_t layers = 1;
    bool mayHaveBlocks = false; // its smallest part may be larger than a texel
    bool isTransient = false;
    bool isExclusive = true;

    VkExtent3D ExtentOf(uint32_t mip) const
    {
        const auto shrink = [mip](uint32_t size) { return size >> mip == 0 ? 1u : size >> mip; };
        return {shrink(extent.width), shrink(extent.height), shrink(extent.depth)};
    }
};

class ObjectInfos
{
  public:
    void Add(VkBuffer buffer, const BufferInfo& info)
    {
        const std::lock_guard lock(m_mutex);
        m_buffers[buffer] = info;
    }
    void Add(VkImage image, const ImageInfo& info)
    {
        const std::lock_guard lock(m_mutex);
        m_images[image] = info;
    }
    void Remove(VkBuffer buffer)
    {
        const std::lock_guard lock(m_mutex);
        m_buffers.erase(buffer);
    }
    void Remove(VkImage image)
    {
        const std::lock_guard lock(m_mutex);
        m_images.erase(image);
    }
    // Nothing for objects of others, for instance the images of a swapchain.
    std::optional<BufferInfo> Find(VkBuffer buffer) const
    {
        const std::lock_guard lock(m_mutex);
        const auto found = m_buffers.find(buffer);
        return found == m_buffers.end() ? std::nullopt : std::optional(found->second);
    }
    std::optional<ImageInfo> Find(VkImage image) const
    {
        const std::lock_guard lock(m_mutex);
        const auto found = m_images.find(image);
        return found == m_images.end() ? std::nullopt : std::optional(found->second);
    }

  private:
    mutable std::mutex m_mutex;
    std::unordered_map<VkBuffer, BufferInfo> m_buffers;
    std::unordered_map<VkImage, ImageInfo> m_images;
};
} // namespace sedx::simulator
