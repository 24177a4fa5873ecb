// What a RingBuffer deals out, against a model: no two live slices overlap, nothing is used again before its frame has
// passed, every block comes back.
#include "buffer_system/ring_blocks.h"

#include "support/bytes.h"

#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <set>

namespace sedx::test
{
namespace
{
constexpr uint64_t kGiB = 1ull << 30;

struct Piece
{
    int block = 0;
    uint64_t begin = 0;
    uint64_t end = 0;
};

// RingBlocks with threads, frames and blocks around it, as RingBuffer has them; and beside it, by brute force, what is live.
class Model
{
  public:
    Model(uint64_t blockBytes, size_t threads) : m_blockBytes(blockBytes), m_blocks(blockBytes), m_threads(threads) {}

    uint64_t Begin() // 0: too many are open
    {
        for (uint32_t slot = 0; slot < kMaxOpenFrames; ++slot)
            if (m_open[slot] == 0)
                return m_open[slot] = ++m_lastOpened;
        return 0;
    }
    void End(uint64_t frame) { m_open[SlotOf(frame)] = 0; }
    // The GPU has passed all frames up to this one, which have ended.
    void Pass(uint64_t frame)
    {
        m_completed = frame;
        for (auto& [block, pieces] : m_live)
            std::erase_if(pieces, [&](const auto& piece) { return piece.second.frame <= frame; });
    }
    void Reclaim()
    {
        m_blocks.Release(m_completed, [&](int block) {
            EXPECT_TRUE(m_live[block].empty()) << "block " << block << " goes back while a frame uses it";
            EXPECT_EQ(m_used.erase(block), 1u) << "block " << block << " goes back twice";
            if (CapacityOf(block) == m_blockBytes)
                m_idle.push_back(block);
        });
    }

    Piece Allocate(size_t thread, uint64_t frame, uint64_t bytes, uint64_t alignment)
    {
        const uint32_t slot = SlotOf(frame);
        Cursor& cursor = m_threads[thread][slot];
        Piece piece;
        if (cursor.range.frame != frame || !cursor.range.Cut(bytes, alignment, piece.begin))
        {
            Reclaim();
            if (!m_blocks.Refill(cursor.range, slot, frame, bytes, alignment))
            {
                const int block = MakeBlock(bytes);
                if (!m_blocks.Add(slot, frame, block, CapacityOf(block), bytes))
                    return Enter({block, 0, bytes}, frame, bytes, alignment);
                EXPECT_TRUE(m_blocks.Refill(cursor.range, slot, frame, bytes, alignment));
            }
            cursor.block = m_blocks.Current(slot);
            EXPECT_LE(cursor.range.end, m_blocks.CurrentHead(slot));
            EXPECT_TRUE(cursor.range.Cut(bytes, alignment, piece.begin));
        }
        piece.block = cursor.block;
        piece.end = piece.begin + bytes;
        return Enter(piece, frame, bytes, alignment);
    }

    size_t UsedBlocks() const { return m_used.size(); }
    size_t Blocks() const { return m_capacity.size(); }
    uint64_t CapacityOf(int block) const { return m_capacity[static_cast<size_t>(block)]; }
    uint64_t LastOpened() const { return m_lastOpened; }
    uint64_t Completed() const { return m_completed; }
    std::vector<uint64_t> Open() const
    {
        std::vector<uint64_t> open;
        std::ranges::copy_if(m_open, std::back_inserter(open), [](uint64_t frame) { return frame != 0; });
        return open;
    }

  private:
    struct Cursor
    {
        RingCursor range;
        int block = 0;
    };
    struct Live
    {
        uint64_t end = 0;
        uint64_t frame = 0;
    };

    uint32_t SlotOf(uint64_t frame) const
    {
        return static_cast<uint32_t>(std::ranges::find(m_open, frame) - m_open.begin());
    }
    int MakeBlock(uint64_t bytes)
    {
        int block = static_cast<int>(m_capacity.size());
        if (bytes <= m_blockBytes && !m_idle.empty())
        {
            block = m_idle.back();
            m_idle.pop_back();
        }
        else
            m_capacity.push_back(std::max(bytes, m_blockBytes));
        m_used.insert(block);
        return block;
    }
    Piece Enter(const Piece& piece, uint64_t frame, uint64_t bytes, uint64_t alignment)
    {
        EXPECT_TRUE(m_used.contains(piece.block));
        EXPECT_EQ(piece.begin % alignment, 0u);
        EXPECT_EQ(piece.end - piece.begin, bytes);
        EXPECT_LE(piece.end, CapacityOf(piece.block)) << "a range past the end";
        std::map<uint64_t, Live>& live = m_live[piece.block];
        const auto next = live.lower_bound(piece.begin);
        EXPECT_TRUE(next == live.end() || piece.end <= next->first) << "live memory is handed out again";
        EXPECT_TRUE(next == live.begin() || std::prev(next)->second.end <= piece.begin)
            << "live memory is handed out again";
        live[piece.begin] = {piece.end, frame};
        return piece;
    }

