// SimulatedDevice: an instance and a device made with plain Vulkan through a simulator, as an engine would. What the
// library does on simulated devices, the other suites show; these tests look at the simulator itself.
#pragma once

#include "support/memory_layout.h"
#include "support/validation_log.h"

#include <gtest/gtest.h>
#include <vector>

// X(name without vk)
#define SEDX_TEST_SIMULATED_INSTANCE_FUNCTIONS(X)                                                                      \
    X(DestroyInstance)                                                                                                 \
    X(EnumeratePhysicalDevices)                                                                                        \
    X(GetPhysicalDeviceProperties)                                                                                     \
    X(GetPhysicalDeviceProperties2)                                                                                    \
    X(GetPhysicalDeviceFeatures)                                                                                       \
    X(GetPhysicalDeviceFeatures2)                                                                                      \
    X(GetPhysicalDeviceMemoryProperties)                                                                               \
    X(GetPhysicalDeviceMemoryProperties2)                                                                              \
    X(GetPhysicalDeviceQueueFamilyProperties)                                                                          \
    X(CreateDevice)                                                                                                    \
    X(CreateDebugUtilsMessengerEXT)                                                                                    \
    X(DestroyDebugUtilsMessengerEXT)
#define SEDX_TEST_SIMULATED_DEVICE_FUNCTIONS(X)                                                                        \
    X(DestroyDevice)                                                                                                   \
    X(DeviceWaitIdle)                                                                                                  \
    X(GetDeviceQueue)                                                                                                  \
    X(GetDeviceQueue2)                                                                                                 \
    X(QueueSubmit)                                                                                                     \
    X(QueueSubmit2)                                                                                                    \
    X(QueueSubmit2KHR)                                                                                                 \
    X(QueueWaitIdle)                                                                                                   \
    X(AllocateMemory)                                                                                                  \
    X(FreeMemory)                                                                                                      \
    X(MapMemory)                                                                                                       \
    X(UnmapMemory)                                                                                                     \
    X(FlushMappedMemoryRanges)                                                                                         \
    X(InvalidateMappedMemoryRanges)                                                                                    \
    X(CreateBuffer)                                                                                                    \
    X(DestroyBuffer)                                                                                                   \
    X(BindBufferMemory)                                                                                                \
    X(GetBufferMemoryRequirements)                                                                                     \
    X(GetBufferMemoryRequirements2)                                                                                    \
    X(GetBufferMemoryRequirements2KHR)                                                                                 \
    X(GetDeviceBufferMemoryRequirements)                                                                               \
    X(CreateImage)                                                                                                     \
    X(DestroyImage)                                                                                                    \
    X(BindImageMemory)                                                                                                 \
    X(GetImageMemoryRequirements)                                                                                      \
    X(CreateSemaphore)                                                                                                 \
    X(DestroySemaphore)                                                                                                \
    X(SignalSemaphore)                                                                                                 \
    X(WaitSemaphores)                                                                                                  \
    X(GetSemaphoreCounterValue)                                                                                        \
    X(CreateFence)                                                                                                     \
    X(DestroyFence)                                                                                                    \
    X(WaitForFences)                                                                                                   \
    X(GetFenceStatus)                                                                                                  \
    X(CreateCommandPool)                                                                                               \
    X(DestroyCommandPool)                                                                                              \
    X(AllocateCommandBuffers)                                                                                          \
    X(AllocateDescriptorSets)                                                                                          \
    X(CreateShaderModule)                                                                                              \
    X(DestroyShaderModule)                                                                                             \
    X(CreatePipelineLayout)                                                                                            \
    X(DestroyPipelineLayout)                                                                                           \
    X(CreateComputePipelines)                                                                                          \
    X(DestroyPipeline)                                                                                                 \
    X(BeginCommandBuffer)                                                                                              \
    X(EndCommandBuffer)                                                                                                \
    X(CmdBindPipeline)                                                                                                 \
    X(CmdCopyBuffer)                                                                                                   \
    X(CmdCopyBufferToImage)                                                                                            \
    X(CmdExecuteCommands)                                                                                              \
    X(CmdFillBuffer)                                                                                                   \
    X(CmdPipelineBarrier)                                                                                              \
    X(CmdPipelineBarrier2)                                                                                             \
    X(SetDebugUtilsObjectNameEXT)

