#include "support/interceptor.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace sedx::test
{
namespace
{
constexpr size_t kFunctions = static_cast<size_t>(Fn::Count);

constexpr std::array<std::string_view, kFunctions> kNames = {
#define SEDX_TEST_NAME(name) std::string_view(#name),
    SEDX_INSTANCE_FUNCTIONS(SEDX_TEST_NAME) SEDX_INSTANCE_FUNCTIONS_OPTIONAL(SEDX_TEST_NAME)
        SEDX_DEVICE_FUNCTIONS(SEDX_TEST_NAME) SEDX_DEVICE_FUNCTIONS_OPTIONAL(SEDX_TEST_NAME)
#undef SEDX_TEST_NAME
};

constexpr std::string_view NameOf(Fn function) { return kNames[static_cast<size_t>(function)]; }

template <class Handle>
uint64_t Key(Handle handle)
{
    return reinterpret_cast<uint64_t>(handle);
}
} // namespace

const char* FunctionName(Fn function) noexcept
{
    return NameOf(function).data(); // literals: terminated
}

struct Interceptor::Impl
{
    explicit Impl(Interceptor& interceptor) : owner(interceptor) {}

    Interceptor& owner;
    InstanceDispatch instanceNext{};
    DeviceDispatch deviceNext{};
    VkDevice device = VK_NULL_HANDLE;
    PFN_vkDeviceWaitIdle deviceWaitIdle = nullptr;

    // counting and failing
    std::array<std::atomic<uint64_t>, kFunctions> calls{};
    std::atomic<uint64_t> fallibleCalls{0};
    mutable std::mutex mutex; // of everything below, except timelines
    bool isTracing = false;
    std::vector<std::string> trace;
    uint64_t failCallIn = 0; // 0: none
    VkResult failCallResult = VK_SUCCESS;
    bool failCallsAfter = false;
    Fn failFunction = Fn::Count;
    uint64_t failFunctionIn = 0;
    uint64_t failFunctionTimes = 0;
    VkResult failFunctionResult = VK_SUCCESS;
    uint64_t injected = 0;
    std::string lastFailed;
    bool isLost = false;

    // objects
    std::map<std::string, std::set<uint64_t>> alive;
    std::map<std::string, uint64_t> created;
    std::map<uint64_t, uint64_t> bufferBytes;
    std::vector<std::string> names;
    std::vector<std::string> violations;

    // memory
    MemoryLayout layout;
    std::vector<uint32_t> backing; // real type of each presented one
    struct Allocation
    {
        uint32_t type = 0;
        uint64_t bytes = 0;
    };
    std::map<uint64_t, Allocation> allocations;
    std::vector<uint64_t> heapUsage;

    // records
    std::vector<SubmissionRecord> submissions;
    std::vector<CopyRecord> copies;
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

    // A fallible call begins: the result to give instead of making it, if any.
    std::optional<VkResult> Begin(Fn function)
    {
        calls[static_cast<size_t>(function)].fetch_add(1, std::memory_order_relaxed);
        fallibleCalls.fetch_add(1, std::memory_order_relaxed);
        std::unique_lock lock(mutex);
        if (isTracing)
            trace.emplace_back(NameOf(function));
        std::optional<VkResult> result;
        if (failCallIn != 0 && --failCallIn == 0)
        {
            result = failCallResult;
            failCallIn = failCallsAfter ? 1 : 0;
        }
        if (failFunction == function && failFunctionTimes != 0)
        {
            if (failFunctionIn > 1)
                --failFunctionIn;
            else
            {
                --failFunctionTimes;
                result = failFunctionResult;
            }
        }
        if (result)
        {
            ++injected;
            lastFailed = NameOf(function);
            const bool waits = function == Fn::WaitSemaphores || function == Fn::GetSemaphoreCounterValue;
            lock.unlock();
            if (*result == VK_ERROR_DEVICE_LOST)
                Lose();
            else if (failCallsAfter && waits)
                deviceWaitIdle(device);
            return result;
        }
        const bool canTell =
            function == Fn::QueueSubmit2 || function == Fn::WaitSemaphores || function == Fn::GetSemaphoreCounterValue;
        if (isLost && canTell)
            return VK_ERROR_DEVICE_LOST;
        return std::nullopt;
    }

    void Count(Fn function) { calls[static_cast<size_t>(function)].fetch_add(1, std::memory_order_relaxed); }

    void Lose()
    {
        {
            const std::lock_guard lock(mutex);
            if (std::exchange(isLost, true))
                return;
        }
        // Nothing of a lost device runs any more. This one does, and what it uses may be destroyed now.
        if (deviceWaitIdle)
            deviceWaitIdle(device);
    }

    void NoteCreated(std::string_view kind, uint64_t handle)
    {
        const std::lock_guard lock(mutex);
        alive[std::string(kind)].insert(handle);
        ++created[std::string(kind)];
    }
    void NoteDestroyed(std::string_view kind, uint64_t handle)
    {
        if (handle == 0)
            return;
        const std::lock_guard lock(mutex);
        if (alive[std::string(kind)].erase(handle) == 0)
            violations.push_back("destroyed a " + std::string(kind) + " that is not alive");
        if (kind == "Buffer")
            bufferBytes.erase(handle);
    }

    // ---- memory layout
    void PresentMemory(VkPhysicalDeviceMemoryProperties& properties)
    {
        const std::lock_guard lock(mutex);
        if (layout.IsNative())
            return;
        backing.assign(layout.types.size(), UINT32_MAX);
        for (size_t i = 0; i < layout.types.size(); ++i)
        {
            // A real type with all the properties; else one that can be mapped if the layout's can.
            const VkMemoryPropertyFlags all = layout.types[i].propertyFlags;
            for (uint32_t step = 0; step < 2 * properties.memoryTypeCount && backing[i] == UINT32_MAX; ++step)
            {
                const uint32_t real = step % properties.memoryTypeCount;
                const VkMemoryPropertyFlags wanted =
                    step < properties.memoryTypeCount ? all : all & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
                if ((properties.memoryTypes[real].propertyFlags & wanted) == wanted)
                    backing[i] = real;
            }
        }
        heapUsage.resize(layout.heaps.size());
        properties = {};
        properties.memoryTypeCount = static_cast<uint32_t>(layout.types.size());
        properties.memoryHeapCount = static_cast<uint32_t>(layout.heaps.size());
        std::copy(layout.types.begin(), layout.types.end(), properties.memoryTypes);
        std::copy(layout.heaps.begin(), layout.heaps.end(), properties.memoryHeaps);
    }
    void PresentBudget(VkPhysicalDeviceMemoryBudgetPropertiesEXT& budget)
    {
        const std::lock_guard lock(mutex);
        if (layout.IsNative())
            return;
        for (size_t i = 0; i < layout.heaps.size(); ++i)
        {
            budget.heapBudget[i] = layout.heaps[i].size / 10 * 9;
            budget.heapUsage[i] = heapUsage[i];
        }
    }
    void PresentTypeBits(uint32_t& bits)
    {
        const std::lock_guard lock(mutex);
        if (layout.IsNative())
            return;
        uint32_t presented = 0;
        for (size_t i = 0; i < backing.size(); ++i)
        {
            if (backing[i] != UINT32_MAX && (bits & (1u << backing[i])) != 0)
                presented |= 1u << i;
        }
        bits = presented;
    }
};

namespace
{
// Dispatchable handles of one instance, or of one device, begin with the same pointer: that is how layers find their
// data, and how the replacements below find theirs.
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

void* DispatchKey(void* handle) { return *static_cast<void**>(handle); }

Interceptor::Impl& Find(void* handle)
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

// ---- what happens around a call ------------------------------------------------------------------------------------
// The general case: creations and destructions are noted, everything is passed on. Special ones follow.

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

template <>
struct Behaviour<Fn::DestroyInstance>
{
    static void Run(Interceptor::Impl&, PFN_vkDestroyInstance next, VkInstance instance,
                    const VkAllocationCallbacks* allocator)
    {
        void* key = DispatchKey(instance);
        next(instance, allocator);
        Forget(key);
    }
};

template <>
struct Behaviour<Fn::DestroyDevice>
{
    static void Run(Interceptor::Impl& impl, PFN_vkDestroyDevice next, VkDevice device,
                    const VkAllocationCallbacks* allocator)
    {
        impl.NoteDestroyed("Device", Key(device));
        void* key = DispatchKey(device);
        next(device, allocator);
        Forget(key);
    }
};

template <>
struct Behaviour<Fn::EnumeratePhysicalDevices>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkEnumeratePhysicalDevices next, VkInstance instance,
                        uint32_t* count, VkPhysicalDevice* devices)
    {
        if (!impl.owner.hideDevices)
            return next(instance, count, devices);
        *count = 0;
        return VK_SUCCESS;
    }
};

