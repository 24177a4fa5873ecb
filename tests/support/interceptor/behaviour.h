// What happens around a call. The general case: creations and destructions are noted, everything is passed on. Special
// ones are specialisations, in the files beside this one.
#pragma once

#include "support/interceptor/state.h"

#include <tuple>

namespace sedx::test
{
template <class... Args>
auto LastOf(Args... args)
{
    return std::get<sizeof...(Args) - 1>(std::tuple(args...));
}

constexpr bool Creates(Fn function) { return NameOf(function).starts_with("Create") || function == Fn::AllocateMemory; }
constexpr bool Destroys(Fn function) { return NameOf(function).starts_with("Destroy") || function == Fn::FreeMemory; }
// "Buffer" of CreateBuffer and DestroyBuffer.
constexpr std::string_view KindOf(Fn function)
{
    if (function == Fn::CreateComputePipelines)
        return "Pipeline";
    return NameOf(function).substr(std::string_view(Creates(function) ? "Create" : "Destroy").size());
}

template <Fn kFunction>
struct Behaviour
{
    template <class Next, class First, class... Rest>
    static auto Run(Interceptor::Impl& impl, Next next, First first, Rest... rest)
    {
        if constexpr (Creates(kFunction))
        {
            const VkResult result = next(first, rest...);
            if (result == VK_SUCCESS)
                impl.NoteCreated(KindOf(kFunction), Key(*LastOf(rest...)));
            return result;
        }
        else
        {
            if constexpr (Destroys(kFunction)) // (parent, object, allocator)
                impl.NoteDestroyed(KindOf(kFunction), Key(std::get<0>(std::tuple(rest...))));
            return next(first, rest...);
        }
    }
};
} // namespace sedx::test
