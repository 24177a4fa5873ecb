// CustomMemoryPoolManager: pools take memory when it is needed and as much as there is, give it back, and never lose a buffer.
#include "memory_pool_test.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

namespace sedx::test
{
namespace
{
class CustomMemoryPoolManagerTest : public GpuLayoutTest
{
  protected:
    static CustomMemoryPoolManager& Attach(BufferSystem& system, const CustomMemoryPoolManagerDesc& desc = {})
    {
        return system.Modules().Emplace<CustomMemoryPoolManager>(system, desc);
    }
    static MemoryPoolReport ReportOf(const CustomMemoryPoolManager& pools, const std::string& name)
    {
        const auto report = pools.GetReport(name);
        EXPECT_TRUE(Ok(report));
        return report ? *report : MemoryPoolReport{};
    }
    static bool IsFromPool(const BufferSystem& system, const Buffer& buffer)
    {
        return system.Explain(buffer).find("in a memory pool") != std::string::npos;
    }
};

INSTANTIATE_TEST_SUITE_P(Layouts, CustomMemoryPoolManagerTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::SmallBar(),
                                         MemoryLayout::NonCoherent()),
                         LayoutName);

// ---- the pools of the guide ----------------------------------------------------------------------------------------

TEST_P(CustomMemoryPoolManagerTest, NothingIsTakenBeforeTheFirstBuffer)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    const uint64_t before = Calls().AliveBytes();
    CustomMemoryPoolManager& pools = Attach(*system);
    ASSERT_TRUE(Ok(pools.CreatePool("mine", {.blockSize = kMiB, .minBlockCount = 4})));
    ASSERT_TRUE(Ok(system->EndFrame(*system->BeginFrame())));
    EXPECT_EQ(Calls().AliveBytes(), before);
    const auto reports = pools.GetReports();
    ASSERT_EQ(reports.size(), 5u);
    for (const MemoryPoolReport& report : reports)
        EXPECT_EQ(report.blocks + report.blockBytes + report.buffers + report.allocations + report.fallbacks, 0u)
            << report.name;
}

TEST_P(CustomMemoryPoolManagerTest, BuffersOfEachPoolWork)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    CustomMemoryPoolManager& pools = Attach(*system);
    for (const std::string name : kGuidePools)
    {
        SCOPED_TRACE(name);
        const Bytes bytes = Pattern(name.size(), 5001);
        SEDX_REQUIRE(const Buffer first, pools.AllocateFromPool(name, 5001, UsageOf(name), "first"));
        SEDX_REQUIRE(const Buffer second, pools.AllocateFromPool(name, 5001, UsageOf(name), "second"));
        EXPECT_TRUE(IsFromPool(*system, first));
        EXPECT_EQ(first.GetSize(), 5001u);
        EXPECT_EQ(first.Name(), "first");
        EXPECT_EQ(first.Memory(), name == "uniform" ? MemoryType::CPU : MemoryType::GPU);
        ASSERT_TRUE(Ok(system->Uploads().Write(first, 0, bytes)));
        ASSERT_TRUE(Ok(system->Uploads().Write(second, 0, Filled(1, 5001))));
        EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, first)));
        EXPECT_TRUE(SameBytes(Filled(1, 5001), ReadBack(*system, second)));
        commands.UseInFrame(*system, first);
        const MemoryPoolReport report = ReportOf(pools, name);
        EXPECT_EQ(report.name, name);
        EXPECT_EQ(report.blocks, 1u);
        EXPECT_EQ(report.emptyBlocks, 0u);
        EXPECT_EQ(report.buffers, 2u);
        EXPECT_GE(report.bufferBytes, 2u * 5001u);
        EXPECT_GE(report.blockBytes, report.bufferBytes);
        EXPECT_EQ(report.allocations, 2u);
        EXPECT_EQ(report.fallbacks, 0u);
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        EXPECT_EQ(frame.Resolve(first).mapped != nullptr, Ok(system->MapReadable<std::byte>(first)));
        if (name == "uniform")
        {
            EXPECT_NE(frame.Resolve(first).mapped, nullptr);
        }
        ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
    }
    EXPECT_EQ(pools.Fallbacks(), 0u);
    commands.WaitIdle();
}

