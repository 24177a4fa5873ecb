// Mapping: the four modes, what they refuse, and that none of them waits.
#include "support/gpu_test.h"

#include <algorithm>
#include <cstring>

namespace sedx::test
{
namespace
{
class MappingTest : public GpuLayoutTest
{
  protected:
    Result<Buffer> Make(BufferSystem& system, uint64_t bytes, MemoryType memory = MemoryType::CPU,
                        const char* name = "mapped")
    {
        return system.CreateBuffer(bytes, BufferUsage::Storage, memory, name);
    }
};

INSTANTIATE_TEST_SUITE_P(Layouts, MappingTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

TEST_P(MappingTest, WrittenBytesReachTheGpu)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    const Bytes bytes = Pattern(1, 1001);
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 1001));
    SEDX_REQUIRE(std::byte* const data, system->MapBuffer(buffer));
    ASSERT_NE(data, nullptr);
    std::copy(bytes.begin(), bytes.end(), data);
    system->UnmapBuffer(buffer);
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, buffer)));
}

TEST_P(MappingTest, WhatTheGpuWroteCanBeRead)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    const Bytes bytes = Pattern(2, 1000);
    SEDX_REQUIRE(const Buffer source, system->Factory().CreateStorageBuffer(std::span<const std::byte>(bytes)));
    SEDX_REQUIRE(const Buffer target, Make(*system, 1000, MemoryType::Readback));
    commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
        EXPECT_TRUE(Ok(system->CopyBuffer(frame, cmd, source, target, 1000)));
        commands.Barrier(cmd);
    });
    commands.WaitIdle();
    system->Poll();
    {
        SEDX_REQUIRE(const auto mapping, system->MapReadable<std::byte>(target));
        EXPECT_TRUE(SameBytes(bytes, mapping.Span()));
    }
    SEDX_REQUIRE(std::byte* const raw, system->MapBuffer(target, MapMode::Read));
    EXPECT_TRUE(SameBytes(bytes, {raw, 1000}));
    system->UnmapBuffer(target);
}

TEST_P(MappingTest, CpuMemoryCanBeReadBackThroughAMap)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    const Bytes bytes = Pattern(3, 256);
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 256));
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, bytes)));
    SEDX_REQUIRE(std::byte* const data, system->MapBuffer(buffer, MapMode::Read));
    EXPECT_TRUE(SameBytes(bytes, {data, 256}));
    system->UnmapBuffer(buffer);
}

TEST_P(MappingTest, GpuMemoryIsMappedOnlyWhereItCanBe)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 256, MemoryType::GPU, "on the GPU"));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    const bool isMappable = frame.Resolve(buffer).mapped != nullptr;
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
    const auto data = system->MapBuffer(buffer);
    if (Layout().name == "Discrete")
    {
        EXPECT_FALSE(isMappable);
        EXPECT_TRUE(FailsWith(data, ErrorCode::NotMappable, "on the GPU"));
        EXPECT_TRUE(FailsWith(system->MapWritable<uint32_t>(buffer), ErrorCode::NotMappable));
        EXPECT_TRUE(FailsWith(system->MapReadable<uint32_t>(buffer), ErrorCode::NotMappable));
        EXPECT_TRUE(FailsWith(system->MapBuffer(buffer, MapMode::WriteDiscard), ErrorCode::NotMappable));
        return;
    }
    if (!data)
    {
        EXPECT_TRUE(FailsWith(data, ErrorCode::NotMappable, "on the GPU"));
        EXPECT_FALSE(isMappable);
        return;
    }
    const Bytes bytes = Pattern(4, 256);
    std::copy(bytes.begin(), bytes.end(), *data);
    system->UnmapBuffer(buffer);
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, buffer)));
}

