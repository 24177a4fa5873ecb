// Budgets at work: limits refuse and say so, callbacks tell once, and it all recovers. And where GPUUpload ends up.
#include "support/gpu_test.h"
#include "support/real_layouts.h"

#include <atomic>
#include <gmock/gmock.h>
#include <thread>

namespace sedx::test
{
namespace
{
using testing::HasSubstr;

constexpr uint64_t kMiB = 1ull << 20;

std::string SharingName(const testing::TestParamInfo<BufferSharing>& tested)
{
    return tested.param == BufferSharing::Shared ? "Shared" : "Own";
}

// One heap: what does not fit has nowhere to go.
class BudgetTest : public GpuTest, public testing::WithParamInterface<BufferSharing>
{
  protected:
    MemoryLayout Layout() const override { return MemoryLayout::NonCoherent(); }

    std::unique_ptr<BufferSystem> Make(BudgetDesc budget)
    {
        budget.smoothingNs = 0;
        budget.onSoftLimit = [this](const HeapBudget& heap) { m_soft.push_back(heap); };
        budget.onHardLimit = [this](const HeapBudget& heap) { m_hard.push_back(heap); };
        return MakeSystem({.sharing = GetParam(), .budget = std::move(budget)});
    }
    static Result<Buffer> Create(BufferSystem& system, uint64_t bytes, MemoryType memory = MemoryType::GPU)
    {
        return system.CreateBuffer(bytes, BufferUsage::Storage, memory, "budgeted");
    }
    static void RunFrame(BufferSystem& system)
    {
        const auto frame = system.BeginFrame();
        ASSERT_TRUE(Ok(frame));
        ASSERT_TRUE(Ok(system.AbandonFrame(*frame)));
    }

