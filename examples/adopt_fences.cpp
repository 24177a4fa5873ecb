// An engine that knows fences only: the library learns from RetireFrame when a frame has passed. The engine appends the
// waits of SubmitSync (its work must see the uploads) and leaves the signals out.
#include "support/check.h"
#include "support/plain_device.h"

#include <sedx/sedx.h>

#include <algorithm>
#include <array>

using example::Expect;
using example::Value;

int main()
{
    example::PlainDevice engine;
    sedx::DeviceRequirements needs =
        Value(sedx::Requirements(vkGetInstanceProcAddr, engine.instance, engine.physicalDevice));
    VkPhysicalDeviceFeatures2 features{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    needs.MergeInto(features);
    engine.CreateDevice(features);
    example::PlainCommands inFlight[2]{example::PlainCommands(engine), example::PlainCommands(engine)};

    const sedx::Device device = Value(sedx::Device::Adopt({
        .getInstanceProcAddr = vkGetInstanceProcAddr,
        .instance = engine.instance,
        .physicalDevice = engine.physicalDevice,
        .device = engine.device,
        .queues = {{.queue = engine.queue, .family = engine.family}},
    }));
    const auto system =
        Value(sedx::BufferSystem::Create({.device = device, .completion = sedx::FrameCompletion::Fences}));

    std::array<uint32_t, 1024> values{};
    const sedx::Buffer target =
        Value(system->CreateBuffer({.bytes = sizeof(values), .usage = sedx::BufferUsage::Storage, .name = "target"}));
    uint64_t numberOf[2] = {}; // the frame that each slot carries
    for (uint32_t i = 0; i < 6; ++i)
    {
        example::PlainCommands& slot = inFlight[i % 2];
        VkCommandBuffer commands = slot.Begin(); // waits for the fence of the frame before the last one
        if (numberOf[i % 2] != 0)
            Value(system->RetireFrame(numberOf[i % 2]));

        const sedx::Frame frame = Value(system->BeginFrame());
        numberOf[i % 2] = frame.Number();
        values.fill(i);
        sedx::Buffer source = Value(system->Factory().CreateStorageBuffer(std::span<const uint32_t>(values), "source"));
        // Frames of one queue follow each other here only in their submission order: the copies need a barrier.
        const VkMemoryBarrier2 barrier{.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
                                       .srcStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
                                       .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
                                       .dstStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
                                       .dstAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT};
        const VkDependencyInfo dependency{
            .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO, .memoryBarrierCount = 1, .pMemoryBarriers = &barrier};
        vkCmdPipelineBarrier2(commands, &dependency);
        Value(system->CopyBuffer(frame, commands, source, target, sizeof(values)));
        source = {}; // its memory is reused once RetireFrame has said that this frame has passed
        slot.Submit(Value(frame.SubmitSync(0)).Waits(), {});
        Value(system->EndFrame(frame));
    }
    Expect(system->CompletedFrame() == 4, "frames 1 to 4 were retired");
    for (example::PlainCommands& slot : inFlight)
        slot.Wait();
    Value(system->RetireFrame(6));
    Expect(system->CompletedFrame() == 6 && system->GetReport().pendingDestroyed == 0, "everything was given back");

    const sedx::ReadbackTicket back = Value(system->Readbacks().Request(target));
    Value(back.Wait());
    Expect(std::ranges::equal(back.Span<uint32_t>(), values), "the last frame's values are there");
}
