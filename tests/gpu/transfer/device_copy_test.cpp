// UploadQueue::Copy: exact bytes whichever way they take, the order with writes, read-backs and other copies, life
// times.
#include "support/gpu_test.h"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <tuple>

namespace sedx::test
{
namespace
{
using Param = std::tuple<MemoryLayout, TransferPath>;

class DeviceCopyTest : public GpuTest, public testing::WithParamInterface<Param>
{
  protected:
    MemoryLayout Layout() const override { return std::get<0>(GetParam()); }
    TransferPath Path() const { return std::get<1>(GetParam()); }

    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = MakeSystem({.framesInFlight = 4, .transferPath = Path()});
        ASSERT_TRUE(m_system);
        m_commands.emplace(TheDevice());
    }
    void TearDown() override
    {
        m_commands.reset();
        m_system.reset();
        GpuTest::TearDown();
    }

    UploadQueue& Uploads() { return m_system->Uploads(); }
    // Holds the bytes once the GPU has passed what is collected.
    Buffer Make(const Bytes& bytes, MemoryType memory = MemoryType::GPU, BufferUsage usage = BufferUsage::Storage)
    {
        const auto made = m_system->CreateBuffer(bytes.size(), usage, memory, "of a copy");
        EXPECT_TRUE(Ok(made));
        if (!made)
            return {};
        EXPECT_TRUE(Ok(Uploads().Write(*made, 0, bytes)));
        return *made;
    }

    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_commands;
};

std::string ParamName(const testing::TestParamInfo<Param>& info)
{
    constexpr const char* kPaths[] = {"Auto", "Regions", "Scatter"};
    return LayoutName({std::get<0>(info.param), info.index}) + kPaths[static_cast<size_t>(std::get<1>(info.param))];
}
INSTANTIATE_TEST_SUITE_P(
    Layouts, DeviceCopyTest,
    testing::Combine(testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                     testing::Values(TransferPath::Auto, TransferPath::Regions, TransferPath::Scatter)),
    ParamName);

struct Piece
{
    uint64_t from, to, bytes;
};
void Apply(const Bytes& source, Bytes& destination, const Piece& piece)
{
    std::copy_n(source.begin() + static_cast<ptrdiff_t>(piece.from), piece.bytes,
                destination.begin() + static_cast<ptrdiff_t>(piece.to));
}

// ---- bytes ---------------------------------------------------------------------------------------------------------

// Every alignment of both sides within 16 bytes, lengths around words, quads and groups of them; what lies beside
// stays.
TEST_P(DeviceCopyTest, AnyAlignmentAndLength)
{
    const Bytes from = Pattern(1, 20'000);
    const Buffer source = Make(from);
    for (const uint64_t length :
         {1u, 2u, 3u, 4u, 5u, 7u, 8u, 11u, 15u, 16u, 17u, 19u, 31u, 33u, 63u, 64u, 65u, 100u, 4097u})
    {
        const uint64_t stride = length + 33;
        Bytes expected = Pattern(length, 16 * 16 * stride + 16);
        const Buffer target = Make(expected);
        std::vector<BufferMove> moves;
        for (uint64_t i = 0; i < 16 * 16; ++i)
        {
            const Piece piece{i % 16 + 16 * (i % 7), i * stride - i * stride % 16 + i / 16, length};
            moves.push_back({{source, piece.from, piece.bytes}, target, piece.to});
            Apply(from, expected, piece);
        }
        ASSERT_TRUE(Ok(Uploads().CopyMany(moves)));
        EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, target))) << length << " bytes";
    }
    EXPECT_TRUE(SameBytes(from, ReadBack(*m_system, source)));
}

