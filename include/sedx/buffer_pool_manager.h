// BufferPoolManager: staging, uniform and storage buffers that are used again instead of being created anew.
//
//     auto& pools = system.Modules().Emplace<sedx::BufferPoolManager>(system);
//     sedx::PooledBuffer staging = *pools.AcquireStagingBuffer(100'000);   // at least that many bytes
//     ... use staging.Get() in this frame ...
//     staging.Release();                                                   // or let it go out of scope
//
// A lease is yours alone until it is released. What was released is handed out again only when the GPU has passed every
// frame that was opened until then, if a frame resolved it, and every copy to or from it. Requests are rounded up to size
// classes, four for each doubling (at most a fifth is unused); a class without a buffer at hand borrows one of up to twice
// its size. Acquiring and releasing take constant time where a buffer is at hand. Else, if one that would do waits for the
// GPU, the system is polled; what the GPU has passed since is then looked through once.
// Does NOT keep contents: what an acquired buffer holds is undefined. Does NOT wait: where nothing is at hand, a buffer is
// made. All calls are thread-safe, except those of Module. Detach it (or let the system's ModuleStage do so) before the
// system goes; leases may live longer.
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
    // Warm start: the first request for one of these sizes makes so many buffers of it at once. Either may be empty or 0.
    uint32_t initialPoolSize = 4;
    std::vector<uint64_t> stagingSizes{64ull << 10, 256ull << 10, 1ull << 20, 4ull << 20}; // bytes
    std::vector<uint64_t> storageSizes{1ull << 20, 4ull << 20, 16ull << 20};               // bytes
    uint64_t minStagingBytes = 64ull << 10;                                                // smaller requests get this
    uint64_t standardUniformBytes = 1024; // likewise; warm start makes twice initialPoolSize of them
    // What warm starts may take of a heap, of all pools together; beyond it buffers come one by one. 0 .. 1.
    double warmHeapShare = 1.0 / 64;

    // Trimming: every `cleanupInterval` frames, buffers go that nobody has used for more than `maxUnusedFrames` (not while
    // the module is disabled). Where no frames run, time counts: that of BufferSystemDesc::clock, which is looked at by
    // BufferSystem::Poll, BeginFrame and EndFrame. ~0 means never.
    uint64_t cleanupInterval = 120;        // frames
    uint64_t maxUnusedFrames = 300;        // frames
    uint64_t maxUnusedNs = 30'000'000'000; // nanoseconds
};

struct BufferPoolReport
{
    uint64_t buffers = 0; // that the pool owns: leased, waiting for the GPU, ready
    uint64_t leased = 0;
    uint64_t waiting = 0;
    uint64_t ready = 0;
    uint64_t bytes = 0; // of all of them
    uint64_t leasedBytes = 0;
    uint64_t peakBytes = 0;
    // Since the manager was made:
    uint64_t acquired = 0; // leases handed out
    uint64_t reused = 0;   // of these, without creating a buffer
    uint64_t borrowed = 0; // of these, from a larger class
    uint64_t trimmed = 0;  // buffers given back: unused for too long, under pressure, or by ReleaseUnused
};

namespace detail
{
struct PoolEntry;
class BufferPool;
} // namespace detail

// A leased buffer. Move-only; releases itself, on any thread; one lease object must not be changed by two threads. Safe at
// any time, also after the manager or the system is gone. A raw map that is still there ends with it.
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

    // At least `bytes`. Errors: InvalidArgument (0 bytes, no such pool), WrongState (not attached, or the system is gone),
    // LimitExceeded, OutOfDeviceMemory, DeviceLost.
    Result<PooledBuffer> AcquireStagingBuffer(uint64_t bytes);
    Result<PooledBuffer> AcquireUniformBuffer(uint64_t bytes = 1);
    Result<PooledBuffer> AcquireStorageBuffer(uint64_t bytes);
    Result<PooledBuffer> Acquire(BufferPoolKind kind, uint64_t bytes);
    // The same as lease.Release().
    void ReleaseStagingBuffer(PooledBuffer lease) noexcept { lease.Release(); }
    void ReleaseUniformBuffer(PooledBuffer lease) noexcept { lease.Release(); }
    void ReleaseStorageBuffer(PooledBuffer lease) noexcept { lease.Release(); }

    // Makes exactly `count` more buffers ahead of time, for instance while loading; it counts as the warm start of this
    // size, and warmHeapShare does not limit it. Errors: those of Acquire; buffers made before the failure stay.
    Result<void> WarmUp(BufferPoolKind kind, uint64_t bytes, uint32_t count);
    // Gives back everything that is not leased and not waiting for the GPU. Returns bytes.
    uint64_t ReleaseUnused() noexcept;

    // Zeros for a pool that does not exist. As of the last poll: BufferSystem::Poll, BeginFrame, EndFrame.
    BufferPoolReport GetReport(BufferPoolKind kind) const noexcept;
    const BufferPoolManagerDesc& Desc() const noexcept { return m_desc; }

    void OnAttach() override;
    void OnUpdate() override;
    void OnDetach() override;

  private:
    uint64_t ReleaseReady(uint32_t heap) noexcept;
    BufferSystem& m_system;
    BufferPoolManagerDesc m_desc;
    std::array<std::shared_ptr<detail::BufferPool>, static_cast<size_t>(BufferPoolKind::Count)> m_pools;
    uint64_t m_pressureHandler = 0;
    uint64_t m_trimmer = 0;
};
} // namespace sedx
