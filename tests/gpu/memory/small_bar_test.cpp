// A window of 256 MiB onto device memory: what lies in it, what never does, and that all goes on when it is full.
//
// Peers' mistake: a small BAR filled until the system stalls.
#include "support/gpu_test.h"
#include "support/test_clock.h"

#include <algorithm>
#include <array>
#include <deque>

namespace sedx::test
{
namespace
{
constexpr uint64_t kMiB = 1ull << 20;
constexpr uint64_t kCap = 128 * kMiB; // half of the window
constexpr uint64_t kRingBlock = 256 << 10;
constexpr uint64_t kSlice = 60'000; // four in a block
constexpr uint32_t kHost = 1;       // heaps of the layout
constexpr uint32_t kWindow = 2;

class SmallBarTest : public GpuTest
{
  protected:
    MemoryLayout Layout() const override { return MemoryLayout::SmallBar(); }
    void SetUp() override
    {
        GpuTest::SetUp();
        m_commands.emplace(TheDevice());
    }
    void TearDown() override
    {
        m_commands.reset();
        m_system.reset();
        GpuTest::TearDown();
    }

    void Make(BufferSystemDesc desc = {})
    {
        desc.clock = m_clock.Function();
        m_system = MakeSystem(std::move(desc));
        ASSERT_TRUE(m_system);
    }
    uint64_t Used(uint32_t heap) { return m_system->GetReport().heaps[heap].usedBytes; }

    // So much for one frame of a ring. Both ends of each slice are written, and copied to a buffer by the GPU.
    void UseInFrame(RingBuffer& ring, uint64_t bytes)
    {
        const uint64_t count = bytes / kSlice;
        SEDX_REQUIRE(const Buffer target, m_system->CreateBuffer(count * 16, BufferUsage::Storage, MemoryType::GPU));
        Bytes expected;
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            const ResolvedBuffer to = frame.Resolve(target);
            for (uint64_t i = 0; i < count; ++i)
            {
                SEDX_REQUIRE(const BufferSlice slice, ring.Allocate(frame, kSlice));
                const Bytes ends = Pattern(i, 16);
                std::copy_n(ends.begin(), 8, slice.mapped);
                std::copy_n(ends.begin() + 8, 8, slice.mapped + kSlice - 8);
                m_commands->Copy(cmd, slice.buffer, slice.offset, to.buffer, to.offset + i * 16, 8);
                m_commands->Copy(cmd, slice.buffer, slice.offset + kSlice - 8, to.buffer, to.offset + i * 16 + 8, 8);
                expected.insert(expected.end(), ends.begin(), ends.end());
            }
        });
        EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, target)));
    }
    // All frames have passed, and what was warm has been for long enough.
    void LetTimePass()
    {
        m_commands->WaitIdle();
        for (int i = 0; i < 3; ++i)
        {
            m_system->Poll();
            m_clock.Advance(m_system->Desc().warmMemoryNs + 1);
        }
        m_system->Poll();
    }
    // Buffers that take all that the library takes of the window.
    std::vector<Buffer> FillWindow()
    {
        std::vector<Buffer> buffers;
        while (buffers.empty() || Used(kHost) == 0)
        {
            auto made = m_system->CreateBuffer(kMiB, BufferUsage::Uniform, MemoryType::GPUUpload, "fills the window");
            EXPECT_TRUE(Ok(made));
            if (!made || buffers.size() > 300)
                break;
            buffers.push_back(std::move(*made));
        }
        return buffers;
    }

    TestClock m_clock;
    std::optional<TestCommands> m_commands;
    std::unique_ptr<BufferSystem> m_system;
};

TEST_F(SmallBarTest, RingsTakeAtMostHalfOfTheWindow)
{
    Make();
    std::array<RingBuffer, 3> rings;
    for (RingBuffer& ring : rings)
    {
        SEDX_REQUIRE(ring, RingBuffer::Create(*m_system, {.blockBytes = kRingBlock}));
    }
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    for (uint64_t taken = 0; taken < 180 * kMiB; taken += kRingBlock)
    {
        SEDX_REQUIRE(const BufferSlice slice, rings[taken / kRingBlock % 3].Allocate(frame, kRingBlock));
        ASSERT_NE(slice.mapped, nullptr);
        ASSERT_LE(Used(kWindow), kCap);
    }
    EXPECT_GE(Used(kWindow), kCap / 2) << "the window lies idle";
    EXPECT_GE(Used(kHost), 180 * kMiB - kCap);
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    LetTimePass();
    for (const RingBuffer& ring : rings)
        EXPECT_LE(ring.CapacityBytes(), kRingBlock);
    EXPECT_LE(Used(kWindow), 16 * kMiB); // allocations in which these three may lie
}

