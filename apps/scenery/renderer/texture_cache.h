// Textures of models: each file once, in a slot of the array that shaders index. Bytes go through the library's staging.
#pragma once

#include "output/upload_meter.h"
#include "renderer/gpu_image.h"
#include "source/scene_source.h"

#include <sedx/buffer_system.h>

#include <future>
#include <map>
#include <mutex>
#include <vector>

namespace scenery
{
class TextureCache
{
  public:
    static constexpr uint32_t kWhite = 0; // the slot of a single white texel
    static constexpr uint32_t kMaxTextures = 512;

    TextureCache(const VulkanContext& context, sedx::BufferSystem& system, const SceneSource& source,
                 UploadMeter& meter);

    // The slot of an image file, read and collected for upload by the first who asks. Any thread; the second thread that
    // asks for a file waits for the first. An image that cannot be used is a fault, told once, and white.
    uint32_t Acquire(const std::string& path, std::vector<SceneError>& faults);

    uint32_t SlotCount() const noexcept { return m_slotCount; } // size of the array
    // Views of the slots from `firstSlot` on that are filled so far. A filled slot never changes.
    std::vector<VkImageView> Views(size_t firstSlot) const;

  private:
    uint32_t Load(const std::string& path, std::vector<SceneError>& faults);
    uint32_t Add(const Image& image);

    const VulkanContext& m_context;
    sedx::BufferSystem& m_system;
    const SceneSource& m_source;
    UploadMeter& m_meter;
    uint32_t m_slotCount;
    mutable std::mutex m_mutex;
    std::map<std::string, std::shared_future<uint32_t>> m_slots;
    uint32_t m_reservedSlots = 0;
    std::vector<GpuImage> m_images; // by slot
};
} // namespace scenery