TEST_P(DeviceCopyTest, RandomRanges)
{
    Random random(0xC0F1);
    std::printf("%s\n", random.Trace().c_str());
    const Bytes from = Pattern(1, 700'000);
    Bytes expected = Pattern(2, 900'000);
    const Buffer source = Make(from);
    const Buffer target = Make(expected);
    for (int round = 0; round < 40; ++round)
    {
        const uint64_t most = random.Chance(1, 4) ? 600'000 : 3'000;
        const Piece piece{random.Between(0, 100'000), random.Between(0, 300'000), random.Between(1, most)};
        ASSERT_TRUE(Ok(Uploads().Copy({source, piece.from, piece.bytes}, target, piece.to)));
        Apply(from, expected, piece);
        if (random.Chance(1, 4))
        {
            ASSERT_TRUE(SameBytes(expected, ReadBack(*m_system, target))) << random.Trace();
        }
    }
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, target))) << random.Trace();
}

// Growth: everything into a larger buffer, from and into memory of each type.
TEST_P(DeviceCopyTest, BetweenMemoryTypes)
{
    for (const MemoryType from : {MemoryType::GPU, MemoryType::CPU, MemoryType::Readback})
        for (const MemoryType to : {MemoryType::GPU, MemoryType::CPU, MemoryType::Readback})
        {
            const Bytes bytes = Pattern(static_cast<uint64_t>(from) * 8 + static_cast<uint64_t>(to), 1'000'001);
            const Buffer source = Make(bytes, from);
            const auto target = m_system->CreateBuffer(bytes.size() * 2, BufferUsage::Storage, to, "grown");
            ASSERT_TRUE(Ok(target));
            const auto ticket = Uploads().Copy(source, *target);
            ASSERT_TRUE(Ok(ticket) && Ok(ticket->Wait()));
            EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, {*target, 0, bytes.size()})));
            if (to != MemoryType::Readback)
                continue;
            const auto mapped = m_system->MapReadable<std::byte>({*target, 0, bytes.size()});
            ASSERT_TRUE(Ok(mapped));
            EXPECT_TRUE(SameBytes(bytes, mapped->Span()));
        }
}

// ---- which way -----------------------------------------------------------------------------------------------------

TEST_P(DeviceCopyTest, TheForcedWayIsTaken)
{
    const Bytes bytes = Pattern(3, 4 << 20);
    const Buffer source = Make(bytes);
    const Buffer target = Make(Filled(0, bytes.size() + 16));
    ASSERT_FALSE(ReadBack(*m_system, {target, 0, 1}).empty());
    const bool isCpu = TheDevice().Properties().deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
    const auto copy = [&](uint64_t from, uint64_t to, uint64_t count) {
        const Report before = m_system->GetReport();
        const auto ticket = Uploads().Copy({source, from, count}, target, to);
        EXPECT_TRUE(Ok(ticket) && Ok(ticket->Wait()));
        const Report after = m_system->GetReport();
        EXPECT_EQ(after.copiedBytes - before.copiedBytes, count);
        return std::pair(after.copiedByShader - before.copiedByShader, after.copyRegions - before.copyRegions);
    };
    const bool always = Path() == TransferPath::Scatter;
    const bool isLongByShader = always || (Path() == TransferPath::Auto && !isCpu);
    using Counts = std::pair<uint64_t, uint64_t>; // bytes of the shader, regions
    EXPECT_EQ(copy(0, 0, 4 << 20), (isLongByShader ? Counts{4 << 20, 0} : Counts{0, 1}));
    EXPECT_EQ(copy(4, 16, 400), (always ? Counts{400, 0} : Counts{0, 1}));
    EXPECT_EQ(copy(1, 3, 400), (always ? Counts{396, 2} : Counts{0, 1})) << "ends within words";
    EXPECT_EQ(copy(0, 1, 3 << 20), (isLongByShader ? Counts{(3 << 20) - 4, 2} : Counts{0, 1}));
    EXPECT_EQ(copy(0, 1, 3), (Counts{0, 1})) << "no whole word";
}

