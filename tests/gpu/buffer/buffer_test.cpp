// Buffers: creation and its limits, identity, names, usage completion, and the choice of memory in words.
#include "support/gpu_test.h"

#include <gmock/gmock.h>
#include <set>
#include <thread>

namespace sedx::test
{
namespace
{
using testing::HasSubstr;

class BufferTest : public GpuTest
{
  protected:
    uint64_t MaxBufferBytes()
    {
        VkPhysicalDeviceMaintenance4Properties maintenance4{
            .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES};
        VkPhysicalDeviceProperties2 properties{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                               .pNext = &maintenance4};
        TheDevice().InstanceFunctions().GetPhysicalDeviceProperties2(TheDevice().PhysicalDevice(), &properties);
        return maintenance4.maxBufferSize;
    }
};

TEST_F(BufferTest, EverySizeIsKeptExactly)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    for (const MemoryType memory : {MemoryType::GPU, MemoryType::CPU, MemoryType::Readback})
    {
        for (const uint64_t bytes : {1ull, 2ull, 3ull, 4ull, 5ull, 7ull, 63ull, 64ull, 65ull, 255ull, 1000001ull})
        {
            SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(bytes, BufferUsage::Storage, memory, "sized"));
            EXPECT_EQ(buffer.GetSize(), bytes);
            EXPECT_EQ(buffer.Memory(), memory);
            SEDX_REQUIRE(const Frame frame, system->BeginFrame());
            const ResolvedBuffer resolved = frame.Resolve(buffer);
            EXPECT_EQ(resolved.size, bytes);
            // Inside of the VkBuffer, whether it is shared with others or not.
            EXPECT_LE(resolved.offset + bytes, Calls().BufferBytes(resolved.buffer));
            EXPECT_EQ(resolved.mapped != nullptr || memory == MemoryType::GPU, true);
            ASSERT_TRUE(Ok(system->EndFrame(frame)));
        }
    }
}

TEST_F(BufferTest, BytesOfEveryOddSizeArrive)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    for (const MemoryType memory : {MemoryType::GPU, MemoryType::CPU})
    {
        for (const uint64_t bytes : {1ull, 3ull, 4ull, 5ull, 1023ull})
        {
            const Bytes data = Pattern(bytes, bytes);
            SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(bytes, BufferUsage::Vertex, memory));
            ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, data)));
            EXPECT_TRUE(SameBytes(data, ReadBack(*system, buffer))) << bytes;
        }
    }
}

TEST_F(BufferTest, InvalidDescriptions)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    const auto create = [&](const BufferDesc& desc) { return system->CreateBuffer(desc); };
    EXPECT_TRUE(FailsWith(create({.bytes = 0, .usage = BufferUsage::Storage, .name = "empty one"}),
                          ErrorCode::InvalidArgument, "empty one"));
    EXPECT_TRUE(FailsWith(create({.bytes = 16, .usage = BufferUsage::None, .name = "useless"}),
                          ErrorCode::InvalidArgument, "useless"));
    EXPECT_TRUE(
        FailsWith(create({.bytes = 16, .usage = BufferUsage::Storage, .memory = MemoryType::GPU | MemoryType::CPU}),
                  ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(create({.bytes = 16, .usage = BufferUsage::Storage, .memory = MemoryType{}}),
                          ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(create({}), ErrorCode::InvalidArgument));
    const Report report = system->GetReport();
    EXPECT_EQ(report.liveBuffers, 0u);
    EXPECT_EQ(report.createdBuffers, 0u);
}

TEST_F(BufferTest, LargerThanTheDeviceAllowsNamesTheLimit)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    const uint64_t limit = MaxBufferBytes();
    for (const uint64_t bytes : {limit + 1, UINT64_MAX, UINT64_MAX - 2, UINT64_MAX / 2})
    {
        if (bytes <= limit)
            continue;
        const auto made = system->CreateBuffer(bytes, BufferUsage::Storage, MemoryType::GPU, "colossus");
        ASSERT_TRUE(FailsWith(made, ErrorCode::LimitExceeded, "maxBufferSize")) << bytes;
        EXPECT_THAT(made.error().message, HasSubstr("colossus"));
        EXPECT_THAT(made.error().message, HasSubstr(std::to_string(limit)));
    }
    EXPECT_EQ(system->GetReport().liveBuffers, 0u);
}