TEST_P(CustomMemoryPoolManagerTest, MemoryFitsPropertiesAndUsage)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    CustomMemoryPoolManager& pools = Attach(*system);
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    const Report before = system->GetReport();
    SEDX_REQUIRE(const Buffer vertices, pools.AllocateFromPool("vertex", 4096, BufferUsage::Vertex));
    EXPECT_EQ(system->GetReport().deviceLocal.bytes, before.deviceLocal.bytes + 4096);
    if (GetParam().name == "Discrete" || GetParam().name == "SmallBar")
    {
        // Not the first type with the property: device memory is no window, and needs no map.
        EXPECT_EQ(frame.Resolve(vertices).mapped, nullptr);
        if (GetParam().name == "SmallBar")
        {
            EXPECT_EQ(system->GetReport().heaps[2].usedBytes, 0u);
        }
        SEDX_REQUIRE(const Buffer uniform, pools.AllocateFromPool("uniform", 4096, BufferUsage::Uniform));
        EXPECT_NE(frame.Resolve(uniform).mapped, nullptr);
        EXPECT_EQ(system->GetReport().deviceLocal.bytes, before.deviceLocal.bytes + 4096);
        ASSERT_TRUE(Ok(pools.CreatePool("cached", {.blockSize = kMiB, .memoryType = kVisible | kCached})));
        SEDX_REQUIRE(const Buffer cached, pools.AllocateFromPool("cached", 4096, BufferUsage::TransferDst));
        EXPECT_EQ(cached.Memory(), MemoryType::Readback);
        EXPECT_NE(system->Explain(cached).find("memory type 3"), std::string::npos) << system->Explain(cached);
    }
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
}

TEST_P(CustomMemoryPoolManagerTest, NumbersGoDownToo)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    CustomMemoryPoolManager& pools = Attach(*system);
    std::vector<Buffer> buffers;
    for (int i = 0; i < 10; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, pools.AllocateFromPool("storage", 64 * kKiB, BufferUsage::Storage));
        buffers.push_back(std::move(buffer));
    }
    EXPECT_EQ(ReportOf(pools, "storage").buffers, 10u);
    buffers.resize(4);
    MemoryPoolReport report = ReportOf(pools, "storage");
    EXPECT_EQ(report.buffers, 4u);
    EXPECT_EQ(report.bufferBytes, 4 * 64 * kKiB);
    EXPECT_EQ(report.peakBufferBytes, 10 * 64 * kKiB);
    EXPECT_EQ(report.allocations, 10u);
    buffers.clear();
    report = ReportOf(pools, "storage");
    EXPECT_EQ(report.buffers, 0u);
    EXPECT_EQ(report.bufferBytes, 0u);
    EXPECT_EQ(report.emptyBlocks, 1u);
    EXPECT_EQ(pools.ReleaseEmpty(), report.blockBytes);
    report = ReportOf(pools, "storage");
    EXPECT_EQ(report.blocks, 0u);
    EXPECT_EQ(report.blockBytes, 0u);
    EXPECT_EQ(report.peakBufferBytes, 10 * 64 * kKiB);
}

// Who asks for the window gets it, for tiny data.
TEST_P(CustomMemoryPoolManagerTest, TheWindowIsForThoseWhoAskForIt)
{
    if (GetParam().name != "SmallBar")
        return;
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    CustomMemoryPoolManager& pools = Attach(*system);
    ASSERT_TRUE(Ok(pools.CreatePool("bar", {.blockSize = 64 * kMiB, .memoryType = kLocal | kVisible})));
    SEDX_REQUIRE(const Buffer tiny, pools.AllocateFromPool("bar", 4096, BufferUsage::Uniform));
    EXPECT_TRUE(IsFromPool(*system, tiny));
    EXPECT_EQ(tiny.Memory(), MemoryType::GPUUpload);
    EXPECT_NE(system->Explain(tiny).find("memory type 2"), std::string::npos) << system->Explain(tiny);
    EXPECT_EQ(ReportOf(pools, "bar").blockBytes, 4 * kMiB); // a 32nd of the half that may be used
    SEDX_REQUIRE(const Buffer large, pools.AllocateFromPool("bar", 16 * kMiB, BufferUsage::Storage));
    EXPECT_FALSE(IsFromPool(*system, large));
    EXPECT_LE(system->GetReport().heaps[2].usedBytes, 4 * kMiB);
}

