// Long writes: sent piece by piece while the rest is copied, in order with what is around them, and only where that is allowed.
#include "support/gpu_test.h"

#include <algorithm>

namespace sedx::test
{
namespace
{
constexpr uint64_t kBlock = 64 << 10;
constexpr uint64_t kLimit = 4 * kBlock;
constexpr uint64_t kLong = 9 * kBlock + 5;

// Memory that cannot be mapped: every write goes through staging.
class LongWriteTest : public GpuTest
{
  protected:
    MemoryLayout Layout() const override { return MemoryLayout::Discrete(); }
    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = MakeSystem({.stagingBlockBytes = kBlock, .stagingLimitBytes = kLimit});
        ASSERT_TRUE(m_system);
        SEDX_REQUIRE(m_buffer, m_system->CreateBuffer(kLong, BufferUsage::Storage, MemoryType::GPU, "destination"));
    }
    void TearDown() override
    {
        m_buffer = {};
        m_system.reset();
        GpuTest::TearDown();
    }
    UploadQueue& Uploads() { return m_system->Uploads(); }
    uint64_t Submissions() { return m_system->GetReport().submissions; }

    std::unique_ptr<BufferSystem> m_system;
    Buffer m_buffer;
};

TEST_F(LongWriteTest, SentPieceByPieceInOrderWithItsNeighbours)
{
    Bytes shadow = Pattern(1, kLong);
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 100, Filled(0xAA, 5000)))); // all of it is written over
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, shadow));
    EXPECT_GE(Submissions(), 2u); // within the call
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, kLong - 3000, Filled(0xBB, 2000))));
    std::fill_n(shadow.begin() + static_cast<ptrdiff_t>(kLong - 3000), 2000, std::byte{0xBB});
    ASSERT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(SameBytes(shadow, ReadBack(*m_system, m_buffer)));
    EXPECT_LE(m_system->GetReport().staging.peakBytes, kLimit); // a fast GPU leaves room before it is reached
}

TEST_F(LongWriteTest, AmongManyItIsAloneAndInOrder)
{
    const Bytes longOne = Pattern(2, kLong);
    const Bytes before = Filled(1, 64);
    const Bytes behind = Filled(2, 64);
    const BufferWrite writes[] = {{m_buffer, 10, before}, {m_buffer, 0, longOne}, {m_buffer, 20, behind}};
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().WriteMany(writes));
    ASSERT_TRUE(Ok(ticket.Wait()));
    Bytes shadow = longOne;
    std::ranges::copy(behind, shadow.begin() + 20);
    EXPECT_TRUE(SameBytes(shadow, ReadBack(*m_system, m_buffer)));
}

TEST_F(LongWriteTest, NothingIsSentWhereThatIsNotAllowed)
{
    WriteOptions fail{.outOfStaging = OutOfStaging::Fail};
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 0, Filled(1, 3 * kBlock), fail)));
    EXPECT_EQ(Submissions(), 0u);
    EXPECT_TRUE(FailsWith(Uploads().Write(m_buffer, 0, Filled(2, kLong), fail), ErrorCode::OutOfStaging));
    EXPECT_EQ(Submissions(), 0u);
    WriteOptions asked{.onOutOfStaging = [](uint64_t) { return OutOfStaging::Spill; }};
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 0, Filled(3, kLong), asked)));
    EXPECT_EQ(Submissions(), 0u);
    EXPECT_TRUE(SameBytes(Filled(3, kLong), ReadBack(*m_system, m_buffer)));
}

TEST_F(LongWriteTest, ASubmissionThatFailsInTheMiddleIsTold)
{
    Calls().FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_DEVICE_MEMORY, 2, 1);
    EXPECT_TRUE(FailsWith(Uploads().Write(m_buffer, 0, Pattern(1, kLong)), ErrorCode::OutOfDeviceMemory));
    Calls().StopFailing();
    EXPECT_TRUE(m_log.Contains("copies were lost"));
    // All staging comes back.
    const Bytes bytes = Pattern(2, kLong);
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 0, bytes)));
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, m_buffer)));
}
} // namespace
} // namespace sedx::test
