// UploadQueue::Write: exact bytes at any offset, order, the direct path, and that nothing waits or submits.
#include "upload_test.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

namespace sedx::test
{
namespace
{
// `writes` writes of 8 bytes, in five frames, each to one of `slots` places; then looks at all of them.
void WriteSmall(BufferSystem& system, TestCommands& commands, uint64_t slots, uint64_t writes)
{
    constexpr uint64_t kStride = 12; // gaps, so that neighbours cannot become one region
    SEDX_REQUIRE(const Buffer buffer,
                 system.CreateBuffer(slots * kStride, BufferUsage::Storage, MemoryType::GPU, "many writes"));
    std::vector<uint64_t> shadow(slots, 0);
    ASSERT_TRUE(Ok(system.Uploads().Write(buffer, 0, Filled(0, slots * kStride))));
    uint64_t next = 0;
    for (int frameIndex = 0; frameIndex < 5; ++frameIndex)
    {
        SEDX_REQUIRE(const Frame frame, system.BeginFrame());
        frame.Resolve(buffer);
        for (uint64_t i = 0; i < writes / 5; ++i, ++next)
        {
            const uint64_t slot = (next * 7919) % slots;
            shadow[slot] = next;
            const auto written = system.Uploads().Write(buffer, slot * kStride, std::as_bytes(std::span(&next, 1)));
            if (!written)
                FAIL() << written.error().message;
        }
        commands.Submit(commands.Begin(), frame);
        ASSERT_TRUE(Ok(system.EndFrame(frame)));
    }
    const Bytes read = ReadBack(system, buffer);
    ASSERT_EQ(read.size(), slots * kStride);
    uint64_t wrong = 0;
    for (uint64_t slot = 0; slot < slots; ++slot)
        wrong += std::memcmp(read.data() + slot * kStride, &shadow[slot], 8) != 0 ? 1u : 0u;
    EXPECT_EQ(wrong, 0u);
}

INSTANTIATE_TEST_SUITE_P(Layouts, UploadTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

// ---- exact bytes ---------------------------------------------------------------------------------------------------
// Peers' mistake: sizes rounded up to four bytes read past the source and overwrite up to three bytes of the destination.
// The source is a vector of exactly the written size: the address sanitizer sees a read past its end.
TEST_P(UploadTest, WritesExactlyTheBytesGiven)
{
    constexpr uint64_t kBytes = 64;
    for (const MemoryType memory : {MemoryType::GPU, MemoryType::CPU})
    {
        for (const bool inFlight : {false, true})
        {
            for (const uint64_t offset : {0ull, 1ull, 2ull, 3ull, 4ull, 7ull, 33ull})
            {
                for (const uint64_t count : {0ull, 1ull, 2ull, 3ull, 4ull, 5ull, 7ull, 8ull, 13ull, 31ull})
                {
                    SEDX_REQUIRE(const Buffer buffer, Make(kBytes, memory));
                    Bytes expected = Filled(0xA5, kBytes); // guard bytes all around
                    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, expected)));
                    const Bytes bytes = Pattern(offset * 100 + count, count);
                    if (inFlight)
                        WhileInFlight(buffer, [&] { EXPECT_TRUE(Ok(Uploads().Write(buffer, offset, bytes))); });
                    else
                        EXPECT_TRUE(Ok(Uploads().Write(buffer, offset, bytes)));
                    std::ranges::copy(bytes, expected.begin() + static_cast<ptrdiff_t>(offset));
                    ASSERT_TRUE(SameBytes(expected, ReadBack(*m_system, buffer)))
                        << count << " bytes at " << offset << (inFlight ? " in flight" : " fresh");
                }
            }
        }
    }
}