    std::vector<HeapBudget> m_soft;
    std::vector<HeapBudget> m_hard;
};
INSTANTIATE_TEST_SUITE_P(Sharing, BudgetTest, testing::Values(BufferSharing::Shared, BufferSharing::Own), SharingName);

TEST_P(BudgetTest, ALimitRefusesAndTheErrorNamesIt)
{
    auto system = Make({.limitBytes = 40 * kMiB});
    ASSERT_TRUE(system);
    EXPECT_EQ(system->GetBudget(0).budgetBytes, 40 * kMiB);
    SEDX_REQUIRE(Buffer first, Create(*system, 25 * kMiB));
    const auto second = Create(*system, 20 * kMiB);
    ASSERT_TRUE(FailsWith(second, ErrorCode::OutOfDeviceMemory, "'budgeted'"));
    EXPECT_THAT(second.error().message, HasSubstr(std::to_string(20 * kMiB) + " bytes"));
    EXPECT_THAT(second.error().message, HasSubstr("limit " + std::to_string(40 * kMiB)));
    EXPECT_THAT(second.error().message, HasSubstr("heap 0"));
    EXPECT_TRUE(Ok(Create(*system, 10 * kMiB)));
    first = {};
    EXPECT_TRUE(Ok(Create(*system, 20 * kMiB)));
}

// The hard limit is told when something was refused, not when a block turned out a little smaller than usual.
TEST_P(BudgetTest, NearTheHardLimitNothingIsToldWhileAllIsServed)
{
    constexpr uint64_t kLimit = 200 * kMiB; // a block has 16 MiB by then
    auto system = Make({.limitBytes = kLimit, .softLimit = 1.0f});
    ASSERT_TRUE(system);
    std::vector<Buffer> buffers;
    while (buffers.size() * 50'000 < kLimit / 100 * 96)
    {
        SEDX_REQUIRE(Buffer buffer, Create(*system, 50'000));
        buffers.push_back(std::move(buffer));
        if (buffers.size() % 100 == 0)
            RunFrame(*system);
    }
    RunFrame(*system);
    EXPECT_TRUE(m_soft.empty());
    EXPECT_TRUE(m_hard.empty()) << m_hard[0].usedBytes << " bytes were used of " << m_hard[0].hardBytes;
}

// What is being allocated counts once: threads that stay within the limit together are never refused.
TEST_P(BudgetTest, ThreadsWithinTheLimitAreNotRefused)
{
    auto system = Make({.limitBytes = 32 * kMiB});
    ASSERT_TRUE(system);
    std::atomic<uint64_t> refused{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i)
        threads.emplace_back([&] {
            for (int round = 0; round < 500; ++round)
                refused += Create(*system, 12 * kMiB) ? 0 : 1; // and dropped
        });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(refused, 0u);
    RunFrame(*system);
    EXPECT_TRUE(m_hard.empty());
}

// Whatever sizes come: never beyond the limit, and most of it can be used.
TEST_P(BudgetTest, UseStaysBelowTheLimitToTheLastByte)
{
    for (const uint64_t each : {uint64_t{1000}, uint64_t{15'000}, uint64_t{100'000}, uint64_t{700'000}, 3 * kMiB})
    {
        SCOPED_TRACE(each);
        constexpr uint64_t kLimit = 20 * kMiB;
        auto system = Make({.limitBytes = kLimit});
        ASSERT_TRUE(system);
        std::vector<Buffer> buffers;
        uint64_t bytes = 0;
        for (;;)
        {
            auto made = Create(*system, each);
            if (!made)
            {
                EXPECT_TRUE(FailsWith(made, ErrorCode::OutOfDeviceMemory, std::to_string(kLimit)));
                break;
            }
            buffers.push_back(std::move(*made));
            bytes += each;
            ASSERT_LE(bytes, kLimit);
        }
        EXPECT_LE(system->GetReport().committedBytes, kLimit);
        EXPECT_GE(bytes, kLimit * 6 / 10); // 700,000 bytes: one in a block of 1 MiB
        RunFrame(*system);
        EXPECT_EQ(m_hard.size(), 1u);
        buffers.clear();
        system->ReleaseWarmMemory();
        EXPECT_TRUE(Ok(Create(*system, 10 * kMiB)));
        m_hard.clear();
    }
}

TEST_P(BudgetTest, TheDriverHalvesTheBudgetWhileRunning)
{
    if (!TheDevice().IsExtensionEnabled(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME))
        SEDX_SKIP("the device has no VK_EXT_memory_budget");
    uint64_t granted = 64 * kMiB;
    Calls().onBudget = [&](VkPhysicalDeviceMemoryBudgetPropertiesEXT& budget) { budget.heapBudget[0] = granted; };
    auto system = Make({});
    ASSERT_TRUE(system);
    std::vector<Buffer> buffers;
    for (int i = 0; i < 4; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, Create(*system, 11 * kMiB));
        buffers.push_back(std::move(buffer));
    }
    RunFrame(*system);
    EXPECT_EQ(system->GetBudget(0).budgetBytes, 64 * kMiB);
    EXPECT_TRUE(m_soft.empty());
    EXPECT_TRUE(m_hard.empty());

    granted = 32 * kMiB;
    for (int i = 0; i < 5; ++i)
        RunFrame(*system);
    EXPECT_EQ(system->GetBudget(0).budgetBytes, 32 * kMiB);
    ASSERT_EQ(m_soft.size(), 1u);
    ASSERT_EQ(m_hard.size(), 1u);
    EXPECT_EQ(m_hard[0].heap, 0u);
    EXPECT_GE(m_hard[0].usedBytes, 44 * kMiB);
    EXPECT_EQ(m_hard[0].hardBytes, 32 * kMiB);

    // What is there stays and works; nothing new is let in.
    const auto refused = Create(*system, kMiB);
    EXPECT_TRUE(FailsWith(refused, ErrorCode::OutOfDeviceMemory, std::to_string(32 * kMiB)));
    const Bytes bytes = Pattern(1, 1000);
    ASSERT_TRUE(Ok(system->Uploads().Write(buffers[0], 0, bytes)));

    // The application reacts.
    buffers.resize(1);
    system->ReleaseWarmMemory();
    RunFrame(*system);
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, {buffers[0], 0, 1000})));
    SEDX_REQUIRE(Buffer fits, Create(*system, 11 * kMiB));
    EXPECT_EQ(m_hard.size(), 1u);

    // And again, after use was well below.
    RunFrame(*system);
    granted = 64 * kMiB;
    RunFrame(*system);
    for (int i = 0; i < 3; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, Create(*system, 11 * kMiB));
        buffers.push_back(std::move(buffer));
    }
    granted = 32 * kMiB;
    RunFrame(*system);
    EXPECT_EQ(m_hard.size(), 2u);
}

TEST_P(BudgetTest, WithoutFocusTheSmallerLimitHoldsAtOnce)
{
    auto system = Make({.limitBytes = 64 * kMiB, .unfocusedBytes = 32 * kMiB});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer first, Create(*system, 25 * kMiB));
    SEDX_REQUIRE(Buffer second, Create(*system, 20 * kMiB));
    system->SetFocus(false);
    EXPECT_TRUE(FailsWith(Create(*system, kMiB), ErrorCode::OutOfDeviceMemory, std::to_string(32 * kMiB)));
    RunFrame(*system);
    RunFrame(*system);
    EXPECT_EQ(m_soft.size(), 1u);
    EXPECT_EQ(m_hard.size(), 1u);
    second = {};
    EXPECT_TRUE(Ok(Create(*system, kMiB)));
    system->SetFocus(true);
    EXPECT_TRUE(Ok(Create(*system, 30 * kMiB)));
    EXPECT_EQ(m_hard.size(), 1u);
}

TEST_P(BudgetTest, AReservationIsLeftAlone)
{
    const uint64_t heap = TheDevice().MemoryProperties().memoryHeaps[0].size;
    uint64_t granted = heap;
    Calls().onBudget = [&](VkPhysicalDeviceMemoryBudgetPropertiesEXT& budget) { budget.heapBudget[0] = granted; };
    auto plain = Make({});
    ASSERT_TRUE(plain);
    const uint64_t whole = plain->GetBudget(0).budgetBytes;
    plain.reset();
    auto system = Make({.reservedBytes = whole - 30 * kMiB});
    ASSERT_TRUE(system);
    EXPECT_EQ(system->GetBudget(0).budgetBytes, 30 * kMiB);
    SEDX_REQUIRE(const Buffer first, Create(*system, 20 * kMiB));
    EXPECT_TRUE(FailsWith(Create(*system, 20 * kMiB), ErrorCode::OutOfDeviceMemory, std::to_string(30 * kMiB)));
}

// A callback may call into the library.
TEST_P(BudgetTest, TheHardLimitsCallbackMayDropBuffers)
{
    std::vector<Buffer> buffers;
    BufferSystem* called = nullptr;
    uint64_t told = 0;
    BudgetDesc budget{.limitBytes = 64 * kMiB, .unfocusedBytes = 32 * kMiB};
    budget.onHardLimit = [&](const HeapBudget&) {
        ++told;
        buffers.clear();
        called->ReleaseWarmMemory();
        called->GetReport();
    };
    auto system = MakeSystem({.sharing = GetParam(), .budget = budget});
    ASSERT_TRUE(system);
    called = system.get();
    for (int i = 0; i < 4; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, Create(*system, 11 * kMiB));
        buffers.push_back(std::move(buffer));
    }
    system->SetFocus(false);
    RunFrame(*system);
    EXPECT_EQ(told, 1u);
    EXPECT_TRUE(Ok(Create(*system, 20 * kMiB)));
    RunFrame(*system);
    EXPECT_EQ(told, 1u);
}

// Where there is another heap, a full budget is a matter of placement, not of failure.
class BudgetFallbackTest : public GpuTest, public testing::WithParamInterface<BufferSharing>
{
  protected:
    MemoryLayout Layout() const override { return MemoryLayout::Discrete(); }
};
INSTANTIATE_TEST_SUITE_P(Sharing, BudgetFallbackTest, testing::Values(BufferSharing::Shared, BufferSharing::Own),
                         SharingName);

TEST_P(BudgetFallbackTest, BeyondTheLimitOfDeviceMemoryComesHostMemory)
{
    auto system = MakeSystem({.sharing = GetParam(), .budget = {.limitBytes = 32 * kMiB}});
    ASSERT_TRUE(system);
    std::vector<Buffer> buffers;
    for (int i = 0; i < 8; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(11 * kMiB, BufferUsage::Storage, MemoryType::GPU, "spills"));
        const Bytes bytes = Pattern(static_cast<uint64_t>(i), 2000);
        ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 5, bytes)));
        EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, {buffer, 5, 2000})));
        buffers.push_back(std::move(buffer));
    }
    const Report report = system->GetReport();
    EXPECT_LE(report.heaps[0].usedBytes, 32 * kMiB);
    EXPECT_GE(report.heaps[1].usedBytes, 66 * kMiB);
    EXPECT_THAT(system->Explain(buffers.back()), HasSubstr("fall-back"));
}

