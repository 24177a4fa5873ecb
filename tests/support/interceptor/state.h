// What an Interceptor keeps, and how its replacements find it.
#pragma once

#include "support/interceptor.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <sedx_simulator/call_failures.h>
#include <set>
#include <string_view>

namespace sedx::test
{
inline constexpr size_t kFunctions = static_cast<size_t>(Fn::Count);

inline constexpr std::array<std::string_view, kFunctions> kFunctionNames = {
#define SEDX_TEST_NAME(name) std::string_view(#name),
    SEDX_INSTANCE_FUNCTIONS(SEDX_TEST_NAME) SEDX_INSTANCE_FUNCTIONS_OPTIONAL(SEDX_TEST_NAME)
        SEDX_DEVICE_FUNCTIONS(SEDX_TEST_NAME) SEDX_DEVICE_FUNCTIONS_OPTIONAL(SEDX_TEST_NAME)
#undef SEDX_TEST_NAME
};

constexpr std::string_view NameOf(Fn function) { return kFunctionNames[static_cast<size_t>(function)]; }

template <class Handle>
uint64_t Key(Handle handle)
{
    return reinterpret_cast<uint64_t>(handle);
}

struct Interceptor::Impl
{
    explicit Impl(Interceptor& interceptor) : owner(interceptor) {}

    void Count(Fn function) { calls[static_cast<size_t>(function)].fetch_add(1, std::memory_order_relaxed); }
    void NoteCreated(std::string_view kind, uint64_t handle);
    void NoteDestroyed(std::string_view kind, uint64_t handle);

    Interceptor& owner;
    InstanceDispatch instanceNext{};
    DeviceDispatch deviceNext{};
    VkDevice device = VK_NULL_HANDLE;

    std::array<std::atomic<uint64_t>, kFunctions> calls{};
    simulator::CallFailures failures;

    mutable std::mutex mutex; // of everything below, except timelines

    // objects
    std::map<std::string, std::set<uint64_t>> alive;
    std::map<std::string, uint64_t> created;
    std::map<uint64_t, uint64_t> bufferBytes;
    std::map<uint64_t, uint64_t> memoryBytes;
    std::vector<std::string> names;
    std::vector<std::string> violations;

    // records
    std::vector<SubmissionRecord> submissions;
    std::vector<CopyRecord> copies;
    std::vector<BarrierRecord> barriers;
    uint32_t copyCalls = 0;
    std::vector<FlushRecord> flushes;

    // timelines
    mutable std::mutex timelineMutex;
    std::condition_variable released;
    std::map<VkSemaphore, uint64_t> timelines; // and their initial values
    bool isHeld = false;
    HeldTimelines::OnWait onHeldWait = HeldTimelines::OnWait::Release;
    std::map<VkSemaphore, uint64_t> heldValues;
    uint64_t heldWaits = 0;
};

// Dispatchable handles of one instance, or of one device, begin with the same pointer: that is how layers find their
// data, and how the replacements find theirs.
inline void* DispatchKey(void* handle) { return *static_cast<void**>(handle); }
void Remember(void* handle, Interceptor::Impl& impl);
Interceptor::Impl& FindInterceptor(void* handle); // ends the process if there is none
void Forget(void* key);
void ForgetAllOf(const Interceptor::Impl& impl);

// The two functions of the DispatchHook; `user` is the Impl.
void WrapInstance(InstanceDispatch& table, VkInstance instance, void* user);
void WrapDevice(DeviceDispatch& table, VkDevice device, void* user);
} // namespace sedx::test
