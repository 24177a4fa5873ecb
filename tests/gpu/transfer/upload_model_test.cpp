// A model of the whole upload path: random operations of several threads against a copy of the bytes on the CPU.
//
// Each thread owns its buffers and knows at every moment what they must hold. It writes, copies, maps, reads back,
// drops and resolves, and ends frames of its own, while another thread opens and ends frames and copies on the GPU.
#include "model_threads.h"
#include "support/gpu_test.h"

#include <algorithm>
#include <array>
#include <deque>
#include <tuple>

namespace sedx::test
{
namespace
{
using ModelParam = std::tuple<MemoryLayout, TransferPath>;
class UploadModelTest : public GpuTest, public testing::WithParamInterface<ModelParam>
{
  protected:
    MemoryLayout Layout() const override { return std::get<0>(GetParam()); }
};

std::string ModelName(const testing::TestParamInfo<ModelParam>& info)
{
    constexpr const char* kPaths[] = {"Auto", "Regions", "Scatter", "Inline"};
    return LayoutName({std::get<0>(info.param), info.index}) + kPaths[static_cast<size_t>(std::get<1>(info.param))];
}

INSTANTIATE_TEST_SUITE_P(Layouts, UploadModelTest,
                         testing::Combine(testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(),
                                                          MemoryLayout::SmallBar(), MemoryLayout::NonCoherent()),
                                          testing::Values(TransferPath::Auto, TransferPath::Regions,
                                                          TransferPath::Scatter, TransferPath::Inline)),
                         ModelName);

// Auto is what users have. The forced ways differ from it in how a batch is recorded, and in nothing else: a quarter of it
// visits that often enough, and keeps all instances together at a minute and a half of one core.
constexpr uint64_t kOperations = 100'000;
uint64_t Operations(TransferPath path)
{
    return ModelOperations(path == TransferPath::Auto ? kOperations : kOperations / 4);
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

    void Step()
    {
        ++m_steps;
        Entry& entry = m_entries[m_random.Between(0, m_entries.size() - 1)];
        switch (m_random.Between(0, 23))
        {
        case 0: Replace(entry); break;
        case 1:
        case 2: Request(entry); break;
        case 3: Resolve(entry); break;
        case 4: Map(entry); break;
        case 5: EXPECT_TRUE(Ok(m_system.Uploads().Submit())); break;
        case 6: Check(); break;
        case 7: WriteMany(entry); break;
        case 8:
        case 9: Copy(entry); break;
        case 10: CopyMany(); break;
        case 11: Read(entry); break;
        case 12: RunFrame(entry); break;
        default: Write(entry); break;
        }
    }

    uint64_t Steps() const { return m_steps; }

    // Everything that was asked for, and the final contents.
    void Finish()
    {
        while (!m_reads.empty())
            Check();
        for (Entry& entry : m_entries)
        {
            Request(entry);
            Check();
        }
    }

  private:
    struct Entry
    {
        Buffer buffer;
        Bytes shadow;
    };
    struct Requested
    {
        ReadbackTicket ticket;
        Bytes expected;
    };

    struct Range
    {
        uint64_t offset;
        uint64_t count;
    };
    Range Choose(const Entry& entry, uint64_t most)
    {
        const uint64_t offset = m_random.Between(0, entry.shadow.size() - 1);
        return {offset, std::min<uint64_t>(m_random.Between(0, most), entry.shadow.size() - offset)};
    }
    static void Overwrite(Entry& entry, uint64_t offset, const Bytes& bytes)
    {
        std::ranges::copy(bytes, entry.shadow.begin() + static_cast<ptrdiff_t>(offset));
    }
    Bytes Fresh(uint64_t count) { return Pattern(m_random.Between(0, UINT32_MAX), count); }

    void Replace(Entry& entry)
    {
        const uint64_t size = m_random.Chance(1, 8) ? m_random.Between(50000, 200000) : m_random.Between(1, 3000);
        const MemoryType memory = m_random.Chance(1, 3) ? MemoryType::CPU : MemoryType::GPU;
        auto made = m_system.CreateBuffer(size, BufferUsage::Storage, memory, "of the model");
        ASSERT_TRUE(Ok(made));
        entry.buffer = *made; // the old one goes, whatever is under way with it
        entry.shadow = Fresh(size);
        EXPECT_TRUE(Ok(m_system.Uploads().Write(entry.buffer, 0, entry.shadow)));
    }
    void Write(Entry& entry)
    {
        const Range range = Choose(entry, m_random.Chance(1, 10) ? 100000 : 200);
        const Bytes bytes = Fresh(range.count);
        EXPECT_TRUE(Ok(m_system.Uploads().Write(entry.buffer, range.offset, bytes)));
        Overwrite(entry, range.offset, bytes);
    }
    void WriteMany(Entry& entry)
    {
        std::vector<Bytes> bytes;
        std::vector<Range> ranges;
        for (uint64_t i = m_random.Between(1, 6); i > 0; --i)
        {
            ranges.push_back(Choose(entry, 500));
            bytes.push_back(Fresh(ranges.back().count));
        }
        std::vector<BufferWrite> writes;
        for (size_t i = 0; i < ranges.size(); ++i)
        {
            writes.push_back({entry.buffer, ranges[i].offset, bytes[i]});
            Overwrite(entry, ranges[i].offset, bytes[i]);
        }
        EXPECT_TRUE(Ok(m_system.Uploads().WriteMany(writes)));
    }
    // From any buffer, the same one included.
    void Copy(Entry& entry)
    {
        const Entry& from = m_entries[m_random.Between(0, m_entries.size() - 1)];
        const Range range = Choose(from, m_random.Chance(1, 4) ? 100000 : 300);
        const uint64_t to = m_random.Between(0, entry.shadow.size() - 1);
        const uint64_t count = std::min<uint64_t>(range.count, entry.shadow.size() - to);
        const auto copied = m_system.Uploads().Copy({from.buffer, range.offset, count}, entry.buffer, to);
        if (&from == &entry && range.offset < to + count && to < range.offset + count)
        {
            EXPECT_TRUE(FailsWith(copied, ErrorCode::InvalidArgument));
            return;
        }
        EXPECT_TRUE(Ok(copied));
        const auto begin = from.shadow.begin() + static_cast<ptrdiff_t>(range.offset);
        Overwrite(entry, to, Bytes(begin, begin + static_cast<ptrdiff_t>(count)));
    }
    // Some, one after the other; those that would overlap themselves are left out.
    void CopyMany()
    {
        std::vector<BufferMove> moves;
        for (uint64_t i = m_random.Between(1, 5); i > 0; --i)
        {
            const Entry& from = m_entries[m_random.Between(0, m_entries.size() - 1)];
            Entry& to = m_entries[m_random.Between(0, m_entries.size() - 1)];
            const Range range = Choose(from, 500);
            const uint64_t offset = m_random.Between(0, to.shadow.size() - 1);
            const uint64_t count = std::min<uint64_t>(range.count, to.shadow.size() - offset);
            if (&from == &to && range.offset < offset + count && offset < range.offset + count)
                continue;
            moves.push_back({{from.buffer, range.offset, count}, to.buffer, offset});
            std::copy_n(from.shadow.begin() + static_cast<ptrdiff_t>(range.offset), count,
                        to.shadow.begin() + static_cast<ptrdiff_t>(offset));
        }
        EXPECT_TRUE(Ok(m_system.Uploads().CopyMany(moves)));
    }
    // At once, whatever is under way.
    void Read(const Entry& entry)
    {
        const Range range = Choose(entry, m_random.Chance(1, 4) ? 100000 : 300);
        if (range.count == 0)
            return;
        Bytes bytes(range.count);
        ASSERT_TRUE(Ok(m_system.Readbacks().Read({entry.buffer, range.offset, range.count}, std::span(bytes))));
        ASSERT_TRUE(SameBytes(std::span(entry.shadow).subspan(range.offset, range.count), bytes)) << m_random.Trace();
    }
    // Beside those of other threads, unless too many are open. Some are never submitted.
    void RunFrame(Entry& entry)
    {
        const auto frame = m_system.BeginFrame();
        if (!frame)
        {
            EXPECT_TRUE(FailsWith(frame, ErrorCode::WrongState));
            return;
        }
        frame->Resolve(entry.buffer);
        Write(entry);
        EXPECT_TRUE(m_random.Chance(1, 4) ? Ok(m_system.AbandonFrame(*frame)) : Ok(m_system.EndFrame(*frame)));
    }
    void Map(Entry& entry)
    {
        if (entry.buffer.Memory() != MemoryType::CPU)
            return;
        const bool discard = m_random.Chance(1, 2);
        auto mapping = m_system.MapWritable<std::byte>(entry.buffer, discard ? MapMode::WriteDiscard : MapMode::Write);
        if (!mapping)
        {
            EXPECT_TRUE(!discard && mapping.error().code == ErrorCode::Busy) << mapping.error().message;
            return;
        }
        entry.shadow = Fresh(entry.shadow.size());
        std::ranges::copy(entry.shadow, mapping->Span().begin());
    }
    void Resolve(Entry& entry)
    {
        const Frame frame = m_system.GetCurrentFrame();
        if (frame)
            frame.Resolve(entry.buffer); // nulls if the frame ended meanwhile
    }
    void Request(Entry& entry)
    {
        const Range range = m_random.Chance(1, 3) ? Range{0, entry.shadow.size()} : Choose(entry, 1000);
        if (range.count == 0)
            return;
        const auto ticket = m_system.Readbacks().Request({entry.buffer, range.offset, range.count});
        ASSERT_TRUE(Ok(ticket));
        const auto from = entry.shadow.begin() + static_cast<ptrdiff_t>(range.offset);
        m_reads.push_back({*ticket, Bytes(from, from + static_cast<ptrdiff_t>(range.count))});
        if (m_reads.size() > 20)
            Check();
    }
    void Check()
    {
        if (m_reads.empty())
            return;
        const Requested read = std::move(m_reads.front());
        m_reads.pop_front();
        const auto bytes = read.ticket.Wait();
        ASSERT_TRUE(Ok(bytes));
        ASSERT_TRUE(SameBytes(read.expected, *bytes)) << m_random.Trace();
    }

    BufferSystem& m_system;
    Random m_random;
    std::array<Entry, 6> m_entries;
    std::deque<Requested> m_reads;
    uint64_t m_steps = 0;
};

TEST_P(UploadModelTest, OneThread)
{
    constexpr uint64_t kSeed = 0xA11CEull;
    const uint64_t operations = Operations(std::get<1>(GetParam()));
    PrintModel(kSeed, operations);
    auto system = MakeSystem({.framesInFlight = 2,
                              .stagingBlockBytes = 256 << 10,
                              .stagingLimitBytes = 1 << 20,
                              .warmStagingBytes = 512 << 10,
                              .transferPath = std::get<1>(GetParam())});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    {
        Owner owner(*system, kSeed);
        for (uint64_t i = 0; owner.Steps() < operations && !HasFailure(); ++i)
        {
            owner.Step();
            if (i % 10 == 0)
            {
                commands.RunFrame(*system, [&](const Frame&, VkCommandBuffer) {
                    for (int step = 0; step < 5; ++step)
                        owner.Step();
                });
            }
        }
        owner.Finish();
    }
    commands.RunFrame(*system);
    commands.WaitIdle();
    system->Poll();
    const Report report = system->GetReport();
    EXPECT_EQ(report.liveBuffers, 0u);
    EXPECT_EQ(report.pendingDestroyed, 0u);
    EXPECT_LE(report.staging.peakBytes, 1u << 20);
}

TEST_P(UploadModelTest, ThreadsAndFrames)
{
    constexpr uint64_t kSeed = 0xB0Bull;
    constexpr uint64_t kThreads = 4;
    auto system = MakeSystem({.framesInFlight = 3,
                              .stagingBlockBytes = 256 << 10,
                              .stagingLimitBytes = 2 << 20,
                              .warmStagingBytes = 512 << 10,
                              .transferPath = std::get<1>(GetParam())});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    ModelThreads<Owner> threads(*system, kSeed, kThreads, Operations(std::get<1>(GetParam())));

    // This thread draws: it copies one of its buffers to another on the GPU, and reads both.
    Random random(kSeed, 1000);
    const auto a = system->CreateBuffer(4000, BufferUsage::Storage, MemoryType::GPU, "drawn from");
    const auto b = system->CreateBuffer(4000, BufferUsage::Storage, MemoryType::GPU, "drawn to");
    EXPECT_TRUE(a && b);
    Bytes shadow = Filled(0, 4000);
    EXPECT_TRUE(Ok(system->Uploads().Write(*a, 0, shadow)));
    std::deque<std::pair<ReadbackTicket, Bytes>> reads;
    while (threads.AreRunning() && !HasFailure())
    {
        const auto frame = system->BeginFrame();
        if (!frame) // the owners have frames of their own
        {
            EXPECT_TRUE(FailsWith(frame, ErrorCode::WrongState));
            continue;
        }
        VkCommandBuffer cmd = commands.Begin();
        commands.Barrier(cmd);
        EXPECT_TRUE(Ok(system->CopyBuffer(*frame, cmd, *a, *b, 4000)));
        const uint64_t offset = random.Between(0, 3999);
        const Bytes bytes = Pattern(random.Between(0, UINT32_MAX), std::min<uint64_t>(500, 4000 - offset));
        EXPECT_TRUE(Ok(system->Uploads().Write(*a, offset, bytes)));
        std::ranges::copy(bytes, shadow.begin() + static_cast<ptrdiff_t>(offset));
        commands.Submit(cmd, *frame);
        const auto ticket = system->Readbacks().Request(*b, *frame); // the current one may be an owner's
        EXPECT_TRUE(Ok(ticket));
        if (ticket)
            reads.emplace_back(*ticket, shadow);
        EXPECT_TRUE(Ok(system->EndFrame(*frame)));
        if (reads.size() > 10)
        {
            const auto read = reads.front().first.Wait();
            EXPECT_TRUE(Ok(read));
            if (read)
            {
                EXPECT_TRUE(SameBytes(reads.front().second, *read)) << random.Trace();
            }
            reads.pop_front();
        }
    }
    threads.Join();
    commands.WaitIdle();
    system->Poll();
    EXPECT_EQ(system->GetReport().liveBuffers, 2u);
    EXPECT_LE(system->GetReport().staging.peakBytes, 2u << 20);
}
} // namespace
} // namespace sedx::test
