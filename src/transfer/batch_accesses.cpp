#include "transfer/batch_accesses.h"

namespace sedx
{
namespace
{
// The bytes of some backings, each once and in few pieces.
class Ranges
{
  public:
    explicit Ranges(const HazardRecorder& hazards) noexcept : m_hazards(hazards) {}

    // Null for what nobody watches.
    RangeSet* Of(const Backing& backing)
    {
        const auto [it, isNew] = m_ranges.try_emplace(&backing);
        if (isNew && m_hazards.IsWatched(backing.memory.buffer))
            it->second.emplace();
        return it->second ? &*it->second : nullptr;
    }
    void Append(std::vector<BatchAccess>& accesses, Use use, uint32_t phase)
    {
        for (const auto& [backing, ranges] : m_ranges)
            if (ranges)
                ranges->ForEach([&, memory = &backing->memory](uint64_t offset, uint64_t bytes) {
                    const uint64_t begin = memory->offset + offset;
                    const MemoryRange range{reinterpret_cast<uint64_t>(memory->buffer), begin, begin + bytes};
                    accesses.push_back({{range, memory->offset, {}, {}}, use, phase});
                });
        m_ranges.clear();
    }

  private:
    const HazardRecorder& m_hazards;
    std::unordered_map<const Backing*, std::optional<RangeSet>> m_ranges;
};
} // namespace

std::vector<BatchAccess> AccessesOf(const Batch& batch, const HazardRecorder& hazards)
{
    std::vector<BatchAccess> accesses;
    Ranges read(hazards);
    Ranges written(hazards);
    uint32_t phase = 0;
    const auto endPhase = [&] {
        read.Append(accesses, Use::TransferRead, phase);
        written.Append(accesses, Use::TransferWrite, phase);
        ++phase;
    };
    for (const Epoch& epoch : batch.epochs)
    {
        for (const BufferWrites& writes : epoch.writes)
            if (RangeSet* ranges = written.Of(*writes.backing))
                for (const CopyOp& op : writes.list.Ops())
                    ranges->Add(op.destination, op.bytes);
        endPhase();
        for (const BufferMoves& moves : epoch.moves)
        {
            RangeSet* sources = read.Of(*moves.source);
            RangeSet* destinations = written.Of(*moves.destination);
            for (const DeviceCopyRegion& region : moves.regions)
            {
                if (sources != nullptr)
                    sources->Add(region.source, region.bytes);
                if (destinations != nullptr)
                    destinations->Add(region.destination, region.bytes);
            }
        }
        endPhase();
        for (const BufferRead& bufferRead : epoch.reads)
            if (RangeSet* ranges = read.Of(*bufferRead.source))
                ranges->Add(bufferRead.offset, bufferRead.record->slice.bytes);
        endPhase();
    }
    return accesses;
}
} // namespace sedx
