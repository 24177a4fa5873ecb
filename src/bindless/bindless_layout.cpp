#include "bindless/bindless_layout.h"

#include "base/error.h"

#include <algorithm>

namespace sedx
{
namespace
{
// Stages that pipelines of this device can have. Mesa 25.0's lavapipe takes VK_SHADER_STAGE_ALL literally where descriptor buffers
// are bound, and writes beyond its list of stages.
VkShaderStageFlags StagesOf(VkShaderStageFlags wanted, const DeviceState& device) noexcept
{
    if (wanted != VK_SHADER_STAGE_ALL)
        return wanted;
    VkShaderStageFlags stages = VK_SHADER_STAGE_ALL_GRAPHICS | VK_SHADER_STAGE_COMPUTE_BIT;
    if (device.features.meshShader)
        stages |= VK_SHADER_STAGE_TASK_BIT_EXT | VK_SHADER_STAGE_MESH_BIT_EXT;
    if (device.hasRayTracingPipelines)
        stages |= VK_SHADER_STAGE_RAYGEN_BIT_KHR | VK_SHADER_STAGE_ANY_HIT_BIT_KHR |
                  VK_SHADER_STAGE_CLOSEST_HIT_BIT_KHR | VK_SHADER_STAGE_MISS_BIT_KHR |
                  VK_SHADER_STAGE_INTERSECTION_BIT_KHR | VK_SHADER_STAGE_CALLABLE_BIT_KHR;
    return stages;
}
} // namespace

SlotLimits LimitsOf(const BindlessDesc& desc, const DeviceState& device, uint32_t copies) noexcept
{
    constexpr uint32_t kIdLimit = 1u << SlotDirectory::kSlotBits;
    // What the specification guarantees of maxUpdateAfterBindDescriptorsInAllPools. Where a driver says 2^32 - 1, GPU-assisted
    // validation (layers 1.4.309) makes 32 of it.
    constexpr uint32_t kLeastInPools = 500'000;
    const DeviceState::DescriptorFacts& facts = device.descriptors;
    const auto less = [&](uint64_t limit) { // the table is a descriptor, too
        const uint64_t taken = desc.reservedDescriptors + uint64_t{1};
        return limit > taken ? limit - taken : 0;
    };
    uint64_t most = std::min<uint64_t>(desc.maxSlots != 0 ? desc.maxSlots : kIdLimit, kIdLimit);
    if (!desc.foreign.sets.empty())
        most = std::min<uint64_t>(most, desc.foreign.count);
    else if (desc.backend == BindlessBackend::DescriptorSets)
        most = std::min({most, less(facts.maxPerStage), less(facts.maxPerSet), less(facts.maxResourcesPerStage),
                         less(std::max(facts.maxInPools, kLeastInPools)) / copies});
    else
        most = std::min({most, less(device.properties.limits.maxPerStageDescriptorStorageBuffers),
                         less(device.properties.limits.maxDescriptorSetStorageBuffers)});
    SlotLimits limits;
    limits.maxSlots = static_cast<uint32_t>(most);
    limits.slots = desc.foreign.sets.empty() ? std::min(desc.slots, limits.maxSlots) : limits.maxSlots;
    const bool mayGrow = desc.backend == BindlessBackend::DescriptorBuffer || facts.variableCount;
    if (!mayGrow) // the layout says how many a set has
        limits.maxSlots = limits.slots;
    return limits;
}

Result<std::shared_ptr<BindlessLayout>> MakeLayout(const std::shared_ptr<BufferCore>& core, const BindlessDesc& desc,
                                                   uint32_t maxSlots)
{
    DeviceState& device = core->Device();
    std::shared_ptr<BindlessLayout> layout(new BindlessLayout(), [state = core](BindlessLayout* made) {
        if (made->layout != VK_NULL_HANDLE && state->IsAlive())
            state->Device().vk.DestroyDescriptorSetLayout(state->Device().device, made->layout, nullptr);
        delete made;
    });
    layout->device = &device;
    layout->storageBinding = desc.storageBinding;
    layout->tableBinding = desc.tableBinding;
    layout->maxRange = device.properties.limits.maxStorageBufferRange;
    if (!desc.foreign.sets.empty())
        return layout;
    const bool isBuffer = desc.backend == BindlessBackend::DescriptorBuffer;
    VkDescriptorSetLayoutBinding bindings[2]{};
    const VkShaderStageFlags stages = isBuffer ? StagesOf(desc.stages, device) : desc.stages;
    bindings[0] = {desc.tableBinding, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, stages, nullptr};
    bindings[1] = {desc.storageBinding, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, maxSlots, stages, nullptr};
    VkDescriptorBindingFlags flags[2]{};
    if (!isBuffer)
        flags[1] = VK_DESCRIPTOR_BINDING_PARTIALLY_BOUND_BIT | VK_DESCRIPTOR_BINDING_UPDATE_AFTER_BIND_BIT |
                   VK_DESCRIPTOR_BINDING_UPDATE_UNUSED_WHILE_PENDING_BIT;
    if (device.descriptors.variableCount)
        flags[1] |= VK_DESCRIPTOR_BINDING_VARIABLE_DESCRIPTOR_COUNT_BIT;
    VkDescriptorSetLayoutBindingFlagsCreateInfo flagsInfo{
        VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_BINDING_FLAGS_CREATE_INFO};
    flagsInfo.bindingCount = 2;
    flagsInfo.pBindingFlags = flags;
    VkDescriptorSetLayoutCreateInfo info{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
    info.pNext = &flagsInfo;
    info.flags = isBuffer ? VK_DESCRIPTOR_SET_LAYOUT_CREATE_DESCRIPTOR_BUFFER_BIT_EXT
                          : VK_DESCRIPTOR_SET_LAYOUT_CREATE_UPDATE_AFTER_BIND_POOL_BIT;
    info.bindingCount = 2;
    info.pBindings = bindings;
    layout->pipelineFlags = isBuffer ? VK_PIPELINE_CREATE_DESCRIPTOR_BUFFER_BIT_EXT : 0;
    const VkResult result =
        device.Check(device.vk.CreateDescriptorSetLayout(device.device, &info, nullptr, &layout->layout));
    if (result != VK_SUCCESS)
    {
        layout->layout = VK_NULL_HANDLE;
        return FailVk(result, "creating the descriptor set layout for {} buffers", maxSlots);
    }
    return layout;
}
} // namespace sedx