template <>
struct Behaviour<Fn::GetPhysicalDeviceFeatures2>
{
    static void Run(Interceptor::Impl& impl, PFN_vkGetPhysicalDeviceFeatures2 next, VkPhysicalDevice physicalDevice,
                    VkPhysicalDeviceFeatures2* features)
    {
        next(physicalDevice, features);
        if (impl.owner.onFeatures)
            impl.owner.onFeatures(*features);
    }
};

template <>
struct Behaviour<Fn::GetPhysicalDeviceProperties>
{
    static void Run(Interceptor::Impl& impl, PFN_vkGetPhysicalDeviceProperties next, VkPhysicalDevice physicalDevice,
                    VkPhysicalDeviceProperties* properties)
    {
        next(physicalDevice, properties);
        if (impl.owner.onProperties)
            impl.owner.onProperties(*properties);
    }
};

template <>
struct Behaviour<Fn::GetPhysicalDeviceProperties2>
{
    static void Run(Interceptor::Impl& impl, PFN_vkGetPhysicalDeviceProperties2 next, VkPhysicalDevice physicalDevice,
                    VkPhysicalDeviceProperties2* properties)
    {
        next(physicalDevice, properties);
        if (impl.owner.onProperties)
            impl.owner.onProperties(properties->properties);
    }
};

