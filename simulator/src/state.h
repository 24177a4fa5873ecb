// What the simulator keeps about each simulator, instance, physical device and device.
#pragma once

#include "command_records.h"
#include "device_memory.h"
#include "functions.h"
#include "heap_accounts.h"
#include "memory_map.h"
#include "object_infos.h"
#include "ownership.h"
#include "queue_families.h"
#include "simulated_queues.h"
#include "submissions.h"

#include <sedx_simulator/device_simulator.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace sedx::simulator
{
struct InstanceState;

struct SimulatorState
{
    SimulatorState(DeviceLayout presented, const SimulatorOptions& wanted)
        : layout(std::move(presented)), options(wanted), accounts(layout, options.strictBudget)
    {
    }

    void Report(std::string violation);
    void WaitForDevices(); // the real ones

    const DeviceLayout layout;
    const SimulatorOptions options;
    uint32_t slot = 0;
    PFN_vkGetInstanceProcAddr next = nullptr;
    HeapAccounts accounts;
    CallFailures failures;
    std::atomic<bool> refusesHostImports{false};
    mutable std::mutex violationMutex;
    std::vector<std::string> violations;
    std::mutex mutex; // of what follows
    std::vector<std::unique_ptr<InstanceState>> instances;
};

// A device of the driver as it is presented.
struct PhysicalState
{
    PhysicalState(const InstanceState& instance, VkPhysicalDevice device);

    MemoryMap memory;
    VkPhysicalDeviceLimits limits{};
    uint64_t maxAllocationSize = UINT64_MAX;
    uint64_t maxBufferSize = UINT64_MAX;
    QueueFamilies families;
};

struct DeviceState
{
    DeviceState(SimulatorState& owner, const PhysicalState& presented, VkDevice created)
        : simulator(owner), physical(presented), device(created), memory(*this), queues(*this), submissions(*this),
          ownership(*this)
    {
    }

    SimulatorState& simulator;
    const PhysicalState& physical;
    VkDevice device;
    DeviceFunctions next;
    DeviceMemory memory;
    ObjectInfos objects;
    SimulatedQueues queues;
    Submissions submissions;
    CommandRecords commandRecords;
    Ownership ownership;
};

struct InstanceState
{
    InstanceState(SimulatorState& owner, VkInstance created) : simulator(owner), instance(created) {}
    const PhysicalState& Physical(VkPhysicalDevice device);

    SimulatorState& simulator;
    VkInstance instance;
    InstanceFunctions next;
    PFN_vkGetDeviceProcAddr getDeviceProcAddr = nullptr; // the real one
    std::mutex mutex;                                    // of what follows
    std::unordered_map<VkPhysicalDevice, std::unique_ptr<PhysicalState>> physicals;
    std::vector<std::unique_ptr<DeviceState>> devices;
};
} // namespace sedx::simulator
