// TransferEngine: collects writes and reads from all threads into a batch, sends batches out in order, and gives back
// what they held when the GPU has passed. UploadQueue and ReadbackQueue are its faces.
//
//   short Write ─▶ lane of the thread ─┐
//   Write/Copy/Request ────────────────┴▶ current batch ─Submit / CmdFlush─▶ pending batches ─GPU passes─▶ staging and backings released
//
// Locks, in this order: m_submitMutex (one submission at a time), m_mutex (the batches), then buffers, lanes and pools, then
// the queue of background writes.
#pragma once

#include "base/copy_workers.h"
#include "buffer/range.h"
#include "transfer/background_writes.h"
#include "transfer/batch.h"
#include "transfer/batch_history.h"
#include "transfer/engine_link.h"
#include "transfer/queue_choice.h"
#include "transfer/write_lanes.h"

#include <sedx/readback_subscription.h>

#include <condition_variable>
#include <map>
#include <optional>

namespace sedx
{
struct TransferCounters
{
    std::atomic<uint64_t> writes{0};
    std::atomic<uint64_t> uploadedBytes{0};
    std::atomic<uint64_t> directBytes{0};
    std::atomic<uint64_t> importedBytes{0};
    std::atomic<uint64_t> imports{0};
    std::atomic<uint64_t> refusedImports{0};
    std::atomic<uint64_t> supersededBytes{0};
    std::atomic<uint64_t> copyRegions{0};
    std::atomic<uint64_t> scatteredCopies{0};
    std::atomic<uint64_t> copiedBytes{0};
    std::atomic<uint64_t> copiedByShader{0};
    std::atomic<uint64_t> inlinedCopies{0};
    std::atomic<uint64_t> submissions{0};
    std::atomic<uint64_t> transferQueueSubmissions{0};
    std::atomic<uint64_t> readbackBytes{0};
    std::atomic<uint64_t> backgroundBytes{0};
    std::atomic<uint64_t> promotedBytes{0};
    std::atomic<uint64_t> cancelledBytes{0};
    std::atomic<uint64_t> droppedBytes{0};
};

class PackedWrites;

class TransferEngine : public std::enable_shared_from_this<TransferEngine>
{
  public:
    static std::shared_ptr<TransferEngine> Create(std::shared_ptr<BufferCore> core, const BufferSystemDesc& desc,
                                                  const TransferProfile& profile);
    ~TransferEngine();

    // For tickets.
    const EngineLink* Link() const noexcept { return m_link; }

    // ---- collecting
    using Carriers = UploadTicket::Carriers;
    // The common case of one write: answers with the batch that will carry it. 0: nothing happened, and the general way,
    // below, does it or says what is wrong.
    uint64_t WriteShort(const Buffer& buffer, uint64_t offset, std::span<const std::byte> bytes);
    Result<Carriers> Write(std::span<const BufferWrite> writes, const WriteOptions& options);
    Result<Carriers> WriteImage(const ImageTarget& image, std::span<const ImageRegion> regions,
                                std::span<const std::byte> bytes, const WriteOptions& options);
    Result<Carriers> Copy(std::span<const BufferMove> moves);
    Result<StagingLease> Stage(uint64_t bytes, uint64_t alignment, uint64_t frame, OutOfStaging outOfStaging);
    Result<void> Prewarm(uint64_t bytes);
    // Gives idle staging and read-back memory back. Returns bytes.
    uint64_t ReleaseIdle() noexcept;
    Result<ReadbackTicket> Request(const BufferView<>& view, uint64_t frame);
    Result<void> Read(const BufferView<>& view, std::span<std::byte> destination, uint64_t timeoutNs);
    Result<std::shared_ptr<SubscriptionState>> Subscribe(const BufferView<>& view);
    // Collects a read for each subscription, of the end of this frame; no lock of the library is held.
    void RequestSubscribed(uint64_t frame);
    ReadbackValue LatestOf(SubscriptionState& subscription) noexcept;
    Result<ReadbackTicket> RequestImage(const ImageTarget& image, const ImageRegion& region, uint64_t frame);
    Carriers LastTransfer(const Buffer& buffer);

