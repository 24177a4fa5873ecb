// Every Vulkan call of the library goes through these two tables: one per instance, one per device. Nothing global.
//
// The tables are filled from vkGetInstanceProcAddr / vkGetDeviceProcAddr. A DispatchHook may replace entries right after
// that: this is how tests count calls and fail the n-th one. The device simulator needs no hook: it replaces
// vkGetInstanceProcAddr.
#pragma once

#include <vulkan/vulkan_core.h>

// Functions of the instance. X(name without vk)
#define SEDX_INSTANCE_FUNCTIONS(X)                                                                                     \
    X(DestroyInstance)                                                                                                 \
    X(EnumeratePhysicalDevices)                                                                                        \
    X(GetPhysicalDeviceProperties)                                                                                     \
    X(GetPhysicalDeviceProperties2)                                                                                    \
    X(GetPhysicalDeviceFeatures2)                                                                                      \
    X(GetPhysicalDeviceFormatProperties)                                                                               \
    X(GetPhysicalDeviceMemoryProperties)                                                                               \
    X(GetPhysicalDeviceMemoryProperties2)                                                                              \
    X(GetPhysicalDeviceQueueFamilyProperties)                                                                          \
    X(GetPhysicalDeviceExternalBufferProperties)                                                                       \
    X(EnumerateDeviceExtensionProperties)                                                                              \
    X(CreateDevice)                                                                                                    \
    X(GetDeviceProcAddr)

// Functions of the instance that exist only with VK_EXT_debug_utils; null otherwise.
#define SEDX_INSTANCE_FUNCTIONS_OPTIONAL(X)                                                                            \
    X(CreateDebugUtilsMessengerEXT)                                                                                    \
    X(DestroyDebugUtilsMessengerEXT)

// Functions of the device, all core in Vulkan 1.3.
#define SEDX_DEVICE_FUNCTIONS(X)                                                                                       \
    X(DestroyDevice)                                                                                                   \
    X(GetDeviceQueue)                                                                                                  \
    X(QueueSubmit2)                                                                                                    \
    X(QueueBindSparse)                                                                                                 \
    X(AllocateMemory)                                                                                                  \
    X(FreeMemory)                                                                                                      \
    X(MapMemory)                                                                                                       \
    X(UnmapMemory)                                                                                                     \
    X(FlushMappedMemoryRanges)                                                                                         \
    X(InvalidateMappedMemoryRanges)                                                                                    \
    X(BindBufferMemory)                                                                                                \
    X(BindBufferMemory2)                                                                                               \
    X(BindImageMemory)                                                                                                 \
    X(BindImageMemory2)                                                                                                \
    X(GetBufferMemoryRequirements)                                                                                     \
    X(GetBufferMemoryRequirements2)                                                                                    \
    X(GetImageMemoryRequirements)                                                                                      \
    X(GetImageMemoryRequirements2)                                                                                     \
    X(GetDeviceBufferMemoryRequirements)                                                                               \
    X(GetDeviceImageMemoryRequirements)                                                                                \
    X(CreateBuffer)                                                                                                    \
    X(DestroyBuffer)                                                                                                   \
    X(CreateBufferView)                                                                                                \
    X(DestroyBufferView)                                                                                               \
    X(CreateImage)                                                                                                     \
    X(DestroyImage)                                                                                                    \
    X(GetBufferDeviceAddress)                                                                                          \
    X(CreateSemaphore)                                                                                                 \
    X(DestroySemaphore)                                                                                                \
    X(GetSemaphoreCounterValue)                                                                                        \
    X(WaitSemaphores)                                                                                                  \
    X(CreateEvent)                                                                                                     \
    X(DestroyEvent)                                                                                                    \
    X(ResetEvent)                                                                                                      \
    X(CreateCommandPool)                                                                                               \
    X(DestroyCommandPool)                                                                                              \
    X(ResetCommandPool)                                                                                                \
    X(AllocateCommandBuffers)                                                                                          \
    X(BeginCommandBuffer)                                                                                              \
    X(EndCommandBuffer)                                                                                                \
    X(CreateShaderModule)                                                                                              \
    X(DestroyShaderModule)                                                                                             \
    X(CreatePipelineLayout)                                                                                            \
    X(DestroyPipelineLayout)                                                                                           \
    X(CreateComputePipelines)                                                                                          \
    X(DestroyPipeline)                                                                                                 \
    X(CreateQueryPool)                                                                                                 \
    X(DestroyQueryPool)                                                                                                \
    X(GetQueryPoolResults)                                                                                             \
    X(CmdCopyBuffer)                                                                                                   \
    X(CmdCopyBuffer2)                                                                                                  \
    X(CmdCopyBufferToImage2)                                                                                           \
    X(CmdCopyImageToBuffer2)                                                                                           \
    X(CmdUpdateBuffer)                                                                                                 \
    X(CmdFillBuffer)                                                                                                   \
    X(CmdPipelineBarrier2)                                                                                             \
    X(CreateDescriptorPool)                                                                                            \
    X(DestroyDescriptorPool)                                                                                           \
    X(CreateDescriptorSetLayout)                                                                                       \
    X(DestroyDescriptorSetLayout)                                                                                      \
    X(AllocateDescriptorSets)                                                                                          \
    X(UpdateDescriptorSets)                                                                                            \
    X(CmdBindDescriptorSets)                                                                                           \
    X(CmdBindVertexBuffers)                                                                                            \
    X(CmdBindIndexBuffer)                                                                                              \
    X(CmdSetEvent2)                                                                                                    \
    X(CmdWaitEvents2)                                                                                                  \
    X(CmdBindPipeline)                                                                                                 \
    X(CmdPushConstants)                                                                                                \
    X(CmdDispatch)                                                                                                     \
    X(CmdDispatchIndirect)                                                                                             \
    X(CmdDrawIndirect)                                                                                                 \
    X(CmdDrawIndexedIndirect)                                                                                          \
    X(CmdDrawIndirectCount)                                                                                            \
    X(CmdDrawIndexedIndirectCount)                                                                                     \
    X(CmdResetQueryPool)                                                                                               \
    X(CmdWriteTimestamp2)

