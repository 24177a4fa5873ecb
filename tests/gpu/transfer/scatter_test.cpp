// Short writes by the scatter shader: exact bytes at any alignment and length, on queues and buffers that allow it.
#include "support/gpu_test.h"

#include <algorithm>

namespace sedx::test
{
namespace
{
class ScatterTest : public GpuLayoutTest
{
  protected:
    void SetUp() override
    {
        GpuTest::SetUp();
        m_commands.emplace(TheDevice());
    }
    void TearDown() override
    {
        m_commands.reset();
        GpuTest::TearDown();
    }

    // A buffer that counts as in flight, so that its bytes go by the GPU, and what it holds.
    struct Target
    {
        Buffer buffer;
        Bytes shadow;
    };
    Target Make(BufferSystem& system, uint64_t bytes, BufferUsage usage = BufferUsage::Storage)
    {
        auto made = system.CreateBuffer(bytes, usage, MemoryType::GPU, "scattered to");
        EXPECT_TRUE(Ok(made));
        Target target{made ? *made : Buffer{}, Pattern(bytes, bytes)};
        EXPECT_TRUE(Ok(system.Uploads().Write(target.buffer, 0, target.shadow)));
        const auto sent = system.Uploads().Submit();
        EXPECT_TRUE(Ok(sent) && Ok(sent->Wait()));
        return target;
    }
    void Write(BufferSystem& system, Target& target, uint64_t offset, uint64_t bytes)
    {
        const Bytes fresh = Pattern(++m_seed, bytes);
        ASSERT_TRUE(Ok(system.Uploads().Write(target.buffer, offset, fresh)));
        std::ranges::copy(fresh, target.shadow.begin() + static_cast<ptrdiff_t>(offset));
    }
    // Runs `write` in a frame that uses the buffer. Returns how many copies were scattered, and how many were regions.
    struct Counts
    {
        uint64_t scattered = 0;
        uint64_t regions = 0;
    };
    template <class F>
    Counts InFrame(BufferSystem& system, const Buffer& buffer, F&& write)
    {
        const Report before = system.GetReport();
        const auto frame = system.BeginFrame();
        EXPECT_TRUE(Ok(frame));
        frame->Resolve(buffer);
        write();
        EXPECT_TRUE(Ok(system.Uploads().Submit()));
        m_commands->Submit(m_commands->Begin(), *frame);
        EXPECT_TRUE(Ok(system.EndFrame(*frame)));
        const Report after = system.GetReport();
        return {after.scatteredCopies - before.scatteredCopies, after.copyRegions - before.copyRegions};
    }

