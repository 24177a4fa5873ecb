// CopyPlan: writes in call order become regions that may be copied in any order, with the same result.
#include "transfer/copy_plan.h"

#include "base/copy_workers.h"
#include "support/bytes.h"

#include <algorithm>
#include <iterator>

namespace sedx::test
{
namespace
{
std::vector<CopyLayer> LayersOf(CopyPlan plan)
{
    std::vector<CopyLayer> layers;
    layers.push_back(std::move(plan.first));
    std::ranges::move(plan.above, std::back_inserter(layers));
    return layers;
}

// Writes to a destination of bytes, carried out one after the other and as the plan says. Positions from `split` on lie
// `far` bytes further on in the destination; no write crosses it.
class Model
{
  public:
    explicit Model(size_t bytes, size_t split = ~size_t{0}, uint64_t far = 0)
        : m_split(split), m_far(far), m_expected(bytes), m_actual(bytes)
    {
    }

    // After all others so far.
    void Write(uint64_t position, uint64_t bytes) { Write(position, bytes, m_latest, false); }
    void Write(uint64_t position, uint64_t bytes, uint64_t stamp)
    {
        m_latest = std::max(m_latest, stamp);
        Write(position, bytes, stamp, true);
    }
    void Write(uint64_t position, uint64_t bytes, uint64_t stamp, bool isStampGiven)
    {
        // Every staged byte is different from its neighbours and never the same as another write's.
        const Bytes data = Pattern(m_staging.size(), bytes);
        const CopyOp op{.destination = position < m_split ? position : position + m_far,
                        .source = m_staging.size(),
                        .bytes = bytes};
        m_staging.insert(m_staging.end(), data.begin(), data.end());
        m_writes.push_back({position, op.source, bytes, stamp});
        if (isStampGiven)
            m_list.Append(op, stamp);
        else if (m_gap % 2 == 0)
            m_list.Append(op);
        else
            m_list.Append(std::vector<CopyOp>{op});
        m_gap += 1;
        m_staging.resize(m_staging.size() + (m_gap % 3)); // sources are not always contiguous
    }
    // Directly behind the last one on both sides.
    void Continue(uint64_t bytes, uint64_t stamp)
    {
        const Written& last = m_writes.back();
        m_staging.resize(last.source + last.bytes);
        Write(last.position + last.bytes, bytes, stamp);
    }

    // Carries the plan out in the worst order, and looks at its promises.
    void Check()
    {
        uint64_t written = 0;
        std::ranges::stable_sort(m_writes, {}, &Written::stamp);
        for (const Written& write : m_writes)
        {
            std::copy_n(At(m_staging, write.source), write.bytes, At(m_expected, write.position));
            written += write.bytes;
        }
        m_writes.clear();
        m_latest = 0;

        uint64_t superseded = 0;
        const std::vector<CopyLayer> plan = LayersOf(m_list.TakePlan(m_scratch, superseded, m_workers));
        EXPECT_TRUE(m_list.IsEmpty());
        uint64_t copied = 0;
        for (const CopyLayer& layer : plan)
        {
            std::vector<CopyOp> sorted(layer.begin(), layer.end());
            std::ranges::sort(sorted, {}, &CopyOp::destination);
            for (size_t i = 0; i < sorted.size(); ++i)
            {
                EXPECT_GT(sorted[i].bytes, 0u);
                if (i > 0)
                {
                    EXPECT_GE(sorted[i].destination, sorted[i - 1].destination + sorted[i - 1].bytes)
                        << "regions of one layer overlap";
                }
            }
            for (auto op = layer.rbegin(); op != layer.rend(); ++op)
            {
                copied += op->bytes;
                const uint64_t position = op->destination < m_split ? op->destination : op->destination - m_far;
                ASSERT_LE(position + op->bytes, m_actual.size());
                std::copy_n(At(m_staging, op->source), op->bytes, At(m_actual, position));
            }
        }
        EXPECT_TRUE(SameBytes(m_expected, m_actual));
        EXPECT_EQ(copied + superseded, written);
        m_layers = plan.size();
        m_regions = 0;
        for (const CopyLayer& layer : plan)
            m_regions += layer.size();
        m_superseded = superseded;
    }

    CopyWorkers* m_workers = nullptr;
    size_t m_layers = 0;
    size_t m_regions = 0;
    uint64_t m_superseded = 0;

