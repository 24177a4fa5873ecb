// Eight threads write into the same buffers, each into regions of its own that touch those of others: what is planned
// together by several threads keeps the order of each writer.
#include "support/gpu_test.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

namespace sedx::test
{
namespace
{
constexpr uint64_t kThreads = 8;
constexpr uint64_t kRegion = 4096;
constexpr uint64_t kRegions = 4; // of each thread in each buffer
constexpr uint64_t kBufferBytes = kThreads * kRegions * kRegion;
constexpr uint64_t kSeed = 0x8717EADull;

struct Target
{
    Buffer buffer;
    Bytes shadow; // each thread its own regions
};

class WriteThreadsTest : public GpuLayoutTest
{};
INSTANTIATE_TEST_SUITE_P(Layouts, WriteThreadsTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

// One thread's writes; later ones overlap earlier ones.
class Writer
{
  public:
    Writer(UploadQueue& uploads, std::span<Target> targets, uint64_t thread)
        : m_uploads(uploads), m_targets(targets), m_thread(thread), m_random(kSeed, thread),
          m_source(Pattern(thread, 1 << 16))
    {
    }
    void Write(size_t count)
    {
        for (size_t i = 0; i < count; ++i)
        {
            const BufferWrite write = Next();
            EXPECT_TRUE(Ok(m_uploads.Write(write.buffer, write.offset, write.bytes)));
        }
    }
    void WriteMany(size_t count)
    {
        std::vector<BufferWrite> writes(count);
        std::ranges::generate(writes, [&] { return Next(); });
        EXPECT_TRUE(Ok(m_uploads.WriteMany(writes)));
    }

  private:
    BufferWrite Next()
    {
        Target& target = m_targets[m_random.Between(0, m_targets.size() - 1)];
        const uint64_t region = (m_random.Between(0, kRegions - 1) * kThreads + m_thread) * kRegion;
        const uint64_t bytes = m_random.Between(1, 40);
        // Often at one of the ends, beside another thread's bytes.
        const uint64_t within = m_random.Chance(1, 8)   ? 0
                                : m_random.Chance(1, 8) ? kRegion - bytes
                                                        : m_random.Between(0, kRegion - bytes);
        const auto source = std::span(m_source).subspan(m_random.Between(0, m_source.size() - bytes), bytes);
        std::ranges::copy(source, target.shadow.begin() + static_cast<ptrdiff_t>(region + within));
        return {target.buffer, region + within, source};
    }

    UploadQueue& m_uploads;
    std::span<Target> m_targets;
    uint64_t m_thread;
    Random m_random;
    const Bytes m_source;
};

// `meanwhile`: what the main thread does until the writers have ended.
template <class F>
void RunWriters(UploadQueue& uploads, std::span<Target> targets, F&& meanwhile)
{
    std::atomic<uint64_t> running{kThreads};
    std::vector<std::thread> threads;
    for (uint64_t thread = 0; thread < kThreads; ++thread)
        threads.emplace_back([&, thread] {
            Writer writer(uploads, targets, thread);
            writer.Write(3000);
            writer.WriteMany(21'000); // enough that several threads plan them, even those of one writer
            writer.Write(3000);
            writer.WriteMany(100);
            --running;
        });
    while (running != 0)
        meanwhile();
    for (std::thread& thread : threads)
        thread.join();
}

TEST_P(WriteThreadsTest, NeighboursKeepTheirBytes)
{
    auto system = MakeSystem({.profile = {.given = TransferProfile{.copyThreads = 4}}});
    ASSERT_TRUE(system);
    SCOPED_TRACE(Random(kSeed).Trace());
    std::array<Target, 3> targets;
    for (Target& target : targets)
    {
        SEDX_REQUIRE(target.buffer,
                     system->CreateBuffer(kBufferBytes, BufferUsage::Storage, MemoryType::GPU, "shared"));
        target.shadow = Pattern(99, kBufferBytes);
        ASSERT_TRUE(Ok(system->Uploads().Write(target.buffer, 0, target.shadow)));
    }
    TestCommands commands(TheDevice());
    for (const bool submits : {false, true}) // all in one batch, or in many
    {
        const Report before = system->GetReport();
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
            for (const Target& target : targets)
                frame.Resolve(target.buffer); // the GPU has to copy
            RunWriters(system->Uploads(), targets, [&] {
                if (submits)
                {
                    EXPECT_TRUE(Ok(system->Uploads().Submit()));
                }
                else
                    std::this_thread::yield();
            });
        });
        const Report after = system->GetReport();
        EXPECT_EQ(after.writes - before.writes, kThreads * 27'100);
        EXPECT_GT(after.supersededBytes, before.supersededBytes);
        for (const Target& target : targets)
            ASSERT_TRUE(SameBytes(target.shadow, ReadBack(*system, target.buffer)));
    }
}
} // namespace
} // namespace sedx::test
