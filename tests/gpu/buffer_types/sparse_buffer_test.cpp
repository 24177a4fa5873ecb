// Sparse buffers: pages with and without memory, and when it comes and goes.
#include "buffer_types_test.h"

namespace sedx::test
{
namespace
{
class SparseBufferTest : public testing::Test
{
  protected:
    // False: the device has no sparse buffers.
    bool Make(SubmitMode mode = SubmitMode::Own, std::function<uint64_t(uint64_t)> onOutOfMemory = {})
    {
        const Device& shared = SharedDevice().device;
        VkPhysicalDeviceFeatures2 features{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
        shared.InstanceFunctions().GetPhysicalDeviceFeatures2(shared.PhysicalDevice(), &features);
        if (features.features.sparseBinding != VK_TRUE || features.features.sparseResidencyBuffer != VK_TRUE)
            return false;
        features.features = {.sparseBinding = VK_TRUE, .sparseResidencyBuffer = VK_TRUE};
        DeviceDesc desc = m_own.Describe();
        desc.featureChain = &features;
        auto device = Device::Create(desc);
        EXPECT_TRUE(Ok(device));
        if (!device)
            return false;
        m_own.device = *device;
        if (!SparseBuffer::Supports(m_own.device))
            return false;
        auto system = BufferSystem::Create(
            {.device = m_own.device, .submitMode = mode, .onOutOfMemory = std::move(onOutOfMemory), .checked = true});
        EXPECT_TRUE(Ok(system));
        m_system = std::move(*system);
        m_commands.emplace(m_own.device);
        return true;
    }
    void TearDown() override
    {
        m_commands.reset();
        m_system.reset();
        m_own.device = {};
        EXPECT_EQ(m_own.interceptor.Alive(), "");
        for (const std::string& message : m_own.validation.Take())
            ADD_FAILURE() << "validation: " << message;
    }
    // Frames until everything that was under way has passed and was looked at.
    void Settle()
    {
        for (int i = 0; i < 4; ++i)
        {
            m_commands->RunFrame(*m_system);
            m_commands->WaitIdle();
            m_system->Poll();
        }
    }
    uint64_t UsedBytes() const // of all heaps
    {
        uint64_t bytes = 0;
        for (uint32_t heap = 0; heap < m_own.device.MemoryProperties().memoryHeapCount; ++heap)
            bytes += m_system->GetBudget(heap).usedBytes;
        return bytes;
    }
    uint64_t Memories() const { return m_own.interceptor.AliveObjects("Memory"); }

    LogCapture m_log;
    TestDevice m_own;
    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_commands;
};

#define SEDX_REQUIRE_SPARSE(...)                                                                                       \
    if (!Make(__VA_ARGS__))                                                                                            \
    SEDX_SKIP("the device lacks sparseBinding, sparseResidencyBuffer or a queue for it")

TEST_F(SparseBufferTest, PagesHoldWhatIsWritten)
{
    SEDX_REQUIRE_SPARSE();
    SEDX_REQUIRE(const auto buffer,
                 SparseBuffer::Create(*m_system, {.bytes = 1 << 30, .usage = BufferUsage::Storage, .name = "world"}));
    const uint64_t page = buffer.PageBytes();
    ASSERT_GT(page, 0u);
    EXPECT_EQ(buffer.CommittedBytes(), 0u);
    EXPECT_EQ(buffer.MemoryBytes(), 0u);
    EXPECT_TRUE(buffer.Get().IsPinned());
    const Bytes bytes = Pattern(1, 3 * page);
    EXPECT_TRUE(FailsWith(buffer.Write(10 * page, bytes), ErrorCode::WrongState, "world"));
    const uint64_t before = UsedBytes();
    ASSERT_TRUE(Ok(buffer.Commit(10 * page + 1, 2 * page))); // touches three pages
    EXPECT_GT(UsedBytes(), before);
    EXPECT_EQ(buffer.CommittedBytes(), 3 * page);
    EXPECT_TRUE(buffer.IsCommitted(10 * page, 3 * page));
    EXPECT_FALSE(buffer.IsCommitted(10 * page, 3 * page + 1));
    EXPECT_FALSE(buffer.IsCommitted(9 * page, 2 * page));
    ASSERT_TRUE(Ok(buffer.Write(10 * page, bytes))); // no wait in between
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, {buffer, 10 * page, 3 * page})));