template <>
struct Behaviour<Fn::CreateDevice>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkCreateDevice next, VkPhysicalDevice physicalDevice,
                        const VkDeviceCreateInfo* info, const VkAllocationCallbacks* allocator, VkDevice* device)
    {
        if (impl.owner.onCreateDevice)
            impl.owner.onCreateDevice(*info);
        const VkResult result = next(physicalDevice, info, allocator, device);
        if (result == VK_SUCCESS)
            impl.NoteCreated("Device", Key(*device));
        return result;
    }
};

template <>
struct Behaviour<Fn::GetPhysicalDeviceMemoryProperties>
{
    static void Run(Interceptor::Impl& impl, PFN_vkGetPhysicalDeviceMemoryProperties next,
                    VkPhysicalDevice physicalDevice, VkPhysicalDeviceMemoryProperties* properties)
    {
        next(physicalDevice, properties);
        impl.PresentMemory(*properties);
    }
};

template <>
struct Behaviour<Fn::GetPhysicalDeviceMemoryProperties2>
{
    static void Run(Interceptor::Impl& impl, PFN_vkGetPhysicalDeviceMemoryProperties2 next,
                    VkPhysicalDevice physicalDevice, VkPhysicalDeviceMemoryProperties2* properties)
    {
        next(physicalDevice, properties);
        impl.PresentMemory(properties->memoryProperties);
        for (auto* s = static_cast<VkBaseOutStructure*>(properties->pNext); s; s = s->pNext)
        {
            if (s->sType != VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT)
                continue;
            auto& budget = *reinterpret_cast<VkPhysicalDeviceMemoryBudgetPropertiesEXT*>(s);
            impl.PresentBudget(budget);
            if (impl.owner.onBudget)
                impl.owner.onBudget(budget);
        }
    }
};

// vkGetBufferMemoryRequirements and its relatives: the memory types that fit.
struct RequirementsBehaviour
{
    template <class Next, class Device, class Object>
    static void Run(Interceptor::Impl& impl, Next next, Device device, Object object, VkMemoryRequirements* out)
    {
        next(device, object, out);
        impl.PresentTypeBits(out->memoryTypeBits);
    }
    template <class Next, class Device, class Object>
    static void Run(Interceptor::Impl& impl, Next next, Device device, Object object, VkMemoryRequirements2* out)
    {
        next(device, object, out);
        impl.PresentTypeBits(out->memoryRequirements.memoryTypeBits);
    }
};
template <>
struct Behaviour<Fn::GetBufferMemoryRequirements> : RequirementsBehaviour
{
};
template <>
struct Behaviour<Fn::GetBufferMemoryRequirements2> : RequirementsBehaviour
{
};
template <>
struct Behaviour<Fn::GetImageMemoryRequirements> : RequirementsBehaviour
{
};
template <>
struct Behaviour<Fn::GetImageMemoryRequirements2> : RequirementsBehaviour
{
};
template <>
struct Behaviour<Fn::GetDeviceBufferMemoryRequirements> : RequirementsBehaviour
{
};
template <>
struct Behaviour<Fn::GetDeviceImageMemoryRequirements> : RequirementsBehaviour
{
};

