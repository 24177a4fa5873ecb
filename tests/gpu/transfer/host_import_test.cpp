// Writes straight from the application's memory: exact bytes, order, the end of the handle.
#include "host_import_test.h"
#include "upload_test.h"

#include <bit>
#include <cstring>
#include <gmock/gmock.h>
#include <thread>

namespace sedx::test
{
namespace
{
using testing::HasSubstr;

class HostImportTest : public UploadTest
{
  protected:
    void SetUp() override
    {
        if (!CanImport(SharedDevice(Layout()).device))
            SEDX_SKIP("the device lacks VK_EXT_external_memory_host");
        UploadTest::SetUp();
    }
    void TearDown() override
    {
        if (m_system)
            UploadTest::TearDown();
    }
    Report Numbers() { return m_system->GetReport(); }
};

INSTANTIATE_TEST_SUITE_P(Layouts, HostImportTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

// ---- exact bytes ---------------------------------------------------------------------------------------------------
TEST_P(HostImportTest, BytesArriveExactlyAtOddOffsetsAndSizes)
{
    Arena arena(5 * kPage + 77, 13);
    SEDX_REQUIRE(const ImportedMemory memory, Uploads().Import(arena.Block()));
    ASSERT_TRUE(memory.IsImported()) << memory.Why();
    EXPECT_EQ(memory.Block().data(), arena.Block().data());
    constexpr uint64_t kBytes = 6 * kPage;
    for (const uint64_t from : {uint64_t{0}, uint64_t{1}, kPage - 13, kPage - 12, 2 * kPage + 3, 5 * kPage + 76})
    {
        for (const uint64_t count : {uint64_t{0}, uint64_t{1}, uint64_t{3}, uint64_t{511}, kPage + 1, 4 * kPage + 5})
        {
            if (from + count > arena.Block().size())
                continue;
            SEDX_REQUIRE(const Buffer buffer, Make(kBytes));
            Bytes expected = Filled(0xA5, kBytes); // guard bytes all around
            ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, expected)));
            const uint64_t to = from % 7;
            SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, to, {memory, from, count}));
            ASSERT_TRUE(Ok(ticket.Wait()));
            std::ranges::copy(arena.Part(from, count), expected.begin() + static_cast<ptrdiff_t>(to));
            ASSERT_TRUE(SameBytes(expected, ReadBack(*m_system, buffer))) << count << " bytes from " << from;
        }
    }
}

TEST_P(HostImportTest, WholeUnitsAreCopiedByTheGpuAndTheEndsByStaging)
{
    Arena arena(3 * kPage, 100);
    SEDX_REQUIRE(const ImportedMemory memory, Uploads().Import(arena.Block()));
    const uint64_t imported = memory.ImportedBytes();
    const uint64_t unit = 3 * kPage - imported; // one of them lies half before the block and half behind it
    EXPECT_TRUE(std::has_single_bit(unit)) << unit;
    EXPECT_LE(unit, kPage);
    SEDX_REQUIRE(const Buffer buffer, Make(3 * kPage));
    const Report before = Numbers();
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, memory));
    ASSERT_TRUE(Ok(ticket.Wait()));
    const Report after = Numbers();
    EXPECT_EQ(after.importedBytes - before.importedBytes, imported);
    EXPECT_EQ(after.uploadedBytes - before.uploadedBytes, 3 * kPage);
    EXPECT_EQ(after.writes - before.writes, 1u);
    EXPECT_EQ(after.imports, 1u);
    EXPECT_EQ(after.refusedImports, 0u);
    EXPECT_THAT(Uploads().Explain(ticket), HasSubstr("imported memory"));
    EXPECT_TRUE(SameBytes(arena.Block(), ReadBack(*m_system, buffer)));

    SEDX_REQUIRE(const ImportedMemory all, Uploads().Import(arena.Block(), {.wholePages = true}));
    EXPECT_EQ(all.ImportedBytes(), 3 * kPage);
    SEDX_REQUIRE(const Buffer second, Make(3 * kPage));
    ASSERT_TRUE(Ok(Uploads().Write(second, 0, all)));
    EXPECT_EQ(Numbers().importedBytes - after.importedBytes, 3 * kPage);
    EXPECT_TRUE(SameBytes(arena.Block(), ReadBack(*m_system, second)));
}