// Without an address there is nothing a shader could read or write.
TEST_P(DeviceCopyTest, BuffersWithoutAnAddressGoByCommand)
{
    auto system = MakeSystem({.transferPath = Path(), .sharing = BufferSharing::Own});
    ASSERT_TRUE(system);
    const Bytes bytes = Pattern(3, 2 << 20);
    for (const bool sourceHas : {false, true})
    {
        const auto make = [&](bool has) {
            return system->CreateBuffer(bytes.size(), has ? BufferUsage::Storage : BufferUsage::Vertex,
                                        MemoryType::GPU);
        };
        const auto source = make(sourceHas);
        const auto target = make(!sourceHas);
        ASSERT_TRUE(source && target);
        ASSERT_TRUE(Ok(system->Uploads().Write(*source, 0, bytes)));
        ASSERT_TRUE(Ok(system->Uploads().Copy(*source, *target)));
        EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, *target)));
    }
    EXPECT_EQ(system->GetReport().copiedByShader, 0u);
}

// ---- order ---------------------------------------------------------------------------------------------------------

TEST_P(DeviceCopyTest, SeesWritesBeforeAndNoneAfter)
{
    const Bytes old = Pattern(1, 5000), changed = Pattern(2, 1000);
    const Buffer source = Make(old);
    const Buffer target = Make(Filled(0, 5000));
    ASSERT_TRUE(Ok(Uploads().Copy(source, target)));
    ASSERT_TRUE(Ok(Uploads().Write(source, 500, changed)));         // not seen by the copy
    ASSERT_TRUE(Ok(Uploads().Write(target, 4500, Filled(9, 500)))); // on top of it
    Bytes expected = old;
    std::fill(expected.begin() + 4500, expected.end(), std::byte{9});
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, target)));
    Bytes expectedSource = old;
    std::ranges::copy(changed, expectedSource.begin() + 500);
    EXPECT_TRUE(SameBytes(expectedSource, ReadBack(*m_system, source)));
}

// Mapped and idle buffers are written in place; not while a copy that was only collected still has to read or write
// them.
TEST_P(DeviceCopyTest, NothingIsWrittenInPlaceUnderACollectedCopy)
{
    const Bytes old = Pattern(1, 3000);
    const Buffer source = Make(old, MemoryType::CPU);
    const Buffer target = Make(Filled(0, 3000), MemoryType::CPU);
    ASSERT_FALSE(ReadBack(*m_system, {source, 0, 1}).empty());
    const uint64_t direct = m_system->GetReport().directBytes;
    ASSERT_TRUE(Ok(Uploads().Copy(source, target)));
    EXPECT_TRUE(m_system->IsInFlight(source));
    EXPECT_TRUE(m_system->IsInFlight(target));
    EXPECT_TRUE(FailsWith(m_system->MapWritable<std::byte>(source), ErrorCode::Busy));
    EXPECT_TRUE(FailsWith(m_system->MapWritable<std::byte>(target), ErrorCode::Busy));
    ASSERT_TRUE(Ok(Uploads().Write(source, 0, Filled(7, 3000))));
    ASSERT_TRUE(Ok(Uploads().Write(target, 0, Filled(8, 1))));
    EXPECT_EQ(m_system->GetReport().directBytes, direct);
    Bytes expected = old;
    expected[0] = std::byte{8};
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, target)));
    EXPECT_TRUE(SameBytes(Filled(7, 3000), ReadBack(*m_system, source)));
    EXPECT_FALSE(m_system->IsInFlight(source));
    EXPECT_FALSE(m_system->IsInFlight(target));
}

// New memory by WriteDiscard: the copy keeps what it was collected for.
TEST_P(DeviceCopyTest, DiscardedMemoryStaysForTheCopy)
{
    const Bytes old = Pattern(1, 3000), fresh = Pattern(2, 3000);
    const Buffer source = Make(old, MemoryType::CPU);
    const Buffer target = Make(Filled(0, 3000));
    ASSERT_TRUE(Ok(Uploads().Copy(source, target)));
    {
        SEDX_REQUIRE(auto mapped, m_system->MapWritable<std::byte>(source, MapMode::WriteDiscard));
        std::ranges::copy(fresh, mapped.Span().begin());
    }
    EXPECT_TRUE(SameBytes(old, ReadBack(*m_system, target)));
    EXPECT_TRUE(SameBytes(fresh, ReadBack(*m_system, source)));
}

