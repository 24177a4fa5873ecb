// Short writes by vkCmdUpdateBuffer: only where it may be, in order with the other ways, and in limits.
#include "support/gpu_test.h"

#include <algorithm>

namespace sedx::test
{
namespace
{
class InlineUpdateTest : public GpuLayoutTest
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

    struct Counts
    {
        uint64_t inlined = 0;
        uint64_t scattered = 0;
        uint64_t regions = 0;
        friend bool operator==(const Counts&, const Counts&) = default;
        friend void PrintTo(const Counts& counts, std::ostream* stream)
        {
            *stream << counts.inlined << " inlined, " << counts.scattered << " scattered, " << counts.regions
                    << " regions";
        }
    };
    // Makes a buffer in use, runs `write` and compares what has arrived.
    template <class F>
    Counts Run(BufferSystem& system, BufferUsage usage, F&& write)
    {
        const auto made = system.CreateBuffer(400'000, usage, MemoryType::GPU, "updated");
        EXPECT_TRUE(Ok(made));
        m_buffer = *made;
        m_shadow = Pattern(1, 400'000);
        EXPECT_TRUE(Ok(system.Uploads().Write(m_buffer, 0, m_shadow)));
        const auto sent = system.Uploads().Submit();
        EXPECT_TRUE(Ok(sent) && Ok(sent->Wait()));
        const Report before = system.GetReport();
        const auto frame = system.BeginFrame();
        EXPECT_TRUE(Ok(frame));
        frame->Resolve(m_buffer);
        write();
        EXPECT_TRUE(Ok(system.Uploads().Submit()));
        m_commands->Submit(m_commands->Begin(), *frame);
        EXPECT_TRUE(Ok(system.EndFrame(*frame)));
        const Report after = system.GetReport();
        EXPECT_TRUE(SameBytes(m_shadow, ReadBack(system, {m_buffer})));
        return {after.inlinedCopies - before.inlinedCopies, after.scatteredCopies - before.scatteredCopies,
                after.copyRegions - before.copyRegions};
    }
    void Write(BufferSystem& system, uint64_t offset, uint64_t bytes)
    {
        const Bytes fresh = Pattern(++m_seed, bytes);
        ASSERT_TRUE(Ok(system.Uploads().Write(m_buffer, offset, fresh)));
        std::ranges::copy(fresh, m_shadow.begin() + static_cast<ptrdiff_t>(offset));
    }

    std::optional<TestCommands> m_commands;
    Buffer m_buffer;
    Bytes m_shadow;
    uint64_t m_seed = 1;
};
INSTANTIATE_TEST_SUITE_P(Layouts, InlineUpdateTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

// Whole words of up to 64 KiB only; the rest goes by regions, not by the shader.
TEST_P(InlineUpdateTest, ForcedWhereItMayBe)
{
    auto system = MakeSystem({.transferPath = TransferPath::Inline});
    ASSERT_TRUE(system);
    const Counts counts = Run(*system, BufferUsage::Storage, [&] {
        Write(*system, 0, 4);
        Write(*system, 100, 64);
        Write(*system, 1000, 65'536);
        Write(*system, 70'001, 4);       // begins within a word
        Write(*system, 71'000, 7);       // ends within one
        Write(*system, 72'002, 2);       // both
        Write(*system, 100'000, 65'540); // too long
    });
    EXPECT_EQ(counts, (Counts{3, 0, 4}));
}

TEST_P(InlineUpdateTest, ForcedForManyAndWithoutAnAddress)
{
    auto system = MakeSystem({.transferPath = TransferPath::Inline});
    ASSERT_TRUE(system);
    const Counts counts = Run(*system, BufferUsage::Vertex, [&] {
        for (uint64_t i = 0; i < 3000; ++i)
            Write(*system, i * 128, 64);
    });
    EXPECT_EQ(counts, (Counts{3000, 0, 0}));
}

// Long ones beneath, short ones on top, shorter ones above those: layers with barriers between them.
TEST_P(InlineUpdateTest, InOrderWithRegions)
{
    auto system = MakeSystem({.transferPath = TransferPath::Inline});
    ASSERT_TRUE(system);
    const Counts counts = Run(*system, BufferUsage::Storage, [&] {
        Write(*system, 1, 300'001);
        for (uint64_t i = 0; i < 500; ++i)
            Write(*system, i * 404, 4 + 4 * (i % 50));
    });
    EXPECT_EQ(counts.inlined, 500u);
    EXPECT_GE(counts.regions, 1u);
}

// The profile decides: the shader from so many writes on, below that updates up to a length, else regions.
TEST_P(InlineUpdateTest, AutoFollowsTheProfile)
{
    const TransferProfile given{
        .scatterMaxBytes = 512, .scatterMinWrites = 16, .inlineMaxBytes = 256, .inlineMaxWrites = 40};
    auto system = MakeSystem({.profile = {.given = given}});
    ASSERT_TRUE(system);
    const auto writes = [&](uint64_t count, uint64_t bytes) {
        return [this, &system, count, bytes] {
            for (uint64_t i = 0; i < count; ++i)
                Write(*system, i * 1024, bytes);
        };
    };
    EXPECT_EQ(Run(*system, BufferUsage::Storage, writes(15, 256)), (Counts{15, 0, 0}));
    EXPECT_EQ(Run(*system, BufferUsage::Storage, writes(15, 260)), (Counts{0, 0, 15}));
    EXPECT_EQ(Run(*system, BufferUsage::Storage, writes(15, 255)), (Counts{0, 0, 15}));
    EXPECT_EQ(Run(*system, BufferUsage::Storage, writes(16, 256)), (Counts{0, 16, 0}));
    EXPECT_EQ(Run(*system, BufferUsage::Storage, writes(100, 516)), (Counts{0, 0, 100}));
    // All three in one batch: the shader takes the short ones, but for the long there are regions only.
    EXPECT_EQ(Run(*system, BufferUsage::Storage,
                  [&] {
                      writes(20, 64)();
                      Write(*system, 300'000, 4096);
                  }),
              (Counts{0, 20, 1}));
}

// What the shader cannot reach, as long as the command buffer does not become too large.
TEST_P(InlineUpdateTest, AutoWithoutAnAddress)
{
    const TransferProfile given{.inlineMaxBytes = 256, .inlineMaxWrites = 40};
    auto system = MakeSystem({.profile = {.given = given}, .sharing = BufferSharing::Own});
    ASSERT_TRUE(system);
    const auto writes = [&](uint64_t count) {
        return [this, &system, count] {
            for (uint64_t i = 0; i < count; ++i)
                Write(*system, i * 1024, 64);
        };
    };
    EXPECT_EQ(Run(*system, BufferUsage::Vertex, writes(40)), (Counts{40, 0, 0}));
    EXPECT_EQ(Run(*system, BufferUsage::Vertex, writes(41)), (Counts{0, 0, 41}));
}

// Updates beside the shader, in neighbouring words of one buffer.
TEST_P(InlineUpdateTest, BesideTheShader)
{
    const TransferProfile given{
        .scatterMaxBytes = 32, .scatterMinWrites = 1, .inlineMaxBytes = 256, .inlineMaxWrites = 1000};
    auto system = MakeSystem({.profile = {.given = given}});
    ASSERT_TRUE(system);
    const Counts counts = Run(*system, BufferUsage::Storage, [&] {
        for (uint64_t i = 0; i < 500; ++i)
        {
            Write(*system, i * 68 + 3, 29);      // up to the word in which the next one begins, written alone
            Write(*system, 200'000 + i * 64, 4); // and words for the others to lie between
        }
        for (uint64_t i = 0; i < 500; ++i)
            Write(*system, 100'000 + i * 68, 64);
    });
    EXPECT_EQ(counts, (Counts{500, 1000, 0}));
}

TEST_P(InlineUpdateTest, RecordedIntoTheEnginesCommands)
{
    auto system = MakeSystem({.submitMode = SubmitMode::Recorded, .transferPath = TransferPath::Inline});
    ASSERT_TRUE(system);
    const auto made = system->CreateBuffer(100'000, BufferUsage::Storage, MemoryType::GPU, "updated");
    ASSERT_TRUE(Ok(made));
    m_buffer = *made;
    m_shadow = Filled(0, 100'000);
    m_commands->RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
        frame.Resolve(m_buffer);
        ASSERT_TRUE(Ok(system->Uploads().Write(m_buffer, 0, m_shadow)));
        for (uint64_t i = 0; i < 300; ++i)
            Write(*system, i * 332, 4 * (1 + i % 25));
        ASSERT_TRUE(Ok(system->Uploads().CmdFlush(frame, cmd)));
    });
    EXPECT_EQ(system->GetReport().inlinedCopies, 300u);
    EXPECT_TRUE(SameBytes(m_shadow, ReadInFrame(*system, *m_commands, {m_buffer})));
}
} // namespace
} // namespace sedx::test
