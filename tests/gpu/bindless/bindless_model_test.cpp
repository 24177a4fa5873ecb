// Threads that create, register, move, unregister and drop buffers while frames, two of them open at once, read by ID: what a
// shader reads is what the buffer held, always.
#include "gpu/bindless/bindless_test.h"

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

namespace sedx::test
{
namespace
{
using BindlessModelTest = BindlessTest;

uint32_t Operations()
{
    const char* wish = std::getenv("SEDX_MODEL_OPERATIONS");
    const int count = wish != nullptr ? std::atoi(wish) : 20'000;
    return count > 0 ? static_cast<uint32_t>(count) : 20'000;
}

// What threads have published: IDs that live, and what their buffers hold.
class Published
{
  public:
    void Add(uint32_t id, uint32_t value)
    {
        const std::lock_guard lock(m_mutex);
        m_entries.push_back({id, value});
    }
    void Remove(uint32_t id)
    {
        const std::lock_guard lock(m_mutex);
        const auto found =
            std::find_if(m_entries.begin(), m_entries.end(), [id](const Entry& entry) { return entry.id == id; });
        if (found == m_entries.end())
        {
            ADD_FAILURE() << "resource " << id << " was not published";
            return;
        }
        *found = m_entries.back();
        m_entries.pop_back();
    }
    // Nobody unregisters meanwhile.
    template <class Use>
    void Look(size_t most, const Use& use)
    {
        const std::lock_guard lock(m_mutex);
        std::vector<uint32_t> ids;
        std::vector<uint32_t> values;
        for (size_t i = 0; i < std::min(most, m_entries.size()); ++i)
        {
            ids.push_back(m_entries[i].id);
            values.push_back(m_entries[i].value);
        }
        use(ids, values);
    }

