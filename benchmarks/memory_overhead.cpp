// memory_overhead: how much device memory is held for buffers of real sizes, and whether that grows with time.
//
// Ten rounds. Each creates all buffers in shuffled order while freeing others, so that about half are alive in the end, then
// creates those that are missing, then frees all of them in another shuffled order. The same first round with VMA stands
// beside it. The GPU never uses the buffers, except that one round resolves them to see that none overlaps another.
#include "support/context.h"
#include "support/memory_meter.h"
#include "support/random.h"
#include "support/size_list.h"
#include "support/verify.h"
#include "support/vma_baseline.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <numeric>

namespace bench
{
namespace
{
constexpr size_t kRounds = 10;
constexpr size_t kSettledRound = 3; // from here on nothing may grow
constexpr size_t kStepsBetweenLooks = 16;

constexpr sedx::BufferUsage kUsage = sedx::BufferUsage::Vertex | sedx::BufferUsage::Index | sedx::BufferUsage::Storage;

struct RoundResult
{
    uint64_t peakCommitted = 0;
    uint64_t committedAfter = 0; // everything is freed
    uint64_t peakLive = 0;       // sum of the sizes asked for
};

// Who creates and frees the buffer with an index, and says what is committed.
struct Allocator
{
    std::function<void(size_t)> create;
    std::function<void(size_t)> free;
    std::function<uint64_t()> committed;
    std::function<void()> onAllAlive;
};

class Round
{
  public:
    Round(const std::vector<uint64_t>& bytes, const Allocator& allocator) : m_bytes(bytes), m_allocator(allocator) {}

    RoundResult Run(Random& random)
    {
        std::vector<size_t> order(m_bytes.size());
        std::iota(order.begin(), order.end(), size_t{0});
        Shuffle(order, random);

        std::vector<size_t> alive;
        std::vector<size_t> missing;
        for (const size_t index : order)
        {
            Create(index);
            alive.push_back(index);
            if (random() % 2 == 0)
            {
                std::swap(alive[Below(random, alive.size())], alive.back());
                missing.push_back(alive.back());
                Free(alive.back());
                alive.pop_back();
            }
        }
        Shuffle(missing, random);
        for (const size_t index : missing)
            Create(index);
        Look();
        if (m_allocator.onAllAlive)
            m_allocator.onAllAlive();

        Shuffle(order, random);
        for (const size_t index : order)
            Free(index);
        m_result.committedAfter = m_allocator.committed();
        return m_result;
    }

  private:
    void Create(size_t index)
    {
        m_allocator.create(index);
        m_live += m_bytes[index];
        m_result.peakLive = std::max(m_result.peakLive, m_live);
        if (++m_steps % kStepsBetweenLooks == 0)
            Look();
    }
    void Free(size_t index)
    {
        m_allocator.free(index);
        m_live -= m_bytes[index];
    }
    void Look() { m_result.peakCommitted = std::max(m_result.peakCommitted, m_allocator.committed()); }

    const std::vector<uint64_t>& m_bytes;
    const Allocator& m_allocator;
    RoundResult m_result;
    uint64_t m_live = 0;
    size_t m_steps = 0;
};

std::vector<RoundResult> RunRounds(const Context& context, const std::vector<uint64_t>& bytes)
{
    const auto system = MakeSystem(context);
    const uint64_t before = CommittedBytes();
    std::vector<sedx::Buffer> buffers(bytes.size());
    bool isFirst = true;
    const Allocator allocator{
        .create =
            [&](size_t index) {
                buffers[index] =
                    Require(system->CreateBuffer({.bytes = bytes[index], .usage = kUsage}), "CreateBuffer");
            },
        .free = [&](size_t index) { buffers[index] = {}; },
        .committed = [&] { return CommittedBytes() - before; },
        .onAllAlive =
            [&] {
                if (std::exchange(isFirst, false))
                    VerifyDisjoint(*system, buffers);
            },
    };
    Random random(kSeed);
    std::vector<RoundResult> rounds;
    for (size_t round = 0; round < kRounds; ++round)
    {
        rounds.push_back(Round(bytes, allocator).Run(random));
        system->Poll();
        Require(system->GetReport().liveBuffers == 0, "buffers are alive that were dropped");
        Require(rounds.back().peakCommitted >= rounds.back().peakLive,
                fmt::format("{} bytes are alive in {} bytes of device memory", rounds.back().peakLive,
                            rounds.back().peakCommitted));
    }
    return rounds;
}

RoundResult RunVmaRound(const Context& context, const std::vector<uint64_t>& bytes)
{
    VmaBaseline vma(context.device);
    std::vector<VmaBuffer> buffers(bytes.size());
    const auto usage = static_cast<VkBufferUsageFlags>(
        kUsage | sedx::BufferUsage::TransferSrc | sedx::BufferUsage::TransferDst | sedx::BufferUsage::DeviceAddress);
    const Allocator allocator{
        .create = [&](size_t index) { buffers[index] = vma.Create(bytes[index], usage); },
        .free = [&](size_t index) { vma.Destroy(buffers[index]); },
        .committed = [&] { return vma.CommittedBytes(); },
        .onAllAlive = {},
    };
    Random random(kSeed);
    return Round(bytes, allocator).Run(random);
}
} // namespace

void MemoryOverhead(Context& context)
{
    std::string whyNot;
    const SizeList sizes = LoadScenerySizes(context.options.workloads, whyNot);
    if (!sizes.isReal)
        context.figures.AddSkipped("memory_overhead with real sizes", whyNot);

    const std::vector<RoundResult> rounds = RunRounds(context, sizes.bytes);
    const RoundResult vma = RunVmaRound(context, sizes.bytes);

    uint64_t peakCommitted = 0;
    uint64_t peakLive = 0;
    for (const RoundResult& round : rounds)
    {
        peakCommitted = std::max(peakCommitted, round.peakCommitted);
        peakLive = std::max(peakLive, round.peakLive);
    }
    const auto mib = [](uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
    const auto ratio = [](uint64_t a, uint64_t b) { return static_cast<double>(a) / static_cast<double>(b); };
    const auto add = [&](const char* name, uint64_t value, const char* reference, uint64_t referenceValue,
                         const std::vector<Target>& targets, std::string note = {}) {
        context.figures.Add({.scenario = "memory_overhead",
                             .name = sizes.isReal ? name : fmt::format("{} (synthetic sizes)", name),
                             .unit = "MiB",
                             .value = mib(value),
                             .reference = reference,
                             .referenceValue = mib(referenceValue),
                             .ratio = ratio(value, referenceValue),
                             .targets = {.gpu = targets, .software = targets},
                             .note = std::move(note)});
    };
    add("peak committed / peak live", peakCommitted, "live", peakLive, {RatioAtMost(1.15)}, sizes.name);
    add("committed in round 10 / round 3", rounds.back().peakCommitted, "round 3",
        rounds[kSettledRound - 1].peakCommitted, {RatioAtMost(1)});
    add("committed after all is freed", rounds.back().committedAfter, "live", peakLive, {});
    add("VMA: peak committed / peak live", vma.peakCommitted, "live", vma.peakLive, {});
}
} // namespace bench
