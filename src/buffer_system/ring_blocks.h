// How a RingBuffer deals out its blocks. Pure arithmetic: no Vulkan, no lock.
//
//     RingBlocks    a block for each slot of open frames, filled from the front, frame after frame: under the ring's lock
//     RingCursor    a thread's share of such a block for one frame: touched by that thread only
//
// A block goes back when the last frame that has a share of it has passed; nothing of it is used again before. So live memory
// is never handed out twice, whatever the sizes: there is no tail that could be overtaken, and no "full" that looks like
// "empty". Frames may follow each other in a block, because else a ring whose frames need 1 KiB would hold a block for each
// frame in flight.
//
// Shares begin small and grow with what the thread needs in the frame, so that no more than that is set aside. The end of a
// share that was not needed goes back to the block, if nothing was dealt out after it: a thread alone loses nothing.
//
// Sizes and offsets are bytes; capacities are below 2^63.
#pragma once

#include "base/align.h"

#include <sedx/frame.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace sedx
{
// What the processor sends to memory at once. Two threads never write the same line.
inline constexpr uint64_t kLineBytes = 64;

struct RingCursor
{
    uint64_t frame = 0; // 0: no share
    uint64_t head = 0;  // the first free byte, in the block
    uint64_t end = 0;
    uint64_t block = 0; // its serial number
    uint64_t next = 0;  // bytes of the next share

    // `alignment`: a power of two. False: there is no room, or 0 bytes were asked for.
    bool Cut(uint64_t bytes, uint64_t alignment, uint64_t& offset) noexcept
    {
        const uint64_t begin = AlignUp(head, alignment);
        if (begin >= end || bytes - 1 >= end - begin)
            return false;
        offset = begin;
        head = begin + bytes;
        return true;
    }
};

// `Memory` is whatever the owner knows a block by.
template <class Memory>
class RingBlocks
{
  public:
    explicit RingBlocks(uint64_t blockBytes) noexcept
        : m_firstShare(std::min<uint64_t>(kFirstShare, blockBytes)),
          m_largestShare(std::max(blockBytes / 4, m_firstShare))
    {
    }

    // Gives the cursor a share that has room for the request, of the block that frames in this slot fill. False: it has no
    // room, or there is none; then Add another.
    bool Refill(RingCursor& cursor, uint32_t slot, uint64_t frame, uint64_t bytes, uint64_t alignment) noexcept
    {
        Filled& block = m_current[slot];
        if (cursor.block == block.serial && cursor.end == block.head) // nothing was dealt out after it
            cursor.end = block.head = cursor.head;
        const uint64_t begin = AlignUp(block.head, alignment);
        if (begin >= block.capacity || bytes > block.capacity - begin)
        {
            block.head =
                std::min(AlignUp(block.head, kLineBytes), block.capacity); // the next one may be another thread
            return false;
        }
        const uint64_t share = std::max(bytes, cursor.frame == frame ? cursor.next : m_firstShare);
        const uint64_t end = begin + std::min(share, block.capacity - begin);
        block.head = std::min(AlignUp(end, kLineBytes), block.capacity);
        block.lastFrame = std::max(block.lastFrame, frame);
        const uint64_t next = cursor.frame == frame ? std::min(2 * cursor.next, m_largestShare) : m_firstShare;
        cursor = {frame, begin, block.head, block.serial, next};
        return true;
    }

    // A block for a request that did not fit. True: Refill will find room in it. False: the old block has more room left than
    // this one would have, and goes on being filled; the request has the front of the new one to itself.
    bool Add(uint32_t slot, uint64_t frame, Memory memory, uint64_t capacity, uint64_t bytes)
    {
        Filled added{memory, capacity, 0, frame, ++m_lastSerial};
        Filled& current = m_current[slot];
        const bool isRoomier = capacity - bytes >= current.capacity - current.head;
        if (isRoomier)
            std::swap(added, current);
        if (added.capacity != 0)
            m_left.push_back(added);
        return isRoomier;
    }

    // Where the cursors of this slot got their last share from.
    const Memory& Current(uint32_t slot) const noexcept { return m_current[slot].memory; }
    // Up to where it is dealt out.
    uint64_t CurrentHead(uint32_t slot) const noexcept { return m_current[slot].head; }

    // Calls give(memory) for the blocks of which no frame after `completed` has a share; they are not the ring's any more.
    template <class Give>
    void Release(uint64_t completed, Give&& give)
    {
        std::erase_if(m_left, [&](const Filled& block) {
            if (block.lastFrame > completed)
                return false;
            give(block.memory);
            return true;
        });
        for (Filled& block : m_current)
            if (block.capacity != 0 && block.lastFrame <= completed)
            {
                give(block.memory);
                block = {};
            }
    }

  private:
    static constexpr uint64_t kFirstShare = 1024;
    struct Filled
    {
        Memory memory{};
        uint64_t capacity = 0; // 0: no block
        uint64_t head = 0;     // the first byte of which nobody has a share
        uint64_t lastFrame = 0;
        uint64_t serial = 0; // never used again, so that a cursor cannot take a later use of the memory for its own
    };

    uint64_t m_firstShare;
    uint64_t m_largestShare;
    std::array<Filled, kMaxOpenFrames> m_current;
    std::vector<Filled> m_left; // no longer filled, not passed
    uint64_t m_lastSerial = 0;
};
} // namespace sedx
