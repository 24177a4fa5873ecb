#include "buffer/mapping.h"

#include "buffer/named_range.h"
#include "buffer/range.h"

#include <sedx/log.h>

#include <algorithm>

namespace sedx
{
namespace
{
// Checked mode: remembers what was written for which frame, and finds a promise that was broken.
bool BreaksPromise(BufferCore& core, BufferResource& resource, uint64_t begin, uint64_t end)
{
    const uint64_t completed = core.Frames().Completed();
    const uint64_t now = core.Frames().LastOpened();
    std::erase_if(resource.written, [&](const auto& range) { return range.frame <= completed; });
    const bool broken = std::any_of(resource.written.begin(), resource.written.end(), [&](const auto& range) {
        return range.frame < now && range.begin < end && begin < range.end;
    });
    resource.written.push_back({now, begin, end});
    return broken;
}

tl::unexpected<Error> ForeignBuffer(const Buffer& buffer)
{
    return Fail(ErrorCode::InvalidArgument, "buffer '{}' belongs to another system", buffer.Name());
}

void FlushMapped(BufferCore& core, const BufferMemory& memory, uint64_t offset, uint64_t bytes, const std::string& name)
{
    if (const VkResult result = core.Memory().Flush(memory, offset, bytes); result != VK_SUCCESS)
        SEDX_CORE_ERROR_TAG("MEMORY", "the GPU may not see {} bytes of buffer '{}': flushing them failed with {}",
                            bytes, name, ToString(result));
}

// What the tracker knows of these bytes.
void NoteHost(BufferCore& core, const BufferResource& resource, uint64_t offset, uint64_t bytes, bool isWrite,
              const std::source_location& where)
{
    if (HazardRecorder* hazards = core.Hazards())
        hazards->OnHost(NamedRangeOf(resource, resource.backing->memory, offset, bytes), isWrite, where);
}

// What the GPU wrote becomes visible to the CPU, which may then read it, or overwrite a part or all of it.
Result<void> Invalidate(BufferCore& core, const BufferResource& resource, uint64_t offset, uint64_t bytes)
{
    if (const VkResult result = core.Memory().Invalidate(resource.backing->memory, offset, bytes); result != VK_SUCCESS)
        return FailVk(result, "invalidating {} bytes of buffer '{}'", bytes, resource.name);
    return {};
}

// One map: which bytes, how, and where in the program.
struct MapRequest
{
    MapMode mode;
    uint64_t offset;
    uint64_t bytes;
    std::source_location where;
    bool isRaw; // of a whole buffer, whatever will be touched of it
};

// Makes the bytes of a map accessible by the rules of its mode. The mutex of the resource is held.
Result<void> Prepare(BufferCore& core, BufferResource& resource, const MapRequest& map)
{
    const auto [mode, offset, bytes, where, isRaw] = map;
    if (!resource.backing)
        return Fail(ErrorCode::StaleHandle, "the system of buffer '{}' is gone", resource.name);
    if (resource.backing->memory.mapped == nullptr)
        return Fail(ErrorCode::NotMappable,
                    "buffer '{}' ({} bytes) lies in memory that the CPU cannot map; use uploads "
                    "and read-backs",
                    resource.name, resource.bytes);
    core.PollFrames();
    switch (mode)
    {
    case MapMode::Read:
    {
        if (auto visible = Invalidate(core, resource, offset, bytes); !visible)
            return visible;
        if (!isRaw) // who maps all of it may look at a part
            NoteHost(core, resource, offset, bytes, false, where);
        return {};
    }
    case MapMode::Write:
        if (core.IsBackingInFlight(*resource.backing))
            return Fail(ErrorCode::Busy, "buffer '{}' is in flight: map it with WriteDiscard or WriteNoOverwrite",
                        resource.name);
        // Not all of it may be written, but all of it is flushed.
        return Invalidate(core, resource, offset, bytes);
    case MapMode::WriteDiscard:
    {
        if (!core.IsBackingInFlight(*resource.backing))
            return Invalidate(core, resource, offset, bytes);
        if (resource.pinned)
            return Fail(ErrorCode::Busy, "buffer '{}' is pinned and in flight: it cannot get new memory",
                        resource.name);
        BackingRequest request;
        request.memory.bytes = resource.bytes;
        request.memory.usage = resource.usage;
        request.memory.memory = resource.memory;
        request.memory.alignment = resource.alignment;
        request.memory.priority = resource.priority;
        request.memory.exclusive = resource.ownership == Ownership::Exclusive;
        request.memory.own = NeedsOwnBuffer(resource.usage, request.memory.exclusive);
        request.memory.name = resource.name.c_str();
        request.role = resource.backing->role;
        auto fresh = core.CreateBacking(request);
        if (!fresh)
            return Forward(fresh);
        if ((*fresh)->memory.mapped == nullptr)
            return Fail(ErrorCode::NotMappable, "the new memory of buffer '{}' cannot be mapped", resource.name);
        core.MarkExclusive(resource, **fresh);
        core.SwapBacking(resource, std::move(*fresh));
        return {};
    }
    case MapMode::WriteNoOverwrite:
        if (core.IsChecked() && BreaksPromise(core, resource, offset, offset + bytes))
            SEDX_CORE_ERROR_TAG("CHECK",
                                "buffer '{}': bytes {} to {} were mapped with WriteNoOverwrite, but an earlier frame "
                                "that is in flight wrote them for its own use",
                                resource.name, offset, offset + bytes);
        NoteHost(core, resource, offset, bytes, true, where);
        return {};
    }
    return Fail(ErrorCode::InvalidArgument, "unknown MapMode");
}
// The same; new memory may have to be made room for, which calls back into pools and the application: without the lock, and
// with a handle of its own, since they may drop the caller's. It goes after the lock.
Result<void> PrepareOrRelieve(BufferCore& core, BufferResource& resource, std::unique_lock<std::mutex>& lock,
                              Buffer& held, const MapRequest& map)
{
    auto ready = Prepare(core, resource, map);
    if (ready || ready.error().code != ErrorCode::OutOfDeviceMemory)
        return ready;
    MemoryRequest request;
    request.bytes = resource.bytes;
    request.memory = resource.memory;
    request.name = resource.name.c_str();
    held = Buffer(&resource);
    lock.unlock();
    const auto relieved = core.Allocator().Relieve(request, [&] {
        lock.lock();
        ready = Prepare(core, resource, map);
        const bool isShort = !ready && ready.error().code == ErrorCode::OutOfDeviceMemory;
        if (isShort)
            lock.unlock();
        return !isShort;
    });
    return relieved ? ready : relieved; // in the latter case without the lock
}
} // namespace

Result<detail::MappedRange> MapRange(BufferCore& core, const BufferView<>& view, MapMode mode, uint64_t elementBytes,
                                     uint64_t elementAlignment, bool write, const std::source_location& where)
{
    if (!view.buffer)
        return Fail(ErrorCode::InvalidArgument, "cannot map an empty handle");
    if (core.Device().IsLost())
        return core.Device().LostError();
    if (write == (mode == MapMode::Read))
        return Fail(ErrorCode::InvalidArgument, "buffer '{}': the map mode does not fit the direction",
                    view.buffer.Name());
    const CheckedRange range = Check(view);
    if (!range.valid)
        return Fail(ErrorCode::OutOfRange, "bytes {} + {} leave buffer '{}' of {} bytes", view.offset, view.bytes,
                    view.buffer.Name(), view.buffer.GetSize());
    if (range.offset % elementAlignment != 0 || range.bytes % elementBytes != 0)
        return Fail(ErrorCode::InvalidArgument, "bytes {} + {} of buffer '{}' do not hold whole elements of {} bytes",
                    range.offset, range.bytes, view.buffer.Name(), elementBytes);
    if (mode == MapMode::WriteDiscard && (range.offset != 0 || range.bytes != view.buffer.GetSize()))
        return Fail(ErrorCode::InvalidArgument, "buffer '{}': WriteDiscard is for whole buffers", view.buffer.Name());

    BufferResource& resource = *view.buffer.Resource();
    if (resource.core != &core)
        return ForeignBuffer(view.buffer);
    Buffer held;
    std::unique_lock lock(resource.mutex);
    if (auto ready = PrepareOrRelieve(core, resource, lock, held, {mode, range.offset, range.bytes, where, false});
        !ready)
        return Forward(ready);
    detail::MappedRange mapped;
    mapped.buffer = held ? std::move(held) : view.buffer;
    mapped.backing = resource.backing.Get();
    resource.backing->AddRef(); // the bytes stay where they are until the range is unmapped
    mapped.data = resource.backing->memory.mapped + range.offset;
    mapped.offset = range.offset;
    mapped.bytes = range.bytes;
    mapped.write = write;
    return mapped;
}

detail::MappedRange::~MappedRange() { Unmap(); }

void detail::MappedRange::Unmap() noexcept
{
    if (backing == nullptr)
        return;
    const Ref<Backing> held = Ref<Backing>::Adopt(static_cast<Backing*>(std::exchange(backing, nullptr)));
    data = nullptr;
    if (write && held->core->IsAlive())
        FlushMapped(*held->core, held->memory, offset, bytes, buffer.Name());
    buffer = {};
}

Result<std::byte*> MapRaw(BufferCore& core, const Buffer& buffer, MapMode mode, const std::source_location& where)
{
    if (!buffer)
        return Fail(ErrorCode::InvalidArgument, "cannot map an empty handle");
    if (core.Device().IsLost())
        return core.Device().LostError();
    BufferResource& resource = *buffer.Resource();
    Buffer held;
    std::unique_lock lock(resource.mutex);
    if (resource.core != &core)
        return ForeignBuffer(buffer);
    if (resource.rawMapped)
        return Fail(ErrorCode::Busy, "buffer '{}' is mapped already", resource.name);
    if (auto ready = PrepareOrRelieve(core, resource, lock, held, {mode, 0, resource.bytes, where, true}); !ready)
        return Forward(ready);
    if (resource.rawMapped) // meanwhile
        return Fail(ErrorCode::Busy, "buffer '{}' is mapped already", resource.name);
    resource.rawMapped = resource.backing; // stays where it is, whatever happens to the buffer
    resource.rawMode = mode;
    return resource.backing->memory.mapped;
}

void UnmapRaw(BufferCore& core, const Buffer& buffer)
{
    if (!buffer)
        return;
    BufferResource& resource = *buffer.Resource();
    const std::lock_guard lock(resource.mutex);
    const Ref<Backing> mapped = std::exchange(resource.rawMapped, {});
    if (!mapped)
    {
        SEDX_CORE_WARN_TAG("CHECK", "UnmapBuffer: buffer '{}' is not mapped", resource.name);
        return;
    }
    if (resource.rawMode != MapMode::Read)
        FlushMapped(core, mapped->memory, 0, resource.bytes, resource.name);
}
} // namespace sedx
