// The model of hazards against a reference that keeps everything, byte by byte, and works each answer out from the whole
// history anew.
#include "model_driver.h"

#include "support/bytes.h"

#include <gtest/gtest.h>

namespace sedx::test
{
namespace
{
constexpr uint32_t kQueues = 3;
constexpr uint64_t kBytes = 24; // of each of two memories
constexpr uint64_t kMemories = 2;

struct Step // of the history
{
    enum class Kind
    {
        Access,
        Barrier,
        Set,
        WaitEvent,
        Signal,
        Wait,
    } kind;
    uint32_t queue = 0;
    MemoryRange range{};    // Access
    Use uses = Use::None;   // Access
    ModelBarrier barrier{}; // Barrier, Set, WaitEvent
    size_t other = 0;       // WaitEvent: the Set; Wait: the Signal
    SyncScope target{};     // Wait
    TimelinePoint point{};  // Signal
    bool hasPassed = false;
};

bool Covers(const ModelBarrier& barrier, uint64_t memory, uint64_t byte)
{
    return !barrier.range ||
           (barrier.range->memory == memory && barrier.range->begin <= byte && byte < barrier.range->end);
}

class Reference
{
  public:
    struct Reach // what comes later on each queue, as seen from one access
    {
        std::array<SyncStages, kQueues> stages{};
        std::array<Use, kQueues> visible{};
        std::array<size_t, kQueues> since; // step
    };
    struct Touch // one use of one access
    {
        size_t step = 0;
        Use use = Use::None;
    };

    // From the access on, through everything that was said since.
    Reach Follow(const Touch& touch, uint64_t memory, uint64_t byte) const
    {
        Reach reach;
        reach.since.fill(SIZE_MAX);
        bool isAvailable = false;
        const uint32_t home = steps[touch.step].queue;
        std::map<size_t, bool> sets; // in whose scope it is, and whether its accesses are
        const auto isIn = [&](const Step& step) {
            return (step.queue == home && Any(StageOf(touch.use) & step.barrier.source.stages)) ||
                   Any(reach.stages[step.queue] & step.barrier.source.stages);
        };
        const auto extend = [&](uint32_t queue, const SyncScope& target, size_t at) {
            reach.stages[queue] |= target.stages;
            reach.since[queue] = std::min(reach.since[queue], at);
            if (isAvailable)
                reach.visible[queue] |= target.uses;
        };
        for (size_t at = touch.step + 1; at < steps.size(); ++at)
        {
            const Step& step = steps[at];
            const bool covers = Covers(step.barrier, memory, byte);
            const bool isDirect = step.queue == home && Any(touch.use & step.barrier.source.uses);
            switch (step.kind)
            {
            case Step::Kind::Barrier:
                if (!covers || !isIn(step))
                    break;
                isAvailable |= isDirect;
                extend(step.queue, step.barrier.target, at);
                break;
            case Step::Kind::Set:
                if (covers && isIn(step))
                    sets[at] = isDirect;
                break;
            case Step::Kind::WaitEvent:
                if (!sets.contains(step.other))
                    break;
                isAvailable |= sets[step.other];
                extend(step.queue, step.barrier.target, at);
                break;
            case Step::Kind::Wait:
            {
                const Step& signal = steps[step.other];
                if (!(signal.queue == home && touch.step < step.other) && !(reach.since[signal.queue] < step.other))
                    break;
                isAvailable = true;
                extend(step.queue, step.target, at);
                break;
            }
            default: break;
            }
        }
        return reach;
    }

    bool HasPassed(const Touch& touch, uint64_t memory, uint64_t byte) const
    {
        const Reach reach = Follow(touch, memory, byte);
        for (size_t at = touch.step; at < steps.size(); ++at)
            if (steps[at].kind == Step::Kind::Signal && steps[at].hasPassed &&
                (steps[at].queue == steps[touch.step].queue || reach.since[steps[at].queue] < at))
                return true;
        return false;
    }