template <>
struct Behaviour<Fn::AllocateMemory>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkAllocateMemory next, VkDevice device,
                        const VkMemoryAllocateInfo* info, const VkAllocationCallbacks* allocator,
                        VkDeviceMemory* memory)
    {
        VkMemoryAllocateInfo real = *info;
        {
            const std::lock_guard lock(impl.mutex);
            if (!impl.layout.IsNative())
            {
                if (info->memoryTypeIndex >= impl.backing.size() || impl.backing[info->memoryTypeIndex] == UINT32_MAX)
                {
                    impl.violations.push_back("allocates from a memory type that does not exist");
                    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
                }
                const uint32_t heap = impl.layout.types[info->memoryTypeIndex].heapIndex;
                if (impl.heapUsage[heap] + info->allocationSize > impl.layout.heaps[heap].size)
                    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
                real.memoryTypeIndex = impl.backing[info->memoryTypeIndex];
            }
        }
        const VkResult result = next(device, &real, allocator, memory);
        if (result != VK_SUCCESS)
            return result;
        impl.NoteCreated("Memory", Key(*memory));
        const std::lock_guard lock(impl.mutex);
        impl.allocations[Key(*memory)] = {info->memoryTypeIndex, info->allocationSize};
        if (!impl.layout.IsNative())
            impl.heapUsage[impl.layout.types[info->memoryTypeIndex].heapIndex] += info->allocationSize;
        return result;
    }
};

template <>
struct Behaviour<Fn::FreeMemory>
{
    static void Run(Interceptor::Impl& impl, PFN_vkFreeMemory next, VkDevice device, VkDeviceMemory memory,
                    const VkAllocationCallbacks* allocator)
    {
        impl.NoteDestroyed("Memory", Key(memory));
        {
            const std::lock_guard lock(impl.mutex);
            const auto found = impl.allocations.find(Key(memory));
            if (found != impl.allocations.end())
            {
                if (!impl.layout.IsNative())
                    impl.heapUsage[impl.layout.types[found->second.type].heapIndex] -= found->second.bytes;
                impl.allocations.erase(found);
            }
        }
        next(device, memory, allocator);
    }
};

template <>
struct Behaviour<Fn::MapMemory>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkMapMemory next, VkDevice device, VkDeviceMemory memory,
                        VkDeviceSize offset, VkDeviceSize size, VkMemoryMapFlags flags, void** data)
    {
        {
            const std::lock_guard lock(impl.mutex);
            const auto found = impl.allocations.find(Key(memory));
            if (!impl.layout.IsNative() && found != impl.allocations.end() &&
                (impl.layout.types[found->second.type].propertyFlags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) == 0)
            {
                impl.violations.push_back("maps memory of a type that is not host-visible");
                return VK_ERROR_MEMORY_MAP_FAILED;
            }
        }
        return next(device, memory, offset, size, flags, data);
    }
};

template <bool kInvalidate>
struct FlushBehaviour
{
    template <class Next>
    static VkResult Run(Interceptor::Impl& impl, Next next, VkDevice device, uint32_t count,
                        const VkMappedMemoryRange* ranges)
    {
        {
            const std::lock_guard lock(impl.mutex);
            for (uint32_t i = 0; i < count; ++i)
                impl.flushes.push_back({kInvalidate, ranges[i].memory, ranges[i].offset, ranges[i].size});
        }
        return next(device, count, ranges);
    }
};
template <>
struct Behaviour<Fn::FlushMappedMemoryRanges> : FlushBehaviour<false>
{
};
template <>
struct Behaviour<Fn::InvalidateMappedMemoryRanges> : FlushBehaviour<true>
{
};

