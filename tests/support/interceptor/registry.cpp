#include "support/interceptor/state.h"

#include <cstdio>
#include <cstdlib>
#include <shared_mutex>
#include <unordered_map>

namespace sedx::test
{
namespace
{
struct Registry
{
    std::shared_mutex mutex;
    std::unordered_map<void*, Interceptor::Impl*> contexts;
};

Registry& GetRegistry()
{
    static Registry registry;
    return registry;
}
} // namespace

void Remember(void* handle, Interceptor::Impl& impl)
{
    Registry& registry = GetRegistry();
    const std::unique_lock lock(registry.mutex);
    registry.contexts[DispatchKey(handle)] = &impl;
}

Interceptor::Impl& FindInterceptor(void* handle)
{
    Registry& registry = GetRegistry();
    const std::shared_lock lock(registry.mutex);
    const auto found = registry.contexts.find(DispatchKey(handle));
    if (found == registry.contexts.end())
    {
        std::fputs("interceptor: a call for a device that is gone\n", stderr);
        std::abort();
    }
    return *found->second;
}

void Forget(void* key)
{
    Registry& registry = GetRegistry();
    const std::unique_lock lock(registry.mutex);
    registry.contexts.erase(key);
}

void ForgetAllOf(const Interceptor::Impl& impl)
{
    Registry& registry = GetRegistry();
    const std::unique_lock lock(registry.mutex);
    std::erase_if(registry.contexts, [&impl](const auto& entry) { return entry.second == &impl; });
}
} // namespace sedx::test
