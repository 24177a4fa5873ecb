// BlockList: which block serves, when blocks are empty, and sums that stay right.
#include "memory/block_list.h"

#include "support/bytes.h"

#include <algorithm>
#include <map>

namespace sedx::test
{
namespace
{
constexpr uint64_t kBlockBytes = 64 << 10;

// Blocks of made-up memory: nothing of it is touched.
class BlockListTest : public testing::Test
{
  protected:
    MemoryBlock* Add(uint64_t bytes = kBlockBytes)
    {
        const uint64_t number = ++m_blocks;
        BufferMemory memory;
        memory.buffer = reinterpret_cast<VkBuffer>(number);
        memory.offset = 0;
        memory.bytes = bytes;
        memory.address = number << 32;
        memory.mapped = reinterpret_cast<std::byte*>(number << 40);
        memory.memoryType = 3;
        auto block = BlockList::MakeBlock(memory);
        MemoryBlock* const added = block.get();
        if (block)
            m_list.Add(std::move(block));
        return added;
    }
    BufferMemory Take(uint64_t bytes, uint64_t alignment = 16)
    {
        BufferMemory memory;
        EXPECT_TRUE(m_list.Allocate(bytes, alignment, memory)) << bytes << " bytes";
        return memory;
    }
    bool HasRoom(uint64_t bytes, uint64_t alignment = 16)
    {
        BufferMemory memory;
        if (!m_list.Allocate(bytes, alignment, memory))
            return false;
        m_list.Free(memory, 0);
        return true;
    }

