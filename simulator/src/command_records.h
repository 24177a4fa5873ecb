// CommandRecords: for each command buffer the family of its pool, and what it does to the ownership of resources once it
// is executed.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>
#include <vulkan/vulkan_core.h>

namespace sedx::simulator
{
enum class OwnershipAct
{
    Use,       // the contents count: read, or written in a part only
    Overwrite, // all of the range is written
    Discard,   // the contents are given up: a layout transition from UNDEFINED
    Transfer,  // a barrier from one family to another: a release on the first, an acquire on the second
};

// A buffer or an image.
struct Resource
{
    uint64_t handle = 0;
    bool isImage = false;
    friend bool operator==(const Resource&, const Resource&) = default;
};
inline Resource ResourceOf(VkBuffer buffer) { return {reinterpret_cast<uint64_t>(buffer), false}; }
inline Resource ResourceOf(VkImage image) { return {reinterpret_cast<uint64_t>(image), true}; }

struct OwnershipEvent
{
    OwnershipAct act = OwnershipAct::Use;
    const char* call = "";                   // the command
    uint32_t from = VK_QUEUE_FAMILY_IGNORED; // of Transfer
    uint32_t to = VK_QUEUE_FAMILY_IGNORED;
    Resource resource{};
    uint64_t begin = 0; // bytes, or subresources (mip level * layers of the image + layer)
    uint64_t end = 0;
};

class CommandRecords
{
  public:
    void Add(VkCommandPool pool, uint32_t family);
    void Remove(VkCommandPool pool);
    void Add(VkCommandPool pool, uint32_t count, const VkCommandBuffer* commandBuffers);
    void Remove(uint32_t count, const VkCommandBuffer* commandBuffers);

    void Clear(VkCommandBuffer commandBuffer); // recording begins
    void Append(VkCommandBuffer commandBuffer, const OwnershipEvent& event);
    void Append(VkCommandBuffer primary, VkCommandBuffer secondary);

    // VK_QUEUE_FAMILY_IGNORED if the command buffer is not known.
    uint32_t FamilyOf(VkCommandBuffer commandBuffer) const;
    std::vector<OwnershipEvent> EventsOf(VkCommandBuffer commandBuffer) const;

  private:
    struct Record
    {
        VkCommandPool pool = VK_NULL_HANDLE;
        uint32_t family = VK_QUEUE_FAMILY_IGNORED;
        std::vector<OwnershipEvent> events;
    };
    mutable std::mutex m_mutex;
    std::unordered_map<VkCommandPool, uint32_t> m_pools;
    std::unordered_map<VkCommandBuffer, Record> m_records;
};
} // namespace sedx::simulator