// Peers' mistake: sizes and offsets in 32 bits, so that buffers of 4 GiB are silently truncated.
TEST_F(BufferTest, FourGiBytesAreNotTruncated)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    const uint64_t bytes = (4ull << 30) + 16;
    const auto made = system->CreateBuffer(bytes, BufferUsage::Storage, MemoryType::GPU, "four gigabytes");
    if (!made)
    {
        EXPECT_TRUE(made.error().code == ErrorCode::LimitExceeded ||
                    made.error().code == ErrorCode::OutOfDeviceMemory ||
                    made.error().code == ErrorCode::OutOfHostMemory)
            << made.error().message;
        EXPECT_THAT(made.error().message, HasSubstr("four gigabytes"));
        SEDX_SKIP("the device cannot hold a buffer of 4 GiB: " + made.error().message);
    }
    EXPECT_EQ(made->GetSize(), bytes);
    const Bytes tail = Pattern(1, 16);
    ASSERT_TRUE(Ok(system->Uploads().Write(*made, bytes - 16, tail)));
    EXPECT_TRUE(SameBytes(tail, ReadBack(*system, {*made, bytes - 16, 16})));
}

TEST_F(BufferTest, UsageIsCompleted)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    const BufferUsage transfers = BufferUsage::TransferSrc | BufferUsage::TransferDst;
    for (const BufferUsage usage :
         {BufferUsage::Vertex, BufferUsage::Index, BufferUsage::Uniform, BufferUsage::Storage, BufferUsage::Indirect,
          BufferUsage::UniformTexel, BufferUsage::TransferSrc, BufferUsage::TransferDst})
    {
        SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(256, usage, MemoryType::GPU));
        EXPECT_TRUE(Any(buffer.Usage() & usage));
        EXPECT_EQ(buffer.Usage() & transfers, transfers);
    }
    for (const BufferUsage usage : {BufferUsage::Storage, BufferUsage::Indirect, BufferUsage::DeviceAddress})
    {
        SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(256, usage, MemoryType::GPU));
        EXPECT_TRUE(Any(buffer.Usage() & BufferUsage::DeviceAddress));
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        EXPECT_NE(frame.Resolve(buffer).address, 0u);
        ASSERT_TRUE(Ok(system->EndFrame(frame)));
    }
    SEDX_REQUIRE(const Buffer vertices, system->CreateBuffer(256, BufferUsage::Vertex, MemoryType::GPU));
    EXPECT_FALSE(Any(vertices.Usage() & BufferUsage::DeviceAddress));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    EXPECT_EQ(frame.Resolve(vertices).address, 0u);
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

// ---- identity ------------------------------------------------------------------------------------------------------
TEST_F(BufferTest, IdentitiesAreNeverUsedTwice)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    std::set<std::pair<uint32_t, uint32_t>> seen;
    for (int i = 0; i < 1000; ++i)
    {
        SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(16, BufferUsage::Vertex, MemoryType::GPU));
        EXPECT_TRUE(static_cast<bool>(buffer.ID()));
        EXPECT_TRUE(seen.emplace(buffer.ID().index, buffer.ID().generation).second);
    }
}

TEST_F(BufferTest, FindGivesTheSameBuffer)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(16, BufferUsage::Vertex, MemoryType::GPU, "found"));
    SEDX_REQUIRE(const Buffer found, system->Find(buffer.ID()));
    EXPECT_EQ(found, buffer);
    EXPECT_EQ(found.Name(), "found");
}

TEST_F(BufferTest, StaleIdentityIsDetectedNotAliased)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    BufferId stale;
    {
        SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(16, BufferUsage::Vertex, MemoryType::GPU));
        stale = buffer.ID();
    }
    system->Poll();
    EXPECT_TRUE(FailsWith(system->Find(stale), ErrorCode::StaleHandle));
    for (int i = 0; i < 100; ++i) // the slot is used again, the identity is not
    {
        SEDX_REQUIRE(const Buffer next, system->CreateBuffer(16, BufferUsage::Vertex, MemoryType::GPU));
        EXPECT_NE(next.ID(), stale);
        EXPECT_TRUE(FailsWith(system->Find(stale), ErrorCode::StaleHandle));
    }
    EXPECT_TRUE(FailsWith(system->Find({}), ErrorCode::StaleHandle));
    EXPECT_TRUE(FailsWith(system->Find({.index = 4000000000u, .generation = 1}), ErrorCode::StaleHandle));
}

