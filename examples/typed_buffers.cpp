// Buffers that know their elements: a mesh, constants whose layout the compiler checks, a counter that the GPU resets, and a
// type of the application's own, which is all that it takes to add one.
#include "support/check.h"

#include <sedx/sedx.h>
#include <sedx/shader_types.h>

#include <array>

using example::Expect;
using example::Value;

namespace app
{
using namespace sedx::shader; // as a file that shaders include would say: SEDX_SHADER_BEGIN(app)

struct Vertex
{
    vec3 position;
    vec2 texture;
};

struct Scene // a uniform block of std140: the float fills the last word of the vec3
{
    mat4 viewProjection;
    vec3 sun;
    float time;
};
SEDX_SHADER_LAYOUT(Scene, viewProjection, sun, time)

// A type of one's own: a bit for each element, in words that shaders read. A TypedBuffer with a name, a way to create it, and
// what makes it worth having.
class BitBuffer : public sedx::TypedBuffer<uint32_t>
{
  public:
    using TypedBuffer::TypedBuffer; // empty, and around a buffer that is there already

    static sedx::Result<BitBuffer> Create(sedx::BufferSystem& system, uint64_t bits, std::string name,
                                          std::source_location where = std::source_location::current())
    {
        const std::vector<uint32_t> words((bits + 31) / 32, 0);
        return system.Factory()
            .Create({.bytes = words.size() * sizeof(uint32_t),
                     .usage = sedx::BufferUsage::Storage,
                     .name = std::move(name)},
                    std::as_bytes(std::span(words)), where)
            .map([](sedx::Buffer buffer) { return BitBuffer(std::move(buffer)); });
    }
    // Replaces 32 bits, those from number 32 * word on.
    sedx::Result<sedx::UploadTicket> SetWord(uint64_t word, uint32_t bits) const
    {
        return Write(word, std::span(&bits, 1));
    }
};
} // namespace app

int main()
{
    const sedx::Device device = Value(sedx::Device::Create({}));
    const auto system = Value(sedx::BufferSystem::Create({.device = device}));
    const sedx::DeviceDispatch& vk = device.Functions();

    // Created and filled in one call; what is submitted later sees it.
    const std::array<app::Vertex, 3> corners{{{{0, 0, 0}, {0, 0}}, {{1, 0, 0}, {1, 0}}, {{0, 1, 0}, {0, 1}}}};
    const std::array<uint16_t, 3> order{0, 1, 2};
    const auto vertices = Value(sedx::VertexBuffer<app::Vertex>::Create(*system, corners, "corners"));
    const auto indices = Value(sedx::IndexBuffer::Create(*system, std::span<const uint16_t>(order), "order"));
    const auto scene = Value(sedx::UniformBuffer<app::Scene>::Create(*system, {.name = "scene"}));
    const auto visible = Value(sedx::CounterBuffer<uint32_t>::Create(*system, {.name = "visible"}));
    const auto selected = Value(app::BitBuffer::Create(*system, 1000, "selected"));
    Value(scene.Write({.sun = {0, 0, 1}, .time = 1.5F}));
    Value(selected.SetWord(3, 0b101)); // elements 96 and 98

    const VkCommandPoolCreateInfo poolInfo{.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                           .queueFamilyIndex = device.Queues()[0].family};
    VkCommandPool pool = VK_NULL_HANDLE;
    Expect(vk.CreateCommandPool(device.Handle(), &poolInfo, nullptr, &pool), "vkCreateCommandPool");
    const VkCommandBufferAllocateInfo bufferInfo{
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = pool, .commandBufferCount = 1};
    VkCommandBuffer commands = VK_NULL_HANDLE;
    Expect(vk.AllocateCommandBuffers(device.Handle(), &bufferInfo, &commands), "vkAllocateCommandBuffers");

    const sedx::Frame frame = Value(system->BeginFrame());
    const VkCommandBufferBeginInfo begin{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    Expect(vk.BeginCommandBuffer(commands, &begin), "vkBeginCommandBuffer");
    Value(visible.CmdReset(frame, commands, 7)); // a renderer resets to 0, and its shaders count
    Value(vertices.CmdBind(frame, commands));
    Value(indices.CmdBind(frame, commands)); // now it would draw indices.Count() of them
    Expect(scene.Descriptor(frame).range == sizeof(app::Scene), "what a descriptor set gets");
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

    // Elements 3 and 4 of the bits, waited for because this is the end. The counter was read by itself, with the frame.
    const sedx::ReadbackTicket bits = Value(system->Readbacks().Request(selected.View(3, 2)));
    Value(bits.Wait());
    Expect(bits.Span<uint32_t>()[0] == 0b101 && bits.Span<uint32_t>()[1] == 0, "the bits are where they were set");
    const auto newest = visible.Latest();
    Expect(newest && newest->values[0] == 7 && newest->frame == frame.Number(), "the counter was reset on the GPU");
    vk.DestroyCommandPool(device.Handle(), pool, nullptr);
}
