#include "transfer/background_writes.h"

#include <algorithm>

namespace sedx
{
namespace
{
constexpr uint64_t kPacking = 4; // bytes; pieces in a slice of staging begin at multiples of it
}

// Pieces that reach into begin .. end, clipped to it, until `visit` has enough. False: it has.
template <class F>
bool BackgroundWrites::Visit(Queued& queued, uint64_t begin, uint64_t end, const F& visit)
{
    auto at = queued.pieces.upper_bound(begin);
    if (at != queued.pieces.begin() && std::prev(at)->second.end > begin)
        --at;
    for (; at != queued.pieces.end() && at->first < end; ++at)
    {
        const uint64_t from = std::max(begin, at->first);
        if (!visit(queued, at->second, from, std::min(end, at->second.end), at->second.source + (from - at->first)))
            return false;
    }
    return true;
}

template <class F>
bool BackgroundWrites::Visit(BackgroundWrite& write, const F& visit)
{
    for (size_t i = write.firstPart; i < write.parts.size(); ++i)
    {
        BackgroundWrite::Part& part = write.parts[i];
        const auto found = m_queued.find(part.backing);
        uint64_t first = part.end; // where something of the write is queued
        const bool goesOn = found == m_queued.end() || Visit(found->second, part.begin, part.end,
                                                             [&](Queued& queued, Piece& piece, uint64_t begin,
                                                                 uint64_t end, const std::byte* source) {
                                                                 if (piece.write.get() != &write)
                                                                     return true;
                                                                 first = std::min(first, begin);
                                                                 return visit(queued, piece, begin, end, source);
                                                             });
        part.begin = first; // nobody looks before it again
        if (part.begin == part.end && i == write.firstPart)
            ++write.firstPart;
        if (!goesOn)
            return false;
    }
    return true;
}

template <class F>
void BackgroundWrites::Visit(const Choice& choice, const F& visit)
{
    if (choice.write != nullptr)
    {
        if (const auto found = m_writes.find(choice.write->number); found != m_writes.end())
            Visit(*found->second, visit);
    }
    else if (choice.backing != nullptr)
    {
        if (const auto found = m_queued.find(choice.backing); found != m_queued.end())
            Visit(found->second, choice.offset, choice.offset + choice.bytes,
                  [&](Queued& queued, Piece& piece, uint64_t begin, uint64_t end, const std::byte* source) {
                      return piece.write->number > choice.through || visit(queued, piece, begin, end, source);
                  });
    }
    else
        for (const auto& [number, write] : m_writes)
            if (!Visit(*write, visit))
                return;
}

// Takes bytes out of the queue, those of one write or of all, and tells `visit` which.
template <class F>
uint64_t BackgroundWrites::Cut(const Backing* backing, uint64_t begin, uint64_t end, const BackgroundWrite* only,
                               const F& visit)
{
    const auto found = m_queued.find(backing);
    if (found == m_queued.end())
        return 0;
    auto& pieces = found->second.pieces;
    auto at = pieces.upper_bound(begin);
    if (at != pieces.begin() && std::prev(at)->second.end > begin)
        --at;
    uint64_t bytes = 0;
    while (at != pieces.end() && at->first < end)
    {
        if (only != nullptr && at->second.write.get() != only)
        {
            ++at;
            continue;
        }
        const uint64_t first = at->first;
        const Piece piece = std::move(at->second);
        const uint64_t from = std::max(begin, first);
        const uint64_t to = std::min(end, piece.end);
        at = pieces.erase(at);
        if (first < from)
            pieces.emplace_hint(at, first, Piece{from, piece.write, piece.source});
        if (to < piece.end)
            at = pieces.emplace_hint(at, to, Piece{piece.end, piece.write, piece.source + (to - first)});
        visit(from, to);
        bytes += to - from;
        m_queuedBytes.fetch_sub(to - from, std::memory_order_relaxed);
        piece.write->queuedBytes -= to - from;
        if (piece.write->queuedBytes == 0)
        {
            m_writes.erase(piece.write->number);
            m_queuedWrites.fetch_sub(1, std::memory_order_relaxed);
            LetGoOfMemory(*piece.write);
        }
    }
    if (pieces.empty())
    {
        found->second.backing->queued.store(false);
        m_gone.backings.push_back(std::move(found->second.backing));
        m_hasGone.store(true);
        m_queued.erase(found);
    }
    return bytes;
}

uint64_t BackgroundWrites::Cut(const Backing* backing, uint64_t begin, uint64_t end, const BackgroundWrite* only)
{
    return Cut(backing, begin, end, only, [](uint64_t, uint64_t) {});
}

void BackgroundWrites::LetGoOfMemory(BackgroundWrite& write)
{
    if (!write.memory || write.queuedBytes != 0 || write.readers != 0)
        return;
    m_gone.memory.push_back(std::move(write.memory));
    m_hasGone.store(true);
    m_memoryBytes.fetch_sub(write.memoryBytes, std::memory_order_relaxed);
}

// ---- queueing ------------------------------------------------------------------------------------------------------

BackgroundWrites::Added BackgroundWrites::Add(std::span<const Element> elements, std::unique_ptr<std::byte[]> memory,
                                              uint64_t memoryBytes)
{
    Added added{std::make_shared<BackgroundWrite>(), 0};
    BackgroundWrite& write = *added.write;
    write.memory = std::move(memory);
    write.memoryBytes = memoryBytes;
    for (const Element& element : elements)
        write.bytes += element.bytes.size();
    write.queuedBytes = write.bytes;
    const std::lock_guard lock(m_mutex);
    write.number = ++m_lastNumber;
    m_writes.emplace(write.number, added.write);
    m_queuedWrites.fetch_add(1, std::memory_order_relaxed);
    m_queuedBytes.fetch_add(write.bytes, std::memory_order_relaxed);
    m_memoryBytes.fetch_add(memoryBytes, std::memory_order_relaxed);
    for (const Element& element : elements)
    {
        const uint64_t end = element.offset + element.bytes.size();
        added.superseded += Cut(element.backing.Get(), element.offset, end);
        Queued& queued = m_queued[element.backing.Get()];
        queued.backing = element.backing;
        queued.pieces.emplace(element.offset, Piece{end, added.write, element.bytes.data()});
        element.backing->queued.store(true);
        write.parts.push_back({element.backing.Get(), element.offset, end});
    }
    return added;
}

// ---- sending -------------------------------------------------------------------------------------------------------

BackgroundWrites::Choice BackgroundWrites::In(const Backing& backing, uint64_t offset, uint64_t bytes) const noexcept
{
    const std::lock_guard lock(m_mutex);
    return {nullptr, &backing, offset, bytes, m_lastNumber};
}

uint64_t BackgroundWrites::StagingFor(const Choice& choice, uint64_t most)
{
    uint64_t staging = 0;
    const std::lock_guard lock(m_mutex);
    Visit(choice, [&](Queued&, Piece&, uint64_t begin, uint64_t end, const std::byte*) {
        const uint64_t bytes = std::min(most, end - begin);
        staging = AlignUp(staging, kPacking) + bytes;
        most -= bytes;
        return most != 0;
    });
    return staging;
}

std::vector<BackgroundWrites::Pinned> BackgroundWrites::Pin(const Choice& choice, uint64_t most, uint64_t room)
{
    std::vector<Pinned> pins;
    uint64_t staged = 0;
    const std::lock_guard lock(m_mutex);
    Visit(choice, [&](Queued& queued, Piece& piece, uint64_t begin, uint64_t end, const std::byte* source) {
        const uint64_t bytes = std::min({most, end - begin, room - staged});
        pins.push_back({piece.write, queued.backing, begin, bytes, source, staged});
        ++piece.write->readers;
        most -= bytes;
        staged = AlignUp(staged + bytes, kPacking);
        return most != 0 && staged < room;
    });
    return pins;
}

uint64_t BackgroundWrites::Settle(std::span<const Pinned> pins, const Slice& slice, uint64_t batch,
                                  const std::function<void(const Ref<Backing>&, const CopyOp&)>& append)
{
    uint64_t joined = 0;
    const std::lock_guard lock(m_mutex);
    for (const Pinned& pin : pins)
    {
        BackgroundWrite& write = *pin.write;
        const uint64_t bytes =
            Cut(pin.backing.Get(), pin.offset, pin.offset + pin.bytes, &write, [&](uint64_t begin, uint64_t end) {
                append(pin.backing,
                       {begin, slice.offset + pin.staged + (begin - pin.offset), end - begin, slice.block});
            });
        if (bytes != 0 && (write.batches.empty() || write.batches.back() != batch))
            write.batches.push_back(batch);
        joined += bytes;
        --write.readers;
        LetGoOfMemory(write);
    }
    m_read.notify_all();
    return joined;
}

// ---- what is not sent after all ------------------------------------------------------------------------------------

uint64_t BackgroundWrites::DropRange(const Backing& backing, uint64_t offset, uint64_t bytes)
{
    const std::lock_guard lock(m_mutex);
    return Cut(&backing, offset, offset + bytes);
}

uint64_t BackgroundWrites::TakeBack(BackgroundWrite& write, bool asCancelled)
{
    uint64_t bytes = 0;
    std::unique_lock lock(m_mutex);
    for (const BackgroundWrite::Part& part : write.parts)
        bytes += Cut(part.backing, part.begin, part.end, &write);
    write.isCancelled |= asCancelled && bytes != 0;
    m_read.wait(lock, [&] { return write.readers == 0; });
    return bytes;
}

// Who pins a piece has a reference, too.
uint64_t BackgroundWrites::DropUnreachable()
{
    uint64_t bytes = 0;
    const std::lock_guard lock(m_mutex);
    std::vector<const Backing*> unreachable;
    for (const auto& [backing, queued] : m_queued)
        if (backing->references.load() == 1)
            unreachable.push_back(backing);
    for (const Backing* backing : unreachable)
        bytes += Cut(backing, 0, ~uint64_t{0});
    return bytes;
}

void BackgroundWrites::Clear()
{
    const std::lock_guard lock(m_mutex);
    while (!m_queued.empty())
        Cut(m_queued.begin()->first, 0, ~uint64_t{0});
}

BackgroundWrites::Gone BackgroundWrites::TakeGone()
{
    if (!m_hasGone.load(std::memory_order_relaxed))
        return {};
    const std::lock_guard lock(m_mutex);
    m_hasGone.store(false);
    return std::exchange(m_gone, {});
}

// ---- tickets -------------------------------------------------------------------------------------------------------

BackgroundWrites::Progress BackgroundWrites::Look(const BackgroundWrite& write) const
{
    const std::lock_guard lock(m_mutex);
    return {write.queuedBytes, write.readers != 0, write.isCancelled, write.batches};
}

void BackgroundWrites::WaitForReaders(const BackgroundWrite& write) const
{
    std::unique_lock lock(m_mutex);
    m_read.wait(lock, [&] { return write.readers == 0; });
}

std::shared_ptr<BackgroundWrite> BackgroundWrites::NewestFor(const Backing& backing) const
{
    std::shared_ptr<BackgroundWrite> newest;
    const std::lock_guard lock(m_mutex);
    if (const auto found = m_queued.find(&backing); found != m_queued.end())
        for (const auto& [begin, piece] : found->second.pieces)
            if (!newest || piece.write->number > newest->number)
                newest = piece.write;
    return newest;
}

uint64_t BackgroundWrites::TakeTurn(uint64_t frame) noexcept
{
    const std::lock_guard lock(m_mutex);
    if (frame <= m_lastTurn)
        return 0;
    m_lastTurn = frame;
    return m_bytesPerFrame.load();
}
} // namespace sedx