// ---- plain write ---------------------------------------------------------------------------------------------------
TEST_P(MappingTest, PlainWriteOfABufferInFlightIsBusyAndDoesNotWait)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 256, MemoryType::CPU, "busy buffer"));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    frame.Resolve(buffer);
    HeldTimelines held(Calls());
    EXPECT_TRUE(FailsWith(system->MapBuffer(buffer, MapMode::Write), ErrorCode::Busy, "busy buffer"));
    EXPECT_TRUE(FailsWith(system->MapWritable<uint32_t>(buffer), ErrorCode::Busy));
    commands.Submit(commands.Begin(), frame);
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
    EXPECT_TRUE(FailsWith(system->MapBuffer(buffer), ErrorCode::Busy));
    EXPECT_EQ(held.Waits(), 0u);
    held.Release();
    commands.WaitIdle();
    system->Poll();
    SEDX_REQUIRE(std::byte* const data, system->MapBuffer(buffer));
    EXPECT_NE(data, nullptr);
    system->UnmapBuffer(buffer);
}

TEST_P(MappingTest, PlainWriteOfABufferThatACopyReadsIsBusy)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 256));
    HeldTimelines held(Calls());
    SEDX_REQUIRE(const ReadbackTicket ticket, system->Readbacks().Request(buffer));
    ASSERT_TRUE(Ok(system->Readbacks().Submit()));
    EXPECT_TRUE(FailsWith(system->MapBuffer(buffer), ErrorCode::Busy));
    EXPECT_EQ(held.Waits(), 0u);
    held.Release();
    ASSERT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(Ok(system->MapBuffer(buffer)));
    system->UnmapBuffer(buffer);
}

// ---- discard -------------------------------------------------------------------------------------------------------
TEST_P(MappingTest, DiscardGivesNewMemoryUnderTheSameIdentity)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    const Bytes oldBytes = Pattern(10, 512), newBytes = Pattern(11, 512);
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 512));
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, oldBytes)));
    SEDX_REQUIRE(const Buffer seenByOld, Make(*system, 512, MemoryType::GPU, "seen by the old frame"));
    SEDX_REQUIRE(const Buffer seenByNew, Make(*system, 512, MemoryType::GPU, "seen by the new frame"));
    const BufferId id = buffer.ID();

    Gate gate(TheDevice());
    SEDX_REQUIRE(const Frame oldFrame, system->BeginFrame());
    const ResolvedBuffer before = oldFrame.Resolve(buffer);
    VkCommandBuffer cmd = commands.Begin();
    ASSERT_TRUE(Ok(system->CopyBuffer(oldFrame, cmd, buffer, seenByOld, 512)));

    SEDX_REQUIRE(std::byte* const data, system->MapBuffer(buffer, MapMode::WriteDiscard));
    std::copy(newBytes.begin(), newBytes.end(), data);
    system->UnmapBuffer(buffer);
    EXPECT_EQ(buffer.ID(), id);
    const ResolvedBuffer still = oldFrame.Resolve(buffer);
    EXPECT_EQ(still.buffer, before.buffer);
    EXPECT_EQ(still.offset, before.offset);
    EXPECT_EQ(still.mapped, before.mapped);
    EXPECT_EQ(still.address, before.address);
    commands.Submit(cmd, oldFrame, gate.Waits());
    ASSERT_TRUE(Ok(system->EndFrame(oldFrame)));

    SEDX_REQUIRE(const Frame newFrame, system->BeginFrame());
    const ResolvedBuffer after = newFrame.Resolve(buffer);
    EXPECT_TRUE(after.buffer != before.buffer || after.offset != before.offset);
    EXPECT_NE(after.mapped, before.mapped);
    EXPECT_NE(after.address, before.address);
    EXPECT_EQ(after.size, 512u);
    cmd = commands.Begin();
    ASSERT_TRUE(Ok(system->CopyBuffer(newFrame, cmd, buffer, seenByNew, 512)));
    commands.Submit(cmd, newFrame);
    ASSERT_TRUE(Ok(system->EndFrame(newFrame)));
    gate.Open();
    EXPECT_TRUE(SameBytes(oldBytes, ReadBack(*system, seenByOld)));
    EXPECT_TRUE(SameBytes(newBytes, ReadBack(*system, seenByNew)));
    SEDX_REQUIRE(const Buffer found, system->Find(id));
    EXPECT_EQ(found, buffer);
}

