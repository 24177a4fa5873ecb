// Ownership: which queue family owns which range of each exclusive buffer and image, as submissions change it. The layers
// below see one family only, so what is wrong about it is found here.
//
// A range belongs to nobody until a family uses it. It changes hands by a release and the acquire that fits it. Commands
// are noted when they are recorded, and take effect, in order, when their submission goes to the real queue.
#pragma once

#include "command_records.h"
#include "owned_ranges.h"

#include <mutex>
#include <string>
#include <unordered_map>
#include <vulkan/vulkan_core.h>

namespace sedx::simulator
{
struct DeviceState;

class Ownership
{
  public:
    explicit Ownership(DeviceState& state) : m_state(state) {}

    // ---- recording: `event` without its resource and range, which follow -------------------------------------------
    // Objects that are null, unknown or shared by all families are skipped.
    void Note(VkCommandBuffer commandBuffer, OwnershipEvent event, VkBuffer buffer, VkDeviceSize offset,
              VkDeviceSize size);
    void Note(VkCommandBuffer commandBuffer, OwnershipEvent event, VkImage image, const VkImageSubresourceRange& range);

    // ---- executing -------------------------------------------------------------------------------------------------
    // What the command buffer holds happens on a queue of this family.
    void Execute(uint32_t family, VkCommandBuffer commandBuffer);
    // The object goes, or all of them: a release that nobody has acquired is reported.
    void Forget(const Resource& resource);
    void ForgetAll();
    void SetName(VkObjectType type, uint64_t handle, const char* name);

  private:
    struct Hash
    {
        size_t operator()(const Resource& resource) const noexcept
        {
            return std::hash<uint64_t>()(resource.handle) ^ static_cast<size_t>(resource.isImage);
        }
    };
    struct Object
    {
        OwnedRanges ranges;
        std::string name;
    };

    // The end of a sentence that says what is wrong, or an empty string.
    std::string Use(Owner& owner, uint32_t family, OwnershipAct act) const;
    static std::string Transfer(Owner& owner, uint32_t family, uint32_t from, uint32_t to);
    void ReportReleased(const Resource& resource, const Object& object) const;

    DeviceState& m_state;
    std::mutex m_mutex;
    std::unordered_map<Resource, Object, Hash> m_objects;
};
} // namespace sedx::simulator
