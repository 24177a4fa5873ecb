#include "renderer/compute_pipeline.h"

#include "failure.h"
#include "renderer/shader_module.h"

#include <volk.h>

namespace scenery
{
ComputePipeline::ComputePipeline(const VulkanContext& context, VkDescriptorSetLayout setLayout, uint32_t constantBytes,
                                 std::span<const uint32_t> code)
    : m_context(context)
{
    try
    {
        const VkDevice device = m_context.Handle();
        const VkPushConstantRange constants{VK_SHADER_STAGE_COMPUTE_BIT, 0, constantBytes};
        VkPipelineLayoutCreateInfo layout{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
        layout.setLayoutCount = 1;
        layout.pSetLayouts = &setLayout;
        layout.pushConstantRangeCount = 1;
        layout.pPushConstantRanges = &constants;
        RequireVk(vkCreatePipelineLayout(device, &layout, nullptr, &m_layout), "pipeline layout");

        const ShaderModule module(device, code);
        VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
        info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
        info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
        info.stage.module = module.Handle();
        info.stage.pName = "main";
        info.layout = m_layout;
        RequireVk(vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &info, nullptr, &m_pipeline), "pipeline");
    }
    catch (...)
    {
        Destroy();
        throw;
    }
}

ComputePipeline::~ComputePipeline() { Destroy(); }

void ComputePipeline::Destroy()
{
    vkDestroyPipeline(m_context.Handle(), m_pipeline, nullptr);
    vkDestroyPipelineLayout(m_context.Handle(), m_layout, nullptr);
}
} // namespace scenery