TEST_F(SmallBarTest, ARingGoesOnInHostMemoryWhenTheWindowIsFull)
{
    Make({.sharing = BufferSharing::Own});
    std::vector<Buffer> buffers = FillWindow();
    EXPECT_EQ(Used(kWindow), kCap);
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*m_system, {.blockBytes = kRingBlock}));
    const uint64_t before = Used(kHost);
    for (int frame = 0; frame < 3; ++frame)
        ASSERT_NO_FATAL_FAILURE(UseInFrame(ring, 4 * kMiB));
    EXPECT_GE(Used(kHost), before + 4 * kMiB);
    EXPECT_EQ(Used(kWindow), kCap);

    // And in the window again when there is room.
    buffers.clear();
    LetTimePass();
    m_system->ReleaseWarmMemory();
    EXPECT_EQ(Used(kWindow), 0u);
    ASSERT_NO_FATAL_FAILURE(UseInFrame(ring, 4 * kMiB));
    EXPECT_GE(Used(kWindow), 4 * kMiB);
}

TEST_F(SmallBarTest, ARingGoesOnWhenOthersHaveTakenTheWindow)
{
    if (!TheDevice().IsExtensionEnabled(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME))
        SEDX_SKIP("the device has no VK_EXT_memory_budget");
    Calls().onBudget = [](VkPhysicalDeviceMemoryBudgetPropertiesEXT& budget) {
        budget.heapBudget[kWindow] = 1 << 20;
        budget.heapUsage[kWindow] = 1 << 20;
    };
    Make();
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*m_system, {.blockBytes = kRingBlock}));
    for (int frame = 0; frame < 3; ++frame)
        ASSERT_NO_FATAL_FAILURE(UseInFrame(ring, 4 * kMiB));
    EXPECT_LE(Used(kWindow), kMiB);
    EXPECT_GE(Used(kHost), 3 * kMiB);
}

// Drivers refuse before the library has seen another budget.
TEST_F(SmallBarTest, ARingGoesOnWhenTheDriverRefusesTheWindow)
{
    TestDevice own;
    SEDX_REQUIRE(own.simulator, simulator::DeviceSimulator::Create(*Layout().device, {.strictBudget = true}));
    ASSERT_TRUE(own.Create());
    {
        SEDX_REQUIRE(const auto system, BufferSystem::Create({.device = own.device}));
        SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = kRingBlock}));
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        own.simulator->SetBudget(kWindow, 0);
        SEDX_REQUIRE(const BufferSlice slice, ring.Allocate(frame, kSlice));
        EXPECT_NE(slice.mapped, nullptr);
        EXPECT_EQ(own.simulator->HeapUsage(kWindow), 0u);
        EXPECT_GE(own.simulator->HeapUsage(kHost), kRingBlock);
        ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
    }
    own.device = {};
    EXPECT_EQ(own.interceptor.Alive(), "");
    EXPECT_TRUE(own.Violations().empty()) << own.Violations()[0];
    EXPECT_TRUE(own.validation.Take().empty());
}

// A block is larger than what the window is for: it would be filled by a few of them.
TEST_F(SmallBarTest, LargeBlocksOfARingStayOutOfTheWindow)
{
    Make();
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*m_system, {.blockBytes = 8 * kMiB}));
    ASSERT_NO_FATAL_FAILURE(UseInFrame(ring, 20 * kMiB));
    EXPECT_EQ(Used(kWindow), 0u);
}

TEST_F(SmallBarTest, StagingAndReadbacksStayOutOfTheWindow)
{
    constexpr uint64_t kBlock = kMiB / 2; // would fit
    Make({.stagingBlockBytes = kBlock, .stagingLimitBytes = 32 * kBlock});
    ASSERT_TRUE(Ok(m_system->Uploads().Prewarm(8 * kBlock)));
    const Bytes bytes = Pattern(1, 20 * kMiB + 5);
    SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(bytes.size(), BufferUsage::Storage, MemoryType::GPU));
    ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, 0, bytes, {.outOfStaging = OutOfStaging::Spill})));
    EXPECT_GE(m_system->GetReport().staging.bytes, bytes.size());
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    EXPECT_TRUE(Ok(m_system->Uploads().Stage(kSlice)));
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, buffer)));
    Bytes read(bytes.size());
    ASSERT_TRUE(Ok(m_system->Readbacks().Read(buffer, std::span<std::byte>(read))));
    EXPECT_TRUE(SameBytes(bytes, read));
    EXPECT_EQ(Used(kWindow), 0u);
}

// Buffers for uploads work the same in the window and beside it, idle and in flight.
TEST_F(SmallBarTest, WritesArriveWhenTheWindowIsFull)
{
    Make({.sharing = BufferSharing::Own});
    const std::vector<Buffer> buffers = FillWindow();
    ASSERT_GT(Used(kHost), 0u); // the last one
    for (const Buffer& buffer : {buffers.front(), buffers.back()})
    {
        Bytes shadow = Pattern(1, kMiB);
        ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, 0, shadow)));
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer) {
            frame.Resolve(buffer);
            const Bytes fresh = Pattern(2, 70'001);
            EXPECT_TRUE(Ok(m_system->Uploads().Write(buffer, 12'345, fresh)));
            std::ranges::copy(fresh, shadow.begin() + 12'345);
        });
        EXPECT_TRUE(SameBytes(shadow, ReadBack(*m_system, buffer)));
    }
    EXPECT_EQ(Used(kWindow), kCap);
}
} // namespace
} // namespace sedx::test
