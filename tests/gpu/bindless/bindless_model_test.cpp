// Threads that create, register, move, unregister and drop buffers while frames, several of them under way and two open at once,
// read by ID: what a shader reads is what the buffer held when the frame asked for its copy, always. By every way to reach buffers.
#include "gpu/bindless/bindless_test.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <thread>

namespace sedx::test
{
namespace
{
enum class Access : uint32_t
{
    DescriptorSets,
    Addresses, // by the table of the same sets
    DescriptorBuffers,
};

// For each thread. All instances together take as many.
uint32_t Operations()
{
    const char* wish = std::getenv("SEDX_MODEL_OPERATIONS");
    const int count = wish != nullptr ? std::atoi(wish) : 0;
    return (count > 0 ? static_cast<uint32_t>(count) : 20'000) / 3;
}

struct Content // of a buffer; changed by Published alone
{
    uint32_t value = 0;
    uint64_t changed = 0; // looks before that
};

// What threads have published: IDs that live, and what their buffers hold.
class Published
{
  public:
    // `content` outlives its entries.
    void Add(uint32_t id, const Content& content)
    {
        const std::lock_guard lock(m_mutex);
        m_entries.push_back({id, &content});
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
    // A buffer gets new memory with another value in it. Nobody looks meanwhile.
    void Move(BufferSystem& system, const Buffer& buffer, Content& content, uint32_t value)
    {
        const std::lock_guard lock(m_mutex);
        content = {value, m_looks};
        auto mapping = system.MapWritable<uint32_t>(buffer, MapMode::WriteDiscard);
        ASSERT_TRUE(Ok(mapping));
        std::fill(mapping->Span().begin(), mapping->Span().end(), value);
    }
    // At up to `most` that were not moved since look `since`. Nobody unregisters or moves meanwhile. The number of this look.
    template <class Use>
    uint64_t Look(size_t most, uint64_t since, const Use& use)
    {
        const std::lock_guard lock(m_mutex);
        std::vector<uint32_t> ids;
        std::vector<uint32_t> values;
        for (const Entry& entry : m_entries)
        {
            if (ids.size() == most)
                break;
            if (entry.content->changed >= since)
                continue;
            ids.push_back(entry.id);
            values.push_back(entry.content->value);
        }
        use(ids, values);
        return ++m_looks;
    }

  private:
    struct Entry
    {
        uint32_t id;
        const Content* content;
    };
    std::mutex m_mutex;
    std::vector<Entry> m_entries;
    uint64_t m_looks = 0;
};

// Steps of the frames, and the operations of the threads beside them: none of the two gets far ahead.
class Steps
{
  public:
    void Next()
    {
        m_begun.fetch_add(1);
        m_begun.notify_all();
    }
    // No more of them: nobody waits any longer.
    void End()
    {
        m_begun.store(UINT32_MAX / 2);
        m_begun.notify_all();
    }
    // A thread is about to do operation `i` of `operations`.
    void Await(uint32_t i, uint32_t operations) const
    {
        const auto step = static_cast<uint32_t>(uint64_t{i} * kSteps / operations);
        for (uint32_t begun = m_begun.load(); begun < step; begun = m_begun.load())
            m_begun.wait(begun);
    }

  private:
    static constexpr uint32_t kSteps = 400; // while the threads work; some in each round
    std::atomic<uint32_t> m_begun{0};
};

// Holds the submissions of rounds back on the GPU until the test lets them pass: so many frames overlap, always.
class RoundGate
{
  public:
    explicit RoundGate(const Device& device) : m_device(device), m_functions(RawFunctions::Load(device))
    {
        VkSemaphoreTypeCreateInfo type{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO};
        type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
        VkSemaphoreCreateInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
        info.pNext = &type;
        EXPECT_EQ(m_functions.CreateSemaphore(device.Handle(), &info, nullptr, &m_semaphore), VK_SUCCESS);
    }
    ~RoundGate()
    {
        Open(m_newest);
        m_functions.DeviceWaitIdle(m_device.Handle());
        m_functions.DestroySemaphore(m_device.Handle(), m_semaphore, nullptr);
    }
    RoundGate(const RoundGate&) = delete;
    RoundGate& operator=(const RoundGate&) = delete;

    // For a submission of this round; rounds count from 1.
    VkSemaphoreSubmitInfo Wait(uint64_t round)
    {
        m_newest = round;
        VkSemaphoreSubmitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO};
        info.semaphore = m_semaphore;
        info.value = round;
        info.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
        return info;
    }
    // This round and all before it.
    void Open(uint64_t round)
    {
        if (round <= m_open)
            return;
        m_open = round;
        VkSemaphoreSignalInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO};
        info.semaphore = m_semaphore;
        info.value = round;
        EXPECT_EQ(m_functions.SignalSemaphore(m_device.Handle(), &info), VK_SUCCESS);
    }

  private:
    Device m_device;
    RawFunctions m_functions;
    VkSemaphore m_semaphore = VK_NULL_HANDLE;
    uint64_t m_newest = 0;
    uint64_t m_open = 0;
};

void Work(BufferSystem& system, BindlessBufferSystem& bindless, Published& published, const Steps& steps, Random random,
          uint32_t operations)
{
    struct Owned
    {
        Buffer buffer;
        Content content;
        std::vector<uint32_t> ids;
    };
    const auto anyValue = [&] { return static_cast<uint32_t>(random.Between(0, UINT32_MAX)); };
    std::vector<std::unique_ptr<Owned>> owned;
    for (uint32_t i = 0; i < operations; ++i)
    {
        steps.Await(i, operations);
        const uint64_t kind = random.Between(0, 7);
        if (owned.empty() || (kind == 0 && owned.size() < 40))
        {
            auto made = system.CreateBuffer(64, BufferUsage::Storage, MemoryType::CPU, "model");
            ASSERT_TRUE(Ok(made));
            owned.push_back(std::make_unique<Owned>(Owned{*made, {}, {}}));
            published.Move(system, *made, owned.back()->content, anyValue());
            continue;
        }
        const size_t which = random.Between(0, owned.size() - 1);
        Owned& mine = *owned[which];
        if (kind <= 3)
        {
            if (mine.ids.size() >= 4)
                continue;
            auto id = bindless.Register(mine.buffer);
            ASSERT_TRUE(Ok(id));
            mine.ids.push_back(*id);
            published.Add(*id, mine.content);
        }
        else if (kind <= 5 && !mine.ids.empty())
        {
            const uint32_t id = mine.ids.back();
            mine.ids.pop_back();
            published.Remove(id);
            ASSERT_TRUE(Ok(bindless.UnregisterBuffer(id)));
        }
        else if (kind == 6)
            published.Move(system, mine.buffer, mine.content, anyValue());
        else if (kind == 7 && owned.size() > 4)
        {
            for (const uint32_t id : mine.ids)
                published.Remove(id);
            owned[which] = std::move(owned.back()); // the buffer goes with its registrations
            owned.pop_back();
        }
    }
    for (const auto& mine : owned)
        for (const uint32_t id : mine->ids)
            published.Remove(id);
}

class BindlessModelTest : public BindlessTest, public testing::WithParamInterface<Access>
{
  protected:
    void SetUp() override
    {
        BindlessTest::SetUp();
        if (GetParam() == Access::DescriptorBuffers &&
            !HasDeviceExtension(TheDevice(), VK_EXT_DESCRIPTOR_BUFFER_EXTENSION_NAME))
            SEDX_SKIP("the device has no VK_EXT_descriptor_buffer");
    }
    void StartModel()
    {
        BufferSystemDesc systemDesc;
        systemDesc.framesInFlight = 2 * (kLate + 2);
        BindlessDesc desc;
        desc.slots = 64;                                     // grows under way
        desc.maxSlots = std::max(16'384u, 2 * Operations()); // more would make the layers slow
        if (GetParam() != Access::DescriptorBuffers)
        {
            Start(desc, systemDesc);
            return;
        }
        ASSERT_TRUE(MakeDevice(
            [](DeviceDesc& device) { device.modules = FeatureModule::All | FeatureModule::DescriptorBuffer; }));
        desc.backend = BindlessBackend::DescriptorBuffer;
        StartOn(m_own->device, desc, systemDesc);
    }

    // What a frame reads of what is published. Checked when frames of later rounds are under way.
    struct Reading
    {
        Lists lists;
        std::vector<uint32_t> expected;
        ReadbackTicket results;
    };
    struct Recording // of a frame
    {
        Frame frame;
        VkCommandBuffer cmd = VK_NULL_HANDLE;
        uint64_t firstLook = kAny;
    };
    // The first time the frame gets its copy. Later it sees what was registered since, and not what was moved since.
    Reading Record(Recording& recording, Published& published, size_t most)
    {
        Reading reading;
        const auto look = published.Look(
            most, recording.firstLook, [&](const std::vector<uint32_t>& ids, const std::vector<uint32_t>& values) {
                reading.expected = values;
                reading.lists = MakeLists(ids, 0, GetParam() == Access::Addresses);
                RecordRead(recording.frame, recording.cmd, *m_reader, reading.lists.constants);
            });
        recording.firstLook = std::min(recording.firstLook, look);
        auto results = m_system->Readbacks().Request(reading.lists.results, recording.frame);
        EXPECT_TRUE(Ok(results));
        if (results)
            reading.results = *results;
        return reading;
    }
    void Check(const Reading& reading)
    {
        const auto bytes = reading.results.Wait();
        ASSERT_TRUE(Ok(bytes));
        std::vector<uint32_t> seen(reading.expected.size());
        ASSERT_GE(bytes->size(), seen.size() * 4);
        if (!seen.empty())
            std::memcpy(seen.data(), bytes->data(), seen.size() * 4);
        EXPECT_EQ(seen, reading.expected);
        m_looked += seen.size();
    }
    // Rounds of `framesAtOnce` frames that are open beside each other, until the threads have ended. While a round is recorded,
    // the GPU has not begun with the kLate rounds before it.
    void RunFrames(const std::atomic<uint32_t>& running, Steps& steps, uint32_t framesAtOnce, Published& published,
                   size_t most)
    {
        RunRounds(running, steps, framesAtOnce, published, most);
        steps.End();
    }

    uint64_t m_looked = 0;

  private:
    static constexpr uint32_t kLate = 2;
    static constexpr uint32_t kLooks = 2;        // of each frame
    static constexpr uint64_t kAny = UINT64_MAX; // moved whenever
    void RunRounds(const std::atomic<uint32_t>& running, Steps& steps, uint32_t framesAtOnce, Published& published,
                   size_t most)
    {
        RoundGate gate(m_device);
        std::deque<Reading> readings;
        for (uint64_t round = 1; running.load() != 0 && !HasFailure(); ++round)
        {
            std::vector<Recording> recordings(framesAtOnce);
            for (Recording& recording : recordings)
            {
                auto begun = m_system->BeginFrame();
                ASSERT_TRUE(Ok(begun));
                recording.frame = *begun;
                recording.cmd = m_commands->Begin();
            }
            for (uint32_t look = 0; look < kLooks; ++look)
            {
                steps.Next();
                for (Recording& recording : recordings)
                    readings.push_back(Record(recording, published, most));
            }
            const VkSemaphoreSubmitInfo wait = gate.Wait(round);
            for (const Recording& recording : recordings)
                m_commands->Submit(recording.cmd, recording.frame, {&wait, 1});
            for (const Recording& recording : recordings)
                ASSERT_TRUE(Ok(m_system->EndFrame(recording.frame)));
            if (round <= kLate)
                continue;
            gate.Open(round - kLate);
            for (uint32_t i = 0; i < framesAtOnce * kLooks; ++i, readings.pop_front())
                Check(readings.front());
        }
        gate.Open(UINT32_MAX);
        for (const Reading& reading : readings)
            Check(reading);
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, BindlessModelTest,
                         testing::Values(Access::DescriptorSets, Access::Addresses, Access::DescriptorBuffers),
                         [](const testing::TestParamInfo<Access>& instance) {
                             return instance.param == Access::DescriptorSets ? "DescriptorSets"
                                    : instance.param == Access::Addresses    ? "Addresses"
                                                                             : "DescriptorBuffers";
                         });

// A thread replaces the memory of buffers while another registers them: whichever comes first, frames see the new memory, and the
// old one is not read when it is gone (address sanitizer, validation).
TEST_P(BindlessModelTest, RegisteringWhileMemoryIsReplaced)
{
    StartModel();
    if (HasFatalFailure())
        return;
    constexpr uint32_t kBuffers = 4;
    const uint32_t operations = Operations() / 8;
    std::vector<Buffer> buffers;
    std::array<Content, kBuffers> contents;
    std::vector<uint32_t> values;
    for (uint32_t i = 0; i < kBuffers; ++i)
    {
        contents[i].value = 100 + i;
        buffers.push_back(MakeValue(100 + i, 64, MemoryType::CPU));
    }
    Published published;
    Steps steps;
    std::atomic<uint32_t> running{2};
    std::thread registering([&] {
        std::deque<uint32_t> live;
        const auto removeOldest = [&] {
            published.Remove(live.front());
            EXPECT_TRUE(Ok(Bindless().UnregisterBuffer(live.front())));
            live.pop_front();
        };
        for (uint32_t i = 0; i < operations; ++i)
        {
            steps.Await(i, operations);
            auto id = Bindless().Register(buffers[i % kBuffers]);
            ASSERT_TRUE(Ok(id));
            published.Add(*id, contents[i % kBuffers]);
            live.push_back(*id);
            if (live.size() > kBuffers)
                removeOldest();
        }
        while (!live.empty())
            removeOldest();
        running.fetch_sub(1);
    });
    std::thread replacing([&] {
        for (uint32_t i = 0; i < operations; ++i)
        {
            steps.Await(i, operations);
            Content& content = contents[i % kBuffers];
            published.Move(*m_system, buffers[i % kBuffers], content, content.value + kBuffers);
        }
        running.fetch_sub(1);
    });
    RunFrames(running, steps, 1, published, 2 * kBuffers);
    registering.join();
    replacing.join();
    EXPECT_GT(m_looked, 100u);
    std::vector<uint32_t> ids(kBuffers);
    ASSERT_TRUE(Ok(Bindless().RegisterBuffers(buffers, ids)));
    for (const Content& content : contents)
        values.push_back(content.value);
    EXPECT_EQ(Read(ids), values);
    EXPECT_EQ(Read(ids, 0, true), values);
}

TEST_P(BindlessModelTest, ThreadsAndFrames)
{
    StartModel();
    if (HasFatalFailure())
        return;
    constexpr uint32_t kThreads = 3;
    constexpr size_t kLooked = 256;
    const uint64_t seed = 20'251'129;
    std::printf("%s, %u operations for each of %u threads\n", Random(seed).Trace().c_str(), Operations(), kThreads);
    Published published;
    Steps steps;
    std::atomic<uint32_t> running{kThreads};
    std::vector<std::thread> threads;
    for (uint32_t i = 0; i < kThreads; ++i)
        threads.emplace_back([&, i] {
            Work(*m_system, Bindless(), published, steps, Random(seed, i), Operations());
            running.fetch_sub(1);
        });
    RunFrames(running, steps, 2, published, kLooked);
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_GT(m_looked, 1000u);
    const BindlessReport report = Bindless().GetReport();
    EXPECT_EQ(report.registered, 0u);
    std::printf("%llu values looked at, %u slots, %u copies\n", static_cast<unsigned long long>(m_looked),
                report.capacity, report.copies);
}
} // namespace
} // namespace sedx::test
