// ReadbackQueue: bytes from the GPU without a stall.
#include "support/gpu_test.h"
#include "support/test_clock.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

namespace sedx::test
{
namespace
{
class ReadbackTest : public GpuLayoutTest
{
  protected:
    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = MakeSystem(
            {.framesInFlight = 4, .warmStagingBytes = 16 << 20, .warmMemoryNs = kWarmNs, .clock = m_clock.Function()});
        ASSERT_TRUE(m_system);
        m_commands.emplace(TheDevice());
    }
    void TearDown() override
    {
        m_commands.reset();
        m_system.reset();
        GpuTest::TearDown();
    }

    ReadbackQueue& Readbacks() { return m_system->Readbacks(); }
    Result<Buffer> MakeFilled(const Bytes& bytes, const char* name = "source")
    {
        return m_system->Factory().CreateStorageBuffer(std::span<const std::byte>(bytes), name);
    }

    static constexpr uint64_t kWarmNs = 1'000'000;
    TestClock m_clock;
    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_commands;
};

INSTANTIATE_TEST_SUITE_P(Layouts, ReadbackTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

TEST_P(ReadbackTest, EveryRange)
{
    const Bytes bytes = Pattern(1, 1003);
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(bytes));
    for (const auto& [offset, count] : std::vector<std::pair<uint64_t, uint64_t>>{
             {0, 1}, {0, 3}, {1, 1}, {1, 2}, {3, 5}, {7, 64}, {1002, 1}, {1000, 3}, {0, 1003}, {500, 503}})
    {
        EXPECT_TRUE(SameBytes(std::span(bytes).subspan(offset, count), ReadBack(*m_system, {buffer, offset, count})));
    }
    EXPECT_TRUE(SameBytes(std::span(bytes).subspan(99), ReadBack(*m_system, {buffer, 99, BufferView<>::kWhole})));
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, buffer)));
}

TEST_P(ReadbackTest, Mistakes)
{
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(Pattern(1, 64), "sixty-four"));
    EXPECT_TRUE(FailsWith(Readbacks().Request(BufferView<>()), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Readbacks().Request({buffer, 0, 65}), ErrorCode::OutOfRange, "sixty-four"));
    EXPECT_TRUE(FailsWith(Readbacks().Request({buffer, 64, 1}), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Readbacks().Request({buffer, 65, BufferView<>::kWhole}), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Readbacks().Request({buffer, UINT64_MAX - 3, 8}), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Readbacks().Request({buffer, 8, UINT64_MAX - 4}), ErrorCode::OutOfRange));
}

TEST_P(ReadbackTest, DefaultTicketHoldsNothing)
{
    const ReadbackTicket ticket;
    EXPECT_TRUE(ticket.Bytes().empty());
    EXPECT_TRUE(ticket.Span<uint32_t>().empty());
    ticket.Ready();
    ticket.Wait(0);
}

TEST_P(ReadbackTest, TicketGoesThroughItsStates)
{
    const Bytes bytes = Pattern(2, 256);
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(bytes));
    HeldTimelines held(Calls(), HeldTimelines::OnWait::TimeOut);
    const uint64_t before = Calls().Calls(Fn::QueueSubmit2);
    SEDX_REQUIRE(const ReadbackTicket ticket, Readbacks().Request(buffer));
    EXPECT_EQ(Calls().Calls(Fn::QueueSubmit2), before) << "Request only collects";
    EXPECT_FALSE(ticket.Ready());
    EXPECT_TRUE(ticket.Bytes().empty());
    ASSERT_TRUE(Ok(Readbacks().Submit()));
    EXPECT_FALSE(ticket.Ready());
    EXPECT_TRUE(ticket.Bytes().empty());
    EXPECT_TRUE(FailsWith(ticket.Wait(0), ErrorCode::Timeout));
    EXPECT_TRUE(ticket.Bytes().empty());
    held.Release();
    m_commands->WaitIdle();
    EXPECT_TRUE(ticket.Ready()); // polls by itself, no frame needed
    EXPECT_TRUE(SameBytes(bytes, ticket.Bytes()));
    SEDX_REQUIRE(const auto waited, ticket.Wait(0));
    EXPECT_EQ(waited.data(), ticket.Bytes().data());
}