template <>
struct Behaviour<Fn::CreateBuffer>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkCreateBuffer next, VkDevice device,
                        const VkBufferCreateInfo* info, const VkAllocationCallbacks* allocator, VkBuffer* buffer)
    {
        const VkResult result = next(device, info, allocator, buffer);
        if (result == VK_SUCCESS)
        {
            impl.NoteCreated("Buffer", Key(*buffer));
            const std::lock_guard lock(impl.mutex);
            impl.bufferBytes[Key(*buffer)] = info->size;
        }
        return result;
    }
};

template <>
struct Behaviour<Fn::CreateSemaphore>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkCreateSemaphore next, VkDevice device,
                        const VkSemaphoreCreateInfo* info, const VkAllocationCallbacks* allocator,
                        VkSemaphore* semaphore)
    {
        const VkResult result = next(device, info, allocator, semaphore);
        if (result != VK_SUCCESS)
            return result;
        impl.NoteCreated("Semaphore", Key(*semaphore));
        for (auto* s = static_cast<const VkBaseInStructure*>(info->pNext); s; s = s->pNext)
        {
            if (s->sType != VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO)
                continue;
            const auto& type = *reinterpret_cast<const VkSemaphoreTypeCreateInfo*>(s);
            if (type.semaphoreType != VK_SEMAPHORE_TYPE_TIMELINE)
                continue;
            const std::lock_guard lock(impl.timelineMutex);
            impl.timelines[*semaphore] = type.initialValue;
            if (impl.isHeld)
                impl.heldValues[*semaphore] = type.initialValue;
        }
        return result;
    }
};

template <>
struct Behaviour<Fn::DestroySemaphore>
{
    static void Run(Interceptor::Impl& impl, PFN_vkDestroySemaphore next, VkDevice device, VkSemaphore semaphore,
                    const VkAllocationCallbacks* allocator)
    {
        impl.NoteDestroyed("Semaphore", Key(semaphore));
        {
            const std::lock_guard lock(impl.timelineMutex);
            impl.timelines.erase(semaphore);
            impl.heldValues.erase(semaphore);
        }
        next(device, semaphore, allocator);
    }
};

template <>
struct Behaviour<Fn::GetSemaphoreCounterValue>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkGetSemaphoreCounterValue next, VkDevice device,
                        VkSemaphore semaphore, uint64_t* value)
    {
        const VkResult result = next(device, semaphore, value);
        const std::lock_guard lock(impl.timelineMutex);
        if (result == VK_SUCCESS && impl.isHeld)
        {
            const auto found = impl.heldValues.find(semaphore);
            if (found != impl.heldValues.end())
                *value = std::min(*value, found->second);
        }
        return result;
    }
};

template <>
struct Behaviour<Fn::WaitSemaphores>
{
    static bool IsPassed(const Interceptor::Impl& impl, const VkSemaphoreWaitInfo& info)
    {
        const bool any = (info.flags & VK_SEMAPHORE_WAIT_ANY_BIT) != 0;
        for (uint32_t i = 0; i < info.semaphoreCount; ++i)
        {
            const auto found = impl.heldValues.find(info.pSemaphores[i]);
            const bool passed = found == impl.heldValues.end() || found->second >= info.pValues[i];
            if (passed == any)
                return any;
        }
        return !any;
    }

    static VkResult Run(Interceptor::Impl& impl, PFN_vkWaitSemaphores next, VkDevice device,
                        const VkSemaphoreWaitInfo* info, uint64_t timeout)
    {
        if (impl.owner.onWait)
            impl.owner.onWait();
        {
            std::unique_lock lock(impl.timelineMutex);
            if (impl.isHeld && !IsPassed(impl, *info))
            {
                ++impl.heldWaits;
                switch (impl.onHeldWait)
                {
                case HeldTimelines::OnWait::Release: impl.isHeld = false; break;
                case HeldTimelines::OnWait::TimeOut: return VK_TIMEOUT;
                case HeldTimelines::OnWait::Block: impl.released.wait(lock, [&] { return !impl.isHeld; }); break;
                }
            }
        }
        return next(device, info, timeout);
    }
};

