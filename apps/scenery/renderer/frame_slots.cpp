#include "renderer/frame_slots.h"

#include "failure.h"

#include <volk.h>

#include <array>

namespace scenery
{
namespace
{
VkDescriptorImageInfo ImageInfo(VkImageView view)
{
    return {VK_NULL_HANDLE, view, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
}
} // namespace

FrameSlots::FrameSlots(const VulkanContext& context, const Pipelines& pipelines, const TextureCache& textures,
                       uint32_t count, uint32_t width, uint32_t height)
    : m_context(context), m_textures(textures), m_slots(count)
{
    try
    {
        Create(width, height);
        CreateSets(pipelines);
    }
    catch (...)
    {
        Destroy();
        throw;
    }
}

FrameSlots::~FrameSlots() { Destroy(); }

void FrameSlots::Create(uint32_t width, uint32_t height)
{
    const VkDevice device = m_context.Handle();
    for (FrameSlot& slot : m_slots)
    {
        VkCommandPoolCreateInfo pool{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
        pool.flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT;
        pool.queueFamilyIndex = m_context.GetDevice().Queues()[0].family;
        RequireVk(vkCreateCommandPool(device, &pool, nullptr, &slot.pool), "command pool");
        VkCommandBufferAllocateInfo cmd{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
        cmd.commandPool = slot.pool;
        cmd.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
        cmd.commandBufferCount = 1;
        RequireVk(vkAllocateCommandBuffers(device, &cmd, &slot.cmd), "command buffer");
        slot.target = std::make_unique<OffscreenTarget>(m_context, width, height);
        slot.cullTimer = std::make_unique<GpuTimer>(m_context);
    }
}

void FrameSlots::CreateSets(const Pipelines& pipelines)
{
    const VkDevice device = m_context.Handle();
    const auto count = static_cast<uint32_t>(m_slots.size());
    const uint32_t textureCount = m_textures.SlotCount();
    const std::array<VkDescriptorPoolSize, 3> sizes{{{VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, count},
                                                     {VK_DESCRIPTOR_TYPE_SAMPLER, count},
                                                     {VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE, count * textureCount}}};
    VkDescriptorPoolCreateInfo pool{VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO};
    pool.maxSets = count;
    pool.poolSizeCount = static_cast<uint32_t>(sizes.size());
    pool.pPoolSizes = sizes.data();
    RequireVk(vkCreateDescriptorPool(device, &pool, nullptr, &m_descriptorPool), "descriptor pool");

    // Every slot holds a valid texture from the first frame on, so no feature for empty ones is needed.
    const std::vector<VkDescriptorImageInfo> white(textureCount, ImageInfo(m_textures.Views(0).front()));
    const VkDescriptorSetLayout layout = pipelines.SetLayout();
    for (FrameSlot& slot : m_slots)
    {
        VkDescriptorSetAllocateInfo info{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO};
        info.descriptorPool = m_descriptorPool;
        info.descriptorSetCount = 1;
        info.pSetLayouts = &layout;
        RequireVk(vkAllocateDescriptorSets(device, &info, &slot.set), "descriptor set");
        VkWriteDescriptorSet write{VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET};
        write.dstSet = slot.set;
        write.dstBinding = 2;
        write.descriptorCount = textureCount;
        write.descriptorType = VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE;
        write.pImageInfo = white.data();
        vkUpdateDescriptorSets(device, 1, &write, 0, nullptr);
        slot.texturesWritten = 1;
    }
}

void FrameSlots::Begin(FrameSlot& slot, const sedx::BufferSlice& constants)
{
    const VkDevice device = m_context.Handle();
    const VkDescriptorBufferInfo buffer{constants.buffer, constants.offset, constants.size};
    std::vector<VkDescriptorImageInfo> images;
    for (VkImageView view : m_textures.Views(slot.texturesWritten))
        images.push_back(ImageInfo(view));

    std::array<VkWriteDescriptorSet, 2> writes{};
    writes[0].sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
    writes[0].dstSet = slot.set;
    writes[0].dstBinding = 0;
    writes[0].descriptorCount = 1;
    writes[0].descriptorType = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER;
    writes[0].pBufferInfo = &buffer;
    writes[1].sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
    writes[1].dstSet = slot.set;
    writes[1].dstBinding = 2;
    writes[1].dstArrayElement = static_cast<uint32_t>(slot.texturesWritten);
    writes[1].descriptorCount = static_cast<uint32_t>(images.size());
    writes[1].descriptorType = VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE;
    writes[1].pImageInfo = images.data();
    vkUpdateDescriptorSets(device, images.empty() ? 1 : 2, writes.data(), 0, nullptr);
    slot.texturesWritten += images.size();

    RequireVk(vkResetCommandPool(device, slot.pool, 0), "command pool");
    VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
    RequireVk(vkBeginCommandBuffer(slot.cmd, &begin), "command buffer");
}

void FrameSlots::Destroy()
{
    const VkDevice device = m_context.Handle();
    for (FrameSlot& slot : m_slots)
        vkDestroyCommandPool(device, slot.pool, nullptr);
    vkDestroyDescriptorPool(device, m_descriptorPool, nullptr);
    m_slots.clear();
}
} // namespace scenery