    // What is committed twice keeps its contents, and neighbours are independent.
    ASSERT_TRUE(Ok(buffer.Commit(9 * page, 5 * page)));
    EXPECT_EQ(buffer.CommittedBytes(), 5 * page);
    const Bytes others = Pattern(2, page);
    ASSERT_TRUE(Ok(buffer.Write(9 * page, others)));
    ASSERT_TRUE(Ok(buffer.Write(13 * page, others)));
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, {buffer, 10 * page, 3 * page})));
    EXPECT_TRUE(SameBytes(others, ReadBack(*m_system, {buffer, 9 * page, page})));
    EXPECT_TRUE(SameBytes(others, ReadBack(*m_system, {buffer, 13 * page, page})));

    // A frame's own commands wait for it, too.
    ASSERT_TRUE(Ok(buffer.Commit(100 * page, page)));
    ASSERT_TRUE(Ok(buffer.Write(100 * page, others)));
    EXPECT_TRUE(SameBytes(others, ReadInFrame(*m_system, *m_commands, {buffer, 100 * page, page})));
}

TEST_F(SparseBufferTest, MemoryGoesWhenTheGpuHasPassed)
{
    SEDX_REQUIRE_SPARSE();
    SEDX_REQUIRE(auto buffer,
                 SparseBuffer::Create(*m_system, {.bytes = 1 << 30, .usage = BufferUsage::Storage, .name = "world"}));
    const uint64_t page = buffer.PageBytes();
    Settle();
    const uint64_t memories = Memories();
    const uint64_t used = UsedBytes();
    ASSERT_TRUE(Ok(buffer.Commit(0, 300 * page))); // two pieces
    EXPECT_EQ(Memories(), memories + 2);
    Gate gate(m_own.device);
    m_commands->RunFrame(
        *m_system, [&](const Frame& frame, VkCommandBuffer) { EXPECT_TRUE(frame.Resolve(buffer)); }, gate.Waits());
    ASSERT_TRUE(Ok(buffer.Decommit(0, 300 * page)));
    EXPECT_EQ(buffer.CommittedBytes(), 0u);
    EXPECT_FALSE(buffer.IsCommitted(0, page));
    m_system->Poll();
    EXPECT_EQ(Memories(), memories + 2); // the frame may still read it
    EXPECT_EQ(m_own.interceptor.Calls(Fn::QueueBindSparse), 1u);
    gate.Open();
    Settle();
    EXPECT_EQ(m_own.interceptor.Calls(Fn::QueueBindSparse), 2u);
    EXPECT_EQ(Memories(), memories);
    EXPECT_EQ(buffer.MemoryBytes(), 0u);
    EXPECT_EQ(UsedBytes(), used);
}