  private:
    struct Written
    {
        uint64_t position = 0;
        uint64_t source = 0;
        uint64_t bytes = 0;
        uint64_t stamp = 0;
    };
    static Bytes::iterator At(Bytes& bytes, uint64_t index) { return bytes.begin() + static_cast<ptrdiff_t>(index); }

    uint64_t m_split;
    uint64_t m_far;
    uint64_t m_latest = 0; // stamp
    WriteList m_list;
    PlanScratch m_scratch;
    Bytes m_staging;
    Bytes m_expected;
    Bytes m_actual;
    std::vector<Written> m_writes;
    uint64_t m_gap = 0;
};

TEST(CopyPlan, NothingGivesNothing)
{
    WriteList writes;
    EXPECT_TRUE(writes.IsEmpty());
    uint64_t superseded = 0;
    PlanScratch scratch;
    const CopyPlan plan = writes.TakePlan(scratch, superseded);
    EXPECT_TRUE(plan.first.empty());
    EXPECT_TRUE(plan.above.empty());
    EXPECT_EQ(superseded, 0u);
}

TEST(CopyPlan, ContinuedWritesBecomeOneRegion)
{
    WriteList writes;
    for (uint64_t i = 0; i < 100; ++i)
        writes.Append({.destination = 1000 + i * 8, .source = i * 8, .bytes = 8});
    uint64_t superseded = 0;
    PlanScratch scratch;
    const auto plan = writes.TakePlan(scratch, superseded);
    EXPECT_TRUE(plan.above.empty());
    ASSERT_EQ(plan.first.size(), 1u);
    EXPECT_EQ(plan.first[0].destination, 1000u);
    EXPECT_EQ(plan.first[0].bytes, 800u);
}

TEST(CopyPlan, WritesThatContinueOneSideOnlyAreNotMerged)
{
    WriteList writes;
    writes.Append({.destination = 0, .source = 0, .bytes = 8});
    writes.Append({.destination = 8, .source = 16, .bytes = 8});  // a gap in the source
    writes.Append({.destination = 24, .source = 24, .bytes = 8}); // a gap in the destination
    uint64_t superseded = 0;
    PlanScratch scratch;
    const auto plan = writes.TakePlan(scratch, superseded);
    EXPECT_TRUE(plan.above.empty());
    EXPECT_EQ(plan.first.size(), 3u);
}

TEST(CopyPlan, SameRangeAgainSupersedes)
{
    Model model(100);
    for (int i = 0; i < 10; ++i)
        model.Write(20, 50);
    model.Check();
    EXPECT_EQ(model.m_superseded, 450u);
    EXPECT_EQ(model.m_regions, 1u);
}

TEST(CopyPlan, EveryWayToOverlap)
{
    // Two ranges in all relative positions.
    for (uint64_t begin = 0; begin < 12; ++begin)
    {
        for (uint64_t bytes = 1; bytes < 12; ++bytes)
        {
            Model model(30);
            model.Write(5, 6);
            model.Write(begin, bytes);
            model.Check();
        }
    }
}

TEST(CopyPlan, ManySmallWritesDoNotShredALongOne)
{
    Model model(1 << 20);
    model.Write(0, 1 << 20);
    for (uint64_t i = 0; i < 1000; ++i)
        model.Write(i * 1000 + 7, 4);
    model.Check();
    EXPECT_LE(model.m_regions, 2100u);
}

TEST(CopyPlan, RandomWritesGiveTheSameBytes)
{
    Random random(0xC0FFEEull);
    SCOPED_TRACE(random.Trace());
    for (int run = 0; run < 300; ++run)
    {
        const uint64_t size = random.Between(1, 2000);
        Model model(size);
        for (int round = 0; round < 3; ++round)
        {
            for (uint64_t writes = random.Between(0, 60); writes > 0; --writes)
            {
                const uint64_t destination = random.Between(0, size - 1);
                const uint64_t most = random.Chance(1, 5) ? size : 20;
                model.Write(destination, std::min(random.Between(1, most), size - destination));
            }
            model.Check();
            if (testing::Test::HasFailure())
                FAIL() << "run " << run;
        }
    }
}

// Enough of them for the radix sort, in buffers of which one is dense and one is nearly empty.
TEST(CopyPlan, ManyRandomWritesGiveTheSameBytes)
{
    Random random(0xF00Dull);
    SCOPED_TRACE(random.Trace());
    for (const uint64_t size : {uint64_t{30'000}, uint64_t{4} << 20})
    {
        for (const size_t count : {size_t{255}, size_t{256}, size_t{4095}, size_t{4096}, size_t{6000}})
        {
            const uint64_t step = random.Chance(1, 2) ? 1 : 4;
            Model model(size);
            for (size_t i = 0; i < count; ++i)
            {
                const uint64_t position = random.Between(0, (size - 1) / step) * step;
                const uint64_t most = random.Chance(1, 50) ? 3000 : 64;
                model.Write(position, std::min(random.Between(1, most), size - position));
            }
            model.Check();
            if (testing::Test::HasFailure())
                FAIL() << count << " writes to " << size << " bytes";
        }
    }
}

TEST(CopyPlan, ManyWritesToOnePlaceLeaveOne)
{
    Model model(64);
    for (int i = 0; i < 1000; ++i)
        model.Write(16, 8);
    model.Check();
    EXPECT_EQ(model.m_regions, 1u);
    EXPECT_EQ(model.m_superseded, 999u * 8);
}

// Bits of the destination and the number of the write do not fit one word together.
TEST(CopyPlan, DestinationsOfAllBits)
{
    Random random(0xB175ull);
    SCOPED_TRACE(random.Trace());
    constexpr uint64_t kHalf = 3000;
    for (int run = 0; run < 40; ++run)
    {
        Model model(2 * kHalf, kHalf, uint64_t{1} << 63);
        for (uint64_t writes = random.Between(2, run % 4 == 0 ? 5000 : 100); writes > 0; --writes)
        {
            const uint64_t within = random.Between(0, kHalf - 1);
            const uint64_t bytes = std::min(random.Between(1, 30), kHalf - within);
            model.Write(within + (random.Chance(1, 2) ? kHalf : 0), bytes, run % 2 == 0 ? 0 : random.Between(1, 9));
        }
        model.Check();
        if (testing::Test::HasFailure())
            FAIL() << "run " << run;
    }
}

TEST(CopyPlan, StampsDecideWhereWritesOverlap)
{
    for (const uint64_t second : {uint64_t{0}, uint64_t{1}, uint64_t{2}, uint64_t{3}})
    {
        for (uint64_t begin = 0; begin < 12; ++begin)
        {
            for (uint64_t bytes = 1; bytes < 12; ++bytes)
            {
                Model model(30);
                model.Write(5, 6, 2);
                model.Write(begin, bytes, second);
                model.Check();
            }
        }
    }
}

TEST(CopyPlan, RandomStampsGiveTheSameBytes)
{
    Random random(0x57A3Bull);
    SCOPED_TRACE(random.Trace());
    for (int run = 0; run < 300; ++run)
    {
        // Several threads, each with ascending stamps; equal ones, and writes without any in between.
        const uint64_t size = random.Between(1, 3000);
        const uint64_t threads = random.Between(1, 4);
        Model model(size);
        for (int round = 0; round < 2; ++round)
        {
            for (uint64_t thread = 0; thread < threads; ++thread)
            {
                uint64_t stamp = random.Between(0, 20);
                for (uint64_t writes = random.Between(0, 60); writes > 0; --writes)
                {
                    stamp += random.Between(0, 3);
                    const uint64_t position = random.Between(0, size - 1);
                    const uint64_t most = random.Chance(1, 5) ? size : 20;
                    model.Write(position, std::min(random.Between(1, most), size - position), stamp);
                }
            }
            model.Check();
            if (testing::Test::HasFailure())
                FAIL() << "run " << run;
        }
    }
}

TEST(CopyPlan, LongWritesRespectStamps)
{
    constexpr uint64_t kLong = 100'000;
    Random random(0x10A6ull);
    SCOPED_TRACE(random.Trace());
    for (int run = 0; run < 30; ++run)
    {
        Model model(3 * kLong);
        for (int thread = 0; thread < 3; ++thread)
        {
            uint64_t stamp = 0;
            for (int i = 0; i < 20; ++i)
            {
                stamp += random.Between(1, 4);
                const uint64_t bytes = random.Chance(1, 6) ? kLong : random.Between(1, 50);
                model.Write(random.Between(0, 3 * kLong - bytes), bytes, stamp);
            }
        }
        model.Check();
        if (testing::Test::HasFailure())
            FAIL() << "run " << run;
    }
}

TEST(CopyPlan, StampedWritesMergeWhereNothingComesBetween)
{
    // In call order.
    Model model(4000);
    model.Write(100, 8, 1);
    for (uint64_t stamp = 2; stamp <= 100; ++stamp)
        model.Continue(8, stamp);
    model.Check();
    EXPECT_EQ(model.m_regions, 1u);
    // Another thread wrote somewhere else meanwhile.
    model.Write(100, 8, 1);
    for (uint64_t stamp = 3; stamp <= 201; stamp += 2)
        model.Continue(8, stamp);
    model.Write(50, 8, 2);
    model.Check();
    EXPECT_EQ(model.m_regions, 2u);
    // It overwrote the middle while they were being written.
    model.Write(100, 400, 1);
    model.Continue(400, 4);
    model.Write(300, 8, 3);
    model.Write(600, 8, 3);
    model.Check();
    EXPECT_EQ(model.m_superseded, 16u);
}

TEST(CopyPlan, EqualStampsKeepTheOrderOfTheList)
{
    Model model(100);
    model.Write(10, 20, 7);
    model.Write(20, 20, 7);
    model.Write(0, 15, 7);
    model.Check();
    EXPECT_EQ(model.m_superseded, 15u);
}

TEST(CopyPlan, WhatHasNoStampOfItsOwnComesAfterTheList)
{
    Block* const block = nullptr;
    WriteList writes;
    writes.Append({0, 0, 16, block}, 9);
    writes.Append({8, 100, 16, block});                      // after it
    writes.Append({4, 200, 8, block}, 5);                    // before both
    writes.Append(std::vector<CopyOp>{{20, 300, 8, block}}); // after all
    PlanScratch scratch;
    uint64_t superseded = 0;
    std::vector<uint64_t> sources(28);
    for (const CopyLayer& layer : LayersOf(writes.TakePlan(scratch, superseded)))
        for (const CopyOp& op : layer)
            for (uint64_t i = 0; i < op.bytes; ++i)
                sources[op.destination + i] = op.source + i;
    for (uint64_t i = 0; i < sources.size(); ++i)
        EXPECT_EQ(i < 8 ? i : i < 20 ? 92 + i : 280 + i, sources[i]) << i;
}

// Enough for several threads: spread evenly, all in a few places, in one chain that no border can avoid, and with stamps.
TEST(CopyPlan, SeveralThreadsGiveTheSameBytes)
{
    Random random(0x7EADull);
    SCOPED_TRACE(random.Trace());
    constexpr size_t kWrites = 40'000;
    for (const uint32_t threads : {2u, 3u})
    {
        CopyWorkers workers(threads);
        for (const uint64_t size : {uint64_t{2} << 20, uint64_t{100'000}, uint64_t{200}})
        {
            for (const bool isStamped : {false, true})
            {
                Model model(size, size / 2, uint64_t{1} << (isStamped ? 30 : 63));
                model.m_workers = &workers;
                for (int round = 0; round < 2; ++round)
                {
                    for (size_t i = 0; i < kWrites; ++i)
                    {
                        const uint64_t half = random.Chance(1, 2) ? size / 2 : 0;
                        const uint64_t within = random.Between(0, size / 2 - 1);
                        const uint64_t bytes = std::min(random.Between(1, 32), size / 2 - within);
                        model.Write(half + within, bytes, isStamped ? 1 + i % 1000 : 0);
                    }
                    model.Check();
                }
                if (testing::Test::HasFailure())
                    FAIL() << threads << " threads, " << size << " bytes";
            }
        }
    }
}

TEST(CopyPlan, SeveralThreadsAndEqualWrites)
{
    CopyWorkers workers(4);
    Model model(64);
    model.m_workers = &workers;
    for (int i = 0; i < 50'000; ++i)
        model.Write(16, 4);
    model.Check();
    EXPECT_EQ(model.m_regions, 1u);
}

TEST(CopyPlan, OffsetsAre64Bit)
{
    WriteList writes;
    const uint64_t far = uint64_t{1} << 40;
    writes.Append({.destination = far, .source = 0, .bytes = 8});
    writes.Append({.destination = 0, .source = 8, .bytes = 8});
    writes.Append({.destination = far + 4, .source = 16, .bytes = 8});
    uint64_t superseded = 0;
    PlanScratch scratch;
    uint64_t bytes = 0;
    for (const CopyLayer& layer : LayersOf(writes.TakePlan(scratch, superseded)))
    {
        for (const CopyOp& op : layer)
        {
            bytes += op.bytes;
            EXPECT_TRUE(op.destination == 0 || op.destination >= far);
        }
    }
    EXPECT_EQ(bytes + superseded, 24u);
}
} // namespace
} // namespace sedx::test
