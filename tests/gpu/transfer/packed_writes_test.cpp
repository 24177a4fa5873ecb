// Many short writes of one WriteMany: packed by several threads, or not, and the same bytes either way.
#include "upload_test.h"

#include <algorithm>

namespace sedx::test
{
namespace
{
constexpr uint64_t kMany = 6000; // more than are packed at least
constexpr uint64_t kBytes = 1 << 20;

// Copied by four threads, however many cores there are.
class PackedWritesTest : public UploadTest
{
  protected:
    void SetUp() override
    {
        UploadTest::SetUp();
        Restart(8 << 20, 64 << 20);
    }
    void Restart(uint64_t blockBytes, uint64_t limitBytes)
    {
        m_buffer = {};
        m_commands.reset();
        m_system = MakeSystem({.stagingBlockBytes = blockBytes,
                               .stagingLimitBytes = limitBytes,
                               .transferPath = TransferPath::Regions,
                               .profile = {.given = TransferProfile{.copyThreads = 4}}});
        ASSERT_TRUE(m_system);
        m_commands.emplace(TheDevice());
        m_shadow = Filled(0, kBytes);
        SEDX_REQUIRE(m_buffer, Make(kBytes));
        SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, m_shadow));
        ASSERT_TRUE(Ok(ticket.Wait()));
        m_system->Poll();
    }
    void TearDown() override
    {
        m_buffer = {};
        UploadTest::TearDown();
    }
    // The write, and in the shadow what it does.
    BufferWrite Put(uint64_t offset, uint64_t from, uint64_t bytes)
    {
        const std::span source = std::span<const std::byte>(m_source).subspan(from, bytes);
        std::ranges::copy(source, m_shadow.begin() + static_cast<ptrdiff_t>(offset));
        return {m_buffer, offset, source};
    }
    std::vector<BufferWrite> Scattered(uint64_t count)
    {
        std::vector<BufferWrite> writes;
        for (uint64_t i = 0; i < count; ++i)
            writes.push_back(Put(i * 37 % (kBytes - 200'000), 5 * i, 1 + i % 23)); // some overlap
        return writes;
    }
    void ExpectAll() { EXPECT_TRUE(SameBytes(m_shadow, ReadBack(*m_system, m_buffer))); }

    const Bytes m_source = Pattern(3, 400'000);
    Buffer m_buffer;
    Bytes m_shadow;
};
INSTANTIATE_TEST_SUITE_P(Layouts, PackedWritesTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

TEST_P(PackedWritesTest, ArriveInOrderWithEmptyOnesBetween)
{
    std::vector<BufferWrite> writes = Scattered(kMany);
    for (uint64_t i = 0; i < kMany; i += 50)
        writes[i].bytes = {};
    // The shadow again, without those.
    m_shadow = Filled(0, kBytes);
    for (const BufferWrite& write : writes)
        std::ranges::copy(write.bytes, m_shadow.begin() + static_cast<ptrdiff_t>(write.offset));
    WhileInFlight(m_buffer, [&] { EXPECT_TRUE(Ok(Uploads().WriteMany(writes))); });
    ExpectAll();
}

TEST_P(PackedWritesTest, NothingButEmptyOnesIsComplete)
{
    const std::vector<BufferWrite> writes(kMany, BufferWrite{m_buffer, 5, {}});
    const uint64_t before = m_system->GetReport().writes;
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().WriteMany(writes));
    EXPECT_TRUE(ticket.Ready());
    EXPECT_EQ(before, m_system->GetReport().writes);
}

// What continues from one part to the next is one copy all the same.
TEST_P(PackedWritesTest, NeighboursBecomeOneCopy)
{
    std::vector<BufferWrite> writes;
    for (uint64_t i = 0; i < kMany; ++i)
        writes.push_back(Put(1000 + 8 * i, 8 * i, 8));
    const uint64_t before = m_system->GetReport().copyRegions;
    WhileInFlight(m_buffer, [&] { EXPECT_TRUE(Ok(Uploads().WriteMany(writes))); });
    EXPECT_EQ(m_system->GetReport().copyRegions - before, 1u);
    ExpectAll();
}

TEST_P(PackedWritesTest, ALongOneAmongThemGoesTheGeneralWay)
{
    std::vector<BufferWrite> writes = Scattered(kMany);
    writes.push_back(Put(kBytes - 150'000, 100, 150'000));
    writes.push_back(Put(kBytes - 100'000, 7, 9));
    WhileInFlight(m_buffer, [&] { EXPECT_TRUE(Ok(Uploads().WriteMany(writes))); });
    ExpectAll();
}

TEST_P(PackedWritesTest, ABadOneFailsAndThoseBeforeItStand)
{
    std::vector<BufferWrite> writes = Scattered(kMany);
    const Bytes last = Pattern(9, 8);
    writes.push_back({m_buffer, kBytes - 4, last});
    writes.push_back({m_buffer, 0, last});
    WhileInFlight(m_buffer,
                  [&] { EXPECT_TRUE(FailsWith(Uploads().WriteMany(writes), ErrorCode::OutOfRange, "destination")); });
    ExpectAll();
}

TEST_P(PackedWritesTest, SeveralBuffersInOneCall)
{
    SEDX_REQUIRE(const Buffer other, Make(64));
    const Bytes bytes = Pattern(8, 64);
    std::vector<BufferWrite> writes = Scattered(kMany);
    writes.push_back({other, 0, bytes});
    writes.push_back(Put(3, 50, 8));
    WhileInFlight(m_buffer, [&] { EXPECT_TRUE(Ok(Uploads().WriteMany(writes))); });
    ExpectAll();
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, other)));
}

// One byte each takes four of staging: what is counted and asked for are the bytes of the writes.
TEST_P(PackedWritesTest, WithoutStagingThePartsThatFitStandAndAreCounted)
{
    constexpr uint64_t kBlock = 64 << 10;
    constexpr uint64_t kOnes = 40'000; // 160,000 bytes of staging
    ASSERT_NO_FATAL_FAILURE(Restart(kBlock, kBlock));
    std::vector<BufferWrite> writes;
    for (uint64_t i = 0; i < kOnes; ++i)
        writes.push_back({m_buffer, 2 * i, std::span<const std::byte>(m_source).subspan(i, 1)});
    const uint64_t before = m_system->GetReport().uploadedBytes;
    WhileInFlight(m_buffer, [&] {
        uint64_t missing = 0;
        const auto written = Uploads().WriteMany(writes, {.onOutOfStaging = [&](uint64_t bytes) {
                                                     missing = bytes;
                                                     return OutOfStaging::Fail;
                                                 }});
        EXPECT_TRUE(FailsWith(written, ErrorCode::OutOfStaging));
        const uint64_t counted = m_system->GetReport().uploadedBytes - before;
        EXPECT_EQ(counted + missing, kOnes);
        EXPECT_GT(counted, 0u);
        EXPECT_LE(counted, kBlock / 4);
        for (uint64_t i = 0; i < counted; ++i)
            m_shadow[2 * i] = m_source[i];
    });
    ExpectAll();
}

TEST_P(PackedWritesTest, WithoutStagingTheyAreSentPartByPart)
{
    constexpr uint64_t kBlock = 64 << 10;
    ASSERT_NO_FATAL_FAILURE(Restart(kBlock, 2 * kBlock));
    std::vector<BufferWrite> writes;
    for (uint64_t i = 0; i < 20'000; ++i)
        writes.push_back(Put(30 * i, 10 * i, 17));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    ASSERT_TRUE(frame.Resolve(m_buffer));
    EXPECT_TRUE(Ok(Uploads().WriteMany(writes))); // blocks, and submits meanwhile
    m_commands->Submit(m_commands->Begin(), frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    ExpectAll();
}
} // namespace
} // namespace sedx::test
