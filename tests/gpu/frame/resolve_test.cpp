// Frame::Resolve: the raw handles of a buffer for one frame.
#include "support/gpu_test.h"

namespace sedx::test
{
namespace
{
class ResolveTest : public GpuTest
{};

TEST_F(ResolveTest, AnswersTheSameWithinAFrame)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU, "stable"));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    const ResolvedBuffer first = frame.Resolve(buffer);
    ASSERT_TRUE(static_cast<bool>(first));
    EXPECT_EQ(first.size, 1000u);
    EXPECT_NE(first.address, 0u);
    for (int i = 0; i < 100; ++i)
    {
        const ResolvedBuffer again = frame.Resolve(buffer);
        EXPECT_EQ(again.buffer, first.buffer);
        EXPECT_EQ(again.offset, first.offset);
        EXPECT_EQ(again.address, first.address);
        EXPECT_EQ(again.mapped, first.mapped);
        EXPECT_EQ(again.size, first.size);
    }
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

TEST_F(ResolveTest, OfAViewIsARange)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::CPU));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    const ResolvedBuffer whole = frame.Resolve(buffer);
    const ResolvedBuffer viaView = frame.Resolve(BufferView<>(buffer));
    EXPECT_EQ(viaView.offset, whole.offset);
    EXPECT_EQ(viaView.size, whole.size);
    const ResolvedBuffer part = frame.Resolve(BufferView<>(buffer, 100, 50));
    EXPECT_EQ(part.buffer, whole.buffer);
    EXPECT_EQ(part.offset, whole.offset + 100);
    EXPECT_EQ(part.size, 50u);
    EXPECT_EQ(part.address, whole.address + 100);
    EXPECT_EQ(part.mapped, static_cast<std::byte*>(whole.mapped) + 100);
    const ResolvedBuffer tail = frame.Resolve(BufferView<>(buffer, 900, BufferView<>::kWhole));
    EXPECT_EQ(tail.size, 100u);
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

TEST_F(ResolveTest, OfARangeOutsideGivesNulls)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    for (const auto& [offset, bytes] : std::vector<std::pair<uint64_t, uint64_t>>{
             {1, 1000}, {1001, BufferView<>::kWhole}, {1000, 1}, {UINT64_MAX - 1, 10}, {10, UINT64_MAX - 5}})
    {
        const ResolvedBuffer resolved = frame.Resolve(BufferView<>(buffer, offset, bytes));
        EXPECT_FALSE(static_cast<bool>(resolved)) << offset << " + " << bytes;
        EXPECT_EQ(resolved.mapped, nullptr);
        EXPECT_EQ(resolved.address, 0u);
    }
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

TEST_F(ResolveTest, OfAnEmptyHandleGivesNulls)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    EXPECT_FALSE(static_cast<bool>(frame.Resolve(Buffer())));
    EXPECT_FALSE(static_cast<bool>(frame.Resolve(BufferView<>())));
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

TEST_F(ResolveTest, InAClosedFrameGivesNullsAndSaysSo)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame ended, system->BeginFrame());
    ASSERT_TRUE(Ok(system->EndFrame(ended)));
    m_log.Clear();
    EXPECT_FALSE(static_cast<bool>(ended.Resolve(buffer)));
    EXPECT_GE(m_log.Count(), 1u);
    SEDX_REQUIRE(const Frame abandoned, system->BeginFrame());
    ASSERT_TRUE(Ok(system->AbandonFrame(abandoned)));
    EXPECT_FALSE(static_cast<bool>(abandoned.Resolve(buffer)));
    EXPECT_FALSE(static_cast<bool>(Frame().Resolve(buffer)));
    // A number reused by mistake must not open the door either.
    SEDX_REQUIRE(const Frame open, system->BeginFrame());
    EXPECT_FALSE(static_cast<bool>(ended.Resolve(buffer)));
    EXPECT_TRUE(static_cast<bool>(open.Resolve(buffer)));
    ASSERT_TRUE(Ok(system->EndFrame(open)));
}

TEST_F(ResolveTest, TwoOpenFramesResolveOneBuffer)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame first, system->BeginFrame());
    SEDX_REQUIRE(const Frame second, system->BeginFrame());
    const ResolvedBuffer a = first.Resolve(buffer);
    const ResolvedBuffer b = second.Resolve(buffer);
    EXPECT_EQ(a.buffer, b.buffer);
    EXPECT_EQ(a.offset, b.offset);
    commands.Submit(commands.Begin(), first);
    commands.Submit(commands.Begin(), second);
    ASSERT_TRUE(Ok(system->EndFrame(first)));
    ASSERT_TRUE(Ok(system->EndFrame(second)));
}
} // namespace
} // namespace sedx::test
