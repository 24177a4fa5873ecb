// The Vulkan device that buffers live on: made headless by the library, or adopted from an engine.
//
//     auto own = sedx::Device::Create({.device = "H200", .validation = true});            // no window, no engine
//     auto theirs = sedx::Device::Adopt({.getInstanceProcAddr = ..., .instance = ..., .physicalDevice = ...,
//                                        .device = ..., .queues = {{.queue = q, .family = 0}}});
//
// Does NOT create windows, surfaces or swapchains, and never destroys what it adopted. Copies share one device; the last
// one destroys what Create() made. All members are thread-safe.
#pragma once

#include <sedx/dispatch.h>
#include <sedx/requirements.h>
#include <sedx/result.h>
#include <sedx/vma_table.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sedx
{
struct DeviceState;

struct ValidationMessage
{
    bool isError = false;       // false: a warning
    const char* id = "";        // VUID or SYNC-HAZARD name
    const char* text = "";
};

struct ValidationCounts
{
    uint64_t errors = 0;
    uint64_t warnings = 0;
};

struct DeviceDesc
{
    std::string applicationName = "sedx";
    std::string device;      // index ("0") or a part of the name, any case; empty: discrete GPU first, software last
    bool validation = false; // VK_LAYER_KHRONOS_validation with synchronization validation; an error if not installed
    std::vector<const char*> extensions{}; // device extensions that the application needs; a missing one is an error
    FeatureModule modules = FeatureModule::All; // whose extensions and features are switched on where the device has them
    void* featureChain = nullptr; // the application's features for vkCreateDevice: VkPhysicalDeviceFeatures2 chain or
                                  // its pNext structures. Must stay alive during the call; our bits are added to it.
    std::function<void(const ValidationMessage&)> onValidationMessage{}; // any thread; default: the log
    PFN_vkGetInstanceProcAddr getInstanceProcAddr = nullptr;             // null: the system's loader
    DispatchHook hook{};
};

// A queue that the engine hands over. The library submits from whatever thread calls it. Give `lock`/`unlock` if the
// engine submits to the queue itself from another thread, or `submit` to receive the library's submissions and pass them
// on. With none of them, submissions through this Device are serialised among themselves. Do not hold the lock while
// calling Frame::SubmitSync, EndFrame, Submit or Wait; the callbacks must not call back into the library, nor throw.
struct QueueDesc
{
    VkQueue queue = VK_NULL_HANDLE;
    uint32_t family = 0;
    std::function<void()> lock{};
    std::function<void()> unlock{};
    std::function<VkResult(VkQueue, std::span<const VkSubmitInfo2>, VkFence)> submit{};
};

struct AdoptDesc
{
    PFN_vkGetInstanceProcAddr getInstanceProcAddr = nullptr;
    VkInstance instance = VK_NULL_HANDLE;
    VkPhysicalDevice physicalDevice = VK_NULL_HANDLE;
    VkDevice device = VK_NULL_HANDLE;
    uint32_t instanceApiVersion = VK_API_VERSION_1_3; // VkApplicationInfo::apiVersion
    std::vector<QueueDesc> queues{};                  // at least one; 0 carries most copies (TransferQueue)
    std::vector<const char*> enabledExtensions{};     // of the device: unlocks optional paths
    // The chain given to vkCreateDevice (VkPhysicalDeviceFeatures2 or VkDeviceCreateInfo::pNext); checked for the
    // required features. Null: the engine promises that they are enabled.
    const void* enabledFeatures = nullptr;
    bool debugUtils = false;   // VK_EXT_debug_utils is enabled in the instance: names reach Vulkan
    const VmaTable* vma = nullptr; // see adopt_vma.h; copied
    DispatchHook hook{};
};

struct QueueInfo
{
    VkQueue queue = VK_NULL_HANDLE;
    uint32_t family = 0;
    VkQueueFlags flags = 0;
    VkExtent3D imageGranularity{1, 1, 1}; // minImageTransferGranularity
    uint32_t timestampValidBits = 0;      // 0: no timestamps
};

// Not to be held by a global or static object: at exit those may go after the driver has unloaded itself, and what is
// destroyed then crashes (seen with NVIDIA's driver). Let the last copy go before main returns.
class SEDX_API Device
{
  public:
    Device() = default;
    static Result<Device> Create(const DeviceDesc& desc);
    static Result<Device> Adopt(const AdoptDesc& desc);

    explicit operator bool() const noexcept { return m_state != nullptr; }

    PFN_vkGetInstanceProcAddr GetInstanceProcAddr() const noexcept;
    VkInstance Instance() const noexcept;
    VkPhysicalDevice PhysicalDevice() const noexcept;
    VkDevice Handle() const noexcept;
    const InstanceDispatch& InstanceFunctions() const noexcept;
    const DeviceDispatch& Functions() const noexcept;
    const VkPhysicalDeviceProperties& Properties() const noexcept;
    const VkPhysicalDeviceMemoryProperties& MemoryProperties() const noexcept;
    const std::string& Name() const noexcept;   // device name and driver
    std::span<const QueueInfo> Queues() const noexcept; // in the order handed over; 0 is the main one
    bool IsExtensionEnabled(const char* name) const noexcept;
    bool IsAdopted() const noexcept;
    // True after any call saw VK_ERROR_DEVICE_LOST. Never becomes false again.
    bool IsLost() const noexcept;
    ValidationCounts Validation() const noexcept; // since creation; zero without validation

    // Submits under the lock of the queue (or through its submit callback). `queue` indexes Queues().
    Result<void> Submit(uint32_t queue, std::span<const VkSubmitInfo2> submits, VkFence fence = VK_NULL_HANDLE) const;

    // For the other parts of the library.
    const std::shared_ptr<DeviceState>& State() const noexcept { return m_state; }

  private:
    std::shared_ptr<DeviceState> m_state;
};
} // namespace sedx
