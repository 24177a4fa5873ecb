// Buffers of pools: each frame borrows a staging buffer and gives it back as soon as its copy is recorded; the pool hands it
// out again when the GPU has passed. The target lies in a memory pool with a ceiling and a priority of its own.
#include "support/check.h"

#include <sedx/buffer_pool_manager.h>
#include <sedx/custom_memory_pool_manager.h>

#include <algorithm>
#include <array>

using example::Expect;
using example::Value;

namespace
{
constexpr uint32_t kFrames = 100;
constexpr uint32_t kInFlight = 2;
constexpr uint64_t kBytes = 20'000; // that change in each frame
} // namespace

int main()
{
    const sedx::Device device = Value(sedx::Device::Create({}));
    const auto system = Value(sedx::BufferSystem::Create({.device = device, .framesInFlight = kInFlight}));
    auto& pools = system->Modules().Emplace<sedx::BufferPoolManager>(*system);
    auto& memory = system->Modules().Emplace<sedx::CustomMemoryPoolManager>(*system);
    Value(memory.CreatePool("terrain",
                            {.blockSize = 8 << 20, .maxBlockCount = 4, .priority = sedx::BufferPriority::High}));
    const sedx::Buffer terrain =
        Value(memory.AllocateFromPool("terrain", kFrames * kBytes, sedx::BufferUsage::Storage, "heights"));

    const sedx::DeviceDispatch& vk = device.Functions();
    std::array<VkCommandPool, kInFlight> commandPools{};
    std::array<VkCommandBuffer, kInFlight> commandBuffers{};
    for (uint32_t i = 0; i < kInFlight; ++i)
    {
        const VkCommandPoolCreateInfo pool{.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                           .queueFamilyIndex = device.Queues()[0].family};
        Expect(vk.CreateCommandPool(device.Handle(), &pool, nullptr, &commandPools[i]), "vkCreateCommandPool");
        const VkCommandBufferAllocateInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                               .commandPool = commandPools[i],
                                               .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                               .commandBufferCount = 1};
        Expect(vk.AllocateCommandBuffers(device.Handle(), &info, &commandBuffers[i]), "vkAllocateCommandBuffers");
    }

    for (uint32_t i = 0; i < kFrames; ++i)
    {
        const sedx::Frame frame = Value(system->BeginFrame());
        VkCommandBuffer commands = commandBuffers[frame.Index()];
        Expect(vk.ResetCommandPool(device.Handle(), commandPools[frame.Index()], 0), "vkResetCommandPool");
        const VkCommandBufferBeginInfo begin{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
        Expect(vk.BeginCommandBuffer(commands, &begin), "vkBeginCommandBuffer");
        {
            const sedx::PooledBuffer staging = Value(pools.AcquireStagingBuffer(kBytes));
            std::ranges::fill(Value(system->MapWritable<uint32_t>({*staging, 0, kBytes})).Span(), i);
            Value(system->CopyBuffer(frame, commands, *staging, 0, terrain, i * kBytes, kBytes));
        } // given back here; in use until the frame has passed
        Expect(vk.EndCommandBuffer(commands), "vkEndCommandBuffer");

        const sedx::SubmitSync sync = Value(frame.SubmitSync(0));
        const VkCommandBufferSubmitInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
                                             .commandBuffer = commands};
        const VkSubmitInfo2 submit{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
                                   .waitSemaphoreInfoCount = static_cast<uint32_t>(sync.Waits().size()),
                                   .pWaitSemaphoreInfos = sync.Waits().data(),
                                   .commandBufferInfoCount = 1,
                                   .pCommandBufferInfos = &info,
                                   .signalSemaphoreInfoCount = static_cast<uint32_t>(sync.Signals().size()),
                                   .pSignalSemaphoreInfos = sync.Signals().data()};
        Value(device.Submit(0, {&submit, 1}));
        Value(system->EndFrame(frame));
    }

    const sedx::ReadbackTicket back = Value(system->Readbacks().Request(terrain));
    Value(back.Wait());
    for (uint32_t i = 0; i < kFrames; ++i)
        Expect(back.Span<uint32_t>()[i * kBytes / sizeof(uint32_t)] == i, "every frame copied its own bytes");
    const sedx::BufferPoolReport report = pools.GetReport(sedx::BufferPoolKind::Staging);
    Expect(report.acquired == kFrames && report.buffers <= 4, "four buffers were enough for all frames");
    Expect(memory.Fallbacks() == 0, "the memory pool had room");
    for (VkCommandPool pool : commandPools)
        vk.DestroyCommandPool(device.Handle(), pool, nullptr);
}
