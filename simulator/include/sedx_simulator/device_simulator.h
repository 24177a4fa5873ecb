// DeviceSimulator: stands between everything in the process that calls Vulkan and the real driver, and presents another
// device on top of it.
//
//     auto layout = sedx::simulator::DeviceLayout::Find("small_bar");
//     auto simulator = sedx::simulator::DeviceSimulator::Create(*layout);
//     auto device = sedx::Device::Create({.getInstanceProcAddr = (*simulator)->GetInstanceProcAddr()});
//
// Heap sizes, rights to map, coherence, limits and queue families are those of the layout, and they are enforced. What a
// correct program must not do, and the layers below cannot see, is collected in Violations(): among others the use of
// exclusive ranges by queue families that do not own them. docs/simulator.md says what exactly is simulated, and what is not.
//
// It must outlive the instances made through it. Its accounts cover all of their devices together, so make one device at a
// time where they matter. Thread-safe, as Vulkan is. Does not simulate speed, nor features and extensions that the real
// device lacks. For tests: it costs time in every call that it wraps.
#pragma once

#include <sedx_simulator/call_failures.h>
#include <sedx_simulator/device_layout.h>

#include <chrono>
#include <memory>

namespace sedx::simulator
{
struct SimulatorState;

struct SimulatorOptions
{
    // Drivers let a program go over its budget, up to the size of the heap. True: the budget is as hard as the size.
    bool strictBudget = false;
    // How long vkQueueWaitIdle and vkDeviceWaitIdle wait for submissions that are held back (another thread may still
    // signal) before that is reported as a deadlock, and as a lost device to the caller.
    std::chrono::milliseconds patience{10'000};
    // Vulkan lets a queue family overwrite what another one owns, without a transfer, if nobody needs the old contents:
    // copies, fills and updates take the bytes that they write. True: reported all the same, for programs that transfer
    // always.
    bool reportOverwrites = false;
    PFN_vkGetInstanceProcAddr getInstanceProcAddr = nullptr; // null: the system's loader. A driver alone won't do.
};

class DeviceSimulator
{
  public:
    static constexpr uint32_t kMaxSimulators = 64; // alive at once in a process

    // InvalidArgument: what is wrong with the layout; NoLoader: there is no Vulkan on this machine; LimitExceeded: too many
    // simulators. No device is made or looked at yet.
    static Result<std::unique_ptr<DeviceSimulator>> Create(DeviceLayout layout, const SimulatorOptions& options = {});
    ~DeviceSimulator();
    DeviceSimulator(const DeviceSimulator&) = delete;
    DeviceSimulator& operator=(const DeviceSimulator&) = delete;

    // Where the program gets all its Vulkan functions from. Valid as long as the simulator.
    PFN_vkGetInstanceProcAddr GetInstanceProcAddr() const noexcept;
    const DeviceLayout& Layout() const noexcept;

    // ---- memory ----------------------------------------------------------------------------------------------------
    // What VK_EXT_memory_budget reports from now on, in bytes; below the usage is possible, as when other programs grow.
    // Heaps that the layout does not have are ignored.
    void SetBudget(uint32_t heap, uint64_t bytes);
    uint64_t HeapUsage(uint32_t heap) const; // bytes of the VkDeviceMemory objects that are alive and not imported
    uint32_t AllocationCount() const;        // and their number, in all heaps

    // ---- queues ----------------------------------------------------------------------------------------------------
    uint32_t HeldSubmissions() const; // that wait for a signal nobody has submitted yet

    // ---- findings --------------------------------------------------------------------------------------------------
    // One sentence for each thing that a correct program does not do.
    std::vector<std::string> Violations() const;
    std::vector<std::string> TakeViolations(); // and forgets them

    // ---- failing ---------------------------------------------------------------------------------------------------
    // Counts every call of a wrapped function that returns a VkResult, whoever makes it.
    CallFailures& Failures() noexcept;
    // Shorthands.
    void FailCall(uint64_t n, VkResult result) { Failures().FailCall(n, result); }
    void FailFunction(std::string_view name, VkResult result, uint64_t n = 1, uint64_t times = 1)
    {
        Failures().FailFunction(name, result, n, times);
    }
    void LoseDevice() { Failures().LoseDevice(); }
    // From now on vkAllocateMemory answers VK_ERROR_INVALID_EXTERNAL_HANDLE to imports of host pointers, as drivers do for
    // mappings that they cannot pin; or not any more.
    void RefuseHostImports(bool refused) noexcept;

  private:
    explicit DeviceSimulator(std::unique_ptr<SimulatorState> state);
    std::unique_ptr<SimulatorState> m_state;
};
} // namespace sedx::simulator
