#include "renderer/draw_call_counter.h"

#include <volk.h>

#include <atomic>
#include <type_traits>
#include <utility>

namespace scenery
{
namespace
{
std::atomic<uint32_t> g_calls{0};

template <auto& kFunction, class Pointer = std::remove_cvref_t<decltype(kFunction)>>
struct Counted;
template <auto& kFunction, class... Arguments>
struct Counted<kFunction, void(VKAPI_PTR*)(Arguments...)>
{
    static inline void(VKAPI_PTR* real)(Arguments...) = nullptr;
    static void VKAPI_PTR Call(Arguments... arguments)
    {
        g_calls.fetch_add(1, std::memory_order_relaxed);
        real(arguments...);
    }
    static void Install() noexcept
    {
        if (kFunction != nullptr)
            real = std::exchange(kFunction, &Call);
    }
};
} // namespace

void InstallDrawCallCounter()
{
    Counted<vkCmdDraw>::Install();
    Counted<vkCmdDrawIndexed>::Install();
    Counted<vkCmdDrawIndirect>::Install();
    Counted<vkCmdDrawIndexedIndirect>::Install();
    Counted<vkCmdDrawIndirectCount>::Install();
    Counted<vkCmdDrawIndexedIndirectCount>::Install();
}

uint32_t TakeDrawCalls() noexcept { return g_calls.exchange(0, std::memory_order_relaxed); }
} // namespace scenery
