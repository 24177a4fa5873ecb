// ReadbackQueue::Read: ranges of any length into the caller's memory, in chunks.
#include "support/gpu_test.h"

#include <algorithm>
#include <thread>
#include <tuple>

namespace sedx::test
{
namespace
{
constexpr uint64_t kBlock = 16 << 10; // of staging and of read-back memory
constexpr uint64_t kChunk = 2 * kBlock;
constexpr uint64_t kChunksAtOnce = 4;

class BulkReadTest : public GpuLayoutTest
{
  protected:
    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = Make(SubmitMode::Own);
        ASSERT_TRUE(m_system);
        m_commands.emplace(TheDevice());
    }
    void TearDown() override
    {
        m_commands.reset();
        m_system.reset();
        GpuTest::TearDown();
    }

    std::unique_ptr<BufferSystem> Make(SubmitMode mode)
    {
        return MakeSystem({.framesInFlight = 4,
                           .submitMode = mode,
                           .stagingBlockBytes = kBlock,
                           .stagingLimitBytes = 64 * kBlock,
                           .warmStagingBytes = 4 * kBlock});
    }
    ReadbackQueue& Readbacks() { return m_system->Readbacks(); }
    Buffer MakeFilled(const Bytes& bytes, const char* name = "source")
    {
        auto made = m_system->Factory().CreateStorageBuffer(std::span<const std::byte>(bytes), name);
        EXPECT_TRUE(Ok(made));
        return made ? *made : Buffer();
    }
    // By Read; the bytes around what was asked for must stay as they are.
    testing::AssertionResult Reads(const Buffer& buffer, const Bytes& contents, uint64_t offset, uint64_t bytes)
    {
        constexpr uint64_t kMargin = 64;
        Bytes into = Filled(0xEE, bytes + 2 * kMargin);
        const auto read = Readbacks().Read({buffer, offset, bytes}, std::span(into).subspan(kMargin, bytes + kMargin));
        if (!read)
            return Ok(read);
        const auto same =
            SameBytes(std::span(contents).subspan(offset, bytes), std::span(into).subspan(kMargin, bytes));
        if (!same)
            return same;
        if (!SameBytes(Filled(0xEE, kMargin), std::span(into).first(kMargin)) ||
            !SameBytes(Filled(0xEE, kMargin), std::span(into).last(kMargin)))
            return testing::AssertionFailure() << "bytes beside the destination were written";
        return testing::AssertionSuccess();
    }

    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_commands;
};

INSTANTIATE_TEST_SUITE_P(Layouts, BulkReadTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

// Peers' mistake: memory that is exactly full counts as empty, and is handed out again.
TEST_P(BulkReadTest, ExactlyFullReadbackMemoryIsNotHandedOut)
{
    const Bytes expected = Pattern(1, 4 * kBlock);
    const Buffer source = MakeFilled(expected);
    ASSERT_TRUE(Ok(m_system->Uploads().Submit()));
    m_commands->WaitIdle();
    m_system->Poll();
    HeldTimelines held(Calls());
    Calls().TakeCopies();
    struct Kept
    {
        ReadbackTicket ticket;
        uint64_t bytes;
    };
    std::vector<Kept> kept;
    std::vector<uint64_t> sizes{kBlock, kBlock / 2, kBlock / 2, kBlock / 4, 3 * kBlock / 4, kBlock};
    sizes.insert(sizes.end(), 10, 1);
    for (const uint64_t bytes : sizes)
    {
        SEDX_REQUIRE(ReadbackTicket ticket, Readbacks().Request({source, 0, bytes}));
        if (kept.size() % 2 == 0 || bytes == kBlock)
            kept.push_back({std::move(ticket), bytes});
        ASSERT_TRUE(Ok(Readbacks().Submit()));
        m_system->Poll();
    }
    std::vector<CopyRecord> copies = Calls().TakeCopies();
    EXPECT_EQ(sizes.size(), copies.size());
    std::ranges::sort(copies, [](const CopyRecord& a, const CopyRecord& b) {
        return std::tie(a.destination, a.destinationOffset) < std::tie(b.destination, b.destinationOffset);
    });
    for (size_t i = 1; i < copies.size(); ++i)
        EXPECT_TRUE(copies[i - 1].destination != copies[i].destination ||
                    copies[i - 1].destinationOffset + copies[i - 1].bytes <= copies[i].destinationOffset)
            << i;
    EXPECT_EQ(0u, held.Waits());
    held.Release();
    for (const Kept& entry : kept)
    {
        SEDX_REQUIRE(const auto bytes, entry.ticket.Wait());
        EXPECT_TRUE(SameBytes(std::span(expected).first(entry.bytes), bytes));
    }
}

TEST_P(BulkReadTest, EveryLength)
{
    const Bytes bytes = Pattern(1, 11 * kChunk + 13);
    const Buffer buffer = MakeFilled(bytes);
    for (const uint64_t count :
         {uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{4}, uint64_t{63}, uint64_t{65}, kBlock - 1, kBlock,
          kBlock + 1, kChunk - 1, kChunk, kChunk + 1, kChunksAtOnce * kChunk - 1, kChunksAtOnce * kChunk,
          kChunksAtOnce * kChunk + 1, 9 * kChunk + 7, 11 * kChunk})
        for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, uint64_t{13}})
            EXPECT_TRUE(Reads(buffer, bytes, offset, count)) << offset << " + " << count;
    Bytes whole(bytes.size());
    ASSERT_TRUE(Ok(Readbacks().Read(buffer, whole)));
    EXPECT_TRUE(SameBytes(bytes, whole));
    EXPECT_EQ(m_system->GetReport().Waits(WaitCause::Upload).count, 0u);
}