TEST_P(UploadTest, WritesUpToTheLastByte)
{
    for (const uint64_t size : {1ull, 3ull, 5ull, 66ull})
    {
        SEDX_REQUIRE(const Buffer buffer, Make(size));
        Bytes expected = Filled(1, size);
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, expected)));
        WhileInFlight(buffer, [&] { EXPECT_TRUE(Ok(Uploads().Write(buffer, size - 1, Filled(9, 1)))); });
        expected.back() = std::byte{9};
        EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, buffer)));
        WhileInFlight(buffer, [&] { EXPECT_TRUE(Ok(Uploads().Write(buffer, 0, Pattern(size, size)))); });
        EXPECT_TRUE(SameBytes(Pattern(size, size), ReadBack(*m_system, buffer)));
    }
}

TEST_P(UploadTest, ZeroBytesCompleteAtOnce)
{
    SEDX_REQUIRE(const Buffer buffer, Make(16));
    for (const uint64_t offset : {0ull, 5ull, 16ull})
    {
        SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, offset, std::span<const std::byte>()));
        EXPECT_TRUE(ticket.Ready());
        EXPECT_TRUE(Ok(ticket.Wait(0)));
    }
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 17, std::span<const std::byte>()), ErrorCode::OutOfRange));
    EXPECT_FALSE(m_system->IsInFlight(buffer));
}

TEST_P(UploadTest, RangesOutsideAreRefused)
{
    SEDX_REQUIRE(const Buffer buffer, Make(64, MemoryType::GPU, "sixty-four"));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(1, 64))));
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 0, Filled(2, 65)), ErrorCode::OutOfRange, "sixty-four"));
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 64, Filled(2, 1)), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 61, Filled(2, 4)), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, UINT64_MAX, Filled(2, 1)), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, UINT64_MAX - 3, Filled(2, 8)), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, uint64_t{1} << 32, Filled(2, 4)), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Write(Buffer(), 0, Filled(2, 4)), ErrorCode::InvalidArgument));
    EXPECT_TRUE(SameBytes(Filled(1, 64), ReadBack(*m_system, buffer)));
}

TEST_P(UploadTest, TypedWriteCountsBytesOfElements)
{
    struct Particle
    {
        float x, y;
        uint32_t id;
    };
    const std::vector<Particle> particles{{1.0f, 2.0f, 3}, {4.0f, 5.0f, 6}};
    SEDX_REQUIRE(const Buffer buffer, Make(3 * sizeof(Particle)));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, sizeof(Particle), std::span<const Particle>(particles))));
    EXPECT_TRUE(SameBytes(std::as_bytes(std::span(particles)),
                          ReadBack(*m_system, {buffer, sizeof(Particle), 2 * sizeof(Particle)})));
}

TEST_P(UploadTest, SourceMayBeFreedAfterTheCall)
{
    SEDX_REQUIRE(const Buffer buffer, Make(1000));
    WhileInFlight(buffer, [&] {
        Bytes temporary = Pattern(1, 1000);
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, temporary)));
        std::ranges::fill(temporary, std::byte{0xEE});
    });
    EXPECT_TRUE(SameBytes(Pattern(1, 1000), ReadBack(*m_system, buffer)));
}

// ---- order ---------------------------------------------------------------------------------------------------------
TEST_P(UploadTest, LaterWriteWins)
{
    SEDX_REQUIRE(const Buffer buffer, Make(256));
    Bytes expected = Filled(0, 256);
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, expected)));
    const auto write = [&](uint64_t offset, uint64_t count, uint8_t value) {
        ASSERT_TRUE(Ok(Uploads().Write(buffer, offset, Filled(value, count))));
        std::fill_n(expected.begin() + static_cast<ptrdiff_t>(offset), count, static_cast<std::byte>(value));
    };
    WhileInFlight(buffer, [&] {
        write(0, 128, 1);
        write(64, 128, 2); // overlaps the end of the first
        write(32, 64, 3);  // overlaps both
        write(100, 1, 4);  // inside
        write(10, 200, 5); // covers nearly everything
        write(50, 50, 6);  // and is cut in two
        write(0, 1, 7);
        write(255, 1, 8);
        write(50, 50, 9); // exactly the same range again
    });
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, buffer)));
}

