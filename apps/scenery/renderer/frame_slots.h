// What the renderer needs once for each frame in flight: command buffer, descriptor set, picture to draw into. A slot is
// used again when BeginFrame has waited for the frame that used it before.
#pragma once

#include "renderer/gpu_timer.h"
#include "renderer/offscreen_target.h"
#include "renderer/pipelines.h"
#include "renderer/texture_cache.h"

#include <sedx/ring_buffer.h>

#include <memory>
#include <vector>

namespace scenery
{
struct FrameSlot
{
    VkCommandPool pool = VK_NULL_HANDLE;
    VkCommandBuffer cmd = VK_NULL_HANDLE;
    VkDescriptorSet set = VK_NULL_HANDLE;
    size_t texturesWritten = 0;
    std::unique_ptr<OffscreenTarget> target;
    std::unique_ptr<GpuTimer> cullTimer;
    uint64_t frame = 0; // Frame::Number of its last use
};

class FrameSlots
{
  public:
    FrameSlots(const VulkanContext& context, const Pipelines& pipelines, const TextureCache& textures, uint32_t count,
               uint32_t width, uint32_t height);
    ~FrameSlots();
    FrameSlots(const FrameSlots&) = delete;
    FrameSlots& operator=(const FrameSlots&) = delete;

    FrameSlot& operator[](uint32_t index) { return m_slots[index]; }
    std::span<FrameSlot> All() noexcept { return m_slots; }

    // Begins the command buffer of a slot, points its set at the constants and at textures that came since.
    void Begin(FrameSlot& slot, const sedx::BufferSlice& constants);

  private:
    void Create(uint32_t width, uint32_t height);
    void CreateSets(const Pipelines& pipelines);
    void Destroy();

    const VulkanContext& m_context;
    const TextureCache& m_textures;
    VkDescriptorPool m_descriptorPool = VK_NULL_HANDLE;
    std::vector<FrameSlot> m_slots;
};
} // namespace scenery
