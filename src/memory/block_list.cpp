#include "memory/block_list.h"

#include <bit>
#include <new>

namespace sedx
{
BlockList::~BlockList()
{
    while (MemoryBlock* block = Any())
        Remove(*block);
}

std::unique_ptr<MemoryBlock> BlockList::MakeBlock(const BufferMemory& memory) noexcept
{
    std::unique_ptr<MemoryBlock> block(new (std::nothrow) MemoryBlock());
    if (!block || !block->ranges.Create(memory.bytes))
        return nullptr;
    block->memory = memory;
    block->freeBytes = memory.bytes;
    return block;
}

uint32_t BlockList::BinOf(const MemoryBlock& block) noexcept
{
    if (block.IsEmpty())
        return kEmpty;
    return block.freeBytes == 0 ? kFull : static_cast<uint32_t>(std::bit_width(block.freeBytes)) - 1;
}

void BlockList::Link(MemoryBlock& block) noexcept
{
    block.bin = BinOf(block);
    MemoryBlock*& head = block.bin == kEmpty ? m_emptyHead : block.bin == kFull ? m_full : m_bins[block.bin];
    block.previous = nullptr;
    block.next = head;
    if (head != nullptr)
        head->previous = &block;
    head = &block;
    if (block.bin < kBins)
        m_binMask |= uint64_t{1} << block.bin;
    else if (block.bin == kEmpty && m_emptyTail == nullptr)
        m_emptyTail = &block;
}

void BlockList::Unlink(MemoryBlock& block) noexcept
{
    MemoryBlock*& head = block.bin == kEmpty ? m_emptyHead : block.bin == kFull ? m_full : m_bins[block.bin];
    if (block.bin == kEmpty && m_emptyTail == &block)
        m_emptyTail = block.previous;
    if (block.previous != nullptr)
        block.previous->next = block.next;
    else
        head = block.next;
    if (block.next != nullptr)
        block.next->previous = block.previous;
    if (block.bin < kBins && head == nullptr)
        m_binMask &= ~(uint64_t{1} << block.bin);
}

void BlockList::Add(std::unique_ptr<MemoryBlock> block) noexcept
{
    m_totalBytes += block->memory.bytes;
    m_freeBytes += block->freeBytes;
    ++m_count;
    Link(*block.release());
}

std::unique_ptr<MemoryBlock> BlockList::Remove(MemoryBlock& block) noexcept
{
    Unlink(block);
    m_totalBytes -= block.memory.bytes;
    m_freeBytes -= block.freeBytes;
    --m_count;
    return std::unique_ptr<MemoryBlock>(&block);
}

bool BlockList::AllocateIn(MemoryBlock& block, uint64_t bytes, uint64_t alignment, BufferMemory& memory) noexcept
{
    // A block is a whole VkBuffer, or a chunk that begins at a multiple of the largest alignment of what it holds: offsets in
    // the block are enough to align. Addresses follow as far as the driver aligns those of whole VkBuffers.
    RangeAllocator::Range range;
    if (block.freeBytes < bytes || !block.ranges.Allocate(bytes, alignment, range))
        return false;
    memory = PartOf(block.memory, range.offset, bytes);
    memory.block = &block;
    memory.range = range.handle;
    block.freeBytes -= bytes;
    m_freeBytes -= bytes;
    if (block.bin != BinOf(block))
    {
        Unlink(block);
        Link(block);
    }
    return true;
}

bool BlockList::Allocate(uint64_t bytes, uint64_t alignment, BufferMemory& memory) noexcept
{
    const uint32_t lowest = static_cast<uint32_t>(std::bit_width(bytes)) - 1;
    for (uint64_t mask = m_binMask >> lowest << lowest; mask != 0; mask &= mask - 1)
    {
        uint32_t tries = kTriesInBin;
        for (MemoryBlock* block = m_bins[static_cast<size_t>(std::countr_zero(mask))]; block != nullptr && tries != 0;
             block = block->next, --tries)
            if (AllocateIn(*block, bytes, alignment, memory))
                return true;
    }
    // The one emptied last: its memory is the warmest.
    return m_emptyHead != nullptr && AllocateIn(*m_emptyHead, bytes, alignment, memory);
}

void BlockList::Free(const BufferMemory& memory, uint64_t nowNs) noexcept
{
    MemoryBlock& block = *memory.block;
    block.ranges.Free(memory.range);
    block.freeBytes += memory.bytes;
    m_freeBytes += memory.bytes;
    if (block.bin == BinOf(block))
        return;
    Unlink(block);
    if (block.IsEmpty())
        block.emptySinceNs = nowNs;
    Link(block);
}

MemoryBlock* BlockList::Any() const noexcept
{
    if (m_emptyHead != nullptr)
        return m_emptyHead;
    if (m_full != nullptr)
        return m_full;
    return m_binMask != 0 ? m_bins[static_cast<size_t>(std::countr_zero(m_binMask))] : nullptr;
}
} // namespace sedx