TEST_F(BufferTest, DroppedBufferCannotBeFoundWhileTheGpuStillUsesIt)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    HeldTimelines held(Calls());
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(16, BufferUsage::Vertex, MemoryType::GPU));
    const BufferId id = buffer.ID();
    commands.UseInFrame(*system, buffer);
    buffer = {};
    EXPECT_TRUE(FailsWith(system->Find(id), ErrorCode::StaleHandle));
    held.Release();
}

// Threads that look for a buffer while its last handle goes must get the buffer or an error, never a corpse.
TEST_F(BufferTest, FindRacesWithTheLastHandle)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    for (int round = 0; round < 200; ++round)
    {
        SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(16, BufferUsage::Vertex, MemoryType::GPU));
        const BufferId id = buffer.ID();
        std::thread finder([&] {
            for (int i = 0; i < 10; ++i)
            {
                const auto found = system->Find(id);
                if (found)
                {
                    EXPECT_EQ(found->ID(), id);
                    EXPECT_EQ(found->GetSize(), 16u);
                }
                else
                    EXPECT_EQ(found.error().code, ErrorCode::StaleHandle);
            }
        });
        buffer = {};
        finder.join();
    }
    system->Poll();
    EXPECT_EQ(system->GetReport().liveBuffers, 0u);
}

// ---- handles -------------------------------------------------------------------------------------------------------
TEST_F(BufferTest, HandlesCopyMoveAndCompare)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer a, system->CreateBuffer(16, BufferUsage::Vertex, MemoryType::GPU, "a"));
    Buffer b = a;
    EXPECT_EQ(a, b);
    Buffer c = std::move(a);
    EXPECT_FALSE(static_cast<bool>(a)); // NOLINT: moved-from handles are empty
    EXPECT_EQ(b, c);
    Buffer& alias = c;
    c = alias;
    EXPECT_EQ(b, c);
    a = c;
    b = {};
    c = {};
    EXPECT_EQ(system->GetReport().liveBuffers, 1u);
    EXPECT_EQ(a.Name(), "a");
    a = {};
    system->Poll();
    EXPECT_EQ(system->GetReport().liveBuffers, 0u);
}

TEST_F(BufferTest, ViewKeepsItsBufferAlive)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    BufferView<> view;
    {
        SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(16, BufferUsage::Vertex, MemoryType::GPU));
        view = {buffer, 4, 8};
    }
    system->Poll();
    EXPECT_EQ(system->GetReport().liveBuffers, 1u);
    view = {};
    system->Poll();
    EXPECT_EQ(system->GetReport().liveBuffers, 0u);
}

TEST_F(BufferTest, EmptyHandleAnswersWithNothing)
{
    const Buffer empty;
    EXPECT_FALSE(static_cast<bool>(empty));
    EXPECT_FALSE(static_cast<bool>(empty.ID()));
    EXPECT_EQ(empty.GetSize(), 0u);
    EXPECT_EQ(empty.Name(), "");
    EXPECT_EQ(empty.Usage(), BufferUsage::None);
    EXPECT_FALSE(empty.IsPinned());
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    EXPECT_FALSE(system->IsInFlight(empty));
    EXPECT_FALSE(system->Explain(empty).empty());
    EXPECT_FALSE(system->GetDeviceAddress(empty));
    EXPECT_FALSE(system->MapBuffer(empty));
    system->UnmapBuffer(empty);
}

TEST_F(BufferTest, GuidesOverloadDoesTheSame)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(100, BufferUsage::Uniform, MemoryType::CPU, "constants"));
    EXPECT_EQ(buffer.GetSize(), 100u);
    EXPECT_EQ(buffer.Memory(), MemoryType::CPU);
    EXPECT_EQ(buffer.Name(), "constants");
    EXPECT_TRUE(Any(buffer.Usage() & BufferUsage::Uniform));
    EXPECT_FALSE(buffer.IsPinned());
}

TEST_F(BufferTest, NamesReachVulkan)
{
    if (!IsValidationWanted())
        SEDX_SKIP("names need VK_EXT_debug_utils, which comes with validation");
    auto system = MakeSystem({.sharing = BufferSharing::Own}); // the name is the VkBuffer's
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer,
                 system->CreateBuffer(1 << 20, BufferUsage::Storage, MemoryType::GPU, "Haleakala heights"));
    EXPECT_THAT(Calls().ObjectNames(), testing::Contains(HasSubstr("Haleakala heights")));
}