TEST_F(SparseBufferTest, PagesComeBackAndPlacesAreUsedAgain)
{
    SEDX_REQUIRE_SPARSE();
    SEDX_REQUIRE(auto buffer,
                 SparseBuffer::Create(*m_system, {.bytes = 1 << 28, .usage = BufferUsage::Storage, .name = "world"}));
    const uint64_t page = buffer.PageBytes();
    const Bytes bytes = Pattern(3, 4 * page);
    ASSERT_TRUE(Ok(buffer.Commit(0, 4 * page)));
    ASSERT_TRUE(Ok(buffer.Write(0, bytes)));
    // Only whole pages of the range go.
    ASSERT_TRUE(Ok(buffer.Decommit(page / 2, 3 * page)));
    EXPECT_EQ(buffer.CommittedBytes(), 2 * page);
    EXPECT_TRUE(buffer.IsCommitted(0, page));
    EXPECT_FALSE(buffer.IsCommitted(page, 1));
    EXPECT_TRUE(buffer.IsCommitted(3 * page, page));
    // Wanted again before they went.
    ASSERT_TRUE(Ok(buffer.Commit(page, page)));
    Settle();
    EXPECT_EQ(buffer.CommittedBytes(), 3 * page);
    const Bytes kept = ReadBack(*m_system, {buffer, 0, 2 * page});
    EXPECT_TRUE(SameBytes(std::span(bytes).first(2 * page), kept));
    const uint64_t memory = buffer.MemoryBytes();
    // The place of page 2 and what is left of the piece.
    ASSERT_TRUE(Ok(buffer.Commit(1000 * page, memory / page - 3 < 4 ? 1 : 4 * page)));
    EXPECT_EQ(buffer.MemoryBytes(), memory);

    Random random(42);
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, random.Trace());
    std::vector<int> contents(64, -1); // by page; -1: not committed
    ASSERT_TRUE(Ok(buffer.Decommit(0, buffer.Get().GetSize())));
    Settle();
    EXPECT_EQ(buffer.MemoryBytes(), 0u);
    for (int step = 0; step < 200; ++step)
    {
        const uint64_t first = random.Between(0, 63), count = random.Between(1, 64 - first);
        if (random.Chance(1, 2))
        {
            ASSERT_TRUE(Ok(buffer.Commit(first * page, count * page)));
            for (uint64_t i = first; i < first + count; ++i)
            {
                if (contents[i] != -1)
                    continue;
                contents[i] = step;
                ASSERT_TRUE(Ok(buffer.Write(i * page, Pattern(static_cast<uint64_t>(step) * 64 + i, 64))));
            }
        }
        else
        {
            ASSERT_TRUE(Ok(buffer.Decommit(first * page, count * page)));
            std::fill_n(contents.begin() + static_cast<ptrdiff_t>(first), count, -1);
        }
        if (random.Chance(1, 4))
            m_commands->UseInFrame(*m_system, buffer);
        const uint64_t look = random.Between(0, 63);
        EXPECT_EQ(buffer.IsCommitted(look * page, page), contents[look] != -1);
        if (contents[look] != -1 && random.Chance(1, 4))
        {
            const Bytes expected = Pattern(static_cast<uint64_t>(contents[look]) * 64 + look, 64);
            EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, {buffer, look * page, 64})));
        }
    }
}

TEST_F(SparseBufferTest, DroppedAtAnyTime)
{
    SEDX_REQUIRE_SPARSE();
    ASSERT_TRUE(Ok(m_system->Uploads().Prewarm(2 << 20))); // staging stays when it was used
    Settle();
    const uint64_t memories = Memories();
    const uint64_t buffers = m_own.interceptor.AliveObjects("Buffer");
    for (int i = 0; i < 3; ++i)
    {
        SEDX_REQUIRE(auto buffer, SparseBuffer::Create(*m_system, {.bytes = 1 << 24, .usage = BufferUsage::Vertex}));
        ASSERT_TRUE(Ok(buffer.Commit(0, 1 << 20)));
        if (i == 1)
        {
            ASSERT_TRUE(Ok(buffer.Decommit(0, 1 << 20)));
        }
        if (i == 2)
        {
            ASSERT_TRUE(Ok(buffer.Write(0, Pattern(1, 1 << 20))));
        }
    }
    Settle();
    EXPECT_EQ(Memories(), memories);
    EXPECT_EQ(m_own.interceptor.AliveObjects("Buffer"), buffers);
    // And after its system.
    SEDX_REQUIRE(auto left, SparseBuffer::Create(*m_system, {.bytes = 1 << 24, .usage = BufferUsage::Vertex}));
    ASSERT_TRUE(Ok(left.Commit(0, 1 << 20)));
    ASSERT_TRUE(Ok(left.Decommit(0, 1 << 19)));
    m_commands.reset();
    m_system.reset();
    EXPECT_TRUE(FailsWith(left.Commit(0, 1), ErrorCode::WrongState));
    EXPECT_TRUE(FailsWith(left.Write(0, Bytes(1)), ErrorCode::WrongState));
    EXPECT_EQ(left.PageBytes(), 0u);
    EXPECT_FALSE(left.IsCommitted(0, 1));
}

