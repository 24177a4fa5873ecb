#include "sync/hazard_recorder.h"

#include "sync/hazard_messages.h"

#include <sedx/log.h>

#include <algorithm>

namespace sedx
{
namespace
{
constexpr const char* kTag = "HAZARD";
constexpr size_t kMostSaid = 4096; // different ones; beyond that they are counted only

uint64_t Number(VkBuffer buffer) noexcept { return reinterpret_cast<uint64_t>(buffer); }

std::vector<ModelBarrier> BarriersOf(const VkDependencyInfo& info)
{
    std::vector<ModelBarrier> barriers;
    const auto add = [&](const auto& barrier, std::optional<MemoryRange> range) {
        const bool isFromHost =
            (barrier.srcStageMask & VK_PIPELINE_STAGE_2_HOST_BIT) != 0 &&
            (barrier.srcAccessMask & (VK_ACCESS_2_HOST_WRITE_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT)) != 0;
        barriers.push_back({range, SourceScope(barrier.srcStageMask, barrier.srcAccessMask),
                            TargetScope(barrier.dstStageMask, barrier.dstAccessMask), isFromHost});
    };
    for (const VkMemoryBarrier2& barrier : std::span(info.pMemoryBarriers, info.memoryBarrierCount))
        add(barrier, std::nullopt);
    for (const VkBufferMemoryBarrier2& barrier : std::span(info.pBufferMemoryBarriers, info.bufferMemoryBarrierCount))
    {
        const uint64_t end = barrier.size == VK_WHOLE_SIZE ? UINT64_MAX : barrier.offset + barrier.size;
        add(barrier, MemoryRange{Number(barrier.buffer), barrier.offset, end});
    }
    // An image barrier orders execution; what it makes available and visible are images.
    for (const VkImageMemoryBarrier2& barrier : std::span(info.pImageMemoryBarriers, info.imageMemoryBarrierCount))
        barriers.push_back(
            {std::nullopt, SourceScope(barrier.srcStageMask, 0), TargetScope(barrier.dstStageMask, 0), false});
    return barriers;
}

ModelBarrier BarrierBetween(Use before, Use after)
{
    const UseScope source = ScopeOf(before);
    const UseScope target = ScopeOf(after);
    return {std::nullopt, SourceScope(source.stages, source.access), TargetScope(target.stages, target.access), false};
}

std::shared_ptr<AccessNote> NoteOf(const NamedRange& bytes, Use use, const std::source_location& where)
{
    auto note = std::make_shared<AccessNote>();
    note->access.use = use;
    note->access.where = where;
    note->buffer = bytes.buffer;
    note->name = bytes.name;
    note->base = bytes.base;
    return note;
}
} // namespace

// ---- command buffers -----------------------------------------------------------------------------------------------

HazardRecorder::CommandList& HazardRecorder::ListOf(uint64_t frame, VkCommandBuffer cmd)
{
    const auto found =
        std::ranges::find_if(m_lists, [&](const CommandList& list) { return list.frame == frame && list.cmd == cmd; });
    if (found != m_lists.end())
        return *found;
    CommandList list;
    list.frame = frame;
    list.cmd = cmd;
    m_lists.push_back(std::move(list));
    return m_lists.back();
}

void HazardRecorder::OnCommands(uint64_t frame, VkCommandBuffer cmd, uint32_t queue)
{
    const std::lock_guard lock(m_mutex);
    ListOf(frame, cmd).queue = queue;
}

void HazardRecorder::OnAccess(uint64_t frame, VkCommandBuffer cmd, const NamedRange& bytes, Use use,
                              const std::source_location& where, bool isTold)
{
    const std::lock_guard lock(m_mutex);
    CommandList& list = ListOf(frame, cmd);
    list.isDescribed |= isTold;
    if (isTold)
        m_watched.insert(bytes.range.memory);
    Command command;
    command.range = bytes.range;
    command.use = use;
    command.isOrdered = false;
    command.note = NoteOf(bytes, use, where);
    list.commands.push_back(std::move(command));
}

void HazardRecorder::OnBarrier(uint64_t frame, VkCommandBuffer cmd, const VkDependencyInfo& info)
{
    Command command;
    command.kind = Command::Kind::Barriers;
    command.barriers = BarriersOf(info);
    const std::lock_guard lock(m_mutex);
    ListOf(frame, cmd).commands.push_back(std::move(command));
}

void HazardRecorder::OnSetEvent(uint64_t frame, VkCommandBuffer cmd, uint64_t serial, const VkDependencyInfo& info)
{
    Command command;
    command.kind = Command::Kind::SetEvent;
    command.barriers = BarriersOf(info);
    command.serial = serial;
    const std::lock_guard lock(m_mutex);
    ListOf(frame, cmd).commands.push_back(std::move(command));
}

void HazardRecorder::OnWaitEvent(uint64_t frame, VkCommandBuffer cmd, uint64_t serial, const VkDependencyInfo& info)
{
    Command command;
    command.kind = Command::Kind::WaitEvent;
    command.barriers = BarriersOf(info);
    command.serial = serial;
    const std::lock_guard lock(m_mutex);
    ListOf(frame, cmd).commands.push_back(std::move(command));
}

// A batch orders itself behind everything before on its queue, and everything later behind itself (transfer/batch.cpp).
void HazardRecorder::AppendBatch(std::vector<Command>& commands, std::span<const BatchAccess> accesses)
{
    constexpr Use kCopy = Use::TransferRead | Use::TransferWrite;
    constexpr Use kAny = Use::AnyRead | Use::AnyWrite;
    const auto barrier = [&commands](Use before, Use after) {
        Command command;
        command.kind = Command::Kind::Barriers;
        command.barriers.push_back(BarrierBetween(before, after));
        commands.push_back(std::move(command));
    };
    barrier(kAny, kCopy);
    for (size_t i = 0; i < accesses.size(); ++i)
    {
        if (i != 0 && accesses[i].phase != accesses[i - 1].phase)
            barrier(kCopy, kCopy);
        Command command;
        command.range = accesses[i].bytes.range;
        command.use = accesses[i].use;
        command.note = NoteOf(accesses[i].bytes, accesses[i].use, {});
        commands.push_back(std::move(command));
    }
    barrier(kCopy, kAny);
}

void HazardRecorder::OnFlush(uint64_t frame, VkCommandBuffer cmd, uint32_t queue, std::span<const BatchAccess> accesses)
{
    const std::lock_guard lock(m_mutex);
    CommandList& list = ListOf(frame, cmd);
    list.queue = queue;
    AppendBatch(list.commands, accesses);
}

// ---- submissions ---------------------------------------------------------------------------------------------------

void HazardRecorder::Retire()
{
    m_progress.poll();
    const uint64_t completed = m_progress.completedFrame();
    m_model.Retire([&](const HazardModel::Sent& sent) {
        if (sent.frame != 0 && sent.frame <= completed)
            return true;
        const bool isSignalled = sent.frame == 0 || m_progress.hasSignals;
        return isSignalled && m_progress.hasPassed(sent.point);
    });
}

void HazardRecorder::Wait(uint32_t queue, std::span<const VkSemaphoreSubmitInfo> waits)
{
    for (const VkSemaphoreSubmitInfo& wait : waits)
        if (const uint32_t timeline = m_progress.timelineOf(wait.semaphore); timeline != HazardProgress::kNoTimeline)
            m_model.Wait(queue, {timeline, wait.value}, WaitScope(wait.stageMask));
}

void HazardRecorder::Play(uint32_t queue, uint64_t frame, std::span<const Command> commands, bool isDescribed)
{
    std::vector<Conflict> conflicts;
    for (const Command& command : commands)
        switch (command.kind)
        {
        case Command::Kind::Access:
            if (!command.isOrdered && !isDescribed)
                break;
            command.note->access.frame = frame;
            command.note->access.queue = queue;
            ++m_report.accesses;
            m_model.Access(queue, frame, command.range, command.use, command.note, conflicts);
            break;
        case Command::Kind::Barriers:
            for (const ModelBarrier& barrier : command.barriers)
                m_model.Barrier(queue, barrier);
            break;
        case Command::Kind::SetEvent: m_model.SetEvent(queue, command.serial, command.barriers); break;
        case Command::Kind::WaitEvent: m_model.WaitEvent(queue, command.serial, command.barriers); break;
        }
    for (const Conflict& conflict : conflicts)
        Say(conflict);
}

void HazardRecorder::PlayFrame(uint64_t frame, uint32_t queue)
{
    for (const CommandList& list : m_lists)
        if (list.frame == frame && list.queue == queue)
            Play(queue, frame, list.commands, list.isDescribed);
    std::erase_if(m_lists, [&](const CommandList& list) { return list.frame == frame && list.queue == queue; });
}

void HazardRecorder::OnNextWait(uint64_t frame, uint32_t queue, const QueueWait& wait)
{
    const std::lock_guard lock(m_mutex);
    m_nextWaits.push_back({frame, queue, wait});
}

void HazardRecorder::OnSubmit(uint64_t frame, TimelinePoint point, std::span<const VkSemaphoreSubmitInfo> waits)
{
    const std::lock_guard lock(m_mutex);
    if (m_watched.empty()) // so nothing of this was described
    {
        std::erase_if(m_lists,
                      [&](const CommandList& list) { return list.frame == frame && list.queue == point.queue; });
        m_model.Skip(point);
        return;
    }
    Retire();
    Wait(point.queue, waits);
    std::erase_if(m_nextWaits, [&](const NextWait& next) {
        if (next.frame != frame || next.queue != point.queue)
            return false;
        m_model.Wait(point.queue, next.wait.point, WaitScope(ScopeOf(next.wait.use).stages));
        return true;
    });
    PlayFrame(frame, point.queue);
    m_model.Signal(point.queue, point, frame);
}

void HazardRecorder::OnBatch(uint32_t queue, TimelinePoint point, std::span<const VkSemaphoreSubmitInfo> waits,
                             std::span<const BatchAccess> accesses)
{
    const std::lock_guard lock(m_mutex);
    if (m_watched.empty())
    {
        m_model.Skip(point);
        return;
    }
    std::vector<Command> commands;
    AppendBatch(commands, accesses);
    Retire();
    Wait(queue, waits);
    Play(queue, 0, commands, false);
    m_model.Signal(queue, point, 0);
}

void HazardRecorder::OnFrameEnded(uint64_t frame)
{
    const std::lock_guard lock(m_mutex);
    if (!m_progress.hasSignals && !m_watched.empty()) // such an engine need not ask for a SubmitSync
    {
        Retire();
        for (auto list = std::ranges::find(m_lists, frame, &CommandList::frame); list != m_lists.end();
             list = std::ranges::find(m_lists, frame, &CommandList::frame))
        {
            const uint32_t queue = list->queue;
            PlayFrame(frame, queue);
            m_model.Signal(queue, {queue, 0}, frame);
        }
    }
    for (const CommandList& list : m_lists)
    {
        if (list.frame != frame || !list.isDescribed)
            continue;
        const auto told =
            std::ranges::find_if(list.commands, [](const Command& command) { return command.note != nullptr; });
        Hazard hazard;
        hazard.kind = HazardKind::NeverSubmitted;
        hazard.first = told->note->access;
        hazard.first.frame = frame;
        hazard.first.queue = list.queue;
        hazard.buffer = told->note->buffer;
        hazard.name = told->note->name;
        hazard.message = NeverSubmittedMessage(hazard);
        const bool isNew = IsNew(hazard.kind, hazard.name, hazard.first.where, {});
        Say(std::move(hazard), isNew);
    }
    std::erase_if(m_lists, [frame](const CommandList& list) { return list.frame == frame; });
    std::erase_if(m_nextWaits, [frame](const NextWait& next) { return next.frame == frame; });
}

void HazardRecorder::OnFrameAbandoned(uint64_t frame)
{
    const std::lock_guard lock(m_mutex);
    std::erase_if(m_slotUses, [frame](const auto& entry) { return entry.second.frame == frame; });
    std::erase_if(m_lists, [frame](const CommandList& list) { return list.frame == frame; });
    std::erase_if(m_nextWaits, [frame](const NextWait& next) { return next.frame == frame; });
    m_model.Drop(frame);
}

// ---- the CPU, tables -----------------------------------------------------------------------------------------------

void HazardRecorder::OnHost(const NamedRange& bytes, bool isWrite, const std::source_location& where)
{
    const std::lock_guard lock(m_mutex);
    if (!m_watched.contains(bytes.range.memory))
        return;
    Retire();
    const auto note = NoteOf(bytes, isWrite ? Use::HostWrite : Use::HostRead, where);
    std::vector<Conflict> conflicts;
    m_model.Host(bytes.range, isWrite, note, conflicts);
    for (const Conflict& conflict : conflicts)
        Say(conflict);
}

void HazardRecorder::OnSlotUsed(uint64_t frame, std::string_view table, uint32_t slot,
                                const std::source_location& where)
{
    const std::lock_guard lock(m_mutex);
    if (m_newestSlotFrame < frame) // what has passed is no hazard any more
    {
        m_newestSlotFrame = frame;
        const uint64_t completed = m_progress.completedFrame();
        std::erase_if(m_slotUses, [completed](const auto& entry) { return entry.second.frame <= completed; });
    }
    SlotUse& use = m_slotUses[{std::string(table), slot}];
    if (use.frame <= frame)
        use = {frame, where};
}

void HazardRecorder::OnSlotWritten(std::string_view table, uint32_t slot, const std::source_location& where)
{
    const std::lock_guard lock(m_mutex);
    const auto used = m_slotUses.find({std::string(table), slot});
    if (used == m_slotUses.end())
        return;
    Retire();
    const SlotUse use = used->second;
    if (use.frame <= m_progress.completedFrame())
    {
        m_slotUses.erase(used);
        return;
    }
    Hazard hazard;
    hazard.kind = HazardKind::SlotRewritten;
    hazard.first.frame = use.frame;
    hazard.first.where = use.where;
    hazard.second.where = where;
    hazard.name = table;
    hazard.offset = slot;
    hazard.message = SlotMessage(hazard);
    const bool isNew = IsNew(hazard.kind, fmt::format("{} {}", table, slot), use.where, where);
    Say(std::move(hazard), isNew);
}

bool HazardRecorder::IsWatched(VkBuffer buffer) const
{
    const std::lock_guard lock(m_mutex);
    return m_watched.contains(Number(buffer));
}

// ---- telling -------------------------------------------------------------------------------------------------------

bool HazardRecorder::IsNew(HazardKind kind, const std::string& name, const std::source_location& first,
                           const std::source_location& second)
{
    if (m_said.size() >= kMostSaid)
        return false;
    return m_said
        .insert(fmt::format("{} {}:{}:{} {}:{}:{} {}", static_cast<uint32_t>(kind), first.file_name(), first.line(),
                            first.column(), second.file_name(), second.line(), second.column(), name))
        .second;
}

void HazardRecorder::Say(const Conflict& conflict)
{
    Hazard hazard;
    hazard.kind = conflict.kind;
    hazard.first = conflict.earlier->access;
    hazard.first.use = conflict.earlierUse;
    hazard.second = conflict.later->access;
    hazard.second.use = conflict.laterUse;
    hazard.buffer = conflict.later->buffer ? conflict.later->buffer : conflict.earlier->buffer;
    hazard.name = conflict.later->name.empty() ? conflict.earlier->name : conflict.later->name; // copies know none
    const uint64_t base = std::min(conflict.later->base, conflict.range.begin);
    hazard.offset = conflict.range.begin - base;
    hazard.bytes = conflict.range.end - conflict.range.begin;
    const bool isNew = IsNew(conflict.kind, hazard.name, hazard.first.where, hazard.second.where);
    if (isNew)
        hazard.message = ConflictMessage(hazard);
    Say(std::move(hazard), isNew);
}

void HazardRecorder::Say(Hazard hazard, bool isNew)
{
    ++m_report.counts[static_cast<size_t>(hazard.kind)];
    if (!isNew)
        return;
    SEDX_CORE_ERROR_TAG(kTag, "{}", hazard.message);
    if (m_report.last.size() == HazardReport::kMostKept)
        m_report.last.erase(m_report.last.begin());
    m_report.last.push_back(std::move(hazard));
}

HazardReport HazardRecorder::Report() const
{
    const std::lock_guard lock(m_mutex);
    return m_report;
}
} // namespace sedx