// ---- pinned --------------------------------------------------------------------------------------------------------
TEST_F(BufferTest, PinnedBufferGivesItsAddress)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer pinned,
                 system->CreateBuffer({.bytes = 256, .usage = BufferUsage::Storage, .name = "pinned", .pinned = true}));
    EXPECT_TRUE(pinned.IsPinned());
    EXPECT_FALSE(system->IsInFlight(pinned));
    SEDX_REQUIRE(const VkDeviceAddress address, system->GetDeviceAddress(pinned));
    EXPECT_NE(address, 0u);
    EXPECT_TRUE(system->IsInFlight(pinned)); // from its address query on
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    EXPECT_EQ(frame.Resolve(pinned).address, address);
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
    EXPECT_TRUE(Ok(system->GetDeviceAddress(pinned)));
}

TEST_F(BufferTest, AddressNeedsPinningAndTheUsage)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer loose, system->CreateBuffer(256, BufferUsage::Storage, MemoryType::GPU, "loose"));
    EXPECT_TRUE(FailsWith(system->GetDeviceAddress(loose), ErrorCode::WrongState, "loose"));
    SEDX_REQUIRE(
        const Buffer plain,
        system->CreateBuffer({.bytes = 256, .usage = BufferUsage::Vertex, .name = "plain vertices", .pinned = true}));
    EXPECT_TRUE(FailsWith(system->GetDeviceAddress(plain), ErrorCode::MissingFeature, "plain vertices"));
}

TEST_F(BufferTest, PinnedBackingStaysThroughFramesAndWrites)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Buffer pinned, system->CreateBuffer({.bytes = 256,
                                                            .usage = BufferUsage::Storage,
                                                            .memory = MemoryType::CPU,
                                                            .name = "pinned",
                                                            .pinned = true}));
    ResolvedBuffer first;
    for (uint64_t i = 0; i < 5; ++i)
    {
        ASSERT_TRUE(Ok(system->Uploads().Write(pinned, 0, Pattern(i, 256))));
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
            const ResolvedBuffer now = frame.Resolve(pinned);
            if (i == 0)
                first = now;
            EXPECT_EQ(now.buffer, first.buffer);
            EXPECT_EQ(now.offset, first.offset);
            EXPECT_EQ(now.address, first.address);
        });
    }
    EXPECT_TRUE(SameBytes(Pattern(4, 256), ReadBack(*system, pinned)));
}

TEST_F(BufferTest, ExplainSpeaksOfTheBuffer)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    for (const MemoryType memory : {MemoryType::GPU, MemoryType::CPU, MemoryType::Readback})
    {
        for (const bool pinned : {false, true})
        {
            SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer({.bytes = 256,
                                                                    .usage = BufferUsage::Storage,
                                                                    .memory = memory,
                                                                    .name = "explained",
                                                                    .pinned = pinned}));
            const std::string text = system->Explain(buffer);
            EXPECT_GT(text.size(), 20u);
            EXPECT_THAT(text, HasSubstr("explained"));
        }
    }
}

// ---- failures ------------------------------------------------------------------------------------------------------
// Peers' mistake: counters that are not rolled back on failure shrink the usable limit.
TEST_F(BufferTest, FailedCreationLeavesNoTrace)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer keep, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    const Report before = system->GetReport();
    for (int i = 0; i < 50; ++i)
    {
        Calls().FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 1000);
        const auto made = system->CreateBuffer(300ull << 20, BufferUsage::Storage, MemoryType::GPU, "too much");
        EXPECT_TRUE(FailsWith(made, ErrorCode::OutOfDeviceMemory, "too much"));
        Calls().StopFailing();
    }
    const Report after = system->GetReport();
    EXPECT_EQ(after.liveBuffers, before.liveBuffers);
    EXPECT_EQ(after.createdBuffers, before.createdBuffers);
    EXPECT_EQ(after.gpu.bytes, before.gpu.bytes);
    EXPECT_EQ(after.gpu.buffers, before.gpu.buffers);
    EXPECT_EQ(after.deviceLocal.bytes, before.deviceLocal.bytes);
    EXPECT_EQ(after.pendingDestroyed, 0u);
    EXPECT_TRUE(Ok(system->CreateBuffer(1 << 20, BufferUsage::Storage, MemoryType::GPU)));
}

