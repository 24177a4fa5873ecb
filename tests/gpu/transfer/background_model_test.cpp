// A model of background writes: random writes of all priorities, copies, reads, cancellations and drops of several threads,
// against a copy of the bytes on the CPU, while another thread runs frames.
//
// What a cancelled write leaves behind is either the old byte or the new one: the model does not know, until the byte is
// written again. Kept bytes are scribbled over and freed as soon as their ticket is ready or their write is cancelled.
#include "model_threads.h"
#include "support/gpu_test.h"

#include <algorithm>
#include <array>
#include <deque>

namespace sedx::test
{
namespace
{
class BackgroundModelTest : public GpuLayoutTest
{};
INSTANTIATE_TEST_SUITE_P(Layouts, BackgroundModelTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

// All of them on the driver's own device; the queue is the same on the others, where bytes only take another way.
constexpr uint64_t kOperations = 100'000;
uint64_t Operations(const MemoryLayout& layout)
{
    return ModelOperations(layout.name == MemoryLayout::Native().name ? kOperations : kOperations / 4);
}

// One thread's buffers and what they hold.
class Owner
{
  public:
    Owner(BufferSystem& system, uint64_t seed, uint64_t thread = 0) : m_system(system), m_random(seed, thread)
    {
        for (Entry& entry : m_entries)
            Replace(entry);
    }
    ~Owner() { EXPECT_TRUE(m_kept.empty()) << "Finish() was not called"; }

    uint64_t Steps() const { return m_steps; }
    void Step()
    {
        ++m_steps;
        Entry& entry = m_entries[m_random.Between(0, m_entries.size() - 1)];
        switch (m_random.Between(0, 19))
        {
        case 0: Replace(entry); break;
        case 1: Request(entry); break;
        case 2: Check(); break;
        case 3: Copy(entry); break;
        case 4: EXPECT_TRUE(Ok(m_system.Uploads().Submit())); break;
        case 5: Cancel(); break;
        case 6: WaitOrPromote(); break;
        case 7: WriteMany(entry); break;
        case 8:
        case 9:
        case 10: Write(entry, UploadPriority::Normal); break;
        case 11: Write(entry, UploadPriority::Critical); break;
        default: Write(entry, UploadPriority::Background); break;
        }
        SettleKept();
    }

    void Finish()
    {
        for (Entry& entry : m_entries)
            Request(entry);
        while (!m_reads.empty())
            Check();
        for (Kept& kept : m_kept)
        {
            EXPECT_TRUE(Ok(kept.ticket.Wait()));
            EXPECT_TRUE(kept.ticket.Ready());
        }
        SettleKept();
    }

  private:
    struct Entry
    {
        Buffer buffer;
        Bytes shadow;
        std::vector<bool> isKnown;
    };
    struct Read
    {
        ReadbackTicket ticket;
        Bytes expected;
        std::vector<bool> isKnown;
    };
    struct Kept
    {
        UploadTicket ticket;
        std::unique_ptr<Bytes> bytes;
    };
    struct Queued // for Cancel
    {
        UploadTicket ticket;
        size_t entry;
        BufferId buffer;
        uint64_t offset;
        uint64_t count;
    };
    struct Range
    {
        uint64_t offset;
        uint64_t count;
    };

    Range Choose(const Entry& entry)
    {
        const uint64_t most = m_random.Chance(1, 5) ? 40'000 : 600;
        const uint64_t offset = m_random.Between(0, entry.shadow.size() - 1);
        return {offset, std::min<uint64_t>(m_random.Between(1, most), entry.shadow.size() - offset)};
    }
    Bytes Fresh(uint64_t count) { return Pattern(m_random.Between(0, UINT32_MAX), count); }
    static void Overwrite(Entry& entry, uint64_t offset, const Bytes& bytes)
    {
        std::ranges::copy(bytes, entry.shadow.begin() + static_cast<ptrdiff_t>(offset));
        Mark(entry, offset, bytes.size(), true);
    }
    static void Mark(Entry& entry, uint64_t offset, uint64_t count, bool isKnown)
    {
        std::fill_n(entry.isKnown.begin() + static_cast<ptrdiff_t>(offset), count, isKnown);
    }

    void Replace(Entry& entry)
    {
        const uint64_t size = m_random.Between(1, 60'000);
        const MemoryType memory = m_random.Chance(1, 3) ? MemoryType::CPU : MemoryType::GPU;
        auto made = m_system.CreateBuffer(size, BufferUsage::Storage, memory, "of the model");
        ASSERT_TRUE(Ok(made));
        entry.buffer = *made; // the old one goes, whatever is queued for it
        entry.shadow = Fresh(size);
        entry.isKnown.assign(size, true);
        const UploadPriority priority = m_random.Chance(1, 2) ? UploadPriority::Background : UploadPriority::Normal;
        EXPECT_TRUE(Ok(m_system.Uploads().Write(entry.buffer, 0, entry.shadow, {.priority = priority})));
    }
    void Write(Entry& entry, UploadPriority priority)
    {
        const Range range = Choose(entry);
        auto bytes = std::make_unique<Bytes>(Fresh(range.count));
        const bool isKept = m_random.Chance(1, 2);
        const auto ticket = m_system.Uploads().Write(
            entry.buffer, range.offset, *bytes,
            {.priority = priority, .source = isKept ? SourceLifetime::KeptUntilComplete : SourceLifetime::Copied});
        ASSERT_TRUE(Ok(ticket));
        Overwrite(entry, range.offset, *bytes);
        if (priority == UploadPriority::Background)
            m_queued.push_back({*ticket, static_cast<size_t>(&entry - m_entries.data()), entry.buffer.ID(),
                                range.offset, range.count});
        if (m_queued.size() > 30)
            m_queued.pop_front();
        if (isKept)
            m_kept.push_back({*ticket, std::move(bytes)});
    }
    void WriteMany(Entry& first)
    {
        std::vector<Bytes> bytes;
        std::vector<BufferWrite> writes;
        const uint64_t count = m_random.Between(1, 6);
        bytes.reserve(count);
        for (uint64_t i = 0; i < count; ++i)
        {
            Entry& entry = m_random.Chance(1, 2) ? first : m_entries[m_random.Between(0, m_entries.size() - 1)];
            const Range range = Choose(entry);
            bytes.push_back(Fresh(range.count));
            writes.push_back({entry.buffer, range.offset, bytes.back()});
            Overwrite(entry, range.offset, bytes.back());
        }
        const UploadPriority priority = m_random.Chance(2, 3) ? UploadPriority::Background : UploadPriority::Normal;
        EXPECT_TRUE(Ok(m_system.Uploads().WriteMany(writes, {.priority = priority})));
    }
    void Cancel()
    {
        if (m_queued.empty())
            return;
        const size_t which = m_random.Between(0, m_queued.size() - 1);
        const Queued queued = m_queued[which];
        m_queued.erase(m_queued.begin() + static_cast<ptrdiff_t>(which));
        const uint64_t bytes = m_system.Uploads().Cancel(queued.ticket);
        EXPECT_LE(bytes, queued.count);
        if (bytes == 0)
            return;
        EXPECT_TRUE(queued.ticket.Ready());
        EXPECT_TRUE(FailsWith(queued.ticket.Wait(), ErrorCode::Cancelled));
        Entry& entry = m_entries[queued.entry];
        if (entry.buffer.ID() == queued.buffer)
            Mark(entry, queued.offset, queued.count, false);
    }
    void WaitOrPromote()
    {
        if (m_queued.empty())
            return;
        const UploadTicket ticket = m_queued[m_random.Between(0, m_queued.size() - 1)].ticket;
        if (m_random.Chance(1, 2))
        {
            EXPECT_TRUE(Ok(ticket.Wait()));
            EXPECT_TRUE(ticket.Ready());
        }
        else
        {
            EXPECT_TRUE(Ok(m_system.Uploads().Promote(ticket)));
        }
    }
    void SettleKept()
    {
        std::erase_if(m_kept, [](Kept& kept) {
            if (!kept.ticket.Ready())
                return false;
            std::ranges::fill(*kept.bytes, std::byte{0xEE});
            return true;
        });
    }
    void Copy(Entry& entry)
    {
        const Entry& from = m_entries[m_random.Between(0, m_entries.size() - 1)];
        const Range range = Choose(from);
        const uint64_t to = m_random.Between(0, entry.shadow.size() - 1);
        const uint64_t count = std::min<uint64_t>(range.count, entry.shadow.size() - to);
        if (&from == &entry && range.offset < to + count && to < range.offset + count)
            return;
        EXPECT_TRUE(Ok(m_system.Uploads().Copy({from.buffer, range.offset, count}, entry.buffer, to)));
        for (uint64_t i = 0; i < count; ++i)
        {
            entry.shadow[to + i] = from.shadow[range.offset + i];
            entry.isKnown[to + i] = from.isKnown[range.offset + i];
        }
    }
    void Request(Entry& entry)
    {
        const Range range = m_random.Chance(1, 3) ? Range{0, entry.shadow.size()} : Choose(entry);
        const auto ticket = m_system.Readbacks().Request({entry.buffer, range.offset, range.count});
        ASSERT_TRUE(Ok(ticket));
        const auto from = static_cast<ptrdiff_t>(range.offset);
        const auto to = static_cast<ptrdiff_t>(range.offset + range.count);
        m_reads.push_back({*ticket,
                           {entry.shadow.begin() + from, entry.shadow.begin() + to},
                           {entry.isKnown.begin() + from, entry.isKnown.begin() + to}});
        if (m_reads.size() > 20)
            Check();
    }
    void Check()
    {
        if (m_reads.empty())
            return;
        const Read read = std::move(m_reads.front());
        m_reads.pop_front();
        const auto got = read.ticket.Wait();
        ASSERT_TRUE(Ok(got));
        Bytes expected = read.expected;
        for (size_t i = 0; i < expected.size(); ++i)
            if (!read.isKnown[i])
                expected[i] = (*got)[i];
        ASSERT_TRUE(SameBytes(expected, *got)) << m_random.Trace();
    }

    BufferSystem& m_system;
    Random m_random;
    uint64_t m_steps = 0;
    std::array<Entry, 5> m_entries;
    std::deque<Read> m_reads;
    std::deque<Queued> m_queued;
    std::vector<Kept> m_kept;
};

BufferSystemDesc Small()
{
    return {.framesInFlight = 2,
            .stagingBlockBytes = 64 << 10,
            .stagingLimitBytes = 512 << 10,
            .backgroundBytesPerFrame = 20'000};
}

void ExpectNothingLeft(BufferSystem& system, TestCommands& commands)
{
    commands.RunFrame(system); // what is queued for buffers that are gone
    commands.RunFrame(system);
    commands.WaitIdle();
    system.Poll();
    const Report report = system.GetReport();
    EXPECT_EQ(report.liveBuffers, 0u);
    EXPECT_EQ(report.pendingDestroyed, 0u);
    EXPECT_EQ(report.queuedBytes, 0u);
    EXPECT_EQ(report.queuedWrites, 0u);
    EXPECT_EQ(report.queueMemoryBytes, 0u);
    EXPECT_GT(report.backgroundBytes, report.promotedBytes);
    EXPECT_GT(report.promotedBytes, 0u);
    EXPECT_GT(report.cancelledBytes, 0u);
    EXPECT_GT(report.supersededBytes, 0u);
    EXPECT_GT(report.droppedBytes, 0u);
}

TEST_P(BackgroundModelTest, OneThread)
{
    constexpr uint64_t kSeed = 0xBAC1ull;
    const uint64_t operations = Operations(GetParam());
    PrintModel(kSeed, operations);
    auto system = MakeSystem(Small());
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    {
        Owner owner(*system, kSeed);
        for (uint64_t i = 0; owner.Steps() < operations && !HasFailure(); ++i)
        {
            owner.Step();
            if (i % 8 == 0)
                commands.RunFrame(*system, [&](const Frame&, VkCommandBuffer) { owner.Step(); });
        }
        owner.Finish();
    }
    ExpectNothingLeft(*system, commands);
}

TEST_P(BackgroundModelTest, ThreadsAndFrames)
{
    constexpr uint64_t kSeed = 0xBAC2ull;
    constexpr uint64_t kThreads = 3;
    auto system = MakeSystem(Small());
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    ModelThreads<Owner> threads(*system, kSeed, kThreads, Operations(GetParam()));
    while (threads.AreRunning())
        commands.RunFrame(*system);
    threads.Join();
    ExpectNothingLeft(*system, commands);
}
} // namespace
} // namespace sedx::test
