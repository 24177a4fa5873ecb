#include "entry_points.h"

#include "wrapper.h"

#include <atomic>
#include <utility>

namespace sedx::simulator
{
namespace
{
constexpr uint32_t kSlots = DeviceSimulator::kMaxSimulators;
std::array<std::atomic<SimulatorState*>, kSlots> g_simulators{};

template <uint32_t kSlot>
struct EntryPoints
{
    static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL GetInstanceProcAddr(VkInstance instance, const char* name)
    {
        const std::string_view wanted = name != nullptr ? name : "";
        if (wanted == "vkGetInstanceProcAddr")
            return reinterpret_cast<PFN_vkVoidFunction>(&EntryPoints::GetInstanceProcAddr);
        if (wanted == "vkCreateInstance")
            return reinterpret_cast<PFN_vkVoidFunction>(&EntryPoints::CreateInstance);
        const SimulatorState* simulator = g_simulators[kSlot].load(std::memory_order_acquire);
        const PFN_vkVoidFunction real = simulator != nullptr ? simulator->next(instance, name) : nullptr;
        if (real == nullptr)
            return nullptr;
        const PFN_vkVoidFunction wrapper = FindWrapper(wanted);
        return wrapper != nullptr ? wrapper : real;
    }

    static VKAPI_ATTR VkResult VKAPI_CALL CreateInstance(const VkInstanceCreateInfo* info,
                                                         const VkAllocationCallbacks* allocator, VkInstance* instance)
    {
        SimulatorState& simulator = *g_simulators[kSlot].load(std::memory_order_acquire);
        const auto create = reinterpret_cast<PFN_vkCreateInstance>(simulator.next(VK_NULL_HANDLE, "vkCreateInstance"));
        if (create == nullptr)
            return VK_ERROR_INITIALIZATION_FAILED;
        const VkResult result = create(info, allocator, instance);
        if (result != VK_SUCCESS)
            return result;
        auto state = std::make_unique<InstanceState>(simulator, *instance);
        const auto load = [&](const char* name) { return simulator.next(*instance, name); };
#define SEDX_SIMULATOR_LOAD(name)                                                                                      \
    state->next.name = reinterpret_cast<PFN_vk##name>(load("vk" #name));                                               \
    if (state->next.name == nullptr)                                                                                   \
        state->next.name = reinterpret_cast<PFN_vk##name>(load("vk" #name "KHR"));
        SEDX_SIMULATOR_INSTANCE_FUNCTIONS(SEDX_SIMULATOR_LOAD)
#undef SEDX_SIMULATOR_LOAD
        state->getDeviceProcAddr = reinterpret_cast<PFN_vkGetDeviceProcAddr>(load("vkGetDeviceProcAddr"));
        RegisterInstance(*instance, *state);
        const std::lock_guard lock(simulator.mutex);
        simulator.instances.push_back(std::move(state));
        return VK_SUCCESS;
    }
};

template <uint32_t... kIndices>
constexpr auto MakeEntries(std::integer_sequence<uint32_t, kIndices...>)
{
    return std::array<PFN_vkGetInstanceProcAddr, sizeof...(kIndices)>{&EntryPoints<kIndices>::GetInstanceProcAddr...};
}
constexpr auto kEntries = MakeEntries(std::make_integer_sequence<uint32_t, kSlots>());
} // namespace

uint32_t TakeSlot(SimulatorState& state)
{
    for (uint32_t slot = 0; slot < kSlots; ++slot)
    {
        SimulatorState* expected = nullptr;
        if (g_simulators[slot].compare_exchange_strong(expected, &state, std::memory_order_acq_rel))
            return slot;
    }
    return kSlots;
}

void GiveSlotBack(uint32_t slot) { g_simulators[slot].store(nullptr, std::memory_order_release); }

PFN_vkGetInstanceProcAddr EntryOf(uint32_t slot) { return kEntries[slot]; }
} // namespace sedx::simulator