TEST_P(BulkReadTest, TypedDestination)
{
    const std::vector<uint32_t> values{1, 2, 3, 4, 5};
    SEDX_REQUIRE(const Buffer buffer, m_system->Factory().CreateStorageBuffer(std::span<const uint32_t>(values)));
    std::vector<uint32_t> into(5);
    ASSERT_TRUE(Ok(Readbacks().Read(buffer, std::span<uint32_t>(into))));
    EXPECT_EQ(into, values);
}

TEST_P(BulkReadTest, Mistakes)
{
    const Buffer buffer = MakeFilled(Pattern(1, 64), "sixty-four");
    Bytes into(64);
    EXPECT_TRUE(FailsWith(Readbacks().Read(BufferView<>(), into), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Readbacks().Read({buffer, 0, 65}, into), ErrorCode::OutOfRange, "sixty-four"));
    EXPECT_TRUE(FailsWith(Readbacks().Read({buffer, 64, BufferView<>::kWhole}, into), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Readbacks().Read({buffer, UINT64_MAX - 3, 8}, into), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Readbacks().Read(buffer, std::span(into).first(63)), ErrorCode::OutOfRange, "63"));
    auto other = MakeSystem();
    ASSERT_TRUE(other);
    EXPECT_TRUE(FailsWith(other->Readbacks().Read(buffer, into), ErrorCode::WrongState));
}

TEST_P(BulkReadTest, RecordedModeCannotReadAtOnce)
{
    auto recorded = Make(SubmitMode::Recorded);
    ASSERT_TRUE(recorded);
    SEDX_REQUIRE(const Buffer buffer, recorded->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    Bytes into(64);
    EXPECT_TRUE(FailsWith(recorded->Readbacks().Read(buffer, into), ErrorCode::NotSubmitted));
}

TEST_P(BulkReadTest, CopiesRecordedIntoAnOpenFrameHoldItBack)
{
    const Bytes bytes = Pattern(1, 3 * kChunk);
    const Buffer buffer = MakeFilled(bytes);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, 0, std::span(bytes).first(100))));
    VkCommandBuffer cmd = m_commands->Begin();
    ASSERT_TRUE(Ok(m_system->Uploads().CmdFlush(frame, cmd)));
    Bytes into(bytes.size());
    EXPECT_TRUE(FailsWith(Readbacks().Read(buffer, into), ErrorCode::NotSubmitted));
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(Reads(buffer, bytes, 0, bytes.size()));
}

// ---- what it sees --------------------------------------------------------------------------------------------------

TEST_P(BulkReadTest, SeesUploadsCollectedBefore)
{
    Bytes bytes = Pattern(1, 6 * kChunk);
    const Buffer buffer = MakeFilled(bytes);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer); // so that writes need copies
    for (uint64_t at = 5; at + 100 < bytes.size(); at += kChunk / 3)
    {
        const Bytes piece = Pattern(at, 100);
        ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, at, piece)));
        std::ranges::copy(piece, bytes.begin() + static_cast<std::ptrdiff_t>(at));
    }
    EXPECT_TRUE(Reads(buffer, bytes, 0, bytes.size()));
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
}

TEST_P(BulkReadTest, SeesWhatAFrameSubmittedBefore)
{
    const Buffer buffer = MakeFilled(Filled(0, 5 * kChunk));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    const ResolvedBuffer resolved = frame.Resolve(buffer);
    m_commands->Functions().CmdFillBuffer(cmd, resolved.buffer, resolved.offset, 5 * kChunk, 0x07070707);
    m_commands->Submit(cmd, frame);
    EXPECT_TRUE(Reads(buffer, Filled(7, 5 * kChunk), 0, 5 * kChunk)); // the frame has not ended
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
}