TEST_F(SparseBufferTest, WhatCannotBe)
{
    SEDX_REQUIRE_SPARSE();
    const auto create = [&](uint64_t bytes, BufferUsage usage) {
        return SparseBuffer::Create(*m_system, {.bytes = bytes, .usage = usage, .name = "wrong"});
    };
    EXPECT_TRUE(FailsWith(create(0, BufferUsage::Storage), ErrorCode::InvalidArgument, "wrong"));
    EXPECT_TRUE(FailsWith(create(64, BufferUsage::None), ErrorCode::InvalidArgument, "wrong"));
    EXPECT_TRUE(FailsWith(create(64, BufferUsage::AccelerationStructure), ErrorCode::MissingFeature, "wrong"));
    EXPECT_TRUE(FailsWith(create(UINT64_MAX, BufferUsage::Storage), ErrorCode::LimitExceeded, "wrong"));
    EXPECT_TRUE(FailsWith(SparseBuffer().Commit(0, 1), ErrorCode::WrongState));
    SEDX_REQUIRE(const auto buffer, create(1 << 20, BufferUsage::Storage));
    EXPECT_TRUE(FailsWith(buffer.Commit(1 << 20, 1), ErrorCode::OutOfRange, "wrong"));
    EXPECT_TRUE(FailsWith(buffer.Commit(UINT64_MAX, 2), ErrorCode::OutOfRange, "wrong"));
    EXPECT_TRUE(FailsWith(buffer.Decommit(0, UINT64_MAX), ErrorCode::OutOfRange, "wrong"));
    EXPECT_TRUE(FailsWith(buffer.Write(1 << 20, Bytes(1)), ErrorCode::OutOfRange, "wrong"));
    EXPECT_TRUE(Ok(buffer.Commit(5, 0)));
    EXPECT_EQ(buffer.CommittedBytes(), 0u);
    // A failure changes nothing.
    for (const Fn function : {Fn::AllocateMemory, Fn::QueueBindSparse})
    {
        m_own.interceptor.FailFunction(function, VK_ERROR_OUT_OF_DEVICE_MEMORY);
        EXPECT_TRUE(FailsWith(buffer.Commit(0, 1 << 20), ErrorCode::OutOfDeviceMemory));
        EXPECT_EQ(buffer.CommittedBytes(), 0u);
        EXPECT_EQ(buffer.MemoryBytes(), 0u);
    }
    EXPECT_TRUE(Ok(buffer.Commit(0, 1 << 20)));
    m_own.interceptor.FailFunction(Fn::CreateBuffer, VK_ERROR_OUT_OF_HOST_MEMORY);
    EXPECT_TRUE(FailsWith(create(1 << 20, BufferUsage::Storage), ErrorCode::OutOfHostMemory, "wrong"));
}