// Null unless their extensions are enabled: VK_EXT_debug_utils in the instance; VK_EXT_external_memory_host,
// VK_EXT_descriptor_buffer and VK_EXT_mesh_shader on the device.
#define SEDX_DEVICE_FUNCTIONS_OPTIONAL(X)                                                                              \
    X(SetDebugUtilsObjectNameEXT)                                                                                      \
    X(GetMemoryHostPointerPropertiesEXT)                                                                               \
    X(GetDescriptorSetLayoutSizeEXT)                                                                                   \
    X(GetDescriptorSetLayoutBindingOffsetEXT)                                                                          \
    X(GetDescriptorEXT)                                                                                                \
    X(CmdBindDescriptorBuffersEXT)                                                                                     \
    X(CmdSetDescriptorBufferOffsetsEXT)                                                                                \
    X(CmdDrawMeshTasksIndirectEXT)                                                                                     \
    X(CmdDrawMeshTasksIndirectCountEXT)

namespace sedx
{
#define SEDX_MEMBER(name) PFN_vk##name name = nullptr;
struct InstanceDispatch
{
    SEDX_INSTANCE_FUNCTIONS(SEDX_MEMBER)
    SEDX_INSTANCE_FUNCTIONS_OPTIONAL(SEDX_MEMBER)
};

struct DeviceDispatch
{
    SEDX_DEVICE_FUNCTIONS(SEDX_MEMBER)
    SEDX_DEVICE_FUNCTIONS_OPTIONAL(SEDX_MEMBER)
};
#undef SEDX_MEMBER

// Replaces entries of a table once, right after it was filled and before anything else uses it. Replacements are plain
// functions; what they need to know they find by their first argument. They must outlive the device.
struct DispatchHook
{
    void (*wrapInstance)(InstanceDispatch& table, VkInstance instance, void* user) = nullptr;
    void (*wrapDevice)(DeviceDispatch& table, VkDevice device, void* user) = nullptr;
    void* user = nullptr;
};
} // namespace sedx