template <>
struct Behaviour<Fn::QueueSubmit2>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkQueueSubmit2 next, VkQueue queue, uint32_t count,
                        const VkSubmitInfo2* submits, VkFence fence)
    {
        if (impl.owner.onSubmit)
            impl.owner.onSubmit(queue, {submits, count});
        {
            const std::lock_guard lock(impl.mutex);
            for (const VkSubmitInfo2& submit : std::span(submits, count))
            {
                SubmissionRecord record{.queue = queue};
                record.waits.assign(submit.pWaitSemaphoreInfos,
                                    submit.pWaitSemaphoreInfos + submit.waitSemaphoreInfoCount);
                record.signals.assign(submit.pSignalSemaphoreInfos,
                                      submit.pSignalSemaphoreInfos + submit.signalSemaphoreInfoCount);
                for (uint32_t i = 0; i < submit.commandBufferInfoCount; ++i)
                    record.commandBuffers.push_back(submit.pCommandBufferInfos[i].commandBuffer);
                impl.submissions.push_back(std::move(record));
            }
        }
        return next(queue, count, submits, fence);
    }
};

template <>
struct Behaviour<Fn::CmdCopyBuffer>
{
    static void Run(Interceptor::Impl& impl, PFN_vkCmdCopyBuffer next, VkCommandBuffer commandBuffer, VkBuffer source,
                    VkBuffer destination, uint32_t count, const VkBufferCopy* regions)
    {
        {
            const std::lock_guard lock(impl.mutex);
            ++impl.copyCalls;
            for (const VkBufferCopy& region : std::span(regions, count))
            {
                impl.copies.push_back({commandBuffer,
                                       source,
                                       destination,
                                       region.srcOffset,
                                       region.dstOffset,
                                       region.size,
                                       {},
                                       impl.copyCalls});
            }
        }
        next(commandBuffer, source, destination, count, regions);
    }
};

template <>
struct Behaviour<Fn::CmdCopyBuffer2>
{
    static void Run(Interceptor::Impl& impl, PFN_vkCmdCopyBuffer2 next, VkCommandBuffer commandBuffer,
                    const VkCopyBufferInfo2* info)
    {
        {
            const std::lock_guard lock(impl.mutex);
            ++impl.copyCalls;
            for (const VkBufferCopy2& region : std::span(info->pRegions, info->regionCount))
            {
                impl.copies.push_back({commandBuffer,
                                       info->srcBuffer,
                                       info->dstBuffer,
                                       region.srcOffset,
                                       region.dstOffset,
                                       region.size,
                                       {},
                                       impl.copyCalls});
            }
        }
        next(commandBuffer, info);
    }
};

template <>
struct Behaviour<Fn::CmdCopyBufferToImage2>
{
    static void Run(Interceptor::Impl& impl, PFN_vkCmdCopyBufferToImage2 next, VkCommandBuffer commandBuffer,
                    const VkCopyBufferToImageInfo2* info)
    {
        {
            const std::lock_guard lock(impl.mutex);
            ++impl.copyCalls;
            for (const VkBufferImageCopy2& region : std::span(info->pRegions, info->regionCount))
            {
                impl.copies.push_back({commandBuffer, info->srcBuffer, VK_NULL_HANDLE, region.bufferOffset, 0, 0,
                                       region.imageExtent, impl.copyCalls});
            }
        }
        next(commandBuffer, info);
    }
};

template <>
struct Behaviour<Fn::CmdCopyImageToBuffer2>
{
    static void Run(Interceptor::Impl& impl, PFN_vkCmdCopyImageToBuffer2 next, VkCommandBuffer commandBuffer,
                    const VkCopyImageToBufferInfo2* info)
    {
        {
            const std::lock_guard lock(impl.mutex);
            ++impl.copyCalls;
            for (const VkBufferImageCopy2& region : std::span(info->pRegions, info->regionCount))
            {
                impl.copies.push_back({commandBuffer, VK_NULL_HANDLE, info->dstBuffer, 0, region.bufferOffset, 0,
                                       region.imageExtent, impl.copyCalls});
            }
        }
        next(commandBuffer, info);
    }
};

template <>
struct Behaviour<Fn::SetDebugUtilsObjectNameEXT>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkSetDebugUtilsObjectNameEXT next, VkDevice device,
                        const VkDebugUtilsObjectNameInfoEXT* info)
    {
        {
            const std::lock_guard lock(impl.mutex);
            impl.names.emplace_back(info->pObjectName ? info->pObjectName : "");
        }
        return next(device, info);
    }
};

