// Planning beyond 4 GiB: destinations, sources and lengths of which no bit is lost. No byte of these buffers exists.
//
// Peers' mistake: sizes and offsets in 32 bits, so that what lies beyond 4 GiB goes to its begin.
#include "base/copy_workers.h"
#include "support/bytes.h"
#include "transfer/copy_plan.h"
#include "transfer/scatter.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace sedx::test
{
namespace
{
constexpr uint64_t kGiB = 1ull << 30;

// The newest of these writes that covers a position; 0 bytes: none does.
CopyOp Newest(std::span<const CopyOp> writes, uint64_t position)
{
    for (size_t i = writes.size(); i-- > 0;)
        if (position - writes[i].destination < writes[i].bytes)
            return writes[i];
    return {};
}

// Which byte of the sources the plan leaves at a position.
std::optional<uint64_t> SourceAt(const CopyPlan& plan, uint64_t position)
{
    std::optional<uint64_t> source;
    const auto look = [&](const CopyLayer& layer) {
        const CopyOp op = Newest(layer, position); // in a layer the only one
        if (op.bytes != 0)
            source = op.source + (position - op.destination);
    };
    look(plan.first);
    std::ranges::for_each(plan.above, look);
    return source;
}

uint64_t CopiedBytes(const CopyPlan& plan)
{
    uint64_t bytes = 0;
    const auto add = [&](const CopyLayer& layer) {
        CopyLayer sorted = layer;
        std::ranges::sort(sorted, {}, &CopyOp::destination);
        for (size_t i = 0; i < sorted.size(); ++i)
        {
            bytes += sorted[i].bytes;
            EXPECT_TRUE(i == 0 || sorted[i].destination >= sorted[i - 1].destination + sorted[i - 1].bytes);
        }
    };
    add(plan.first);
    std::ranges::for_each(plan.above, add);
    return bytes;
}

// Plans the writes, and looks at both ends of each and at what lies beside them.
void Check(std::span<const CopyOp> writes, CopyWorkers* workers = nullptr)
{
    WriteList list;
    uint64_t written = 0;
    for (const CopyOp& write : writes)
    {
        list.Append(write);
        written += write.bytes;
    }
    PlanScratch scratch;
    uint64_t superseded = 0;
    const CopyPlan plan = list.TakePlan(scratch, superseded, workers);
    EXPECT_EQ(CopiedBytes(plan) + superseded, written);
    const size_t step = std::max<size_t>(1, writes.size() / 500);
    for (size_t i = 0; i < writes.size(); i += step)
    {
        const uint64_t begin = writes[i].destination;
        const uint64_t end = begin + writes[i].bytes;
        for (const uint64_t position : {begin - 1, begin, begin + writes[i].bytes / 2, end - 1, end})
        {
            const CopyOp newest = Newest(writes, position);
            const auto source = SourceAt(plan, position);
            ASSERT_EQ(source.has_value(), newest.bytes != 0) << "at " << position;
            if (source)
            {
                ASSERT_EQ(*source, newest.source + (position - newest.destination)) << "at " << position;
            }
        }
    }
}

TEST(FarWrites, LongerThanFourGiB)
{
    Check(std::vector<CopyOp>{{.destination = 1, .source = 7 * kGiB, .bytes = 5 * kGiB},
                              {.destination = 4 * kGiB - 1, .source = 1, .bytes = 3},
                              {.destination = 5 * kGiB - 8, .source = 100, .bytes = 4 * kGiB + 1},
                              {.destination = 20 * kGiB, .source = 90 * kGiB, .bytes = 8 * kGiB},
                              {.destination = 1 + 4 * kGiB, .source = 200, .bytes = 16}});
}

// Equal in their lower 32 bits: neither neighbours nor the same place.
TEST(FarWrites, WholeFourGiBApart)
{
    std::vector<CopyOp> writes;
    for (uint64_t i = 0; i < 100; ++i)
        writes.push_back({.destination = 64 + (i * 37 % 100) * 4 * kGiB, .source = i * 64, .bytes = 64});
    Check(writes);
}

TEST(FarWrites, RandomOnesKeepTheirPlaces)
{
    Random random(0xFA4ull);
    SCOPED_TRACE(random.Trace());
    for (int run = 0; run < 300 && !testing::Test::HasFailure(); ++run)
    {
        std::vector<CopyOp> writes;
        for (uint64_t count = random.Between(1, 60); count > 0; --count)
        {
            const uint64_t about = random.Between(1, 6) * 2 * kGiB; // often on a border of 4 GiB
            const uint64_t bytes = random.Chance(1, 4) ? random.Between(1, 6 * kGiB) : random.Between(1, 100);
            writes.push_back({.destination = about - random.Between(1, 200),
                              .source = random.Between(0, 1ull << 40),
                              .bytes = bytes});
        }
        Check(writes);
    }
}

// Enough of them that several threads share the destination.
TEST(FarWrites, SeveralThreadsKeepTheirPlaces)
{
    Random random(0xFA5ull);
    SCOPED_TRACE(random.Trace());
    CopyWorkers workers(3);
    std::vector<CopyOp> writes;
    for (uint64_t i = 0; i < 40'000; ++i)
        writes.push_back({.destination = 1 + random.Between(0, 3) * 4 * kGiB + random.Between(0, 400'000),
                          .source = i * 64 + 4 * kGiB,
                          .bytes = random.Between(1, 64)});
    Check(writes, &workers);
}

TEST(FarWrites, EntriesOfTheScatterTableHoldWholeAddresses)
{
    struct Entry
    {
        uint64_t destination;
        uint64_t source;
        uint32_t bytes;
    };
    constexpr size_t kEntryBytes = 20;
    const std::vector<Entry> entries{{(4 * kGiB) - 1, (8 * kGiB) + 3, 4},
                                     {0xFEDC'BA98'7654'3210, 0x0123'4567'89AB'CDEF, 3},
                                     {1ull << 63, 4 * kGiB, 1}};
    ScatterTable table(ScatterRules{});
    for (const Entry& entry : entries)
        table[0].Count(entry.bytes, 1);
    ASSERT_EQ(table.BytesNeeded(), entries.size() * kEntryBytes);
    Bytes memory(table.BytesNeeded());
    table.Begin(memory.data());
    for (const Entry& entry : entries)
        table[0].Put(entry.destination, entry.source, entry.bytes);
    for (size_t i = 0; i < entries.size(); ++i) // one lane each: in the order of putting
    {
        const std::byte* at = memory.data() + i * kEntryBytes;
        Entry read{};
        std::memcpy(&read.destination, at, 8);
        std::memcpy(&read.source, at + 8, 8);
        std::memcpy(&read.bytes, at + 16, 4);
        EXPECT_EQ(read.destination, entries[i].destination);
        EXPECT_EQ(read.source, entries[i].source);
        EXPECT_EQ(read.bytes, entries[i].bytes);
    }
}
} // namespace
} // namespace sedx::test
