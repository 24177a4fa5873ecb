// BufferSystem::CopyBuffer: copies recorded into the caller's command buffer, with offsets.
#include "support/gpu_test.h"

#include <algorithm>

namespace sedx::test
{
namespace
{
class CopyBufferTest : public GpuTest
{
  protected:
    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = MakeSystem();
        ASSERT_TRUE(m_system);
        m_commands.emplace(TheDevice());
    }
    void TearDown() override
    {
        m_commands.reset();
        m_system.reset();
        GpuTest::TearDown();
    }
    Result<Buffer> Make(const Bytes& bytes, const char* name)
    {
        return m_system->Factory().CreateStorageBuffer(std::span<const std::byte>(bytes), name);
    }

    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_commands;
};

TEST_F(CopyBufferTest, CopiesExactlyTheRange)
{
    const Bytes from = Pattern(1, 100), to = Pattern(2, 100);
    struct Case
    {
        uint64_t sourceOffset, destinationOffset, bytes;
    };
    for (const Case& c : {Case{0, 0, 100}, Case{0, 0, 1}, Case{99, 0, 1}, Case{0, 99, 1}, Case{3, 7, 5}, Case{1, 2, 97},
                          Case{50, 50, 50}, Case{13, 0, 64}})
    {
        SEDX_REQUIRE(const Buffer source, Make(from, "source"));
        SEDX_REQUIRE(const Buffer target, Make(to, "target"));
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            EXPECT_TRUE(
                Ok(m_system->CopyBuffer(frame, cmd, source, c.sourceOffset, target, c.destinationOffset, c.bytes)));
        });
        Bytes expected = to;
        std::copy_n(from.begin() + static_cast<ptrdiff_t>(c.sourceOffset), c.bytes,
                    expected.begin() + static_cast<ptrdiff_t>(c.destinationOffset));
        EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, target)));
        EXPECT_TRUE(SameBytes(from, ReadBack(*m_system, source)));
    }
}

TEST_F(CopyBufferTest, ShortFormStartsAtZero)
{
    SEDX_REQUIRE(const Buffer source, Make(Pattern(1, 64), "source"));
    SEDX_REQUIRE(const Buffer target, Make(Pattern(2, 64), "target"));
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        EXPECT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, source, target, 64)));
    });
    EXPECT_TRUE(SameBytes(Pattern(1, 64), ReadBack(*m_system, target)));
}

TEST_F(CopyBufferTest, WithinOneBufferWhereRangesDoNotOverlap)
{
    SEDX_REQUIRE(const Buffer buffer, Make(Pattern(1, 64), "both"));
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        EXPECT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, buffer, 0, buffer, 32, 32)));
        EXPECT_TRUE(
            FailsWith(m_system->CopyBuffer(frame, cmd, buffer, 0, buffer, 31, 32), ErrorCode::InvalidArgument, "both"));
        EXPECT_TRUE(FailsWith(m_system->CopyBuffer(frame, cmd, buffer, 8, buffer, 8, 1), ErrorCode::InvalidArgument));
    });
    Bytes expected = Pattern(1, 64);
    std::copy_n(expected.begin(), 32, expected.begin() + 32);
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, buffer)));
}

TEST_F(CopyBufferTest, ZeroBytesRecordNothing)
{
    SEDX_REQUIRE(const Buffer source, Make(Pattern(1, 64), "source"));
    SEDX_REQUIRE(const Buffer target, Make(Pattern(2, 64), "target"));
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        Calls().TakeCopies();
        EXPECT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, source, target, 0)));
        EXPECT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, source, 64, target, 64, 0)));
        EXPECT_TRUE(Calls().TakeCopies().empty());
    });
    EXPECT_TRUE(SameBytes(Pattern(2, 64), ReadBack(*m_system, target)));
}

TEST_F(CopyBufferTest, RangesOutsideAreRefused)
{
    SEDX_REQUIRE(const Buffer source, Make(Pattern(1, 64), "the source"));
    SEDX_REQUIRE(const Buffer target, Make(Pattern(2, 32), "the target"));
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        const auto copy = [&](uint64_t from, uint64_t to, uint64_t bytes) {
            return m_system->CopyBuffer(frame, cmd, source, from, target, to, bytes);
        };
        Calls().TakeCopies();
        EXPECT_TRUE(FailsWith(copy(0, 0, 33), ErrorCode::OutOfRange, "the target"));
        EXPECT_TRUE(FailsWith(copy(60, 0, 5), ErrorCode::OutOfRange, "the source"));
        EXPECT_TRUE(FailsWith(copy(0, 32, 1), ErrorCode::OutOfRange));
        EXPECT_TRUE(FailsWith(copy(65, 0, 0), ErrorCode::OutOfRange));
        // offset + size overflows 64 bits
        EXPECT_TRUE(FailsWith(copy(UINT64_MAX - 3, 0, 8), ErrorCode::OutOfRange));
        EXPECT_TRUE(FailsWith(copy(0, UINT64_MAX - 3, 8), ErrorCode::OutOfRange));
        EXPECT_TRUE(FailsWith(copy(8, 0, UINT64_MAX - 4), ErrorCode::OutOfRange));
        EXPECT_TRUE(Calls().TakeCopies().empty());
    });
    EXPECT_TRUE(SameBytes(Pattern(2, 32), ReadBack(*m_system, target)));
}

TEST_F(CopyBufferTest, NeedsHandlesAndAnOpenFrame)
{
    SEDX_REQUIRE(const Buffer source, Make(Pattern(1, 64), "source"));
    SEDX_REQUIRE(const Buffer target, Make(Pattern(2, 64), "target"));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    EXPECT_TRUE(FailsWith(m_system->CopyBuffer(frame, cmd, Buffer(), target, 4), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(m_system->CopyBuffer(frame, cmd, source, Buffer(), 4), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(m_system->CopyBuffer(frame, VK_NULL_HANDLE, source, target, 4), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(m_system->CopyBuffer(Frame(), cmd, source, target, 4), ErrorCode::WrongState));
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(FailsWith(m_system->CopyBuffer(frame, cmd, source, target, 4), ErrorCode::WrongState));
}

TEST_F(CopyBufferTest, CountsAsUse)
{
    SEDX_REQUIRE(const Buffer source, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::CPU));
    SEDX_REQUIRE(const Buffer target, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    ASSERT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, source, target, 64)));
    EXPECT_TRUE(m_system->IsInFlight(source));
    EXPECT_TRUE(m_system->IsInFlight(target));
    EXPECT_TRUE(FailsWith(m_system->MapBuffer(source), ErrorCode::Busy));
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
}
} // namespace
} // namespace sedx::test
