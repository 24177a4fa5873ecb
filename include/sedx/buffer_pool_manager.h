// BufferPoolManager: staging, uniform and storage buffers that are used again instead of being created anew.
//
//     auto& pools = system.Modules().Emplace<sedx::BufferPoolManager>(system);
//     sedx::PooledBuffer staging = *pools.AcquireStagingBuffer(100'000);   // at least that many bytes
//     ... use staging.Get() in this frame ...
//     staging.Release();                                                   // or let it go out of scope
//
// A lease is yours alone until it is released. What was released is handed out again only when the GPU has passed every
// frame that was open until then, and every upload to it. Requests are rounded up to size classes, four for each doubling
// (at most a quarter is unused); a class that is empty borrows from classes up to twice the size. Both take constant time.
// Does NOT keep contents: what an acquired buffer holds is undefined. All calls are thread-safe, except those of Module.
#pragma once

#include <sedx/buffer_system.h>

#include <array>

namespace sedx
{
enum class BufferPoolKind : uint32_t
{
    Staging, // BufferUsage::TransferSrc in MemoryType::CPU
    Uniform, // BufferUsage::Uniform in MemoryType::CPU
    Storage, // BufferUsage::Storage in MemoryType::GPU
    Count,
};
SEDX_API const char* ToString(BufferPoolKind kind) noexcept;

struct BufferPoolManagerDesc
{
    // Warm start: the first request for one of these sizes makes so many buffers of it at once.
    uint32_t initialPoolSize = 4;
    std::vector<uint64_t> stagingSizes{64ull << 10, 256ull << 10, 1ull << 20, 4ull << 20}; // bytes
    std::vector<uint64_t> storageSizes{1ull << 20, 4ull << 20, 16ull << 20};               // bytes
    uint64_t minStagingBytes = 64ull << 10; // smaller requests get this
    uint64_t standardUniformBytes = 1024;   // likewise; warm start makes twice initialPoolSize of them
    // What warm starts may take of a heap, all together; beyond it buffers come one by one.
    double warmHeapShare = 1.0 / 64;

    // Trimming: every `cleanupInterval` frames, buffers go that nobody has used for `maxUnusedFrames`. Where no frames
    // run, time counts; it is looked at by BufferSystem::Poll.
    uint64_t cleanupInterval = 120;         // frames
    uint64_t maxUnusedFrames = 300;         // frames
    uint64_t maxUnusedNs = 30'000'000'000;  // nanoseconds
};

struct BufferPoolReport
{
    uint64_t buffers = 0;  // that the pool owns: leased, waiting for the GPU, ready
    uint64_t leased = 0;
    uint64_t waiting = 0;
    uint64_t ready = 0;
    uint64_t bytes = 0;       // of all of them
    uint64_t leasedBytes = 0;
    uint64_t peakBytes = 0;
    uint64_t acquired = 0; // calls, since creation
    uint64_t reused = 0;   // of these, without creating a buffer
    uint64_t trimmed = 0;  // buffers given back
};

namespace detail
{
struct PoolEntry;
class BufferPool;
} // namespace detail

// A leased buffer. Move-only; releases itself. Safe at any time, also after the manager or the system is gone.
class SEDX_API PooledBuffer
{
  public:
    PooledBuffer() noexcept;
    PooledBuffer(PooledBuffer&& other) noexcept;
    PooledBuffer& operator=(PooledBuffer&& other) noexcept;
    ~PooledBuffer();

    explicit operator bool() const noexcept { return m_entry != nullptr; }
    // An empty handle after Release. Do not keep copies beyond the release: the buffer will be somebody else's.
    const Buffer& Get() const noexcept;
    const Buffer& operator*() const noexcept { return Get(); }
    const Buffer* operator->() const noexcept { return &Get(); }
    void Release() noexcept;

    // For the other parts of the library.
    PooledBuffer(std::shared_ptr<detail::BufferPool> pool, detail::PoolEntry* entry) noexcept;

  private:
    std::shared_ptr<detail::BufferPool> m_pool;
    detail::PoolEntry* m_entry = nullptr;
};

class SEDX_API BufferPoolManager : public Module
{
  public:
    explicit BufferPoolManager(BufferSystem& system, const BufferPoolManagerDesc& desc = {},
                               std::string name = "BufferPoolManager");
    ~BufferPoolManager() override;

    // At least `bytes`. Errors: InvalidArgument (0 bytes), those of CreateBuffer, WrongState (detached).
    Result<PooledBuffer> AcquireStagingBuffer(uint64_t bytes);
    Result<PooledBuffer> AcquireUniformBuffer(uint64_t bytes = 1);
    Result<PooledBuffer> AcquireStorageBuffer(uint64_t bytes);
    Result<PooledBuffer> Acquire(BufferPoolKind kind, uint64_t bytes);
    // The same as lease.Release().
    void ReleaseStagingBuffer(PooledBuffer lease) noexcept { lease.Release(); }
    void ReleaseUniformBuffer(PooledBuffer lease) noexcept { lease.Release(); }
    void ReleaseStorageBuffer(PooledBuffer lease) noexcept { lease.Release(); }

    // Makes buffers ahead of time, for instance while loading. Errors: those of CreateBuffer.
    Result<void> WarmUp(BufferPoolKind kind, uint64_t bytes, uint32_t count);
    // Gives back everything that is not leased and not waiting for the GPU. Returns bytes.
    uint64_t ReleaseUnused() noexcept;

    BufferPoolReport GetReport(BufferPoolKind kind) const noexcept;
    const BufferPoolManagerDesc& Desc() const noexcept { return m_desc; }

    void OnAttach() override;
    void OnUpdate() override;
    void OnDetach() override;

  private:
    BufferSystem& m_system;
    BufferPoolManagerDesc m_desc;
    std::array<std::shared_ptr<detail::BufferPool>, static_cast<size_t>(BufferPoolKind::Count)> m_pools;
    std::array<uint64_t, 2> m_handlers{}; // of the memory ladder and of the trimmer
};
} // namespace sedx
