// Memory is short: every allocation of a scenario fails in turn, the ladder helps or the error says what was tried, and
// afterwards everything works again.
#include "support/gpu_test.h"

#include <algorithm>
#include <atomic>
#include <gmock/gmock.h>
#include <thread>

namespace sedx::test
{
namespace
{
using testing::HasSubstr;

constexpr uint64_t kKiB = 1ull << 10;
constexpr uint64_t kMiB = 1ull << 20;

// Uses everything that allocates. Goes on after an error, as an engine might, and notes it.
class ShortScenario
{
  public:
    struct Noted
    {
        std::string name; // of the buffer that the error must name
        uint64_t bytes = 0;
        Error error;
    };

    ShortScenario(BufferSystem& system, TestCommands& commands) : m_system(system), m_commands(commands) {}

    void Run()
    {
        const Buffer small = Create("small storage", 100, BufferUsage::Storage, MemoryType::GPU);
        const Buffer medium = Create("medium vertices", 100 * kKiB, BufferUsage::Vertex, MemoryType::GPU);
        const Buffer large = Create("large storage", 12 * kMiB, BufferUsage::Storage, MemoryType::GPU);
        const Buffer constants = Create("constants", 2 * kMiB, BufferUsage::Uniform, MemoryType::CPU);
        const Buffer tiny = Create("tiny upload", 64, BufferUsage::Uniform, MemoryType::GPUUpload);
        const Buffer read = Create("readable", 64 * kKiB, BufferUsage::TransferDst, MemoryType::Readback);
        const Buffer scratch = Create("scratch", 300 * kKiB, BufferUsage::Scratch, MemoryType::GPU);
        const std::array all{small, medium, large, constants, tiny, read, scratch};
        std::vector<std::pair<Buffer, Bytes>> written;
        for (size_t i = 0; i < all.size(); ++i)
        {
            if (!all[i])
                continue;
            const Bytes bytes = Pattern(i, std::min<size_t>(all[i].GetSize(), 5001));
            if (Note("sedx staging", 0, m_system.Uploads().Write(all[i], 0, bytes)))
                written.emplace_back(all[i], bytes);
        }
        auto ring = RingBuffer::Create(m_system, {.blockBytes = 64 * kKiB, .name = "short ring"});
        Note("short ring", 0, ring);
        for (int i = 0; i < 2; ++i)
            m_commands.RunFrame(m_system, [&](const Frame& frame, VkCommandBuffer) {
                for (const Buffer& buffer : all)
                    if (buffer)
                        frame.Resolve(buffer);
                if (ring)
                    Note("short ring", 0, ring->Allocate(frame, 40 * kKiB));
                Note("sedx staging", 0, m_system.Uploads().Stage(1000, 0, frame));
                Discard(written, constants);
                Discard(written, tiny);
            });
        std::vector<std::pair<ReadbackTicket, const Bytes*>> tickets;
        for (const auto& [buffer, bytes] : written)
        {
            const auto ticket = m_system.Readbacks().Request({buffer, 0, bytes.size()});
            if (Note("sedx read-back", 0, ticket))
                tickets.emplace_back(*ticket, &bytes);
        }
        for (const auto& [ticket, bytes] : tickets)
        {
            const auto got = ticket.Wait();
            if (Note("", 0, got))
            {
                EXPECT_TRUE(SameBytes(*bytes, *got));
            }
        }
        m_commands.WaitIdle();
        m_system.Poll();
    }

    const std::vector<Noted>& Errors() const { return m_errors; }