TEST_P(ReadbackTest, WaitIsCountedAsReadback)
{
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(Pattern(2, 256)));
    HeldTimelines held(Calls());
    SEDX_REQUIRE(const ReadbackTicket ticket, Readbacks().Request(buffer));
    ASSERT_TRUE(Ok(ticket.Wait()));
    EXPECT_EQ(held.Waits(), 1u);
    const Report report = m_system->GetReport();
    EXPECT_EQ(report.Waits(WaitCause::Readback).count, 1u);
    EXPECT_EQ(report.Waits(WaitCause::Upload).count, 0u);
    EXPECT_EQ(report.readbackBytes, 256u);
}

TEST_P(ReadbackTest, TypedSpans)
{
    const std::vector<uint32_t> values{1, 2, 3, 4, 5};
    SEDX_REQUIRE(const Buffer buffer, m_system->Factory().CreateStorageBuffer(std::span<const uint32_t>(values)));
    SEDX_REQUIRE(const ReadbackTicket ticket, Readbacks().Request({buffer, 4, 14})); // not whole elements
    ASSERT_TRUE(Ok(ticket.Wait()));
    const std::span<const uint32_t> read = ticket.Span<uint32_t>();
    ASSERT_EQ(read.size(), 3u);
    EXPECT_EQ(read[0], 2u);
    EXPECT_EQ(read[2], 4u);
}

TEST_P(ReadbackTest, CopyOfATicketKeepsTheBytes)
{
    const Bytes bytes = Pattern(3, 128);
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(bytes));
    ReadbackTicket kept;
    {
        SEDX_REQUIRE(const ReadbackTicket ticket, Readbacks().Request(buffer));
        ASSERT_TRUE(Ok(ticket.Wait()));
        kept = ticket;
    }
    // Others come and go: this one's memory is not given to them.
    const std::span<const std::byte> view = kept.Bytes();
    for (uint64_t i = 0; i < 50; ++i)
    {
        SEDX_REQUIRE(const Buffer other, MakeFilled(Pattern(100 + i, 128)));
        EXPECT_TRUE(SameBytes(Pattern(100 + i, 128), ReadBack(*m_system, other)));
    }
    EXPECT_TRUE(SameBytes(bytes, view));
    EXPECT_TRUE(SameBytes(bytes, kept.Bytes()));
}

TEST_P(ReadbackTest, ManyInFlight)
{
    constexpr uint64_t kCount = 1000;
    const Bytes bytes = Pattern(4, kCount * 16);
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(bytes));
    NewWaits();
    std::vector<ReadbackTicket> tickets;
    for (uint64_t i = 0; i < kCount; ++i)
    {
        SEDX_REQUIRE(ReadbackTicket ticket, Readbacks().Request({buffer, i * 16, 1 + i % 16}));
        tickets.push_back(std::move(ticket));
        if (i % 100 == 99)
            m_commands->RunFrame(*m_system); // EndFrame carries them
    }
    m_commands->WaitIdle();
    for (uint64_t i = 0; i < kCount; ++i)
    {
        ASSERT_TRUE(tickets[i].Ready()) << i;
        ASSERT_TRUE(SameBytes(std::span(bytes).subspan(i * 16, 1 + i % 16), tickets[i].Bytes())) << i;
    }
    EXPECT_EQ(m_system->GetReport().Waits(WaitCause::Readback).count, 0u);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < kCount; ++i)
        sum += 1 + i % 16;
    EXPECT_EQ(m_system->GetReport().readbackBytes, sum);
}