TEST_P(UploadTest, RandomOverlapsInOneSubmission)
{
    Random random(0x0DDB17E5ull);
    SCOPED_TRACE(random.Trace());
    SEDX_REQUIRE(const Buffer buffer, Make(4096));
    Bytes shadow = Filled(0, 4096);
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, shadow)));
    for (int round = 0; round < 20; ++round)
    {
        WhileInFlight(buffer, [&] {
            const uint64_t writes = random.Between(1, 60);
            for (uint64_t i = 0; i < writes; ++i)
            {
                const uint64_t offset = random.Between(0, 4095);
                const uint64_t count = std::min<uint64_t>(random.Between(0, 300), 4096 - offset);
                const Bytes bytes = Pattern(random.Between(0, 1u << 30), count);
                ASSERT_TRUE(Ok(Uploads().Write(buffer, offset, bytes)));
                std::ranges::copy(bytes, shadow.begin() + static_cast<ptrdiff_t>(offset));
            }
        });
        ASSERT_TRUE(SameBytes(shadow, ReadBack(*m_system, buffer))) << "round " << round;
    }
}

TEST_P(UploadTest, SupersededBytesAreNotSent)
{
    SEDX_REQUIRE(const Buffer buffer, Make(1024));
    const uint64_t before = m_system->GetReport().supersededBytes;
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    Calls().TakeCopies();
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(static_cast<uint8_t>(i), 1024))));
    m_commands->Submit(m_commands->Begin(), frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    uint64_t copied = 0;
    for (const CopyRecord& copy : Calls().TakeCopies())
        copied += copy.bytes;
    EXPECT_EQ(copied, 1024u);
    EXPECT_EQ(m_system->GetReport().supersededBytes - before, 9u * 1024u);
    EXPECT_TRUE(SameBytes(Filled(9, 1024), ReadBack(*m_system, buffer)));
}

// The order that read-backs depend on: what was asked before a write must not see it.
TEST_P(UploadTest, WriteReadbackWrite)
{
    SEDX_REQUIRE(const Buffer buffer, Make(512));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(0, 512))));
    WhileInFlight(buffer, [&] {
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(1, 512))));
        SEDX_REQUIRE(const ReadbackTicket first, m_system->Readbacks().Request(buffer));
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 100, Filled(2, 100))));
        SEDX_REQUIRE(const ReadbackTicket second, m_system->Readbacks().Request(buffer));
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 150, Filled(3, 200))));
        SEDX_REQUIRE(const ReadbackTicket third, m_system->Readbacks().Request({buffer, 140, 20}));

        Bytes expected = Filled(1, 512);
        SEDX_REQUIRE(const auto one, first.Wait());
        EXPECT_TRUE(SameBytes(expected, one));
        std::fill_n(expected.begin() + 100, 100, std::byte{2});
        SEDX_REQUIRE(const auto two, second.Wait());
        EXPECT_TRUE(SameBytes(expected, two));
        std::fill_n(expected.begin() + 150, 200, std::byte{3});
        SEDX_REQUIRE(const auto three, third.Wait());
        EXPECT_TRUE(SameBytes(std::span(expected).subspan(140, 20), three));
        EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, buffer)));
    });
}

TEST_P(UploadTest, WritesGoBeforeTheFrameThatIsSubmittedNext)
{
    SEDX_REQUIRE(const Buffer source, Make(256));
    SEDX_REQUIRE(const Buffer target, Make(256));
    ASSERT_TRUE(Ok(Uploads().Write(source, 0, Filled(1, 256))));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    ASSERT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, source, target, 256)));
    ASSERT_TRUE(Ok(Uploads().Write(source, 0, Filled(2, 256)))); // recorded later, submitted earlier
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(Uploads().Write(source, 0, Filled(3, 256)))); // after the submission: not seen by it
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(SameBytes(Filled(2, 256), ReadBack(*m_system, target)));
    EXPECT_TRUE(SameBytes(Filled(3, 256), ReadBack(*m_system, source)));
}

