#include "support/raw_copy.h"

#include "support/context.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <vector>

namespace bench
{
namespace
{
void RequireSuccess(VkResult result, const char* what)
{
    if (result != VK_SUCCESS)
        throw Failure(fmt::format("{}: {}", what, sedx::ToString(result)));
}

// The first type that has what is wanted and nothing to avoid, else the next best pair. Mapped types are coherent: nothing
// here flushes.
uint32_t ChooseType(const sedx::Device& device, uint32_t allowed, RawBuffer::Memory memory)
{
    struct Wish
    {
        VkMemoryPropertyFlags want = 0;
        VkMemoryPropertyFlags avoid = 0;
    };
    constexpr VkMemoryPropertyFlags kLocal = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
    constexpr VkMemoryPropertyFlags kVisible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
    constexpr VkMemoryPropertyFlags kMapped = kVisible | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    constexpr VkMemoryPropertyFlags kCached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
    std::vector<Wish> wishes;
    switch (memory)
    {
    case RawBuffer::Memory::Device: wishes = {{kLocal, kVisible}, {kLocal, 0}}; break;
    case RawBuffer::Memory::Staging: wishes = {{kMapped, kLocal | kCached}, {kMapped, kLocal}, {kMapped, 0}}; break;
    case RawBuffer::Memory::Readback:
        wishes = {{kMapped | kCached, kLocal}, {kMapped | kCached, 0}, {kMapped, kLocal}, {kMapped, 0}};
        break;
    }
    const VkPhysicalDeviceMemoryProperties& types = device.MemoryProperties();
    for (const Wish& wish : wishes)
    {
        for (uint32_t i = 0; i < types.memoryTypeCount; ++i)
        {
            const VkMemoryPropertyFlags has = types.memoryTypes[i].propertyFlags;
            if ((allowed & (1u << i)) != 0 && (has & wish.want) == wish.want && (has & wish.avoid) == 0)
                return i;
        }
    }
    throw Failure("the device has no memory type for a baseline");
}

void CmdBarrier(const sedx::DeviceDispatch& vk, VkCommandBuffer cmd, VkPipelineStageFlags2 to, VkAccessFlags2 access)
{
    VkMemoryBarrier2 barrier{};
    barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2;
    barrier.srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
    barrier.srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT;
    barrier.dstStageMask = to;
    barrier.dstAccessMask = access;
    VkDependencyInfo dependency{};
    dependency.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO;
    dependency.memoryBarrierCount = 1;
    dependency.pMemoryBarriers = &barrier;
    vk.CmdPipelineBarrier2(cmd, &dependency);
}

VkCommandBuffer AllocateCommands(const sedx::Device& device, VkCommandPool pool)
{
    VkCommandBufferAllocateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
    info.commandPool = pool;
    info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    info.commandBufferCount = 1;
    VkCommandBuffer cmd = VK_NULL_HANDLE;
    RequireSuccess(device.Functions().AllocateCommandBuffers(device.Handle(), &info, &cmd), "vkAllocateCommandBuffers");
    return cmd;
}

void BeginOneShot(const sedx::DeviceDispatch& vk, VkCommandBuffer cmd)
{
    VkCommandBufferBeginInfo info{};
    info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
    info.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
    RequireSuccess(vk.BeginCommandBuffer(cmd, &info), "vkBeginCommandBuffer");
}

void CmdCopy(const sedx::DeviceDispatch& vk, VkCommandBuffer cmd, VkBuffer source, VkBuffer destination,
             std::span<const VkBufferCopy2> regions)
{
    VkCopyBufferInfo2 copy{};
    copy.sType = VK_STRUCTURE_TYPE_COPY_BUFFER_INFO_2;
    copy.srcBuffer = source;
    copy.dstBuffer = destination;
    copy.regionCount = static_cast<uint32_t>(regions.size());
    copy.pRegions = regions.data();
    vk.CmdCopyBuffer2(cmd, &copy);
}

VkCommandBufferSubmitInfo SubmitInfoOf(VkCommandBuffer cmd)
{
    VkCommandBufferSubmitInfo info{};
    info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO;
    info.commandBuffer = cmd;
    return info;
}
} // namespace

// ---- RawBuffer -----------------------------------------------------------------------------------------------------

RawBuffer::RawBuffer(const sedx::Device& device, uint64_t bytes, Memory memory) : m_device(device)
{
    const sedx::DeviceDispatch& vk = m_device.Functions();
    VkBufferCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
    info.size = bytes;
    info.usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
    RequireSuccess(vk.CreateBuffer(m_device.Handle(), &info, nullptr, &m_buffer), "vkCreateBuffer");
    try
    {
        VkMemoryRequirements needs{};
        vk.GetBufferMemoryRequirements(m_device.Handle(), m_buffer, &needs);
        VkMemoryAllocateInfo allocate{};
        allocate.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
        allocate.allocationSize = needs.size;
        allocate.memoryTypeIndex = ChooseType(m_device, needs.memoryTypeBits, memory);
        RequireSuccess(vk.AllocateMemory(m_device.Handle(), &allocate, nullptr, &m_memory), "vkAllocateMemory");
        RequireSuccess(vk.BindBufferMemory(m_device.Handle(), m_buffer, m_memory, 0), "vkBindBufferMemory");
        if (memory == Memory::Device)
            return;
        void* mapped = nullptr;
        RequireSuccess(vk.MapMemory(m_device.Handle(), m_memory, 0, VK_WHOLE_SIZE, 0, &mapped), "vkMapMemory");
        m_mapped = {static_cast<std::byte*>(mapped), static_cast<size_t>(bytes)};
    }
    catch (...)
    {
        Release();
        throw;
    }
}

RawBuffer::~RawBuffer() { Release(); }

void RawBuffer::Release() noexcept
{
    m_device.Functions().DestroyBuffer(m_device.Handle(), m_buffer, nullptr);
    m_device.Functions().FreeMemory(m_device.Handle(), m_memory, nullptr);
}

// ---- RawQueue ------------------------------------------------------------------------------------------------------

RawQueue::RawQueue(const sedx::Device& device) : m_device(device)
{
    const sedx::DeviceDispatch& vk = m_device.Functions();
    const auto load = [this](const char* name) {
        return m_device.InstanceFunctions().GetDeviceProcAddr(m_device.Handle(), name);
    };
    m_queueWaitIdle = reinterpret_cast<PFN_vkQueueWaitIdle>(load("vkQueueWaitIdle"));
    m_freeCommandBuffers = reinterpret_cast<PFN_vkFreeCommandBuffers>(load("vkFreeCommandBuffers"));

    VkCommandPoolCreateInfo pool{};
    pool.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
    pool.flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT;
    pool.queueFamilyIndex = m_device.Queues()[0].family;
    RequireSuccess(vk.CreateCommandPool(m_device.Handle(), &pool, nullptr, &m_pool), "vkCreateCommandPool");
    VkSemaphoreTypeCreateInfo type{};
    type.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO;
    type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
    VkSemaphoreCreateInfo semaphore{};
    semaphore.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO;
    semaphore.pNext = &type;
    RequireSuccess(vk.CreateSemaphore(m_device.Handle(), &semaphore, nullptr, &m_timeline), "vkCreateSemaphore");
    m_cmd = AllocateCommands(m_device, m_pool);
}

RawQueue::~RawQueue()
{
    m_queueWaitIdle(m_device.Queues()[0].queue);
    m_device.Functions().DestroySemaphore(m_device.Handle(), m_timeline, nullptr);
    m_device.Functions().DestroyCommandPool(m_device.Handle(), m_pool, nullptr);
}

VkCommandBuffer RawQueue::BeginForManySubmissions()
{
    const sedx::DeviceDispatch& vk = m_device.Functions();
    RequireSuccess(vk.ResetCommandPool(m_device.Handle(), m_pool, 0), "vkResetCommandPool");
    VkCommandBufferBeginInfo info{};
    info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
    info.flags = VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT;
    RequireSuccess(vk.BeginCommandBuffer(m_cmd, &info), "vkBeginCommandBuffer");
    CmdBarrier(vk, m_cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
               VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT);
    return m_cmd;
}

void RawQueue::End() { RequireSuccess(m_device.Functions().EndCommandBuffer(m_cmd), "vkEndCommandBuffer"); }

void RawQueue::SubmitRecorded(const sedx::SubmitSync& sync) { Submit(m_cmd, &sync); }

VkCommandBuffer RawQueue::Begin()
{
    const sedx::DeviceDispatch& vk = m_device.Functions();
    RequireSuccess(vk.ResetCommandPool(m_device.Handle(), m_pool, 0), "vkResetCommandPool");
    BeginOneShot(vk, m_cmd);
    CmdBarrier(vk, m_cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
               VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT);
    return m_cmd;
}

void RawQueue::SubmitAndWait(const sedx::SubmitSync* sync)
{
    const sedx::DeviceDispatch& vk = m_device.Functions();
    CmdBarrier(vk, m_cmd, VK_PIPELINE_STAGE_2_HOST_BIT, VK_ACCESS_2_HOST_READ_BIT);
    RequireSuccess(vk.EndCommandBuffer(m_cmd), "vkEndCommandBuffer");
    Submit(m_cmd, sync);
    Wait(m_value);
}

void RawQueue::SubmitNothingAndWait()
{
    Submit(VK_NULL_HANDLE, nullptr);
    Wait(m_value);
}

void RawQueue::SubmitNothing(const sedx::SubmitSync& sync) { Submit(VK_NULL_HANDLE, &sync); }

void RawQueue::Submit(VkCommandBuffer cmd, const sedx::SubmitSync* sync)
{
    VkSemaphoreSubmitInfo ours{};
    ours.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO;
    ours.semaphore = m_timeline;
    ours.value = ++m_value;
    ours.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
    std::vector<VkSemaphoreSubmitInfo> signals{ours};
    const VkCommandBufferSubmitInfo commands = SubmitInfoOf(cmd);
    VkSubmitInfo2 submit{};
    submit.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2;
    submit.commandBufferInfoCount = cmd != VK_NULL_HANDLE ? 1 : 0;
    submit.pCommandBufferInfos = &commands;
    if (sync != nullptr)
    {
        signals.insert(signals.end(), sync->Signals().begin(), sync->Signals().end());
        submit.waitSemaphoreInfoCount = static_cast<uint32_t>(sync->Waits().size());
        submit.pWaitSemaphoreInfos = sync->Waits().data();
    }
    submit.signalSemaphoreInfoCount = static_cast<uint32_t>(signals.size());
    submit.pSignalSemaphoreInfos = signals.data();
    Require(m_device.Submit(0, {&submit, 1}), "vkQueueSubmit2");
}

void RawQueue::Wait(uint64_t value)
{
    VkSemaphoreWaitInfo wait{};
    wait.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO;
    wait.semaphoreCount = 1;
    wait.pSemaphores = &m_timeline;
    wait.pValues = &value;
    RequireSuccess(m_device.Functions().WaitSemaphores(m_device.Handle(), &wait, UINT64_MAX), "vkWaitSemaphores");
}

void RawQueue::Copy(VkBuffer source, VkBuffer destination, uint64_t bytes)
{
    const VkBufferCopy2 region{VK_STRUCTURE_TYPE_BUFFER_COPY_2, nullptr, 0, 0, bytes};
    CopyRegions(source, destination, {&region, 1});
}

void RawQueue::CopyRegions(VkBuffer source, VkBuffer destination, std::span<const VkBufferCopy2> regions)
{
    CmdCopy(m_device.Functions(), Begin(), source, destination, regions);
    SubmitAndWait();
}

void RawQueue::UploadByTheBook(VkBuffer destination, uint64_t offset, std::span<const std::byte> bytes)
{
    const sedx::DeviceDispatch& vk = m_device.Functions();
    const RawBuffer staging(m_device, bytes.size(), RawBuffer::Memory::Staging);
    std::memcpy(staging.Mapped().data(), bytes.data(), bytes.size());
    const VkCommandBuffer cmd = AllocateCommands(m_device, m_pool);
    BeginOneShot(vk, cmd);
    const VkBufferCopy2 region{VK_STRUCTURE_TYPE_BUFFER_COPY_2, nullptr, 0, offset, bytes.size()};
    CmdCopy(vk, cmd, staging.Handle(), destination, {&region, 1});
    RequireSuccess(vk.EndCommandBuffer(cmd), "vkEndCommandBuffer");
    const VkCommandBufferSubmitInfo commands = SubmitInfoOf(cmd);
    VkSubmitInfo2 submit{};
    submit.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2;
    submit.commandBufferInfoCount = 1;
    submit.pCommandBufferInfos = &commands;
    Require(m_device.Submit(0, {&submit, 1}), "vkQueueSubmit2");
    RequireSuccess(m_queueWaitIdle(m_device.Queues()[0].queue), "vkQueueWaitIdle");
    m_freeCommandBuffers(m_device.Handle(), m_pool, 1, &cmd);
}

void RawQueue::Read(VkBuffer source, std::span<std::byte> into)
{
    constexpr size_t kChunk = 16u << 20;
    const RawBuffer back(m_device, std::min(kChunk, into.size()), RawBuffer::Memory::Readback);
    for (size_t at = 0; at < into.size(); at += kChunk)
    {
        const size_t bytes = std::min(kChunk, into.size() - at);
        const VkBufferCopy2 region{VK_STRUCTURE_TYPE_BUFFER_COPY_2, nullptr, at, 0, bytes};
        CopyRegions(source, back.Handle(), {&region, 1});
        std::memcpy(into.data() + at, back.Mapped().data(), bytes);
    }
}
} // namespace bench