    // ---- background writes
    // What the call leaves behind: batches, if any of it was written in place, and what is queued, or null.
    struct Later
    {
        Carriers carriers;
        std::shared_ptr<BackgroundWrite> queued;
    };
    Result<Later> WriteLater(std::span<const BufferWrite> writes, const WriteOptions& options);
    // What is due for this frame joins the batch at hand. Never waits; what finds no memory stays queued.
    void SendBackground(uint64_t frame) noexcept;
    // Takes what is queued for buffers that nobody has any more out of the queue. No lock is held.
    void DropUnreachableQueued() noexcept;
    // All that is queued of it joins the batch at hand.
    Result<void> Promote(BackgroundWrite& write);
    uint64_t Cancel(BackgroundWrite& write) noexcept;
    std::shared_ptr<BackgroundWrite> LastQueued(const Buffer& buffer);
    // As for batches, below.
    bool IsComplete(BackgroundWrite& write) noexcept;
    Result<void> Wait(BackgroundWrite& write, uint64_t timeoutNs);
    Result<TimelinePoint> PointOf(BackgroundWrite& write);
    std::string Explain(BackgroundWrite& write) noexcept;
    BackgroundWrites& Background() noexcept { return m_background; }

    // ---- sparse memory
    // Binds on the timeline of transfers, as if it were a batch: whatever is submitted later waits for it. Answers with its
    // value. Errors: NotSubmitted (recorded mode), WrongState, DeviceLost, those of vkQueueBindSparse.
    Result<uint64_t> BindSparse(uint32_t queue, VkBuffer buffer, std::span<const VkSparseMemoryBind> binds);

    // ---- memory of the application (host_import.cpp)
    // Answers an import in any case; what failed at run time is counted, and said in the log.
    Result<std::shared_ptr<HostImport>> Import(std::span<const std::byte> block, const ImportOptions& options);
    Result<Carriers> WriteImported(const Buffer& buffer, uint64_t offset, const ImportedView& view,
                                   const WriteOptions& options);
    // Waits for the copies from it, and destroys what refers to it.
    Result<void> Release(HostImport& import, uint64_t timeoutNs);

    // Of this system's frame; an empty one means the current frame; 0 if there is none, or it belongs to another system.
    uint64_t NumberOf(const Frame& frame) const noexcept;
    // The engine does not know its system; the system says so once.
    void SetSystem(const BufferSystem* system) noexcept { m_system = system; }

    // ---- sending
    bool SubmitsItself() const noexcept { return m_submitMode == SubmitMode::Own; }
    static constexpr uint64_t kNoReads = 0;
    static constexpr uint64_t kAllReads = ~uint64_t{0};
    // Sends writes, reads requested for frames up to `readsThrough`, and the earlier reads that order demands. Returns
    // the last batch that is out. Holds back while an open frame carries recorded copies.
    Result<uint64_t> Submit(uint64_t readsThrough);
    Result<uint64_t> CmdFlush(uint64_t frame, VkCommandBuffer cmd, uint32_t queue, uint64_t readsThrough);
    // Records what the owner needs before it uses what other queues wrote to its buffers. Answers how many ranges that were.
    Result<uint32_t> CmdAcquire(uint64_t frame, VkCommandBuffer cmd, uint32_t queue);
    // A frame is given up (before it counts as passed): what was recorded into it fails.
    void OnAbandoned(uint64_t frame) noexcept;
    // Recorded copies of this frame whose submission was never announced.
    bool LacksSubmission(uint64_t frame) const noexcept;
    // What to append to a submission of `frame` on `queue`: waits for copies that are not known to have passed, and the signal.
    // Between the two nothing of the library goes out: what goes to a queue for transfers either waits for this submission, or
    // is waited for by it.
    // `extraWaits`: of the engine's own, checked.
    Result<class SubmitSync> HandOut(uint64_t frame, uint32_t queue, std::span<const VkSemaphoreSubmitInfo> extraWaits = {});

    // ---- completion
    void Update() noexcept; // after a poll
    bool IsComplete(uint64_t batch) noexcept;
    Result<void> Wait(Carriers carriers, uint64_t timeoutNs, WaitCause cause);
    Result<TimelinePoint> PointOf(Carriers carriers);
    bool HasFramePassed(uint64_t frame) noexcept;
    // Complete, failed or lost.
    bool IsSettled(const ReadbackRecord& record) noexcept;
    // Makes completed bytes visible to the CPU; VK_NOT_READY if there are none yet, VK_ERROR_UNKNOWN if none will come.
    VkResult PrepareBytes(ReadbackRecord& record) noexcept;
    void Release(ReadbackRecord& record) noexcept;

    // ---- deciding and telling
    TransferProfile Profile() const noexcept;
    // Measures, and takes the result. Nobody submits meanwhile.
    Result<TransferProfile> Calibrate();
    std::string Explain(Carriers carriers) noexcept;

    const TransferCounters& Counters() const noexcept { return m_counters; } // without what went through lanes
    const WriteLanes& Lanes() const noexcept { return m_lanes; }
    BufferCore& Core() const noexcept { return *m_core; }
    void Shutdown() noexcept;