TEST_P(CustomMemoryPoolManagerTest, BuffersBeginWhereTheirUsageDemands)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    CustomMemoryPoolManager& pools = Attach(*system);
    std::vector<Buffer> buffers;
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    for (int i = 0; i < 8; ++i)
    {
        SEDX_REQUIRE(Buffer scratch, pools.AllocateFromPool("raytracing", 1000, BufferUsage::Scratch));
        EXPECT_NE(frame.Resolve(scratch).address, 0u);
        EXPECT_EQ(frame.Resolve(scratch).address % 64, 0u);
        buffers.push_back(std::move(scratch));
        SEDX_REQUIRE(Buffer odd, pools.AllocateFromPool("raytracing", 20, BufferUsage::Storage));
        buffers.push_back(std::move(odd));
    }
    EXPECT_EQ(ReportOf(pools, "raytracing").buffers, 16u);
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
}

// ---- ceilings ------------------------------------------------------------------------------------------------------

TEST_P(CustomMemoryPoolManagerTest, AFullPoolFallsBackCountsAndSaysSoOnce)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    CustomMemoryPoolManager& pools = Attach(*system);
    ASSERT_TRUE(Ok(pools.CreatePool("two", {.blockSize = kMiB, .maxBlockCount = 2})));
    std::vector<Buffer> buffers;
    for (int i = 0; i < 7; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, pools.AllocateFromPool("two", 512 * kKiB, BufferUsage::Storage, "half"));
        EXPECT_EQ(IsFromPool(*system, buffer), i < 4);
        buffers.push_back(std::move(buffer));
    }
    MemoryPoolReport report = ReportOf(pools, "two");
    EXPECT_EQ(report.blocks, 2u);
    EXPECT_EQ(report.blockBytes, 2 * kMiB);
    EXPECT_EQ(report.buffers, 4u);
    EXPECT_EQ(report.allocations, 4u);
    EXPECT_EQ(report.fallbacks, 3u);
    EXPECT_EQ(pools.Fallbacks(), 3u);
    EXPECT_EQ(m_log.Count(), 1u);
    EXPECT_EQ(m_log.Entries()[0].tag, "MEMORY");
    EXPECT_EQ(m_log.Entries()[0].level, LogLevel::Warn);
    EXPECT_TRUE(m_log.Contains("'two'"));
    EXPECT_TRUE(m_log.Contains("524288 bytes"));
    buffers.erase(buffers.begin()); // room again
    SEDX_REQUIRE(const Buffer again, pools.AllocateFromPool("two", 512 * kKiB, BufferUsage::Storage));
    EXPECT_TRUE(IsFromPool(*system, again));
    EXPECT_EQ(pools.Fallbacks(), 3u);
}

TEST_P(CustomMemoryPoolManagerTest, ABufferLargerThanABlockFallsBack)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    CustomMemoryPoolManager& pools = Attach(*system);
    ASSERT_TRUE(Ok(pools.CreatePool("small", {.blockSize = kMiB})));
    SEDX_REQUIRE(const Buffer whole, pools.AllocateFromPool("small", kMiB, BufferUsage::Storage));
    EXPECT_TRUE(IsFromPool(*system, whole));
    SEDX_REQUIRE(const Buffer large, pools.AllocateFromPool("small", kMiB + 1, BufferUsage::Storage));
    EXPECT_FALSE(IsFromPool(*system, large));
    EXPECT_TRUE(m_log.Contains("larger than a block"));
    EXPECT_EQ(ReportOf(pools, "small").blocks, 1u);
}