TEST_P(DeviceCopyTest, ReadBacksBeforeSeeTheOldBytesAndThoseAfterTheNew)
{
    const Bytes a = Pattern(1, 4000), b = Pattern(2, 4000);
    const Buffer source = Make(a);
    const Buffer target = Make(b);
    SEDX_REQUIRE(const ReadbackTicket before, m_system->Readbacks().Request(target));
    ASSERT_TRUE(Ok(Uploads().Copy({source, 0, 2000}, target, 1000)));
    SEDX_REQUIRE(const ReadbackTicket after, m_system->Readbacks().Request(target));
    Bytes expected = b;
    Apply(a, expected, {0, 1000, 2000});
    SEDX_REQUIRE(const auto bytesAfter, after.Wait());
    SEDX_REQUIRE(const auto bytesBefore, before.Wait());
    EXPECT_TRUE(SameBytes(b, bytesBefore));
    EXPECT_TRUE(SameBytes(expected, bytesAfter));
}

// Each link needs the one before it, whether they go out together or not.
TEST_P(DeviceCopyTest, ChainsOfCopies)
{
    constexpr size_t kLinks = 6;
    for (const bool submitEach : {false, true})
    {
        const Bytes bytes = Pattern(submitEach ? 1 : 2, 10'000);
        std::vector<Buffer> chain{Make(bytes)};
        for (size_t i = 1; i < kLinks; ++i)
            chain.push_back(Make(Filled(0, bytes.size())));
        for (size_t i = 1; i < kLinks; ++i)
        {
            ASSERT_TRUE(Ok(Uploads().Copy(chain[i - 1], chain[i])));
            if (submitEach)
            {
                ASSERT_TRUE(Ok(Uploads().Submit()));
            }
        }
        // And back by a piece: the first link is overwritten after it was read.
        ASSERT_TRUE(Ok(Uploads().Copy({chain.back(), 100, 50}, chain.front(), 3000)));
        for (size_t i = 1; i < kLinks; ++i)
            EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, chain[i])));
        Bytes expected = bytes;
        Apply(bytes, expected, {100, 3000, 50});
        EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, chain.front())));
    }
}

// Two copies onto the same bytes, and one that overwrites what another reads.
TEST_P(DeviceCopyTest, LaterCopiesWin)
{
    const Bytes a = Pattern(1, 6000), b = Pattern(2, 6000);
    const Buffer first = Make(a), second = Make(b);
    Bytes expected = Filled(0, 6000);
    const Buffer target = Make(expected);
    const std::vector<BufferMove> moves{
        {{first, 0, 4000}, target, 0}, {{second, 0, 4000}, target, 2000}, {{first, 5000, 1000}, second, 1}};
    ASSERT_TRUE(Ok(Uploads().CopyMany(moves)));
    Apply(a, expected, {0, 0, 4000});
    Apply(b, expected, {0, 2000, 4000});
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, target)));
    Bytes expectedSecond = b;
    Apply(a, expectedSecond, {5000, 1, 1000});
    EXPECT_TRUE(SameBytes(expectedSecond, ReadBack(*m_system, second)));
}

// Defragmentation within a buffer: pieces close up towards its front, each onto bytes that were read before.
TEST_P(DeviceCopyTest, ClosesGapsWithinABuffer)
{
    Bytes expected = Pattern(1, 30'000);
    const Buffer buffer = Make(expected);
    uint64_t to = 0;
    for (uint64_t from = 1111; from + 1000 <= expected.size(); from += 2111)
    {
        ASSERT_TRUE(Ok(Uploads().Copy({buffer, from, 1000}, buffer, to)));
        const Bytes now = expected;
        Apply(now, expected, {from, to, 1000});
        to += 1000;
    }
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, buffer)));
}

