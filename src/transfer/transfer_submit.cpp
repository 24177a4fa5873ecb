// Sending batches, and giving back what they held when the GPU has passed.
#include "transfer/transfer_engine.h"

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

// ---- sending -------------------------------------------------------------------------------------------------------

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
    // Batches on two queues: that the last one has passed says to the CPU that those on the other queue have, too, and costs nothing
    // more. Validation follows semaphores from queue to queue, but not what the CPU concludes from a counter.
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
    m_lastQueue = route.queue;
    m_counters.submissions.fetch_add(1, std::memory_order_relaxed);
    if (route.queue != 0)
        m_counters.transferQueueSubmissions.fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard lock(m_mutex);
    batch.transferValue = value;
    batch.state = Batch::State::Submitted;
    return {};
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

Result<uint64_t> TransferEngine::CmdFlush(uint64_t frame, VkCommandBuffer cmd, uint32_t queue, uint64_t readsThrough)
{
    SEDX_PROFILE_SCOPE("TransferEngine::CmdFlush");
    if (!m_alive.load())
        return Fail(ErrorCode::WrongState, "the system is gone");
    DeviceState& device = m_core->Device();
    if (device.IsLost())
        return device.LostError();
    if (cmd == VK_NULL_HANDLE || queue >= m_core->GetTimelines().QueueCount())
        return Fail(ErrorCode::InvalidArgument, "CmdFlush needs a command buffer and one of the {} queues",
                    m_core->GetTimelines().QueueCount());
    if (!m_core->Frames().IsOpen(frame))
        return Fail(ErrorCode::WrongState, "CmdFlush: frame {} is not open", frame);
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
        CollectLanes(); // what they hold goes out, too
        if (m_current->HasImages(readsThrough) &&
            (ours.width != theirs.width || ours.height != theirs.height || ours.depth != theirs.depth))
            return Fail(ErrorCode::InvalidArgument,
                        "image copies cannot be recorded for queue {}: its transfer granularity is not that of queue 0",
                        queue);
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
    if (!m_alive.load())
        return Fail(ErrorCode::WrongState, "the system is gone");
    DeviceState& device = m_core->Device();
    if (device.IsLost())
        return device.LostError();
    if (cmd == VK_NULL_HANDLE || queue >= m_core->GetTimelines().QueueCount())
        return Fail(ErrorCode::InvalidArgument, "CmdAcquire needs a command buffer and one of the {} queues",
                    m_core->GetTimelines().QueueCount());
    if (!m_core->Frames().IsOpen(frame))
        return Fail(ErrorCode::WrongState, "CmdAcquire: frame {} is not open", frame);
    if (device.families.size() == 1)
        return 0u;
    std::vector<Buffer> kept;                        // dropped without the locks
    const std::lock_guard submitLock(m_submitMutex); // what is being recorded goes out before the frame is
    const std::lock_guard lock(m_mutex);
    const auto acquires = m_ownership.AcquireAll(device.queues[queue].family, frame, kept);
    RecordBufferBarriers(device.vk, cmd, acquires);
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

Result<class SubmitSync> TransferEngine::HandOut(uint64_t frame, uint32_t queue)
{
    const std::lock_guard submitLock(m_submitMutex);
    class SubmitSync sync;
    AddWaits(sync, frame, queue);
    const auto point = m_core->Frames().HandOut(frame, queue);
    if (!point)
        return tl::unexpected(point.error());
    OnHandedOut(frame, *point);
    sync.SetSignal(PassingOf(m_core->GetTimelines(), queue, point->value), *point);
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

// ---- completion ----------------------------------------------------------------------------------------------------

Batch* TransferEngine::FindPending(uint64_t number) const noexcept
{
    for (const auto& batch : m_pending)
        if (batch->number == number)
            return batch.get();
    return nullptr;
}

void TransferEngine::PollAll() noexcept
{
    m_core->GetTimelines().Poll();
    m_core->Frames().Update();
    Update();
}

void TransferEngine::Update() noexcept
{
    std::vector<std::unique_ptr<Batch>> passed;
    {
        const std::lock_guard lock(m_mutex);
        const uint64_t completedFrame = m_core->Frames().Completed();
        while (!m_pending.empty())
        {
            Batch& batch = *m_pending.front();
            const bool hasPassed = batch.state == Batch::State::Failed ||
                                   (batch.state == Batch::State::Submitted &&
                                    m_core->GetTimelines().HasPassed({kTransferTimeline, batch.transferValue})) ||
                                   (batch.state == Batch::State::Recorded && completedFrame >= batch.frame);
            if (!hasPassed)
                break;
            for (const auto& [block, slices] : batch.slices)
                m_staging->Release(block, slices);
            if (batch.commands != SIZE_MAX)
                m_commands[batch.commands].free = true;
            m_core->completedBatch.store(batch.number);
            passed.push_back(std::move(m_pending.front()));
            m_pending.pop_front();
        }
        m_ownership.Settle();
        std::erase_if(m_leases, [&](const Lease& lease) {
            if (lease.frame > completedFrame)
                return false;
            m_staging->Release(lease.block, 1);
            return true;
        });
    }
    passed.clear(); // drops backings and read-back records, outside of the lock
    m_background.TakeGone();
}

bool TransferEngine::IsComplete(uint64_t batch) noexcept
{
    if (!m_alive.load() || batch <= m_core->completedBatch.load())
        return true;
    if (m_core->Device().IsLost())
        return true; // Wait says so
    PollAll();
    return batch <= m_core->completedBatch.load();
}

Result<void> TransferEngine::Wait(Carriers carriers, uint64_t timeoutNs, WaitCause cause)
{
    if (!m_alive.load())
        return {};
    if (carriers.frame != 0)
        return WaitForFrame(carriers.frame, timeoutNs, cause);
    const uint64_t number = carriers.lastBatch;
    if (number == 0)
        return {};
    PollAll();
    const auto isCollecting = [&] {
        const std::lock_guard lock(m_mutex);
        return number >= m_current->number;
    };
    if (isCollecting())
    {
        if (m_submitMode != SubmitMode::Own)
            return Fail(ErrorCode::NotSubmitted, "the copies were not recorded yet: the engine calls CmdFlush");
        // Whoever waits for an upload does not send other people's read-backs before their frame has ended.
        if (auto sent = Submit(cause == WaitCause::Readback ? kAllReads : kNoReads); !sent)
            return Forward(sent);
        if (isCollecting())
            return Fail(ErrorCode::NotSubmitted, "the copies wait for the end of a frame with recorded copies");
    }
    TimelinePoint point{kTransferTimeline, 0};
    uint64_t frame = 0;
    {
        const std::lock_guard submitLock(m_submitMutex); // a batch that is being recorded has its value afterwards
        const std::lock_guard lock(m_mutex);
        if (const Batch* batch = FindPending(number))
        {
            point.value = batch->transferValue;
            frame = batch->state == Batch::State::Recorded ? batch->frame : 0;
        }
    }
    Result<void> waited;
    if (frame != 0)
        waited = WaitForFrame(frame, timeoutNs, cause);
    else if (const VkResult result = m_core->GetTimelines().Wait({&point, 1}, timeoutNs, cause); result != VK_SUCCESS)
        waited = result == VK_ERROR_DEVICE_LOST ? m_core->Device().LostError() : FailVk(result, "waiting for copies");
    PollAll();
    const std::lock_guard lock(m_mutex);
    // Any of the batches may have failed.
    if (const auto failure = m_failures.lower_bound(carriers.firstBatch);
        failure != m_failures.end() && failure->first <= number)
        return tl::unexpected(failure->second);
    return waited;
}

Result<TimelinePoint> TransferEngine::PointOf(Carriers carriers)
{
    if (IsComplete(carriers.lastBatch) && HasFramePassed(carriers.frame))
        return TimelinePoint{};
    if (carriers.frame != 0)
    {
        const std::vector<TimelinePoint> points = m_core->Frames().PointsOf(carriers.frame);
        if (points.empty() && HasFramePassed(carriers.frame))
            return TimelinePoint{};
        if (points.size() == 1 && !m_core->Frames().IsOpen(carriers.frame))
            return points.front();
        return Fail(ErrorCode::NotSubmitted,
                    "frame {} is still open, or has work on {} queues: there is no single point", carriers.frame,
                    points.size());
    }
    const std::lock_guard submitLock(m_submitMutex); // a batch that is being recorded has its value afterwards
    const std::lock_guard lock(m_mutex);
    const Batch* batch = FindPending(carriers.lastBatch);
    if (batch == nullptr && carriers.lastBatch >= m_current->number)
        return Fail(ErrorCode::NotSubmitted, "the copies were not submitted yet");
    if (batch == nullptr || batch->state == Batch::State::Failed)
        return TimelinePoint{};
    if (batch->state == Batch::State::Submitted)
        return TimelinePoint{kTransferTimeline, batch->transferValue};
    if (batch->point.value == 0 || !m_core->Frames().HasSignals())
        return Fail(ErrorCode::NotSubmitted, "the submission that carries the copies has no point yet");
    return batch->point;
}

bool TransferEngine::HasFramePassed(uint64_t frame) noexcept
{
    if (frame == 0 || !m_alive.load() || frame <= m_core->Frames().Completed())
        return true;
    PollAll();
    return frame <= m_core->Frames().Completed();
}

Result<void> TransferEngine::WaitForFrame(uint64_t frame, uint64_t timeoutNs, WaitCause cause)
{
    if (!m_alive.load())
        return {};
    const VkResult result = m_core->Frames().WaitFor(frame, timeoutNs, cause);
    PollAll();
    if (result == VK_NOT_READY)
        return Fail(ErrorCode::NotSubmitted, "frame {} has not ended, or only the engine knows when it has passed",
                    frame);
    if (result == VK_ERROR_DEVICE_LOST)
        return m_core->Device().LostError();
    if (result != VK_SUCCESS)
        return FailVk(result, "waiting for frame {}", frame);
    return {};
}

bool TransferEngine::IsSettled(const ReadbackRecord& record) noexcept { return IsComplete(record.batch.load()); }

VkResult TransferEngine::PrepareBytes(ReadbackRecord& record) noexcept
{
    if (!m_alive.load() || record.batch.load() > m_core->completedBatch.load())
        return VK_NOT_READY;
    const std::lock_guard lock(m_mutex);
    if (m_failures.contains(record.batch.load()))
        return VK_ERROR_UNKNOWN;
    if (record.visible)
        return VK_SUCCESS;
    const VkResult result =
        m_core->Memory().Invalidate(record.slice.block->backing->memory, record.slice.offset, record.slice.bytes);
    record.visible = result == VK_SUCCESS;
    return result;
}

void TransferEngine::Release(ReadbackRecord& record) noexcept
{
    if (m_alive.load())
        m_readback->Release(record.slice.block, 1);
}

ReadbackRecord::~ReadbackRecord()
{
    if (engine)
        engine->Release(*this);
}

void TransferEngine::Shutdown() noexcept
{
    m_core->Allocator().Ladder().Unregister(m_pressureHandler);
    EndSubscriptions();
    std::deque<std::unique_ptr<Batch>> pending;
    std::unique_ptr<Batch> current;
    {
        const std::lock_guard lock(m_mutex);
        CollectLanes();
        if (m_current->HasWork(kAllReads) || !m_background.IsEmpty())
            SEDX_CORE_WARN_TAG("TRANSFER",
                               "writes, copies or read-backs that were never submitted end with their system");
        pending.swap(m_pending);
        current = std::move(m_current);
        m_leases.clear();
    }
    pending.clear();
    current.reset();
    m_imports.DestroyAll();
    m_background.Clear();
    m_background.TakeGone();
    m_alive.store(false);
    DeviceState& device = m_core->Device();
    for (const CommandSlot& slot : m_commands)
        device.vk.DestroyCommandPool(device.device, slot.pool, nullptr);
    m_commands.clear();
}
} // namespace sedx
