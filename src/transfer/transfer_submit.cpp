// Sending batches: by the library's own submissions, and recorded into the engine's commands.
#include "transfer/transfer_engine.h"

#include "transfer/batch_accesses.h"

#include <sedx/log.h>
#include <sedx/profile.h>

#include <algorithm>

namespace sedx
{
namespace
{
constexpr uint64_t kTableAlignment = 64; // a cache line

VkSemaphoreSubmitInfo PassingOf(const Timelines& timelines, uint32_t timeline, uint64_t value) noexcept
{
    VkSemaphoreSubmitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO};
    info.semaphore = timelines.Semaphore(timeline);
    info.value = value;
    info.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
    return info;
}
} // namespace

// Copies in a command buffer of an open frame reach the queue at a time that only the engine knows: nothing newer may
// go out before that frame has ended.
bool TransferEngine::HoldsBack() const noexcept
{
    const std::lock_guard lock(m_mutex);
    return std::any_of(m_pending.begin(), m_pending.end(), [this](const auto& batch) {
        return batch->state == Batch::State::Recorded && m_core->Frames().IsOpen(batch->frame);
    });
}

// Takes what is to go out; null: nothing. m_submitMutex is held, so batches leave in the order of their numbers.
Batch* TransferEngine::TakeBatch(uint64_t readsThrough)
{
    const std::lock_guard lock(m_mutex);
    if (!m_lanes.HasWrites() && !m_current->HasWork(readsThrough))
        return nullptr;
    auto next = std::make_unique<Batch>();
    next->number = m_current->number + 1;
    AppendCollected(m_lanes.EndBatch(m_collected, next->number));
    // The last reads may have to wait for the end of their frame: they want to see what its submissions write.
    Epoch& last = m_current->epochs.back();
    Epoch later;
    const auto moveLater = [readsThrough](auto& reads, auto& laterReads) {
        const auto firstLater = std::stable_partition(
            reads.begin(), reads.end(), [readsThrough](const auto& read) { return read.frame <= readsThrough; });
        laterReads.assign(std::make_move_iterator(firstLater), std::make_move_iterator(reads.end()));
        reads.erase(firstLater, reads.end());
    };
    moveLater(last.reads, later.reads);
    moveLater(last.imageReads, later.imageReads);
    for (const BufferRead& read : later.reads)
    {
        later.readKeys.insert(KeyOf(read.source.Get()));
        read.record->batch.store(next->number);
        read.source->lastBatch.store(next->number);
    }
    for (const ImageRead& read : later.imageReads)
    {
        later.readKeys.insert(KeyOf(read.target.image));
        read.record->batch.store(next->number);
    }
    if (later.HasReads())
        next->epochs.push_back(std::move(later));
    m_pending.push_back(std::exchange(m_current, std::move(next)));
    return m_pending.back().get();
}