namespace sedx::test
{
class SimulatedDevice
{
  public:
    struct Memory
    {
        VkDeviceMemory handle = VK_NULL_HANDLE;
        VkBuffer buffer = VK_NULL_HANDLE;
        uint64_t bytes = 0;
    };

    enum class Queues
    {
        All,
        OfRealFamilies,
    };
    // Every queue of these families is created. False, with a failure of the test, if there is no device.
    bool Create(simulator::DeviceLayout layout, const simulator::SimulatorOptions& options = {},
                Queues queues = Queues::All);
    SimulatedDevice() = default;
    ~SimulatedDevice();   // what validation said is a failure
    void DestroyDevice(); // and all objects that were made here; earlier than the rest
    SimulatedDevice(const SimulatedDevice&) = delete;
    SimulatedDevice& operator=(const SimulatedDevice&) = delete;

    VkResult Allocate(uint32_t type, uint64_t bytes, VkDeviceMemory& memory); // not freed by the destructor
    // A buffer with memory of its own.
    Memory MakeBuffer(uint32_t type, uint64_t bytes, VkSharingMode sharing = VK_SHARING_MODE_EXCLUSIVE);
    std::byte* Map(const Memory& memory);
    void DestroyBuffers(); // and their memory

    VkSemaphore MakeTimeline();
    VkCommandBuffer Begin(uint32_t family);
    VkCommandBuffer BeginSecondary(uint32_t family);
    // Ends `cmd` (may be null) and submits it; semaphores may be null.
    VkResult Submit(VkQueue queue, VkCommandBuffer cmd, VkSemaphore wait, uint64_t waitValue, VkSemaphore signal,
                    uint64_t signalValue);
    VkQueue Queue(uint32_t family, uint32_t index = 0);
    // Last family with these flags and none of the others among graphics, compute and transfer: a simulated one where
    // there is one, for those come after the real ones.
    uint32_t Family(VkQueueFlags exactly) const;
    // The real family that the simulated ones stand on: the first one that draws and computes.
    uint32_t BaseFamily() const;
    // All that was written before is visible to all that follows in the queue.
    void Barrier(VkCommandBuffer cmd);

    std::unique_ptr<simulator::DeviceSimulator> simulator;
    ValidationLog validation;
    VkInstance instance = VK_NULL_HANDLE;
    VkPhysicalDevice physicalDevice = VK_NULL_HANDLE;
    VkDevice device = VK_NULL_HANDLE;
    std::vector<VkQueueFamilyProperties> families;
    struct Functions
    {
#define SEDX_TEST_MEMBER(name) PFN_vk##name name = nullptr;
        SEDX_TEST_SIMULATED_INSTANCE_FUNCTIONS(SEDX_TEST_MEMBER)
        SEDX_TEST_SIMULATED_DEVICE_FUNCTIONS(SEDX_TEST_MEMBER)
#undef SEDX_TEST_MEMBER
    } vk;

  private:
    bool CreateInstance();
    bool CreateDevice(Queues wanted);
    VkCommandBuffer Begin(uint32_t family, VkCommandBufferLevel level);

    VkDebugUtilsMessengerEXT m_messenger = VK_NULL_HANDLE;
    std::vector<Memory> m_memory;
    std::vector<VkSemaphore> m_semaphores;
    std::vector<VkCommandPool> m_pools;
};

// A layout of the simulator's own folder; the test fails if it is not there.
simulator::DeviceLayout OwnLayout(const char* name);
} // namespace sedx::test