// Copies that have nothing to do with each other need no barriers between them: one epoch.
TEST_P(DeviceCopyTest, IndependentCopiesShareTheirBarriers)
{
    const Bytes bytes = Pattern(1, 64'000);
    const Buffer source = Make(bytes);
    const Buffer target = Make(Filled(0, 64'000));
    ASSERT_FALSE(ReadBack(*m_system, {target, 0, 1}).empty());
    const auto barriersOf = [&](uint64_t count) {
        std::vector<BufferMove> moves;
        for (uint64_t i = 0; i < count; ++i)
            moves.push_back({{source, i * 1000, 999}, target, (63 - i) * 1000});
        const uint64_t before = Calls().Calls(Fn::CmdPipelineBarrier2);
        const auto ticket = Uploads().CopyMany(moves);
        EXPECT_TRUE(Ok(ticket) && Ok(ticket->Wait()));
        return Calls().Calls(Fn::CmdPipelineBarrier2) - before;
    };
    EXPECT_EQ(barriersOf(64), barriersOf(1));
}

// A read-back that waits for the end of its frame stays, if a copy does not touch what it reads.
TEST_P(DeviceCopyTest, UnrelatedCopiesDoNotSendReadBacksEarly)
{
    const Bytes bytes = Pattern(1, 1000);
    const Buffer source = Make(bytes), target = Make(Filled(0, 3000)), read = Make(Filled(5, 1000));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    ASSERT_TRUE(static_cast<bool>(frame.Resolve(read)));
    SEDX_REQUIRE(const ReadbackTicket ticket, m_system->Readbacks().Request(read));
    ASSERT_TRUE(Ok(Uploads().Copy(source, target)));
    ASSERT_TRUE(Ok(Uploads().Copy(source, target, 1000)));
    ASSERT_TRUE(Ok(Uploads().Copy({read, 0, 1000}, target, 2000))); // reads it as well
    VkCommandBuffer cmd = m_commands->Begin();
    const ResolvedBuffer where = frame.Resolve(read);
    m_commands->Functions().CmdFillBuffer(cmd, where.buffer, where.offset, 1000, 0x06060606);
    m_commands->Submit(cmd, frame); // sends the copies
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    SEDX_REQUIRE(const auto got, ticket.Wait());
    EXPECT_TRUE(SameBytes(Filled(6, 1000), got)) << "the read-back went out before its frame";
    Bytes expected = bytes;
    expected.insert(expected.end(), bytes.begin(), bytes.end());
    expected.resize(3000, std::byte{5});
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, target)));
}

// One that it overwrites has to go first, as with a write.
TEST_P(DeviceCopyTest, ReadBacksOfTheDestinationGoFirst)
{
    const Buffer source = Make(Filled(1, 100)), target = Make(Filled(2, 100));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    SEDX_REQUIRE(const ReadbackTicket ticket, m_system->Readbacks().Request(target));
    ASSERT_TRUE(Ok(Uploads().Copy(source, target)));
    m_commands->Submit(m_commands->Begin(), frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    SEDX_REQUIRE(const auto got, ticket.Wait());
    EXPECT_TRUE(SameBytes(Filled(2, 100), got));
    EXPECT_TRUE(SameBytes(Filled(1, 100), ReadBack(*m_system, target)));
}

// ---- going out -----------------------------------------------------------------------------------------------------

TEST_P(DeviceCopyTest, NothingGoesOutBeforeItIsSent)
{
    const Buffer source = Make(Filled(1, 5000)), target = Make(Filled(2, 5000));
    ASSERT_FALSE(ReadBack(*m_system, {target, 0, 1}).empty());
    const uint64_t submissions = m_system->GetReport().submissions;
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Copy(source, target));
    m_system->Poll();
    EXPECT_FALSE(ticket.Ready());
    EXPECT_EQ(m_system->GetReport().submissions, submissions);
    EXPECT_TRUE(FailsWith(ticket.Point(), ErrorCode::NotSubmitted));
    m_commands->RunFrame(*m_system); // SubmitSync sends it
    EXPECT_EQ(m_system->GetReport().submissions, submissions + 1);
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(ticket.Ready());
    EXPECT_TRUE(Ok(ticket.Point()));
    EXPECT_TRUE(SameBytes(Filled(1, 5000), ReadBack(*m_system, target)));
}

