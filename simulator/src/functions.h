// The functions that the simulator wraps, and tables of the real ones. Whatever is not here is passed through.
//
// A function promoted to core is listed by its core name; its KHR name is wrapped too (see wrappers.cpp).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vulkan/vulkan_core.h>

// X(name without vk). Some are here for one reason only: they return a VkResult, and may be made to fail.
#define SEDX_SIMULATOR_INSTANCE_FUNCTIONS(X)                                                                           \
    X(DestroyInstance)                                                                                                 \
    X(EnumeratePhysicalDevices)                                                                                        \
    X(EnumeratePhysicalDeviceGroups)                                                                                   \
    X(GetPhysicalDeviceProperties)                                                                                     \
    X(GetPhysicalDeviceProperties2)                                                                                    \
    X(GetPhysicalDeviceFeatures)                                                                                       \
    X(GetPhysicalDeviceFeatures2)                                                                                      \
    X(GetPhysicalDeviceMemoryProperties)                                                                               \
    X(GetPhysicalDeviceMemoryProperties2)                                                                              \
    X(GetPhysicalDeviceQueueFamilyProperties)                                                                          \
    X(GetPhysicalDeviceQueueFamilyProperties2)                                                                         \
    X(GetPhysicalDeviceImageFormatProperties)                                                                          \
    X(GetPhysicalDeviceImageFormatProperties2)                                                                         \
    X(GetPhysicalDeviceToolProperties)                                                                                 \
    X(GetPhysicalDeviceSurfaceSupportKHR)                                                                              \
    X(EnumerateDeviceExtensionProperties)                                                                              \
    X(EnumerateDeviceLayerProperties)                                                                                  \
    X(CreateDevice)

// What the simulator has something to say about.
#define SEDX_SIMULATOR_DEVICE_FUNCTIONS(X)                                                                             \
    X(DestroyDevice)                                                                                                   \
    X(GetDeviceProcAddr)                                                                                               \
    X(DeviceWaitIdle)                                                                                                  \
    X(AllocateMemory)                                                                                                  \
    X(FreeMemory)                                                                                                      \
    X(MapMemory)                                                                                                       \
    X(MapMemory2KHR)                                                                                                   \
    X(UnmapMemory)                                                                                                     \
    X(UnmapMemory2KHR)                                                                                                 \
    X(FlushMappedMemoryRanges)                                                                                         \
    X(InvalidateMappedMemoryRanges)                                                                                    \
    X(GetBufferMemoryRequirements)                                                                                     \
    X(GetBufferMemoryRequirements2)                                                                                    \
    X(GetImageMemoryRequirements)                                                                                      \
    X(GetImageMemoryRequirements2)                                                                                     \
    X(GetDeviceBufferMemoryRequirements)                                                                               \
    X(GetDeviceImageMemoryRequirements)                                                                                \
    X(GetMemoryHostPointerPropertiesEXT)                                                                               \
    X(GetMemoryFdPropertiesKHR)                                                                                        \
    X(CreateBuffer)                                                                                                    \
    X(DestroyBuffer)                                                                                                   \
    X(CreateImage)                                                                                                     \
    X(DestroyImage)                                                                                                    \
    X(GetDeviceQueue)                                                                                                  \
    X(GetDeviceQueue2)                                                                                                 \
    X(QueueSubmit)                                                                                                     \
    X(QueueSubmit2)                                                                                                    \
    X(QueueBindSparse)                                                                                                 \
    X(QueueWaitIdle)                                                                                                   \
    X(QueuePresentKHR)                                                                                                 \
    X(QueueBeginDebugUtilsLabelEXT)                                                                                    \
    X(QueueEndDebugUtilsLabelEXT)                                                                                      \
    X(QueueInsertDebugUtilsLabelEXT)                                                                                   \
    X(SetDebugUtilsObjectNameEXT)                                                                                      \
    X(GetQueueCheckpointDataNV)                                                                                        \
    X(GetQueueCheckpointData2NV)                                                                                       \
    X(SetDebugUtilsObjectTagEXT)                                                                                       \
    X(CreateSemaphore)                                                                                                 \
    X(DestroySemaphore)                                                                                                \
    X(SignalSemaphore)                                                                                                 \
    X(CreateCommandPool)                                                                                               \
    X(DestroyCommandPool)                                                                                              \
    X(AllocateCommandBuffers)                                                                                          \
    X(FreeCommandBuffers)                                                                                              \
    X(BeginCommandBuffer)                                                                                              \
    X(CmdExecuteCommands)                                                                                              \
    X(CmdPipelineBarrier)                                                                                              \
    X(CmdPipelineBarrier2)                                                                                             \
    X(CmdWaitEvents)                                                                                                   \
    X(CmdWaitEvents2)                                                                                                  \
    X(CmdSetEvent2)                                                                                                    \
    X(CmdCopyBuffer)                                                                                                   \
    X(CmdCopyBuffer2)                                                                                                  \
    X(CmdCopyBufferToImage)                                                                                            \
    X(CmdCopyBufferToImage2)                                                                                           \
    X(CmdCopyImageToBuffer)                                                                                            \
    X(CmdCopyImageToBuffer2)                                                                                           \
    X(CmdFillBuffer)                                                                                                   \
    X(CmdUpdateBuffer)                                                                                                 \
    X(CmdBindIndexBuffer)                                                                                              \
    X(CmdBindVertexBuffers)                                                                                            \
    X(CmdBindVertexBuffers2)                                                                                           \
    X(CmdDrawIndirect)                                                                                                 \
    X(CmdDrawIndexedIndirect)                                                                                          \
    X(CmdDispatchIndirect)                                                                                             \
    X(CmdBindPipeline)

