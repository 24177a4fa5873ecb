// A device with nothing but what the core of the library needs. Requirements() is asked before the device is made, and
// sets its bits in the engine's feature chain.
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
    sedx::DeviceRequirements needs = Value(
        sedx::Requirements(vkGetInstanceProcAddr, engine.instance, engine.physicalDevice, sedx::FeatureModule::Core));
    for (const std::string& sentence : needs.missing)
        Expect(false, sentence.c_str());
    VkPhysicalDeviceFeatures2 features{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    needs.MergeInto(features); // `needs` holds what was appended: keep it until Adopt has read the chain
    engine.CreateDevice(features);

    const sedx::Device device = Value(sedx::Device::Adopt({
        .getInstanceProcAddr = vkGetInstanceProcAddr,
        .instance = engine.instance,
        .physicalDevice = engine.physicalDevice,
        .device = engine.device,
        .queues = {{.queue = engine.queue, .family = engine.family}},
        .enabledFeatures = &features,
    }));
    const auto system = Value(sedx::BufferSystem::Create({.device = device}));

    std::vector<uint32_t> numbers(10'000);
    std::iota(numbers.begin(), numbers.end(), 7u);
    const sedx::Buffer source =
        Value(system->Factory().CreateStorageBuffer(std::span<const uint32_t>(numbers), "source"));
    const sedx::Buffer copy =
        Value(system->CreateBuffer({.bytes = source.GetSize(), .usage = sedx::BufferUsage::Storage, .name = "copy"}));

    example::PlainCommands commands(engine);
    VkCommandBuffer recording = commands.Begin();
    const sedx::Frame frame = Value(system->BeginFrame());
    Value(system->CopyBuffer(frame, recording, source, copy, source.GetSize()));
    const sedx::SubmitSync sync = Value(frame.SubmitSync(0));
    commands.Submit(sync.Waits(), sync.Signals());
    const sedx::ReadbackTicket back = Value(system->Readbacks().Request(copy));
    Value(system->EndFrame(frame));

    Value(back.Wait());
    Expect(std::ranges::equal(back.Span<uint32_t>(), numbers), "the copy holds what was uploaded");
}