TEST_P(MappingTest, DiscardEveryFrameNeverWaitsAndDoesNotGrowWithoutEnd)
{
    auto system = MakeSystem({.framesInFlight = 2});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 4096));
    SEDX_REQUIRE(const Buffer target, Make(*system, 4096, MemoryType::GPU));
    for (uint64_t i = 0; i < 100; ++i)
    {
        SEDX_REQUIRE(auto mapping, system->MapWritable<std::byte>(buffer, MapMode::WriteDiscard));
        const Bytes bytes = Pattern(i, 4096);
        std::copy(bytes.begin(), bytes.end(), mapping.Span().begin());
        mapping.Unmap();
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
            commands.Barrier(cmd);
            EXPECT_TRUE(Ok(system->CopyBuffer(frame, cmd, buffer, target, 4096)));
        });
    }
    EXPECT_TRUE(SameBytes(Pattern(99, 4096), ReadBack(*system, target)));
    const Report report = system->GetReport();
    EXPECT_LE(report.cpu.buffers, 5u);
    EXPECT_EQ(report.liveBuffers, 2u);
    commands.WaitIdle();
    commands.RunFrame(*system);
    commands.WaitIdle();
    system->Poll();
    EXPECT_EQ(system->GetReport().cpu.buffers, 1u);
    EXPECT_EQ(system->GetReport().pendingDestroyed, 0u);
}

TEST_P(MappingTest, ManyDiscardsInOneFrame)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 256));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    const ResolvedBuffer before = frame.Resolve(buffer);
    for (uint64_t i = 0; i < 50; ++i)
    {
        SEDX_REQUIRE(auto mapping, system->MapWritable<std::byte>(buffer, MapMode::WriteDiscard));
        const Bytes bytes = Pattern(i, 256);
        std::copy(bytes.begin(), bytes.end(), mapping.Span().begin());
    }
    EXPECT_EQ(frame.Resolve(buffer).mapped, before.mapped);
    commands.Submit(commands.Begin(), frame);
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
    EXPECT_TRUE(SameBytes(Pattern(49, 256), ReadBack(*system, buffer)));
}

TEST_P(MappingTest, DiscardOfAnIdleBufferNeedsNoNewMemory)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 256));
    for (int i = 0; i < 10; ++i)
    {
        SEDX_REQUIRE(auto mapping, system->MapWritable<std::byte>(buffer, MapMode::WriteDiscard));
        std::ranges::fill(mapping.Span(), std::byte{7});
    }
    EXPECT_EQ(system->GetReport().cpu.buffers, 1u);
    EXPECT_EQ(system->GetReport().cpu.peakBytes, system->GetReport().cpu.bytes);
}

TEST_P(MappingTest, DiscardMayNotMoveAPinnedBuffer)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer pinned, system->CreateBuffer({.bytes = 256,
                                                            .usage = BufferUsage::Storage,
                                                            .memory = MemoryType::CPU,
                                                            .name = "pinned",
                                                            .pinned = true}));
    EXPECT_TRUE(Ok(system->MapBuffer(pinned, MapMode::WriteDiscard)));
    system->UnmapBuffer(pinned);
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    const ResolvedBuffer before = frame.Resolve(pinned);
    EXPECT_TRUE(FailsWith(system->MapBuffer(pinned, MapMode::WriteDiscard), ErrorCode::Busy, "pinned"));
    EXPECT_EQ(frame.Resolve(pinned).mapped, before.mapped);
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
}

TEST_P(MappingTest, UploadsAfterADiscardGoToTheNewMemory)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 256));
    commands.UseInFrame(*system, buffer);
    {
        SEDX_REQUIRE(auto mapping, system->MapWritable<std::byte>(buffer, MapMode::WriteDiscard));
        std::ranges::fill(mapping.Span(), std::byte{1});
    }
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 10, Filled(2, 20))));
    Bytes expected = Filled(1, 256);
    std::fill_n(expected.begin() + 10, 20, std::byte{2});
    EXPECT_TRUE(SameBytes(expected, ReadBack(*system, buffer)));
}

