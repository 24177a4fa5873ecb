// CustomMemoryPoolManager: named pools of device memory (VMA pools), each for one sort of buffer.
//
//     auto& pools = system.Modules().Emplace<sedx::CustomMemoryPoolManager>(system);
//     sedx::Buffer mesh = *pools.AllocateFromPool("vertex", bytes, sedx::BufferUsage::Vertex, "rock");
//     pools.CreatePool("terrain", {.blockSize = 32 << 20, .maxBlockCount = 4, .priority = sedx::BufferPriority::High});
//
// "vertex", "uniform", "storage" and "raytracing" are there from the start. A pool takes nothing before its first buffer; then
// memory comes in blocks that fit the heap, one by one, each within the budget. A buffer that a pool has no room for comes
// from ordinary memory instead: that is logged once and counted. Blocks that are empty go after a while, and at once when
// memory is short. Buffers may live longer than their pool.
// Does NOT move buffers between pools, and does NOT make buffers faster than BufferSystem::CreateBuffer, where small ones
// share a VkBuffer: pools are for memory that shall not mix, with a ceiling and a priority of its own.
// All calls are thread-safe, except those of Module. Detach it (or let the system's ModuleStage do so) before the system
// goes.
#pragma once

#include <sedx/buffer_system.h>

namespace sedx
{
struct MemoryPoolConfiguration
{
    // Bytes, a ceiling: blocks have at most one 32nd of their heap, but room for the buffer that needs them, and less where
    // the budget has less. 0: the library's own size for the heap.
    VkDeviceSize blockSize = 0;
    // So many blocks stay when they are empty, each until it has been empty for CustomMemoryPoolManagerDesc::idleNs, as far as
    // warmHeapShare allows.
    uint32_t minBlockCount = 0;
    uint32_t maxBlockCount = 0; // of all memory types together; 0: no limit
    // What the memory must have. HOST_COHERENT is a wish: the library flushes. HOST_VISIBLE alone makes buffers of
    // MemoryType::CPU, with HOST_CACHED MemoryType::Readback, with DEVICE_LOCAL MemoryType::GPUUpload; else MemoryType::GPU.
    VkMemoryPropertyFlags memoryType = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
    std::string name{};                               // shown by tools; empty: the pool's
    BufferPriority priority = BufferPriority::Normal; // of its memory; reaches drivers with VK_EXT_memory_priority
};

struct CustomMemoryPoolManagerDesc
{
    MemoryPoolConfiguration vertex{64ull << 20, 2, 8, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, "VertexBufferPool"};
    MemoryPoolConfiguration uniform{16ull << 20, 1, 4,
                                    VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                                    "UniformBufferPool"};
    MemoryPoolConfiguration storage{128ull << 20, 1, 6, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, "StorageBufferPool"};
    MemoryPoolConfiguration rayTracing{256ull << 20, 1, 4, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, "RayTracingPool"};
    bool createGuidePools = true; // the four above, as "vertex", "uniform", "storage" and "raytracing"

    double warmHeapShare = 1.0 / 32;  // 0 .. 1: what the empty blocks of one pool may keep of their heap
    uint64_t idleNs = 30'000'000'000; // nanoseconds of BufferSystemDesc::clock; others go after warmMemoryNs
};

// The first two groups are of now and go down, too.
struct MemoryPoolReport
{
    std::string name;
    uint64_t blocks = 0;
    uint64_t blockBytes = 0; // taken from the driver
    uint64_t emptyBlocks = 0;

    uint64_t buffers = 0; // that live in the blocks
    uint64_t bufferBytes = 0;

    uint64_t peakBufferBytes = 0;
    uint64_t allocations = 0; // buffers that came from the pool, since it was created
    uint64_t fallbacks = 0;   // and those that came from ordinary memory instead
};

class SEDX_API CustomMemoryPoolManager : public Module
{
  public:
    using PoolConfiguration = MemoryPoolConfiguration;

    explicit CustomMemoryPoolManager(BufferSystem& system, const CustomMemoryPoolManagerDesc& desc = {},
                                     std::string name = "CustomMemoryPoolManager");
    ~CustomMemoryPoolManager() override;

    // Takes no memory yet. Errors: InvalidArgument (no name, a name that is taken, more blocks at least than at most,
    // unknown priority), MissingFeature (no memory type for buffers has these properties), WrongState (not attached, or the
    // system is gone).
    Result<void> CreatePool(const std::string& name, const PoolConfiguration& config);
    // Its buffers stay, and so does their memory until the last of a block is gone. Errors: InvalidArgument (no such pool).
    Result<void> DestroyPool(const std::string& name);

    // From the pool, or else from ordinary memory of the same kind; an unknown pool counts as MemoryType::GPU without room.
    // `where` is what the leak report names. Errors: those of BufferSystem::CreateBuffer, WrongState (not attached).
    Result<Buffer> AllocateFromPool(const std::string& poolName, uint64_t bytes, BufferUsageFlags usage,
                                    std::string name = "",
                                    std::source_location where = std::source_location::current());
    // The same with everything that a buffer can be asked for, except that memory and priority are the pool's.
    Result<Buffer> AllocateFromPool(const std::string& poolName, const BufferDesc& desc,
                                    std::source_location where = std::source_location::current());

    // Gives empty blocks back to the driver, of all pools. Returns bytes. Happens by itself when memory is short.
    uint64_t ReleaseEmpty() noexcept;

    // Errors: InvalidArgument (no such pool).
    Result<MemoryPoolReport> GetReport(const std::string& poolName) const;
    std::vector<MemoryPoolReport> GetReports() const; // by name
    // Buffers that came from ordinary memory, since the manager was made: those of all pools, and of unknown ones.
    uint64_t Fallbacks() const noexcept;
    const CustomMemoryPoolManagerDesc& Desc() const noexcept { return m_desc; }

    void OnAttach() override;
    void OnDetach() override;

  private:
    struct Impl;
    CustomMemoryPoolManagerDesc m_desc;
    std::unique_ptr<Impl> m_impl;
};
} // namespace sedx
