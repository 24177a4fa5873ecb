#include "vulkan/kernels.h"

#include <sedx/log.h>

namespace sedx
{
namespace
{
constexpr uint32_t kScatter[] = {
#include "shaders/scatter.comp.inc"
};
constexpr uint32_t kCopy[] = {
#include "shaders/copy.comp.inc"
};

struct Source
{
    const char* name;
    std::span<const uint32_t> words;
};
constexpr Source kSources[] = {{"sedx scatter", kScatter}, {"sedx copy", kCopy}};
static_assert(std::size(kSources) == static_cast<size_t>(Kernel::Count));
} // namespace

Kernels::~Kernels()
{
    for (const VkPipeline pipeline : m_pipelines)
        if (pipeline != VK_NULL_HANDLE)
            m_state.vk.DestroyPipeline(m_state.device, pipeline, nullptr);
    if (m_layout != VK_NULL_HANDLE)
        m_state.vk.DestroyPipelineLayout(m_state.device, m_layout, nullptr);
}

void Kernels::Create() noexcept
{
    const VkPushConstantRange range{VK_SHADER_STAGE_COMPUTE_BIT, 0, kPushBytes};
    VkPipelineLayoutCreateInfo info{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
    info.pushConstantRangeCount = 1;
    info.pPushConstantRanges = &range;
    VkResult result = m_state.Check(m_state.vk.CreatePipelineLayout(m_state.device, &info, nullptr, &m_layout));
    if (result != VK_SUCCESS)
        m_layout = VK_NULL_HANDLE;
    for (size_t i = 0; result == VK_SUCCESS && i < m_pipelines.size(); ++i)
        result = Make(static_cast<Kernel>(i));
    if (result != VK_SUCCESS)
        SEDX_CORE_WARN_TAG("KERNELS", "compute kernels are off, copy commands do their work: {}", ToString(result));
}

VkResult Kernels::Make(Kernel kernel) noexcept
{
    const Source& source = kSources[static_cast<size_t>(kernel)];
    VkShaderModuleCreateInfo moduleInfo{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
    moduleInfo.codeSize = source.words.size_bytes();
    moduleInfo.pCode = source.words.data();
    VkShaderModule module = VK_NULL_HANDLE;
    VkResult result = m_state.Check(m_state.vk.CreateShaderModule(m_state.device, &moduleInfo, nullptr, &module));
    if (result != VK_SUCCESS)
        return result;
    VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
    info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
    info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    info.stage.module = module;
    info.stage.pName = "main";
    info.layout = m_layout;
    VkPipeline& pipeline = m_pipelines[static_cast<size_t>(kernel)];
    result = m_state.Check(
        m_state.vk.CreateComputePipelines(m_state.device, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline));
    m_state.vk.DestroyShaderModule(m_state.device, module, nullptr);
    if (result != VK_SUCCESS)
        pipeline = VK_NULL_HANDLE;
    else
        m_state.SetName(VK_OBJECT_TYPE_PIPELINE, reinterpret_cast<uint64_t>(pipeline), source.name);
    return result;
}
} // namespace sedx