    std::optional<TestCommands> m_commands;
    uint64_t m_seed = 0;
};
INSTANTIATE_TEST_SUITE_P(Layouts, ScatterTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

// Each alignment of destination and source modulo 16 against lengths around words, quads and groups of them.
// Peers' mistake: staging counts as read when an earlier submission has passed. Nothing here passes before the end.
TEST_P(ScatterTest, StagingIsKeptUntilItHasPassed)
{
    constexpr uint64_t kRounds = 30;
    constexpr uint64_t kWrites = 20;
    auto system = MakeSystem({.framesInFlight = 4,
                              .stagingBlockBytes = 4096,
                              .stagingLimitBytes = 1 << 20,
                              .transferPath = TransferPath::Scatter});
    ASSERT_TRUE(system);
    Target target = Make(*system, kRounds * kWrites * 100);
    const Report before = system->GetReport();
    Gate gate(TheDevice());
    m_commands->UseInFrame(*system, target.buffer, gate.Waits());
    NewWaits();
    for (uint64_t round = 0; round < kRounds; ++round)
    {
        for (uint64_t i = 0; i < kWrites; ++i)
            Write(*system, target, (round * kWrites + i) * 100, 8);
        ASSERT_TRUE(Ok(system->Uploads().Submit()));
        system->Poll();
    }
    EXPECT_EQ(0u, NewWaits());
    gate.Open();
    EXPECT_TRUE(SameBytes(target.shadow, ReadBack(*system, target.buffer)));
    EXPECT_EQ(kRounds * kWrites, system->GetReport().scatteredCopies - before.scatteredCopies);
}

TEST_P(ScatterTest, AnyAlignmentAndLength)
{
    auto system = MakeSystem({.transferPath = TransferPath::Scatter});
    ASSERT_TRUE(system);
    Target target = Make(*system, 400'000);
    uint64_t count = 0;
    const Counts counts = InFrame(*system, target.buffer, [&] {
        uint64_t offset = 3;
        for (const uint64_t length : {1u,  2u,  3u,  4u,  5u,   7u,   8u,   15u,   16u,   17u,  31u,
                                      33u, 63u, 64u, 65u, 127u, 255u, 257u, 1023u, 1025u, 4095u})
            for (uint64_t shift = 0; shift < 17; ++shift)
            {
                Write(*system, target, offset + shift, length);
                offset += length + shift + 1 + count % 3; // a gap of one byte or more: nothing merges
                ++count;
            }
        ASSERT_LT(offset, 400'000u);
    });
    EXPECT_EQ(counts.scattered, count);
    EXPECT_EQ(counts.regions, 0u);
    EXPECT_TRUE(SameBytes(target.shadow, ReadBack(*system, {target.buffer})));
}

// Neighbours in one word, written by different invocations.
TEST_P(ScatterTest, NeighboursWithinAWord)
{
    auto system = MakeSystem({.transferPath = TransferPath::Scatter});
    ASSERT_TRUE(system);
    Target target = Make(*system, 40'000);
    const Counts counts = InFrame(*system, target.buffer, [&] {
        for (uint64_t offset = 0; offset < 40'000; offset += 2) // every other byte of every word
            Write(*system, target, offset, 1);
        for (uint64_t offset = 1; offset < 40'000; offset += 2)
            Write(*system, target, offset, 1);
    });
    EXPECT_EQ(counts.scattered, 40'000u);
    EXPECT_TRUE(SameBytes(target.shadow, ReadBack(*system, {target.buffer})));
}

TEST_P(ScatterTest, LaterWritesWin)
{
    auto system = MakeSystem({.transferPath = TransferPath::Scatter});
    ASSERT_TRUE(system);
    Target target = Make(*system, 10'000);
    Random random(5);
    InFrame(*system, target.buffer, [&] {
        for (int i = 0; i < 3000; ++i) // about six writes to each byte
        {
            const uint64_t offset = random.Between(0, 9'999);
            Write(*system, target, offset, std::min<uint64_t>(random.Between(1, 40), 10'000 - offset));
        }
    });
    EXPECT_GT(system->GetReport().supersededBytes, 0u);
    EXPECT_TRUE(SameBytes(target.shadow, ReadBack(*system, {target.buffer})));
}

// Enough writes for several threads, to one buffer or to many; those that the shader may not have go by regions.
TEST_P(ScatterTest, SeveralThreadsPlanAndFillTheTable)
{
    const TransferProfile given{.scatterMaxBytes = 32, .scatterMinWrites = 16, .inlineMaxBytes = 0, .copyThreads = 3};
    auto system = MakeSystem({.profile = {.given = given}});
    ASSERT_TRUE(system);
    Random random(6);
    SCOPED_TRACE(random.Trace());
    for (const size_t buffers : {1u, 100u})
    {
        const uint64_t size = 200'000 / buffers;
        std::vector<Target> targets;
        for (size_t i = 0; i < buffers; ++i)
            targets.push_back(Make(*system, size));
        for (const uint64_t most : {32u, 33u}) // the second time a few are too long
        {
            const Report before = system->GetReport();
            const auto frame = system->BeginFrame();
            ASSERT_TRUE(Ok(frame));
            for (const Target& target : targets)
                frame->Resolve(target.buffer);
            for (int i = 0; i < 30'000; ++i)
            {
                const uint64_t offset = random.Between(0, size - most);
                Write(*system, targets[random.Between(0, buffers - 1)], offset, random.Between(1, most));
            }
            ASSERT_TRUE(Ok(system->Uploads().Submit()));
            m_commands->Submit(m_commands->Begin(), *frame);
            ASSERT_TRUE(Ok(system->EndFrame(*frame)));
            const Report after = system->GetReport();
            EXPECT_GT(after.scatteredCopies, before.scatteredCopies + 10'000);
            EXPECT_EQ(after.copyRegions != before.copyRegions, most > 32);
            for (const Target& target : targets)
                ASSERT_TRUE(SameBytes(target.shadow, ReadBack(*system, {target.buffer}))) << buffers << " buffers";
        }
    }
}

// A long write beneath, short ones on top, in one submission: both ways, with a barrier between them.
TEST_P(ScatterTest, ShortOnesOnTopOfALongOne)
{
    auto system = MakeSystem({.transferPath = TransferPath::Scatter});
    ASSERT_TRUE(system);
    Target target = Make(*system, 300'000);
    const Counts counts = InFrame(*system, target.buffer, [&] {
        Write(*system, target, 1, 200'001);
        for (uint64_t i = 0; i < 500; ++i)
            Write(*system, target, i * 401, 3 + i % 50);
    });
    EXPECT_EQ(counts.scattered, 500u);
    EXPECT_GE(counts.regions, 1u);
    EXPECT_TRUE(SameBytes(target.shadow, ReadBack(*system, {target.buffer})));
}

// A few writes are not worth a dispatch; many are.
TEST_P(ScatterTest, AutoDecidesByNumberAndLength)
{
    const TransferProfile given{.scatterMaxBytes = 512, .scatterMinWrites = 16, .inlineMaxBytes = 0};
    auto system = MakeSystem({.profile = {.given = given}});
    ASSERT_TRUE(system);
    Target target = Make(*system, 1'000'000);
    const Counts few = InFrame(*system, target.buffer, [&] {
        for (uint64_t i = 0; i < 4; ++i)
            Write(*system, target, i * 1000, 64);
    });
    EXPECT_EQ(few.scattered, 0u);
    EXPECT_EQ(few.regions, 4u);
    const Counts many = InFrame(*system, target.buffer, [&] {
        for (uint64_t i = 0; i < 900; ++i)
            Write(*system, target, i * 1000, 64);
    });
    EXPECT_EQ(many.scattered, 900u);
    EXPECT_EQ(many.regions, 0u);
    const Counts longer = InFrame(*system, target.buffer, [&] {
        for (uint64_t i = 0; i < 900; ++i)
            Write(*system, target, i * 1000, 508 + i % 8); // three of eight above the limit
    });
    EXPECT_EQ(longer.scattered + longer.regions, 900u);
    EXPECT_GT(longer.regions, 300u);
    EXPECT_GT(longer.scattered, 300u);
    EXPECT_TRUE(SameBytes(target.shadow, ReadBack(*system, {target.buffer})));
}

TEST_P(ScatterTest, AProfileCanSwitchTheShaderOff)
{
    const TransferProfile given{.scatterMaxBytes = 0};
    auto system = MakeSystem({.profile = {.given = given}});
    ASSERT_TRUE(system);
    Target target = Make(*system, 10'000);
    const Counts counts = InFrame(*system, target.buffer, [&] {
        for (uint64_t i = 0; i < 100; ++i)
            Write(*system, target, i * 100, 64);
    });
    EXPECT_EQ(counts.scattered, 0u);
    EXPECT_EQ(counts.regions, 100u);
    EXPECT_TRUE(SameBytes(target.shadow, ReadBack(*system, {target.buffer})));
}

// Without an address there is nothing a shader could write to.
TEST_P(ScatterTest, BuffersWithoutAnAddressGoByRegions)
{
    auto system = MakeSystem({.transferPath = TransferPath::Scatter, .sharing = BufferSharing::Own});
    ASSERT_TRUE(system);
    Target target = Make(*system, 10'000, BufferUsage::Vertex);
    const Counts counts = InFrame(*system, target.buffer, [&] {
        for (uint64_t i = 0; i < 100; ++i)
            Write(*system, target, i * 100, 64);
    });
    EXPECT_EQ(counts.scattered, 0u);
    EXPECT_EQ(counts.regions, 100u);
    EXPECT_TRUE(SameBytes(target.shadow, ReadBack(*system, {target.buffer})));
}

TEST_P(ScatterTest, RecordedIntoTheEnginesCommands)
{
    auto system = MakeSystem({.submitMode = SubmitMode::Recorded, .transferPath = TransferPath::Scatter});
    ASSERT_TRUE(system);
    const auto made = system->CreateBuffer(100'000, BufferUsage::Storage, MemoryType::GPU, "scattered to");
    ASSERT_TRUE(Ok(made));
    Target target{*made, Filled(0, 100'000)};
    m_commands->RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
        frame.Resolve(target.buffer);
        ASSERT_TRUE(Ok(system->Uploads().Write(target.buffer, 0, target.shadow)));
        for (uint64_t i = 0; i < 300; ++i)
            Write(*system, target, i * 331, 1 + i % 99);
        ASSERT_TRUE(Ok(system->Uploads().CmdFlush(frame, cmd)));
    });
    EXPECT_EQ(system->GetReport().scatteredCopies, 300u);
    EXPECT_TRUE(SameBytes(target.shadow, ReadInFrame(*system, *m_commands, {target.buffer})));
}

// A table that does not fit the staging limit: copy regions do the work.
TEST_P(ScatterTest, WithoutRoomForTheTableRegionsDoTheWork)
{
    auto system = MakeSystem({.stagingBlockBytes = 4096,
                              .stagingLimitBytes = 4096,
                              .warmStagingBytes = 4096,
                              .transferPath = TransferPath::Scatter});
    ASSERT_TRUE(system);
    Target target = Make(*system, 100'000);
    const Counts counts = InFrame(*system, target.buffer, [&] {
        for (uint64_t i = 0; i < 500; ++i) // 4,000 bytes of staging; the table would have 10,000
            Write(*system, target, i * 100, 8);
    });
    EXPECT_EQ(counts.scattered, 0u);
    EXPECT_EQ(counts.regions, 500u);
    EXPECT_TRUE(SameBytes(target.shadow, ReadBack(*system, {target.buffer})));
}
} // namespace
} // namespace sedx::test