TEST_P(HostImportTest, BlockWithoutAWholePageGoesByStaging)
{
    Arena arena(100, 31);
    SEDX_REQUIRE(const ImportedMemory memory, Uploads().Import(arena.Block()));
    EXPECT_TRUE(static_cast<bool>(memory));
    EXPECT_FALSE(memory.IsImported());
    EXPECT_EQ(memory.ImportedBytes(), 0u);
    EXPECT_THAT(memory.Why(), HasSubstr("100 bytes"));
    EXPECT_EQ(Numbers().refusedImports, 1u);
    SEDX_REQUIRE(const Buffer buffer, Make(100));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 1, {memory, 1, 98})));
    const Bytes source(arena.Block().begin(), arena.Block().end());
    arena.Overwrite(); // these bytes were copied at once
    EXPECT_TRUE(SameBytes(std::span(source).subspan(1, 98), ReadBack(*m_system, {buffer, 1, 98})));
}

TEST_P(HostImportTest, WhatTheCpuChangesBetweenWritesIsSeen)
{
    Arena arena(4 * kPage);
    SEDX_REQUIRE(const ImportedMemory memory, Uploads().Import(arena.Block()));
    ASSERT_TRUE(memory.IsImported()) << memory.Why();
    SEDX_REQUIRE(const Buffer buffer, Make(4 * kPage));
    for (uint64_t round = 0; round < 4; ++round)
    {
        std::ranges::copy(Pattern(round, 4 * kPage), arena.Block().begin());
        Calls().TakeFlushes();
        SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 5, {memory, 5, 4 * kPage - 9}));
        if (GetParam().name == "NonCoherent")
        {
            EXPECT_FALSE(Calls().TakeFlushes().empty());
        }
        ASSERT_TRUE(Ok(ticket.Wait()));
        ASSERT_TRUE(SameBytes(arena.Part(5, 4 * kPage - 9), ReadBack(*m_system, {buffer, 5, 4 * kPage - 9})));
    }
}

// ---- order ---------------------------------------------------------------------------------------------------------
TEST_P(HostImportTest, InOrderWithWritesAround)
{
    Arena arena(8 * kPage);
    SEDX_REQUIRE(const ImportedMemory memory, Uploads().Import(arena.Block()));
    SEDX_REQUIRE(const Buffer buffer, Make(8 * kPage));
    WhileInFlight(buffer, [&] {
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(1, 8 * kPage))));
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 1000, {memory, 0, 4 * kPage}))); // over it
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 3000, Filled(2, 500))));         // into the middle of that
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 3100, {memory, 77, 33})));       // and back again
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 6 * kPage, {memory, 6 * kPage, 2 * kPage})));
    });
    Bytes shadow = Filled(1, 8 * kPage);
    const auto put = [&](std::span<const std::byte> bytes, uint64_t at) {
        std::ranges::copy(bytes, shadow.begin() + static_cast<ptrdiff_t>(at));
    };
    put(arena.Part(0, 4 * kPage), 1000);
    put(Filled(2, 500), 3000);
    put(arena.Part(77, 33), 3100);
    put(arena.Part(6 * kPage, 2 * kPage), 6 * kPage);
    EXPECT_TRUE(SameBytes(shadow, ReadBack(*m_system, buffer)));
}

TEST_P(HostImportTest, RandomWritesToSeveralBuffers)
{
    Random random(0x1234);
    SCOPED_TRACE(random.Trace());
    constexpr uint64_t kBytes = 3 * kPage + 5;
    constexpr size_t kBuffers = 3;
    Arena arena(6 * kPage + 50, 9);
    SEDX_REQUIRE(const ImportedMemory memory, Uploads().Import(arena.Block()));
    std::vector<Buffer> buffers;
    std::vector<Bytes> shadows(kBuffers, Filled(0, kBytes));
    for (size_t i = 0; i < kBuffers; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, Make(kBytes));
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, shadows[i])));
        buffers.push_back(std::move(buffer));
    }
    for (int i = 0; i < 300; ++i)
    {
        const size_t which = random.Between(0, kBuffers - 1);
        const uint64_t count = random.Between(0, random.Chance(1, 2) ? 40 : kBytes);
        const uint64_t to = random.Between(0, kBytes - count);
        const auto at = shadows[which].begin() + static_cast<ptrdiff_t>(to);
        if (random.Chance(1, 2))
        {
            const uint64_t from = random.Between(0, arena.Block().size() - count);
            ASSERT_TRUE(Ok(Uploads().Write(buffers[which], to, {memory, from, count})));
            std::ranges::copy(arena.Part(from, count), at);
        }
        else
        {
            const Bytes bytes = Pattern(static_cast<uint64_t>(i), count);
            ASSERT_TRUE(Ok(Uploads().Write(buffers[which], to, bytes)));
            std::ranges::copy(bytes, at);
        }
        if (random.Chance(1, 40))
        {
            ASSERT_TRUE(Ok(Uploads().Submit()));
        }
        if (random.Chance(1, 40))
        {
            ASSERT_TRUE(SameBytes(shadows[which], ReadBack(*m_system, buffers[which])));
        }
    }
    for (size_t i = 0; i < kBuffers; ++i)
        EXPECT_TRUE(SameBytes(shadows[i], ReadBack(*m_system, buffers[i])));
}