// Free bytes that are not in one piece: another block, and no repeated attempts on the first one.
TEST_P(CustomMemoryPoolManagerTest, AFragmentedBlockIsFollowedByAnother)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    CustomMemoryPoolManager& pools = Attach(*system);
    ASSERT_TRUE(Ok(pools.CreatePool("pieces", {.blockSize = kMiB, .maxBlockCount = 2})));
    std::vector<Buffer> buffers;
    for (int i = 0; i < 8; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, pools.AllocateFromPool("pieces", 128 * kKiB, BufferUsage::Storage));
        buffers.push_back(std::move(buffer));
    }
    for (size_t i = 0; i < 8; i += 2)
        buffers[i] = {};
    SEDX_REQUIRE(const Buffer first, pools.AllocateFromPool("pieces", 256 * kKiB, BufferUsage::Storage));
    SEDX_REQUIRE(const Buffer second, pools.AllocateFromPool("pieces", 256 * kKiB, BufferUsage::Storage));
    EXPECT_TRUE(IsFromPool(*system, first));
    EXPECT_TRUE(IsFromPool(*system, second));
    EXPECT_EQ(ReportOf(pools, "pieces").blocks, 2u);
    SEDX_REQUIRE(const Buffer small, pools.AllocateFromPool("pieces", 128 * kKiB, BufferUsage::Storage));
    EXPECT_TRUE(IsFromPool(*system, small));
    EXPECT_EQ(ReportOf(pools, "pieces").buffers, 7u);
    EXPECT_EQ(pools.Fallbacks(), 0u);
}

TEST_P(CustomMemoryPoolManagerTest, AnUnknownPoolFallsBack)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    CustomMemoryPoolManager& pools = Attach(*system);
    for (int i = 0; i < 3; ++i)
    {
        SEDX_REQUIRE(const Buffer buffer, pools.AllocateFromPool("vortex", 4096, BufferUsage::Vertex));
        EXPECT_EQ(buffer.Memory(), MemoryType::GPU);
    }
    EXPECT_EQ(pools.Fallbacks(), 3u);
    EXPECT_EQ(m_log.Count(), 1u);
    EXPECT_TRUE(m_log.Contains("'vortex'"));
    EXPECT_TRUE(FailsWith(pools.GetReport("vortex"), ErrorCode::InvalidArgument, "vortex"));
}

// ---- budget and pressure -------------------------------------------------------------------------------------------

TEST_P(CustomMemoryPoolManagerTest, BlocksStayWithinTheBudget)
{
    BufferSystemDesc desc;
    desc.budget.limitBytes = 12 * kMiB;
    auto system = MakeSystem(desc);
    ASSERT_TRUE(system);
    CustomMemoryPoolManager& pools = Attach(*system);
    std::vector<Buffer> buffers;
    for (int i = 0; i < 6; ++i) // the guide's blocks of 128 MiB would be far too large
    {
        SEDX_REQUIRE(Buffer buffer, pools.AllocateFromPool("storage", kMiB, BufferUsage::Storage));
        buffers.push_back(std::move(buffer));
        EXPECT_LE(Calls().AliveBytes(), 32 * kMiB);
    }
    EXPECT_GE(ReportOf(pools, "storage").allocations, 1u);
    EXPECT_LE(ReportOf(pools, "storage").blockBytes, 12 * kMiB);
    for (uint32_t heap = 0; heap < system->GetReport().heapCount; ++heap)
        if (system->GetReport().heaps[heap].deviceLocal)
        {
            EXPECT_LE(system->GetReport().heaps[heap].usedBytes, 12 * kMiB);
        }
}