// Wrapped to be made to fail. With those above all that return a VkResult in Vulkan 1.3 and need a device.
#define SEDX_SIMULATOR_FALLIBLE_FUNCTIONS(X)                                                                           \
    X(BindBufferMemory)                                                                                                \
    X(BindBufferMemory2)                                                                                               \
    X(BindImageMemory)                                                                                                 \
    X(BindImageMemory2)                                                                                                \
    X(GetSemaphoreCounterValue)                                                                                        \
    X(WaitSemaphores)                                                                                                  \
    X(CreateFence)                                                                                                     \
    X(ResetFences)                                                                                                     \
    X(GetFenceStatus)                                                                                                  \
    X(WaitForFences)                                                                                                   \
    X(CreateEvent)                                                                                                     \
    X(GetEventStatus)                                                                                                  \
    X(SetEvent)                                                                                                        \
    X(ResetEvent)                                                                                                      \
    X(CreateQueryPool)                                                                                                 \
    X(GetQueryPoolResults)                                                                                             \
    X(CreateBufferView)                                                                                                \
    X(CreateImageView)                                                                                                 \
    X(CreateSampler)                                                                                                   \
    X(CreateSamplerYcbcrConversion)                                                                                    \
    X(CreateShaderModule)                                                                                              \
    X(CreatePipelineCache)                                                                                             \
    X(GetPipelineCacheData)                                                                                            \
    X(MergePipelineCaches)                                                                                             \
    X(CreatePipelineLayout)                                                                                            \
    X(CreateGraphicsPipelines)                                                                                         \
    X(CreateComputePipelines)                                                                                          \
    X(CreateDescriptorSetLayout)                                                                                       \
    X(CreateDescriptorPool)                                                                                            \
    X(ResetDescriptorPool)                                                                                             \
    X(AllocateDescriptorSets)                                                                                          \
    X(FreeDescriptorSets)                                                                                              \
    X(CreateDescriptorUpdateTemplate)                                                                                  \
    X(CreateRenderPass)                                                                                                \
    X(CreateRenderPass2)                                                                                               \
    X(CreateFramebuffer)                                                                                               \
    X(CreatePrivateDataSlot)                                                                                           \
    X(SetPrivateData)                                                                                                  \
    X(EndCommandBuffer)                                                                                                \
    X(ResetCommandBuffer)                                                                                              \
    X(ResetCommandPool)

#define SEDX_SIMULATOR_ALL_DEVICE_FUNCTIONS(X)                                                                         \
    SEDX_SIMULATOR_DEVICE_FUNCTIONS(X)                                                                                 \
    SEDX_SIMULATOR_FALLIBLE_FUNCTIONS(X)

namespace sedx::simulator
{
enum class Fn : uint32_t
{
#define SEDX_SIMULATOR_ENUMERATOR(name) name,
    SEDX_SIMULATOR_INSTANCE_FUNCTIONS(SEDX_SIMULATOR_ENUMERATOR)
        SEDX_SIMULATOR_ALL_DEVICE_FUNCTIONS(SEDX_SIMULATOR_ENUMERATOR)
#undef SEDX_SIMULATOR_ENUMERATOR
            Count,
};

inline constexpr std::array<std::string_view, static_cast<size_t>(Fn::Count)> kFunctionNames = {
#define SEDX_SIMULATOR_NAME(name) std::string_view(#name),
    SEDX_SIMULATOR_INSTANCE_FUNCTIONS(SEDX_SIMULATOR_NAME) SEDX_SIMULATOR_ALL_DEVICE_FUNCTIONS(SEDX_SIMULATOR_NAME)
#undef SEDX_SIMULATOR_NAME
};
// Without vk.
constexpr std::string_view NameOf(Fn function) noexcept { return kFunctionNames[static_cast<size_t>(function)]; }

#define SEDX_SIMULATOR_MEMBER(name) PFN_vk##name name = nullptr;
struct InstanceFunctions
{
    SEDX_SIMULATOR_INSTANCE_FUNCTIONS(SEDX_SIMULATOR_MEMBER)
};
struct DeviceFunctions
{
    SEDX_SIMULATOR_ALL_DEVICE_FUNCTIONS(SEDX_SIMULATOR_MEMBER)
};
#undef SEDX_SIMULATOR_MEMBER
} // namespace sedx::simulator