// The next upload must wait on the GPU until the frame that still reads the old bytes has passed.
TEST_P(UploadTest, FramesInFlightKeepReadingTheOldBytes)
{
    SEDX_REQUIRE(const Buffer source, Make(4096));
    SEDX_REQUIRE(const Buffer first, Make(4096));
    SEDX_REQUIRE(const Buffer second, Make(4096));
    ASSERT_TRUE(Ok(Uploads().Write(source, 0, Pattern(1, 4096))));
    Gate gate(TheDevice());
    m_commands->RunFrame(
        *m_system,
        [&](const Frame& frame, VkCommandBuffer cmd) {
            EXPECT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, source, first, 4096)));
        },
        gate.Waits());
    NewWaits();
    ASSERT_TRUE(Ok(Uploads().Write(source, 0, Pattern(2, 4096))));
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        EXPECT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, source, second, 4096)));
    });
    EXPECT_EQ(NewWaits(), 0u);
    gate.Open();
    EXPECT_TRUE(SameBytes(Pattern(1, 4096), ReadBack(*m_system, first)));
    EXPECT_TRUE(SameBytes(Pattern(2, 4096), ReadBack(*m_system, second)));
}

// ---- nothing waits, nothing submits unannounced ---------------------------------------------------------------------
TEST_P(UploadTest, WriteOnlyCollects)
{
    SEDX_REQUIRE(const Buffer buffer, Make(4096));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    HeldTimelines held(Calls());
    NewWaits();
    const uint64_t submissions = Calls().Calls(Fn::QueueSubmit2);
    for (uint64_t i = 0; i < 500; ++i)
        ASSERT_TRUE(Ok(Uploads().Write(buffer, i * 8, Pattern(i, 8))));
    for (uint64_t i = 0; i < 20; ++i)
        ASSERT_TRUE(Ok(m_system->Readbacks().Request({buffer, i * 8, 8})));
    EXPECT_EQ(Calls().Calls(Fn::QueueSubmit2), submissions);
    EXPECT_EQ(NewWaits(), 0u);
    m_commands->Submit(m_commands->Begin(), frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_EQ(NewWaits(), 0u);
}

TEST_P(UploadTest, OneSubmissionCarriesManyWrites)
{
    m_system = MakeSystem({.transferPath = TransferPath::Regions});
    SEDX_REQUIRE(const Buffer a, Make(100000));
    SEDX_REQUIRE(const Buffer b, Make(100000));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(a);
    frame.Resolve(b);
    Calls().TakeCopies();
    Calls().TakeSubmissions();
    const Report before = m_system->GetReport();
    for (uint64_t i = 0; i < 200; ++i) // gaps between them: no two can be merged
    {
        ASSERT_TRUE(Ok(Uploads().Write(a, i * 500, Pattern(i, 100))));
        ASSERT_TRUE(Ok(Uploads().Write(b, i * 500, Pattern(i, 100))));
    }
    ASSERT_TRUE(Ok(Uploads().Submit()));
    EXPECT_EQ(Calls().TakeSubmissions().size(), 1u);
    const std::vector<CopyRecord> copies = Calls().TakeCopies();
    uint32_t calls = 0, last = 0;
    for (const CopyRecord& copy : copies)
    {
        calls += copy.call != last ? 1u : 0u;
        last = copy.call;
    }
    EXPECT_LE(calls, 8u) << "copies of one destination belong into one call";
    EXPECT_EQ(copies.size(), 400u);
    const Report after = m_system->GetReport();
    EXPECT_EQ(after.submissions - before.submissions, 1u);
    EXPECT_EQ(after.copyRegions - before.copyRegions, 400u);
    EXPECT_EQ(after.uploadedBytes - before.uploadedBytes, 40000u);
    EXPECT_EQ(after.writes - before.writes, 400u);
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    for (uint64_t i = 0; i < 200; i += 17)
        EXPECT_TRUE(SameBytes(Pattern(i, 100), ReadBack(*m_system, {a, i * 500, 100})));
}

TEST_P(UploadTest, SubmitOfNothingSubmitsNothing)
{
    const uint64_t before = Calls().Calls(Fn::QueueSubmit2);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Submit());
    EXPECT_TRUE(ticket.Ready());
    EXPECT_EQ(Calls().Calls(Fn::QueueSubmit2), before);
}

