#include "bindless/bindless_copies.h"

#include "../shaders/sedx_shared.h"
#include "bindless/own_buffer.h"

#include <sedx/log.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

namespace sedx
{
namespace
{
std::byte* MappedOf(const Buffer& table) noexcept { return table.Resource()->backing->memory.mapped; }

uint64_t OffsetOf(uint32_t slot) noexcept
{
    return sizeof(shared::TableHeader) + uint64_t{slot} * sizeof(shared::TableEntry);
}

void Flush(BufferSystem& system, const Buffer& table, uint64_t offset, uint64_t bytes)
{
    const VkResult result = system.Internals().core->Memory().Flush(table.Resource()->backing->memory, offset, bytes);
    if (result != VK_SUCCESS)
        SEDX_CORE_ERROR_TAG("BINDLESS", "shaders may see old entries of the table: flushing {} bytes failed with {}",
                            bytes, ToString(result));
}
} // namespace

BindlessCopies::BindlessCopies(BufferSystem& system, BindlessLayout& layout, std::string name, MakeDescriptors make,
                               uint32_t fixed)
    : m_system(system), m_layout(layout), m_name(std::move(name)), m_make(std::move(make)), m_fixed(fixed)
{
}

BindlessCopies::~BindlessCopies() = default;

void BindlessCopies::SetCapacity(uint32_t slots)
{
    m_capacity = slots;
    const auto before = static_cast<uint32_t>(m_shown.size());
    if (slots <= before)
        return;
    m_shown.resize(slots);
    m_pending.resize(slots);
    for (uint32_t slot = before; slot < slots; ++slot)
        m_shown[slot].slot = slot;
}

void BindlessCopies::Append(const SlotChange& change)
{
    ++m_changes;
    m_shown[change.slot] = change;
    uint32_t& pending = m_pending[change.slot];
    for (uint32_t index = 0; index < m_copies.size(); ++index)
    {
        if ((pending >> index & 1) != 0)
            continue;
        pending |= 1u << index;
        m_copies[index]->pending.push_back(change.slot);
    }
}

Result<void> BindlessCopies::Prepare(uint32_t count)
{
    while (m_copies.size() < count)
    {
        m_copies.push_back(std::make_unique<Copy>());
        if (auto made = Make(static_cast<uint32_t>(m_copies.size()) - 1); !made)
        {
            m_copies.pop_back();
            return made;
        }
    }
    return {};
}

// Replaces what the copy had: no frame uses it.
Result<void> BindlessCopies::Make(uint32_t index)
{
    Copy& copy = *m_copies[index];
    auto descriptors = m_make(m_capacity, index);
    if (!descriptors)
        return Forward(descriptors);
    auto table =
        MakeOwnBuffer(m_system, OffsetOf(m_capacity), MemoryType::GPUUpload, fmt::format("{} table {}", m_name, index));
    if (!table)
        return Forward(table);
    copy.descriptors = std::move(*descriptors);
    copy.table = std::move(table->buffer);
    copy.slots = m_capacity;
    copy.ids.assign(m_capacity, 0);
    for (const uint32_t slot : copy.pending)
        m_pending[slot] &= ~(1u << index);
    copy.pending.clear();
    m_scratch.resize(m_capacity);
    std::iota(m_scratch.begin(), m_scratch.end(), 0u);
    Write(copy, m_scratch, true);
    return {};
}

void BindlessCopies::Write(Copy& copy, std::span<const uint32_t> slots, bool isNew)
{
    const BufferMemory& memory = copy.table.Resource()->backing->memory;
    const SlotContents table{memory.buffer, memory.offset, copy.table.GetSize(), memory.address, memory.deviceLocal};
    copy.descriptors->Write(slots, m_shown, isNew ? &table : nullptr);
    std::byte* const mapped = MappedOf(copy.table);
    uint32_t first = copy.slots;
    uint32_t last = 0;
    for (const uint32_t slot : slots)
    {
        const SlotChange& change = m_shown[slot];
        shared::TableEntry entry{};
        entry.address = change.contents.address;
        entry.bytes = change.contents.bytes;
        entry.id = change.id;
        entry.descriptorBytes = static_cast<uint32_t>(m_layout.DescriptorBytes(change.contents));
        entry.isDeviceLocal = change.contents.isDeviceLocal ? 1 : 0;
        if (change.id == 0) // where accesses by address go that are wrong
            entry.address = m_layout.guard.address;
        std::memcpy(mapped + OffsetOf(slot), &entry, sizeof entry);
        copy.ids[slot] = change.id;
        first = std::min(first, slot);
        last = std::max(last, slot);
    }
    if (first <= last)
        Flush(m_system, copy.table, OffsetOf(first), OffsetOf(last + 1) - OffsetOf(first));
    m_writes += slots.size();
}

// Brings the copy up to date. `onlyNew`: a frame uses it, so only slots that nobody can be using are written, those
// of new registrations.
void BindlessCopies::Update(uint32_t index, bool onlyNew)
{
    Copy& copy = *m_copies[index];
    m_scratch.clear();
    size_t kept = 0;
    for (const uint32_t slot : copy.pending)
    {
        const SlotChange& change = m_shown[slot];
        const bool isNew = change.id != 0 && slot < copy.slots && change.id != copy.ids[slot];
        if (slot >= copy.slots || (onlyNew && !isNew))
        {
            copy.pending[kept++] = slot;
            continue;
        }
        m_scratch.push_back(slot);
        m_pending[slot] &= ~(1u << index);
    }
    copy.pending.resize(kept);
    if (!m_scratch.empty())
        Write(copy, m_scratch, false);
}

void BindlessCopies::PutHeader(Copy& copy, uint64_t frame, const Reporting& reporting)
{
    shared::TableHeader header{};
    header.slots = copy.slots;
    header.frame = static_cast<uint32_t>(frame);
    header.faults = reporting.faults;
    header.usedFrames = reporting.usedFrames;
    std::memcpy(MappedOf(copy.table), &header, sizeof header);
    Flush(m_system, copy.table, 0, sizeof header);
}

Result<uint32_t> BindlessCopies::Choose(uint64_t completed)
{
    // The one that lacks least: while the GPU keeps up, that is the one of the frame before.
    uint32_t best = Count();
    for (uint32_t index = 0; index < Count(); ++index)
        if (m_copies[index]->frame <= completed &&
            (best == Count() || m_copies[index]->pending.size() < m_copies[best]->pending.size()))
            best = index;
    if (best != Count())
        return best;
    const uint32_t most = m_fixed != 0 ? m_fixed : kMaxCopies;
    if (Count() >= most)
        return Fail(ErrorCode::Busy, "all {} copies of the set of '{}' are in flight", Count(), m_name);
    if (auto made = Prepare(Count() + 1); !made)
        return Forward(made);
    return Count() - 1;
}

Result<BindlessCopies::Use> BindlessCopies::Get(uint64_t frame, const Reporting& reporting,
                                                const std::function<uint64_t()>& completed)
{
    const auto use = [](const Copy& copy) {
        return Use{copy.descriptors.get(), copy.table.Resource()->backing->address};
    };
    // Binds of a frame come often, changes between them seldom.
    if (frame == m_lastFrame && m_changes == m_lastChanges)
        return m_lastUse;
    const auto remember = [&](const Use& found) {
        m_lastFrame = frame;
        m_lastChanges = m_changes;
        return m_lastUse = found;
    };
    // The largest one that the frame has: growth may have given it a second one.
    uint32_t mine = Count();
    for (uint32_t index = 0; index < Count(); ++index)
        if (m_copies[index]->frame == frame && (mine == Count() || m_copies[index]->slots > m_copies[mine]->slots))
            mine = index;
    if (mine != Count())
    {
        Update(mine, true);
        const Copy& copy = *m_copies[mine];
        const bool lacksRoom = std::any_of(copy.pending.begin(), copy.pending.end(),
                                           [&](uint32_t slot) { return slot >= copy.slots && m_shown[slot].id != 0; });
        if (!lacksRoom || m_failedCapacity == m_capacity)
            return remember(use(copy));
    }
    auto chosen = Choose(completed());
    if (!chosen)
        return Forward(chosen);
    Copy& copy = *m_copies[*chosen];
    bool isMade = false;
    if (copy.slots < m_capacity)
    {
        const auto made = Make(*chosen);
        isMade = made.has_value();
        // The copy as it was serves everything but the newest registrations.
        if (!isMade && copy.slots == 0)
            return tl::unexpected(made.error());
        const uint32_t failed = std::exchange(m_failedCapacity, isMade ? 0 : m_capacity);
        if (!isMade && failed != m_capacity)
            SEDX_CORE_ERROR_TAG("BINDLESS", "'{}' cannot grow to {} slots, later registrations are not seen: {}",
                                m_name, m_capacity, made.error().message);
    }
    if (!isMade)
        Update(*chosen, false);
    copy.frame = frame;
    PutHeader(copy, frame, reporting);
    return remember(use(copy));
}

void BindlessCopies::ForEach(const std::function<void(const SlotChange&)>& visit) const
{
    for (const SlotChange& shown : m_shown)
        if (shown.id != 0)
            visit(shown);
}
} // namespace sedx