    struct Byte
    {
        std::vector<Touch> writes;
        std::vector<Touch> reads;
    };
    std::vector<Step> steps;
    Byte bytes[kMemories][kBytes];
};

// Where the bytes in conflict begin and end, for each kind.
using Extents = std::map<HazardKind, std::pair<uint64_t, uint64_t>>;

void Widen(Extents& extents, HazardKind kind, uint64_t begin, uint64_t end)
{
    const auto [it, isNew] = extents.try_emplace(kind, begin, end);
    it->second = {std::min(it->second.first, begin), std::max(it->second.second, end)};
}

Extents ExtentsOf(const std::vector<Conflict>& conflicts)
{
    Extents extents;
    for (const Conflict& conflict : conflicts)
        Widen(extents, conflict.kind, conflict.range.begin, conflict.range.end);
    return extents;
}

class RandomRun
{
  public:
    explicit RandomRun(Random& random) : m_random(random) {}

    void Advance()
    {
        const uint32_t queue = static_cast<uint32_t>(m_random.Between(0, kQueues - 1));
        switch (m_random.Between(0, 11))
        {
        case 0:
        case 1:
        case 2:
        case 3:
        case 4: Access(queue); break;
        case 5:
        case 6: Barrier(queue); break;
        case 7: Signal(queue); break;
        case 8: Wait(queue); break;
        case 9: Event(queue); break;
        case 10: Pass(); break;
        default: Host(); break;
        }
    }
    size_t Found() const { return m_found; }
    size_t Clean() const { return m_clean; }

  private:
    Use AnyUse()
    {
        static constexpr Use kUses[] = {Use::ComputeWrite, Use::ComputeRead,   Use::VertexRead,  Use::FragmentWrite,
                                        Use::IndirectRead, Use::TransferWrite, Use::TransferRead};
        Use use = kUses[m_random.Between(0, std::size(kUses) - 1)];
        if (m_random.Chance(1, 5))
            use |= kUses[m_random.Between(0, std::size(kUses) - 1)];
        return use;
    }
    Use AnySide() { return m_random.Chance(1, 4) ? Use::AnyRead | Use::AnyWrite : AnyUse() | AnyUse(); }
    MemoryRange AnyRange()
    {
        const uint64_t begin = m_random.Between(0, kBytes - 1);
        return {m_random.Between(0, kMemories - 1), begin, m_random.Between(begin + 1, kBytes)};
    }
    ModelBarrier AnyBarrier()
    {
        ModelBarrier barrier = BarrierOf(AnySide(), AnySide());
        if (m_random.Chance(2, 3))
            barrier.range = AnyRange();
        return barrier;
    }