// ---- the direct path -----------------------------------------------------------------------------------------------
TEST_P(UploadTest, FreshMappableBufferIsWrittenInPlace)
{
    SEDX_REQUIRE(const Buffer buffer, Make(256, MemoryType::CPU));
    Calls().TakeCopies();
    const Report before = m_system->GetReport();
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 3, Pattern(1, 100)));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 50, Pattern(2, 7))));
    const Report after = m_system->GetReport();
    EXPECT_EQ(after.directBytes - before.directBytes, 107u);
    EXPECT_EQ(after.uploadedBytes - before.uploadedBytes, 107u);
    EXPECT_TRUE(ticket.Ready());
    ASSERT_TRUE(Ok(Uploads().Submit()));
    EXPECT_TRUE(Calls().TakeCopies().empty());
    Bytes expected = Pattern(1, 100);
    std::ranges::copy(Pattern(2, 7), expected.begin() + 47);
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, {buffer, 3, 100})));
}

TEST_P(UploadTest, UnmappableMemoryIsNeverWrittenInPlace)
{
    if (Layout().name != "Discrete")
        return;
    SEDX_REQUIRE(const Buffer buffer, Make(256));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Pattern(1, 256))));
    EXPECT_EQ(m_system->GetReport().directBytes, 0u);
    EXPECT_TRUE(SameBytes(Pattern(1, 256), ReadBack(*m_system, buffer)));
}

// Peers' mistake: a mapped buffer is written while frames in flight read it.
TEST_P(UploadTest, BufferInFlightIsNeverWrittenInPlace)
{
    SEDX_REQUIRE(const Buffer source, Make(1024, MemoryType::CPU));
    SEDX_REQUIRE(const Buffer seen, Make(1024));
    ASSERT_TRUE(Ok(Uploads().Write(source, 0, Filled(1, 1024))));
    Gate gate(TheDevice());
    m_commands->RunFrame(
        *m_system,
        [&](const Frame& frame, VkCommandBuffer cmd) {
            EXPECT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, source, seen, 1024)));
        },
        gate.Waits());
    const uint64_t direct = m_system->GetReport().directBytes;
    ASSERT_TRUE(Ok(Uploads().Write(source, 0, Filled(2, 1024))));
    EXPECT_EQ(m_system->GetReport().directBytes, direct);
    gate.Open();
    EXPECT_TRUE(SameBytes(Filled(1, 1024), ReadBack(*m_system, seen)));
    EXPECT_TRUE(SameBytes(Filled(2, 1024), ReadBack(*m_system, source)));
}

