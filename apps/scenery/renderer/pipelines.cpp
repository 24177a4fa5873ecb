#include "renderer/pipelines.h"

#include "failure.h"
#include "renderer/offscreen_target.h"
#include "renderer/shader_code.h"
#include "renderer/shader_module.h"

#include <volk.h>

#include <array>
#include <span>

namespace scenery
{
namespace
{
struct PipelineDesc
{
    std::span<const uint32_t> vertexCode;
    std::span<const uint32_t> fragmentCode;
    bool writesDepth = true;
    const VkSpecializationInfo* fragmentConstants = nullptr;
};

VkPipeline CreatePipeline(VkDevice device, VkPipelineLayout layout, const PipelineDesc& desc)
{
    const ShaderModule vertexModule(device, desc.vertexCode);
    const ShaderModule fragmentModule(device, desc.fragmentCode);
    std::array<VkPipelineShaderStageCreateInfo, 2> stages{};
    for (VkPipelineShaderStageCreateInfo& stage : stages)
    {
        stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
        stage.pName = "main";
    }
    stages[0].stage = VK_SHADER_STAGE_VERTEX_BIT;
    stages[0].module = vertexModule.Handle();
    stages[1].stage = VK_SHADER_STAGE_FRAGMENT_BIT;
    stages[1].module = fragmentModule.Handle();
    stages[1].pSpecializationInfo = desc.fragmentConstants;

    VkPipelineVertexInputStateCreateInfo input{VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO};
    VkPipelineInputAssemblyStateCreateInfo assembly{VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO};
    assembly.topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST;
    VkPipelineViewportStateCreateInfo viewport{VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO};
    viewport.viewportCount = 1;
    viewport.scissorCount = 1;
    VkPipelineRasterizationStateCreateInfo raster{VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO};
    raster.cullMode = VK_CULL_MODE_NONE; // many models are open shells
    raster.lineWidth = 1.0F;
    VkPipelineMultisampleStateCreateInfo samples{VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO};
    samples.rasterizationSamples = OffscreenTarget::kSamples;
    VkPipelineDepthStencilStateCreateInfo depth{VK_STRUCTURE_TYPE_PIPELINE_DEPTH_STENCIL_STATE_CREATE_INFO};
    depth.depthTestEnable = VK_TRUE;
    depth.depthWriteEnable = desc.writesDepth ? VK_TRUE : VK_FALSE;
    depth.depthCompareOp = VK_COMPARE_OP_GREATER_OR_EQUAL; // reversed depth
    VkPipelineColorBlendAttachmentState attachment{};
    attachment.colorWriteMask =
        VK_COLOR_COMPONENT_R_BIT | VK_COLOR_COMPONENT_G_BIT | VK_COLOR_COMPONENT_B_BIT | VK_COLOR_COMPONENT_A_BIT;
    VkPipelineColorBlendStateCreateInfo blend{VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO};
    blend.attachmentCount = 1;
    blend.pAttachments = &attachment;
    constexpr std::array<VkDynamicState, 2> kDynamic{VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR};
    VkPipelineDynamicStateCreateInfo dynamic{VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO};
    dynamic.dynamicStateCount = static_cast<uint32_t>(kDynamic.size());
    dynamic.pDynamicStates = kDynamic.data();
    VkPipelineRenderingCreateInfo rendering{VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO};
    rendering.colorAttachmentCount = 1;
    rendering.pColorAttachmentFormats = &OffscreenTarget::kColorFormat;
    rendering.depthAttachmentFormat = OffscreenTarget::kDepthFormat;

    VkGraphicsPipelineCreateInfo info{VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO, &rendering};
    info.stageCount = static_cast<uint32_t>(stages.size());
    info.pStages = stages.data();
    info.pVertexInputState = &input;
    info.pInputAssemblyState = &assembly;
    info.pViewportState = &viewport;
    info.pRasterizationState = &raster;
    info.pMultisampleState = &samples;
    info.pDepthStencilState = &depth;
    info.pColorBlendState = &blend;
    info.pDynamicState = &dynamic;
    info.layout = layout;
    VkPipeline pipeline = VK_NULL_HANDLE;
    RequireVk(vkCreateGraphicsPipelines(device, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline), "pipeline");
    return pipeline;
}
} // namespace

Pipelines::Pipelines(const VulkanContext& context, uint32_t textureCount, VkDescriptorSetLayout bindlessLayout)
    : m_context(context)
{
    try
    {
        CreateLayouts(textureCount, bindlessLayout);
        CreatePipelines(textureCount);
    }
    catch (...)
    {
        Destroy();
        throw;
    }
}

Pipelines::~Pipelines() { Destroy(); }

void Pipelines::CreateLayouts(uint32_t textureCount, VkDescriptorSetLayout bindlessLayout)
{
    const VkDevice device = m_context.Handle();
    VkSamplerCreateInfo sampler{VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO};
    sampler.magFilter = VK_FILTER_LINEAR;
    sampler.minFilter = VK_FILTER_LINEAR;
    sampler.mipmapMode = VK_SAMPLER_MIPMAP_MODE_LINEAR;
    sampler.addressModeU = VK_SAMPLER_ADDRESS_MODE_REPEAT;
    sampler.addressModeV = VK_SAMPLER_ADDRESS_MODE_REPEAT;
    sampler.addressModeW = VK_SAMPLER_ADDRESS_MODE_REPEAT;
    sampler.maxLod = VK_LOD_CLAMP_NONE;
    RequireVk(vkCreateSampler(device, &sampler, nullptr, &m_sampler), "sampler");

    std::array<VkDescriptorSetLayoutBinding, 3> bindings{};
    bindings[0] = {0, VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, 1, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT,
                   nullptr};
    bindings[1] = {1, VK_DESCRIPTOR_TYPE_SAMPLER, 1, VK_SHADER_STAGE_FRAGMENT_BIT, &m_sampler};
    bindings[2] = {2, VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE, textureCount, VK_SHADER_STAGE_FRAGMENT_BIT, nullptr};
    VkDescriptorSetLayoutCreateInfo set{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
    set.bindingCount = static_cast<uint32_t>(bindings.size());
    set.pBindings = bindings.data();
    RequireVk(vkCreateDescriptorSetLayout(device, &set, nullptr, &m_setLayout), "descriptor set layout");

    const std::array sets{m_setLayout, bindlessLayout};
    VkPipelineLayoutCreateInfo layout{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
    layout.setLayoutCount = static_cast<uint32_t>(sets.size());
    layout.pSetLayouts = sets.data();
    RequireVk(vkCreatePipelineLayout(device, &layout, nullptr, &m_layout), "pipeline layout");
}

void Pipelines::CreatePipelines(uint32_t textureCount)
{
    const VkDevice device = m_context.Handle();
    const VkSpecializationMapEntry entry{0, 0, sizeof(textureCount)};
    const VkSpecializationInfo constants{1, &entry, sizeof(textureCount), &textureCount};
    m_meshes = CreatePipeline(device, m_layout,
                              {.vertexCode = shader_code::MeshVertex(),
                               .fragmentCode = shader_code::MeshFragment(),
                               .fragmentConstants = &constants});
    m_background = CreatePipeline(device, m_layout,
                                  {.vertexCode = shader_code::BackgroundVertex(),
                                   .fragmentCode = shader_code::BackgroundFragment(),
                                   .writesDepth = false});
}

void Pipelines::Destroy()
{
    const VkDevice device = m_context.Handle();
    for (VkPipeline pipeline : {m_meshes, m_background})
        vkDestroyPipeline(device, pipeline, nullptr);
    vkDestroyPipelineLayout(device, m_layout, nullptr);
    vkDestroyDescriptorSetLayout(device, m_setLayout, nullptr);
    vkDestroySampler(device, m_sampler, nullptr);
}
} // namespace scenery