// ---- the replacements ----------------------------------------------------------------------------------------------
template <Fn kFunction, auto kMember>
struct Replacement;

template <Fn kFunction, class Table, class R, class First, class... Rest,
          R (VKAPI_PTR* Table::*kMember)(First, Rest...)>
struct Replacement<kFunction, kMember>
{
    static VKAPI_ATTR R VKAPI_CALL Call(First first, Rest... rest)
    {
        Interceptor::Impl& impl = Find(first);
        R(VKAPI_PTR * next)(First, Rest...) = nullptr;
        if constexpr (std::is_same_v<Table, InstanceDispatch>)
            next = impl.instanceNext.*kMember;
        else
            next = impl.deviceNext.*kMember;

        if constexpr (std::is_same_v<R, VkResult>)
        {
            if (const auto injected = impl.Begin(kFunction))
            {
                if constexpr (Creates(kFunction))
                    *LastOf(rest...) = VK_NULL_HANDLE;
                return *injected;
            }
        }
        else
            impl.Count(kFunction);
        return Behaviour<kFunction>::Run(impl, next, first, rest...);
    }
};

void WrapInstance(InstanceDispatch& table, VkInstance instance, void* user)
{
    auto& impl = *static_cast<Interceptor::Impl*>(user);
    impl.instanceNext = table;
    {
        Registry& registry = GetRegistry();
        const std::unique_lock lock(registry.mutex);
        registry.contexts[DispatchKey(instance)] = &impl;
    }
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
    impl.deviceWaitIdle =
        reinterpret_cast<PFN_vkDeviceWaitIdle>(impl.instanceNext.GetDeviceProcAddr(device, "vkDeviceWaitIdle"));
    {
        Registry& registry = GetRegistry();
        const std::unique_lock lock(registry.mutex);
        registry.contexts[DispatchKey(device)] = &impl;
    }
#define SEDX_TEST_WRAP(name)                                                                                           \
    if (table.name)                                                                                                    \
        table.name = &Replacement<Fn::name, &DeviceDispatch::name>::Call;
    SEDX_DEVICE_FUNCTIONS(SEDX_TEST_WRAP)
    SEDX_DEVICE_FUNCTIONS_OPTIONAL(SEDX_TEST_WRAP)
#undef SEDX_TEST_WRAP
}
} // namespace

// ---- Interceptor ---------------------------------------------------------------------------------------------------
Interceptor::Interceptor() : m_impl(std::make_unique<Impl>(*this)) {}

Interceptor::~Interceptor()
{
    // Adopted devices are not destroyed through the table.
    Registry& registry = GetRegistry();
    const std::unique_lock lock(registry.mutex);
    std::erase_if(registry.contexts, [this](const auto& entry) { return entry.second == m_impl.get(); });
}

DispatchHook Interceptor::Hook() noexcept
{
    return {.wrapInstance = &WrapInstance, .wrapDevice = &WrapDevice, .user = m_impl.get()};
}

void Interceptor::SetMemoryLayout(MemoryLayout layout)
{
    const std::lock_guard lock(m_impl->mutex);
    m_impl->layout = std::move(layout);
}

uint64_t Interceptor::Calls(Fn function) const noexcept
{
    return m_impl->calls[static_cast<size_t>(function)].load(std::memory_order_relaxed);
}

uint64_t Interceptor::FallibleCalls() const noexcept { return m_impl->fallibleCalls.load(std::memory_order_relaxed); }

std::vector<std::string> Interceptor::Trace() const
{
    const std::lock_guard lock(m_impl->mutex);
    return m_impl->trace;
}

void Interceptor::SetTracing(bool on)
{
    const std::lock_guard lock(m_impl->mutex);
    m_impl->isTracing = on;
    m_impl->trace.clear();
}

void Interceptor::FailCall(uint64_t n, VkResult result, bool andAfter)
{
    const std::lock_guard lock(m_impl->mutex);
    m_impl->failCallsAfter = andAfter;
    m_impl->failCallIn = n;
    m_impl->failCallResult = result;
}

void Interceptor::FailFunction(Fn function, VkResult result, uint64_t n, uint64_t times)
{
    const std::lock_guard lock(m_impl->mutex);
    m_impl->failFunction = function;
    m_impl->failFunctionIn = n;
    m_impl->failFunctionTimes = times;
    m_impl->failFunctionResult = result;
}