TEST_P(HostImportTest, ThreadsShareAnImport)
{
    constexpr size_t kThreads = 4;
    Arena arena(kThreads * 4 * kPage);
    SEDX_REQUIRE(const ImportedMemory memory, Uploads().Import(arena.Block()));
    std::vector<Buffer> buffers;
    for (size_t i = 0; i < kThreads; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, Make(4 * kPage));
        buffers.push_back(std::move(buffer));
    }
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; ++i)
        threads.emplace_back([&, i] {
            for (uint64_t at = 0; at < 4 * kPage; at += 1024)
                EXPECT_TRUE(Ok(Uploads().Write(buffers[i], at, {memory, i * 4 * kPage + at, 1024})));
        });
    for (std::thread& thread : threads)
        thread.join();
    for (size_t i = 0; i < kThreads; ++i)
        EXPECT_TRUE(SameBytes(arena.Part(i * 4 * kPage, 4 * kPage), ReadBack(*m_system, buffers[i])));
}

// ---- the end of the handle -----------------------------------------------------------------------------------------
TEST_P(HostImportTest, HandleThatGoesWaitsForItsCopies)
{
    Arena arena(4 * kPage);
    const Bytes source(arena.Block().begin(), arena.Block().end());
    SEDX_REQUIRE(const Buffer buffer, Make(4 * kPage));
    const uint64_t buffers = Calls().AliveObjects("Buffer");
    {
        HeldTimelines held(Calls());
        {
            SEDX_REQUIRE(ImportedMemory memory, Uploads().Import(arena.Block()));
            ASSERT_TRUE(memory.IsImported()) << memory.Why();
            EXPECT_EQ(Calls().AliveObjects("Buffer"), buffers + 1);
            ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, memory)));
            ASSERT_TRUE(Ok(Uploads().Submit()));
            EXPECT_EQ(held.Waits(), 0u);
        }
        EXPECT_EQ(held.Waits(), 1u);
    }
    EXPECT_EQ(Calls().AliveObjects("Buffer"), buffers);
    EXPECT_EQ(Numbers().Waits(WaitCause::Import).count, 1u);
    arena.Overwrite();
    EXPECT_TRUE(SameBytes(source, ReadBack(*m_system, buffer)));
}

TEST_P(HostImportTest, ReleaseSubmitsWhatWasCollectedAndWaitsNoLongerThanAsked)
{
    Arena arena(4 * kPage);
    const Bytes source(arena.Block().begin(), arena.Block().end());
    SEDX_REQUIRE(const Buffer buffer, Make(4 * kPage));
    SEDX_REQUIRE(ImportedMemory memory, Uploads().Import(arena.Block()));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, memory)));
    {
        HeldTimelines held(Calls(), HeldTimelines::OnWait::TimeOut);
        EXPECT_TRUE(FailsWith(memory.Release(1), ErrorCode::Timeout));
        EXPECT_EQ(Numbers().submissions, 1u);
        EXPECT_TRUE(memory.IsImported());
    }
    ASSERT_TRUE(Ok(memory.Release()));
    EXPECT_FALSE(static_cast<bool>(memory));
    EXPECT_FALSE(memory.IsImported());
    EXPECT_TRUE(memory.Block().empty());
    EXPECT_TRUE(Ok(memory.Release())) << "there is nothing left to release";
    arena.Overwrite();
    EXPECT_TRUE(SameBytes(source, ReadBack(*m_system, buffer)));
}

TEST_P(HostImportTest, WithoutCopiesUnderWayNothingWaits)
{
    Arena arena(4 * kPage);
    SEDX_REQUIRE(const Buffer buffer, Make(4 * kPage));
    SEDX_REQUIRE(ImportedMemory memory, Uploads().Import(arena.Block()));
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, memory));
    ASSERT_TRUE(Ok(ticket.Wait()));
    NewWaits();
    ASSERT_TRUE(Ok(memory.Release()));
    EXPECT_EQ(NewWaits(), 0u);
    EXPECT_EQ(Numbers().Waits(WaitCause::Import).count, 0u);
}

