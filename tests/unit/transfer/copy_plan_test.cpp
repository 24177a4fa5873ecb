// CopyPlan: writes in call order become regions that may be copied in any order, with the same result.
#include "transfer/copy_plan.h"

#include "support/bytes.h"

#include <algorithm>

namespace sedx::test
{
namespace
{
// Writes to a destination of bytes, carried out one after the other and as the plan says.
class Model
{
  public:
    explicit Model(size_t bytes) : m_expected(bytes), m_actual(bytes) {}

    void Write(uint64_t destination, uint64_t bytes)
    {
        // Every staged byte is different from its neighbours and never the same as another write's.
        const Bytes data = Pattern(m_staging.size(), bytes);
        const CopyOp op{.destination = destination, .source = m_staging.size(), .bytes = bytes};
        m_staging.insert(m_staging.end(), data.begin(), data.end());
        std::ranges::copy(data, m_expected.begin() + static_cast<ptrdiff_t>(destination));
        if (m_gap % 2 == 0)
            m_writes.Append(op);
        else
            m_writes.Append(std::vector<CopyOp>{op});
        m_written += bytes;
        m_gap += 1;
        m_staging.resize(m_staging.size() + (m_gap % 3)); // sources are not always contiguous
    }

    // Carries the plan out in the worst order, and looks at its promises.
    void Check()
    {
        uint64_t superseded = 0;
        PlanScratch scratch;
        const std::vector<CopyLayer> plan = m_writes.TakePlan(scratch, superseded);
        EXPECT_TRUE(m_writes.IsEmpty());
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
                std::copy_n(m_staging.begin() + static_cast<ptrdiff_t>(op->source), op->bytes,
                            m_actual.begin() + static_cast<ptrdiff_t>(op->destination));
            }
        }
        EXPECT_TRUE(SameBytes(m_expected, m_actual));
        EXPECT_EQ(copied + superseded, m_written);
        m_layers = plan.size();
        m_regions = 0;
        for (const CopyLayer& layer : plan)
            m_regions += layer.size();
        m_superseded = superseded;
        m_written = 0;
    }

    size_t m_layers = 0;
    size_t m_regions = 0;
    uint64_t m_superseded = 0;

  private:
    WriteList m_writes;
    Bytes m_staging;
    Bytes m_expected;
    Bytes m_actual;
    uint64_t m_written = 0;
    uint64_t m_gap = 0;
};

TEST(CopyPlan, NothingGivesNothing)
{
    WriteList writes;
    EXPECT_TRUE(writes.IsEmpty());
    uint64_t superseded = 0;
    PlanScratch scratch;
    for (const CopyLayer& layer : writes.TakePlan(scratch, superseded))
        EXPECT_TRUE(layer.empty());
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
    ASSERT_EQ(plan.size(), 1u);
    ASSERT_EQ(plan[0].size(), 1u);
    EXPECT_EQ(plan[0][0].destination, 1000u);
    EXPECT_EQ(plan[0][0].bytes, 800u);
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
    ASSERT_EQ(plan.size(), 1u);
    EXPECT_EQ(plan[0].size(), 3u);
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
    for (const CopyLayer& layer : writes.TakePlan(scratch, superseded))
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