// ---- GPUUpload -----------------------------------------------------------------------------------------------------

struct UploadLayout
{
    MemoryLayout layout;
    int window = -1; // index of the heap that is a small BAR
};

// The three kinds, written by hand, and the real ones where they are at hand.
std::vector<UploadLayout> UploadLayouts()
{
    constexpr VkMemoryPropertyFlags kLocal = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
    constexpr VkMemoryPropertyFlags kMappable =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    std::vector<UploadLayout> all{{MemoryLayout::Discrete(), -1}, {MemoryLayout::SmallBar(), 2}};
    simulator::DeviceLayout full;
    full.name = "FullBar";
    full.heaps = {{16ull << 30, 0}, {8ull << 30, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}};
    full.types = {{kLocal, 1},
                  {kMappable, 0},
                  {kLocal | kMappable, 1},
                  {kMappable | VK_MEMORY_PROPERTY_HOST_CACHED_BIT, 0}};
    all.push_back({{.name = full.name, .device = full}, -1});
    for (const RealLayout& real : LoadRealLayouts())
    {
        int window = -1;
        for (size_t i = 0; i < real.layout.heaps.size(); ++i)
            if (real.layout.heaps.size() == 3 && real.layout.heaps[i].bytes < 300 * kMiB)
                window = static_cast<int>(i);
        all.push_back({{.name = real.file, .device = real.layout}, window});
    }
    return all;
}

