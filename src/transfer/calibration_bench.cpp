#include "transfer/calibration_bench.h"

#include "vulkan/barrier.h"

#include <algorithm>

namespace sedx
{
namespace
{
constexpr uint32_t kQueries = 2;
constexpr uint64_t kLastWaitNs = 1'000'000'000;

double NsOf(std::chrono::steady_clock::duration duration)
{
    return std::chrono::duration<double, std::nano>(duration).count();
}
} // namespace

CalibrationBench::~CalibrationBench()
{
    DeviceState& device = m_core.Device();
    if (const TimelinePoint point{kTransferTimeline, m_sent};
        !m_core.GetTimelines().HasPassed(point) && !device.IsLost())
        m_core.GetTimelines().Wait({&point, 1}, kLastWaitNs, WaitCause::Calibration);
    if (m_queries != VK_NULL_HANDLE)
        device.vk.DestroyQueryPool(device.device, m_queries, nullptr);
    for (const Pool& pool : m_pools)
        device.vk.DestroyCommandPool(device.device, pool.pool, nullptr);
    for (BufferMemory* memory : {&m_target, &m_staging})
        if (memory->buffer != VK_NULL_HANDLE)
            m_core.Allocator().Free(*memory);
}

Result<BufferMemory> CalibrationBench::MakeBuffer(MemoryType memory, const char* name)
{
    MemoryRequest request;
    request.bytes = kBytes;
    request.usage = BufferUsage::TransferSrc | BufferUsage::TransferDst | BufferUsage::DeviceAddress;
    if (memory == MemoryType::GPU)
        request.usage = CompleteUsage(BufferUsage::Storage);
    request.memory = memory;
    request.own = true;
    request.name = name;
    return m_core.Allocator().Allocate(request, false);
}

Result<void> CalibrationBench::Create()
{
    DeviceState& device = m_core.Device();
    auto target = MakeBuffer(MemoryType::GPU, "sedx calibration target");
    if (!target)
        return Forward(target);
    m_target = *target;
    auto staging = MakeBuffer(MemoryType::CPU, "sedx calibration staging");
    if (!staging)
        return Forward(staging);
    m_staging = *staging;
    if (m_staging.mapped == nullptr)
        return Fail(ErrorCode::NotMappable, "the staging memory of the calibration cannot be mapped");
    const QueueInfo& queue = device.queues[0];
    // Only queues with graphics or compute can reset queries.
    if (queue.timestampValidBits != 0 && device.properties.limits.timestampPeriod > 0 &&
        (queue.flags & (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT)) != 0)
    {
        VkQueryPoolCreateInfo info{VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO};
        info.queryType = VK_QUERY_TYPE_TIMESTAMP;
        info.queryCount = kQueries;
        const VkResult result = device.Check(device.vk.CreateQueryPool(device.device, &info, nullptr, &m_queries));
        if (result != VK_SUCCESS)
        {
            m_queries = VK_NULL_HANDLE;
            return FailVk(result, "creating timestamps for the calibration");
        }
    }
    // The first submissions pay for what the driver makes when it is first used.
    for (int i = 0; i < 4; ++i)
    {
        const auto empty = TimeByClock(0, [](VkCommandBuffer) { return VK_SUCCESS; });
        if (!empty)
            return tl::unexpected(empty.error());
        m_emptyNs = i == 0 ? *empty : std::min(m_emptyNs, *empty);
    }
    return {};
}

Result<CalibrationBench::Pool*> CalibrationBench::PoolOf(uint32_t queue)
{
    DeviceState& device = m_core.Device();
    const uint32_t family = device.queues[queue].family;
    const auto known =
        std::find_if(m_pools.begin(), m_pools.end(), [family](const Pool& pool) { return pool.family == family; });
    if (known != m_pools.end())
        return &*known;
    Pool pool;
    pool.family = family;
    VkCommandPoolCreateInfo info{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
    info.flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT;
    info.queueFamilyIndex = family;
    const VkResult result = device.Check(device.vk.CreateCommandPool(device.device, &info, nullptr, &pool.pool));
    if (result != VK_SUCCESS)
        return FailVk(result, "creating a command pool for the calibration");
    m_pools.push_back(std::move(pool));
    return &m_pools.back();
}

Result<std::span<const VkCommandBuffer>> CalibrationBench::BeginMany(uint32_t queue, size_t count)
{
    auto pool = PoolOf(queue);
    if (!pool)
        return Forward(pool);
    DeviceState& device = m_core.Device();
    std::vector<VkCommandBuffer>& buffers = (*pool)->buffers;
    if (buffers.size() < count)
    {
        const size_t before = buffers.size();
        buffers.resize(count);
        VkCommandBufferAllocateInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
        info.commandPool = (*pool)->pool;
        info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
        info.commandBufferCount = static_cast<uint32_t>(count - before);
        const VkResult result = device.Check(device.vk.AllocateCommandBuffers(device.device, &info, &buffers[before]));
        if (result != VK_SUCCESS)
        {
            buffers.resize(before);
            return FailVk(result, "allocating command buffers for the calibration");
        }
    }
    VkResult result = device.Check(device.vk.ResetCommandPool(device.device, (*pool)->pool, 0));
    if (result != VK_SUCCESS)
        return FailVk(result, "resetting a command pool for the calibration");
    VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
    for (size_t i = 0; i < count && result == VK_SUCCESS; ++i)
        result = device.Check(device.vk.BeginCommandBuffer(buffers[i], &begin));
    if (result != VK_SUCCESS)
        return FailVk(result, "beginning a command buffer for the calibration");
    return std::span<const VkCommandBuffer>(buffers.data(), count);
}

Result<VkCommandBuffer> CalibrationBench::Begin(uint32_t queue)
{
    auto buffers = BeginMany(queue, 1);
    if (!buffers)
        return Forward(buffers);
    return (*buffers)[0];
}

Result<void> CalibrationBench::Send(VkCommandBuffer cmd, uint32_t queue)
{
    DeviceState& device = m_core.Device();
    VkResult result = device.Check(device.vk.EndCommandBuffer(cmd));
    if (result != VK_SUCCESS)
        return FailVk(result, "ending a command buffer of the calibration");
    Timelines& timelines = m_core.GetTimelines();
    VkSemaphoreSubmitInfo signal{VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO};
    signal.semaphore = timelines.Semaphore(kTransferTimeline);
    signal.value = timelines.Handed(kTransferTimeline) + 1;
    signal.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
    // The values of a timeline are signalled in order: behind whatever went out before, on whatever queue.
    VkSemaphoreSubmitInfo before = signal;
    before.value = timelines.Handed(kTransferTimeline);
    VkCommandBufferSubmitInfo commands{VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO};
    commands.commandBuffer = cmd;
    VkSubmitInfo2 submit{VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
    if (before.value != 0 && m_lastQueue != queue)
    {
        submit.waitSemaphoreInfoCount = 1;
        submit.pWaitSemaphoreInfos = &before;
    }
    m_lastQueue = queue;
    submit.commandBufferInfoCount = 1;
    submit.pCommandBufferInfos = &commands;
    submit.signalSemaphoreInfoCount = 1;
    submit.pSignalSemaphoreInfos = &signal;
    result = device.Submit(queue, {&submit, 1}, VK_NULL_HANDLE);
    if (result != VK_SUCCESS)
        return FailVk(result, "submitting a measurement of the calibration");
    timelines.SetHanded(kTransferTimeline, signal.value);
    m_sent = signal.value;
    return {};
}

Result<void> CalibrationBench::WaitForAll()
{
    const TimelinePoint point{kTransferTimeline, m_sent};
    const VkResult result = m_core.GetTimelines().Wait({&point, 1}, UINT64_MAX, WaitCause::Calibration);
    if (result == VK_ERROR_DEVICE_LOST)
        return m_core.Device().LostError();
    return result == VK_SUCCESS ? Result<void>{} : FailVk(result, "waiting for a measurement of the calibration");
}

void CalibrationBench::CopyAll(VkCommandBuffer cmd, uint64_t offset, uint64_t bytes) const
{
    const VkBufferCopy2 region{VK_STRUCTURE_TYPE_BUFFER_COPY_2, nullptr, m_staging.offset + offset,
                               m_target.offset + offset, bytes};
    VkCopyBufferInfo2 copy{VK_STRUCTURE_TYPE_COPY_BUFFER_INFO_2};
    copy.srcBuffer = m_staging.buffer;
    copy.dstBuffer = m_target.buffer;
    copy.regionCount = 1;
    copy.pRegions = &region;
    m_core.Device().vk.CmdCopyBuffer2(cmd, &copy);
}

void CalibrationBench::Barrier(VkCommandBuffer cmd) const
{
    constexpr VkPipelineStageFlags2 kAll = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
    constexpr VkAccessFlags2 kAny = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT;
    RecordMemoryBarrier(m_core.Device().vk, cmd, kAll, kAny, kAll, kAny);
}

Result<double> CalibrationBench::ReadTimestamps() const
{
    DeviceState& device = m_core.Device();
    std::array<uint64_t, kQueries> ticks{};
    const VkResult result = device.Check(device.vk.GetQueryPoolResults(
        device.device, m_queries, 0, kQueries, sizeof(ticks), ticks.data(), sizeof(uint64_t), VK_QUERY_RESULT_64_BIT));
    if (result != VK_SUCCESS)
        return FailVk(result, "reading timestamps of the calibration");
    const uint32_t bits = device.queues[0].timestampValidBits;
    const uint64_t mask = bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
    return static_cast<double>((ticks[1] - ticks[0]) & mask) *
           static_cast<double>(device.properties.limits.timestampPeriod);
}

Result<double> CalibrationBench::TimeOnQueue0(const Recorder& record)
{
    const DeviceDispatch& vk = m_core.Device().vk;
    const auto cmd = Begin(0);
    if (!cmd)
        return tl::unexpected(cmd.error());
    const auto mark = [&](uint32_t query) {
        if (HasTimestamps())
            vk.CmdWriteTimestamp2(*cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, m_queries, query);
    };
    if (HasTimestamps())
        vk.CmdResetQueryPool(*cmd, m_queries, 0, kQueries);
    Barrier(*cmd);
    mark(0);
    const Clock::time_point begin = Clock::now();
    if (const VkResult result = record(*cmd); result != VK_SUCCESS)
        return FailVk(result, "recording a measurement of the calibration");
    const Clock::time_point recorded = Clock::now();
    Barrier(*cmd);
    mark(1);
    const Clock::time_point sending = Clock::now();
    if (auto sent = Send(*cmd, 0); !sent)
        return Forward(sent);
    if (auto waited = WaitForAll(); !waited)
        return Forward(waited);
    if (!HasTimestamps())
        return NsOf(recorded - begin) + std::max(0.0, NsOf(Clock::now() - sending) - m_emptyNs);
    const auto ns = ReadTimestamps();
    if (!ns)
        return ns;
    return NsOf(recorded - begin) + *ns;
}

Result<double> CalibrationBench::TimeByClock(uint32_t queue, const Recorder& record)
{
    const auto cmd = Begin(queue);
    if (!cmd)
        return tl::unexpected(cmd.error());
    Barrier(*cmd);
    if (const VkResult result = record(*cmd); result != VK_SUCCESS)
        return FailVk(result, "recording a measurement of the calibration");
    Barrier(*cmd);
    const Clock::time_point begin = Clock::now();
    if (auto sent = Send(*cmd, queue); !sent)
        return Forward(sent);
    if (auto waited = WaitForAll(); !waited)
        return Forward(waited);
    return NsOf(Clock::now() - begin);
}
} // namespace sedx