  private:
    Buffer Create(const char* name, uint64_t bytes, BufferUsage usage, MemoryType memory)
    {
        const auto made = m_system.CreateBuffer(bytes, usage, memory, name);
        return Note(name, bytes, made) ? *made : Buffer();
    }
    // All bytes new while the buffer is in flight: needs memory.
    void Discard(std::vector<std::pair<Buffer, Bytes>>& written, const Buffer& buffer)
    {
        const auto known =
            std::ranges::find(written, buffer, [](const auto& one) -> const Buffer& { return one.first; });
        if (!buffer || known == written.end())
            return;
        const auto mapping = m_system.MapWritable<std::byte>(buffer, MapMode::WriteDiscard);
        if (!Note(buffer.Name(), buffer.GetSize(), mapping))
            return; // and the old bytes are still there
        const Bytes bytes = Pattern(buffer.GetSize() + 1, buffer.GetSize());
        std::ranges::copy(bytes, mapping->Span().begin());
        known->second.assign(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(known->second.size()));
    }
    template <class T>
    bool Note(const std::string& name, uint64_t bytes, const Result<T>& result)
    {
        if (!result)
            m_errors.push_back({name, bytes, result.error()});
        return result.has_value();
    }

    BufferSystem& m_system;
    TestCommands& m_commands;
    std::vector<Noted> m_errors;
};

// Names buffer, bytes, heap and what was tried.
void ExpectTellingError(const Error& error, const std::string& name, uint64_t bytes)
{
    EXPECT_EQ(error.code, ErrorCode::OutOfDeviceMemory) << error.message;
    EXPECT_THAT(error.message, HasSubstr("'" + name + "'"));
    if (bytes != 0)
    {
        EXPECT_THAT(error.message, HasSubstr(std::to_string(bytes) + " bytes"));
    }
    EXPECT_THAT(error.message, HasSubstr("bytes"));
    EXPECT_THAT(error.message, HasSubstr("heap"));
    EXPECT_THAT(error.message, testing::AnyOf(HasSubstr("tried"), HasSubstr("nothing to free")));
}

struct SharingAndLayout
{
    BufferSharing sharing = BufferSharing::Shared;
    MemoryLayout layout;
    friend std::ostream& operator<<(std::ostream& stream, const SharingAndLayout& tested)
    {
        return stream << tested.layout.name << (tested.sharing == BufferSharing::Shared ? "Shared" : "Own");
    }
};

class PressureTest : public GpuTest, public testing::WithParamInterface<SharingAndLayout>
{
  protected:
    MemoryLayout Layout() const override { return GetParam().layout; }
    bool IsShared() const { return GetParam().sharing == BufferSharing::Shared; }
    // All memory is in one heap: nothing to fall back to.
    bool HasOneHeap() const { return TheDevice().MemoryProperties().memoryHeapCount == 1; }

    std::unique_ptr<BufferSystem> Make(BufferSystemDesc desc = {})
    {
        desc.sharing = GetParam().sharing;
        desc.stagingBlockBytes = 64 * kKiB;
        desc.stagingLimitBytes = 256 * kKiB;
        desc.warmStagingBytes = 0;
        return MakeSystem(std::move(desc));
    }