    void Access(uint32_t queue)
    {
        const MemoryRange range = AnyRange();
        const Use uses = AnyUse();
        Extents expected;
        for (uint64_t byte = range.begin; byte < range.end; ++byte)
        {
            Reference::Byte& state = m_reference.bytes[range.memory][byte];
            for (uint32_t bit = 0; bit < 30; ++bit)
            {
                const Use use = static_cast<Use>(1u << bit) & uses;
                if (use == Use::None)
                    continue;
                const bool isWrite = Any(WritesOf(use));
                for (const auto& write : state.writes)
                    if (!(isWrite && !state.reads.empty()) &&
                        !Any(m_reference.Follow(write, range.memory, byte).visible[queue] & use))
                        Widen(expected, isWrite ? HazardKind::WriteAfterWrite : HazardKind::ReadAfterWrite, byte,
                              byte + 1);
                for (const auto& read : state.reads)
                    if (isWrite && !Any(m_reference.Follow(read, range.memory, byte).stages[queue] & StageOf(use)))
                        Widen(expected, HazardKind::WriteAfterRead, byte, byte + 1);
            }
        }
        // A segment is all or nothing, so the model answers to the byte.
        const auto conflicts = m_driver.Access(queue, uses, range);
        EXPECT_EQ(ExtentsOf(conflicts), expected);
        (expected.empty() ? m_clean : m_found) += 1;

        const size_t at = m_reference.steps.size();
        m_reference.steps.push_back({.kind = Step::Kind::Access, .queue = queue, .range = range, .uses = uses});
        for (uint64_t byte = range.begin; byte < range.end; ++byte)
        {
            Reference::Byte& state = m_reference.bytes[range.memory][byte];
            if (Any(WritesOf(uses)))
                state = {};
            for (uint32_t bit = 0; bit < 30; ++bit)
                if (const Use use = static_cast<Use>(1u << bit) & uses; use != Use::None)
                {
                    if (Any(WritesOf(use)))
                        state.writes.push_back({at, use});
                    else if (!Any(WritesOf(uses)))
                        state.reads.push_back({at, use});
                }
        }
    }
    void Barrier(uint32_t queue)
    {
        const ModelBarrier barrier = AnyBarrier();
        m_driver.model.Barrier(queue, barrier);
        m_reference.steps.push_back({.kind = Step::Kind::Barrier, .queue = queue, .barrier = barrier});
    }
    void Signal(uint32_t queue)
    {
        const TimelinePoint point = m_driver.Signal(queue);
        m_signals.push_back(m_reference.steps.size());
        m_reference.steps.push_back({.kind = Step::Kind::Signal, .queue = queue, .point = point});
    }
    void Wait(uint32_t queue)
    {
        if (m_signals.empty())
            return;
        const size_t signal = m_signals[m_random.Between(0, m_signals.size() - 1)];
        const Use use = AnySide();
        m_driver.Wait(queue, m_reference.steps[signal].point, use);
        if (!m_reference.steps[signal].hasPassed)
            m_reference.steps.push_back(
                {.kind = Step::Kind::Wait, .queue = queue, .other = signal, .target = WaitScope(ScopeOf(use).stages)});
    }
    void Event(uint32_t queue)
    {
        if (m_sets.empty() || m_random.Chance(1, 2))
        {
            const ModelBarrier barrier = AnyBarrier();
            m_driver.model.SetEvent(queue, m_reference.steps.size() + 1, {&barrier, 1});
            m_sets.push_back(m_reference.steps.size());
            m_reference.steps.push_back({.kind = Step::Kind::Set, .queue = queue, .barrier = barrier});
            return;
        }
        const size_t set = m_sets.back();
        m_sets.pop_back();
        const auto& half = m_reference.steps[set];
        const ModelBarrier barrier = half.barrier;
        const uint32_t home = half.queue;
        m_driver.model.WaitEvent(home, set + 1, {&barrier, 1});
        m_reference.steps.push_back({.kind = Step::Kind::WaitEvent, .queue = home, .barrier = barrier, .other = set});
    }
    // The CPU learns that a submission has passed, and with it the earlier ones of its queue.
    void Pass()
    {
        if (m_signals.empty())
            return;
        const TimelinePoint passed = m_reference.steps[m_signals[m_random.Between(0, m_signals.size() - 1)]].point;
        for (const size_t signal : m_signals)
            if (auto& step = m_reference.steps[signal];
                step.point.queue == passed.queue && step.point.value <= passed.value)
                step.hasPassed = true;
        m_driver.Retire(passed);
        for (uint64_t memory = 0; memory < kMemories; ++memory)
            for (uint64_t byte = 0; byte < kBytes; ++byte)
            {
                Reference::Byte& state = m_reference.bytes[memory][byte];
                const auto isGone = [&](const Reference::Touch& touch) {
                    return m_reference.HasPassed(touch, memory, byte);
                };
                std::erase_if(state.reads, isGone);
                std::erase_if(state.writes, isGone);
            }
    }
    void Host()
    {
        const MemoryRange range = AnyRange();
        for (const bool isWrite : {false, true})
        {
            Extents expected;
            for (uint64_t byte = range.begin; byte < range.end; ++byte)
            {
                const Reference::Byte& state = m_reference.bytes[range.memory][byte];
                if (!state.writes.empty() || (isWrite && !state.reads.empty()))
                    Widen(expected, isWrite ? HazardKind::HostWriteInFlight : HazardKind::HostReadInFlight, byte,
                          byte + 1);
            }
            EXPECT_EQ(ExtentsOf(m_driver.Host(isWrite, range)), expected);
        }
    }

    Random& m_random;
    ModelDriver m_driver;
    Reference m_reference;
    std::vector<size_t> m_signals;
    std::vector<size_t> m_sets;
    size_t m_found = 0;
    size_t m_clean = 0;
};

TEST(HazardModelRandom, AgreesWithTheWholeHistory)
{
    Random random(4711);
    SCOPED_TRACE(random.Trace());
    size_t found = 0;
    size_t clean = 0;
    for (uint32_t round = 0; round < 150 && !testing::Test::HasFailure(); ++round)
    {
        SCOPED_TRACE("round " + std::to_string(round));
        RandomRun run(random);
        for (uint32_t step = 0; step < 120 && !testing::Test::HasFailure(); ++step)
            run.Advance();
        found += run.Found();
        clean += run.Clean();
    }
    // Both answers are common, so both are tested.
    EXPECT_GT(found, 1000u);
    EXPECT_GT(clean, 1000u);
}
} // namespace
} // namespace sedx::test
