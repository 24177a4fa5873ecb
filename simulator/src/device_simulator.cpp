#include <sedx_simulator/device_simulator.h>

#include "entry_points.h"
#include "fail.h"
#include "loader.h"
#include "state.h"

#include <utility>

namespace sedx::simulator
{
Result<std::unique_ptr<DeviceSimulator>> DeviceSimulator::Create(DeviceLayout layout, const SimulatorOptions& options)
{
    if (const auto checked = layout.Check(); !checked)
        return Fail(ErrorCode::InvalidArgument, "device layout '{}': {}", layout.name, checked.error().message);
    auto state = std::make_unique<SimulatorState>(std::move(layout), options);
    state->next = options.getInstanceProcAddr != nullptr ? options.getInstanceProcAddr : OpenSystemLoader();
    if (state->next == nullptr)
        return Fail(ErrorCode::NoLoader,
                    "no Vulkan loader was found on this machine, the simulator needs a real device");
    state->failures.SetDrain([waited = state.get()] { waited->WaitForDevices(); });
    state->slot = TakeSlot(*state);
    if (state->slot == kMaxSimulators)
        return Fail(ErrorCode::LimitExceeded, "{} simulators are alive, more cannot be", kMaxSimulators);
    return std::unique_ptr<DeviceSimulator>(new DeviceSimulator(std::move(state)));
}

DeviceSimulator::DeviceSimulator(std::unique_ptr<SimulatorState> state) : m_state(std::move(state)) {}

DeviceSimulator::~DeviceSimulator() { GiveSlotBack(m_state->slot); }

PFN_vkGetInstanceProcAddr DeviceSimulator::GetInstanceProcAddr() const noexcept { return EntryOf(m_state->slot); }

const DeviceLayout& DeviceSimulator::Layout() const noexcept { return m_state->layout; }

void DeviceSimulator::SetBudget(uint32_t heap, uint64_t bytes) { m_state->accounts.SetBudget(heap, bytes); }

uint64_t DeviceSimulator::HeapUsage(uint32_t heap) const { return m_state->accounts.Usage(heap); }

uint32_t DeviceSimulator::AllocationCount() const { return m_state->accounts.Count(); }

uint32_t DeviceSimulator::HeldSubmissions() const
{
    uint32_t count = 0;
    const std::lock_guard lock(m_state->mutex);
    for (const auto& instance : m_state->instances)
    {
        const std::lock_guard inner(instance->mutex);
        for (const auto& device : instance->devices)
            count += device->submissions.HeldCount();
    }
    return count;
}

std::vector<std::string> DeviceSimulator::Violations() const
{
    const std::lock_guard lock(m_state->violationMutex);
    return m_state->violations;
}

std::vector<std::string> DeviceSimulator::TakeViolations()
{
    const std::lock_guard lock(m_state->violationMutex);
    return std::exchange(m_state->violations, {});
}

void DeviceSimulator::RefuseHostImports(bool refused) noexcept { m_state->refusesHostImports.store(refused); }

CallFailures& DeviceSimulator::Failures() noexcept { return m_state->failures; }
} // namespace sedx::simulator
