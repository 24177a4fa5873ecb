// Buffers that shaders reach by number: all are registered at once, the set is bound once, and one dispatch adds up the
// elements of eight of them. The last one is an element short, which the shader, compiled with checks, finds.
#include "support/own_commands.h"

#include <array>
#include <string>
#include <vector>

using example::Expect;
using example::Value;

namespace
{
constexpr uint32_t kShader[] = {
#include "shaders/sum_numbers.comp.inc"
};
constexpr uint32_t kElements = 256;
constexpr uint32_t kAddends = 8;
using Constants = std::array<uint32_t, 1 + kAddends>; // as in the shader: the IDs of the sums and of the addends

struct Pipeline
{
    VkPipelineLayout layout = VK_NULL_HANDLE;
    VkPipeline pipeline = VK_NULL_HANDLE;
};

// What an engine has anyhow. Of the module there are the layout of its set, and flags for the pipeline.
Pipeline MakePipeline(const sedx::Device& device, const sedx::BindlessBufferSystem& bindless)
{
    const sedx::DeviceDispatch& vk = device.Functions();
    Pipeline made;
    const VkDescriptorSetLayout setLayout = bindless.GetSetLayout(); // one for life
    const VkPushConstantRange range{VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(Constants)};
    const VkPipelineLayoutCreateInfo layoutInfo{.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                                .setLayoutCount = 1,
                                                .pSetLayouts = &setLayout,
                                                .pushConstantRangeCount = 1,
                                                .pPushConstantRanges = &range};
    Expect(vk.CreatePipelineLayout(device.Handle(), &layoutInfo, nullptr, &made.layout), "vkCreatePipelineLayout");
    const VkShaderModuleCreateInfo moduleInfo{
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = sizeof kShader, .pCode = kShader};
    VkShaderModule module = VK_NULL_HANDLE;
    Expect(vk.CreateShaderModule(device.Handle(), &moduleInfo, nullptr, &module), "vkCreateShaderModule");
    const VkComputePipelineCreateInfo info{.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
                                           .flags = bindless.GetPipelineFlags(),
                                           .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                     .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                                                     .module = module,
                                                     .pName = "main"},
                                           .layout = made.layout};
    Expect(vk.CreateComputePipelines(device.Handle(), VK_NULL_HANDLE, 1, &info, nullptr, &made.pipeline),
           "vkCreateComputePipelines");
    vk.DestroyShaderModule(device.Handle(), module, nullptr);
    return made;
}
} // namespace

int main()
{
    const sedx::Device device = Value(sedx::Device::Create({}));
    const auto system = Value(sedx::BufferSystem::Create({.device = device}));
    auto& bindless =
        system->Modules().Emplace<sedx::BindlessBufferSystem>(*system, sedx::BindlessDesc{.shaderChecks = true});
    Value(bindless.Status());
    bindless.NameShader(1, "sum_numbers");

    std::vector<sedx::Buffer> buffers{Value(system->CreateBuffer(
        {.bytes = kElements * sizeof(uint32_t), .usage = sedx::BufferUsage::Storage, .name = "sums"}))};
    for (uint32_t i = 0; i < kAddends; ++i)
    {
        std::vector<uint32_t> numbers;
        for (uint32_t element = 0; element < kElements - (i == kAddends - 1); ++element) // the mistake
            numbers.push_back(i * 1000 + element);
        buffers.push_back(Value(
            system->Factory().CreateStorageBuffer(std::span<const uint32_t>(numbers), "numbers " + std::to_string(i))));
    }
    Constants resources{};
    Value(bindless.RegisterBuffers(buffers, resources));

    const sedx::DeviceDispatch& vk = device.Functions();
    const Pipeline sum = MakePipeline(device, bindless);
    example::OwnCommands commands(*system, 0);
    const sedx::Frame frame = Value(system->BeginFrame());
    VkCommandBuffer cmd = commands.Begin(frame);
    vk.CmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, sum.pipeline);
    Value(bindless.CmdBind(frame, cmd, VK_PIPELINE_BIND_POINT_COMPUTE, sum.layout, 0));
    vk.CmdPushConstants(cmd, sum.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof resources, resources.data());
    vk.CmdDispatch(cmd, kElements / 64, 1, 1);
    commands.Submit(frame);
    Value(system->EndFrame(frame));

    const sedx::ReadbackTicket sums = Value(system->Readbacks().Request(buffers[0]));
    Value(sums.Wait());
    for (uint32_t element = 0; element < kElements - 1; ++element)
        Expect(sums.Span<uint32_t>()[element] == 28'000 + kAddends * element, "every element of all buffers was added");
    Expect(sums.Span<uint32_t>()[kElements - 1] == 21'000 + (kAddends - 1) * (kElements - 1), "what is not there is 0");

    // It is in the log, too, with the names of buffer and shader.
    const std::vector<sedx::ShaderFault> faults = bindless.TakeFaults();
    Expect(faults.size() == 1 && faults[0].kind == sedx::ShaderFaultKind::OutOfBounds, "the mistake was found");
    Expect(faults[0].resource == resources.back() && faults[0].index == kElements - 1, "and where it is");

    Value(bindless.UnregisterBuffers(resources)); // dropping the buffers would do, too
    Expect(bindless.GetReport().registered == 0, "no registration is left");
    vk.DestroyPipeline(device.Handle(), sum.pipeline, nullptr);
    vk.DestroyPipelineLayout(device.Handle(), sum.layout, nullptr);
}