TEST_P(BulkReadTest, RequestsOfAnOpenFrameStayUntilItsEnd)
{
    const Buffer buffer = MakeFilled(Filled(0, 4 * kChunk));
    const Buffer other = MakeFilled(Filled(1, 4 * kChunk));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    SEDX_REQUIRE(const ReadbackTicket ticket, Readbacks().Request({buffer, 0, 64}));
    EXPECT_TRUE(Reads(other, Filled(1, 4 * kChunk), 0, 4 * kChunk));
    EXPECT_FALSE(ticket.Ready());
    VkCommandBuffer cmd = m_commands->Begin();
    const ResolvedBuffer resolved = frame.Resolve(buffer);
    m_commands->Functions().CmdFillBuffer(cmd, resolved.buffer, resolved.offset, 64, 0x07070707);
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    SEDX_REQUIRE(const auto bytes, ticket.Wait());
    EXPECT_TRUE(SameBytes(Filled(7, 64), bytes));
}

TEST_P(BulkReadTest, LaterWritesAreNotSeen)
{
    const Bytes bytes = Pattern(1, 3 * kChunk);
    const Buffer buffer = MakeFilled(bytes);
    for (uint8_t i = 1; i < 10; ++i)
    {
        Bytes into(bytes.size());
        ASSERT_TRUE(Ok(Readbacks().Read(buffer, into)));
        ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, 0, Filled(i, bytes.size()))));
        EXPECT_TRUE(SameBytes(i == 1 ? bytes : Filled(static_cast<uint8_t>(i - 1), bytes.size()), into));
    }
}

// ---- memory and waits ----------------------------------------------------------------------------------------------

TEST_P(BulkReadTest, MemoryDoesNotGrowWithTheRangeAndIsUsedAgain)
{
    const Bytes bytes = Pattern(1, 60 * kChunk + 1);
    const Buffer buffer = MakeFilled(bytes);
    EXPECT_TRUE(Reads(buffer, bytes, 0, bytes.size()));
    EXPECT_LE(m_system->GetReport().readback.peakBytes, kChunksAtOnce * kChunk);
    EXPECT_EQ(m_system->GetReport().readbackBytes, bytes.size());
    const uint64_t buffers = Calls().Calls(Fn::CreateBuffer);
    const uint64_t memory = Calls().Calls(Fn::AllocateMemory);
    for (uint64_t i = 1; i < 5; ++i)
        EXPECT_TRUE(Reads(buffer, bytes, i, bytes.size() - 7 * i));
    EXPECT_EQ(Calls().Calls(Fn::CreateBuffer), buffers);
    EXPECT_EQ(Calls().Calls(Fn::AllocateMemory), memory);
}

TEST_P(BulkReadTest, WaitsAreCountedAsReadback)
{
    const Buffer buffer = MakeFilled(Pattern(1, 6 * kChunk));
    ASSERT_TRUE(Ok(m_system->Uploads().Submit()));
    HeldTimelines held(Calls());
    Bytes into(6 * kChunk);
    ASSERT_TRUE(Ok(Readbacks().Read(buffer, into)));
    EXPECT_GE(held.Waits(), 1u);
    const Report report = m_system->GetReport();
    EXPECT_GE(report.Waits(WaitCause::Readback).count, 1u);
    EXPECT_EQ(report.Waits(WaitCause::Upload).count, 0u);
    EXPECT_EQ(report.Waits(WaitCause::BackPressure).count, 0u);
}

// The GPU is ahead of the CPU, by a few chunks and no more.
TEST_P(BulkReadTest, ChunksAreUnderWayWhileTheFirstIsWaitedFor)
{
    const Bytes bytes = Pattern(1, 10 * kChunk);
    const Buffer buffer = MakeFilled(bytes);
    ASSERT_TRUE(Ok(m_system->Uploads().Submit()));
    m_commands->WaitIdle();
    m_system->Poll();
    HeldTimelines held(Calls(), HeldTimelines::OnWait::TimeOut);
    Calls().TakeCopies();
    Bytes into(bytes.size());
    EXPECT_TRUE(FailsWith(Readbacks().Read(buffer, into, 0), ErrorCode::Timeout));
    const std::vector<CopyRecord> copies = Calls().TakeCopies();
    EXPECT_EQ(copies.size(), kChunksAtOnce);
    for (size_t i = 1; i < copies.size(); ++i)
    {
        EXPECT_EQ(copies[i].sourceOffset, copies[i - 1].sourceOffset + kChunk);
        EXPECT_NE(copies[i].destination, copies[i - 1].destination);
    }
    // Their memory is not given to others while the GPU writes it.
    EXPECT_TRUE(FailsWith(Readbacks().Read(buffer, into, 0), ErrorCode::Timeout));
    for (const CopyRecord& later : Calls().TakeCopies())
        for (const CopyRecord& earlier : copies)
            EXPECT_NE(later.destination, earlier.destination);
    held.Release();
    EXPECT_TRUE(Reads(buffer, bytes, 0, bytes.size()));
}

