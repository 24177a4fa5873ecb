// Constants that change every frame come from a RingBuffer: written by the CPU, read by that frame, used again when it
// has passed. The device is the library's own, so BeginFrame keeps the CPU at most framesInFlight frames ahead.
#include "support/check.h"

#include <sedx/sedx.h>

#include <array>
#include <cstring>

using example::Expect;
using example::Value;

namespace
{
struct Constants
{
    float time;
    uint32_t number;
};
constexpr uint32_t kFrames = 100;
constexpr uint32_t kInFlight = 2;
} // namespace

int main()
{
    const sedx::Device device = Value(sedx::Device::Create({}));
    const auto system = Value(sedx::BufferSystem::Create({.device = device, .framesInFlight = kInFlight}));
    sedx::RingBuffer ring = Value(sedx::RingBuffer::Create(*system, {.name = "constants"}));
    const sedx::Buffer log = Value(system->CreateBuffer(
        {.bytes = kFrames * sizeof(Constants), .usage = sedx::BufferUsage::Storage, .name = "log of all frames"}));

    // A command pool for each frame in flight. The library's table of device functions serves as well as any other.
    const sedx::DeviceDispatch& vk = device.Functions();
    std::array<VkCommandPool, kInFlight> pools{};
    std::array<VkCommandBuffer, kInFlight> buffers{};
    for (uint32_t i = 0; i < kInFlight; ++i)
    {
        const VkCommandPoolCreateInfo pool{.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                           .queueFamilyIndex = device.Queues()[0].family};
        Expect(vk.CreateCommandPool(device.Handle(), &pool, nullptr, &pools[i]), "vkCreateCommandPool");
        const VkCommandBufferAllocateInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                               .commandPool = pools[i],
                                               .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                               .commandBufferCount = 1};
        Expect(vk.AllocateCommandBuffers(device.Handle(), &info, &buffers[i]), "vkAllocateCommandBuffers");
    }

    for (uint32_t i = 0; i < kFrames; ++i)
    {
        const sedx::Frame frame = Value(system->BeginFrame()); // the frame two before has passed now
        const Constants constants{static_cast<float>(i) / 60.0F, i};
        const sedx::BufferSlice slice = Value(ring.Allocate(frame, sizeof(constants)));
        std::memcpy(slice.mapped, &constants, sizeof(constants));

        // A renderer binds slice.buffer at slice.offset as a dynamic uniform buffer; here the GPU keeps a copy.
        VkCommandBuffer commands = buffers[frame.Index()];
        Expect(vk.ResetCommandPool(device.Handle(), pools[frame.Index()], 0), "vkResetCommandPool");
        const VkCommandBufferBeginInfo begin{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
        Expect(vk.BeginCommandBuffer(commands, &begin), "vkBeginCommandBuffer");
        const sedx::ResolvedBuffer entry = frame.Resolve({log, i * sizeof(Constants), sizeof(Constants)});
        const VkBufferCopy region{slice.offset, entry.offset, sizeof(Constants)};
        vk.CmdCopyBuffer(commands, slice.buffer, entry.buffer, 1, &region);
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
        Value(device.Submit(0, {&submit, 1})); // under the lock of the queue
        Value(system->EndFrame(frame));
    }

    const sedx::ReadbackTicket back = Value(system->Readbacks().Request(log));
    Value(back.Wait());
    for (uint32_t i = 0; i < kFrames; ++i)
        Expect(back.Span<Constants>()[i].number == i, "every frame read its own constants");
    Expect(ring.CapacityBytes() == sedx::RingBufferDesc{}.blockBytes, "one block was enough for all frames");
    for (VkCommandPool pool : pools)
        vk.DestroyCommandPool(device.Handle(), pool, nullptr);
}
