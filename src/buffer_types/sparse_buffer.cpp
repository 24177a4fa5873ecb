#include <sedx/sparse_buffer.h>

#include "buffer/range.h"
#include "buffer_system/system_impl.h"

namespace sedx
{
namespace
{
// Null: the handle is empty, or its system is gone.
SparseBinder* BinderOf(const Buffer& buffer) noexcept
{
    BufferSystem* system = buffer ? buffer.Resource()->core->system.load() : nullptr;
    return system != nullptr ? system->Internals().sparse.get() : nullptr;
}

tl::unexpected<Error> GoneError(const Buffer& buffer)
{
    return Fail(ErrorCode::WrongState, "sparse buffer '{}' is an empty handle, or its system is gone", buffer.Name());
}
} // namespace

Result<void> SparseBuffer::Supports(const Device& device)
{
    if (!device)
        return Fail(ErrorCode::InvalidArgument, "an empty Device supports nothing");
    return SparseBinder::CheckSupport(*device.State());
}

Result<SparseBuffer> SparseBuffer::Create(BufferSystem& system, const SparseBufferDesc& desc,
                                          std::source_location where)
{
    return system.Internals()
        .sparse->Create({.bytes = desc.bytes, .usage = desc.usage, .name = desc.name, .pinned = true}, where)
        .map([](Buffer buffer) {
            SparseBuffer made;
            made.m_buffer = std::move(buffer);
            return made;
        });
}

uint64_t SparseBuffer::PageBytes() const noexcept
{
    const Ref<Backing> backing = SparseBinder::BackingOf(m_buffer);
    return backing ? SparseBinder::PagesOf(*backing).PageBytes() : 0;
}

uint64_t SparseBuffer::CommittedBytes() const noexcept
{
    const Ref<Backing> backing = SparseBinder::BackingOf(m_buffer);
    return backing ? SparseBinder::PagesOf(*backing).CommittedBytes() : 0;
}

uint64_t SparseBuffer::MemoryBytes() const noexcept
{
    const Ref<Backing> backing = SparseBinder::BackingOf(m_buffer);
    return backing ? SparseBinder::PagesOf(*backing).MemoryBytes() : 0;
}

bool SparseBuffer::IsCommitted(uint64_t offset, uint64_t bytes) const noexcept
{
    const Ref<Backing> backing = SparseBinder::BackingOf(m_buffer);
    if (!backing || !FitsInto(offset, bytes, m_buffer.GetSize()))
        return false;
    SparsePages& pages = SparseBinder::PagesOf(*backing);
    const uint64_t page = pages.PageBytes();
    return bytes == 0 || pages.IsCommitted(offset / page, (offset + bytes - 1) / page + 1);
}

Result<void> SparseBuffer::Commit(uint64_t offset, uint64_t bytes) const
{
    SparseBinder* binder = BinderOf(m_buffer);
    return binder != nullptr ? binder->Commit(m_buffer, offset, bytes) : GoneError(m_buffer);
}

Result<void> SparseBuffer::Decommit(uint64_t offset, uint64_t bytes) const
{
    SparseBinder* binder = BinderOf(m_buffer);
    return binder != nullptr ? binder->Decommit(m_buffer, offset, bytes) : GoneError(m_buffer);
}

Result<UploadTicket> SparseBuffer::Write(uint64_t offset, std::span<const std::byte> bytes,
                                         const WriteOptions& options) const
{
    BufferSystem* system = m_buffer ? m_buffer.Resource()->core->system.load() : nullptr;
    if (system == nullptr)
        return GoneError(m_buffer);
    if (FitsInto(offset, bytes.size(), m_buffer.GetSize()) && !IsCommitted(offset, bytes.size()))
        return Fail(ErrorCode::WrongState, "bytes {} + {} of sparse buffer '{}' are not committed", offset,
                    bytes.size(), m_buffer.Name());
    return system->Uploads().Write(m_buffer, offset, bytes, options);
}
} // namespace sedx
