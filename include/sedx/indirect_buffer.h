// IndirectBuffer<C>: commands that the GPU reads from memory: draws, indexed draws, dispatches, mesh tasks. Written by the
// CPU, or by shaders (it is a storage buffer, too), with a counter beside it that says how many of them to run.
//
//     auto draws = DrawIndexedBuffer::Create(system, {.count = 1000, .name = "draws", .withCount = true});
//     draws->Counter().CmdReset(frame, cmd);              // then a shader culls: appends commands, and counts
//     draws->CmdMakeReadable(frame, cmd);                 // the barrier between the two, outside of a render pass
//     draws->CmdDrawCount(frame, cmd);                    // at most Count() of them
//
// What the device must have been made with:
//     CmdDraw of several commands   multiDrawIndirect; without it the draws are recorded one by one
//     CmdDrawCount                  drawIndirectCount (Vulkan 1.2): Create says MissingFeature
//     MeshTasksBuffer               meshShader of VK_EXT_mesh_shader: Create says MissingFeature
//     firstInstance other than 0    drawIndirectFirstInstance: not looked at
// Does NOT check what commands say. Copies mean the same buffers. Thread-safe, except for what goes into one command buffer.
#pragma once

#include <sedx/buffer_factory.h>
#include <sedx/counter_buffer.h>

namespace sedx
{
template <class C>
concept IndirectCommand = std::is_same_v<C, VkDrawIndirectCommand> || std::is_same_v<C, VkDrawIndexedIndirectCommand> ||
    std::is_same_v<C, VkDispatchIndirectCommand> || std::is_same_v<C, VkDrawMeshTasksIndirectCommandEXT>;

template <IndirectCommand C>
inline constexpr IndirectKind kIndirectKind =
    std::is_same_v<C, VkDrawIndirectCommand>          ? IndirectKind::Draw
    : std::is_same_v<C, VkDrawIndexedIndirectCommand> ? IndirectKind::DrawIndexed
    : std::is_same_v<C, VkDispatchIndirectCommand>    ? IndirectKind::Dispatch
                                                      : IndirectKind::MeshTasks;

struct IndirectBufferDesc
{
    uint64_t count = 0; // commands, at least one
    std::string name{};
    bool withCount = false; // with a counter beside it; not for dispatches
    bool pinned = false;    // see BufferDesc::pinned
};

namespace detail
{
struct IndirectParts
{
    Buffer commands{};
    CounterBuffer<uint32_t> counter{};
};
SEDX_API Result<IndirectParts> CreateIndirect(BufferSystem& system, IndirectKind kind, const IndirectBufferDesc& desc,
                                              std::span<const std::byte> commands, const std::source_location& where);
SEDX_API Result<void> CmdExecute(IndirectKind kind, const Frame& frame, VkCommandBuffer cmd, const Buffer& commands,
                                 uint64_t first, uint64_t count);
SEDX_API Result<void> CmdExecuteCount(IndirectKind kind, const Frame& frame, VkCommandBuffer cmd,
                                      const Buffer& commands, const Buffer& counter);
SEDX_API Result<void> CmdMakeReadable(const Frame& frame, VkCommandBuffer cmd, const Buffer& commands);
} // namespace detail

template <IndirectCommand C>
class IndirectBuffer : public TypedBuffer<C>
{
  public:
    static constexpr IndirectKind kKind = kIndirectKind<C>;
    static constexpr bool kDraws = kKind != IndirectKind::Dispatch;
    static constexpr uint32_t kStride = sizeof(C); // bytes

    IndirectBuffer() noexcept = default;

    // The commands are undefined, the count is 0. Errors: MissingFeature, InvalidArgument (a count of dispatches), those of
    // BufferSystem::CreateBuffer and UploadQueue::Write.
    static Result<IndirectBuffer> Create(BufferSystem& system, const IndirectBufferDesc& desc,
                                         std::source_location where = std::source_location::current())
    {
        return Make(detail::CreateIndirect(system, kKind, desc, {}, where));
    }
    // Holds these commands; the count, if there is one, is their number.
    static Result<IndirectBuffer> Create(BufferSystem& system, std::span<const C> commands, std::string name = "",
                                         bool withCount = false,
                                         std::source_location where = std::source_location::current())
    {
        return Make(detail::CreateIndirect(system, kKind,
                                           {.count = commands.size(), .name = std::move(name), .withCount = withCount},
                                           std::as_bytes(commands), where));
    }

    // The uint32_t that says how many commands CmdDrawCount runs; empty without one. Not read back: subscribe to its View
    // where that is of interest.
    const CounterBuffer<uint32_t>& Counter() const noexcept { return m_counter; }

    // Records the barrier between shaders or copies that write the commands and their count, and the commands below that
    // read them. Errors: InvalidArgument (no buffer, no command buffer), WrongState (frame not open).
    Result<void> CmdMakeReadable(const Frame& frame, VkCommandBuffer cmd) const
    {
        return detail::CmdMakeReadable(frame, cmd, this->Get());
    }

    // Draws `count` commands from command `first` on; kAll: to the last one. Pipeline and buffers are bound.
    // Errors: InvalidArgument, OutOfRange, LimitExceeded (maxDrawIndirectCount), WrongState (frame not open).
    static constexpr uint64_t kAll = ~uint64_t{0};
    Result<void> CmdDraw(const Frame& frame, VkCommandBuffer cmd, uint64_t first = 0,
                         uint64_t count = kAll) const requires kDraws
    {
        return detail::CmdExecute(kKind, frame, cmd, this->Get(), first, count);
    }
    // Draws as many commands from the first on as the counter says, Count() at most.
    // Errors: as CmdDraw, and WrongState (there is no counter).
    Result<void> CmdDrawCount(const Frame& frame, VkCommandBuffer cmd) const requires kDraws
    {
        return detail::CmdExecuteCount(kKind, frame, cmd, this->Get(), m_counter.Get());
    }
    // Dispatches command `index`. Errors: as CmdDraw.
    Result<void> CmdDispatch(const Frame& frame, VkCommandBuffer cmd, uint64_t index = 0) const requires(!kDraws)
    {
        return detail::CmdExecute(kKind, frame, cmd, this->Get(), index, 1);
    }

  private:
    static Result<IndirectBuffer> Make(Result<detail::IndirectParts> parts)
    {
        return std::move(parts).map([](detail::IndirectParts made) {
            IndirectBuffer buffer;
            static_cast<TypedBuffer<C>&>(buffer) = TypedBuffer<C>(std::move(made.commands));
            buffer.m_counter = std::move(made.counter);
            return buffer;
        });
    }
    CounterBuffer<uint32_t> m_counter;
};

using DrawBuffer = IndirectBuffer<VkDrawIndirectCommand>;
using DrawIndexedBuffer = IndirectBuffer<VkDrawIndexedIndirectCommand>;
using DispatchBuffer = IndirectBuffer<VkDispatchIndirectCommand>;
using MeshTasksBuffer = IndirectBuffer<VkDrawMeshTasksIndirectCommandEXT>;
} // namespace sedx
