// Copies that are descriptor sets.
#include "bindless/descriptor_copy.h"

namespace sedx
{
namespace
{
class SetCopy final : public DescriptorCopy
{
  public:
    SetCopy(BindlessLayout& layout, VkDescriptorPool pool, VkDescriptorSet set, uint32_t firstElement) noexcept
        : m_layout(layout), m_pool(pool), m_set(set), m_firstElement(firstElement)
    {
    }
    ~SetCopy() override
    {
        if (m_pool != VK_NULL_HANDLE) // the set goes with it
            m_layout.device->vk.DestroyDescriptorPool(m_layout.device->device, m_pool, nullptr);
    }
    VkDescriptorSet Set() const noexcept override { return m_set; }

    void Write(std::span<const uint32_t> slots, std::span<const SlotChange> shown, const SlotContents* table) override
    {
        m_infos.clear();
        m_writes.clear();
        m_infos.reserve(slots.size() + 1); // writes point into it
        if (table != nullptr && m_pool != VK_NULL_HANDLE)
            Append(m_layout.tableBinding, 0, {table->buffer, table->offset, table->bytes});
        const VkDescriptorBufferInfo empty = Empty();
        for (const uint32_t slot : slots)
        {
            const SlotContents& contents = shown[slot].contents;
            Append(m_layout.storageBinding, m_firstElement + slot,
                   shown[slot].id == 0
                       ? empty
                       : VkDescriptorBufferInfo{contents.buffer, contents.offset, m_layout.DescriptorBytes(contents)});
        }
        m_layout.device->vk.UpdateDescriptorSets(m_layout.device->device, static_cast<uint32_t>(m_writes.size()),
                                                 m_writes.data(), 0, nullptr);
        m_layout.calls.fetch_add(1, std::memory_order_relaxed);
        if (table != nullptr) // all slots: never so many again
        {
            m_infos = {};
            m_writes = {};
        }
    }

    void CmdBind(VkCommandBuffer cmd, VkPipelineBindPoint bindPoint, VkPipelineLayout layout,
                 uint32_t set) const noexcept override
    {
        m_layout.device->vk.CmdBindDescriptorSets(cmd, bindPoint, layout, set, 1, &m_set, 0, nullptr);
    }

  private:
    // Neighbours become one write.
    void Append(uint32_t binding, uint32_t element, const VkDescriptorBufferInfo& info)
    {
        m_infos.push_back(info);
        if (!m_writes.empty() && m_writes.back().dstBinding == binding &&
            m_writes.back().dstArrayElement + m_writes.back().descriptorCount == element)
        {
            ++m_writes.back().descriptorCount;
            return;
        }
        VkWriteDescriptorSet write{VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET};
        write.dstSet = m_set;
        write.dstBinding = binding;
        write.dstArrayElement = element;
        write.descriptorCount = 1;
        write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
        write.pBufferInfo = &m_infos.back();
        m_writes.push_back(write);
    }
    VkDescriptorBufferInfo Empty() const noexcept
    {
        if (m_layout.device->descriptors.nullDescriptor)
            return {VK_NULL_HANDLE, 0, VK_WHOLE_SIZE};
        return {m_layout.guard.buffer, m_layout.guard.offset, m_layout.guard.bytes};
    }

    BindlessLayout& m_layout;
    VkDescriptorPool m_pool;
    VkDescriptorSet m_set;
    uint32_t m_firstElement;
    std::vector<VkDescriptorBufferInfo> m_infos; // of a call of Write; they keep their memory
    std::vector<VkWriteDescriptorSet> m_writes;
};
} // namespace

Result<std::unique_ptr<DescriptorCopy>> MakeSetCopy(BindlessLayout& layout, uint32_t slots, bool hasVariableCount,
                                                    const char* name)
{
    DeviceState& device = *layout.device;
    const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, slots + 1};
    VkDescriptorPoolCreateInfo poolInfo{VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO};
    poolInfo.flags = VK_DESCRIPTOR_POOL_CREATE_UPDATE_AFTER_BIND_BIT;
    poolInfo.maxSets = 1;
    poolInfo.poolSizeCount = 1;
    poolInfo.pPoolSizes = &size;
    VkDescriptorPool pool = VK_NULL_HANDLE;
    VkResult result = device.Check(device.vk.CreateDescriptorPool(device.device, &poolInfo, nullptr, &pool));
    if (result != VK_SUCCESS)
        return FailVk(result, "creating the descriptor pool of '{}' for {} buffers", name, slots);
    VkDescriptorSetVariableDescriptorCountAllocateInfo count{
        VK_STRUCTURE_TYPE_DESCRIPTOR_SET_VARIABLE_DESCRIPTOR_COUNT_ALLOCATE_INFO};
    count.descriptorSetCount = 1;
    count.pDescriptorCounts = &slots;
    VkDescriptorSetAllocateInfo info{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO};
    info.pNext = hasVariableCount ? &count : nullptr;
    info.descriptorPool = pool;
    info.descriptorSetCount = 1;
    info.pSetLayouts = &layout.layout;
    VkDescriptorSet set = VK_NULL_HANDLE;
    result = device.Check(device.vk.AllocateDescriptorSets(device.device, &info, &set));
    if (result != VK_SUCCESS)
    {
        device.vk.DestroyDescriptorPool(device.device, pool, nullptr);
        return FailVk(result, "allocating the descriptor set of '{}' for {} buffers", name, slots);
    }
    device.SetName(VK_OBJECT_TYPE_DESCRIPTOR_SET, reinterpret_cast<uint64_t>(set), name);
    return std::make_unique<SetCopy>(layout, pool, set, 0u);
}

std::unique_ptr<DescriptorCopy> MakeForeignCopy(BindlessLayout& layout, VkDescriptorSet set, uint32_t firstElement)
{
    return std::make_unique<SetCopy>(layout, VkDescriptorPool{VK_NULL_HANDLE}, set, firstElement);
}
} // namespace sedx