void Interceptor::StopFailing()
{
    const std::lock_guard lock(m_impl->mutex);
    m_impl->failCallIn = 0;
    m_impl->failFunctionTimes = 0;
}

uint64_t Interceptor::InjectedFailures() const noexcept
{
    const std::lock_guard lock(m_impl->mutex);
    return m_impl->injected;
}

std::string Interceptor::LastFailed() const
{
    const std::lock_guard lock(m_impl->mutex);
    return m_impl->lastFailed;
}

void Interceptor::LoseDevice() { m_impl->Lose(); }

std::vector<ObjectCount> Interceptor::Objects() const
{
    const std::lock_guard lock(m_impl->mutex);
    std::vector<ObjectCount> counts;
    for (const auto& [kind, created] : m_impl->created)
    {
        const auto found = m_impl->alive.find(kind);
        counts.push_back({kind, created, found == m_impl->alive.end() ? 0 : found->second.size()});
    }
    return counts;
}

std::string Interceptor::Alive() const
{
    std::string text;
    for (const ObjectCount& count : Objects())
    {
        if (count.alive == 0)
            continue;
        if (!text.empty())
            text += ", ";
        text += std::to_string(count.alive) + " " + count.kind;
    }
    return text;
}

uint64_t Interceptor::AliveObjects(const std::string& kind) const
{
    const std::lock_guard lock(m_impl->mutex);
    const auto found = m_impl->alive.find(kind);
    return found == m_impl->alive.end() ? 0 : found->second.size();
}

uint64_t Interceptor::AliveBytes() const
{
    const std::lock_guard lock(m_impl->mutex);
    uint64_t bytes = 0;
    for (const auto& [memory, allocation] : m_impl->allocations)
        bytes += allocation.bytes;
    return bytes;
}

bool Interceptor::IsAlive(VkBuffer buffer) const { return BufferBytes(buffer) != 0; }

uint64_t Interceptor::BufferBytes(VkBuffer buffer) const
{
    const std::lock_guard lock(m_impl->mutex);
    const auto found = m_impl->bufferBytes.find(Key(buffer));
    return found == m_impl->bufferBytes.end() ? 0 : found->second;
}

std::vector<std::string> Interceptor::ObjectNames() const
{
    const std::lock_guard lock(m_impl->mutex);
    return m_impl->names;
}

std::vector<std::string> Interceptor::Violations() const
{
    const std::lock_guard lock(m_impl->mutex);
    return m_impl->violations;
}

std::vector<SubmissionRecord> Interceptor::TakeSubmissions()
{
    const std::lock_guard lock(m_impl->mutex);
    return std::exchange(m_impl->submissions, {});
}

std::vector<CopyRecord> Interceptor::TakeCopies()
{
    const std::lock_guard lock(m_impl->mutex);
    return std::exchange(m_impl->copies, {});
}

std::vector<FlushRecord> Interceptor::TakeFlushes()
{
    const std::lock_guard lock(m_impl->mutex);
    return std::exchange(m_impl->flushes, {});
}

// ---- HeldTimelines -------------------------------------------------------------------------------------------------
HeldTimelines::HeldTimelines(Interceptor& interceptor, OnWait onWait) : m_interceptor(interceptor)
{
    Interceptor::Impl& impl = interceptor.Internals();
    const std::lock_guard lock(impl.timelineMutex);
    impl.heldValues.clear();
    for (const auto& [semaphore, initial] : impl.timelines)
    {
        uint64_t value = initial;
        impl.deviceNext.GetSemaphoreCounterValue(impl.device, semaphore, &value);
        impl.heldValues[semaphore] = value;
    }
    impl.heldWaits = 0;
    impl.onHeldWait = onWait;
    impl.isHeld = true;
}

HeldTimelines::~HeldTimelines() { Release(); }

void HeldTimelines::Release()
{
    Interceptor::Impl& impl = m_interceptor.Internals();
    {
        const std::lock_guard lock(impl.timelineMutex);
        impl.isHeld = false;
    }
    impl.released.notify_all();
}

uint64_t HeldTimelines::Waits() const
{
    const Interceptor::Impl& impl = m_interceptor.Internals();
    const std::lock_guard lock(impl.timelineMutex);
    return impl.heldWaits;
}
} // namespace sedx::test
