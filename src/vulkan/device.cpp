#include "vulkan/device_state.h"

namespace sedx
{
PFN_vkGetInstanceProcAddr Device::GetInstanceProcAddr() const noexcept { return m_state->getInstanceProcAddr; }
VkInstance Device::Instance() const noexcept { return m_state->instance; }
VkPhysicalDevice Device::PhysicalDevice() const noexcept { return m_state->physicalDevice; }
VkDevice Device::Handle() const noexcept { return m_state->device; }
const InstanceDispatch& Device::InstanceFunctions() const noexcept { return m_state->vki; }
const DeviceDispatch& Device::Functions() const noexcept { return m_state->vk; }
const VkPhysicalDeviceProperties& Device::Properties() const noexcept { return m_state->properties; }
const VkPhysicalDeviceMemoryProperties& Device::MemoryProperties() const noexcept { return m_state->memory; }
const std::string& Device::Name() const noexcept { return m_state->name; }
std::span<const QueueInfo> Device::Queues() const noexcept { return m_state->queues; }
bool Device::IsExtensionEnabled(const char* name) const noexcept { return m_state->HasExtension(name); }
bool Device::IsAdopted() const noexcept { return m_state->adopted; }
bool Device::IsLost() const noexcept { return m_state->IsLost(); }

ValidationCounts Device::Validation() const noexcept
{
    return {m_state->validationErrors.load(std::memory_order_relaxed),
            m_state->validationWarnings.load(std::memory_order_relaxed)};
}

Result<void> Device::Submit(uint32_t queue, std::span<const VkSubmitInfo2> submits, VkFence fence) const
{
    if (queue >= m_state->queues.size())
        return Fail(ErrorCode::InvalidArgument, "there is no queue {}; the device has {}", queue,
                    m_state->queues.size());
    if (m_state->IsLost())
        return m_state->LostError();
    const VkResult result = m_state->Submit(queue, submits, fence);
    if (result != VK_SUCCESS)
        return FailVk(result, "submitting to queue {} of '{}'", queue, m_state->name);
    return {};
}
} // namespace sedx