// ---- failures and threads ------------------------------------------------------------------------------------------

TEST_P(BulkReadTest, FewerChunksWhereThereIsNoMemoryForMore)
{
    const Bytes bytes = Pattern(1, 10 * kChunk + 5);
    const Buffer buffer = MakeFilled(bytes);
    ASSERT_TRUE(Ok(m_system->Uploads().Submit()));
    for (uint64_t chunks = 0; chunks < kChunksAtOnce; ++chunks)
    {
        // Fresh memory: pressure takes what is idle.
        Calls().FailFunction(Fn::CreateBuffer, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 1000);
        EXPECT_FALSE(m_system->CreateBuffer(128 << 20, BufferUsage::Storage, MemoryType::GPU));
        Calls().StopFailing();
        ASSERT_EQ(m_system->GetReport().readback.bytes, 0u);

        Calls().FailFunction(Fn::CreateBuffer, VK_ERROR_OUT_OF_DEVICE_MEMORY, chunks + 1, 1000);
        if (chunks == 0)
        {
            Bytes into(bytes.size());
            EXPECT_TRUE(FailsWith(Readbacks().Read(buffer, into), ErrorCode::OutOfDeviceMemory));
        }
        else
        {
            EXPECT_TRUE(Reads(buffer, bytes, 0, bytes.size())) << chunks << " chunks";
            EXPECT_EQ(m_system->GetReport().readback.bytes, chunks * kChunk);
        }
        Calls().StopFailing();
    }
}

TEST_P(BulkReadTest, FailedSubmissionIsTheErrorAndLeavesNothing)
{
    const Bytes bytes = Pattern(1, 10 * kChunk);
    const Buffer buffer = MakeFilled(bytes);
    ASSERT_TRUE(Ok(m_system->Uploads().Submit()));
    for (uint64_t n = 1; n <= 10; ++n)
    {
        Bytes into(bytes.size());
        Calls().FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_HOST_MEMORY, n, 1);
        EXPECT_TRUE(FailsWith(Readbacks().Read(buffer, into), ErrorCode::OutOfHostMemory)) << n;
        Calls().StopFailing();
        EXPECT_TRUE(Reads(buffer, bytes, 0, bytes.size())) << n;
    }
    EXPECT_LE(m_system->GetReport().readback.bytes, 2 * kChunksAtOnce * kChunk);
    for (const Fn function : {Fn::ResetCommandPool, Fn::BeginCommandBuffer, Fn::EndCommandBuffer})
    {
        Bytes into(bytes.size());
        Calls().FailFunction(function, VK_ERROR_OUT_OF_HOST_MEMORY, 3, 1);
        EXPECT_TRUE(FailsWith(Readbacks().Read(buffer, into), ErrorCode::OutOfHostMemory)) << FunctionName(function);
        Calls().StopFailing();
        EXPECT_TRUE(Reads(buffer, bytes, 0, bytes.size())) << FunctionName(function);
    }
}

TEST_P(BulkReadTest, ThreadsReadAtOnceWhileOthersWrite)
{
    const Bytes bytes = Pattern(1, 20 * kChunk);
    const Buffer buffer = MakeFilled(bytes);
    const Buffer busy = MakeFilled(Filled(0, 4 * kChunk));
    std::vector<std::thread> threads;
    for (uint64_t thread = 0; thread < 4; ++thread)
        threads.emplace_back([&, thread] {
            for (uint64_t i = 0; i < 6; ++i)
                EXPECT_TRUE(Reads(buffer, bytes, thread * 3 + i, (1 + 4 * thread) * kChunk + i));
        });
    threads.emplace_back([&] {
        for (uint8_t i = 0; i < 30; ++i)
        {
            EXPECT_TRUE(Ok(m_system->Uploads().Write(busy, 0, Filled(i, 4 * kChunk))));
            EXPECT_TRUE(Ok(m_system->Uploads().Submit()));
        }
    });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_TRUE(Reads(busy, Filled(29, 4 * kChunk), 0, 4 * kChunk));
}
} // namespace
} // namespace sedx::test