TEST_P(CustomMemoryPoolManagerTest, EmptyBlocksGiveWayWhenMemoryIsShort)
{
    BufferSystemDesc desc;
    desc.sharing = BufferSharing::Own;
    desc.budget.limitBytes = 16 * kMiB;
    auto system = MakeSystem(desc);
    ASSERT_TRUE(system);
    CustomMemoryPoolManager& pools = Attach(*system);
    ASSERT_TRUE(Ok(pools.CreatePool("warm", {.blockSize = 4 * kMiB, .minBlockCount = 2})));
    {
        SEDX_REQUIRE(const Buffer first, pools.AllocateFromPool("warm", 4 * kMiB, BufferUsage::Storage));
        SEDX_REQUIRE(const Buffer second, pools.AllocateFromPool("warm", 4 * kMiB, BufferUsage::Storage));
        EXPECT_EQ(ReportOf(pools, "warm").allocations, 2u);
    }
    EXPECT_EQ(ReportOf(pools, "warm").emptyBlocks, 2u);
    SEDX_REQUIRE(const Buffer large, system->CreateBuffer(12 * kMiB, BufferUsage::Storage, MemoryType::GPU, "large"));
    EXPECT_EQ(ReportOf(pools, "warm").blocks, 0u);
}

TEST_P(CustomMemoryPoolManagerTest, EmptyBlocksGoByTime)
{
    std::atomic<uint64_t> now{1'000'000'000};
    BufferSystemDesc systemDesc;
    systemDesc.warmMemoryNs = 2'000'000'000;
    systemDesc.clock = [&now] { return now.load(); };
    auto system = MakeSystem(systemDesc);
    ASSERT_TRUE(system);
    CustomMemoryPoolManagerDesc desc;
    desc.idleNs = 10'000'000'000;
    CustomMemoryPoolManager& pools = Attach(*system, desc);
    ASSERT_TRUE(Ok(pools.CreatePool("none", {.blockSize = kMiB})));
    ASSERT_TRUE(Ok(pools.CreatePool("one", {.blockSize = kMiB, .minBlockCount = 1})));
    for (const char* name : {"none", "one"})
    {
        SEDX_REQUIRE(const Buffer first, pools.AllocateFromPool(name, kMiB, BufferUsage::Storage));
        SEDX_REQUIRE(const Buffer second, pools.AllocateFromPool(name, kMiB, BufferUsage::Storage));
        now += 60'000'000'000;
        system->Poll(); // in use: no time counts
        EXPECT_EQ(ReportOf(pools, name).blocks, 2u);
    }
    system->Poll(); // sees them empty
    now += 1'900'000'000;
    system->Poll();
    EXPECT_EQ(ReportOf(pools, "none").blocks, 2u);
    EXPECT_EQ(ReportOf(pools, "one").blocks, 2u);
    now += 200'000'000;
    system->Poll();
    EXPECT_EQ(ReportOf(pools, "none").blocks, 0u);
    EXPECT_EQ(ReportOf(pools, "one").blocks, 1u);
    {
        SEDX_REQUIRE(const Buffer used, pools.AllocateFromPool("one", kMiB, BufferUsage::Storage));
    }
    now += 9'000'000'000;
    system->Poll(); // sees it empty again
    now += 9'900'000'000;
    system->Poll();
    EXPECT_EQ(ReportOf(pools, "one").blocks, 1u);
    now += 200'000'000;
    system->Poll();
    EXPECT_EQ(ReportOf(pools, "one").blocks, 0u);
}

TEST_P(CustomMemoryPoolManagerTest, ABlockThatTheDriverRefusesIsMadeSmaller)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    CustomMemoryPoolManager& pools = Attach(*system);
    Calls().FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 2);
    SEDX_REQUIRE(const Buffer buffer, pools.AllocateFromPool("vertex", 4096, BufferUsage::Vertex));
    EXPECT_TRUE(IsFromPool(*system, buffer));
    Calls().FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 1000);
    EXPECT_TRUE(FailsWith(pools.AllocateFromPool("storage", 4096, BufferUsage::Storage), ErrorCode::OutOfDeviceMemory));
    Calls().StopFailing();
    EXPECT_EQ(ReportOf(pools, "storage").blocks, 0u);
    EXPECT_TRUE(Ok(pools.AllocateFromPool("storage", 4096, BufferUsage::Storage)));
}

