#include <sedx/indirect_buffer.h>

#include "buffer_types/recording.h"

#include <sedx/barriers.h>

#include <algorithm>

namespace sedx::detail
{
namespace
{
// Draws of `count` commands in one call.
void Draw(IndirectKind kind, const DeviceDispatch& vk, VkCommandBuffer cmd, VkBuffer buffer, uint64_t offset,
          uint32_t count) noexcept
{
    const uint32_t stride = CommandBytes(kind);
    switch (kind)
    {
    case IndirectKind::Draw: vk.CmdDrawIndirect(cmd, buffer, offset, count, stride); break;
    case IndirectKind::DrawIndexed: vk.CmdDrawIndexedIndirect(cmd, buffer, offset, count, stride); break;
    case IndirectKind::Dispatch: vk.CmdDispatchIndirect(cmd, buffer, offset); break;
    case IndirectKind::MeshTasks: vk.CmdDrawMeshTasksIndirectEXT(cmd, buffer, offset, count, stride); break;
    }
}

bool HasMeshTasks(const DeviceState& device) noexcept
{
    return device.features.meshShader && device.vk.CmdDrawMeshTasksIndirectEXT != nullptr &&
           device.vk.CmdDrawMeshTasksIndirectCountEXT != nullptr;
}
} // namespace

Result<IndirectParts> CreateIndirect(BufferSystem& system, IndirectKind kind, const IndirectBufferDesc& desc,
                                     std::span<const std::byte> commands, const std::source_location& where)
{
    const DeviceState& device = system.Internals().core->Device();
    if (kind == IndirectKind::MeshTasks && !HasMeshTasks(device))
        return Fail(ErrorCode::MissingFeature,
                    "indirect buffer '{}' is for mesh tasks, but device '{}' was made without meshShader of "
                    "VK_EXT_mesh_shader",
                    desc.name, device.name);
    if (desc.withCount && kind == IndirectKind::Dispatch)
        return Fail(ErrorCode::InvalidArgument, "indirect buffer '{}': Vulkan has no dispatches with a count",
                    desc.name);
    if (desc.withCount && !device.features.drawIndirectCount)
        return Fail(ErrorCode::MissingFeature,
                    "indirect buffer '{}' has a count, but device '{}' was made without drawIndirectCount", desc.name,
                    device.name);
    IndirectParts parts;
    auto buffer = system.Factory().Create({.bytes = BytesOf(desc.count, CommandBytes(kind)),
                                           .usage = BufferUsage::Indirect | BufferUsage::Storage,
                                           .name = desc.name,
                                           .pinned = desc.pinned},
                                          commands, where);
    if (!buffer)
        return Forward(buffer);
    parts.commands = std::move(*buffer);
    if (!desc.withCount)
        return parts;
    auto counter = CounterBuffer<uint32_t>::Create(system, {.name = desc.name + " count", .subscribe = false}, where);
    if (!counter)
        return Forward(counter);
    parts.counter = std::move(*counter);
    const auto count = static_cast<uint32_t>(commands.size() / CommandBytes(kind));
    if (count != 0)
        if (auto written = system.Uploads().Write(parts.counter, 0, std::span(&count, 1)); !written)
            return Forward(written);
    return parts;
}

Result<void> CmdExecute(IndirectKind kind, const Frame& frame, VkCommandBuffer cmd, const Buffer& commands,
                        uint64_t first, uint64_t count)
{
    const auto recorded = ResolveFor("an indirect command", frame, cmd, commands);
    if (!recorded)
        return tl::unexpected(recorded.error());
    const uint64_t stride = CommandBytes(kind);
    const uint64_t there = commands.GetSize() / stride;
    if (count == UINT64_MAX)
        count = first < there ? there - first : 0;
    if (first > there || count > there - first)
        return Fail(ErrorCode::OutOfRange, "commands {} + {} leave indirect buffer '{}' of {} commands", first, count,
                    commands.Name(), there);
    const DeviceState& device = *recorded->device;
    const uint64_t offset = recorded->buffer.offset + first * stride;
    if (count != 0)
        NoteAccess(frame, cmd, commands, recorded->buffer, first * stride, count * stride, Use::IndirectRead);
    if (count <= 1 || device.features.multiDrawIndirect)
    {
        const uint32_t most = device.properties.limits.maxDrawIndirectCount;
        if (count > std::max(most, 1u))
            return Fail(ErrorCode::LimitExceeded, "{} commands of '{}' exceed maxDrawIndirectCount of {}", count,
                        commands.Name(), most);
        if (count != 0)
            Draw(kind, device.vk, cmd, recorded->buffer.buffer, offset, static_cast<uint32_t>(count));
        return {};
    }
    for (uint64_t i = 0; i < count; ++i)
        Draw(kind, device.vk, cmd, recorded->buffer.buffer, offset + i * stride, 1);
    return {};
}

Result<void> CmdExecuteCount(IndirectKind kind, const Frame& frame, VkCommandBuffer cmd, const Buffer& commands,
                             const Buffer& counter)
{
    if (!counter)
        return Fail(ErrorCode::WrongState, "indirect buffer '{}' was created without a count", commands.Name());
    const auto recorded = ResolveFor("CmdDrawCount", frame, cmd, commands);
    if (!recorded)
        return tl::unexpected(recorded.error());
    const auto counted = ResolveFor("CmdDrawCount", frame, cmd, counter);
    if (!counted)
        return tl::unexpected(counted.error());
    const DeviceState& device = *recorded->device;
    const uint32_t stride = CommandBytes(kind);
    const uint64_t count = commands.GetSize() / stride;
    const uint32_t limit = device.properties.limits.maxDrawIndirectCount;
    if (count > limit)
        return Fail(ErrorCode::LimitExceeded, "{} commands of '{}' exceed maxDrawIndirectCount of {}", count,
                    commands.Name(), limit);
    const VkBuffer buffer = recorded->buffer.buffer;
    const uint64_t offset = recorded->buffer.offset;
    const VkBuffer countBuffer = counted->buffer.buffer;
    const uint64_t countOffset = counted->buffer.offset;
    const auto most = static_cast<uint32_t>(count);
    NoteAccess(frame, cmd, commands, recorded->buffer, 0, count * stride, Use::IndirectRead);
    NoteAccess(frame, cmd, counter, counted->buffer, 0, sizeof(uint32_t), Use::IndirectRead);
    switch (kind)
    {
    case IndirectKind::Draw:
        device.vk.CmdDrawIndirectCount(cmd, buffer, offset, countBuffer, countOffset, most, stride);
        break;
    case IndirectKind::DrawIndexed:
        device.vk.CmdDrawIndexedIndirectCount(cmd, buffer, offset, countBuffer, countOffset, most, stride);
        break;
    case IndirectKind::MeshTasks:
        device.vk.CmdDrawMeshTasksIndirectCountEXT(cmd, buffer, offset, countBuffer, countOffset, most, stride);
        break;
    case IndirectKind::Dispatch: break; // has no counter
    }
    return {};
}

Result<void> CmdMakeReadable(const Frame& frame, VkCommandBuffer cmd, const Buffer& commands)
{
    const auto recorded = ResolveFor("CmdMakeReadable", frame, cmd, commands);
    if (!recorded)
        return tl::unexpected(recorded.error());
    return Barriers().Memory(Use::AnyWrite, Use::IndirectRead).Cmd(frame, cmd);
}
} // namespace sedx::detail
