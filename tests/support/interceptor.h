// Interceptor: stands between the library and the driver through the DispatchHook, counts, records, and makes calls fail.
//
//     Interceptor interceptor;                                   // must outlive the device
//     auto device = Device::Create({.hook = interceptor.Hook()});
//     interceptor.FailCall(7, VK_ERROR_OUT_OF_DEVICE_MEMORY);    // the seventh call from now that returns a VkResult
//
// What kind of device it is, the simulator says (TestDevice::Present in gpu_test.h), which stands below the interceptor.
//
// One interceptor serves one device; any number may live at once. Thread-safe, except for the settings that say that
// they must be made before the device is created.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <sedx/dispatch.h>
#include <span>
#include <string>
#include <vector>

namespace sedx::test
{
// Every function in the library's two tables.
enum class Fn : uint32_t
{
#define SEDX_TEST_ENUMERATOR(name) name,
    SEDX_INSTANCE_FUNCTIONS(SEDX_TEST_ENUMERATOR) SEDX_INSTANCE_FUNCTIONS_OPTIONAL(SEDX_TEST_ENUMERATOR)
        SEDX_DEVICE_FUNCTIONS(SEDX_TEST_ENUMERATOR) SEDX_DEVICE_FUNCTIONS_OPTIONAL(SEDX_TEST_ENUMERATOR)
#undef SEDX_TEST_ENUMERATOR
            Count,
};
const char* FunctionName(Fn function) noexcept; // without "vk"

struct SubmissionRecord
{
    VkQueue queue = VK_NULL_HANDLE;
    std::vector<VkSemaphoreSubmitInfo> waits{};
    std::vector<VkSemaphoreSubmitInfo> signals{};
    std::vector<VkCommandBuffer> commandBuffers{};
};

// One region of vkCmdCopyBuffer, vkCmdCopyBuffer2, vkCmdCopyBufferToImage2 or vkCmdCopyImageToBuffer2, or one
// vkCmdUpdateBuffer.
struct CopyRecord
{
    VkCommandBuffer commandBuffer = VK_NULL_HANDLE;
    VkBuffer source = VK_NULL_HANDLE;      // null: an image, or the command buffer
    VkBuffer destination = VK_NULL_HANDLE; // null: an image
    uint64_t sourceOffset = 0;
    uint64_t destinationOffset = 0;
    uint64_t bytes = 0;  // 0 for images
    VkExtent3D extent{}; // of images
    uint32_t call = 0;   // regions with the same number came in one call
};

struct BarrierRecord
{
    VkCommandBuffer commandBuffer = VK_NULL_HANDLE;
    uint32_t copyCalls = 0; // calls that recorded copies before it, in any command buffer
    VkMemoryBarrier2 barrier{};
};

struct FlushRecord
{
    bool isInvalidate = false;
    VkDeviceMemory memory = VK_NULL_HANDLE;
    uint64_t offset = 0;
    uint64_t bytes = 0; // VK_WHOLE_SIZE possible
};

// What is in order when a device goes: nothing. Kinds are spelled as in vkCreate…: "Buffer", "Semaphore"; "Memory".
struct ObjectCount
{
    std::string kind;
    uint64_t created = 0;
    uint64_t alive = 0;
};

class Interceptor
{
  public:
    Interceptor();
    ~Interceptor();
    Interceptor(const Interceptor&) = delete;
    Interceptor& operator=(const Interceptor&) = delete;

    DispatchHook Hook() noexcept;

    // ---- before the device is created ------------------------------------------------------------------------------
    // Sees the features that the driver reports, and may clear some.
    std::function<void(VkPhysicalDeviceFeatures2&)> onFeatures;
    // Sees the properties that the driver reports, and may change some.
    std::function<void(VkPhysicalDeviceProperties&)> onProperties;
    // Sees what the driver (or the layout) says of the heaps' budgets, and may change it. Also while the device lives, on
    // the thread that begins a frame.
    std::function<void(VkPhysicalDeviceMemoryBudgetPropertiesEXT&)> onBudget;
    // Sees what the library gives to vkCreateDevice.
    std::function<void(const VkDeviceCreateInfo&)> onCreateDevice;
    // The driver has no devices.
    bool hideDevices = false;
    // Sees every submission before the driver does.
    std::function<void(VkQueue, std::span<const VkSubmitInfo2>)> onSubmit;
    // Runs when the library is about to wait for semaphores, on its thread, before anything else.
    std::function<void()> onWait;

    // ---- counting --------------------------------------------------------------------------------------------------
    uint64_t Calls(Fn function) const noexcept;
    uint64_t FallibleCalls() const noexcept; // of functions that return a VkResult
    std::vector<std::string> Trace() const;  // names of the fallible calls, in order, while tracing
    void SetTracing(bool on);

    // ---- failing ---------------------------------------------------------------------------------------------------
    // The n-th (from 1) fallible call from now does not reach the driver but returns `result`. `andAfter`: so do all calls
    // after it; what was submitted has passed before a wait or a query fails in this way.
    void FailCall(uint64_t n, VkResult result, bool andAfter = false);
    // The n-th call of this function from now, and those after it, `times` in all.
    void FailFunction(Fn function, VkResult result, uint64_t n = 1, uint64_t times = 1);
    void StopFailing();
    uint64_t InjectedFailures() const noexcept;
    // The name of the function that failed last; "" if none did.
    std::string LastFailed() const;
    // From now on every call that can tell so says that the device is lost. What was submitted has passed before.
    // Also happens at the first injected VK_ERROR_DEVICE_LOST.
    void LoseDevice();

    // ---- objects ---------------------------------------------------------------------------------------------------
    std::vector<ObjectCount> Objects() const;
    // What is alive, for instance "2 Buffer, 1 Memory"; "" if nothing. Devices and messengers count, instances do not.
    std::string Alive() const;
    uint64_t AliveObjects(const std::string& kind) const;
    uint64_t AliveBytes() const; // of VkDeviceMemory
    bool IsAlive(VkBuffer buffer) const;
    uint64_t BufferBytes(VkBuffer buffer) const;  // as created; 0 if not alive
    std::vector<std::string> ObjectNames() const; // all names given with debug utils, in order
    // Violations that the interceptor itself found, such as destroying what is not alive.
    std::vector<std::string> Violations() const;

    // ---- recording -------------------------------------------------------------------------------------------------
    std::vector<SubmissionRecord> TakeSubmissions(); // since the last call
    std::vector<CopyRecord> TakeCopies();
    std::vector<FlushRecord> TakeFlushes();
    std::vector<BarrierRecord> TakeBarriers(); // memory barriers

    struct Impl;
    Impl& Internals() noexcept { return *m_impl; }

  private:
    std::unique_ptr<Impl> m_impl;
};

// While it lives, every timeline semaphore of the library appears to stand still: queries answer with the value at the
// beginning, waits for more are handled as chosen. The GPU itself runs on.
//
// This is how "in flight" is tested without sleeping and without a slow GPU.
class HeldTimelines
{
  public:
    enum class OnWait
    {
        Release, // the library waits after all: counted, everything is released, and the wait happens
        TimeOut, // answers VK_TIMEOUT at once
        Block,   // blocks the thread until another one calls Release()
    };

    explicit HeldTimelines(Interceptor& interceptor, OnWait onWait = OnWait::Release);
    ~HeldTimelines(); // releases
    HeldTimelines(const HeldTimelines&) = delete;
    HeldTimelines& operator=(const HeldTimelines&) = delete;

    void Release();
    // Waits of the library for something that is held.
    uint64_t Waits() const;

  private:
    Interceptor& m_interceptor;
};
} // namespace sedx::test