TEST_P(HostImportTest, HandlesMove)
{
    Arena one(2 * kPage, 0, 1);
    Arena two(2 * kPage, 0, 2);
    SEDX_REQUIRE(ImportedMemory first, Uploads().Import(one.Block()));
    SEDX_REQUIRE(ImportedMemory second, Uploads().Import(two.Block()));
    const uint64_t buffers = Calls().AliveObjects("Buffer");
    ImportedMemory moved = std::move(first);
    EXPECT_FALSE(static_cast<bool>(first)); // NOLINT: that is the question
    EXPECT_EQ(Calls().AliveObjects("Buffer"), buffers);
    moved = std::move(second);
    EXPECT_EQ(moved.Block().data(), two.Block().data());
    EXPECT_EQ(Calls().AliveObjects("Buffer"), buffers - 1);
    SEDX_REQUIRE(const Buffer buffer, Make(2 * kPage));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, moved)));
    EXPECT_TRUE(SameBytes(two.Block(), ReadBack(*m_system, buffer)));
}

TEST_P(HostImportTest, SystemMayGoFirst)
{
    Arena arena(2 * kPage);
    ImportedMemory memory;
    {
        SEDX_REQUIRE(const Buffer buffer, Make(2 * kPage));
        SEDX_REQUIRE(memory, Uploads().Import(arena.Block()));
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, memory)));
        ASSERT_TRUE(Ok(Uploads().Submit()));
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, memory))); // never sent
    }
    m_commands.reset();
    m_system.reset();
    EXPECT_FALSE(memory.IsImported());
    EXPECT_EQ(memory.Block().data(), arena.Block().data());
    EXPECT_TRUE(Ok(memory.Release()));
    GpuTest::TearDown();
}

// ---- errors --------------------------------------------------------------------------------------------------------
TEST_P(HostImportTest, RangesAndHandlesAreChecked)
{
    Arena arena(2 * kPage);
    SEDX_REQUIRE(const Buffer buffer, Make(kPage));
    EXPECT_TRUE(FailsWith(Uploads().Import({}), ErrorCode::InvalidArgument));
    SEDX_REQUIRE(const ImportedMemory memory, Uploads().Import(arena.Block()));
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 0, ImportedMemory()), ErrorCode::InvalidArgument));
    const auto other = MakeSystem();
    ASSERT_TRUE(other);
    SEDX_REQUIRE(const ImportedMemory foreign, other->Uploads().Import(arena.Block()));
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 0, {foreign, 0, 1}), ErrorCode::WrongState, "another system"));
    EXPECT_TRUE(FailsWith(Uploads().Write(Buffer(), 0, memory), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 0, memory), ErrorCode::OutOfRange)); // the destination is too small
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 0, {memory, 2 * kPage, 1}), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 0, {memory, 1, UINT64_MAX - 1}), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 0, {memory, UINT64_MAX, 1}), ErrorCode::OutOfRange));
    EXPECT_TRUE(
        FailsWith(Uploads().Write(buffer, 0, {memory, UINT64_MAX, ImportedView::kWhole}), ErrorCode::OutOfRange));
    SEDX_REQUIRE(const UploadTicket nothing, Uploads().Write(buffer, 5, {memory, 2 * kPage, ImportedView::kWhole}));
    EXPECT_TRUE(nothing.Ready());
    EXPECT_FALSE(m_system->IsInFlight(buffer));
}

// ---- recorded mode -------------------------------------------------------------------------------------------------
class HostImportRecordedTest : public GpuTest
{
  protected:
    MemoryLayout Layout() const override { return MemoryLayout::Discrete(); }
};

TEST_F(HostImportRecordedTest, OnlyTheEngineCanSendSoTheBlockMustStay)
{
    if (!CanImport(TheDevice()))
        SEDX_SKIP("the device lacks VK_EXT_external_memory_host");
    const auto system = MakeSystem({.submitMode = SubmitMode::Recorded});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    Arena arena(2 * kPage);
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(2 * kPage, BufferUsage::Storage, MemoryType::GPU));
    const uint64_t buffers = Calls().AliveObjects("Buffer");
    {
        SEDX_REQUIRE(ImportedMemory memory, system->Uploads().Import(arena.Block()));
        ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, memory)));
        EXPECT_TRUE(FailsWith(memory.Release(), ErrorCode::NotSubmitted));
        EXPECT_TRUE(memory.IsImported());
    }
    EXPECT_TRUE(m_log.Contains("must stay"));
    EXPECT_EQ(Calls().AliveObjects("Buffer"), buffers + 1) << "the batch still needs it";
    commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
        EXPECT_TRUE(Ok(system->Uploads().CmdFlush(frame, cmd)));
    });
    commands.WaitIdle();
    system->Poll();
    EXPECT_EQ(Calls().AliveObjects("Buffer"), buffers);
    const Bytes source(arena.Block().begin(), arena.Block().end());
    arena.Overwrite();
    EXPECT_TRUE(SameBytes(source, ReadInFrame(*system, commands, buffer)));
}
} // namespace
} // namespace sedx::test
