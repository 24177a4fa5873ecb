// Copies that are memory with descriptors in it: VK_EXT_descriptor_buffer.
#include "bindless/descriptor_copy.h"

#include "base/align.h"

#include <sedx/log.h>

#include <algorithm>

namespace sedx
{
namespace
{
class BufferCopy final : public DescriptorCopy
{
  public:
    BufferCopy(BindlessLayout& layout, BufferCore& core, Ref<Backing> backing, uint64_t storageOffset,
               uint64_t tableOffset) noexcept
        : m_layout(layout), m_core(core), m_backing(std::move(backing)), m_storageOffset(storageOffset),
          m_tableOffset(tableOffset)
    {
        const DeviceState::DescriptorFacts& facts = layout.device->descriptors;
        m_descriptorBytes = facts.robustBuffers ? facts.buffer.robustStorageBufferDescriptorSize
                                                : facts.buffer.storageBufferDescriptorSize;
    }

    void Write(std::span<const uint32_t> slots, std::span<const SlotChange> shown, const SlotContents* table) override
    {
        if (table != nullptr)
            Put(m_tableOffset, table, table->bytes);
        uint64_t begin = table != nullptr ? 0 : ~uint64_t{0};
        uint64_t end = table != nullptr ? m_tableOffset + m_descriptorBytes : 0;
        for (const uint32_t slot : slots)
        {
            const SlotChange& change = shown[slot];
            const uint64_t at = m_storageOffset + slot * m_descriptorBytes;
            if (change.id != 0)
                Put(at, &change.contents, m_layout.DescriptorBytes(change.contents));
            else if (m_layout.device->descriptors.nullDescriptor)
                Put(at, nullptr, 0);
            else
                Put(at, &m_layout.guard, m_layout.guard.bytes);
            begin = std::min(begin, at);
            end = std::max(end, at + m_descriptorBytes);
        }
        if (begin >= end)
            return;
        if (const VkResult result = m_core.Memory().Flush(m_backing->memory, begin, end - begin); result != VK_SUCCESS)
            SEDX_CORE_ERROR_TAG("BINDLESS", "shaders may see old descriptors: flushing {} bytes of them failed with {}",
                                end - begin, ToString(result));
    }

    void CmdBind(VkCommandBuffer cmd, VkPipelineBindPoint bindPoint, VkPipelineLayout layout,
                 uint32_t set) const noexcept override
    {
        VkDescriptorBufferBindingInfoEXT info{VK_STRUCTURE_TYPE_DESCRIPTOR_BUFFER_BINDING_INFO_EXT};
        info.address = m_backing->memory.address;
        info.usage = VK_BUFFER_USAGE_RESOURCE_DESCRIPTOR_BUFFER_BIT_EXT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
        m_layout.device->vk.CmdBindDescriptorBuffersEXT(cmd, 1, &info);
        const uint32_t index = 0;
        const VkDeviceSize offset = 0;
        m_layout.device->vk.CmdSetDescriptorBufferOffsetsEXT(cmd, bindPoint, layout, set, 1, &index, &offset);
    }

  private:
    void Put(uint64_t at, const SlotContents* contents, uint64_t bytes) const noexcept
    {
        VkDescriptorAddressInfoEXT address{VK_STRUCTURE_TYPE_DESCRIPTOR_ADDRESS_INFO_EXT};
        VkDescriptorGetInfoEXT info{VK_STRUCTURE_TYPE_DESCRIPTOR_GET_INFO_EXT};
        info.type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
        if (contents != nullptr)
        {
            address.address = contents->address;
            address.range = bytes;
            info.data.pStorageBuffer = &address;
        }
        m_layout.device->vk.GetDescriptorEXT(m_layout.device->device, &info, m_descriptorBytes,
                                             m_backing->memory.mapped + at);
    }

    BindlessLayout& m_layout;
    BufferCore& m_core;
    Ref<Backing> m_backing;
    uint64_t m_storageOffset;
    uint64_t m_tableOffset;
    size_t m_descriptorBytes = 0;
};
} // namespace

Result<std::unique_ptr<DescriptorCopy>> MakeBufferCopy(BindlessLayout& layout, BufferCore& core, uint32_t slots,
                                                       const char* name)
{
    DeviceState& device = *layout.device;
    const DeviceState::DescriptorFacts& facts = device.descriptors;
    VkDeviceSize storageOffset = 0;
    VkDeviceSize tableOffset = 0;
    device.vk.GetDescriptorSetLayoutBindingOffsetEXT(device.device, layout.layout, layout.storageBinding,
                                                     &storageOffset);
    device.vk.GetDescriptorSetLayoutBindingOffsetEXT(device.device, layout.layout, layout.tableBinding, &tableOffset);
    const uint64_t descriptor =
        facts.robustBuffers ? facts.buffer.robustStorageBufferDescriptorSize : facts.buffer.storageBufferDescriptorSize;
    BackingRequest request;
    request.memory.bytes = storageOffset + slots * descriptor; // the array is the last binding
    if (request.memory.bytes > facts.buffer.maxResourceDescriptorBufferRange)
        return Fail(ErrorCode::LimitExceeded,
                    "'{}' needs {} bytes for the descriptors of {} buffers; maxResourceDescriptorBufferRange is {}",
                    name, request.memory.bytes, slots, facts.buffer.maxResourceDescriptorBufferRange);
    request.memory.usage =
        static_cast<BufferUsage>(VK_BUFFER_USAGE_RESOURCE_DESCRIPTOR_BUFFER_BIT_EXT) | BufferUsage::DeviceAddress;
    request.memory.memory = MemoryType::GPUUpload;
    request.memory.alignment = facts.buffer.descriptorBufferOffsetAlignment;
    request.memory.own = true;
    request.memory.name = name;
    auto backing = core.CreateBacking(request);
    if (!backing)
        return Forward(backing);
    // Its memory waits for frames like that of any buffer.
    (*backing)->used.store(true);
    return std::make_unique<BufferCopy>(layout, core, std::move(*backing), storageOffset, tableOffset);
}
} // namespace sedx