  private:
    TransferEngine(std::shared_ptr<BufferCore> core, const BufferSystemDesc& desc, const TransferProfile& profile);

    struct CommandSlot
    {
        uint32_t family = 0;
        VkCommandPool pool = VK_NULL_HANDLE;
        VkCommandBuffer cmd = VK_NULL_HANDLE;
        bool free = true;
    };
    struct Lease // of Stage
    {
        uint64_t frame = 0;
        Block* block = nullptr;
    };
    struct Route // of a batch that the library submits
    {
        uint32_t queue = 0;
        uint64_t frame = 0; // not queue 0: ended frames up to this one come before it
    };
    bool IsWritable(const Buffer& buffer, uint64_t offset, uint64_t bytes) const noexcept;
    // The same, with the reason.
    Result<void> CheckWritable(const Buffer& buffer, uint64_t offset, uint64_t bytes) const;
    // The list for writes to this buffer, of the epoch that they belong to. m_mutex is held.
    WriteList& ListFor(Backing& backing);
    // What lanes hold joins the batch at hand. Before anything else does: it may have to come after. m_mutex is held.
    void CollectLanes();
    void AppendCollected(size_t count);
    static constexpr size_t kManyWrites = 1024; // worth memory that is used again
    // Memory of a list that went out, with copies of no meaning. m_mutex is held.
    std::vector<CopyOp> TakeSpareOps() noexcept { return std::exchange(m_spareOps, {}); }
    Result<Carriers> WriteGroup(std::span<const BufferWrite> writes, const WriteOptions& options);
    Result<Carriers> WriteTo(BufferResource& resource, std::span<const BufferWrite> writes,
                             const WriteOptions& options);
    // The same for many short ones, which were measured.
    Result<Carriers> WritePacked(PackedWrites& packed, std::span<const BufferWrite> writes,
                                 const WriteOptions& options);
    // Long writes that may be sent piece by piece while the rest is still being copied.
    bool IsStreamed(uint64_t bytes, const WriteOptions& options) const noexcept;
    Result<Carriers> WriteStreamed(BufferResource& resource, uint64_t offset, std::span<const std::byte> bytes,
                                   const WriteOptions& options);
    // What was filled joins the batch at hand, all of it at once. `shape`: of the copies.
    void Join(BufferResource& resource, std::vector<CopyOp> ops, const WriteShape& shape, std::span<const Slice> slices,
              Carriers& carriers);
    // Counts the writes; answers if nothing is left to do: there are no bytes, or they were written in place. `total`: bytes of all.
    std::optional<Carriers> WriteAtOnce(BufferResource& resource, std::span<const BufferWrite> writes, uint64_t total);
    // Writes in place; false: that cannot be.
    bool WriteDirect(BufferResource& resource, std::span<const BufferWrite> writes, uint64_t total);
    // `missing`: what the whole write still needs, for the callback. Before waiting, `commit` hands over what the caller
    // has cut so far: nobody else could send it out.
    Result<Slice> AllocateStaging(uint64_t minBytes, uint64_t bytes, uint64_t alignment, uint64_t missing,
                                  const WriteOptions& options, const std::function<void()>& commit);
    Result<void> CheckMovable(const BufferMove& move) const;
    void GiveBack(std::span<const Slice> slices);
    Result<bool> WaitForStaging();
    static Ref<Backing> BackingOf(BufferResource& resource);
    Result<CheckedRange> CheckReadable(const BufferView<>& view) const;
    // Called where bytes join the batch at hand, m_mutex held: queued ones of the same place must not come after them.
    void SupersedeQueued(const Backing& backing, uint64_t offset, uint64_t bytes)
    {
        if (const uint64_t superseded = m_background.Supersede(backing, offset, bytes); superseded != 0)
            m_counters.supersededBytes.fetch_add(superseded, std::memory_order_relaxed);
    }
    // Called before a range is read, no lock held: queued bytes of it join the batch at hand.
    Result<void> PromoteQueued(const Backing& backing, uint64_t offset, uint64_t bytes);
    Result<void> PromoteSources(std::span<const BufferMove> moves);
    // Chosen bytes join the batch at hand, `most` of them at most. Returns how many. No lock is held.
    Result<uint64_t> SendQueued(const BackgroundWrites::Choice& choice, uint64_t most, const WriteOptions& options,
                                uint64_t timeoutNs);
    uint64_t SettleQueued(std::span<const BackgroundWrites::Pinned> pins, const Slice& slice);
    // With memory of its own. No lock of the library is held.
    Result<std::shared_ptr<ReadbackRecord>> MakeRecord(uint64_t bytes);
    // A copy of as many bytes as the record's slice has joins the batch at hand.
    void CollectRead(const Ref<Backing>& source, uint64_t offset, uint64_t frame,
                     const std::shared_ptr<ReadbackRecord>& record);
    std::vector<std::shared_ptr<SubscriptionState>> Subscriptions();
    void SettleSubscription(SubscriptionState& subscription) noexcept;
    void EndSubscriptions() noexcept;
    Epoch& EpochForWrite(uint64_t key);
    Epoch& EpochForRead();
    bool HoldsBack() const noexcept;
    Batch* TakeBatch(uint64_t readsThrough);
    Result<size_t> BeginCommands(uint32_t queue);
    Result<void> RecordAndSubmit(Batch& batch, Route route);
    // What a submission on this queue has to wait for, by timeline; 0: nothing.
    std::array<uint64_t, kMaxQueues + 1> ValuesBefore(Route route) const;
    // Whether a submission must wait on the GPU: what has passed already needs no semaphore.
    bool NeedsWait(TimelinePoint point) const noexcept;
    void AddWaits(class SubmitSync& sync, uint64_t frame, uint32_t queue) const;
    // The submission that carries what CmdFlush recorded for its queue in `frame` was given this point.
    void OnHandedOut(uint64_t frame, TimelinePoint point);
    // Own submission mode: buffers of another family than that of queue 0 are written while they are fresh, and nothing else.
    tl::unexpected<Error> ForeignBuffer(const BufferResource& resource, const char* what) const;
    bool IsOutOfReach(const BufferResource& resource) const noexcept
    {
        return resource.isForeign && m_submitMode == SubmitMode::Own;
    }
    // What CmdFlush and CmdAcquire, `call`, need.
    Result<void> CheckCommands(const char* call, uint64_t frame, VkCommandBuffer cmd, uint32_t queue) const;
    // `frame`: of the engine's commands; 0: the library's own.
    BatchStats Record(Batch& batch, VkCommandBuffer cmd, uint32_t queue, uint64_t frame);
    void TakeProfile(const TransferProfile& profile) noexcept;
    Result<void> WaitForFrame(uint64_t frame, uint64_t timeoutNs, WaitCause cause);
    void FailBatch(uint64_t number, Error error) noexcept;
    void PollAll() noexcept;
    Batch* FindPending(uint64_t number) const noexcept;