  private:
    struct Entry
    {
        uint32_t id;
        uint32_t value;
    };
    std::mutex m_mutex;
    std::vector<Entry> m_entries;
};

void Work(BindlessTest&, BufferSystem& system, BindlessBufferSystem& bindless, Published& published, uint32_t seed,
          uint32_t operations)
{
    std::mt19937 random(seed);
    struct Owned
    {
        Buffer buffer;
        uint32_t value;
        std::vector<uint32_t> ids;
    };
    std::vector<Owned> owned;
    const auto fill = [&](Owned& mine, MapMode mode) {
        auto mapping = system.MapWritable<uint32_t>(mine.buffer, mode);
        ASSERT_TRUE(Ok(mapping));
        std::fill(mapping->Span().begin(), mapping->Span().end(), mine.value);
    };
    for (uint32_t i = 0; i < operations; ++i)
    {
        const uint32_t kind = random() % 8;
        if (owned.empty() || (kind == 0 && owned.size() < 40))
        {
            auto made = system.CreateBuffer(64, BufferUsage::Storage, MemoryType::CPU, "model");
            ASSERT_TRUE(Ok(made));
            owned.push_back({*made, static_cast<uint32_t>(random()), {}});
            fill(owned.back(), MapMode::WriteDiscard);
            continue;
        }
        const size_t which = random() % owned.size();
        Owned& mine = owned[which];
        if (kind <= 3)
        {
            if (mine.ids.size() >= 4)
                continue;
            auto id = bindless.Register(mine.buffer);
            ASSERT_TRUE(Ok(id));
            mine.ids.push_back(*id);
            published.Add(*id, mine.value);
        }
        else if (kind <= 5 && !mine.ids.empty())
        {
            const uint32_t id = mine.ids.back();
            mine.ids.pop_back();
            published.Remove(id);
            ASSERT_TRUE(Ok(bindless.UnregisterBuffer(id)));
        }
        else if (kind == 6)
            fill(mine, MapMode::WriteDiscard); // new memory with the same contents
        else if (kind == 7 && owned.size() > 4)
        {
            for (const uint32_t id : mine.ids)
                published.Remove(id);
            mine = std::move(owned.back()); // with its registrations
            owned.pop_back();
        }
    }
    for (const Owned& mine : owned)
        for (const uint32_t id : mine.ids)
            published.Remove(id);
}

// A thread replaces the memory of buffers while another registers them: whichever comes first, frames see the new memory, and the
// old one is not read when it is gone (address sanitizer, validation).
TEST_F(BindlessModelTest, RegisteringWhileMemoryIsReplaced)
{
    Start();
    constexpr uint32_t kBuffers = 4;
    const uint32_t rounds = Operations() / 8;
    std::vector<Buffer> buffers;
    for (uint32_t i = 0; i < kBuffers; ++i)
        buffers.push_back(MakeValue(100 + i, 64, MemoryType::CPU));
    Published published;
    std::atomic<uint32_t> running{2};
    std::thread registering([&] {
        for (uint32_t i = 0; i < rounds; ++i)
        {
            auto id = Bindless().Register(buffers[i % kBuffers]);
            EXPECT_TRUE(Ok(id));
            published.Add(*id, 100 + i % kBuffers);
            published.Remove(*id);
            EXPECT_TRUE(Ok(Bindless().UnregisterBuffer(*id)));
        }
        running.fetch_sub(1);
    });
    std::thread replacing([&] {
        for (uint32_t i = 0; i < rounds; ++i)
        {
            auto mapping = m_system->MapWritable<uint32_t>(buffers[i % kBuffers], MapMode::WriteDiscard);
            EXPECT_TRUE(Ok(mapping));
            std::fill(mapping->Span().begin(), mapping->Span().end(), 100 + i % kBuffers);
        }
        running.fetch_sub(1);
    });
    while (running.load() != 0 && !HasFailure())
    {
        auto frame = m_system->BeginFrame();
        ASSERT_TRUE(Ok(frame));
        VkCommandBuffer cmd = m_commands->Begin();
        Lists lists;
        std::vector<uint32_t> expected;
        published.Look(kBuffers, [&](const std::vector<uint32_t>& ids, const std::vector<uint32_t>& values) {
            expected = values;
            lists = MakeLists(ids);
            RecordRead(*frame, cmd, *m_reader, lists.constants);
        });
        m_commands->Submit(cmd, *frame);
        ASSERT_TRUE(Ok(m_system->EndFrame(*frame)));
        std::vector<uint32_t> seen = Results(lists);
        seen.resize(expected.size());
        EXPECT_EQ(seen, expected);
    }
    registering.join();
    replacing.join();
    std::vector<uint32_t> ids(kBuffers);
    ASSERT_TRUE(Ok(Bindless().RegisterBuffers(buffers, ids)));
    EXPECT_EQ(Read(ids), (std::vector<uint32_t>{100, 101, 102, 103}));
}

TEST_F(BindlessModelTest, ThreadsAndFrames)
{
    BufferSystemDesc systemDesc;
    systemDesc.framesInFlight = 3;
    BindlessDesc desc;
    desc.slots = 64; // grows under way
    Start(desc, systemDesc);
    if (HasFatalFailure())
        return;
    constexpr uint32_t kThreads = 3;
    constexpr size_t kLooked = 256;
    const uint32_t seed = 20'251'129;
    std::printf("seed %u, %u operations for each of %u threads\n", seed, Operations(), kThreads);
    Published published;
    std::atomic<uint32_t> running{kThreads};
    std::vector<std::thread> threads;
    for (uint32_t i = 0; i < kThreads; ++i)
        threads.emplace_back([&, i] {
            Work(*this, *m_system, Bindless(), published, seed + i, Operations());
            running.fetch_sub(1);
        });

    struct Reading
    {
        Lists lists;
        std::vector<uint32_t> expected;
    };
    uint32_t looked = 0;
    while (running.load() != 0)
    {
        Reading readings[2];
        Frame frames[2];
        for (Frame& frame : frames)
        {
            auto begun = m_system->BeginFrame();
            ASSERT_TRUE(Ok(begun));
            frame = *begun;
        }
        for (int i = 0; i < 2; ++i)
        {
            Reading& reading = readings[i];
            VkCommandBuffer cmd = m_commands->Begin();
            published.Look(kLooked, [&](const std::vector<uint32_t>& ids, const std::vector<uint32_t>& values) {
                reading.expected = values;
                reading.lists = MakeLists(ids);
                RecordRead(frames[i], cmd, *m_reader, reading.lists.constants);
            });
            m_commands->Submit(cmd, frames[i]);
        }
        for (const Frame& frame : frames)
            ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
        for (Reading& reading : readings)
        {
            std::vector<uint32_t> seen = Results(reading.lists);
            seen.resize(reading.expected.size());
            EXPECT_EQ(seen, reading.expected);
            looked += static_cast<uint32_t>(reading.expected.size());
        }
        if (HasFailure())
            break;
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_GT(looked, 100u);
    EXPECT_EQ(Bindless().GetReport().registered, 0u);
    std::printf("%u values looked at, %u slots\n", looked, Bindless().GetReport().capacity);
}
} // namespace
} // namespace sedx::test