    // Fails the n-th vkAllocateMemory of the scenario, `times` times. Answers false when it has fewer.
    bool RunShort(uint64_t n, uint64_t times)
    {
        SCOPED_TRACE("allocation " + std::to_string(n) + (times == 1 ? "" : " and all after it"));
        auto system = Make();
        if (!system)
            return false;
        TestCommands commands(TheDevice());
        const uint64_t injected = Calls().InjectedFailures();
        Calls().FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, n, times);
        {
            ShortScenario scenario(*system, commands);
            scenario.Run();
            Calls().StopFailing();
            for (const ShortScenario::Noted& noted : scenario.Errors())
                ExpectTellingError(noted.error, noted.name, noted.bytes);
        }
        const bool failed = Calls().InjectedFailures() != injected;
        ShortScenario again(*system, commands);
        again.Run();
        for (const ShortScenario::Noted& noted : again.Errors())
            ADD_FAILURE() << "with memory again: " << noted.error.message;
        const Report report = system->GetReport();
        EXPECT_EQ(report.liveBuffers, 0u);
        EXPECT_EQ(report.pendingDestroyed, 0u);
        EXPECT_EQ(report.gpu.buffers + report.cpu.buffers, 0u);
        system->ReleaseWarmMemory();
        EXPECT_EQ(system->GetReport().blocks, 0u);
        return failed;
    }
};

std::vector<SharingAndLayout> AllOfBoth()
{
    std::vector<SharingAndLayout> all;
    for (const BufferSharing sharing : {BufferSharing::Shared, BufferSharing::Own})
        for (const MemoryLayout& layout :
             {MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::SmallBar(), MemoryLayout::NonCoherent()})
            all.push_back({sharing, layout});
    return all;
}
INSTANTIATE_TEST_SUITE_P(All, PressureTest, testing::ValuesIn(AllOfBoth()),
                         [](const testing::TestParamInfo<SharingAndLayout>& tested) {
                             return testing::PrintToString(tested.param);
                         });

// ---- the driver says no --------------------------------------------------------------------------------------------

TEST_P(PressureTest, EveryAllocationFailsOnce)
{
    uint64_t n = 1;
    while (n < 200 && RunShort(n, 1) && !HasFailure())
        ++n;
    EXPECT_GT(n, 5u) << "the scenario allocates too little to say anything";
    EXPECT_LT(n, 200u);
}

TEST_P(PressureTest, EveryAllocationFromTheNthOnFails)
{
    uint64_t n = 1;
    while (n < 200 && RunShort(n, ~uint64_t{0}) && !HasFailure())
        ++n;
    EXPECT_GT(n, 5u);
    EXPECT_LT(n, 200u);
}

// A heap that is nearly full may have room for a smaller block, or on another heap.
TEST_P(PressureTest, OneFailureDoesNotReachTheApplication)
{
    if (!IsShared())
        return;
    auto system = Make();
    ASSERT_TRUE(system);
    for (const uint64_t bytes : {uint64_t{100}, 100 * kKiB})
    {
        system->ReleaseWarmMemory();
        Calls().FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY);
        EXPECT_TRUE(Ok(system->CreateBuffer(bytes, BufferUsage::Storage, MemoryType::GPU, "once")));
        Calls().StopFailing();
    }
}

// ---- the application is asked --------------------------------------------------------------------------------------

TEST_P(PressureTest, TheApplicationIsAskedLastAndWithTheMissingBytes)
{
    std::vector<uint64_t> asked;
    auto system = Make({.onOutOfMemory = [&](uint64_t missing) {
        asked.push_back(missing);
        return uint64_t{0};
    }});
    ASSERT_TRUE(system);
    Calls().FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, ~uint64_t{0});
    const auto made = system->CreateBuffer(12 * kMiB, BufferUsage::Storage, MemoryType::GPU, "too much");
    Calls().StopFailing();
    ASSERT_TRUE(FailsWith(made, ErrorCode::OutOfDeviceMemory, "'too much'"));
    EXPECT_EQ(asked, std::vector<uint64_t>{12 * kMiB});
    const std::string& message = made.error().message;
    EXPECT_THAT(message, HasSubstr("application"));
    EXPECT_GT(message.find("application"), message.find("warm blocks"));
    if (!HasOneHeap())
    {
        EXPECT_GT(message.find("application"), message.find("another placement"));
    }
    EXPECT_TRUE(Ok(system->CreateBuffer(12 * kMiB, BufferUsage::Storage, MemoryType::GPU, "enough")));
}

// It is not asked while something else helps.
TEST_P(PressureTest, TheApplicationIsNotAskedWhileAFallBackHelps)
{
    if (HasOneHeap())
        return;
    uint64_t asked = 0;
    auto system = Make({.onOutOfMemory = [&](uint64_t) {
        ++asked;
        return uint64_t{0};
    }});
    ASSERT_TRUE(system);
    Calls().FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 1);
    EXPECT_TRUE(Ok(system->CreateBuffer(12 * kMiB, BufferUsage::Storage, MemoryType::GPU, "elsewhere")));
    EXPECT_EQ(asked, 0u);
}

// Within a budget: the application drops what it has and calls into the library; the memory it freed must serve, wherever
// it was: in blocks of another class, in one large buffer, in small ones.
class PressureCallbackTest : public GpuTest, public testing::WithParamInterface<BufferSharing>
{
  protected:
    static constexpr uint64_t kLimit = 32 * kMiB;

    MemoryLayout Layout() const override { return MemoryLayout::NonCoherent(); } // one heap

