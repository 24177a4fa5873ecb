// The replacements: each finds its interceptor, counts, fails if it shall, and goes on to its behaviour.
#include "support/interceptor/object_behaviours.h"
#include "support/interceptor/record_behaviours.h"
#include "support/interceptor/timeline_behaviours.h"

#include <type_traits>

namespace sedx::test
{
namespace
{
template <Fn kFunction, auto kMember>
struct Replacement;

template <Fn kFunction, class Table, class R, class First, class... Rest,
          R (VKAPI_PTR* Table::*kMember)(First, Rest...)>
struct Replacement<kFunction, kMember>
{
    static VKAPI_ATTR R VKAPI_CALL Call(First first, Rest... rest)
    {
        Interceptor::Impl& impl = FindInterceptor(first);
        R(VKAPI_PTR * next)(First, Rest...) = nullptr;
        if constexpr (std::is_same_v<Table, InstanceDispatch>)
            next = impl.instanceNext.*kMember;
        else
            next = impl.deviceNext.*kMember;

        impl.Count(kFunction);
        if constexpr (std::is_same_v<R, VkResult>)
        {
            if (const auto injected = impl.failures.Begin(NameOf(kFunction)))
            {
                if constexpr (Creates(kFunction))
                    *LastOf(rest...) = VK_NULL_HANDLE;
                return *injected;
            }
        }
        return Behaviour<kFunction>::Run(impl, next, first, rest...);
    }
};
} // namespace

void WrapInstance(InstanceDispatch& table, VkInstance instance, void* user)
{
    auto& impl = *static_cast<Interceptor::Impl*>(user);
    impl.instanceNext = table;
    Remember(instance, impl);
    // GetDeviceProcAddr fills the table of the device before that is wrapped: left alone.
#define SEDX_TEST_WRAP(name)                                                                                           \
    if constexpr (Fn::name != Fn::GetDeviceProcAddr)                                                                   \
    {                                                                                                                  \
        if (table.name)                                                                                                \
            table.name = &Replacement<Fn::name, &InstanceDispatch::name>::Call;                                        \
    }
    SEDX_INSTANCE_FUNCTIONS(SEDX_TEST_WRAP)
    SEDX_INSTANCE_FUNCTIONS_OPTIONAL(SEDX_TEST_WRAP)
#undef SEDX_TEST_WRAP
}

void WrapDevice(DeviceDispatch& table, VkDevice device, void* user)
{
    auto& impl = *static_cast<Interceptor::Impl*>(user);
    impl.deviceNext = table;
    impl.device = device;
    const auto waitIdle =
        reinterpret_cast<PFN_vkDeviceWaitIdle>(impl.instanceNext.GetDeviceProcAddr(device, "vkDeviceWaitIdle"));
    impl.failures.SetDrain([waitIdle, device] { waitIdle(device); });
    Remember(device, impl);
#define SEDX_TEST_WRAP(name)                                                                                           \
    if (table.name)                                                                                                    \
        table.name = &Replacement<Fn::name, &DeviceDispatch::name>::Call;
    SEDX_DEVICE_FUNCTIONS(SEDX_TEST_WRAP)
    SEDX_DEVICE_FUNCTIONS_OPTIONAL(SEDX_TEST_WRAP)
#undef SEDX_TEST_WRAP
}
} // namespace sedx::test