    std::shared_ptr<BufferCore> m_core;
    const EngineLink* m_link = nullptr;
    const BufferSystem* m_system = nullptr;
    SubmitMode m_submitMode;
    TransferPath m_path;
    TransferQueue m_transferQueue;
    CopyWorkers m_workers;
    std::unique_ptr<BlockPool> m_staging;
    std::unique_ptr<BlockPool> m_readback;
    WriteLanes m_lanes;
    HostImports m_imports;
    BackgroundWrites m_background;
    uint64_t m_pressureHandler = 0;
    std::atomic<bool> m_alive{true};

    std::mutex m_submitMutex;
    std::vector<CommandSlot> m_commands; // under m_submitMutex, except `free` under m_mutex
    PlanScratch m_planScratch;           // under m_submitMutex
    std::vector<BatchAccess> m_accesses; // checked mode: of the batch recorded last, for the tracker; under m_submitMutex
    // Of the last submission, under m_submitMutex; kNoOrder: it is not in the order of any queue.
    static constexpr uint32_t kNoOrder = ~uint32_t{0};
    uint32_t m_lastQueue = 0;

    mutable std::mutex m_profileMutex;
    TransferProfile m_profile;
    std::atomic<uint64_t> m_directMaxBytes{0}; // of the profile: asked by each write
    std::atomic<uint64_t> m_chunkBytes{0};     // of the profile
    const uint32_t m_framesInFlight;
    std::mutex m_subscriptionsMutex;
    std::vector<std::weak_ptr<SubscriptionState>> m_subscriptions;

    mutable std::mutex m_mutex;
    std::unique_ptr<Batch> m_current;
    std::vector<LaneContents> m_collected; // memory that lanes filled, used again
    std::vector<CopyOp> m_spareOps;        // memory of a list of writes, used again
    std::deque<std::unique_ptr<Batch>> m_pending;
    BatchHistory m_history;
    OwnershipBook m_ownership;
    std::map<uint64_t, Error> m_failures; // kept for ever: a ticket may ask at any time, and failures are few
    std::vector<Lease> m_leases;
    uint64_t m_openSlices = 0; // cut by writers that have not appended yet
    std::condition_variable m_sliceAppended;

    TransferCounters m_counters;
};
} // namespace sedx