TEST_P(ReadbackTest, MemoryIsGivenBack)
{
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(Pattern(5, 1 << 20)));
    uint64_t settled = 0;
    for (int i = 0; i < 60; ++i)
    {
        EXPECT_EQ(ReadBack(*m_system, buffer).size(), 1u << 20);
        m_commands->RunFrame(*m_system);
        if (i == 10)
            settled = m_system->GetReport().readback.bytes;
    }
    EXPECT_LE(m_system->GetReport().readback.bytes, settled);
    // Many at once, and then none.
    {
        std::vector<ReadbackTicket> tickets;
        for (int i = 0; i < 30; ++i)
        {
            SEDX_REQUIRE(ReadbackTicket ticket, Readbacks().Request(buffer));
            tickets.push_back(std::move(ticket));
        }
        ASSERT_TRUE(Ok(Readbacks().Submit()));
        EXPECT_GE(m_system->GetReport().readback.bytes, 30u << 20);
        for (const ReadbackTicket& ticket : tickets)
            ASSERT_TRUE(Ok(ticket.Wait()));
    }
    for (int i = 0; i < 5; ++i)
    {
        m_commands->RunFrame(*m_system);
        m_commands->WaitIdle();
        m_clock.Advance(kWarmNs);
        m_system->Poll();
    }
    EXPECT_LE(m_system->GetReport().readback.bytes, std::max<uint64_t>(settled, 20u << 20));
}

TEST_P(ReadbackTest, TicketDroppedBeforeItWasReady)
{
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(Pattern(6, 4096)));
    for (int i = 0; i < 20; ++i)
    {
        ASSERT_TRUE(Ok(Readbacks().Request(buffer))); // dropped at once
        if (i % 2 == 0)
        {
            ASSERT_TRUE(Ok(Readbacks().Submit()));
        }
        m_system->Poll();
    }
    m_commands->RunFrame(*m_system);
    EXPECT_TRUE(SameBytes(Pattern(6, 4096), ReadBack(*m_system, buffer)));
}

// The memory of a dropped ticket must not be used again while the GPU still writes it.
TEST_P(ReadbackTest, MemoryOfADroppedTicketIsUsedAgainOnlyWhenTheCopyHasPassed)
{
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(Pattern(7, 4096)));
    ASSERT_TRUE(Ok(m_system->Uploads().Submit()));
    HeldTimelines held(Calls());
    Calls().TakeCopies();
    for (int i = 0; i < 10; ++i)
    {
        ASSERT_TRUE(Ok(Readbacks().Request(buffer)));
        ASSERT_TRUE(Ok(Readbacks().Submit()));
        m_system->Poll();
    }
    EXPECT_EQ(held.Waits(), 0u);
    std::vector<CopyRecord> copies = Calls().TakeCopies();
    std::ranges::sort(copies, [](const CopyRecord& a, const CopyRecord& b) {
        return std::tie(a.destination, a.destinationOffset) < std::tie(b.destination, b.destinationOffset);
    });
    for (size_t i = 1; i < copies.size(); ++i)
    {
        EXPECT_TRUE(copies[i - 1].destination != copies[i].destination ||
                    copies[i - 1].destinationOffset + copies[i - 1].bytes <= copies[i].destinationOffset)
            << "two copies under way write the same memory";
    }
}

