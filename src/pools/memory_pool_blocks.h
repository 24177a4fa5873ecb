// MemoryPoolBlocks: the blocks of one named pool. Thread-safe.
//
// Each block is a VMA pool with exactly one block of memory: so a new block is seen coming (and admitted by the budget), it
// may be smaller than the one before, and an empty one can be given back. VMA's pools of many blocks allow none of these.
// No lock is held while memory is allocated or freed: the pressure ladder calls back.
#pragma once

#include "buffer/buffer_core.h"

#include <sedx/custom_memory_pool_manager.h>

namespace sedx
{
class MemoryPoolBlocks
{
  public:
    MemoryPoolBlocks(BufferCore& core, std::string name, MemoryPoolConfiguration config, double warmHeapShare,
                     uint64_t warmNs, uint64_t idleNs);

    // Whether a memory type for buffers has the properties.
    bool HasTypes() const { return !m_types.empty(); }
    MemoryType Memory() const noexcept { return m_memory; }

    // A buffer of the pool, or from ordinary memory.
    Result<Buffer> Allocate(BufferDesc desc, const std::source_location& where);
    static constexpr uint32_t kAllHeaps = ~0u;
    uint64_t ReleaseEmpty(uint32_t heap) noexcept; // returns bytes
    void Trim(uint64_t nowNs) noexcept;
    // Gives up blocks without giving them back: the device is gone.
    void Abandon() noexcept;

    MemoryPoolReport Report() const;
    uint64_t Fallbacks() const noexcept { return m_fallbacks.load(std::memory_order_relaxed); }

  private:
    struct Block
    {
        Ref<MemoryPool> pool;
        uint64_t bytes = 0;
        uint32_t memoryType = 0;
        uint32_t users = 0; // threads that allocate in it right now: it stays
        // Had no room for so many bytes in one piece, when so many were in use.
        uint64_t failedBytes = ~uint64_t{0};
        uint64_t failedUse = 0;
        bool isEmpty = false; // when it was looked at last
        uint64_t emptySinceNs = 0;
    };
    enum class Reason : uint32_t // for a buffer to come from elsewhere
    {
        NoPools,
        NoType,
        TooLarge,
        Full,
        NoMemory,
        Count,
    };
    using Types = std::vector<uint32_t>;

    Types TypesFor(BufferUsage usage);
    uint64_t LargestBlock(uint32_t heap) const noexcept; // bytes; 0: no block there
    std::shared_ptr<Block> FindBlock(const Types& types, uint64_t bytes, const std::vector<const Block*>& tried);
    std::shared_ptr<Block> AddBlock(const Types& types, uint64_t bytes, Reason& reason);
    Ref<MemoryPool> MakeBlock(uint32_t memoryType, uint64_t bytes, uint64_t& blockBytes) noexcept;
    void Leave(Block& block, uint64_t bytes, bool isAllocated) noexcept;
    void CountFallback(Reason reason, const BufferDesc& desc);
    template <class Goes>
    uint64_t Drop(Goes goes) noexcept;

    BufferCore& m_core;
    const std::string m_name;
    const MemoryPoolConfiguration m_config;
    const double m_warmHeapShare;
    const uint64_t m_warmNs;
    const uint64_t m_idleNs;
    MemoryType m_memory = MemoryType::GPU;
    Types m_types; // that have the properties, best first

    mutable std::mutex m_mutex;
    std::vector<std::pair<BufferUsage, Types>> m_typesByUsage;
    std::vector<std::shared_ptr<Block>> m_blocks;
    uint32_t m_coming = 0; // blocks that threads are about to add
    uint64_t m_peakBytes = 0;
    uint64_t m_allocations = 0;
    uint32_t m_told = 0; // reasons that were logged, a bit for each
    std::atomic<uint64_t> m_fallbacks{0};
};
} // namespace sedx
