// Buffer: a stable identity for GPU memory. The handle is cheap to copy (one reference count); ID, name, usage and size
// never change, while the backing (VkBuffer, offset, address, mapped pointer) may be swapped behind it.
//
//     auto vertices = system.CreateBuffer({.bytes = 1 << 20, .usage = BufferUsage::Vertex, .name = "terrain"});
//     system.Uploads().Write(*vertices, 0, bytes);
//     ...
//     ResolvedBuffer now = frame.Resolve(*vertices);   // raw Vulkan data, valid until this frame's submissions have passed
//
// Dropping the last handle is always safe, at any time and on any thread: the memory is reused only when the GPU has
// passed. Does NOT hold raw Vulkan handles: ask a frame. Not OK: keeping a ResolvedBuffer for the next frame.
#pragma once

#include <sedx/flags.h>
#include <sedx/result.h>

#include <cstddef>
#include <source_location>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace sedx
{
class BufferSystem;
struct BufferResource;

// What buffers hold: values that a copy of their bytes carries over, and no addresses of the CPU.
template <class T>
concept BufferElement = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>;

// What a buffer is used for. The values are those of VkBufferUsageFlagBits. The library completes what a use implies:
// transfer source and destination (uploads, read-back, moves), and the device address for storage, indirect and
// ray-tracing buffers. Where a buffer begins is aligned as its usage demands of the device.
enum class BufferUsage : uint32_t
{
    None = 0,
    TransferSrc = VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
    TransferDst = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
    UniformTexel = VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT,
    StorageTexel = VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT,
    Uniform = VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT,
    Storage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
    Index = VK_BUFFER_USAGE_INDEX_BUFFER_BIT,
    Vertex = VK_BUFFER_USAGE_VERTEX_BUFFER_BIT,
    Indirect = VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT,
    DeviceAddress = VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
    // The device must have been made with VK_KHR_acceleration_structure; the last one: VK_KHR_ray_tracing_pipeline.
    AccelerationStructure = VK_BUFFER_USAGE_ACCELERATION_STRUCTURE_STORAGE_BIT_KHR,
    AccelerationStructureInput = VK_BUFFER_USAGE_ACCELERATION_STRUCTURE_BUILD_INPUT_READ_ONLY_BIT_KHR,
    ShaderBindingTable = VK_BUFFER_USAGE_SHADER_BINDING_TABLE_BIT_KHR,
    // The library's own, with Storage implied: aligned for builds of acceleration structures. Vulkan has no bit for it.
    Scratch = 1u << 31,
};
SEDX_ENABLE_FLAGS(BufferUsage);
using BufferUsageFlags = BufferUsage;

// Who touches the memory. Where it then lives is decided by the device's memory layout; BufferSystem::Explain() tells.
enum class MemoryType : uint32_t
{
    GPU = 1u << 0,      // read and written by the GPU; the CPU fills it through uploads
    CPU = 1u << 1,      // written by the CPU in order, read by the GPU; always mappable
    Readback = 1u << 2, // written by the GPU, read by the CPU; always mappable, cached where the device can
    // Written by the CPU once and in order, read by the GPU from device memory where the device can map that, else from
    // CPU memory; always mappable. With a small mappable window that is where buffers up to HeapRules::maxBufferBytes go while
    // half of it has room: meant for tiny data of one frame, which is not checked.
    GPUUpload = 1u << 3,
};
SEDX_ENABLE_FLAGS(MemoryType);
using MemoryFlags = MemoryType;

// 64 bits: index and generation. Never used twice in the life of a BufferSystem; 0 is no buffer.
struct BufferId
{
    uint32_t index = 0;
    uint32_t generation = 0;
    friend bool operator==(BufferId, BufferId) = default;
    explicit operator bool() const noexcept { return generation != 0; }
};

// What stays in device memory when there is too little of it. A hint: it reaches the driver where it has
// VK_EXT_memory_priority, for whole blocks of memory, so buffers of different priority never share one.
enum class BufferPriority : uint32_t
{
    Low, // may go first
    Normal,
    High, // what the GPU writes, and what every frame reads
    Count,
};

// Which queues may use a buffer (VkSharingMode). Makes a difference only where the device's queues are of several families.
enum class Ownership : uint32_t
{
    Concurrent, // any queue that was handed over, without ceremony
    // Queues of one family, that of BufferDesc::ownerQueue. Whether a driver makes anything of it, only measuring tells. It gets
    // a VkBuffer of its own. What the library writes on a queue of another family must be acquired before the owner uses it:
    // UploadQueue::CmdAcquire.
    Exclusive,
};

struct BufferDesc
{
    uint64_t bytes = 0; // 1 .. the smaller of maxBufferSize and maxMemoryAllocationSize
    BufferUsage usage = BufferUsage::None;
    MemoryType memory = MemoryType::GPU; // exactly one
    std::string name{};                  // shown by debuggers, validation messages and reports
    // The backing never moves: for command buffers recorded once and replayed, and for raw addresses held elsewhere.
    bool pinned = false;
    // Of the offset in the VkBuffer, in bytes, a power of two up to 64 KiB, if more than the usage demands; 0: what it demands.
    // The device address follows as far as the driver aligns those of whole VkBuffers: 4096 bytes on the devices seen.
    uint64_t alignment = 0;
    BufferPriority priority = BufferPriority::Normal;
    Ownership ownership = Ownership::Concurrent;
    uint32_t ownerQueue = 0; // Exclusive: an index into Device::Queues(); all queues of its family own the buffer
};

// A reference-counted handle. Copy and drop it on any thread; one handle object must not be changed by two threads.
class SEDX_API Buffer
{
  public:
    Buffer() noexcept = default;
    Buffer(const Buffer& other) noexcept;
    Buffer(Buffer&& other) noexcept : m_resource(std::exchange(other.m_resource, nullptr)) {}
    Buffer& operator=(Buffer other) noexcept
    {
        std::swap(m_resource, other.m_resource);
        return *this;
    }
    ~Buffer();

    explicit operator bool() const noexcept { return m_resource != nullptr; }
    friend bool operator==(const Buffer&, const Buffer&) = default;

    // The following are constants of the buffer; an empty handle answers with zeros and "".
    BufferId ID() const noexcept;
    uint64_t GetSize() const noexcept;  // bytes asked for
    BufferUsage Usage() const noexcept; // as completed by the library
    MemoryType Memory() const noexcept;
    const std::string& Name() const noexcept;
    bool IsPinned() const noexcept;

    // For the other parts of the library.
    explicit Buffer(BufferResource* resource) noexcept; // adds a reference
    BufferResource* Resource() const noexcept { return m_resource; }

  private:
    BufferResource* m_resource = nullptr;
};

// A range of a buffer, in elements of T; BufferView<> is one of plain bytes, which every function of the library takes and
// every other view converts to. Holds a reference: a view keeps its buffer alive.
//
//     BufferView<Particle> all(buffer);
//     BufferView<Particle> some = all.Elements(100, 50);        // 50 elements from number 100 on
//     auto ticket = system.Readbacks().Request(some);           // converts to BufferView<>
//
// Offset and size are bytes whatever T is. Does NOT check that they lie inside the buffer: the functions that take it do.
template <BufferElement T = std::byte>
struct BufferView
{
    Buffer buffer{};
    uint64_t offset = 0; // bytes
    uint64_t bytes = kWhole;

    static constexpr uint64_t kWhole = ~uint64_t{0}; // to the end of the buffer
    static constexpr bool kIsBytes = std::is_same_v<T, std::byte>;

    BufferView() = default;
    explicit(!kIsBytes) BufferView(Buffer whole) : buffer(std::move(whole)) {} // NOLINT: a buffer is a view of itself
    BufferView(Buffer b, uint64_t offsetBytes, uint64_t sizeBytes)
        : buffer(std::move(b)), offset(offsetBytes), bytes(sizeBytes)
    {
    }
    operator BufferView<>() const requires(!kIsBytes) { return {buffer, offset, bytes}; } // NOLINT: loses only the type

    // Whole elements in it; 0 if it begins behind the end of the buffer.
    uint64_t Count() const noexcept
    {
        const uint64_t end = buffer.GetSize();
        return (bytes != kWhole ? bytes : offset < end ? end - offset : 0) / sizeof(T);
    }
    // A part of it: `count` elements from element `first` on; kWhole: to its end. An offset that 64 bits do not hold
    // becomes one that lies in no buffer.
    BufferView Elements(uint64_t first, uint64_t count = kWhole) const
    {
        const uint64_t begin = Sum(offset, Product(first));
        if (count != kWhole)
            return {buffer, begin, Product(count)};
        return {buffer, begin, bytes == kWhole ? kWhole : Count() > first ? (Count() - first) * sizeof(T) : 0};
    }
    // The same bytes as elements of another type.
    template <BufferElement U>
    BufferView<U> As() const
    {
        return {buffer, offset, bytes};
    }

  private:
    static constexpr uint64_t kNowhere = kWhole - 1; // kWhole itself is no size
    static constexpr uint64_t Product(uint64_t elements) noexcept
    {
        return elements > kNowhere / sizeof(T) ? kNowhere : elements * sizeof(T);
    }
    static constexpr uint64_t Sum(uint64_t a, uint64_t b) noexcept { return a > kNowhere - b ? kNowhere : a + b; }
};

// What Vulkan needs. Valid until the submissions of the frame that resolved it have passed.
struct ResolvedBuffer
{
    VkBuffer buffer = VK_NULL_HANDLE;
    uint64_t offset = 0;         // of the buffer inside the VkBuffer, bytes
    uint64_t size = 0;           // bytes
    VkDeviceAddress address = 0; // at offset; 0 if the usage has no device address
    void* mapped = nullptr;      // at offset; null if the memory is not mappable
    explicit operator bool() const noexcept { return buffer != VK_NULL_HANDLE; }
};

// How a map may touch a buffer that the GPU may still read. None of them waits.
enum class MapMode : uint32_t
{
    Read,  // for MemoryType::Readback (or CPU); sees what the GPU wrote before a ticket or frame completed
    Write, // fails with Busy while the buffer is in flight (BufferSystem::IsInFlight: any frame, once one resolved it)
    WriteDiscard, // all bytes are new: same identity, new backing if the old one is in flight (Busy if it is pinned)
    WriteNoOverwrite, // the caller promises not to touch bytes in flight; checked mode checks it
};

// A mapped range to write. Unmaps (and flushes where memory is not coherent) when it goes out of scope or on Unmap().
// Write whole and in order: the memory may be write-combined, so reading it back is very slow.
template <class T>
class WritableMapping;
// A mapped range to read.
template <class T>
class ReadableMapping;

namespace detail
{
struct MappedRange // one map of a range of a backing; move-only
{
    Buffer buffer{};
    void* backing = nullptr;
    std::byte* data = nullptr;
    uint64_t offset = 0;
    uint64_t bytes = 0;
    bool write = false;

    MappedRange() = default;
    MappedRange(MappedRange&& other) noexcept;
    MappedRange& operator=(MappedRange&& other) noexcept;
    SEDX_API ~MappedRange();
    SEDX_API void Unmap() noexcept;
};
inline MappedRange::MappedRange(MappedRange&& other) noexcept
    : buffer(std::move(other.buffer)), backing(std::exchange(other.backing, nullptr)),
      data(std::exchange(other.data, nullptr)), offset(other.offset), bytes(other.bytes), write(other.write)
{
}
inline MappedRange& MappedRange::operator=(MappedRange&& other) noexcept
{
    if (this != &other)
    {
        Unmap();
        buffer = std::move(other.buffer);
        backing = std::exchange(other.backing, nullptr);
        data = std::exchange(other.data, nullptr);
        offset = other.offset;
        bytes = other.bytes;
        write = other.write;
    }
    return *this;
}
} // namespace detail

template <class T>
class WritableMapping
{
    static_assert(BufferElement<T>, "buffers hold trivially copyable elements");

  public:
    explicit WritableMapping(detail::MappedRange range) noexcept : m_range(std::move(range)) {}
    std::span<T> Span() const noexcept
    {
        return {reinterpret_cast<T*>(m_range.data), static_cast<size_t>(m_range.bytes / sizeof(T))};
    }
    void Unmap() noexcept { m_range.Unmap(); }

  private:
    detail::MappedRange m_range;
};

template <class T>
class ReadableMapping
{
    static_assert(BufferElement<T>, "buffers hold trivially copyable elements");

  public:
    explicit ReadableMapping(detail::MappedRange range) noexcept : m_range(std::move(range)) {}
    std::span<const T> Span() const noexcept
    {
        return {reinterpret_cast<const T*>(m_range.data), static_cast<size_t>(m_range.bytes / sizeof(T))};
    }
    void Unmap() noexcept { m_range.Unmap(); }

  private:
    detail::MappedRange m_range;
};
} // namespace sedx