// A semaphore that was waited for says nothing to the memory domain of the host: that takes a barrier.
TEST_P(UploadTest, CopiesIntoMappableMemoryEndWithABarrierToTheHost)
{
    const auto meetsHost = [](const BarrierRecord& record) {
        constexpr VkAccessFlags2 kHost = VK_ACCESS_2_HOST_READ_BIT | VK_ACCESS_2_HOST_WRITE_BIT;
        return record.barrier.srcAccessMask != 0 && (record.barrier.dstStageMask & VK_PIPELINE_STAGE_2_HOST_BIT) != 0 &&
               (record.barrier.dstAccessMask & kHost) == kHost;
    };
    for (const TransferPath path : {TransferPath::Regions, TransferPath::Scatter, TransferPath::Inline})
    {
        const auto system = MakeSystem({.transferPath = path});
        ASSERT_TRUE(system);
        for (const MemoryType memory : {MemoryType::CPU, MemoryType::GPU})
        {
            SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, memory));
            SEDX_REQUIRE(const Frame frame, system->BeginFrame());
            const bool isMappable = frame.Resolve(buffer).mapped != nullptr; // and in flight, so that bytes need a copy
            ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 8, Pattern(1, 8))));
            Calls().TakeBarriers();
            const uint64_t scattered = system->GetReport().scatteredCopies;
            ASSERT_TRUE(Ok(system->Uploads().Submit()));
            // A queue for transfers, which the environment may ask for, has no shaders.
            EXPECT_LE(system->GetReport().scatteredCopies - scattered, path == TransferPath::Scatter ? 1u : 0u);
            EXPECT_EQ(std::ranges::count_if(Calls().TakeBarriers(), meetsHost), isMappable ? 1 : 0);
            m_commands->Submit(m_commands->Begin(), frame);
            ASSERT_TRUE(Ok(system->EndFrame(frame)));
        }
        m_commands->WaitIdle();
    }
}

TEST_P(UploadTest, BufferWithACopyUnderWayIsNotWrittenInPlace)
{
    SEDX_REQUIRE(const Buffer buffer, Make(1024, MemoryType::CPU));
    HeldTimelines held(Calls()); // the copy appears to run on
    WhileInFlight(buffer, [&] { ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(1, 1024)))); });
    const uint64_t direct = m_system->GetReport().directBytes;
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(2, 512))));
    EXPECT_EQ(m_system->GetReport().directBytes, direct);
    held.Release();
    Bytes expected = Filled(1, 1024);
    std::fill_n(expected.begin(), 512, std::byte{2});
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, buffer)));
}

// A staged write that was only collected must not be overtaken by a direct one.
TEST_P(UploadTest, DirectWriteDoesNotOvertakeACollectedOne)
{
    SEDX_REQUIRE(const Buffer buffer, Make(256, MemoryType::CPU));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(1, 256))));
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame))); // not in flight any more, the write still waits
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(2, 128))));
    Bytes expected = Filled(1, 256);
    std::fill_n(expected.begin(), 128, std::byte{2});
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, buffer)));
}

TEST_P(UploadTest, PinnedBufferWhoseAddressIsKnownIsNotWrittenInPlace)
{
    SEDX_REQUIRE(
        const Buffer pinned,
        m_system->CreateBuffer(
            {.bytes = 64, .usage = BufferUsage::Storage, .memory = MemoryType::CPU, .name = "pinned", .pinned = true}));
    ASSERT_TRUE(Ok(m_system->GetDeviceAddress(pinned)));
    const uint64_t direct = m_system->GetReport().directBytes;
    ASSERT_TRUE(Ok(Uploads().Write(pinned, 0, Filled(2, 64))));
    EXPECT_EQ(m_system->GetReport().directBytes, direct);
    EXPECT_TRUE(SameBytes(Filled(2, 64), ReadBack(*m_system, pinned)));
}