// A write that was collected before the discard must not land in the new bytes afterwards.
TEST_P(MappingTest, DiscardSupersedesCollectedWrites)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 256));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    frame.Resolve(buffer);
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, Filled(1, 256))));
    {
        SEDX_REQUIRE(auto mapping, system->MapWritable<std::byte>(buffer, MapMode::WriteDiscard));
        std::ranges::fill(mapping.Span(), std::byte{2});
    }
    commands.Submit(commands.Begin(), frame);
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
    EXPECT_TRUE(SameBytes(Filled(2, 256), ReadBack(*system, buffer)));
}

// ---- no overwrite --------------------------------------------------------------------------------------------------
TEST_P(MappingTest, NoOverwriteMapsWhileInFlight)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 512));
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, Filled(1, 512))));
    SEDX_REQUIRE(const Buffer target, Make(*system, 256, MemoryType::GPU));
    Gate gate(TheDevice());
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    const ResolvedBuffer before = frame.Resolve(buffer);
    VkCommandBuffer cmd = commands.Begin();
    ASSERT_TRUE(Ok(system->CopyBuffer(frame, cmd, buffer, target, 256))); // reads the first half only
    commands.Submit(cmd, frame, gate.Waits());
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
    NewWaits();
    SEDX_REQUIRE(std::byte* const data, system->MapBuffer(buffer, MapMode::WriteNoOverwrite));
    EXPECT_EQ(data, before.mapped);
    std::fill_n(data + 256, 256, std::byte{2});
    system->UnmapBuffer(buffer);
    EXPECT_EQ(NewWaits(), 0u);
    gate.Open();
    EXPECT_TRUE(SameBytes(Filled(1, 256), ReadBack(*system, target)));
    Bytes expected = Filled(1, 512);
    std::fill_n(expected.begin() + 256, 256, std::byte{2});
    EXPECT_TRUE(SameBytes(expected, ReadBack(*system, buffer)));
}

// Checked mode: a promise that was broken is found, where the library can know.
TEST_P(MappingTest, BrokenPromiseIsLogged)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 512, MemoryType::CPU, "promised"));
    HeldTimelines held(Calls());
    const auto writeInFrame = [&](uint64_t offset) {
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
            frame.Resolve(buffer);
            auto mapping = system->MapWritable<std::byte>({buffer, offset, 64}, MapMode::WriteNoOverwrite);
            EXPECT_TRUE(Ok(mapping));
        });
    };
    writeInFrame(0);
    writeInFrame(64);
    EXPECT_FALSE(m_log.Contains("promised")) << m_log.Text();
    writeInFrame(32); // both frames may still read these
    EXPECT_TRUE(m_log.Contains("promised")) << m_log.Text();
}

// ---- typed ---------------------------------------------------------------------------------------------------------
struct Vec3
{
    float x, y, z;
    friend bool operator==(const Vec3&, const Vec3&) = default;
};

TEST_P(MappingTest, TypedMapsCoverTheirRange)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 10 * sizeof(Vec3)));
    {
        SEDX_REQUIRE(auto mapping, system->MapWritable<Vec3>(buffer));
        ASSERT_EQ(mapping.Span().size(), 10u);
        for (size_t i = 0; i < 10; ++i)
            mapping.Span()[i] = {static_cast<float>(i), 1.0f, 2.0f};
    }
    {
        SEDX_REQUIRE(auto mapping, system->MapWritable<Vec3>({buffer, 2 * sizeof(Vec3), 3 * sizeof(Vec3)}));
        ASSERT_EQ(mapping.Span().size(), 3u);
        std::ranges::fill(mapping.Span(), Vec3{9.0f, 9.0f, 9.0f});
        mapping.Unmap();
        mapping.Unmap(); // again: nothing
    }
    SEDX_REQUIRE(const auto read, system->MapReadable<Vec3>(buffer));
    ASSERT_EQ(read.Span().size(), 10u);
    EXPECT_EQ(read.Span()[1], (Vec3{1.0f, 1.0f, 2.0f}));
    EXPECT_EQ(read.Span()[2], (Vec3{9.0f, 9.0f, 9.0f}));
    EXPECT_EQ(read.Span()[4], (Vec3{9.0f, 9.0f, 9.0f}));
    EXPECT_EQ(read.Span()[5], (Vec3{5.0f, 1.0f, 2.0f}));
}