TEST_F(SparseBufferTest, MemoryIsFreedForPages)
{
    std::vector<uint64_t> asked;
    SparseBuffer buffer;
    const auto free = [&](uint64_t missing) {
        asked.push_back(missing);
        buffer = {}; // whatever the application drops, the call goes on
        return missing;
    };
    SEDX_REQUIRE_SPARSE(SubmitMode::Own, free);
    SEDX_REQUIRE(buffer,
                 SparseBuffer::Create(*m_system, {.bytes = 1 << 30, .usage = BufferUsage::Storage, .name = "x"}));
    const uint64_t page = buffer.PageBytes();
    ASSERT_TRUE(Ok(buffer.Commit(0, 3 * page)));
    const uint64_t piece = buffer.MemoryBytes();
    ASSERT_GT(piece, 3 * page);
    ASSERT_EQ(piece % page, 0u);
    const uint64_t pages = piece / page; // all but three have no use yet
    const SparseBuffer held = buffer;

    m_own.interceptor.FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    ASSERT_TRUE(Ok(buffer.Commit(0, piece)));
    EXPECT_EQ(asked, std::vector<uint64_t>{}) << "there was room";
    m_own.interceptor.StopFailing();

    m_own.interceptor.FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    ASSERT_TRUE(Ok(buffer.Commit(piece - page, 2 * page)));
    EXPECT_EQ(asked, std::vector<uint64_t>{piece}) << "one page is missing, but memory comes in pieces";
    EXPECT_FALSE(buffer);
    EXPECT_EQ(held.CommittedBytes(), (pages + 1) * page);

    // Once more, with nobody else holding it.
    asked.clear();
    SEDX_REQUIRE(buffer,
                 SparseBuffer::Create(*m_system, {.bytes = 1 << 30, .usage = BufferUsage::Storage, .name = "y"}));
    m_own.interceptor.FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 2);
    EXPECT_TRUE(FailsWith(buffer.Commit(0, page), ErrorCode::OutOfDeviceMemory, "'y'"));
    EXPECT_EQ(asked.size(), 1u);
    EXPECT_FALSE(buffer);
}

// Pages that may leave go when memory is short, without a poll of the engine's.
TEST_F(SparseBufferTest, PagesThatMayLeaveAreFreedWhenMemoryIsShort)
{
    SEDX_REQUIRE_SPARSE();
    SEDX_REQUIRE(const auto buffer, SparseBuffer::Create(*m_system, {.bytes = 1 << 30, .usage = BufferUsage::Storage}));
    const uint64_t page = buffer.PageBytes();
    ASSERT_TRUE(Ok(buffer.Commit(0, page)));
    const uint64_t piece = buffer.MemoryBytes();
    ASSERT_TRUE(Ok(buffer.Decommit(0, page)));
    {
        HeldTimelines held(m_own.interceptor);
        m_system->Poll(); // is unbound, which does not seem to pass
        ASSERT_EQ(buffer.MemoryBytes(), piece);
    }
    m_commands->WaitIdle();
    m_own.interceptor.FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, ~uint64_t{0}); // of any type
    EXPECT_TRUE(FailsWith(m_system->CreateBuffer(64 << 20, BufferUsage::Storage, MemoryType::GPU, "large"),
                          ErrorCode::OutOfDeviceMemory, "pages of sparse buffers (freed " + std::to_string(piece)));
    m_own.interceptor.StopFailing();
    EXPECT_EQ(buffer.MemoryBytes(), 0u);
}

TEST_F(SparseBufferTest, NotInRecordedMode)
{
    if (!Make(SubmitMode::Recorded))
        SEDX_SKIP("the device lacks sparseBinding, sparseResidencyBuffer or a queue for it");
    EXPECT_TRUE(FailsWith(SparseBuffer::Create(*m_system, {.bytes = 64, .usage = BufferUsage::Storage}),
                          ErrorCode::NotSubmitted));
}

// The device that the tests share is made without the features.
TEST_F(BufferTypesTest, SparseBuffersNeedTheirFeatures)
{
    EXPECT_TRUE(FailsWith(SparseBuffer::Supports(TheDevice()), ErrorCode::MissingFeature, "sparseBinding"));
    EXPECT_TRUE(FailsWith(SparseBuffer::Create(*m_system, {.bytes = 64, .usage = BufferUsage::Storage}),
                          ErrorCode::MissingFeature, "sparseBinding"));
    EXPECT_TRUE(FailsWith(SparseBuffer::Supports(Device()), ErrorCode::InvalidArgument));
}
} // namespace
} // namespace sedx::test
