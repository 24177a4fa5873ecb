#include "renderer/texture_cache.h"

#include "failure.h"
#include "renderer/mip_chain.h"

#include <volk.h>

#include <algorithm>

namespace scenery
{
namespace
{
constexpr VkFormat kFormat = VK_FORMAT_R8G8B8A8_SRGB;
}

TextureCache::TextureCache(const VulkanContext& context, sedx::BufferSystem& system, const SceneSource& source,
                           UploadMeter& meter)
    : m_context(context), m_system(system), m_source(source), m_meter(meter)
{
    const VkPhysicalDeviceLimits& limits = context.GetDevice().Properties().limits;
    m_slotCount =
        std::min({kMaxTextures, limits.maxPerStageDescriptorSampledImages, limits.maxDescriptorSetSampledImages});
    Add({.width = 1, .height = 1, .rgba = {255, 255, 255, 255}});
}

uint32_t TextureCache::Acquire(const std::string& path, std::vector<SceneError>& faults)
{
    if (path.empty())
        return kWhite;
    std::promise<uint32_t> loading;
    std::shared_future<uint32_t> slot;
    bool isFirst = false;
    {
        const std::lock_guard lock(m_mutex);
        const auto [entry, inserted] = m_slots.try_emplace(path);
        isFirst = inserted;
        if (isFirst)
            entry->second = loading.get_future().share();
        slot = entry->second;
    }
    if (isFirst)
        loading.set_value(Load(path, faults));
    return slot.get();
}

uint32_t TextureCache::Load(const std::string& path, std::vector<SceneError>& faults)
{
    auto image = m_source.LoadImage(path);
    if (!image)
    {
        faults.push_back(image.error());
        return kWhite;
    }
    const uint32_t limit = m_context.GetDevice().Properties().limits.maxImageDimension2D;
    if (image->width > limit || image->height > limit)
    {
        faults.push_back({path + " has more texels in a row than the device can use (" + std::to_string(limit) + ")"});
        return kWhite;
    }
    try
    {
        return Add(*image);
    }
    catch (const Failure& failure)
    {
        faults.push_back({path + " is not used: " + failure.what()});
        return kWhite;
    }
}

uint32_t TextureCache::Add(const Image& image)
{
    const MipChain chain = MakeMipChain(image);
    GpuImage texture(m_context, {.format = kFormat,
                                 .width = image.width,
                                 .height = image.height,
                                 .mipLevels = static_cast<uint32_t>(chain.levels.size()),
                                 .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT});
    sedx::ImageTarget target;
    target.image = texture.Handle();
    target.format = kFormat;
    target.extent = {image.width, image.height, 1};
    target.range.levelCount = texture.Desc().mipLevels;
    std::vector<sedx::ImageRegion> regions;
    for (uint32_t level = 0; level < target.range.levelCount; ++level)
    {
        sedx::ImageRegion region;
        region.subresource.mipLevel = level;
        region.extent = {chain.levels[level].width, chain.levels[level].height, 1};
        region.bytesOffset = chain.levels[level].bytesOffset;
        regions.push_back(region);
    }
    {
        const std::lock_guard lock(m_mutex);
        if (m_reservedSlots >= m_slotCount)
            throw Failure("all " + std::to_string(m_slotCount) + " texture slots are taken");
        ++m_reservedSlots;
    }
    {
        const UploadMeter::Scope measured(m_meter);
        Require(m_system.Uploads().WriteImage(target, regions, std::as_bytes(std::span(chain.rgba))), "texture");
    }

    const std::lock_guard lock(m_mutex);
    m_images.push_back(std::move(texture));
    return static_cast<uint32_t>(m_images.size() - 1);
}

std::vector<VkImageView> TextureCache::Views(size_t firstSlot) const
{
    const std::lock_guard lock(m_mutex);
    std::vector<VkImageView> views;
    for (size_t slot = firstSlot; slot < m_images.size(); ++slot)
        views.push_back(m_images[slot].View());
    return views;
}
} // namespace scenery