// Peers' mistake: no barrier to the host, so that the CPU may read what was there before. lavapipe would not show it.
TEST_P(ReadbackTest, CopiesForTheCpuEndWithABarrierToTheHost)
{
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(Pattern(7, 4096)));
    SEDX_REQUIRE(const Buffer readable,
                 m_system->CreateBuffer(4096, BufferUsage::TransferDst, MemoryType::Readback, "readable"));
    ASSERT_TRUE(Ok(m_system->Uploads().Submit()));
    Bytes bytes(4096);
    const std::function<void()> ways[] = {
        [&] {
            SEDX_REQUIRE(const ReadbackTicket ticket, Readbacks().Request(buffer));
            EXPECT_TRUE(Ok(ticket.Wait()));
        },
        [&] { EXPECT_TRUE(Ok(Readbacks().Read(buffer, bytes))); },
        [&] {
            SEDX_REQUIRE(const UploadTicket ticket, m_system->Uploads().Copy(buffer, readable));
            EXPECT_TRUE(Ok(ticket.Wait()));
        },
    };
    for (const auto& way : ways)
    {
        Calls().TakeBarriers();
        Calls().TakeCopies();
        way();
        const std::vector<CopyRecord> copies = Calls().TakeCopies();
        const std::vector<BarrierRecord> barriers = Calls().TakeBarriers();
        ASSERT_FALSE(copies.empty());
        const auto leadsToHost = [&](const BarrierRecord& record) {
            constexpr VkAccessFlags2 kWrites = VK_ACCESS_2_TRANSFER_WRITE_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT;
            constexpr VkPipelineStageFlags2 kCopies = VK_PIPELINE_STAGE_2_COPY_BIT |
                                                      VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT |
                                                      VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
            return record.commandBuffer == copies.back().commandBuffer && record.copyCalls == copies.back().call &&
                   (record.barrier.srcStageMask & kCopies) != 0 && (record.barrier.srcAccessMask & kWrites) != 0 &&
                   (record.barrier.dstStageMask & VK_PIPELINE_STAGE_2_HOST_BIT) != 0 &&
                   (record.barrier.dstAccessMask & VK_ACCESS_2_HOST_READ_BIT) != 0;
        };
        EXPECT_EQ(1, std::ranges::count_if(barriers, leadsToHost));
    }
}

// ---- what a read-back sees -----------------------------------------------------------------------------------------
TEST_P(ReadbackTest, SeesUploadsCollectedBeforeIt)
{
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(Filled(0, 64)));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, 10, Filled(1, 20))));
    SEDX_REQUIRE(const ReadbackTicket ticket, Readbacks().Request(buffer));
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    SEDX_REQUIRE(const auto bytes, ticket.Wait());
    Bytes expected = Filled(0, 64);
    std::fill_n(expected.begin() + 10, 20, std::byte{1});
    EXPECT_TRUE(SameBytes(expected, bytes));
}

TEST_P(ReadbackTest, SeesWhatTheFrameWrote)
{
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(Filled(0, 64)));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    // Asked for before the frame is submitted; goes out at EndFrame, after it.
    SEDX_REQUIRE(const ReadbackTicket ticket, Readbacks().Request(buffer));
    VkCommandBuffer cmd = m_commands->Begin();
    const ResolvedBuffer resolved = frame.Resolve(buffer);
    m_commands->Functions().CmdFillBuffer(cmd, resolved.buffer, resolved.offset, 64, 0x07070707);
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    SEDX_REQUIRE(const auto bytes, ticket.Wait());
    EXPECT_TRUE(SameBytes(Filled(7, 64), bytes));
}