// ---- pools of one's own --------------------------------------------------------------------------------------------

TEST_P(CustomMemoryPoolManagerTest, PoolsOfOnesOwn)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    CustomMemoryPoolManagerDesc desc;
    desc.createGuidePools = false;
    CustomMemoryPoolManager& pools = Attach(*system, desc);
    EXPECT_TRUE(pools.GetReports().empty());
    const CustomMemoryPoolManager::PoolConfiguration config{.blockSize = 2 * kMiB,
                                                            .minBlockCount = 1,
                                                            .maxBlockCount = 3,
                                                            .memoryType = kVisible | kCoherent,
                                                            .name = "Terrain",
                                                            .priority = BufferPriority::High};
    ASSERT_TRUE(Ok(pools.CreatePool("terrain", config)));
    ASSERT_TRUE(Ok(pools.CreatePool("default", {})));
    SEDX_REQUIRE(const Buffer mapped, pools.AllocateFromPool("terrain", 1000, BufferUsage::Uniform));
    SEDX_REQUIRE(const Buffer pinned,
                 pools.AllocateFromPool("default", BufferDesc{.bytes = 1000,
                                                              .usage = BufferUsage::Storage,
                                                              .memory = MemoryType::Readback, // the pool decides
                                                              .name = "pinned",
                                                              .pinned = true,
                                                              .alignment = 4096}));
    EXPECT_TRUE(IsFromPool(*system, mapped));
    EXPECT_TRUE(IsFromPool(*system, pinned));
    EXPECT_EQ(mapped.Memory(), MemoryType::CPU);
    EXPECT_EQ(pinned.Memory(), MemoryType::GPU);
    EXPECT_TRUE(pinned.IsPinned());
    SEDX_REQUIRE(const VkDeviceAddress address, system->GetDeviceAddress(pinned));
    EXPECT_NE(address, 0u);
    EXPECT_EQ(ReportOf(pools, "terrain").blockBytes, 2 * kMiB);
}

TEST_P(CustomMemoryPoolManagerTest, BuffersOutliveTheirPoolAndItsManager)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    const Bytes bytes = Pattern(3, 10'000);
    Buffer ofPool;
    Buffer ofManager;
    {
        CustomMemoryPoolManager pools(*system);
        pools.OnAttach();
        SEDX_REQUIRE(ofPool, pools.AllocateFromPool("vertex", 10'000, BufferUsage::Vertex));
        SEDX_REQUIRE(ofManager, pools.AllocateFromPool("storage", 10'000, BufferUsage::Storage));
        ASSERT_TRUE(Ok(pools.DestroyPool("vertex")));
        EXPECT_TRUE(FailsWith(pools.DestroyPool("vertex"), ErrorCode::InvalidArgument, "vertex"));
        EXPECT_TRUE(FailsWith(pools.GetReport("vertex"), ErrorCode::InvalidArgument));
        ASSERT_TRUE(Ok(pools.CreatePool("vertex", {.blockSize = kMiB}))); // the name is free
    }
    for (const Buffer& buffer : {ofPool, ofManager})
    {
        ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, bytes)));
        EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, buffer)));
    }
    const uint64_t before = Calls().AliveBytes();
    ofPool = {};
    ofManager = {};
    system->Poll();
    EXPECT_LT(Calls().AliveBytes(), before);
}

