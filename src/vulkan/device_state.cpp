#include "vulkan/device_state.h"

#include "vulkan/kernels.h"

#include <algorithm>
#include <utility>

namespace sedx
{
DeviceState::DeviceState() : kernels(std::make_unique<Kernels>(*this)) {}

DeviceState::~DeviceState()
{
    kernels.reset();
    if (adopted)
        return;
    if (device != VK_NULL_HANDLE && vk.DestroyDevice != nullptr)
        vk.DestroyDevice(device, nullptr);
    if (messenger != VK_NULL_HANDLE)
        vki.DestroyDebugUtilsMessengerEXT(instance, messenger, nullptr);
    if (instance != VK_NULL_HANDLE && vki.DestroyInstance != nullptr)
        vki.DestroyInstance(instance, nullptr);
}

bool DeviceState::HasExtension(std::string_view extension) const noexcept
{
    return std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
}

uint32_t DeviceState::TransferQueue() const noexcept
{
    // Video queues can transfer too, but are not made for it.
    constexpr VkQueueFlags kMayHave = VK_QUEUE_TRANSFER_BIT | VK_QUEUE_SPARSE_BINDING_BIT | VK_QUEUE_PROTECTED_BIT;
    const auto isOne = [](const QueueInfo& queue) {
        return (queue.flags & VK_QUEUE_TRANSFER_BIT) != 0 && (queue.flags & ~kMayHave) == 0;
    };
    const auto found = std::find_if(queues.begin(), queues.end(), isOne);
    return found != queues.end() ? static_cast<uint32_t>(found - queues.begin()) : 0;
}

VkBufferCreateInfo DeviceState::BufferInfo(uint64_t bytes, VkBufferUsageFlags usage, bool exclusive) const noexcept
{
    VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
    info.size = bytes;
    info.usage = usage;
    if (families.size() > 1 && !exclusive)
    {
        info.sharingMode = VK_SHARING_MODE_CONCURRENT;
        info.queueFamilyIndexCount = static_cast<uint32_t>(families.size());
        info.pQueueFamilyIndices = families.data();
    }
    return info;
}

VkResult DeviceState::Submit(uint32_t queue, std::span<const VkSubmitInfo2> submits, VkFence fence)
{
    const QueueAccess& q = access[queue];
    const std::lock_guard own(*q.mutex);
    if (q.submit)
        return Check(q.submit(queues[queue].queue, submits, fence));
    if (q.lock)
        q.lock();
    const VkResult result =
        vk.QueueSubmit2(queues[queue].queue, static_cast<uint32_t>(submits.size()), submits.data(), fence);
    if (q.unlock)
        q.unlock();
    return Check(result);
}

uint32_t DeviceState::SparseQueue() const noexcept
{
    uint32_t queue = 0;
    while (queue < queues.size() && ((queues[queue].flags & VK_QUEUE_SPARSE_BINDING_BIT) == 0 ||
                                     (access[queue].submit && !access[queue].lock)))
        ++queue;
    return queue;
}

VkResult DeviceState::BindSparse(uint32_t queue, const VkBindSparseInfo& bind)
{
    const QueueAccess& q = access[queue];
    const std::lock_guard own(*q.mutex);
    if (q.lock)
        q.lock();
    const VkResult result = vk.QueueBindSparse(queues[queue].queue, 1, &bind, VK_NULL_HANDLE);
    if (q.unlock)
        q.unlock();
    return Check(result);
}

void DeviceState::SetName(VkObjectType type, uint64_t handle, const char* objectName) const noexcept
{
    if (vk.SetDebugUtilsObjectNameEXT == nullptr || objectName == nullptr || *objectName == '\0')
        return;
    VkDebugUtilsObjectNameInfoEXT info{VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT};
    info.objectType = type;
    info.objectHandle = handle;
    info.pObjectName = objectName;
    vk.SetDebugUtilsObjectNameEXT(device, &info); // a name that does not stick is no error
}

bool LoadInstanceTable(InstanceDispatch& table, PFN_vkGetInstanceProcAddr get, VkInstance instance,
                       const char** missing)
{
#define SEDX_LOAD(name)                                                                                                \
    table.name = reinterpret_cast<PFN_vk##name>(get(instance, "vk" #name));                                            \
    if (table.name == nullptr && *missing == nullptr)                                                                  \
        *missing = "vk" #name;
#define SEDX_LOAD_OPTIONAL(name) table.name = reinterpret_cast<PFN_vk##name>(get(instance, "vk" #name));
    *missing = nullptr;
    SEDX_INSTANCE_FUNCTIONS(SEDX_LOAD)
    SEDX_INSTANCE_FUNCTIONS_OPTIONAL(SEDX_LOAD_OPTIONAL)
#undef SEDX_LOAD
#undef SEDX_LOAD_OPTIONAL
    return *missing == nullptr;
}

bool LoadDeviceTable(DeviceDispatch& table, PFN_vkGetDeviceProcAddr get, VkDevice device, bool debugUtils,
                     const char** missing)
{
#define SEDX_LOAD(name)                                                                                                \
    table.name = reinterpret_cast<PFN_vk##name>(get(device, "vk" #name));                                              \
    if (table.name == nullptr && *missing == nullptr)                                                                  \
        *missing = "vk" #name;
#define SEDX_LOAD_OPTIONAL(name) table.name = reinterpret_cast<PFN_vk##name>(get(device, "vk" #name));
    *missing = nullptr;
    SEDX_DEVICE_FUNCTIONS(SEDX_LOAD)
    SEDX_DEVICE_FUNCTIONS_OPTIONAL(SEDX_LOAD_OPTIONAL)
    if (!debugUtils) // loaders know it all the same
        table.SetDebugUtilsObjectNameEXT = nullptr;
#undef SEDX_LOAD
#undef SEDX_LOAD_OPTIONAL
    return *missing == nullptr;
}

void FillDeviceFacts(DeviceState& state)
{
    VkPhysicalDeviceDriverProperties driver{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
    VkPhysicalDeviceMaintenance4Properties maintenance4{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES};
    maintenance4.pNext = &driver;
    VkPhysicalDeviceMaintenance3Properties maintenance3{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES};
    driver.pNext = &maintenance3;
    VkPhysicalDeviceTexelBufferAlignmentProperties texels{
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TEXEL_BUFFER_ALIGNMENT_PROPERTIES};
    maintenance3.pNext = &texels;
    VkPhysicalDeviceAccelerationStructurePropertiesKHR structures{
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ACCELERATION_STRUCTURE_PROPERTIES_KHR};
    VkPhysicalDeviceRayTracingPipelinePropertiesKHR pipelines{
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_RAY_TRACING_PIPELINE_PROPERTIES_KHR};
    VkPhysicalDeviceExternalMemoryHostPropertiesEXT hostMemory{
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT};
    VkPhysicalDeviceDescriptorIndexingProperties indexing{
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DESCRIPTOR_INDEXING_PROPERTIES};
    texels.pNext = &indexing;
    VkPhysicalDeviceDescriptorBufferPropertiesEXT descriptorBuffers{
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DESCRIPTOR_BUFFER_PROPERTIES_EXT};
    state.descriptors.buffers = state.descriptors.buffers && state.vk.GetDescriptorEXT != nullptr;
    if (state.descriptors.buffers)
        descriptorBuffers.pNext = std::exchange(maintenance4.pNext, &descriptorBuffers);
    const bool importsHostMemory = state.HasExtension(VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME) &&
                                   state.vk.GetMemoryHostPointerPropertiesEXT != nullptr;
    state.hasAccelerationStructures = state.HasExtension(VK_KHR_ACCELERATION_STRUCTURE_EXTENSION_NAME);
    state.hasRayTracingPipelines = state.HasExtension(VK_KHR_RAY_TRACING_PIPELINE_EXTENSION_NAME);
    // Structures of extensions that are not enabled stay out of the chain.
    if (state.hasAccelerationStructures)
        structures.pNext = std::exchange(maintenance4.pNext, &structures);
    if (state.hasRayTracingPipelines)
        pipelines.pNext = std::exchange(maintenance4.pNext, &pipelines);
    if (importsHostMemory)
        hostMemory.pNext = std::exchange(maintenance4.pNext, &hostMemory);
    VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
    properties.pNext = &maintenance4;
    state.vki.GetPhysicalDeviceProperties2(state.physicalDevice, &properties);
    state.properties = properties.properties;
    state.maxBufferSize = maintenance4.maxBufferSize;
    state.maxAllocationSize = maintenance3.maxMemoryAllocationSize;
    const VkPhysicalDeviceLimits& limits = state.properties.limits;
    state.alignments.uniform = std::max<uint64_t>(1, limits.minUniformBufferOffsetAlignment);
    state.alignments.storage = std::max<uint64_t>(1, limits.minStorageBufferOffsetAlignment);
    state.alignments.texel =
        std::max({limits.minTexelBufferOffsetAlignment, texels.storageTexelBufferOffsetAlignmentBytes,
                  texels.uniformTexelBufferOffsetAlignmentBytes, VkDeviceSize{1}});
    if (state.hasAccelerationStructures)
        state.alignments.scratch = std::max(1u, structures.minAccelerationStructureScratchOffsetAlignment);
    if (state.hasRayTracingPipelines)
        state.alignments.shaderGroupBase = std::max(1u, pipelines.shaderGroupBaseAlignment);
    state.descriptors.maxPerStage = indexing.maxPerStageDescriptorUpdateAfterBindStorageBuffers;
    state.descriptors.maxPerSet = indexing.maxDescriptorSetUpdateAfterBindStorageBuffers;
    state.descriptors.maxInPools = indexing.maxUpdateAfterBindDescriptorsInAllPools;
    state.descriptors.maxResourcesPerStage = indexing.maxPerStageUpdateAfterBindResources;
    state.descriptors.buffer = descriptorBuffers;
    state.descriptors.buffer.pNext = nullptr;
    if (importsHostMemory)
        state.hostImportAlignment = std::max<uint64_t>(1, hostMemory.minImportedHostPointerAlignment);
    state.name = fmt::format("{} ({} {})", properties.properties.deviceName, driver.driverName, driver.driverInfo);
    state.vki.GetPhysicalDeviceMemoryProperties(state.physicalDevice, &state.memory);

    uint32_t count = 0;
    state.vki.GetPhysicalDeviceQueueFamilyProperties(state.physicalDevice, &count, nullptr);
    std::vector<VkQueueFamilyProperties> families(count);
    state.vki.GetPhysicalDeviceQueueFamilyProperties(state.physicalDevice, &count, families.data());
    for (QueueInfo& queue : state.queues)
    {
        if (queue.family < count)
        {
            queue.flags = families[queue.family].queueFlags;
            queue.imageGranularity = families[queue.family].minImageTransferGranularity;
            queue.timestampValidBits = families[queue.family].timestampValidBits;
        }
        if (std::find(state.families.begin(), state.families.end(), queue.family) == state.families.end())
            state.families.push_back(queue.family);
    }
}
} // namespace sedx
