// Batch: what goes out in one submission. Plain data, filled by the transfer engine, read by the recorder.
#pragma once

#include "base/range_set.h"
#include "buffer/block_pool.h"
#include "transfer/copy_plan.h"
#include "transfer/device_copy.h"
#include "transfer/host_import.h"
#include "transfer/inline_update.h"
#include "transfer/scatter.h"

#include <sedx/readback_queue.h>

#include <algorithm>
#include <array>
#include <functional>
#include <unordered_map>
#include <unordered_set>

namespace sedx
{
class TransferEngine;

// Where the bytes of a read-back land. Shared by its tickets and its batch.
struct ReadbackRecord
{
    std::shared_ptr<TransferEngine> engine;
    std::atomic<uint64_t> batch{0};
    Slice slice;
    bool visible = false; // invalidated after completion; under the engine's mutex
    ~ReadbackRecord();
};

struct BufferWrites
{
    Ref<Backing> backing;
    WriteList list;
};

struct ImageWrite
{
    ImageTarget target;
    struct Piece
    {
        VkBufferImageCopy2 region{};
        Block* block = nullptr;
    };
    std::vector<Piece> pieces;
};

struct BufferRead
{
    Ref<Backing> source;
    uint64_t offset = 0;
    uint64_t frame = 1; // goes out when this frame ends
    std::shared_ptr<ReadbackRecord> record;
};

struct ImageRead
{
    ImageTarget target;
    VkBufferImageCopy2 region{};
    uint64_t frame = 1;
    std::shared_ptr<ReadbackRecord> record;
};

// Copies from one backing to another.
struct BufferMoves
{
    Ref<Backing> source;
    Ref<Backing> destination;
    std::vector<DeviceCopyRegion> regions;
};

// Writes, then moves, then reads, with barriers between. Within each of the three nothing depends on the order, so
// whatever must come after something of its own or a later kind goes into the next epoch.
struct Epoch
{
    const uint64_t serial = NextSerial(); // names it among all epochs
    std::vector<BufferWrites> writes;
    std::vector<ImageWrite> imageWrites;
    std::vector<BufferMoves> moves;
    std::vector<BufferRead> reads;
    std::vector<ImageRead> imageReads;

    bool HasWrites() const noexcept { return !writes.empty() || !imageWrites.empty(); }
    bool HasMoves() const noexcept { return !moves.empty(); }
    bool HasReads() const noexcept { return !reads.empty() || !imageReads.empty(); }
    std::unordered_set<uint64_t> readKeys; // what the reads touch: KeyOf

    struct MovedRanges
    {
        RangeSet read;
        RangeSet written;
    };
    std::unordered_map<uint64_t, MovedRanges> moved; // what the moves touch, by KeyOf

    // A write to this must not be carried out before the reads and moves that are here already.
    bool DelaysWrite(uint64_t key) const noexcept { return readKeys.contains(key) || moved.contains(key); }
    // The same for a move; those to other ranges of the same buffers may join.
    bool Delays(const Backing& source, const Backing& destination, const DeviceCopyRegion& region) const noexcept;
    void Append(const Ref<Backing>& source, const Ref<Backing>& destination, const DeviceCopyRegion& region);
    // The list of writes to this backing. One thread at a time for all epochs of a system.
    WriteList& ListFor(Backing& backing);

  private:
    static uint64_t NextSerial() noexcept;
};

inline uint64_t KeyOf(const Backing* backing) noexcept { return reinterpret_cast<uint64_t>(backing); }
inline uint64_t KeyOf(VkImage image) noexcept { return reinterpret_cast<uint64_t>(image); }

// Why a write went by a copy region.
enum class RegionReason : uint32_t
{
    Asked,     // TransferPath::Regions, or one of TransferPath::Inline that may not be an update
    NoShader,  // the queue has no compute, there is no kernel, or the profile does not use it
    Long,      // longer than what the shader is given
    Imported,  // from memory of the application
    NoAddress, // the buffer has none
    Few,       // fewer than what a dispatch is worth
    NoTable,   // no staging for the table
    Count,
};

struct BatchStats
{
    uint64_t copyRegions = 0; // of writes, reads and images
    uint64_t scatteredCopies = 0;
    uint64_t inlinedCopies = 0;
    uint64_t supersededBytes = 0;
    DeviceCopyStats moves;
    std::array<uint64_t, static_cast<size_t>(RegionReason::Count)> regions{}; // of writes to buffers, by reason
    uint64_t imageRegions = 0;                                                // of writes to images
    uint64_t reads = 0;
    uint64_t scatterMaxBytes = 0; // of the rules
    uint64_t scatterMinWrites = 0;
};

struct Batch
{
    uint64_t number = 0;
    std::vector<Epoch> epochs;
    std::unordered_map<Block*, uint64_t> slices; // staging to release when the batch has passed
    std::vector<std::shared_ptr<HostImport>> imports; // memory of the application that it copies from
    enum class State : uint32_t
    {
        Recording, // taken, not yet handed to a queue
        Submitted, // `transferValue` of the transfer timeline
        Recorded,  // into the engine's command buffer of `frame`
        Failed,
    } state = State::Recording;
    uint64_t transferValue = 0;
    uint64_t frame = 0;   // Recorded
    TimelinePoint point{}; // Recorded: of the submission on point.queue that carries it; value 0: not handed out yet
    size_t commands = SIZE_MAX; // index of the command slot

    void Hold(Block* block)
    {
        if (m_lastHeld == nullptr || m_lastHeld->first != block)
            m_lastHeld = &*slices.try_emplace(block, 0).first; // stays where it is
        ++m_lastHeld->second;
    }
    void Keep(const std::shared_ptr<HostImport>& import)
    {
        if (std::find(imports.begin(), imports.end(), import) == imports.end())
            imports.push_back(import);
    }
    bool HasWrites() const noexcept; // or moves: what every submission sends
    // Whether a read of this epoch goes out if reads do up to frame `readsThrough`: those of the last epoch may stay behind.
    bool GoesOut(const Epoch& epoch, uint64_t readFrame, uint64_t readsThrough) const noexcept
    {
        return &epoch != &epochs.back() || readFrame <= readsThrough;
    }
    bool HasImages(uint64_t readsThrough) const noexcept;
    // Whether there is something to send if reads go out up to this frame.
    bool HasWork(uint64_t readsThrough) const noexcept;

  private:
    std::pair<Block* const, uint64_t>* m_lastHeld = nullptr;
};

struct RecordRules
{
    ScatterRules scatter;
    DeviceCopyRules moves;
    InlineRules inlined;
    RegionReason withoutShader = RegionReason::NoShader; // why scatter.kernels is null
    CopyWorkers* workers = nullptr;                      // help with many writes; null: the caller alone
    // Staging for a table, kept until the batch has passed. Without room for it copy regions do the work.
    std::function<Result<Slice>(uint64_t bytes)> allocateTable;
};

// Records a batch with the barriers it needs: after everything earlier on the queue, before everything later.
// Takes the write lists out of the batch.
BatchStats RecordBatch(const DeviceDispatch& vk, VkCommandBuffer cmd, Batch& batch, const RecordRules& rules,
                       PlanScratch& scratch);
} // namespace sedx
