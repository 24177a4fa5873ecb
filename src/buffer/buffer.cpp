// The handle.
#include "buffer/buffer_core.h"

namespace sedx
{
namespace
{
const std::string kNoName;
}

Buffer::Buffer(BufferResource* resource) noexcept : m_resource(resource)
{
    if (m_resource != nullptr)
        m_resource->references.fetch_add(1, std::memory_order_relaxed);
}

Buffer::Buffer(const Buffer& other) noexcept : Buffer(other.m_resource) {}

Buffer::~Buffer()
{
    if (m_resource != nullptr && m_resource->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
        m_resource->core->OnUnreferenced(m_resource);
}

BufferId Buffer::ID() const noexcept { return m_resource != nullptr ? m_resource->id : BufferId{}; }
uint64_t Buffer::GetSize() const noexcept { return m_resource != nullptr ? m_resource->bytes : 0; }
BufferUsage Buffer::Usage() const noexcept { return m_resource != nullptr ? m_resource->usage : BufferUsage::None; }
MemoryType Buffer::Memory() const noexcept { return m_resource != nullptr ? m_resource->memory : MemoryType::GPU; }
const std::string& Buffer::Name() const noexcept { return m_resource != nullptr ? m_resource->name : kNoName; }
bool Buffer::IsPinned() const noexcept { return m_resource != nullptr && m_resource->pinned; }
} // namespace sedx
