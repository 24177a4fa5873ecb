// An engine that exists already adopts the library: its own instance, device, command buffers and fences stay as they
// are. Buffers of the library are bound in its command buffers; the picture comes back through the library.
#include "support/check.h"
#include "support/plain_renderer.h"

#include <sedx/sedx.h>

using example::Expect;
using example::Value;

int main()
{
    // The engine, as it was. The three features that the library needs are among the engine's own.
    VkPhysicalDeviceVulkan13Features features13{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
                                                .synchronization2 = VK_TRUE,
                                                .dynamicRendering = VK_TRUE};
    VkPhysicalDeviceVulkan12Features features12{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                                .pNext = &features13,
                                                .timelineSemaphore = VK_TRUE,
                                                .bufferDeviceAddress = VK_TRUE};
    const VkPhysicalDeviceFeatures2 features{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                             .pNext = &features12};
    example::PlainDevice engine;
    engine.CreateDevice(features);
    example::PlainRenderer renderer(engine, 64);
    example::PlainCommands inFlight[2]{example::PlainCommands(engine), example::PlainCommands(engine)};

    // The library moves in.
    const sedx::Device device = Value(sedx::Device::Adopt({
        .getInstanceProcAddr = vkGetInstanceProcAddr,
        .instance = engine.instance,
        .physicalDevice = engine.physicalDevice,
        .device = engine.device,
        .queues = {{.queue = engine.queue, .family = engine.family}},
        .enabledFeatures = &features,
    }));
    const auto system = Value(sedx::BufferSystem::Create({.device = device}));

    // The left half of the picture, in one colour: 51, 102, 153 of 255.
    const example::Vertex corners[] = {{{-1, -1}, {0.2F, 0.4F, 0.6F}},
                                       {{0, -1}, {0.2F, 0.4F, 0.6F}},
                                       {{0, 1}, {0.2F, 0.4F, 0.6F}},
                                       {{-1, 1}, {0.2F, 0.4F, 0.6F}}};
    const uint16_t indices[] = {0, 1, 2, 2, 3, 0};
    sedx::Buffer vertexBuffer =
        Value(system->Factory().CreateVertexBuffer(std::span<const example::Vertex>(corners), "quad"));
    sedx::Buffer indexBuffer = Value(system->Factory().CreateIndexBuffer(std::span<const uint16_t>(indices), "quad"));

    sedx::ReadbackTicket picture;
    for (uint32_t i = 0; i < 3; ++i)
    {
        example::PlainCommands& slot = inFlight[i % 2];
        VkCommandBuffer commands = slot.Begin(); // the engine paces itself: BeginFrame does not wait here
        const sedx::Frame frame = Value(system->BeginFrame());
        const sedx::ResolvedBuffer vertices = frame.Resolve(vertexBuffer);
        const sedx::ResolvedBuffer triangles = frame.Resolve(indexBuffer);
        renderer.BeginPass(commands);
        vkCmdBindVertexBuffers(commands, 0, 1, &vertices.buffer, &vertices.offset);
        vkCmdBindIndexBuffer(commands, triangles.buffer, triangles.offset, VK_INDEX_TYPE_UINT16);
        vkCmdDrawIndexed(commands, static_cast<uint32_t>(std::size(indices)), 1, 0, 0, 0);
        renderer.EndPass(commands);

        const sedx::SubmitSync sync = Value(frame.SubmitSync(0)); // uploads go out now, before the engine's work
        slot.Submit(sync.Waits(), sync.Signals());
        picture = Value(system->Readbacks().RequestImage({.image = renderer.Image(),
                                                          .format = example::PlainRenderer::kFormat,
                                                          .extent = renderer.Extent(),
                                                          .oldLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
                                                          .newLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL},
                                                         {.extent = renderer.Extent()}));
        Value(system->EndFrame(frame)); // read-backs go out now, after the engine's work
    }
    vertexBuffer = {}; // safe at any time: the memory lives until the GPU has passed
    indexBuffer = {};

    Value(picture.Wait());
    const std::span<const uint8_t> pixels = picture.Span<uint8_t>();
    const auto hasColour = [&](uint32_t x, uint32_t y, uint8_t red, uint8_t green, uint8_t blue) {
        const uint8_t* pixel = &pixels[(y * renderer.Extent().width + x) * 4];
        return pixel[0] == red && pixel[1] == green && pixel[2] == blue;
    };
    Expect(pixels.size() == 64 * 64 * 4, "the picture has 64 x 64 pixels of 4 bytes");
    Expect(hasColour(1, 1, 51, 102, 153) && hasColour(30, 62, 51, 102, 153), "the left half has the quad's colour");
    Expect(hasColour(33, 1, 0, 0, 0) && hasColour(62, 62, 0, 0, 0), "the right half is black");
}