class UploadPlacementTest : public testing::TestWithParam<BufferSharing>
{
  protected:
    static void Use(BufferSystem& system, const UploadLayout& tested)
    {
        const VkPhysicalDeviceMemoryProperties& memory = system.GetDevice().MemoryProperties();
        std::vector<Buffer> buffers;
        uint64_t total = 0;
        uint64_t most = 0;
        Random random(0xBA4);
        SCOPED_TRACE(random.Trace());
        while (total < 220 * kMiB)
        {
            // Most are such that the window is filled, and more.
            const uint64_t bytes = random.Chance(1, 100)  ? random.Between(600'000, 3 * kMiB)
                                   : random.Chance(1, 10) ? random.Between(1, 10'000)
                                                          : random.Between(10'000, 600'000);
            SEDX_REQUIRE(Buffer buffer, system.CreateBuffer(bytes, BufferUsage::Uniform, MemoryType::GPUUpload, "up"));
            SEDX_REQUIRE(std::byte* const data, system.MapBuffer(buffer));
            ASSERT_NE(data, nullptr);
            data[0] = std::byte{1};
            data[bytes - 1] = std::byte{2};
            system.UnmapBuffer(buffer);
            total += bytes;
            buffers.push_back(std::move(buffer));
            if (tested.window < 0)
                continue;
            const auto window = static_cast<uint32_t>(tested.window);
            most = std::max(most, system.GetReport().heaps[window].usedBytes);
            ASSERT_LE(most, memory.memoryHeaps[window].size / 2) << "more than half of the window, at " << total;
        }
        if (tested.window >= 0)
        {
            EXPECT_GE(most, memory.memoryHeaps[static_cast<size_t>(tested.window)].size / 4) << "the window lies idle";
        }
    }
};
INSTANTIATE_TEST_SUITE_P(Sharing, UploadPlacementTest, testing::Values(BufferSharing::Shared, BufferSharing::Own),
                         SharingName);

TEST_P(UploadPlacementTest, MappableEverywhereAndAtMostHalfOfASmallBar)
{
    for (const UploadLayout& tested : UploadLayouts())
    {
        SCOPED_TRACE(tested.layout.name);
        TestDevice own;
        own.Present(tested.layout);
        ASSERT_TRUE(own.Create());
        {
            SEDX_REQUIRE(auto system,
                         BufferSystem::Create({.device = own.device, .sharing = GetParam(), .checked = true}));
            Use(*system, tested);
        }
        own.device = {};
        EXPECT_EQ(own.interceptor.Alive(), "");
        EXPECT_TRUE(own.Violations().empty()) << own.Violations()[0];
        for (const std::string& message : own.validation.Take())
            ADD_FAILURE() << "validation: " << message;
    }
}

class WindowTest : public GpuTest
{
  protected:
    MemoryLayout Layout() const override { return MemoryLayout::SmallBar(); }
};

// What can never lie in the window is no shortage: nothing warm is given up for it, and nobody is asked.
TEST_F(WindowTest, ABufferTooLargeForTheWindowDisturbsNothing)
{
    uint64_t asked = 0;
    auto system =
        MakeSystem({.sharing = BufferSharing::Shared, .warmMemoryNs = ~uint64_t{0}, .onOutOfMemory = [&](uint64_t) {
                        ++asked;
                        return uint64_t{0};
                    }});
    ASSERT_TRUE(system);
    ASSERT_TRUE(Ok(system->CreateBuffer(100'000, BufferUsage::Storage, MemoryType::GPU, "warm")));
    ASSERT_EQ(system->GetReport().blocks, 1u);
    SEDX_REQUIRE(const Buffer large, system->CreateBuffer(6 * kMiB, BufferUsage::Storage, MemoryType::GPUUpload, "up"));
    EXPECT_TRUE(Ok(system->MapBuffer(large)));
    system->UnmapBuffer(large);
    EXPECT_EQ(system->GetReport().heaps[2].usedBytes, 0u);
    EXPECT_GT(system->GetReport().heaps[0].usedBytes, 0u) << "the warm block was given back for nothing";
    EXPECT_EQ(asked, 0u);
}
} // namespace
} // namespace sedx::test
