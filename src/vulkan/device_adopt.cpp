// Device::Adopt: a device that an engine made.
#include "vulkan/device_state.h"
#include "vulkan/features.h"
#include "vulkan/kernels.h"
#include "vulkan/requirements.h"

#include <sedx/timeline.h>

namespace sedx
{
namespace
{
std::string MissingFeatures(const AdoptDesc& desc, const DeviceRequirements& needs)
{
    std::string missing;
    const auto add = [&](const std::string& sentence) { missing += missing.empty() ? sentence : "; " + sentence; };
    for (const std::string& sentence : needs.missing)
        add(sentence);
    if (desc.enabledFeatures != nullptr)
        for (const Feature& feature : KnownFeatures())
            if (feature.isRequired && !IsEnabled(desc.enabledFeatures, feature))
                add(fmt::format("the feature {} was not enabled on device '{}'", feature.name, needs.deviceName));
    return missing;
}
} // namespace

Result<Device> Device::Adopt(const AdoptDesc& desc)
{
    if (desc.getInstanceProcAddr == nullptr || desc.instance == VK_NULL_HANDLE ||
        desc.physicalDevice == VK_NULL_HANDLE || desc.device == VK_NULL_HANDLE)
        return Fail(ErrorCode::InvalidArgument,
                    "AdoptDesc needs getInstanceProcAddr, instance, physicalDevice and device");
    if (desc.queues.empty() || desc.queues.size() > kMaxQueues)
        return Fail(ErrorCode::InvalidArgument, "AdoptDesc holds {} queues, 1 to {} are possible", desc.queues.size(),
                    kMaxQueues);
    for (const QueueDesc& queue : desc.queues)
        if (queue.queue == VK_NULL_HANDLE || static_cast<bool>(queue.lock) != static_cast<bool>(queue.unlock))
            return Fail(ErrorCode::InvalidArgument, "a queue of AdoptDesc is null, or has only one of lock and unlock");
    if (desc.instanceApiVersion < VK_API_VERSION_1_3)
        return Fail(ErrorCode::MissingFeature, "the instance was created for Vulkan {}.{}, 1.3 is needed",
                    VK_API_VERSION_MAJOR(desc.instanceApiVersion), VK_API_VERSION_MINOR(desc.instanceApiVersion));

    auto state = std::make_shared<DeviceState>();
    state->adopted = true;
    state->hook = desc.hook;
    state->getInstanceProcAddr = desc.getInstanceProcAddr;
    state->instance = desc.instance;
    state->physicalDevice = desc.physicalDevice;
    state->device = desc.device;
    state->debugUtils = desc.debugUtils;
    const char* missing = nullptr;
    if (!LoadInstanceTable(state->vki, desc.getInstanceProcAddr, desc.instance, &missing))
        return Fail(ErrorCode::MissingFeature, "the engine's instance lacks {}", missing);
    if (state->hook.wrapInstance != nullptr)
        state->hook.wrapInstance(state->vki, desc.instance, state->hook.user);

    const auto needs = RequirementsOf(state->vki, desc.physicalDevice);
    if (!needs)
        return tl::unexpected(needs.error());
    if (const std::string sentence = MissingFeatures(desc, *needs); !sentence.empty())
        return Fail(ErrorCode::MissingFeature, "the device cannot be adopted: {}", sentence);

    const bool complete =
        LoadDeviceTable(state->vk, state->vki.GetDeviceProcAddr, desc.device, desc.debugUtils, &missing);
    if (state->hook.wrapDevice != nullptr)
        state->hook.wrapDevice(state->vk, desc.device, state->hook.user);
    if (!complete)
        return Fail(ErrorCode::MissingFeature, "the engine's device lacks {}", missing);

    for (const char* name : desc.enabledExtensions)
        state->extensions.emplace_back(name);
    ReadFeatures(*state, desc.enabledFeatures);
    if (desc.enabledFeatures == nullptr)
        AssumeEngineFeatures(*state, desc.instanceApiVersion);
    uint32_t familyCount = 0;
    state->vki.GetPhysicalDeviceQueueFamilyProperties(desc.physicalDevice, &familyCount, nullptr);
    for (const QueueDesc& queue : desc.queues)
    {
        if (queue.family >= familyCount)
            return Fail(ErrorCode::InvalidArgument, "a queue of AdoptDesc names family {}, but device '{}' has {}",
                        queue.family, needs->deviceName, familyCount);
        QueueInfo info;
        info.queue = queue.queue;
        info.family = queue.family;
        state->queues.push_back(info);
        QueueAccess access;
        access.lock = queue.lock;
        access.unlock = queue.unlock;
        access.submit = queue.submit;
        access.mutex = std::make_shared<std::mutex>();
        for (size_t i = 0; i + 1 < state->queues.size(); ++i)
            if (state->queues[i].queue == queue.queue) // handed over twice
                access.mutex = state->access[i].mutex;
        state->access.push_back(std::move(access));
    }
    if (desc.vma != nullptr)
        state->vma = *desc.vma;
    FillDeviceFacts(*state);
    state->kernels->Create();
    if (state->IsLost())
        return state->LostError();
    Device device;
    device.m_state = std::move(state);
    return device;
}
} // namespace sedx