TEST_P(ReadbackTest, SeesTheEndOfTheFrameThatItNames)
{
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(Filled(0, 64)));
    const auto fill = [&](const Frame& frame, uint32_t value) {
        VkCommandBuffer cmd = m_commands->Begin();
        const ResolvedBuffer resolved = frame.Resolve(buffer);
        m_commands->Barrier(cmd);
        m_commands->Functions().CmdFillBuffer(cmd, resolved.buffer, resolved.offset, 64, value);
        m_commands->Submit(cmd, frame);
    };
    // Two frames are open, as in a pipelined engine; the older one ends first.
    SEDX_REQUIRE(const Frame older, m_system->BeginFrame());
    SEDX_REQUIRE(const Frame newer, m_system->BeginFrame());
    SEDX_REQUIRE(const ReadbackTicket ofNewer, Readbacks().Request(buffer, newer));
    SEDX_REQUIRE(const ReadbackTicket ofCurrent, Readbacks().Request(buffer));
    SEDX_REQUIRE(const ReadbackTicket ofOlder, Readbacks().Request(buffer, older));
    fill(older, 0x01010101);
    ASSERT_TRUE(Ok(m_system->EndFrame(older)));
    fill(newer, 0x02020202);
    ASSERT_TRUE(Ok(m_system->EndFrame(newer)));
    SEDX_REQUIRE(const auto first, ofOlder.Wait());
    EXPECT_TRUE(SameBytes(Filled(1, 64), first));
    SEDX_REQUIRE(const auto second, ofNewer.Wait());
    EXPECT_TRUE(SameBytes(Filled(2, 64), second));
    SEDX_REQUIRE(const auto current, ofCurrent.Wait());
    EXPECT_TRUE(SameBytes(Filled(2, 64), current));
}

TEST_P(ReadbackTest, FrameThatHasEnded)
{
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(Filled(5, 64)));
    const Frame ended = m_commands->RunFrame(*m_system);
    const auto ticket = Readbacks().Request(buffer, ended);
    if (!ticket)
    {
        EXPECT_EQ(ticket.error().code, ErrorCode::WrongState);
        return;
    }
    SEDX_REQUIRE(const auto bytes, ticket->Wait());
    EXPECT_TRUE(SameBytes(Filled(5, 64), bytes));
}

TEST_P(ReadbackTest, NextFrameDoesNotOvertakeIt)
{
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(Filled(0, 64)));
    std::vector<ReadbackTicket> tickets;
    for (uint32_t i = 1; i <= 20; ++i)
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        VkCommandBuffer cmd = m_commands->Begin();
        const ResolvedBuffer resolved = frame.Resolve(buffer);
        m_commands->Barrier(cmd);
        m_commands->Functions().CmdFillBuffer(cmd, resolved.buffer, resolved.offset, 64, i * 0x01010101);
        m_commands->Submit(cmd, frame);
        SEDX_REQUIRE(ReadbackTicket ticket, Readbacks().Request(buffer));
        tickets.push_back(std::move(ticket));
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    }
    for (uint8_t i = 1; i <= 20; ++i)
    {
        SEDX_REQUIRE(const auto bytes, tickets[i - 1u].Wait());
        EXPECT_TRUE(SameBytes(Filled(i, 64), bytes)) << "frame " << int{i};
    }
}

TEST_P(ReadbackTest, DiscardAfterTheRequestIsNotSeen)
{
    SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::CPU));
    ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, 0, Filled(1, 64))));
    SEDX_REQUIRE(const ReadbackTicket ticket, Readbacks().Request(buffer));
    {
        SEDX_REQUIRE(auto mapping, m_system->MapWritable<std::byte>(buffer, MapMode::WriteDiscard));
        std::ranges::fill(mapping.Span(), std::byte{2});
    }
    SEDX_REQUIRE(const auto before, ticket.Wait());
    EXPECT_TRUE(SameBytes(Filled(1, 64), before));
    EXPECT_TRUE(SameBytes(Filled(2, 64), ReadBack(*m_system, buffer)));
}

// A direct write must not reach bytes that were asked for and not copied yet.
TEST_P(ReadbackTest, DirectWriteAfterTheRequestIsNotSeen)
{
    SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::CPU));
    ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, 0, Filled(1, 64))));
    SEDX_REQUIRE(const ReadbackTicket ticket, Readbacks().Request(buffer));
    ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, 0, Filled(2, 64))));
    SEDX_REQUIRE(const auto before, ticket.Wait());
    EXPECT_TRUE(SameBytes(Filled(1, 64), before));
    EXPECT_TRUE(SameBytes(Filled(2, 64), ReadBack(*m_system, buffer)));
}

