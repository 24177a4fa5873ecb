// DescriptorCopy: one copy of the array of storage buffers and of the binding of the table. Two kinds: descriptor sets, the
// library's or the engine's, and descriptor buffers.
#pragma once

#include "bindless/bindless_layout.h"

#include <sedx/bindless_buffer_system.h>

namespace sedx
{
class DescriptorCopy
{
  public:
    virtual ~DescriptorCopy() = default; // no frame uses it any more
    // `slots` become what `shown`, by slot, says of them. In one call to the driver. `table` is not null the first time.
    virtual void Write(std::span<const uint32_t> slots, std::span<const SlotChange> shown,
                       const SlotContents* table) = 0;
    virtual VkDescriptorSet Set() const noexcept { return VK_NULL_HANDLE; }
    virtual void CmdBind(VkCommandBuffer cmd, VkPipelineBindPoint bindPoint, VkPipelineLayout layout,
                         uint32_t set) const noexcept = 0;
};

// A set of the library with a pool of its own.
Result<std::unique_ptr<DescriptorCopy>> MakeSetCopy(BindlessLayout& layout, uint32_t slots, bool hasVariableCount,
                                                    const char* name);
// A set of the engine; its table is not bound.
std::unique_ptr<DescriptorCopy> MakeForeignCopy(BindlessLayout& layout, VkDescriptorSet set, uint32_t firstElement);
Result<std::unique_ptr<DescriptorCopy>> MakeBufferCopy(BindlessLayout& layout, BufferCore& core, uint32_t slots,
                                                       const char* name);
} // namespace sedx
