#include "renderer/shader_module.h"

#include "failure.h"

#include <volk.h>

namespace scenery
{
ShaderModule::ShaderModule(VkDevice device, std::span<const uint32_t> code) : m_device(device)
{
    VkShaderModuleCreateInfo info{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
    info.codeSize = code.size_bytes();
    info.pCode = code.data();
    RequireVk(vkCreateShaderModule(device, &info, nullptr, &m_module), "shader");
}

ShaderModule::~ShaderModule() { vkDestroyShaderModule(m_device, m_module, nullptr); }
} // namespace scenery