    uint64_t m_blockBytes;
    RingBlocks<int> m_blocks;
    std::vector<std::array<Cursor, kMaxOpenFrames>> m_threads;
    std::array<uint64_t, kMaxOpenFrames> m_open{};
    uint64_t m_lastOpened = 0;
    uint64_t m_completed = 0;
    std::vector<uint64_t> m_capacity; // by block
    std::vector<int> m_idle;
    std::set<int> m_used;
    std::map<int, std::map<uint64_t, Live>> m_live; // by block and offset
};

// Peers' mistake: a ring that is exactly full hands out live memory.
TEST(RingBlocksTest, AnExactlyFullRingDoesNotHandOutLiveMemory)
{
    for (const std::vector<uint64_t>& sizes :
         {std::vector<uint64_t>{4096}, {2048, 2048}, {1024, 1024, 1024, 1024}, {4095, 1}, {1, 4095}, {64, 4032}})
    {
        Model model(4096, 1);
        const uint64_t first = model.Begin();
        for (const uint64_t bytes : sizes)
            model.Allocate(0, first, bytes, 1);
        model.End(first);
        EXPECT_EQ(model.UsedBlocks(), 1u);
        const uint64_t second = model.Begin();
        EXPECT_EQ(model.Allocate(0, second, 1, 1).begin, 0u); // of another block, the model sees to that
        EXPECT_GE(model.UsedBlocks(), 2u);
        model.End(second);
        model.Pass(second);
        model.Reclaim();
        EXPECT_EQ(model.UsedBlocks(), 0u);
    }
}

// Peers' mistake: a request larger than a block returns a range past the end.
TEST(RingBlocksTest, ARequestLargerThanABlockHasABlockOfItsSize)
{
    Model model(4096, 1);
    const uint64_t frame = model.Begin();
    const Piece small = model.Allocate(0, frame, 100, 4);
    for (const uint64_t bytes : {4097ull, 5000ull, 8192ull, 100'001ull})
        EXPECT_EQ(model.Allocate(0, frame, bytes, 256).begin, 0u);
    const Piece after = model.Allocate(0, frame, 100, 4); // what was begun goes on being filled
    EXPECT_EQ(after.block, small.block);
    EXPECT_EQ(model.UsedBlocks(), 5u);
}

// Peers' mistake: memory tagged with the previous submission is reclaimed while the GPU still reads it.
TEST(RingBlocksTest, ABlockWaitsForTheLastFrameThatHasAShareOfIt)
{
    Model model(4096, 1);
    const uint64_t first = model.Begin();
    const Piece one = model.Allocate(0, first, 256, 4);
    model.End(first);
    const uint64_t second = model.Begin();
    const Piece two = model.Allocate(0, second, 256, 4);
    EXPECT_EQ(two.block, one.block) << "frames follow each other in a block";
    model.End(second);
    model.Pass(first);
    model.Reclaim();
    EXPECT_EQ(model.UsedBlocks(), 1u) << "the second frame still reads it";
    const uint64_t third = model.Begin();
    model.Allocate(0, third, 4096, 4); // in full, so not there
    EXPECT_EQ(model.UsedBlocks(), 2u);
    model.Pass(second);
    model.Reclaim();
    EXPECT_EQ(model.UsedBlocks(), 1u);
}

// A frame that ends late keeps its memory, whatever passes around it.
TEST(RingBlocksTest, OpenFramesHaveBlocksOfTheirOwn)
{
    Model model(4096, 2);
    const uint64_t slow = model.Begin();
    const Piece kept = model.Allocate(0, slow, 64, 4);
    for (int i = 0; i < 100; ++i)
    {
        const uint64_t quick = model.Begin();
        EXPECT_NE(model.Allocate(1, quick, 64, 4).block, kept.block);
        EXPECT_EQ(model.Allocate(0, slow, 1, 1).block, kept.block);
        model.End(quick);
    }
    model.End(slow);
    model.Pass(model.LastOpened());
    model.Reclaim();
    EXPECT_EQ(model.UsedBlocks(), 0u);
}

// A thread alone loses nothing at the ends of its shares.
TEST(RingBlocksTest, WhatAShareDidNotNeedGoesBack)
{
    Model model(4096, 1);
    for (uint64_t frame = 1; frame <= 2; ++frame)
    {
        ASSERT_EQ(model.Begin(), frame);
        for (int i = 0; i < 2; ++i)
            model.Allocate(0, frame, 1000, 8);
        model.End(frame);
    }
    EXPECT_EQ(model.Blocks(), 1u);
}

TEST(RingBlocksTest, AlignmentsUpToTheLargest)
{
    Model model(4096, 1);
    const uint64_t frame = model.Begin();
    for (uint32_t shift = 0; shift < 64; ++shift)
        model.Allocate(0, frame, 3, uint64_t{1} << shift);
    RingCursor cursor{.frame = 1, .head = 1, .end = 4096};
    uint64_t offset = 0;
    EXPECT_FALSE(cursor.Cut(1, 4096, offset));
    EXPECT_FALSE(cursor.Cut(0, 1, offset)) << "0 bytes are not a slice";
    EXPECT_FALSE(cursor.Cut(~uint64_t{0}, 1, offset));
    EXPECT_TRUE(cursor.Cut(4095, 1, offset));
    EXPECT_EQ(cursor.head, cursor.end);
}

// Beyond 4 GiB: nothing is cut to 32 bits.
TEST(RingBlocksTest, OffsetsHave64Bits)
{
    Model model(64 * kGiB, 2);
    const uint64_t frame = model.Begin();
    uint64_t last = 0;
    for (int i = 0; i < 12; ++i)
    {
        last = std::max(last, model.Allocate(0, frame, 5 * kGiB + 1, 4).begin);
        model.Allocate(1, frame, 3, 1);
    }
    EXPECT_GE(last, 55 * kGiB);
    EXPECT_EQ(model.Blocks(), 1u);
    model.Allocate(0, frame, 100 * kGiB, 65'536);
    EXPECT_EQ(model.Blocks(), 2u);
}

TEST(RingBlocksTest, ASteadyStateNeedsNoMoreMemory)
{
    Model model(16'384, 3);
    size_t blocks = 0;
    for (uint64_t frame = 1; frame <= 1000; ++frame)
    {
        ASSERT_EQ(model.Begin(), frame);
        for (size_t thread = 0; thread < 3; ++thread)
            for (int i = 0; i < 20; ++i)
                model.Allocate(thread, frame, 256, 64);
        model.End(frame);
        if (frame > 2)
            model.Pass(frame - 2); // two are in flight
        if (frame == 10)
            blocks = model.Blocks();
    }
    EXPECT_EQ(model.Blocks(), blocks);
}

class RingBlocksRandomTest : public testing::TestWithParam<uint64_t>
{};
INSTANTIATE_TEST_SUITE_P(BlockBytes, RingBlocksRandomTest, testing::Values(1, 100, 4096, 65'536, 6 * kGiB + 12));

TEST_P(RingBlocksRandomTest, NothingOverlapsAndNothingIsLost)
{
    const uint64_t blockBytes = GetParam();
    Random random(0x21467b + blockBytes);
    SCOPED_TRACE(random.Trace());
    constexpr size_t kThreads = 5;
    Model model(blockBytes, kThreads);
    for (int i = 0; i < 150'000 && !HasFailure(); ++i)
    {
        const std::vector<uint64_t> open = model.Open();
        if (open.empty() || random.Chance(1, 60))
            model.Begin();
        else if (random.Chance(1, 60))
            model.End(open[random.Between(0, open.size() - 1)]);
        else if (random.Chance(1, 60))
        {
            // Frames pass in order, up to the first that is open.
            const uint64_t last = std::ranges::min(open) - 1;
            if (last > model.Completed())
                model.Pass(random.Between(model.Completed() + 1, last));
        }
        else
        {
            uint64_t bytes = random.Between(1, uint64_t{1} << random.Between(0, 12));
            if (random.Chance(1, 50))
                bytes = random.Chance(1, 2) ? blockBytes : random.Between(1, 2 * blockBytes);
            model.Allocate(random.Between(0, kThreads - 1), open[random.Between(0, open.size() - 1)], bytes,
                           uint64_t{1} << random.Between(0, random.Chance(1, 20) ? 40 : 8));
        }
    }
    for (const uint64_t frame : model.Open())
        model.End(frame);
    model.Pass(model.LastOpened());
    model.Reclaim();
    EXPECT_EQ(model.UsedBlocks(), 0u) << "blocks were lost";
}
} // namespace
} // namespace sedx::test
