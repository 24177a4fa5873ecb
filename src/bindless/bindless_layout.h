// BindlessLayout: the layout that all sets of a bindless system have, for life, and how many slots the device has room for.
#pragma once

#include "bindless/slot_directory.h"
#include "buffer/buffer_core.h"

#include <sedx/bindless_buffer_system.h>

namespace sedx
{
// What all copies share.
struct BindlessLayout
{
    DeviceState* device = nullptr;
    VkDescriptorSetLayout layout = VK_NULL_HANDLE; // null: foreign sets
    VkPipelineCreateFlags pipelineFlags = 0;       // of pipelines that use it
    uint32_t storageBinding = 1;
    uint32_t tableBinding = 0;
    SlotContents guard;             // what empty slots show where the device has no null descriptors
    uint64_t maxRange = 0;          // maxStorageBufferRange, bytes
    std::atomic<uint64_t> calls{0}; // vkUpdateDescriptorSets

    uint64_t DescriptorBytes(const SlotContents& contents) const noexcept
    {
        return contents.bytes < maxRange ? contents.bytes : maxRange;
    }
};

struct SlotLimits
{
    uint32_t slots = 0;
    uint32_t maxSlots = 0;
};
// As many as the device has room for, in each copy.
SlotLimits LimitsOf(const BindlessDesc& desc, const DeviceState& device, uint32_t copies) noexcept;

// Without a set layout for foreign sets. It goes with the last copy that frames use; the guard is set later.
Result<std::shared_ptr<BindlessLayout>> MakeLayout(const std::shared_ptr<BufferCore>& core, const BindlessDesc& desc,
                                                   uint32_t maxSlots);
} // namespace sedx
