// The engine keeps every submission to itself: the library records its copies into the engine's command buffers
// (CmdFlush) and never calls vkQueueSubmit.
#include "support/check.h"
#include "support/plain_device.h"

#include <sedx/sedx.h>

#include <algorithm>
#include <numeric>
#include <vector>

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

    const sedx::Device device = Value(sedx::Device::Adopt({
        .getInstanceProcAddr = vkGetInstanceProcAddr,
        .instance = engine.instance,
        .physicalDevice = engine.physicalDevice,
        .device = engine.device,
        .queues = {{.queue = engine.queue, .family = engine.family}},
    }));
    const auto system = Value(sedx::BufferSystem::Create({.device = device, .submitMode = sedx::SubmitMode::Recorded}));

    std::vector<uint32_t> numbers(300'000);
    std::iota(numbers.begin(), numbers.end(), 1u);
    const sedx::Buffer buffer =
        Value(system->CreateBuffer({.bytes = numbers.size() * 4, .usage = sedx::BufferUsage::Storage, .name = "data"}));
    example::PlainCommands commands(engine);

    // Pretend that the GPU has the buffer in use; otherwise the first write could go straight into mappable memory.
    VkCommandBuffer recording = commands.Begin();
    sedx::Frame frame = Value(system->BeginFrame());
    const sedx::ResolvedBuffer resolved = frame.Resolve(buffer);
    vkCmdFillBuffer(recording, resolved.buffer, resolved.offset, resolved.size, 0);
    const sedx::UploadTicket upload = Value(system->Uploads().Write(buffer, 0, std::span<const uint32_t>(numbers)));
    const auto early = upload.Wait(); // nobody but the engine can send it
    Expect(!early && early.error().code == sedx::ErrorCode::NotSubmitted, "the upload cannot be waited for yet");

    Value(system->Uploads().CmdFlush(frame, recording)); // barriers and copies, after what was recorded so far
    const sedx::ReadbackTicket back = Value(system->Readbacks().Request(buffer));
    Value(system->Readbacks().CmdFlush(frame, recording));
    const sedx::SubmitSync sync = Value(frame.SubmitSync(0)); // after CmdFlush: it is part of this submission
    commands.Submit(sync.Waits(), sync.Signals());
    Value(system->EndFrame(frame));

    Value(upload.Wait()); // complete when the frame has passed
    Value(back.Wait());
    Expect(std::ranges::equal(back.Span<uint32_t>(), numbers), "what was written came back");
    Expect(system->GetReport().submissions == 0, "the library submitted nothing");
}