    // Fills the limit with buffers of this size, then wants `wanted` bytes of another class.
    void Run(uint64_t each, uint64_t wanted)
    {
        SCOPED_TRACE(std::to_string(each) + " bytes each, then " + std::to_string(wanted));
        std::vector<Buffer> caches;
        BufferSystem* called = nullptr;
        uint64_t asked = 0;
        auto system =
            MakeSystem({.sharing = GetParam(),
                        .budget = {.limitBytes = kLimit},
                        .onOutOfMemory = [&](uint64_t missing) -> uint64_t {
                            ++asked;
                            EXPECT_EQ(missing, wanted);
                            uint64_t bytes = 0;
                            for (const Buffer& buffer : caches)
                                bytes += buffer.GetSize();
                            caches.clear();
                            called->Poll();
                            called->GetReport();
                            EXPECT_FALSE(called->CreateBuffer(2 * kLimit, BufferUsage::Storage, MemoryType::GPU))
                                << "nothing more is freed for what is asked from inside";
                            return bytes;
                        }});
        ASSERT_TRUE(system);
        called = system.get();
        uint64_t bytes = 0;
        while (bytes + each <= kLimit * 3 / 4)
        {
            SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(each, BufferUsage::Storage, MemoryType::GPU, "cache"));
            caches.push_back(std::move(buffer));
            bytes += each;
        }
        ASSERT_EQ(asked, 0u) << "the budget is not used well";
        ASSERT_TRUE(Ok(system->CreateBuffer(wanted, BufferUsage::TransferDst, MemoryType::GPU, "wanted")));
        EXPECT_EQ(asked, 1u);
        EXPECT_LE(system->GetReport().committedBytes, kLimit);
        system.reset();
    }
};
INSTANTIATE_TEST_SUITE_P(Sharing, PressureCallbackTest, testing::Values(BufferSharing::Shared, BufferSharing::Own),
                         [](const testing::TestParamInfo<BufferSharing>& tested) {
                             return tested.param == BufferSharing::Shared ? "Shared" : "Own";
                         });

TEST_P(PressureCallbackTest, LargeBuffersServe) { Run(12 * kMiB, 20 * kMiB); }
TEST_P(PressureCallbackTest, MediumBuffersServeAnotherClass) { Run(200 * kKiB, 20 * kMiB); }
TEST_P(PressureCallbackTest, SmallBuffersServeALargeOne) { Run(10 * kKiB, 24 * kMiB); }
TEST_P(PressureCallbackTest, LargeBuffersServeMediumOnes) { Run(11 * kMiB, 7 * kMiB + 4 * kMiB); }

// Maps with WriteDiscard and transfers ask, too.
TEST_P(PressureCallbackTest, AMapWithDiscardAsks)
{
    std::vector<Buffer> caches;
    uint64_t asked = 0;
    auto system = MakeSystem({.sharing = GetParam(), .budget = {.limitBytes = kLimit}, .onOutOfMemory = [&](uint64_t) {
                                  ++asked;
                                  caches.clear();
                                  return 12 * kMiB;
                              }});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer mapped, system->CreateBuffer(12 * kMiB, BufferUsage::Uniform, MemoryType::CPU, "mapped"));
    SEDX_REQUIRE(Buffer cache, system->CreateBuffer(12 * kMiB, BufferUsage::Storage, MemoryType::GPU, "cache"));
    caches.push_back(std::move(cache));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    frame.Resolve(mapped);
    EXPECT_TRUE(Ok(system->MapBuffer(mapped, MapMode::WriteDiscard)));
    system->UnmapBuffer(mapped);
    EXPECT_EQ(asked, 1u);
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
}

