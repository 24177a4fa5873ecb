// How much of a heap is used, and in pieces of which size.
#include "memory/layout_facts.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace sedx
{
namespace
{
constexpr uint64_t kMiB = 1ull << 20;
constexpr uint64_t kLargestBlock = 64 * kMiB; // an allocation of this size takes about 1 ms on a large card
constexpr uint64_t kSmallestBlock = kMiB / 4;
constexpr uint64_t kBlocksOfHeap = 32; // so that one block, half empty, does not waste much of a small heap
// The largest buffer of a window, as a part of a block: constants and lists of one frame, never textures or meshes.
constexpr uint64_t kBuffersOfBlock = 4;

// Of a limit of the device; 0 is no limit.
uint64_t Limit(uint64_t value) { return value == 0 ? ~uint64_t{0} : value; }

uint64_t BlockBytes(uint64_t capBytes, const MemoryFacts& facts)
{
    if (capBytes == 0)
        return 0;
    uint64_t block = std::clamp(std::bit_floor(capBytes / kBlocksOfHeap), kSmallestBlock, kLargestBlock);
    // Half of the allocations must be able to fill the heap; the others are left for large buffers and the application.
    const uint64_t blocks = std::max<uint64_t>(Limit(facts.maxMemoryAllocationCount) / 2, 1);
    while (block <= capBytes / 2 && capBytes / block >= blocks)
        block *= 2;
    const uint64_t largest = std::min({Limit(facts.maxMemoryAllocationSize), Limit(facts.maxBufferSize), capBytes});
    return std::min(block, std::bit_floor(largest));
}
} // namespace

std::vector<HeapRules> RulesOfHeaps(const MemoryFacts& facts, const LayoutFacts& layout)
{
    const char* budget = facts.memoryBudget ? "its budget is the driver's" : "its budget is the library's own account";
    std::vector<HeapRules> rules(layout.heaps.size());
    for (size_t i = 0; i < rules.size(); ++i)
    {
        const HeapFacts& heap = layout.heaps[i];
        HeapRules& rule = rules[i];
        if (!heap.usable)
        {
            rule.reason = fmt::format("heap {} is not used: no memory type of it is for buffers", i);
            continue;
        }
        rule.isSmallBar = heap.window;
        rule.capBytes = heap.window ? heap.bytes / 2 : heap.bytes;
        rule.blockBytes = BlockBytes(rule.capBytes, facts);
        rule.maxBufferBytes = heap.window ? rule.blockBytes / kBuffersOfBlock : rule.capBytes;
        rule.reason =
            heap.window
                ? fmt::format("heap {} is a window of {} MiB onto device memory, which drivers share with others "
                              "and which stalls when it is full: at most half is used, for tiny data of a frame",
                              i, heap.bytes / kMiB)
                : fmt::format("heap {} ({} MiB of {} memory) may be used as far as its budget allows, and {}", i,
                              heap.bytes / kMiB, heap.device ? "device" : "host", budget);
    }
    return rules;
}
} // namespace sedx