TEST_P(ReadbackTest, SourceDroppedRightAfterTheRequest)
{
    std::vector<std::pair<ReadbackTicket, uint64_t>> tickets;
    for (uint64_t i = 0; i < 20; ++i)
    {
        SEDX_REQUIRE(const Buffer buffer, MakeFilled(Pattern(i, 5000)));
        SEDX_REQUIRE(ReadbackTicket ticket, Readbacks().Request(buffer));
        tickets.emplace_back(std::move(ticket), i);
    }
    m_system->Poll();
    for (const auto& [ticket, seed] : tickets)
    {
        SEDX_REQUIRE(const auto bytes, ticket.Wait());
        EXPECT_TRUE(SameBytes(Pattern(seed, 5000), bytes));
    }
}

TEST_P(ReadbackTest, ReadbackBufferItselfCanBeRead)
{
    SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(64, BufferUsage::TransferDst, MemoryType::Readback));
    ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, 0, Filled(4, 64))));
    EXPECT_TRUE(SameBytes(Filled(4, 64), ReadBack(*m_system, buffer)));
}

// ---- failures and threads ------------------------------------------------------------------------------------------
TEST_P(ReadbackTest, OutOfMemoryIsAnError)
{
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(Pattern(8, 8 << 20)));
    ASSERT_TRUE(Ok(m_system->Uploads().Submit()));
    Calls().FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 1000);
    std::vector<ReadbackTicket> tickets;
    bool hasFailed = false;
    for (int i = 0; i < 100 && !hasFailed; ++i)
    {
        auto ticket = Readbacks().Request(buffer);
        hasFailed = !ticket;
        if (ticket)
            tickets.push_back(std::move(*ticket));
        else
            EXPECT_EQ(ticket.error().code, ErrorCode::OutOfDeviceMemory) << ticket.error().message;
    }
    EXPECT_TRUE(hasFailed);
    Calls().StopFailing();
    EXPECT_TRUE(SameBytes(Pattern(8, 8 << 20), ReadBack(*m_system, buffer)));
}

TEST_P(ReadbackTest, FailedSubmissionIsReportedByItsTickets)
{
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(Pattern(9, 64)));
    ASSERT_TRUE(Ok(m_system->Uploads().Submit()));
    SEDX_REQUIRE(const ReadbackTicket ticket, Readbacks().Request(buffer));
    Calls().FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_HOST_MEMORY, 1, 1000);
    EXPECT_TRUE(FailsWith(Readbacks().Submit(), ErrorCode::OutOfHostMemory));
    Calls().StopFailing();
    const auto waited = ticket.Wait();
    if (waited)
    {
        EXPECT_TRUE(SameBytes(Pattern(9, 64), *waited));
    }
    else
    {
        EXPECT_EQ(waited.error().code, ErrorCode::OutOfHostMemory);
        EXPECT_TRUE(ticket.Bytes().empty());
    }
    EXPECT_TRUE(SameBytes(Pattern(9, 64), ReadBack(*m_system, buffer)));
}

TEST_P(ReadbackTest, ThreadsRequestAndWait)
{
    const Bytes bytes = Pattern(10, 8 * 1000);
    SEDX_REQUIRE(const Buffer buffer, MakeFilled(bytes));
    std::vector<std::thread> threads;
    for (uint64_t thread = 0; thread < 8; ++thread)
    {
        threads.emplace_back([&, thread] {
            for (uint64_t i = 0; i < 30; ++i)
            {
                const auto ticket = Readbacks().Request({buffer, thread * 1000 + i, 100});
                EXPECT_TRUE(Ok(ticket));
                if (!ticket)
                    return;
                const auto read = ticket->Wait();
                EXPECT_TRUE(Ok(read));
                if (read)
                {
                    EXPECT_TRUE(SameBytes(std::span(bytes).subspan(thread * 1000 + i, 100), *read));
                }
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
}
} // namespace
} // namespace sedx::test
