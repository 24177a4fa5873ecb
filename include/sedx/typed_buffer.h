// TypedBuffer<T>: a Buffer that knows what its elements are. What VertexBuffer, StorageBuffer and the other types have in
// common, and what a type of your own begins with (docs/custom_buffer_types.md).
//
//     auto particles = StorageBuffer<Particle>::Create(system, {.count = 1000, .name = "particles"});
//     particles->Write(10, std::span<const Particle>(some));           // elements 10, 11, ...
//     ResolvedBuffer now = frame.Resolve(*particles);                  // converts to Buffer
//     auto ticket = system.Readbacks().Request(particles->View(10, 2)); // elements 10 and 11
//
// A handle like Buffer: as small, as cheap to copy, with the same thread safety, and all copies mean one buffer. Does NOT
// keep a copy of the elements on the CPU, does NOT grow, and does NOT destroy anything by itself: the last handle does.
#pragma once

#include <sedx/upload_queue.h>

namespace sedx
{
// What the types are created with; more where a type needs it.
struct TypedBufferDesc
{
    uint64_t count = 0;                    // elements, at least one
    std::string name{};                    // shown by debuggers, validation messages and reports
    BufferUsage usage = BufferUsage::None; // beside what the type implies: Storage for vertices that shaders write, say
    MemoryType memory = MemoryType::GPU;
    bool pinned = false; // see BufferDesc::pinned
};

namespace detail
{
// Bytes of so many elements; what 64 bits do not hold becomes more than any device has.
constexpr uint64_t BytesOf(uint64_t count, uint64_t elementBytes) noexcept
{
    constexpr uint64_t kTooMany = UINT64_MAX - 1; // UINT64_MAX itself means: to the end
    return elementBytes != 0 && count > kTooMany / elementBytes ? kTooMany : count * elementBytes;
}

// Creates, and fills from the front if there are contents. Errors: see BufferFactory::Create.
SEDX_API Result<Buffer> CreateElements(BufferSystem& system, const TypedBufferDesc& desc, uint64_t elementBytes,
                                       BufferUsage usage, std::span<const std::byte> contents,
                                       const std::source_location& where);
// UploadQueue::Write of the system that the buffer belongs to.
SEDX_API Result<UploadTicket> WriteElements(const Buffer& buffer, uint64_t first, uint64_t elementBytes,
                                            std::span<const std::byte> bytes, const WriteOptions& options);
} // namespace detail

template <BufferElement T>
class TypedBuffer
{
  public:
    using Element = T;

    TypedBuffer() noexcept = default;
    // The elements of a buffer that is there already, however it was made. Its usage is the caller's affair.
    explicit TypedBuffer(Buffer buffer) noexcept : m_buffer(std::move(buffer)) {}

    explicit operator bool() const noexcept { return static_cast<bool>(m_buffer); }
    const Buffer& Get() const noexcept { return m_buffer; }
    operator const Buffer&() const noexcept { return m_buffer; } // NOLINT: a typed buffer is a buffer

    uint64_t Count() const noexcept { return m_buffer.GetSize() / sizeof(T); } // elements; 0 of an empty handle
    // A range in elements; kWhole: to the end. Does NOT check that it lies inside.
    BufferView<T> View(uint64_t first = 0, uint64_t count = BufferView<T>::kWhole) const
    {
        return BufferView<T>(m_buffer).Elements(first, count);
    }

    // UploadQueue::Write at element `first`: collects, never submits. The elements may go when this returns, unless the
    // options say otherwise. Errors: those of UploadQueue::Write, WrongState (the system is gone).
    Result<UploadTicket> Write(uint64_t first, std::span<const T> elements, const WriteOptions& options = {}) const
    {
        return detail::WriteElements(m_buffer, first, sizeof(T), std::as_bytes(elements), options);
    }

    friend bool operator==(const TypedBuffer&, const TypedBuffer&) = default; // the same buffer

  private:
    Buffer m_buffer;
};
} // namespace sedx
