// What the tests of staging memory share.
#pragma once

#include "support/gpu_test.h"
#include "support/test_clock.h"

#include <algorithm>
#include <tuple>

namespace sedx::test
{
// No two of these regions may read the same staging bytes while none of the copies has passed.
inline testing::AssertionResult SourcesAreApart(std::vector<CopyRecord> copies)
{
    std::erase_if(copies, [](const CopyRecord& copy) { return copy.source == VK_NULL_HANDLE; }); // read when recorded
    std::ranges::sort(copies, [](const CopyRecord& a, const CopyRecord& b) {
        return std::tie(a.source, a.sourceOffset) < std::tie(b.source, b.sourceOffset);
    });
    for (size_t i = 1; i < copies.size(); ++i)
    {
        const CopyRecord& before = copies[i - 1];
        const CopyRecord& after = copies[i];
        if (before.source == after.source && before.sourceOffset + before.bytes > after.sourceOffset)
        {
            return testing::AssertionFailure() << "staging " << before.sourceOffset << " + " << before.bytes << " and "
                                               << after.sourceOffset << " + " << after.bytes << " overlap";
        }
    }
    return testing::AssertionSuccess();
}

// Memory that can't be mapped: every write goes through staging.
class StagingTest : public GpuTest
{
  protected:
    static constexpr uint64_t kBlock = 64 << 10;
    static constexpr uint64_t kLimit = 4 * kBlock;
    static constexpr uint64_t kWarm = 2 * kBlock;

    MemoryLayout Layout() const override { return MemoryLayout::Discrete(); }

    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = MakeSystem({.framesInFlight = 4,
                               .stagingBlockBytes = kBlock,
                               .stagingLimitBytes = kLimit,
                               .warmStagingBytes = kWarm,
                               .warmMemoryNs = kWarmNs,
                               .clock = m_clock.Function()});
        ASSERT_TRUE(m_system);
    }
    void TearDown() override
    {
        m_system.reset();
        GpuTest::TearDown();
    }

    UploadQueue& Uploads() { return m_system->Uploads(); }
    Result<Buffer> Make(uint64_t bytes)
    {
        return m_system->CreateBuffer(bytes, BufferUsage::Storage, MemoryType::GPU, "destination");
    }
    uint64_t StagingBytes() { return m_system->GetReport().staging.bytes; }
    uint64_t StagingPeak() { return m_system->GetReport().staging.peakBytes; }

    // Everything has passed and was looked at; whatever may be given back has been.
    void Settle()
    {
        {
            TestCommands commands(TheDevice());
            for (int i = 0; i < 5; ++i)
            {
                commands.RunFrame(*m_system);
                commands.WaitIdle();
            }
        }
        for (int i = 0; i < 2; ++i) // seen idle, then idle for long enough
        {
            m_system->Poll();
            m_clock.Advance(kWarmNs);
        }
        m_system->Poll();
    }

    static constexpr uint64_t kWarmNs = 1'000'000;
    TestClock m_clock;
    std::unique_ptr<BufferSystem> m_system;
};
} // namespace sedx::test
