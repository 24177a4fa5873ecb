// OwnershipBook: who may use buffers of Ownership::Exclusive, and the barriers that pass them on.
//
// Bytes that no batch and no frame has touched belong to nobody, and any queue may write them. If its family is not the
// owner's, the batch ends with a release of these bytes; the owner acquires them by CmdAcquire, or at the beginning of the next
// batch on one of its queues that touches the buffer. Everything else is for queues of the owner.
#pragma once

#include "transfer/batch.h"

namespace sedx
{
// Its functions are called with the mutex of the transfer engine, and handles that they put into `kept` dropped after it.
class OwnershipBook
{
  public:
    explicit OwnershipBook(BufferCore& core) noexcept : m_core(core) {}

    // Whether a queue of another family than the owner's may write the bytes.
    static bool IsFresh(const Backing& backing, uint64_t offset, uint64_t bytes) noexcept;
    // Of what a batch does, the first thing that a queue of this family may not do; null: nothing.
    // `readsThrough`: as for Batch::GoesOut.
    const ExclusiveUse* FindMisplaced(const Batch& batch, uint32_t family, uint64_t readsThrough) const noexcept;

    struct Barriers
    {
        std::vector<VkBufferMemoryBarrier2> acquires; // before the batch
        std::vector<VkBufferMemoryBarrier2> releases; // behind it
    };
    // For a batch that goes to a queue of this family, now. `frame`: of the engine's commands; 0: the library's own.
    Barriers Pass(const Batch& batch, uint32_t family, uint64_t frame, std::vector<Buffer>& kept);
    // All that was released to this family, for a command buffer of `frame`. Buffers that nobody has any more are forgotten.
    std::vector<VkBufferMemoryBarrier2> AcquireAll(uint32_t family, uint64_t frame, std::vector<Buffer>& kept);

    // Nothing of the batch has happened: what it released is as before, what it acquired is to be acquired again.
    void OnBatchLost(uint64_t batch, std::vector<Buffer>& kept) noexcept;
    // What the frame acquired is to be acquired again.
    void OnAbandoned(uint64_t frame, std::vector<Buffer>& kept) noexcept;
    // Acquires of frames that have ended stand, and those of batches that have passed.
    void Settle() noexcept;

  private:
    struct Release
    {
        BufferId buffer;
        uint64_t serial = 0;            // ExclusiveUse
        VkBufferMemoryBarrier2 acquire; // what matches it
        uint64_t batch = 0;
        uint64_t frame = 0;    // whose commands acquire it; 0: none yet
        uint64_t acquirer = 0; // the batch that acquires it in the library's own commands; 0: none
    };
    // The backing of a release; null if the buffer is gone or has another one.
    Ref<Backing> BackingOf(const Release& release, std::vector<Buffer>& kept) const noexcept;

    // Forgets releases of buffers that nobody has any more, whenever there are twice as many as before.
    void Prune(std::vector<Buffer>& kept);

    static constexpr size_t kFewReleases = 256;
    BufferCore& m_core;
    std::vector<Release> m_releases;
    size_t m_pruneAt = kFewReleases;
};

void RecordBufferBarriers(const DeviceDispatch& vk, VkCommandBuffer cmd,
                          std::span<const VkBufferMemoryBarrier2> barriers);
} // namespace sedx
