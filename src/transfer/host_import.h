// HostImport: what a handle to imported memory and the batches that copy from it share. Its pieces look like blocks of
// staging to those who plan and record; they belong to no pool.
#pragma once

#include "buffer/block_pool.h"
#include "memory/host_memory.h"
#include "transfer/copy_plan.h"

#include <sedx/host_memory.h>

#include <mutex>

namespace sedx
{
class HostImport
{
  public:
    // Nothing is imported yet.
    HostImport(BufferCore& core, std::span<const std::byte> block) : m_core(core), m_block(block) {}
    HostImport(const HostImport&) = delete;
    HostImport& operator=(const HostImport&) = delete;

    // Once, before anybody else knows it. Answers whether it worked; Why() says the rest.
    bool Import(const ImportOptions& options);
    // Destroys the Vulkan objects. No copy from it is under way, nor will any be recorded.
    void Destroy() noexcept;

    bool IsOf(const BufferCore& core) const noexcept { return &core == &m_core; }
    std::span<const std::byte> Block() const noexcept { return m_block; }
    // Of the block; empty: nothing (any more).
    HostRange Imported() const noexcept { return IsAlive() ? m_range : HostRange{}; }
    bool IsAlive() const noexcept { return m_alive.load(); }
    const std::string& Why() const noexcept { return m_why; }

    // Makes what the CPU wrote to an imported range visible to submissions that follow.
    VkResult Flush(const HostRange& range) noexcept;
    // Copies of an imported range to `destination`, in ascending order, one for each piece that it touches.
    std::vector<CopyOp> CopiesOf(const HostRange& range, uint64_t destination);

    std::atomic<uint64_t> lastBatch{0}; // that copies from it

  private:
    struct Piece
    {
        Piece(BufferCore& core, const BufferMemory& memory);
        Backing backing;
        sedx::Block block;
    };
    uint64_t InMemory(uint64_t offset) const noexcept { return offset - m_range.begin + m_before; }

    BufferCore& m_core; // alive as long as the Vulkan objects are
    const std::span<const std::byte> m_block;
    HostRange m_range;
    uint64_t m_before = 0; // bytes before m_range that are imported, too
    std::string m_why;
    std::atomic<bool> m_alive{false};
    std::mutex m_mutex; // of destruction
    std::unique_ptr<HostMemory> m_memory;
    std::deque<Piece> m_pieces;
};

// Those of a system, so that they end with it.
class HostImports
{
  public:
    void Add(const std::shared_ptr<HostImport>& import);
    void DestroyAll() noexcept;

  private:
    std::mutex m_mutex;
    std::vector<std::weak_ptr<HostImport>> m_imports;
};
} // namespace sedx