// Frames see what was copied before their submission.
TEST_P(DeviceCopyTest, TheFrameSeesIt)
{
    const Bytes bytes = Pattern(1, 70'000);
    const Buffer source = Make(bytes), target = Make(Filled(2, 70'000)), seen = Make(Filled(3, 70'000));
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        ASSERT_TRUE(Ok(Uploads().Copy(source, target)));
        ASSERT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, target, seen, 70'000)));
        m_commands->Barrier(cmd);
    });
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, seen)));
}

// Both may be dropped at once: the copy holds what it needs, and no longer than that.
TEST_P(DeviceCopyTest, HandlesMayBeDropped)
{
    const Bytes bytes = Pattern(1, 300'000);
    Buffer source = Make(bytes), middle = Make(Filled(2, 300'000));
    const Buffer target = Make(Filled(3, 300'000));
    ASSERT_TRUE(Ok(Uploads().Copy(source, middle)));
    ASSERT_TRUE(Ok(Uploads().Copy(middle, target)));
    source = {};
    middle = {};
    EXPECT_EQ(m_system->GetReport().gpu.buffers, 3u);
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, target)));
    m_system->Poll();
    EXPECT_EQ(m_system->GetReport().gpu.buffers, 1u);
    EXPECT_EQ(m_system->GetReport().liveBuffers, 1u);
}

TEST_P(DeviceCopyTest, RecordedIntoTheEnginesCommands)
{
    auto system = MakeSystem({.submitMode = SubmitMode::Recorded, .transferPath = Path()});
    ASSERT_TRUE(system);
    const Bytes bytes = Pattern(1, 500'001);
    const auto source = system->CreateBuffer(bytes.size(), BufferUsage::Storage, MemoryType::GPU, "source");
    const auto target = system->CreateBuffer(bytes.size(), BufferUsage::Storage, MemoryType::GPU, "target");
    ASSERT_TRUE(source && target);
    ASSERT_TRUE(Ok(system->Uploads().Write(*source, 0, bytes)));
    SEDX_REQUIRE(const UploadTicket ticket, system->Uploads().Copy(*source, *target));
    EXPECT_TRUE(FailsWith(ticket.Wait(), ErrorCode::NotSubmitted));
    m_commands->RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
        ASSERT_TRUE(Ok(system->Uploads().CmdFlush(frame, cmd)));
    });
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(SameBytes(bytes, ReadInFrame(*system, *m_commands, {*target})));
}

TEST_P(DeviceCopyTest, ManyThreads)
{
    constexpr uint64_t kThreads = 4, kEach = 60, kBytes = 4001;
    std::vector<std::thread> threads;
    for (uint64_t thread = 0; thread < kThreads; ++thread)
        threads.emplace_back([&, thread] {
            const Bytes bytes = Pattern(thread, kBytes);
            Buffer last = Make(bytes);
            for (uint64_t i = 0; i < kEach; ++i)
            {
                const auto next = m_system->CreateBuffer(kBytes, BufferUsage::Storage, MemoryType::GPU, "next");
                ASSERT_TRUE(Ok(next));
                ASSERT_TRUE(Ok(Uploads().Copy(last, *next)));
                last = *next; // the one before goes
                if (i % 7 == 0)
                {
                    ASSERT_TRUE(Ok(Uploads().Submit()));
                }
            }
            EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, last)));
        });
    for (std::thread& thread : threads)
        thread.join();
}

// ---- failures ------------------------------------------------------------------------------------------------------