TEST_F(BufferTest, OutOfMemoryTellsObjectAndSize)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    Calls().FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 1000);
    const auto made = system->CreateBuffer(314572800, BufferUsage::Storage, MemoryType::GPU, "the whole of Maui");
    ASSERT_TRUE(FailsWith(made, ErrorCode::OutOfDeviceMemory, "the whole of Maui"));
    EXPECT_EQ(made.error().vkResult, VK_ERROR_OUT_OF_DEVICE_MEMORY);
}

// Peers' mistake: asking the driver for the budget at every allocation costs 4-5 ms a call on one driver.
TEST_F(BufferTest, CreationDoesNotQueryTheBudgetEveryTime)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    std::vector<Buffer> buffers;
    const uint64_t before = Calls().Calls(Fn::GetPhysicalDeviceMemoryProperties2);
    for (int i = 0; i < 1000; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
        buffers.push_back(std::move(buffer));
    }
    EXPECT_LT(Calls().Calls(Fn::GetPhysicalDeviceMemoryProperties2) - before, 100u);
}

// ---- threads and many ----------------------------------------------------------------------------------------------
TEST_F(BufferTest, ThreadsCreateAndDropAndCountersStayRight)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    constexpr int kThreads = 8;
    constexpr int kEach = 200;
    std::vector<std::vector<Buffer>> kept(kThreads);
    std::vector<std::thread> threads;
    for (size_t thread = 0; thread < kThreads; ++thread)
    {
        threads.emplace_back([&, thread] {
            for (uint64_t i = 0; i < kEach; ++i)
            {
                auto buffer = system->CreateBuffer(16 + i, BufferUsage::Storage, MemoryType::GPU, "of a thread");
                EXPECT_TRUE(Ok(buffer));
                if (buffer && i % 2 == 0)
                    kept[thread].push_back(*buffer);
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    system->Poll();
    std::set<std::pair<uint32_t, uint32_t>> ids;
    for (const auto& buffers : kept)
    {
        for (const Buffer& buffer : buffers)
            ids.emplace(buffer.ID().index, buffer.ID().generation);
    }
    EXPECT_EQ(ids.size(), kThreads * kEach / 2u);
    const Report report = system->GetReport();
    EXPECT_EQ(report.createdBuffers, kThreads * kEach + 0u);
    EXPECT_EQ(report.liveBuffers, ids.size());
    EXPECT_EQ(report.gpu.buffers, ids.size());
    EXPECT_EQ(report.pendingDestroyed, 0u);
}

TEST_F(BufferTest, TwoSystemsOnOneDevice)
{
    auto one = MakeSystem();
    auto two = MakeSystem();
    ASSERT_TRUE(one && two);
    SEDX_REQUIRE(Buffer a, one->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(Buffer b, two->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    ASSERT_TRUE(Ok(one->Uploads().Write(a, 0, Pattern(1, 64))));
    ASSERT_TRUE(Ok(two->Uploads().Write(b, 0, Pattern(2, 64))));
    EXPECT_TRUE(SameBytes(Pattern(1, 64), ReadBack(*one, a)));
    EXPECT_TRUE(SameBytes(Pattern(2, 64), ReadBack(*two, b)));
    a = {};
    one.reset();
    EXPECT_TRUE(SameBytes(Pattern(2, 64), ReadBack(*two, b)));
}

TEST_F(BufferTest, BufferOfAnotherSystemIsRefused)
{
    auto one = MakeSystem();
    auto two = MakeSystem();
    ASSERT_TRUE(one && two);
    SEDX_REQUIRE(const Buffer theirs, two->CreateBuffer(64, BufferUsage::Storage, MemoryType::CPU));
    EXPECT_FALSE(one->Uploads().Write(theirs, 0, Pattern(1, 64)));
    EXPECT_FALSE(one->Readbacks().Request(theirs));
    EXPECT_FALSE(one->MapBuffer(theirs));
    SEDX_REQUIRE(const Frame frame, one->BeginFrame());
    EXPECT_FALSE(static_cast<bool>(frame.Resolve(theirs)));
    EXPECT_TRUE(Ok(one->EndFrame(frame)));
}
} // namespace
} // namespace sedx::test
