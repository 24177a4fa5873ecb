// What all parts of the library share about one device: handles, tables, queues with their locks, the lost flag.
#pragma once

#include "base/error.h"
#include "vulkan/alignment_limits.h"
#include "vulkan/loader.h"

#include <sedx/device.h>

#include <atomic>
#include <mutex>
#include <optional>

namespace sedx
{
class Kernels;

// Access to one VkQueue. Two entries may be the same VkQueue; then they share the mutex.
struct QueueAccess
{
    std::shared_ptr<std::mutex> mutex; // serialises what goes through this Device
    std::function<void()> lock;
    std::function<void()> unlock;
    std::function<VkResult(VkQueue, std::span<const VkSubmitInfo2>, VkFence)> submit;
};

// Features that something needs which not every device has; true: enabled.
struct OptionalFeatures
{
    bool multiDrawIndirect = false;
    bool drawIndirectCount = false;
    bool indexTypeUint8 = false;
    bool meshShader = false;
    bool sparseBinding = false;
    bool sparseResidencyBuffer = false;
};

struct DeviceState
{
    VulkanLibrary library; // closed last; empty if the engine gave its loader
    PFN_vkGetInstanceProcAddr getInstanceProcAddr = nullptr;
    VkInstance instance = VK_NULL_HANDLE;
    VkPhysicalDevice physicalDevice = VK_NULL_HANDLE;
    VkDevice device = VK_NULL_HANDLE;
    InstanceDispatch vki;
    DeviceDispatch vk;
    DispatchHook hook;
    bool adopted = false;
    bool debugUtils = false;
    VkDebugUtilsMessengerEXT messenger = VK_NULL_HANDLE;

    VkPhysicalDeviceProperties properties{};
    VkPhysicalDeviceMemoryProperties memory{};
    uint64_t maxBufferSize = 0;     // VkPhysicalDeviceMaintenance4Properties
    uint64_t maxAllocationSize = 0; // VkPhysicalDeviceMaintenance3Properties: of one piece of memory
    AlignmentLimits alignments;
    bool hasAccelerationStructures = false; // the extension is enabled
    bool hasRayTracingPipelines = false;
    bool hasMemoryPriority = false; // the feature is enabled
    struct DescriptorFacts // enabled features and limits
    {
        bool indexing = false;      // storage buffers: update after bind and unused while pending, partially bound
        bool variableCount = false; // descriptorBindingVariableDescriptorCount
        bool nullDescriptor = false;
        bool buffers = false;       // VK_EXT_descriptor_buffer
        bool tellsRobustness = false; // the features of Vulkan 1.0 are known
        bool robustBuffers = false; // robustBufferAccess: descriptors of descriptor buffers have another size then
        uint32_t maxPerStage = 0;   // storage buffers of sets that are updated after bind
        uint32_t maxPerSet = 0;
        uint32_t maxInPools = 0;    // of any type, in all pools of such sets
        uint32_t maxResourcesPerStage = 0;
        VkPhysicalDeviceDescriptorBufferPropertiesEXT buffer{};
    } descriptors;
    OptionalFeatures features;
    uint64_t hostImportAlignment = 0; // minImportedHostPointerAlignment; 0: host memory cannot be imported
    std::string name;
    std::vector<QueueInfo> queues;
    std::vector<QueueAccess> access;
    std::vector<uint32_t> families; // without repetition
    std::vector<std::string> extensions;
    std::optional<VmaTable> vma;              // the engine's allocator, if any
    std::unique_ptr<Kernels> kernels;

    std::atomic<bool> lost{false};
    std::atomic<uint64_t> validationErrors{0};
    std::atomic<uint64_t> validationWarnings{0};
    std::function<void(const ValidationMessage&)> onValidationMessage;

    DeviceState();
    ~DeviceState();
    DeviceState(const DeviceState&) = delete;
    DeviceState& operator=(const DeviceState&) = delete;

    // Passes a VkResult through and remembers a lost device.
    VkResult Check(VkResult result) noexcept
    {
        if (result == VK_ERROR_DEVICE_LOST)
            lost.store(true, std::memory_order_release);
        return result;
    }
    bool IsLost() const noexcept { return lost.load(std::memory_order_acquire); }
    tl::unexpected<Error> LostError() const
    {
        return tl::unexpected<Error>(
            Error{ErrorCode::DeviceLost, VK_ERROR_DEVICE_LOST, fmt::format("device '{}' was lost", name)});
    }
    bool HasExtension(std::string_view extension) const noexcept;
    // All queues of the device may use it, or `exclusive`: those of one family at a time. Refers to this object.
    VkBufferCreateInfo BufferInfo(uint64_t bytes, VkBufferUsageFlags usage, bool exclusive = false) const noexcept;
    // A queue that transfers and does nothing else; 0: there is none beside queue 0.
    uint32_t TransferQueue() const noexcept;

    VkResult Submit(uint32_t queue, std::span<const VkSubmitInfo2> submits, VkFence fence);
    // A queue that binds sparse memory, and whose lock is ours to take; queues.size(): there is none.
    uint32_t SparseQueue() const noexcept;
    VkResult BindSparse(uint32_t queue, const VkBindSparseInfo& bind);
    void SetName(VkObjectType type, uint64_t handle, const char* objectName) const noexcept;
};

// Fills tables. False names the first function that is missing.
bool LoadInstanceTable(InstanceDispatch& table, PFN_vkGetInstanceProcAddr get, VkInstance instance,
                       const char** missing);
bool LoadDeviceTable(DeviceDispatch& table, PFN_vkGetDeviceProcAddr get, VkDevice device, bool debugUtils,
                     const char** missing);

// Properties, memory, queue infos: everything that follows from the handles. Call once the tables are there.
void FillDeviceFacts(DeviceState& state);
} // namespace sedx
