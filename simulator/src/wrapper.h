// Wrapper: the function that a program gets instead of the driver's. It finds its state by the first argument, asks whether
// the call shall fail, and goes on to what the simulator does (or straight to the driver).
//
//     VkResult AllocateMemory(DeviceState& state, VkDevice device, ...);     // what the simulator does
//     SEDX_SIMULATOR_WRAP_DEVICE(table, AllocateMemory);
#pragma once

#include "registry.h"

#include <array>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace sedx::simulator
{
using WrapperTable = std::array<PFN_vkVoidFunction, static_cast<size_t>(Fn::Count)>;

struct PassOn
{};

namespace detail
{
template <class... Args>
auto LastOf(Args... args)
{
    return std::get<sizeof...(Args) - 1>(std::tuple(args...));
}

// A function that creates leaves null behind when it fails.
template <Fn kFunction, class First, class... Rest>
void ClearOutput(First, Rest... rest)
{
    if constexpr (kFunction == Fn::CreateGraphicsPipelines || kFunction == Fn::CreateComputePipelines)
        std::fill_n(LastOf(rest...), std::get<1>(std::tuple(rest...)), VkPipeline{VK_NULL_HANDLE});
    else if constexpr (kFunction == Fn::AllocateCommandBuffers)
        std::fill_n(LastOf(rest...), std::get<0>(std::tuple(rest...))->commandBufferCount, VkCommandBuffer{});
    else if constexpr (kFunction == Fn::AllocateDescriptorSets)
        std::fill_n(LastOf(rest...), std::get<0>(std::tuple(rest...))->descriptorSetCount, VkDescriptorSet{});
    else if constexpr (NameOf(kFunction).starts_with("Create") || kFunction == Fn::AllocateMemory)
    {
        using Last = decltype(LastOf(rest...));
        if constexpr (std::is_pointer_v<Last> && !std::is_const_v<std::remove_pointer_t<Last>>)
            *LastOf(rest...) = {};
    }
}
} // namespace detail

template <Fn kFunction, auto kMember, auto kBehaviour>
struct Wrapper;

template <Fn kFunction, class Table, class R, class First, class... Rest,
          R (VKAPI_PTR* Table::*kMember)(First, Rest...), auto kBehaviour>
struct Wrapper<kFunction, kMember, kBehaviour>
{
    static VKAPI_ATTR R VKAPI_CALL Call(First first, Rest... rest)
    {
        if constexpr (kFunction == Fn::DestroyInstance || kFunction == Fn::DestroyDevice)
        {
            if (first == VK_NULL_HANDLE) // allowed
                return;
        }
        auto& state = StateOf(first);
        if constexpr (std::is_same_v<R, VkResult>)
        {
            if (const auto injected = state.simulator.failures.Begin(NameOf(kFunction)))
            {
                detail::ClearOutput<kFunction>(first, rest...);
                return *injected;
            }
        }
        if constexpr (std::is_same_v<decltype(kBehaviour), const PassOn> ||
                      std::is_same_v<decltype(kBehaviour), PassOn>)
            return (state.next.*kMember)(first, rest...);
        else
            return kBehaviour(state, first, rest...);
    }
};

template <Fn kFunction, auto kMember, auto kBehaviour>
void AddWrapper(WrapperTable& table)
{
    table[static_cast<size_t>(kFunction)] =
        reinterpret_cast<PFN_vkVoidFunction>(&Wrapper<kFunction, kMember, kBehaviour>::Call);
}

// What each source contributes.
void AddInstanceCalls(WrapperTable& table);
void AddPhysicalDeviceCalls(WrapperTable& table);
void AddMemoryCalls(WrapperTable& table);
void AddObjectCalls(WrapperTable& table);
void AddQueueCalls(WrapperTable& table);
void AddCommandBufferCalls(WrapperTable& table);
void AddBarrierCalls(WrapperTable& table);
void AddUseCalls(WrapperTable& table);

// The wrapper of a function ("vk…", under any of its names), or null: not wrapped.
PFN_vkVoidFunction FindWrapper(std::string_view name) noexcept;
} // namespace sedx::simulator

#define SEDX_SIMULATOR_WRAP_INSTANCE(table, name)                                                                      \
    ::sedx::simulator::AddWrapper<Fn::name, &InstanceFunctions::name, &name>(table)
#define SEDX_SIMULATOR_WRAP_DEVICE(table, name)                                                                        \
    ::sedx::simulator::AddWrapper<Fn::name, &DeviceFunctions::name, &name>(table)
