#include "ownership.h"

#include "state.h"

#include <algorithm>
#include <fmt/format.h>

namespace sedx::simulator
{
namespace
{
constexpr uint32_t kNobody = Owner::kNobody;

// Of another process or device: what happens there is not seen.
bool IsOutside(uint32_t family) { return family == VK_QUEUE_FAMILY_EXTERNAL || family == VK_QUEUE_FAMILY_FOREIGN_EXT; }

std::string Describe(const Resource& resource, const std::string& name)
{
    const char* kind = resource.isImage ? "image" : "buffer";
    return name.empty() ? fmt::format("{} {:#x}", kind, resource.handle) : fmt::format("{} '{}'", kind, name);
}

// Bytes, or mip levels and array layers.
std::string Describe(const OwnershipEvent& event, uint32_t layers)
{
    if (!event.resource.isImage)
        return fmt::format("bytes {} to {}", event.begin, event.end - 1);
    const uint64_t count = std::max(layers, 1u);
    return fmt::format("mip level {}, layers {} to {}", event.begin / count, event.begin % count,
                       (event.end - 1) % count);
}
} // namespace

// ---- recording -----------------------------------------------------------------------------------------------------
void Ownership::Note(VkCommandBuffer commandBuffer, OwnershipEvent event, VkBuffer buffer, VkDeviceSize offset,
                     VkDeviceSize size)
{
    if (!m_state.queues.IsActive())
        return;
    const auto info = m_state.objects.Find(buffer);
    if (!info || !info->isExclusive || offset >= info->bytes)
        return;
    event.resource = ResourceOf(buffer);
    event.begin = offset;
    event.end = offset + std::min(size, info->bytes - offset); // VK_WHOLE_SIZE, too
    if (event.begin < event.end)
        m_state.commandRecords.Append(commandBuffer, event);
}

void Ownership::Note(VkCommandBuffer commandBuffer, OwnershipEvent event, VkImage image,
                     const VkImageSubresourceRange& range)
{
    if (!m_state.queues.IsActive())
        return;
    const auto info = m_state.objects.Find(image);
    if (!info || !info->isExclusive || range.baseMipLevel >= info->mips || range.baseArrayLayer >= info->layers)
        return;
    event.resource = ResourceOf(image);
    const uint32_t mips = std::min(range.levelCount, info->mips - range.baseMipLevel); // the remaining ones, too
    const uint32_t layers = std::min(range.layerCount, info->layers - range.baseArrayLayer);
    for (uint32_t mip = range.baseMipLevel; mip < range.baseMipLevel + mips; ++mip)
    {
        event.begin = uint64_t{mip} * info->layers + range.baseArrayLayer;
        event.end = event.begin + layers;
        m_state.commandRecords.Append(commandBuffer, event);
    }
}

// ---- executing -----------------------------------------------------------------------------------------------------
void Ownership::Execute(uint32_t family, VkCommandBuffer commandBuffer)
{
    const std::vector<OwnershipEvent> events = m_state.commandRecords.EventsOf(commandBuffer);
    const std::lock_guard lock(m_mutex);
    for (const OwnershipEvent& event : events)
    {
        Object& object = m_objects[event.resource];
        std::string wrong; // one sentence for an event, however many pieces the range has
        object.ranges.Update(event.begin, event.end, [&](Owner& owner) {
            const std::string found = event.act == OwnershipAct::Transfer
                                          ? Transfer(owner, family, event.from, event.to)
                                          : Use(owner, family, event.act);
            if (wrong.empty())
                wrong = found;
        });
        if (wrong.empty())
            continue;
        const auto image = event.resource.isImage
                               ? m_state.objects.Find(reinterpret_cast<VkImage>(event.resource.handle))
                               : std::nullopt;
        m_state.simulator.Report(fmt::format("{} on family {}: {} of {} {}", event.call, family,
                                             Describe(event, image ? image->layers : 1),
                                             Describe(event.resource, object.name), wrong));
    }
}

std::string Ownership::Use(Owner& owner, uint32_t family, OwnershipAct act) const
{
    // What is wrong is reported once: from now on the range belongs to the family that used it.
    const Owner before = owner;
    owner = {.family = family};
    if (before.IsReleased())
        return fmt::format("were released by family {} to family {}, which has not acquired them", before.family,
                           before.next);
    if (before.family == kNobody || before.family == family)
        return {};
    // Vulkan asks for a transfer only where the old contents are needed.
    if (act == OwnershipAct::Discard || (act == OwnershipAct::Overwrite && !m_state.simulator.options.reportOverwrites))
        return {};
    return fmt::format("belong to family {}, which has not released them", before.family);
}

std::string Ownership::Transfer(Owner& owner, uint32_t family, uint32_t from, uint32_t to)
{
    const Owner before = owner;
    if (family != from && family != to)
        return fmt::format("are transferred from family {} to family {}, it is neither of them", from, to);
    if (family == from)
    {
        owner = IsOutside(to) ? Owner{} : Owner{.family = from, .next = to};
        if (before.IsReleased())
            return fmt::format("are released to family {}, but were released to family {} before", to, before.next);
        if (before.family != kNobody && before.family != from)
            return fmt::format("are released to family {}, but belong to family {}", to, before.family);
        return {};
    }
    owner = {.family = to};
    if (IsOutside(from))
        return {};
    if (!before.IsReleased())
        return fmt::format("are acquired from family {}, which has not released them", from);
    if (before.family != from || before.next != to)
        return fmt::format("are acquired from family {}, but were released by family {} to family {}", from,
                           before.family, before.next);
    return {};
}

// ---- the end -------------------------------------------------------------------------------------------------------
void Ownership::ReportReleased(const Resource& resource, const Object& object) const
{
    if (m_state.simulator.failures.IsLost()) // nothing runs any more, the acquire could not
        return;
    Owner released;
    object.ranges.ForEach([&](const Owner& owner) {
        if (owner.IsReleased())
            released = owner;
    });
    if (released.IsReleased())
        m_state.simulator.Report(
            fmt::format("{}: family {} released a part of it to family {}, which never acquired it",
                        Describe(resource, object.name), released.family, released.next));
}

void Ownership::Forget(const Resource& resource)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_objects.find(resource);
    if (found == m_objects.end())
        return;
    ReportReleased(found->first, found->second);
    m_objects.erase(found);
}

void Ownership::ForgetAll()
{
    const std::lock_guard lock(m_mutex);
    for (const auto& [resource, object] : m_objects)
        ReportReleased(resource, object);
    m_objects.clear();
}

void Ownership::SetName(VkObjectType type, uint64_t handle, const char* name)
{
    if (type != VK_OBJECT_TYPE_BUFFER && type != VK_OBJECT_TYPE_IMAGE)
        return;
    const std::lock_guard lock(m_mutex);
    m_objects[{.handle = handle, .isImage = type == VK_OBJECT_TYPE_IMAGE}].name = name != nullptr ? name : "";
}
} // namespace sedx::simulator