TEST_P(PressureCallbackTest, AReadBackAsks)
{
    std::vector<Buffer> caches;
    uint64_t asked = 0;
    auto system = MakeSystem({.sharing = GetParam(), .budget = {.limitBytes = kLimit}, .onOutOfMemory = [&](uint64_t) {
                                  ++asked;
                                  caches.clear();
                                  return 12 * kMiB;
                              }});
    ASSERT_TRUE(system);
    const Bytes bytes = Pattern(3, 12 * kMiB);
    SEDX_REQUIRE(const Buffer source, system->CreateBuffer(12 * kMiB, BufferUsage::Storage, MemoryType::GPU, "source"));
    ASSERT_TRUE(Ok(system->Uploads().Write(source, 0, bytes)));
    SEDX_REQUIRE(Buffer cache, system->CreateBuffer(12 * kMiB, BufferUsage::Storage, MemoryType::GPU, "cache"));
    caches.push_back(std::move(cache));
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, source)));
    EXPECT_EQ(asked, 1u);
}

// Several threads at the limit at once: each gets its memory or an error, the limit holds, and nobody hangs.
TEST_P(PressureCallbackTest, ThreadsAtTheLimit)
{
    std::atomic<uint64_t> asked{0};
    std::atomic<uint64_t> served{0};
    std::atomic<uint64_t> most{0};
    auto system = MakeSystem({.sharing = GetParam(), .budget = {.limitBytes = kLimit}, .onOutOfMemory = [&](uint64_t) {
                                  ++asked;
                                  return uint64_t{0};
                              }});
    ASSERT_TRUE(system);
    std::vector<std::thread> threads;
    for (uint64_t i = 0; i < 4; ++i)
        threads.emplace_back([&, i] {
            Random random(0x7EA + i);
            SCOPED_TRACE(random.Trace());
            std::vector<Buffer> buffers;
            for (int round = 0; round < 400 && !HasFailure(); ++round)
            {
                const uint64_t bytes = random.Between(1, uint64_t{1} << random.Between(16, 23));
                const BufferUsage usage = random.Chance(1, 2) ? BufferUsage::Uniform : BufferUsage::TransferSrc;
                const auto made = system->CreateBuffer(bytes, usage, MemoryType::CPU, "contended");
                if (made)
                {
                    ++served;
                    buffers.push_back(*made);
                }
                else
                    ExpectTellingError(made.error(), "contended", 0);
                if (!buffers.empty() && random.Chance(1, 4))
                {
                    const Buffer& buffer = buffers[random.Between(0, buffers.size() - 1)];
                    const auto ticket = system->Readbacks().Request({buffer, 0, 1});
                    if (!ticket)
                        ExpectTellingError(ticket.error(), "sedx read-back", 0);
                    else
                        EXPECT_TRUE(Ok(ticket->Wait()));
                }
                while (buffers.size() > 12 || (!buffers.empty() && (!made || random.Chance(1, 3))))
                    buffers.erase(buffers.begin() + static_cast<ptrdiff_t>(random.Between(0, buffers.size() - 1)));
                const uint64_t committed = system->GetReport().committedBytes;
                uint64_t before = most.load();
                while (before < committed && !most.compare_exchange_weak(before, committed))
                {
                }
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_LE(most, kLimit);
    EXPECT_GT(served, 100u);
    EXPECT_GT(asked, 0u) << "it was never tight";
    EXPECT_TRUE(Ok(system->CreateBuffer(24 * kMiB, BufferUsage::Storage, MemoryType::GPU, "after")));
}

// ---- warm memory of another kind -----------------------------------------------------------------------------------

TEST_P(PressureCallbackTest, AMapWithDiscardGetsWarmMemory)
{
    auto system = MakeSystem({.sharing = GetParam(), .budget = {.limitBytes = kLimit}});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer mapped, system->CreateBuffer(14 * kMiB, BufferUsage::Uniform, MemoryType::CPU, "mapped"));
    for (int i = 0; i < 4; ++i) // 7.5 MiB, warm where blocks are shared, in a group that the map cannot use
        ASSERT_TRUE(Ok(system->CreateBuffer(7 * kMiB, BufferUsage::TransferSrc, MemoryType::CPU, "warm")));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    frame.Resolve(mapped);
    EXPECT_TRUE(Ok(system->MapBuffer(mapped, MapMode::WriteDiscard)));
    system->UnmapBuffer(mapped);
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
}
} // namespace
} // namespace sedx::test
