#include "transfer/sparse_binder.h"

#include "buffer/range.h"

#include <algorithm>

namespace sedx
{
SparseBinder::SparseBinder(BufferCore& core, TransferEngine& transfers) : m_core(core), m_transfers(transfers)
{
    m_pressureHandler = core.Allocator().Ladder().Register(PressureStep::TrimPools, "pages of sparse buffers",
                                                           [this](const PressureRequest&) { return FreePages(); });
}

void SparseBinder::Stop() noexcept
{
    m_isStopped.store(true);
    m_core.Allocator().Ladder().Unregister(m_pressureHandler);
}

Result<void> SparseBinder::CheckSupport(const DeviceState& device)
{
    if (!device.features.sparseBinding || !device.features.sparseResidencyBuffer)
        return Fail(ErrorCode::MissingFeature, "device '{}' was made without {}", device.name,
                    device.features.sparseBinding ? "sparseResidencyBuffer" : "sparseBinding");
    if (device.SparseQueue() == device.queues.size())
        return Fail(
            ErrorCode::MissingFeature,
            "no queue of device '{}' that was handed over binds sparse memory, under a lock that the library can "
            "take",
            device.name);
    return {};
}

Result<Buffer> SparseBinder::Create(const BufferDesc& desc, const std::source_location& where)
{
    const DeviceState& device = m_core.Device();
    if (auto supported = CheckSupport(device); !supported)
        return Forward(supported);
    if (!m_transfers.SubmitsItself())
        return Fail(ErrorCode::NotSubmitted, "sparse buffer '{}': in recorded mode the library cannot bind memory",
                    desc.name);
    if (auto possible = m_core.CheckAllButSize(desc); !possible)
        return Forward(possible);
    if (desc.bytes > device.maxBufferSize)
        return Fail(ErrorCode::LimitExceeded, "sparse buffer '{}' of {} bytes exceeds maxBufferSize of {} bytes",
                    desc.name, desc.bytes, device.maxBufferSize);
    auto pages = std::make_unique<SparsePages>(m_core, m_addresses, desc.bytes);
    const auto memory = pages->Create(CompleteUsage(desc.usage), desc.name);
    if (!memory)
        return tl::unexpected(memory.error());
    return m_core.CreateAround(desc, *memory, std::move(pages), where);
}

Ref<Backing> SparseBinder::BackingOf(const Buffer& buffer) noexcept
{
    if (!buffer)
        return {};
    const std::lock_guard lock(buffer.Resource()->mutex);
    return buffer.Resource()->backing;
}

SparsePages::Bind SparseBinder::Binding() noexcept
{
    return [this](VkBuffer buffer, std::span<const VkSparseMemoryBind> binds) {
        return m_transfers.BindSparse(m_core.Device().SparseQueue(), buffer, binds);
    };
}

Result<void> SparseBinder::Commit(const Buffer& buffer, uint64_t offset, uint64_t bytes)
{
    if (!FitsInto(offset, bytes, buffer.GetSize()))
        return Fail(ErrorCode::OutOfRange, "bytes {} + {} leave sparse buffer '{}' of {} bytes", offset, bytes,
                    buffer.Name(), buffer.GetSize());
    const Ref<Backing> backing = BackingOf(buffer);
    if (!backing)
        return Fail(ErrorCode::WrongState, "the system of sparse buffer '{}' is gone", buffer.Name());
    if (bytes == 0)
        return {};
    SparsePages& pages = PagesOf(*backing);
    const uint64_t page = pages.PageBytes();
    const uint64_t first = offset / page;
    const uint64_t end = (offset + bytes - 1) / page + 1;
    auto committed = pages.Commit(first, end, Binding());
    if (!committed && committed.error().code == ErrorCode::OutOfDeviceMemory)
    {
        const Buffer held = buffer; // whoever frees memory may drop the caller's
        MemoryRequest request;
        request.bytes = pages.MissingBytes(first, end);
        request.memory = MemoryType::GPU;
        request.name = held.Name().c_str();
        auto relieved = m_core.Allocator().Relieve(request, [&] {
            committed = pages.Commit(first, end, Binding());
            return committed || committed.error().code != ErrorCode::OutOfDeviceMemory;
        });
        if (!relieved)
            committed.error().message += "; " + relieved.error().message;
    }
    Keep(backing);
    return committed;
}

Result<void> SparseBinder::Decommit(const Buffer& buffer, uint64_t offset, uint64_t bytes)
{
    if (!FitsInto(offset, bytes, buffer.GetSize()))
        return Fail(ErrorCode::OutOfRange, "bytes {} + {} leave sparse buffer '{}' of {} bytes", offset, bytes,
                    buffer.Name(), buffer.GetSize());
    const Ref<Backing> backing = BackingOf(buffer);
    if (!backing)
        return Fail(ErrorCode::WrongState, "the system of sparse buffer '{}' is gone", buffer.Name());
    SparsePages& pages = PagesOf(*backing);
    const uint64_t page = pages.PageBytes();
    // The last page may be longer than the buffer.
    const uint64_t end =
        offset + bytes == buffer.GetSize() ? (offset + bytes + page - 1) / page : (offset + bytes) / page;
    pages.Decommit((offset + page - 1) / page, end, m_core.Frames().LastOpened(), backing->lastBatch.load());
    Keep(backing);
    return {};
}

void SparseBinder::Keep(const Ref<Backing>& backing)
{
    const std::lock_guard lock(m_mutex);
    const auto same = [&](const Ref<Backing>& other) { return other.Get() == backing.Get(); };
    if (std::none_of(m_busy.begin(), m_busy.end(), same))
        m_busy.push_back(backing);
}

void SparseBinder::Update() noexcept
{
    std::vector<Ref<Backing>> busy;
    {
        const std::lock_guard lock(m_mutex);
        if (m_busy.empty() || m_isStopped.load())
            return;
        busy = m_busy;
    }
    const SparsePages::Bind bind = Binding();
    std::vector<Ref<Backing>> done; // dropped without the lock
    for (const Ref<Backing>& backing : busy)
    {
        if (PagesOf(*backing).Update(bind))
            continue;
        const std::lock_guard lock(m_mutex);
        // Somebody may have committed more meanwhile; Keep comes after that, so asking again under the lock is enough.
        const auto found = std::find_if(m_busy.begin(), m_busy.end(),
                                        [&](const Ref<Backing>& other) { return other.Get() == backing.Get(); });
        if (found == m_busy.end() || PagesOf(*backing).Update(bind))
            continue;
        done.push_back(std::move(*found));
        m_busy.erase(found);
    }
}

uint64_t SparseBinder::FreePages() noexcept
{
    std::vector<Ref<Backing>> busy;
    {
        const std::lock_guard lock(m_mutex);
        busy = m_busy;
    }
    const auto memoryBytes = [&] {
        uint64_t bytes = 0;
        for (const Ref<Backing>& backing : busy)
            bytes += PagesOf(*backing).MemoryBytes();
        return bytes;
    };
    const uint64_t before = memoryBytes();
    m_core.PollFrames();
    Update();
    return before - std::min(before, memoryBytes()); // others may commit meanwhile
}

void SparseBinder::ReleaseAll() noexcept
{
    std::vector<Ref<Backing>> busy;
    const std::lock_guard lock(m_mutex);
    busy.swap(m_busy);
}
} // namespace sedx
