#include "registry.h"

#include <cstdio>
#include <cstdlib>
#include <shared_mutex>

namespace sedx::simulator
{
namespace
{
struct Registry
{
    std::shared_mutex mutex;
    std::unordered_map<const void*, InstanceState*> instances;
    std::unordered_map<const void*, DeviceState*> devices;
};

Registry& GetRegistry()
{
    static Registry registry;
    return registry;
}

template <class State>
State& Find(const std::unordered_map<const void*, State*>& states, const void* handle)
{
    const std::shared_lock lock(GetRegistry().mutex);
    const auto found = states.find(DispatchKey(handle));
    if (found == states.end())
    {
        std::fputs("sedx simulator: a call for an instance or a device that no simulator made\n", stderr);
        std::abort();
    }
    return *found->second;
}
} // namespace

void RegisterInstance(VkInstance instance, InstanceState& state)
{
    const std::unique_lock lock(GetRegistry().mutex);
    GetRegistry().instances[DispatchKey(instance)] = &state;
}

void RegisterDevice(VkDevice device, DeviceState& state)
{
    const std::unique_lock lock(GetRegistry().mutex);
    GetRegistry().devices[DispatchKey(device)] = &state;
}

void Unregister(void* key)
{
    const std::unique_lock lock(GetRegistry().mutex);
    GetRegistry().instances.erase(key);
    GetRegistry().devices.erase(key);
}

InstanceState& FindInstance(const void* handle) { return Find(GetRegistry().instances, handle); }
DeviceState& FindDevice(const void* handle) { return Find(GetRegistry().devices, handle); }
} // namespace sedx::simulator