// ---- WriteMany -----------------------------------------------------------------------------------------------------
TEST_P(UploadTest, WriteManyActsInOrder)
{
    SEDX_REQUIRE(const Buffer a, Make(100));
    SEDX_REQUIRE(const Buffer b, Make(100));
    const Bytes ones = Filled(1, 100), twos = Filled(2, 50), threes = Filled(3, 10);
    WhileInFlight(a, [&] {
        const std::vector<BufferWrite> writes{{a, 0, ones},    {b, 0, ones},    {a, 25, twos},
                                              {b, 90, threes}, {a, 70, threes}, {a, 5, {}}};
        SEDX_REQUIRE(const UploadTicket ticket, Uploads().WriteMany(writes));
        EXPECT_TRUE(Ok(ticket.Wait()));
        EXPECT_TRUE(ticket.Ready());
    });
    Bytes expected = ones;
    std::fill_n(expected.begin() + 25, 50, std::byte{2});
    std::fill_n(expected.begin() + 70, 10, std::byte{3});
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, a)));
    expected = ones;
    std::fill_n(expected.begin() + 90, 10, std::byte{3});
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, b)));
    EXPECT_TRUE(Ok(Uploads().WriteMany({})));
}

TEST_P(UploadTest, WriteManyKeepsWhatCameBeforeTheError)
{
    SEDX_REQUIRE(const Buffer buffer, Make(100, MemoryType::GPU, "many"));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(0, 100))));
    const Bytes ones = Filled(1, 10);
    const std::vector<BufferWrite> writes{{buffer, 0, ones}, {buffer, 95, ones}, {buffer, 50, ones}};
    EXPECT_TRUE(FailsWith(Uploads().WriteMany(writes), ErrorCode::OutOfRange, "many"));
    const Bytes read = ReadBack(*m_system, buffer);
    ASSERT_EQ(read.size(), 100u);
    EXPECT_TRUE(SameBytes(ones, std::span(read).first(10)));
    EXPECT_TRUE(SameBytes(Filled(0, 5), std::span(read).last(5)));
}

// ---- many ----------------------------------------------------------------------------------------------------------
TEST_P(UploadTest, ManySmallWrites) { WriteSmall(*m_system, *m_commands, 20000, 50000); }

// Without validation: the layers look at every region of every copy.
TEST_P(UploadTest, AMillionSmallWrites)
{
    TestDevice own;
    own.Present(Layout());
    ASSERT_TRUE(own.Create(false));
    SEDX_REQUIRE(auto system, BufferSystem::Create({.device = own.device, .framesInFlight = 4}));
    TestCommands commands(own.device);
    WriteSmall(*system, commands, 200000, 1000000);
    EXPECT_GE(system->GetReport().writes, 1000000u);
}

TEST_P(UploadTest, EightThreadsWriteTheirOwnRanges)
{
    constexpr uint64_t kThreads = 8;
    constexpr uint64_t kEach = 2000;
    SEDX_REQUIRE(const Buffer buffer, Make(kThreads * kEach * 8));
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (uint64_t thread = 0; thread < kThreads; ++thread)
    {
        threads.emplace_back([&, thread] {
            for (uint64_t i = 0; i < kEach; ++i)
            {
                const uint64_t value = thread << 32 | i;
                const auto ticket = Uploads().Write(buffer, (thread * kEach + i) * 8, std::span(&value, 1));
                EXPECT_TRUE(Ok(ticket));
                if (i % 500 == 499 && ticket)
                {
                    EXPECT_TRUE(Ok(ticket->Wait()));
                }
            }
        });
    }
    std::thread poller([&] {
        while (!stop)
            m_system->Poll();
    });
    for (int i = 0; i < 50; ++i)
        m_commands->UseInFrame(*m_system, buffer);
    for (std::thread& thread : threads)
        thread.join();
    stop = true;
    poller.join();
    const Bytes read = ReadBack(*m_system, buffer);
    ASSERT_EQ(read.size(), kThreads * kEach * 8);
    uint64_t wrong = 0;
    for (uint64_t thread = 0; thread < kThreads; ++thread)
    {
        for (uint64_t i = 0; i < kEach; ++i)
        {
            const uint64_t value = thread << 32 | i;
            wrong += std::memcmp(read.data() + (thread * kEach + i) * 8, &value, 8) != 0 ? 1u : 0u;
        }
    }
    EXPECT_EQ(wrong, 0u);
}
} // namespace
} // namespace sedx::test