TEST_P(CustomMemoryPoolManagerTest, TheSystemMayGoBeforeItsBuffers)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    CustomMemoryPoolManager& pools = Attach(*system);
    SEDX_REQUIRE(const Buffer alive, pools.AllocateFromPool("storage", 10'000, BufferUsage::Storage, "survivor"));
    SEDX_REQUIRE(Buffer pending, pools.AllocateFromPool("storage", 10'000, BufferUsage::Storage, "pending"));
    commands.UseInFrame(*system, pending);
    pending = {}; // destroyed when its frame has passed
    system.reset();
    EXPECT_TRUE(m_log.Contains("'survivor'"));
    EXPECT_EQ(alive.GetSize(), 10'000u); // an empty shell; nothing of Vulkan is left: see TearDown
}

TEST_P(CustomMemoryPoolManagerTest, WrongUses)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    CustomMemoryPoolManager detached(*system);
    EXPECT_TRUE(FailsWith(detached.CreatePool("early", {}), ErrorCode::WrongState, "early"));
    EXPECT_TRUE(FailsWith(detached.AllocateFromPool("vertex", 100, BufferUsage::Vertex), ErrorCode::WrongState));

    CustomMemoryPoolManager& pools = Attach(*system);
    EXPECT_TRUE(FailsWith(pools.CreatePool("", {}), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(pools.CreatePool("vertex", {}), ErrorCode::InvalidArgument, "vertex"));
    EXPECT_TRUE(
        FailsWith(pools.CreatePool("odd", {.minBlockCount = 3, .maxBlockCount = 2}), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(pools.CreatePool("odd", {.priority = BufferPriority::Count}), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(pools.CreatePool("lazy", {.memoryType = VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT}),
                          ErrorCode::MissingFeature, "lazy"));
    if (GetParam().name == "Discrete")
    {
        EXPECT_TRUE(FailsWith(pools.CreatePool("bar", {.memoryType = kLocal | kVisible}), ErrorCode::MissingFeature));
    }
    EXPECT_TRUE(FailsWith(pools.AllocateFromPool("vertex", 0, BufferUsage::Vertex), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(pools.AllocateFromPool("vertex", 100, BufferUsage::None), ErrorCode::InvalidArgument));
    EXPECT_TRUE(
        FailsWith(pools.AllocateFromPool("vertex", ~uint64_t{0}, BufferUsage::Vertex), ErrorCode::LimitExceeded));
    EXPECT_TRUE(FailsWith(
        pools.AllocateFromPool("vertex", BufferDesc{.bytes = 1, .usage = BufferUsage::Vertex, .alignment = 3}),
        ErrorCode::InvalidArgument));
    EXPECT_EQ(pools.Fallbacks(), 0u);
    EXPECT_EQ(ReportOf(pools, "vertex").blocks, 0u);
}

TEST_P(CustomMemoryPoolManagerTest, ManyThreads)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    CustomMemoryPoolManager& pools = Attach(*system);
    ASSERT_TRUE(Ok(pools.CreatePool("shared", {.blockSize = kMiB, .maxBlockCount = 3})));
    std::atomic<int> running{4};
    std::vector<std::thread> threads;
    for (uint64_t thread = 0; thread < 4; ++thread)
        threads.emplace_back([&, thread] {
            Random random(0x5A5Aull + thread);
            std::vector<Buffer> buffers;
            for (int round = 0; round < 200; ++round)
            {
                auto buffer = pools.AllocateFromPool("shared", random.Between(1, 200 * kKiB), BufferUsage::Storage);
                EXPECT_TRUE(Ok(buffer));
                if (!buffer)
                    break;
                buffers.push_back(std::move(*buffer));
                if (random.Chance(1, 2))
                    buffers.erase(buffers.begin() + static_cast<std::ptrdiff_t>(random.Between(0, buffers.size() - 1)));
                if (buffers.size() > 8)
                    buffers.clear();
                if (random.Chance(1, 20))
                    pools.ReleaseEmpty();
            }
            --running;
        });
    while (running.load() != 0)
    {
        system->Poll();
        EXPECT_LE(ReportOf(pools, "shared").blocks, 3u);
        std::this_thread::yield();
    }
    for (std::thread& thread : threads)
        thread.join();
    system->Poll();
    const MemoryPoolReport report = ReportOf(pools, "shared");
    EXPECT_EQ(report.buffers, 0u);
    EXPECT_EQ(report.bufferBytes, 0u);
    EXPECT_EQ(report.allocations + report.fallbacks, 800u);
    pools.ReleaseEmpty();
    EXPECT_EQ(ReportOf(pools, "shared").blocks, 0u);
}

} // namespace
} // namespace sedx::test