// A command buffer for this queue that has begun recording. Nothing is lost if this fails.
Result<size_t> TransferEngine::BeginCommands(uint32_t queue)
{
    size_t index = SIZE_MAX;
    DeviceState& device = m_core->Device();
    const uint32_t family = device.queues[queue].family;
    {
        const std::lock_guard lock(m_mutex);
        const auto idle = std::find_if(m_commands.begin(), m_commands.end(), [family](const CommandSlot& slot) {
            return slot.free && slot.family == family;
        });
        if (idle != m_commands.end())
            index = static_cast<size_t>(idle - m_commands.begin());
    }
    if (index == SIZE_MAX)
    {
        CommandSlot slot;
        slot.family = family;
        VkCommandPoolCreateInfo poolInfo{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
        poolInfo.flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT;
        poolInfo.queueFamilyIndex = family;
        VkResult result = device.Check(device.vk.CreateCommandPool(device.device, &poolInfo, nullptr, &slot.pool));
        if (result != VK_SUCCESS)
            return FailVk(result, "creating a command pool for transfers");
        VkCommandBufferAllocateInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
        info.commandPool = slot.pool;
        info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
        info.commandBufferCount = 1;
        result = device.Check(device.vk.AllocateCommandBuffers(device.device, &info, &slot.cmd));
        if (result != VK_SUCCESS)
        {
            device.vk.DestroyCommandPool(device.device, slot.pool, nullptr);
            return FailVk(result, "allocating a command buffer for transfers");
        }
        device.SetName(VK_OBJECT_TYPE_COMMAND_BUFFER, reinterpret_cast<uint64_t>(slot.cmd), "sedx transfers");
        const std::lock_guard lock(m_mutex);
        m_commands.push_back(slot);
        index = m_commands.size() - 1;
    }
    const CommandSlot slot = m_commands[index];
    VkResult result = device.Check(device.vk.ResetCommandPool(device.device, slot.pool, 0));
    if (result != VK_SUCCESS)
        return FailVk(result, "resetting a command pool for transfers");
    VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
    result = device.Check(device.vk.BeginCommandBuffer(slot.cmd, &begin));
    if (result != VK_SUCCESS)
        return FailVk(result, "beginning a command buffer for transfers");
    return index;
}

BatchStats TransferEngine::Record(Batch& batch, VkCommandBuffer cmd, uint32_t queue, uint64_t frame)
{
    const TransferProfile profile = Profile();
    RecordRules rules;
    rules.scatter = ScatterRulesOf(m_core->Device(), queue, m_path, profile);
    rules.moves = DeviceCopyRulesOf(m_core->Device(), queue, m_path, profile);
    rules.inlined = InlineRulesOf(m_path, profile);
    if (m_path == TransferPath::Regions || m_path == TransferPath::Inline)
        rules.withoutShader = RegionReason::Asked;
    rules.workers = &m_workers;
    rules.allocateTable = [&](uint64_t bytes) {
        auto slice = m_staging->Allocate(bytes, bytes, kTableAlignment, false);
        if (slice)
            batch.Hold(slice->block);
        return slice;
    };
    DeviceState& device = m_core->Device();
    OwnershipBook::Barriers ownership;
    if (device.families.size() > 1)
    {
        const uint32_t family = device.queues[queue].family;
        std::vector<Buffer> kept; // dropped without the lock
        const std::lock_guard lock(m_mutex);
        if (const ExclusiveUse* use = m_ownership.FindMisplaced(batch, family, kAllReads))
            SEDX_CORE_ERROR_TAG(
                "CHECK",
                "buffer '{}' belongs to queue family {}, and was in use when the library wrote it on queue "
                "{} of family {}: first writes must be submitted, and acquired by "
                "UploadQueue::CmdAcquire, before a frame resolves the buffer",
                use->name, use->family, queue, family);
        ownership = m_ownership.Pass(batch, family, frame, kept);
    }
    HazardRecorder* hazards = m_core->Hazards();
    if (hazards != nullptr)
        m_accesses = AccessesOf(batch, *hazards);
    if (hazards != nullptr && frame != 0)
        hazards->OnFlush(frame, cmd, queue, m_accesses);
    RecordBufferBarriers(device.vk, cmd, ownership.acquires);
    const BatchStats stats = RecordBatch(device.vk, cmd, batch, rules, m_planScratch);
    RecordBufferBarriers(device.vk, cmd, ownership.releases);
    m_counters.copyRegions.fetch_add(stats.copyRegions + stats.moves.regions, std::memory_order_relaxed);
    m_counters.scatteredCopies.fetch_add(stats.scatteredCopies, std::memory_order_relaxed);
    m_counters.copiedByShader.fetch_add(stats.moves.shaderBytes, std::memory_order_relaxed);
    m_counters.inlinedCopies.fetch_add(stats.inlinedCopies, std::memory_order_relaxed);
    m_counters.supersededBytes.fetch_add(stats.supersededBytes, std::memory_order_relaxed);
    const std::lock_guard lock(m_mutex);
    m_history.Add({batch.number, queue, frame, stats, profile.origin});
    if (m_planScratch.spare.capacity() > m_spareOps.capacity())
        m_spareOps.swap(m_planScratch.spare);
    m_planScratch.spare = {};
    return stats;
}

std::array<uint64_t, kMaxQueues + 1> TransferEngine::ValuesBefore(Route route) const
{
    const Timelines& timelines = m_core->GetTimelines();
    const FrameTracker& frames = m_core->Frames();
    std::array<uint64_t, kMaxQueues + 1> values{};
    if (route.queue == 0)
    {
        // Submissions on queue 0 come before in its order; those of other queues must be waited for.
        for (uint32_t queue = 1; queue < timelines.QueueCount(); ++queue)
            values[queue] = frames.LastEnded(queue);
    }
    else
    {
        // Frames that use the same buffers, and copies recorded into any.
        std::ranges::copy(frames.EndedValues(route.frame), values.begin());
        const std::lock_guard lock(m_mutex);
        for (const auto& batch : m_pending)
            if (batch->state == Batch::State::Recorded)
                values[batch->point.queue] = std::max(values[batch->point.queue], batch->point.value);
    }
    values[route.queue] = 0; // by the order of the queue
    // Batches pass in order, on whatever queue they are.
    if (route.queue != m_lastQueue)
        values[kTransferTimeline] = timelines.Handed(kTransferTimeline);
    return values;
}

bool TransferEngine::NeedsWait(TimelinePoint point) const noexcept
{
    if (point.value == 0)
        return false;
    if (!m_core->GetTimelines().HasPassed(point))
        return true;
    // Of batches on two queues: that the last one has passed tells the CPU that those on the other queue have, too. Validation
    // follows semaphores from queue to queue, but not what the CPU concludes from a counter.
    return point.queue == kTransferTimeline && m_counters.transferQueueSubmissions.load(std::memory_order_relaxed) != 0;
}

Result<void> TransferEngine::RecordAndSubmit(Batch& batch, Route route)
{
    DeviceState& device = m_core->Device();
    const CommandSlot slot = m_commands[batch.commands];
    Record(batch, slot.cmd, route.queue, 0);
    VkResult result = device.Check(device.vk.EndCommandBuffer(slot.cmd));
    if (result != VK_SUCCESS)
        return FailVk(result, "ending a command buffer for transfers");
    result = m_core->FlushHostWrites();
    if (result != VK_SUCCESS)
        return FailVk(result, "flushing host writes");

    const Timelines& timelines = m_core->GetTimelines();
    const auto values = ValuesBefore(route);
    std::array<VkSemaphoreSubmitInfo, kMaxQueues + 1> waits{};
    uint32_t waitCount = 0;
    for (uint32_t timeline = 0; timeline < values.size(); ++timeline)
        if (NeedsWait({timeline, values[timeline]}))
            waits[waitCount++] = PassingOf(timelines, timeline, values[timeline]);
    const uint64_t value = timelines.Handed(kTransferTimeline) + 1;
    const VkSemaphoreSubmitInfo signal = PassingOf(timelines, kTransferTimeline, value);
    VkCommandBufferSubmitInfo commandInfo{VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO};
    commandInfo.commandBuffer = slot.cmd;
    VkSubmitInfo2 submit{VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
    submit.waitSemaphoreInfoCount = waitCount;
    submit.pWaitSemaphoreInfos = waits.data();
    submit.commandBufferInfoCount = 1;
    submit.pCommandBufferInfos = &commandInfo;
    submit.signalSemaphoreInfoCount = 1;
    submit.pSignalSemaphoreInfos = &signal;
    result = device.Submit(route.queue, {&submit, 1}, VK_NULL_HANDLE);
    if (result != VK_SUCCESS)
        return FailVk(result, "submitting copies");
    m_core->GetTimelines().SetHanded(kTransferTimeline, value);
    if (HazardRecorder* hazards = m_core->Hazards())
        hazards->OnBatch(route.queue, {kTransferTimeline, value}, {waits.data(), waitCount}, m_accesses);
    m_lastQueue = route.queue;
    m_counters.submissions.fetch_add(1, std::memory_order_relaxed);
    if (route.queue != 0)
        m_counters.transferQueueSubmissions.fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard lock(m_mutex);
    batch.transferValue = value;
    batch.state = Batch::State::Submitted;
    return {};
}

Result<uint64_t> TransferEngine::BindSparse(uint32_t queue, VkBuffer buffer, std::span<const VkSparseMemoryBind> binds)
{
    if (!m_alive.load())
        return Fail(ErrorCode::WrongState, "the system is gone");
    if (m_submitMode != SubmitMode::Own)
        return Fail(ErrorCode::NotSubmitted, "in recorded mode the library cannot bind sparse memory");
    const std::lock_guard submitLock(m_submitMutex);
    DeviceState& device = m_core->Device();
    if (device.IsLost())
        return device.LostError();
    Timelines& timelines = m_core->GetTimelines();
    const VkSemaphore semaphore = timelines.Semaphore(kTransferTimeline);
    const uint64_t before = timelines.Handed(kTransferTimeline);
    const uint64_t value = before + 1;
    VkSparseBufferMemoryBindInfo memory{};
    memory.buffer = buffer;
    memory.bindCount = static_cast<uint32_t>(binds.size());
    memory.pBinds = binds.data();
    VkTimelineSemaphoreSubmitInfo values{VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO};
    VkBindSparseInfo info{VK_STRUCTURE_TYPE_BIND_SPARSE_INFO};
    info.pNext = &values;
    if (before != 0) // values are signalled in order
    {
        values.waitSemaphoreValueCount = info.waitSemaphoreCount = 1;
        values.pWaitSemaphoreValues = &before;
        info.pWaitSemaphores = &semaphore;
    }
    values.signalSemaphoreValueCount = info.signalSemaphoreCount = 1;
    values.pSignalSemaphoreValues = &value;
    info.pSignalSemaphores = &semaphore;
    info.bufferBindCount = 1;
    info.pBufferBinds = &memory;
    const VkResult result = device.BindSparse(queue, info);
    if (result != VK_SUCCESS)
        return FailVk(result, "binding sparse memory in {} ranges", binds.size());
    timelines.SetHanded(kTransferTimeline, value);
    m_lastQueue = kNoOrder; // binding is not in the order of its queue: the next batch waits
    return value;
}

Result<uint64_t> TransferEngine::Submit(uint64_t readsThrough)
{
    SEDX_PROFILE_SCOPE("TransferEngine::Submit");
    if (!m_alive.load())
        return Fail(ErrorCode::WrongState, "the system is gone");
    if (m_submitMode != SubmitMode::Own)
        return Fail(ErrorCode::NotSubmitted, "in recorded mode copies go out with CmdFlush only");
    const std::lock_guard submitLock(m_submitMutex);
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    {
        const std::lock_guard lock(m_mutex);
        if (!m_lanes.HasWrites() && !m_current->HasWork(readsThrough))
            return m_current->number - 1;
    }
    if (HoldsBack())
    {
        const std::lock_guard lock(m_mutex);
        return m_current->number - 1;
    }
    // What joins the batch until it is taken may keep it from the other queue, so commands of both must be there.
    const TransferQueueRules rules = TransferQueueRulesOf(*m_core, m_transferQueue, m_path, Profile());
    const auto choose = [&](const Batch& batch) -> Route {
        const auto frame = FindFrameBefore(batch, rules, readsThrough, *m_core, m_ownership);
        return frame ? Route{rules.queue, *frame} : Route{};
    };
    bool mayLeaveQueue0 = false;
    if (rules.queue != 0)
    {
        const std::lock_guard lock(m_mutex);
        mayLeaveQueue0 = choose(*m_current).queue != 0;
    }
    auto commands = BeginCommands(0);
    auto others = mayLeaveQueue0 && commands ? BeginCommands(rules.queue) : Result<size_t>(SIZE_MAX);
    if (!commands || !others)
        return tl::unexpected(!commands ? commands.error() : others.error());
    Batch* batch = TakeBatch(readsThrough); // only m_submitMutex takes work away, so it is still there
    const uint64_t number = batch->number;
    Route route;
    {
        const std::lock_guard lock(m_mutex);
        if (mayLeaveQueue0)
            route = choose(*batch);
        batch->commands = route.queue == 0 ? *commands : *others;
        m_commands[batch->commands].free = false;
    }
    if (auto sent = RecordAndSubmit(*batch, route); !sent)
    {
        FailBatch(number, sent.error());
        return Forward(sent);
    }
    return number;
}

Result<void> TransferEngine::CheckCommands(const char* call, uint64_t frame, VkCommandBuffer cmd, uint32_t queue) const
{
    if (!m_alive.load())
        return Fail(ErrorCode::WrongState, "the system is gone");
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    if (cmd == VK_NULL_HANDLE || queue >= m_core->GetTimelines().QueueCount())
        return Fail(ErrorCode::InvalidArgument, "{} needs a command buffer and one of the {} queues", call,
                    m_core->GetTimelines().QueueCount());
    if (!m_core->Frames().IsOpen(frame))
        return Fail(ErrorCode::WrongState, "{}: frame {} is not open", call, frame);
    return {};
}

Result<uint64_t> TransferEngine::CmdFlush(uint64_t frame, VkCommandBuffer cmd, uint32_t queue, uint64_t readsThrough)
{
    SEDX_PROFILE_SCOPE("TransferEngine::CmdFlush");
    if (auto fits = CheckCommands("CmdFlush", frame, cmd, queue); !fits)
        return Forward(fits);
    const DeviceState& device = m_core->Device();
    if (HazardRecorder* hazards = m_core->Hazards())
        hazards->OnCommands(frame, cmd, queue);
    if (m_submitMode == SubmitMode::Recorded)
        SendBackground(frame);
    if (m_submitMode == SubmitMode::Recorded && readsThrough == kAllReads)
        RequestSubscribed(frame);
    const std::lock_guard submitLock(m_submitMutex);
    {
        // Image copies were checked against the granularity of queue 0.
        const VkExtent3D& ours = device.queues[0].imageGranularity;
        const VkExtent3D& theirs = device.queues[queue].imageGranularity;
        const std::lock_guard lock(m_mutex);
        if (m_current->HasImages(readsThrough) &&
            (ours.width != theirs.width || ours.height != theirs.height || ours.depth != theirs.depth))
            return Fail(ErrorCode::InvalidArgument,
                        "image copies cannot be recorded for queue {}: its transfer granularity is not that of queue 0",
                        queue);
        if (device.families.size() > 1)
            CollectLanes(); // what they hold goes out, too
        if (const ExclusiveUse* use = m_ownership.FindMisplaced(*m_current, device.queues[queue].family, readsThrough))
            return Fail(
                ErrorCode::InvalidArgument,
                "copies of buffer '{}' cannot be recorded for queue {} of family {}: it belongs to family {}, and "
                "only what nobody has used or written may be written elsewhere",
                use->name, queue, device.queues[queue].family, use->family);
    }
    Batch* batch = TakeBatch(readsThrough);
    if (batch == nullptr)
    {
        const std::lock_guard lock(m_mutex);
        return m_current->number - 1;
    }
    Record(*batch, cmd, queue, frame);
    const VkResult flushed = m_core->FlushHostWrites(); // after the tables were written
    const std::lock_guard lock(m_mutex);
    batch->frame = frame;
    batch->point = {queue, 0};
    batch->state = Batch::State::Recorded;
    if (flushed != VK_SUCCESS)
        return FailVk(flushed, "flushing host writes");
    return batch->number;
}

Result<uint32_t> TransferEngine::CmdAcquire(uint64_t frame, VkCommandBuffer cmd, uint32_t queue)
{
    if (auto fits = CheckCommands("CmdAcquire", frame, cmd, queue); !fits)
        return Forward(fits);
    const DeviceState& device = m_core->Device();
    if (HazardRecorder* hazards = m_core->Hazards())
        hazards->OnCommands(frame, cmd, queue);
    if (device.families.size() == 1)
        return 0u;
    std::vector<Buffer> kept;                        // dropped without the locks
    const std::lock_guard submitLock(m_submitMutex); // what is being recorded goes out before the frame is
    const std::lock_guard lock(m_mutex);
    const auto acquires = m_ownership.AcquireAll(device.queues[queue].family, frame, kept);
    RecordBufferBarriers(device.vk, cmd, acquires);
    if (HazardRecorder* hazards = m_core->Hazards())
    {
        VkDependencyInfo info{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
        info.bufferMemoryBarrierCount = static_cast<uint32_t>(acquires.size());
        info.pBufferMemoryBarriers = acquires.data();
        hazards->OnBarrier(frame, cmd, info);
    }
    return static_cast<uint32_t>(acquires.size());
}

tl::unexpected<Error> TransferEngine::ForeignBuffer(const BufferResource& resource, const char* what) const
{
    return Fail(
        ErrorCode::WrongState,
        "the library {} buffer '{}' on queue 0, but it belongs to queue {} of another family: only what nobody has "
        "used or written may be written elsewhere; record the copies for that queue yourself",
        what, resource.name, resource.ownerQueue);
}

Result<class SubmitSync> TransferEngine::HandOut(uint64_t frame, uint32_t queue,
                                                 std::span<const VkSemaphoreSubmitInfo> extraWaits)
{
    const std::lock_guard submitLock(m_submitMutex);
    class SubmitSync sync;
    AddWaits(sync, frame, queue);
    for (const VkSemaphoreSubmitInfo& wait : extraWaits)
        sync.AddWait(wait);
    const auto point = m_core->Frames().HandOut(frame, queue);
    if (!point)
        return tl::unexpected(point.error());
    OnHandedOut(frame, *point);
    sync.SetSignal(PassingOf(m_core->GetTimelines(), queue, point->value), *point);
    if (HazardRecorder* hazards = m_core->Hazards())
        hazards->OnSubmit(frame, *point, sync.Waits());
    return sync;
}

void TransferEngine::OnHandedOut(uint64_t frame, TimelinePoint point)
{
    const std::lock_guard lock(m_mutex);
    for (const auto& batch : m_pending)
        if (batch->state == Batch::State::Recorded && batch->frame == frame && batch->point.queue == point.queue &&
            batch->point.value == 0)
            batch->point = point;
}

bool TransferEngine::LacksSubmission(uint64_t frame) const noexcept
{
    const std::lock_guard lock(m_mutex);
    return std::any_of(m_pending.begin(), m_pending.end(), [frame](const auto& batch) {
        return batch->state == Batch::State::Recorded && batch->frame == frame && batch->point.value == 0;
    });
}

void TransferEngine::AddWaits(class SubmitSync& sync, uint64_t frame, uint32_t queue) const
{
    const Timelines& timelines = m_core->GetTimelines();
    const FrameTracker& frames = m_core->Frames();
    // One value for each timeline: the newest copies on it that this submission may use or overwrite behind.
    std::array<uint64_t, kMaxQueues + 1> values{};
    values[kTransferTimeline] = timelines.Handed(kTransferTimeline);
    if (frames.HasSignals())
    {
        const std::lock_guard lock(m_mutex);
        bool carriesCopies = false;
        for (const auto& batch : m_pending)
        {
            if (batch->state != Batch::State::Recorded)
                continue;
            values[batch->point.queue] = std::max(values[batch->point.queue], batch->point.value);
            carriesCopies |= batch->frame == frame && batch->point.queue == queue && batch->point.value == 0;
        }
        // Copies recorded for this submission may overwrite what other queues read in frames that have ended.
        for (uint32_t other = 0; carriesCopies && other < timelines.QueueCount(); ++other)
            values[other] = std::max(values[other], frames.LastEnded(other));
    }
    for (uint32_t timeline = 0; timeline < values.size(); ++timeline)
    {
        if (timeline == queue || !NeedsWait({timeline, values[timeline]}))
            continue;
        sync.AddWait(PassingOf(timelines, timeline, values[timeline]));
    }
}

void TransferEngine::OnAbandoned(uint64_t frame) noexcept
{
    std::vector<uint64_t> lost;
    {
        const std::lock_guard lock(m_mutex);
        for (const auto& batch : m_pending)
            if (batch->state == Batch::State::Recorded && batch->frame == frame)
                lost.push_back(batch->number);
    }
    for (const uint64_t number : lost)
        FailBatch(number, {ErrorCode::WrongState, VK_SUCCESS,
                           fmt::format("copies were recorded into frame {}, which was abandoned", frame)});
    std::vector<Buffer> kept; // dropped without the lock
    const std::lock_guard lock(m_mutex);
    m_ownership.OnAbandoned(frame, kept);
}

void TransferEngine::FailBatch(uint64_t number, Error error) noexcept
{
    SEDX_CORE_ERROR_TAG("TRANSFER", "copies were lost: {}", error.message);
    std::vector<Buffer> kept; // dropped without the lock
    const std::lock_guard lock(m_mutex);
    m_ownership.OnBatchLost(number, kept);
    if (Batch* batch = FindPending(number))
    {
        batch->state = Batch::State::Failed;
        m_failures[number] = std::move(error);
    }
}
} // namespace sedx