    BlockList m_list;
    uint64_t m_blocks = 0;
};

TEST_F(BlockListTest, AnEmptyListHasNothing)
{
    BufferMemory memory;
    EXPECT_FALSE(m_list.Allocate(1, 1, memory));
    EXPECT_EQ(m_list.Count(), 0u);
    EXPECT_EQ(m_list.TotalBytes(), 0u);
    EXPECT_EQ(m_list.FreeBytes(), 0u);
    EXPECT_EQ(m_list.OldestEmpty(), nullptr);
    EXPECT_EQ(m_list.Any(), nullptr);
}

TEST_F(BlockListTest, ARangeCarriesEverythingOfItsBlock)
{
    MemoryBlock* const block = Add();
    Take(100);
    const BufferMemory memory = Take(1000, 256);
    EXPECT_EQ(memory.block, block);
    EXPECT_EQ(memory.buffer, block->memory.buffer);
    EXPECT_EQ(memory.bytes, 1000u);
    EXPECT_EQ(memory.offset % 256, 0u);
    EXPECT_LE(memory.offset + memory.bytes, kBlockBytes);
    EXPECT_EQ(memory.address, block->memory.address + memory.offset);
    EXPECT_EQ(memory.mapped, block->memory.mapped + memory.offset);
    EXPECT_EQ(memory.memoryType, 3u);
    EXPECT_NE(memory.range, 0u);
    EXPECT_FALSE(block->IsEmpty());
    EXPECT_EQ(m_list.FreeBytes(), kBlockBytes - 1100);
}

// A block that is itself a range of a larger one begins somewhere else than at 0.
TEST_F(BlockListTest, BlocksThatBeginInsideOfAVkBuffer)
{
    BufferMemory chunk;
    chunk.buffer = reinterpret_cast<VkBuffer>(uint64_t{9});
    chunk.offset = 8192;
    chunk.bytes = 4096;
    chunk.address = 0x10000 + 8192;
    auto made = BlockList::MakeBlock(chunk);
    ASSERT_TRUE(made);
    m_list.Add(std::move(made));
    const BufferMemory first = Take(1024, 1024);
    const BufferMemory second = Take(1024, 1024);
    for (const BufferMemory& memory : {first, second})
    {
        EXPECT_GE(memory.offset, 8192u);
        EXPECT_LE(memory.offset + memory.bytes, 8192u + 4096u);
        EXPECT_EQ(memory.address - memory.offset, 0x10000u);
        EXPECT_EQ(memory.mapped, nullptr);
    }
    EXPECT_NE(first.offset, second.offset);
    m_list.Free(first, 1);
    m_list.Free(second, 2);
    EXPECT_EQ(m_list.FreeBytes(), 4096u);
    EXPECT_NE(m_list.OldestEmpty(), nullptr);
}

TEST_F(BlockListTest, TheFullestBlockThatFitsServes)
{
    MemoryBlock* const half = Add();
    const BufferMemory inHalf = Take(kBlockBytes / 2);
    ASSERT_EQ(inHalf.block, half);
    MemoryBlock* const fuller = Add();
    const BufferMemory inFuller = Take(kBlockBytes * 7 / 8); // does not fit into the first
    ASSERT_EQ(inFuller.block, fuller);
    MemoryBlock* const empty = Add();
    EXPECT_EQ(Take(4096).block, fuller);
    EXPECT_EQ(Take(kBlockBytes / 4).block, half) << "the fuller one has no room, the empty one should stay empty";
    EXPECT_TRUE(empty->IsEmpty());
    EXPECT_EQ(Take(kBlockBytes / 2).block, empty);
}

TEST_F(BlockListTest, FullBlocksAreLeftAloneAndComeBack)
{
    MemoryBlock* const block = Add();
    const BufferMemory whole = Take(kBlockBytes);
    EXPECT_EQ(m_list.FreeBytes(), 0u);
    EXPECT_FALSE(HasRoom(1));
    EXPECT_EQ(m_list.OldestEmpty(), nullptr);
    EXPECT_EQ(m_list.Any(), block) << "full blocks must be found for tearing down";
    m_list.Free(whole, 5);
    EXPECT_EQ(m_list.OldestEmpty(), block);
    EXPECT_EQ(block->emptySinceNs, 5u);
    EXPECT_TRUE(HasRoom(kBlockBytes));
}

TEST_F(BlockListTest, EmptyBlocksInTheOrderInWhichTheyBecameEmpty)
{
    std::vector<BufferMemory> taken;
    for (int i = 0; i < 3; ++i)
    {
        Add();
        taken.push_back(Take(kBlockBytes)); // full: the next one goes to a new block
    }
    m_list.Free(taken[1], 10);
    m_list.Free(taken[0], 20);
    m_list.Free(taken[2], 30);
    ASSERT_EQ(m_list.OldestEmpty(), taken[1].block);
    // What became empty last is used first: the oldest can go.
    const BufferMemory again = Take(100);
    EXPECT_EQ(again.block, taken[2].block);
    EXPECT_EQ(m_list.OldestEmpty(), taken[1].block);
    m_list.Free(again, 40);
    std::vector<MemoryBlock*> order;
    while (MemoryBlock* const oldest = m_list.OldestEmpty())
    {
        order.push_back(oldest);
        EXPECT_EQ(oldest->emptySinceNs, order.size() == 1 ? 10u : order.size() == 2 ? 20u : 40u);
        m_list.Remove(*oldest);
    }
    EXPECT_EQ(order, (std::vector<MemoryBlock*>{taken[1].block, taken[0].block, taken[2].block}));
    EXPECT_EQ(m_list.Count(), 0u);
}

TEST_F(BlockListTest, RemovingTakesItsBytesAlong)
{
    MemoryBlock* const small = Add(4096);
    MemoryBlock* const large = Add(1 << 20);
    EXPECT_EQ(m_list.TotalBytes(), 4096u + (1u << 20));
    EXPECT_EQ(m_list.Count(), 2u);
    EXPECT_EQ(m_list.Remove(*small)->memory.bytes, 4096u);
    EXPECT_EQ(m_list.TotalBytes(), 1u << 20);
    EXPECT_EQ(m_list.FreeBytes(), 1u << 20);
    const BufferMemory part = Take(1000);
    EXPECT_EQ(part.block, large);
    EXPECT_EQ(m_list.Remove(*large)->freeBytes, (1u << 20) - 1000u); // also while something is in it
    EXPECT_EQ(m_list.Any(), nullptr);
    EXPECT_EQ(m_list.TotalBytes(), 0u);
    EXPECT_EQ(m_list.FreeBytes(), 0u);
}

// Offsets in a block are multiples of the alignment as long as the block's begin is.
TEST_F(BlockListTest, EveryPowerOfTwoAligns)
{
    Add(1 << 20);
    for (uint64_t alignment = 1; alignment <= 65'536; alignment *= 2)
    {
        Take(1, 1); // so that the next hole is crooked
        EXPECT_EQ(Take(3, alignment).offset % alignment, 0u) << alignment;
    }
}

// Sums of the list, and who is empty, against a model with many blocks of different sizes.
TEST_F(BlockListTest, RandomRangesKeepTheSumsRight)
{
    Random random(0xb10c);
    SCOPED_TRACE(random.Trace());
    for (int i = 0; i < 12; ++i)
        Add(kBlockBytes << random.Between(0, 3));
    const uint64_t total = m_list.TotalBytes();
    std::vector<BufferMemory> taken;
    std::map<VkBuffer, std::map<uint64_t, uint64_t>> used; // offset -> end
    uint64_t live = 0;
    for (uint64_t i = 0; i < 60'000; ++i)
    {
        if (!taken.empty() && (random.Chance(1, 2) || live > total * 3 / 4))
        {
            const size_t victim = random.Between(0, taken.size() - 1);
            const BufferMemory memory = std::exchange(taken[victim], taken.back());
            taken.pop_back();
            used[memory.buffer].erase(memory.offset);
            live -= memory.bytes;
            m_list.Free(memory, i);
            if (used[memory.buffer].empty())
            {
                ASSERT_TRUE(memory.block->IsEmpty());
                ASSERT_EQ(memory.block->emptySinceNs, i);
            }
        }
        else
        {
            const uint64_t bytes = random.Between(1, uint64_t{1} << random.Between(1, 16));
            const uint64_t alignment = uint64_t{1} << random.Between(0, 10);
            BufferMemory memory;
            if (m_list.Allocate(bytes, alignment, memory))
            {
                ASSERT_EQ(memory.offset % alignment, 0u);
                auto& ranges = used[memory.buffer];
                const auto next = ranges.lower_bound(memory.offset);
                ASSERT_TRUE(next == ranges.end() || memory.offset + bytes <= next->first);
                ASSERT_TRUE(next == ranges.begin() || std::prev(next)->second <= memory.offset);
                ranges.emplace(memory.offset, memory.offset + bytes);
                taken.push_back(memory);
                live += bytes;
            }
            else
            {
                ASSERT_EQ(m_list.OldestEmpty() != nullptr && m_list.OldestEmpty()->memory.bytes >= bytes, false)
                    << "an empty block was not used";
            }
        }
        ASSERT_EQ(m_list.FreeBytes(), total - live);
        ASSERT_EQ(m_list.TotalBytes(), total);
        ASSERT_EQ(m_list.Count(), 12u);
    }
    for (const BufferMemory& memory : taken)
        m_list.Free(memory, 1);
    EXPECT_EQ(m_list.FreeBytes(), total);
    uint64_t empties = 0;
    while (MemoryBlock* const block = m_list.OldestEmpty())
    {
        EXPECT_TRUE(block->IsEmpty());
        m_list.Remove(*block);
        ++empties;
    }
    EXPECT_EQ(empties, 12u);
}
} // namespace
} // namespace sedx::test
