// Memory that is not coherent: what is flushed and invalidated, and when.
#include "support/gpu_test.h"

#include <algorithm>
#include <cstring>

namespace sedx::test
{
namespace
{
class NonCoherentTest : public GpuTest
{
  protected:
    MemoryLayout Layout() const override { return MemoryLayout::NonCoherent(); }

    // How many flushes (or invalidations) since the last question.
    size_t Flushes(bool invalidate)
    {
        const std::vector<FlushRecord> records = Calls().TakeFlushes();
        return static_cast<size_t>(std::ranges::count(records, invalidate, &FlushRecord::isInvalidate));
    }
};

// Peers' mistake: a direct write path without flush or invalidate.
TEST_F(NonCoherentTest, WritesOfTheCpuAreFlushed)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(300, BufferUsage::Storage, MemoryType::CPU));
    Flushes(false);
    {
        SEDX_REQUIRE(auto mapping, system->MapWritable<std::byte>({buffer, 100, 50}));
        std::ranges::fill(mapping.Span(), std::byte{1});
        EXPECT_EQ(Flushes(false), 0u);
    }
    EXPECT_GE(Flushes(false), 1u);
    ASSERT_TRUE(Ok(system->MapBuffer(buffer, MapMode::WriteDiscard)));
    system->UnmapBuffer(buffer);
    EXPECT_GE(Flushes(false), 1u);

    // A direct write: fresh and mappable.
    const Report before = system->GetReport();
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 7, Pattern(1, 33))));
    ASSERT_TRUE(Ok(system->Uploads().Submit()));
    EXPECT_EQ(system->GetReport().directBytes - before.directBytes, 33u);
    EXPECT_GE(Flushes(false), 1u);
}

// The CPU writes the bytes again that it wrote before, where meanwhile the GPU wrote others: a CPU that was not told of these sees no
// change, and nothing is flushed.
TEST_F(NonCoherentTest, ADiscardOverwritesWhatTheGpuWrote)
{
    constexpr uint64_t kBytes = 64 << 10;
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    const auto make = [&] { return system->CreateBuffer(kBytes, BufferUsage::Storage, MemoryType::CPU); };
    SEDX_REQUIRE(const Buffer source, make());
    ASSERT_TRUE(Ok(system->Uploads().Write(source, 0, Filled(47, kBytes))));
    const auto discard = [&](const Buffer& buffer) {
        auto mapping = system->MapWritable<std::byte>(buffer, MapMode::WriteDiscard);
        ASSERT_TRUE(Ok(mapping));
        std::ranges::fill(mapping->Span(), std::byte{26});
    };
    const auto copy = [&](const Buffer& buffer) {
        ASSERT_TRUE(Ok(system->Uploads().Copy({source, 0, kBytes}, buffer, 0)));
        ASSERT_TRUE(SameBytes(Filled(47, kBytes), ReadBack(*system, buffer)));
    };
    SEDX_REQUIRE(const Buffer buffer, make());
    discard(buffer);
    copy(buffer);
    discard(buffer);
    EXPECT_TRUE(SameBytes(Filled(26, kBytes), ReadBack(*system, buffer))) << "the same memory";

    {
        SEDX_REQUIRE(const Buffer gone, make());
        discard(gone);
        copy(gone);
    }
    system->Poll();
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    frame.Resolve(buffer);
    discard(buffer);
    commands.Submit(commands.Begin(), frame);
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
    EXPECT_TRUE(SameBytes(Filled(26, kBytes), ReadBack(*system, buffer))) << "other memory, of a buffer that is gone";
}

TEST_F(NonCoherentTest, StagingIsFlushedBeforeItsSubmission)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(300, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    frame.Resolve(buffer); // in flight: the bytes go through staging
    Flushes(false);
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 7, Pattern(1, 33))));
    bool hasSubmitted = false;
    Calls().onSubmit = [&](VkQueue, std::span<const VkSubmitInfo2>) {
        if (!std::exchange(hasSubmitted, true))
        {
            EXPECT_GE(Flushes(false), 1u);
        }
    };
    SEDX_REQUIRE(const UploadTicket ticket, system->Uploads().Submit());
    EXPECT_TRUE(hasSubmitted);
    ASSERT_TRUE(Ok(ticket.Wait()));
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
}

TEST_F(NonCoherentTest, LeasesAreFlushedBeforeTheirSubmission)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU));
    const Bytes expected = Pattern(4, 1000);
    commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
        SEDX_REQUIRE(const StagingLease lease, system->Uploads().Stage(1000, 0, frame));
        Flushes(false);
        std::ranges::copy(expected, lease.mapped.begin());
        const ResolvedBuffer target = frame.Resolve(buffer);
        commands.Copy(cmd, lease.buffer, lease.offset, target.buffer, target.offset, 1000);
    });
    EXPECT_GE(Flushes(false), 1u);
    EXPECT_TRUE(SameBytes(expected, ReadBack(*system, buffer)));
}

TEST_F(NonCoherentTest, LongWritesAreFlushed)
{
    constexpr uint64_t kBlock = 64 << 10;
    auto system = MakeSystem({.stagingBlockBytes = kBlock, .stagingLimitBytes = 4 * kBlock});
    ASSERT_TRUE(system);
    const Bytes expected = Pattern(6, 9 * kBlock + 5);
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(expected.size(), BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    frame.Resolve(buffer);
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, expected)));
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
    EXPECT_TRUE(SameBytes(expected, ReadBack(*system, buffer)));
}

TEST_F(NonCoherentTest, ReadsAreInvalidated)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(300, BufferUsage::Storage, MemoryType::GPU));
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, Pattern(1, 300))));
    Flushes(true);
    EXPECT_TRUE(SameBytes(Pattern(1, 300), ReadBack(*system, buffer)));
    EXPECT_GE(Flushes(true), 1u);
    SEDX_REQUIRE(const Buffer readback, system->CreateBuffer(300, BufferUsage::TransferDst, MemoryType::Readback));
    Flushes(true);
    EXPECT_TRUE(Ok(system->MapReadable<std::byte>(readback)));
    EXPECT_GE(Flushes(true), 1u);
}
} // namespace
} // namespace sedx::test
