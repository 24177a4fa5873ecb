// Device functions for the tests' own Vulkan code, loaded past the library's tables: what a test does itself is neither
// counted nor failed by an Interceptor.
#pragma once

#include <sedx/device.h>

#define SEDX_TEST_RAW_FUNCTIONS(X)                                                                                     \
    X(DestroyDevice)                                                                                                   \
    X(DeviceWaitIdle)                                                                                                  \
    X(GetDeviceQueue)                                                                                                  \
    X(QueueSubmit2)                                                                                                    \
    X(CreateSemaphore)                                                                                                 \
    X(DestroySemaphore)                                                                                                \
    X(SignalSemaphore)                                                                                                 \
    X(GetSemaphoreCounterValue)                                                                                        \
    X(CreateFence)                                                                                                     \
    X(DestroyFence)                                                                                                    \
    X(WaitForFences)                                                                                                   \
    X(CreateCommandPool)                                                                                               \
    X(DestroyCommandPool)                                                                                              \
    X(AllocateCommandBuffers)                                                                                          \
    X(BeginCommandBuffer)                                                                                              \
    X(EndCommandBuffer)                                                                                                \
    X(CmdPipelineBarrier2)                                                                                             \
    X(CmdCopyBuffer)                                                                                                   \
    X(CmdFillBuffer)                                                                                                   \
    X(CmdUpdateBuffer)                                                                                                 \
    X(CreateBufferView)                                                                                                \
    X(DestroyBufferView)                                                                                               \
    X(CreateImage)                                                                                                     \
    X(DestroyImage)                                                                                                    \
    X(CreateShaderModule)                                                                                              \
    X(DestroyShaderModule)                                                                                             \
    X(CreateDescriptorSetLayout)                                                                                       \
    X(DestroyDescriptorSetLayout)                                                                                      \
    X(CreateDescriptorPool)                                                                                            \
    X(DestroyDescriptorPool)                                                                                           \
    X(AllocateDescriptorSets)                                                                                          \
    X(UpdateDescriptorSets)                                                                                            \
    X(CreatePipelineLayout)                                                                                            \
    X(DestroyPipelineLayout)                                                                                           \
    X(CreateComputePipelines)                                                                                          \
    X(CreateGraphicsPipelines)                                                                                         \
    X(DestroyPipeline)                                                                                                 \
    X(CmdBindPipeline)                                                                                                 \
    X(CmdBindDescriptorSets)                                                                                           \
    X(CmdBeginRendering)                                                                                               \
    X(CmdEndRendering)                                                                                                 \
    X(CmdDispatch)                                                                                                     \
    X(CmdDraw)                                                                                                         \
    X(GetImageMemoryRequirements)                                                                                      \
    X(AllocateMemory)                                                                                                  \
    X(FreeMemory)                                                                                                      \
    X(BindImageMemory)

namespace sedx::test
{
struct RawFunctions
{
#define SEDX_TEST_MEMBER(name) PFN_vk##name name = nullptr;
    SEDX_TEST_RAW_FUNCTIONS(SEDX_TEST_MEMBER)
#undef SEDX_TEST_MEMBER

    static RawFunctions Load(const Device& device);
    static RawFunctions Load(PFN_vkGetDeviceProcAddr getDeviceProcAddr, VkDevice device);
};

// vkGetInstanceProcAddr of the system's loader; null if there is none.
PFN_vkGetInstanceProcAddr LoaderEntry();

// True if `name` is among the device extensions that the physical device offers.
bool HasDeviceExtension(const Device& device, const char* name);
} // namespace sedx::test
