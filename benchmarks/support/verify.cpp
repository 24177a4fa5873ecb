#include "support/verify.h"

#include "support/context.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <tuple>
#include <vector>

namespace bench
{
namespace
{
struct Range
{
    uint64_t space = 0; // ranges of different spaces cannot overlap
    uint64_t begin = 0;
    uint64_t end = 0;
    size_t buffer = 0;
};

void RequireDisjoint(std::vector<Range>& ranges, const char* what)
{
    std::ranges::sort(ranges, {}, [](const Range& range) { return std::tuple(range.space, range.begin); });
    for (size_t i = 1; i < ranges.size(); ++i)
    {
        const Range& left = ranges[i - 1];
        const Range& right = ranges[i];
        if (left.space == right.space && left.end > right.begin)
            throw Failure(fmt::format("live buffers {} and {} overlap in {}: [{}, {}) and [{}, {})", left.buffer,
                                      right.buffer, what, left.begin, left.end, right.begin, right.end));
    }
}

uint32_t WordOf(size_t buffer, size_t index)
{
    return static_cast<uint32_t>(buffer * 2'654'435'761u + index * 40'503u + 1);
}
} // namespace

void VerifyDisjoint(sedx::BufferSystem& system, std::span<const sedx::Buffer> buffers)
{
    std::vector<Range> inBuffers;
    std::vector<Range> inAddresses;
    const sedx::Frame frame = Require(system.BeginFrame(), "BeginFrame");
    for (size_t i = 0; i < buffers.size(); ++i)
    {
        const sedx::ResolvedBuffer now = frame.Resolve(buffers[i]);
        Require(now.buffer != VK_NULL_HANDLE, fmt::format("buffer {} resolves to nothing", i));
        Require(now.size == buffers[i].GetSize(),
                fmt::format("buffer {} has {} bytes instead of {}", i, now.size, buffers[i].GetSize()));
        inBuffers.push_back({reinterpret_cast<uint64_t>(now.buffer), now.offset, now.offset + now.size, i});
        if (now.address != 0)
            inAddresses.push_back({0, now.address, now.address + now.size, i});
    }
    Require(system.EndFrame(frame), "EndFrame");
    RequireDisjoint(inBuffers, "a VkBuffer");
    RequireDisjoint(inAddresses, "device addresses");
}

void VerifyContents(sedx::BufferSystem& system, std::span<const sedx::Buffer> buffers)
{
    std::vector<uint32_t> words;
    for (size_t i = 0; i < buffers.size(); ++i)
    {
        words.resize(buffers[i].GetSize() / sizeof(uint32_t));
        for (size_t k = 0; k < words.size(); ++k)
            words[k] = WordOf(i, k);
        Require(system.Uploads().Write(buffers[i], 0, std::span<const uint32_t>(words)), "Write");
    }
    std::vector<sedx::ReadbackTicket> tickets;
    for (const sedx::Buffer& buffer : buffers)
        tickets.push_back(Require(system.Readbacks().Request(buffer), "Request"));
    for (size_t i = 0; i < buffers.size(); ++i)
    {
        Require(tickets[i].Wait(), "waiting for a read-back");
        const auto back = tickets[i].Span<uint32_t>();
        Require(back.size() == buffers[i].GetSize() / sizeof(uint32_t), "a read-back has the wrong size");
        for (size_t k = 0; k < back.size(); ++k)
            Require(back[k] == WordOf(i, k), fmt::format("buffer {} does not hold at word {} what was written", i, k));
    }
}

void VerifyBytes(sedx::BufferSystem& system, const sedx::Buffer& buffer, uint64_t offset,
                 std::span<const std::byte> expected)
{
    constexpr size_t kPiece = 16u << 20;
    for (size_t at = 0; at < expected.size(); at += kPiece)
    {
        const auto piece = expected.subspan(at, std::min(kPiece, expected.size() - at));
        const auto ticket = Require(system.Readbacks().Request({buffer, offset + at, piece.size()}), "Request");
        const auto back = Require(ticket.Wait(), "waiting for a read-back");
        Require(back.size() == piece.size(), "a read-back has the wrong size");
        if (std::memcmp(back.data(), piece.data(), piece.size()) == 0)
            continue;
        const auto [wrong, right] = std::ranges::mismatch(back, piece);
        throw Failure(fmt::format("a buffer of {} bytes does not hold at byte {} what was written", buffer.GetSize(),
                                  offset + at + static_cast<size_t>(right - piece.begin())));
    }
}

void VerifyCounts(const sedx::BufferSystem& system, const sedx::Report& before, uint64_t created)
{
    const sedx::Report now = system.GetReport();
    Require(now.createdBuffers - before.createdBuffers == created,
            fmt::format("{} buffers were created, the report says {}", created,
                        now.createdBuffers - before.createdBuffers));
    Require(now.liveBuffers == before.liveBuffers,
            fmt::format("{} buffers are alive that were dropped", now.liveBuffers - before.liveBuffers));
}
} // namespace bench
