// TransferEngine: collects writes and reads from all threads into a batch, sends batches out in order, and gives back
// what they held when the GPU has passed. UploadQueue and ReadbackQueue are its faces.
//
//   Write/Request ─▶ current batch ─Submit / CmdFlush─▶ pending batches ─GPU passes─▶ staging and backings released
//
// Locks, in this order: m_submitMutex (one submission at a time), m_mutex (the batches), then buffers and pools.
#pragma once

#include "transfer/batch.h"

#include <condition_variable>
#include <map>

namespace sedx
{
struct TransferCounters
{
    std::atomic<uint64_t> writes{0};
    std::atomic<uint64_t> uploadedBytes{0};
    std::atomic<uint64_t> directBytes{0};
    std::atomic<uint64_t> supersededBytes{0};
    std::atomic<uint64_t> copyRegions{0};
    std::atomic<uint64_t> submissions{0};
    std::atomic<uint64_t> readbackBytes{0};
};

class TransferEngine : public std::enable_shared_from_this<TransferEngine>
{
  public:
    TransferEngine(std::shared_ptr<BufferCore> core, const BufferSystemDesc& desc);
    ~TransferEngine();

    // ---- collecting
    Result<UploadTicket> Write(const Buffer& buffer, uint64_t offset, std::span<const std::byte> bytes,
                               const WriteOptions& options);
    Result<UploadTicket> WriteImage(const ImageTarget& image, std::span<const ImageRegion> regions,
                                    std::span<const std::byte> bytes, const WriteOptions& options);
    Result<StagingLease> Stage(uint64_t bytes, uint64_t alignment, uint64_t frame, OutOfStaging outOfStaging);
    Result<ReadbackTicket> Request(const BufferView& view);
    Result<ReadbackTicket> RequestImage(const ImageTarget& image, const ImageRegion& region);
    UploadTicket LastTransfer(const Buffer& buffer);

    // ---- sending
    bool SubmitsItself() const noexcept { return m_submitMode == SubmitMode::Own; }
    // Sends writes (and the reads among them that order demands), and with `reads` everything. Returns the batch that
    // carries the newest write.
    Result<uint64_t> Submit(bool reads);
    Result<uint64_t> CmdFlush(uint64_t frame, VkCommandBuffer cmd, uint32_t queue, bool reads);
    // A frame was given up: what was recorded into it fails.
    void OnAbandoned(uint64_t frame) noexcept;
    // Waits to append to a submission on `queue`, for copies that are not known to have passed.
    void AddWaits(class SubmitSync& sync, uint32_t queue) const;
    // The submission that carries what CmdFlush recorded for `queue` in `frame` was given this point.
    void OnHandedOut(uint64_t frame, TimelinePoint point);

    // ---- completion
    void Update() noexcept; // after a poll
    bool IsComplete(uint64_t batch) noexcept;
    Result<void> Wait(uint64_t batch, uint64_t timeoutNs, WaitCause cause);
    Result<TimelinePoint> PointOf(uint64_t batch);
    bool HasFramePassed(uint64_t frame) noexcept;
    Result<void> WaitForFrame(uint64_t frame, uint64_t timeoutNs, WaitCause cause);
    Result<TimelinePoint> PointOfFrame(uint64_t frame);
    bool PrepareBytes(ReadbackRecord& record) noexcept; // makes completed bytes visible to the CPU
    void Release(ReadbackRecord& record) noexcept;

    const TransferCounters& Counters() const noexcept { return m_counters; }
    BufferCore& Core() const noexcept { return *m_core; }
    void Shutdown() noexcept;

  private:
    struct CommandSlot
    {
        VkCommandPool pool = VK_NULL_HANDLE;
        VkCommandBuffer cmd = VK_NULL_HANDLE;
        bool free = true;
    };
    struct Lease // of Stage
    {
        uint64_t frame = 0;
        Block* block = nullptr;
    };
    // Copies recorded by an engine's command buffer that other queues must wait for.
    struct Carrier
    {
        uint64_t frame = 0;   // recorded in this frame, submission not handed out yet; 0: none
        uint64_t value = 0;   // of the queue's timeline
    };

    Result<void> CheckWritable(const Buffer& buffer, uint64_t offset, uint64_t bytes) const;
    bool WriteDirect(BufferResource& resource, uint64_t offset, std::span<const std::byte> bytes);
    Result<void> CheckRoom(uint64_t bytes, const WriteOptions& options, const std::string& what);
    Result<Slice> AllocateStaging(uint64_t minBytes, uint64_t bytes, uint64_t alignment, const WriteOptions& options);
    Result<bool> WaitForStaging();
    Epoch& EpochForWrite(uint64_t key);
    Epoch& EpochForRead();
    Batch* TakeBatch(bool reads);
    Result<size_t> AcquireCommands();
    Result<void> RecordAndSubmit(Batch& batch);
    void FailBatch(uint64_t number, Error error) noexcept;
    void PollAll() noexcept;
    Batch* FindPending(uint64_t number) noexcept;

    std::shared_ptr<BufferCore> m_core;
    SubmitMode m_submitMode;
    std::unique_ptr<BlockPool> m_staging;
    std::unique_ptr<BlockPool> m_readback;
    std::atomic<bool> m_alive{true};

    std::mutex m_submitMutex;
    std::vector<CommandSlot> m_commands; // under m_submitMutex, except `free` under m_mutex

    mutable std::mutex m_mutex;
    std::unique_ptr<Batch> m_current;
    std::deque<std::unique_ptr<Batch>> m_pending;
    std::map<uint64_t, Error> m_failures;
    std::vector<Lease> m_leases;
    uint64_t m_openSlices = 0; // cut by writers that have not appended yet
    std::condition_variable m_sliceAppended;
    std::array<Carrier, kMaxQueues> m_carriers;

    TransferCounters m_counters;
};
} // namespace sedx