TEST_P(MappingTest, TypedMapsNeedMatchingOffsetsAndSizes)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 66));
    EXPECT_TRUE(FailsWith(system->MapWritable<uint32_t>(buffer), ErrorCode::InvalidArgument)); // 66 is not n * 4
    EXPECT_TRUE(FailsWith(system->MapWritable<uint32_t>({buffer, 2, 8}), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(system->MapWritable<uint32_t>({buffer, 4, 6}), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(system->MapReadable<Vec3>({buffer, 0, 16}), ErrorCode::InvalidArgument));
    EXPECT_TRUE(Ok(system->MapWritable<uint32_t>({buffer, 4, 8})));
    EXPECT_TRUE(Ok(system->MapWritable<uint16_t>(buffer)));
    EXPECT_TRUE(Ok(system->MapWritable<Vec3>({buffer, 4, 24}))); // a multiple of alignof, not of sizeof
}

TEST_P(MappingTest, RangesOutsideTheBufferAreRefused)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 64));
    for (const auto& [offset, bytes] : std::vector<std::pair<uint64_t, uint64_t>>{
             {0, 68}, {64, 4}, {60, 8}, {68, BufferView<>::kWhole}, {UINT64_MAX - 3, 8}, {8, UINT64_MAX - 7}})
    {
        EXPECT_TRUE(FailsWith(system->MapWritable<uint32_t>({buffer, offset, bytes}), ErrorCode::OutOfRange))
            << offset << " + " << bytes;
        EXPECT_TRUE(FailsWith(system->MapReadable<uint32_t>({buffer, offset, bytes}), ErrorCode::OutOfRange))
            << offset << " + " << bytes;
    }
}

TEST_P(MappingTest, ModeMustFitTheMap)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 64));
    EXPECT_TRUE(FailsWith(system->MapWritable<uint32_t>(buffer, MapMode::Read), ErrorCode::InvalidArgument));
    // New memory for a part would lose the rest.
    EXPECT_TRUE(
        FailsWith(system->MapWritable<uint32_t>({buffer, 0, 32}, MapMode::WriteDiscard), ErrorCode::InvalidArgument));
    EXPECT_TRUE(Ok(system->MapWritable<uint32_t>({buffer, 0, 64}, MapMode::WriteDiscard)));
}

TEST_P(MappingTest, MappingKeepsItsBufferAlive)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, Make(*system, 64));
    {
        SEDX_REQUIRE(auto mapping, system->MapWritable<std::byte>(buffer));
        buffer = {};
        system->Poll();
        std::ranges::fill(mapping.Span(), std::byte{3});
        auto moved = std::move(mapping);
        EXPECT_EQ(moved.Span().size(), 64u);
    }
    system->Poll();
    EXPECT_EQ(system->GetReport().liveBuffers, 0u);
}

// ---- misuse --------------------------------------------------------------------------------------------------------
TEST_P(MappingTest, OnlyOneRawMapAtATime)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 64));
    ASSERT_TRUE(Ok(system->MapBuffer(buffer)));
    EXPECT_FALSE(system->MapBuffer(buffer));
    system->UnmapBuffer(buffer);
    EXPECT_TRUE(Ok(system->MapBuffer(buffer)));
    system->UnmapBuffer(buffer);
}

TEST_P(MappingTest, UnmapWithoutAMapIsHarmless)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, Make(*system, 64));
    system->UnmapBuffer(buffer);
    ASSERT_TRUE(Ok(system->MapBuffer(buffer)));
    system->UnmapBuffer(buffer);
    system->UnmapBuffer(buffer);
    EXPECT_TRUE(Ok(system->MapBuffer(buffer)));
    system->UnmapBuffer(buffer);
}

TEST_P(MappingTest, BufferDroppedWhileMapped)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, Make(*system, 64));
    ASSERT_TRUE(Ok(system->MapBuffer(buffer)));
    buffer = {};
    system->Poll();
    EXPECT_EQ(system->GetReport().liveBuffers, 0u);
}
} // namespace
} // namespace sedx::test