TEST_P(DeviceCopyTest, WhatCannotBeCopied)
{
    const Bytes bytes = Pattern(1, 100);
    const Buffer a = Make(bytes), b = Make(Filled(0, 50));
    EXPECT_TRUE(FailsWith(Uploads().Copy(Buffer{}, b), ErrorCode::InvalidArgument, "source"));
    EXPECT_TRUE(FailsWith(Uploads().Copy(a, Buffer{}), ErrorCode::InvalidArgument, "destination"));
    EXPECT_TRUE(FailsWith(Uploads().Copy(a, b), ErrorCode::OutOfRange, "100"));
    EXPECT_TRUE(FailsWith(Uploads().Copy({a, 90, 11}, b), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Copy({a, 101, 0}, b), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Copy({a, UINT64_MAX, 2}, b), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Copy({a, 1, UINT64_MAX - 1}, b), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Copy({a, 0, 10}, b, 41), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Copy({a, 0, 10}, b, UINT64_MAX), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Copy({a, 0, 10}, a, 9), ErrorCode::InvalidArgument, "overlap"));
    EXPECT_TRUE(FailsWith(Uploads().Copy({a, 9, 10}, a, 0), ErrorCode::InvalidArgument, "overlap"));
    EXPECT_TRUE(FailsWith(Uploads().Copy(a, a), ErrorCode::InvalidArgument, "overlap"));
    auto other = MakeSystem();
    ASSERT_TRUE(other);
    EXPECT_TRUE(FailsWith(other->Uploads().Copy(a, a, 0), ErrorCode::WrongState));
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, a)));
    EXPECT_TRUE(SameBytes(Filled(0, 50), ReadBack(*m_system, b)));
}

TEST_P(DeviceCopyTest, NothingToCopyIsComplete)
{
    const Buffer a = Make(Filled(1, 100));
    const auto sent = Uploads().Submit();
    ASSERT_TRUE(Ok(sent) && Ok(sent->Wait()));
    for (const uint64_t at : {0u, 50u, 100u})
    {
        SEDX_REQUIRE(const UploadTicket ticket, Uploads().Copy({a, at, 0}, a, at));
        EXPECT_TRUE(ticket.Ready());
    }
    SEDX_REQUIRE(const UploadTicket none, Uploads().CopyMany({}));
    EXPECT_TRUE(none.Ready());
    EXPECT_FALSE(m_system->IsInFlight(a));
}

// Those before the failing one stand.
TEST_P(DeviceCopyTest, CopyManyStopsAtTheFirstBadOne)
{
    const Buffer a = Make(Filled(1, 100)), b = Make(Filled(2, 100));
    const std::vector<BufferMove> moves{{{a, 0, 10}, b, 0}, {{a, 95, 10}, b, 20}, {{a, 0, 10}, b, 40}};
    EXPECT_TRUE(FailsWith(Uploads().CopyMany(moves), ErrorCode::OutOfRange));
    Bytes expected = Filled(2, 100);
    std::fill_n(expected.begin(), 10, std::byte{1});
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, b)));
}

// The submission that should have carried it failed: the ticket says so, and the buffers are free again.
TEST_P(DeviceCopyTest, AFailedSubmissionIsTold)
{
    const Buffer a = Make(Filled(1, 100)), b = Make(Filled(2, 100));
    ASSERT_FALSE(ReadBack(*m_system, {b, 0, 1}).empty());
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Copy(a, b));
    Calls().FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    EXPECT_TRUE(FailsWith(Uploads().Submit(), ErrorCode::OutOfDeviceMemory));
    Calls().StopFailing();
    EXPECT_TRUE(FailsWith(ticket.Wait(), ErrorCode::OutOfDeviceMemory));
    EXPECT_FALSE(m_system->IsInFlight(a));
    EXPECT_TRUE(SameBytes(Filled(2, 100), ReadBack(*m_system, b)));
    ASSERT_TRUE(Ok(Uploads().Copy(a, b)));
    EXPECT_TRUE(SameBytes(Filled(1, 100), ReadBack(*m_system, b)));
}
} // namespace
} // namespace sedx::test
