#include "support/test_pipeline.h"

#include <array>
#include <gtest/gtest.h>

namespace sedx::test
{
namespace
{
constexpr std::array kTypes = {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                               VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER,
                               VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER};
} // namespace

TestPipeline::TestPipeline(const Device& device, const Stages& stages)
    : m_device(device.Handle()), m_functions(RawFunctions::Load(device))
{
    CreateLayout();
    if (stages.compute.empty())
    {
        CreateGraphics(stages);
        return;
    }
    const VkShaderModule module = Module(stages.compute);
    const VkComputePipelineCreateInfo info{.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
                                           .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                     .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                                                     .module = module,
                                                     .pName = "main"},
                                           .layout = m_layout};
    EXPECT_EQ(m_functions.CreateComputePipelines(m_device, VK_NULL_HANDLE, 1, &info, nullptr, &m_pipeline), VK_SUCCESS);
    m_functions.DestroyShaderModule(m_device, module, nullptr);
}

TestPipeline::~TestPipeline()
{
    m_functions.DestroyPipeline(m_device, m_pipeline, nullptr);
    m_functions.DestroyPipelineLayout(m_device, m_layout, nullptr);
    m_functions.DestroyDescriptorPool(m_device, m_pool, nullptr);
    m_functions.DestroyDescriptorSetLayout(m_device, m_setLayout, nullptr);
}

void TestPipeline::CreateLayout()
{
    std::array<VkDescriptorSetLayoutBinding, kTypes.size()> bindings{};
    std::array<VkDescriptorPoolSize, kTypes.size()> sizes{};
    for (uint32_t i = 0; i < kTypes.size(); ++i)
    {
        bindings[i] = {i, kTypes[i], 1, VK_SHADER_STAGE_ALL, nullptr};
        sizes[i] = {kTypes[i], 1};
    }
    const VkDescriptorSetLayoutCreateInfo setLayout{.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
                                                    .bindingCount = static_cast<uint32_t>(bindings.size()),
                                                    .pBindings = bindings.data()};
    EXPECT_EQ(m_functions.CreateDescriptorSetLayout(m_device, &setLayout, nullptr, &m_setLayout), VK_SUCCESS);
    const VkDescriptorPoolCreateInfo pool{.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                          .maxSets = 1,
                                          .poolSizeCount = static_cast<uint32_t>(sizes.size()),
                                          .pPoolSizes = sizes.data()};
    EXPECT_EQ(m_functions.CreateDescriptorPool(m_device, &pool, nullptr, &m_pool), VK_SUCCESS);
    const VkDescriptorSetAllocateInfo set{.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                          .descriptorPool = m_pool,
                                          .descriptorSetCount = 1,
                                          .pSetLayouts = &m_setLayout};
    EXPECT_EQ(m_functions.AllocateDescriptorSets(m_device, &set, &m_set), VK_SUCCESS);
    const VkPipelineLayoutCreateInfo layout{
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1, .pSetLayouts = &m_setLayout};
    EXPECT_EQ(m_functions.CreatePipelineLayout(m_device, &layout, nullptr, &m_layout), VK_SUCCESS);
}

void TestPipeline::CreateGraphics(const Stages& stages)
{
    m_bindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS;
    const bool hasVertices = !stages.vertex.empty();
    const VkShaderModule module = Module(hasVertices ? stages.vertex : stages.mesh);
    const VkPipelineShaderStageCreateInfo stage{.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                .stage = hasVertices ? VK_SHADER_STAGE_VERTEX_BIT
                                                                     : VK_SHADER_STAGE_MESH_BIT_EXT,
                                                .module = module,
                                                .pName = "main"};
    const VkVertexInputBindingDescription binding{0, sizeof(uint32_t), VK_VERTEX_INPUT_RATE_VERTEX};
    const VkVertexInputAttributeDescription attribute{0, 0, VK_FORMAT_R32_UINT, 0};
    const VkPipelineVertexInputStateCreateInfo input{.sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
                                                     .vertexBindingDescriptionCount = 1,
                                                     .pVertexBindingDescriptions = &binding,
                                                     .vertexAttributeDescriptionCount = 1,
                                                     .pVertexAttributeDescriptions = &attribute};
    const VkPipelineInputAssemblyStateCreateInfo assembly{
        .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
        .topology = VK_PRIMITIVE_TOPOLOGY_POINT_LIST};
    const VkPipelineRasterizationStateCreateInfo rasterization{
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
        .rasterizerDiscardEnable = VK_TRUE,
        .lineWidth = 1.0F};
    const VkPipelineRenderingCreateInfo rendering{.sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO};
    const VkGraphicsPipelineCreateInfo info{.sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
                                            .pNext = &rendering,
                                            .stageCount = 1,
                                            .pStages = &stage,
                                            .pVertexInputState = hasVertices ? &input : nullptr,
                                            .pInputAssemblyState = hasVertices ? &assembly : nullptr,
                                            .pRasterizationState = &rasterization,
                                            .layout = m_layout};
    EXPECT_EQ(m_functions.CreateGraphicsPipelines(m_device, VK_NULL_HANDLE, 1, &info, nullptr, &m_pipeline),
              VK_SUCCESS);
    m_functions.DestroyShaderModule(m_device, module, nullptr);
}

VkShaderModule TestPipeline::Module(std::span<const uint32_t> code) const
{
    const VkShaderModuleCreateInfo info{
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = code.size_bytes(), .pCode = code.data()};
    VkShaderModule module = VK_NULL_HANDLE;
    EXPECT_EQ(m_functions.CreateShaderModule(m_device, &info, nullptr, &module), VK_SUCCESS);
    return module;
}

void TestPipeline::Set(uint32_t binding, const VkDescriptorBufferInfo& buffer)
{
    const VkWriteDescriptorSet write{.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                     .dstSet = m_set,
                                     .dstBinding = binding,
                                     .descriptorCount = 1,
                                     .descriptorType = kTypes[binding],
                                     .pBufferInfo = &buffer};
    m_functions.UpdateDescriptorSets(m_device, 1, &write, 0, nullptr);
}

void TestPipeline::Set(uint32_t binding, VkBufferView view)
{
    const VkWriteDescriptorSet write{.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                     .dstSet = m_set,
                                     .dstBinding = binding,
                                     .descriptorCount = 1,
                                     .descriptorType = kTypes[binding],
                                     .pTexelBufferView = &view};
    m_functions.UpdateDescriptorSets(m_device, 1, &write, 0, nullptr);
}

void TestPipeline::Bind(VkCommandBuffer cmd) const
{
    m_functions.CmdBindPipeline(cmd, m_bindPoint, m_pipeline);
    m_functions.CmdBindDescriptorSets(cmd, m_bindPoint, m_layout, 0, 1, &m_set, 0, nullptr);
}

void TestPipeline::BeginPass(VkCommandBuffer cmd) const
{
    const VkRenderingInfo info{
        .sType = VK_STRUCTURE_TYPE_RENDERING_INFO, .renderArea = {{0, 0}, {1, 1}}, .layerCount = 1};
    m_functions.CmdBeginRendering(cmd, &info);
}

void TestPipeline::EndPass(VkCommandBuffer cmd) const { m_functions.CmdEndRendering(cmd); }
} // namespace sedx::test
