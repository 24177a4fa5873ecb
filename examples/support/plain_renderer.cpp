#include "support/plain_renderer.h"

#include "support/check.h"

#include <array>
#include <cstddef>

namespace example
{
namespace
{
constexpr uint32_t kVertexShader[] = {
#include "shaders/quad.vert.inc"
};
constexpr uint32_t kFragmentShader[] = {
#include "shaders/quad.frag.inc"
};

VkShaderModule MakeShader(VkDevice device, std::span<const uint32_t> words)
{
    const VkShaderModuleCreateInfo info{
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = words.size_bytes(), .pCode = words.data()};
    VkShaderModule module = VK_NULL_HANDLE;
    Expect(vkCreateShaderModule(device, &info, nullptr, &module), "vkCreateShaderModule");
    return module;
}

uint32_t FindMemoryType(const PlainDevice& owner, uint32_t allowed)
{
    VkPhysicalDeviceMemoryProperties memory{};
    vkGetPhysicalDeviceMemoryProperties(owner.physicalDevice, &memory);
    for (uint32_t i = 0; i < memory.memoryTypeCount; ++i)
        if ((allowed & (1u << i)) != 0 &&
            (memory.memoryTypes[i].propertyFlags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) != 0)
            return i;
    Expect(false, "device memory for an image is needed");
    return 0;
}
} // namespace

PlainRenderer::PlainRenderer(const PlainDevice& owner, uint32_t size) : m_owner(owner), m_size(size)
{
    CreateImage();
    CreatePipeline();
}

PlainRenderer::~PlainRenderer()
{
    vkDestroyPipeline(m_owner.device, m_pipeline, nullptr);
    vkDestroyPipelineLayout(m_owner.device, m_layout, nullptr);
    vkDestroyImageView(m_owner.device, m_view, nullptr);
    vkDestroyImage(m_owner.device, m_image, nullptr);
    vkFreeMemory(m_owner.device, m_memory, nullptr);
}

void PlainRenderer::CreateImage()
{
    const VkImageCreateInfo info{.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                 .imageType = VK_IMAGE_TYPE_2D,
                                 .format = kFormat,
                                 .extent = Extent(),
                                 .mipLevels = 1,
                                 .arrayLayers = 1,
                                 .samples = VK_SAMPLE_COUNT_1_BIT,
                                 .tiling = VK_IMAGE_TILING_OPTIMAL,
                                 .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT};
    Expect(vkCreateImage(m_owner.device, &info, nullptr, &m_image), "vkCreateImage");
    VkMemoryRequirements needs{};
    vkGetImageMemoryRequirements(m_owner.device, m_image, &needs);
    const VkMemoryAllocateInfo memory{.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                      .allocationSize = needs.size,
                                      .memoryTypeIndex = FindMemoryType(m_owner, needs.memoryTypeBits)};
    Expect(vkAllocateMemory(m_owner.device, &memory, nullptr, &m_memory), "vkAllocateMemory");
    Expect(vkBindImageMemory(m_owner.device, m_image, m_memory, 0), "vkBindImageMemory");
    const VkImageViewCreateInfo view{.sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
                                     .image = m_image,
                                     .viewType = VK_IMAGE_VIEW_TYPE_2D,
                                     .format = kFormat,
                                     .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
    Expect(vkCreateImageView(m_owner.device, &view, nullptr, &m_view), "vkCreateImageView");
}

void PlainRenderer::CreatePipeline()
{
    const VkPipelineLayoutCreateInfo layout{.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
    Expect(vkCreatePipelineLayout(m_owner.device, &layout, nullptr, &m_layout), "vkCreatePipelineLayout");

    const VkShaderModule vertex = MakeShader(m_owner.device, kVertexShader);
    const VkShaderModule fragment = MakeShader(m_owner.device, kFragmentShader);
    const std::array<VkPipelineShaderStageCreateInfo, 2> stages{{
        {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
         .stage = VK_SHADER_STAGE_VERTEX_BIT,
         .module = vertex,
         .pName = "main"},
        {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
         .stage = VK_SHADER_STAGE_FRAGMENT_BIT,
         .module = fragment,
         .pName = "main"},
    }};
    const VkVertexInputBindingDescription binding{.stride = sizeof(Vertex), .inputRate = VK_VERTEX_INPUT_RATE_VERTEX};
    const std::array<VkVertexInputAttributeDescription, 2> attributes{{
        {.location = 0, .format = VK_FORMAT_R32G32_SFLOAT, .offset = offsetof(Vertex, position)},
        {.location = 1, .format = VK_FORMAT_R32G32B32_SFLOAT, .offset = offsetof(Vertex, colour)},
    }};
    const VkPipelineVertexInputStateCreateInfo input{.sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
                                                     .vertexBindingDescriptionCount = 1,
                                                     .pVertexBindingDescriptions = &binding,
                                                     .vertexAttributeDescriptionCount = attributes.size(),
                                                     .pVertexAttributeDescriptions = attributes.data()};
    const VkPipelineInputAssemblyStateCreateInfo assembly{
        .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
        .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST};
    const VkViewport viewport{0.0F, 0.0F, static_cast<float>(m_size), static_cast<float>(m_size), 0.0F, 1.0F};
    const VkRect2D scissor{{0, 0}, {m_size, m_size}};
    const VkPipelineViewportStateCreateInfo viewports{.sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
                                                      .viewportCount = 1,
                                                      .pViewports = &viewport,
                                                      .scissorCount = 1,
                                                      .pScissors = &scissor};
    const VkPipelineRasterizationStateCreateInfo raster{
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO, .lineWidth = 1.0F};
    const VkPipelineMultisampleStateCreateInfo samples{.sType =
                                                           VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
                                                       .rasterizationSamples = VK_SAMPLE_COUNT_1_BIT};
    const VkPipelineColorBlendAttachmentState attachment{.colorWriteMask = 0xF};
    const VkPipelineColorBlendStateCreateInfo blend{.sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
                                                    .attachmentCount = 1,
                                                    .pAttachments = &attachment};
    const VkFormat format = kFormat;
    const VkPipelineRenderingCreateInfo rendering{.sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
                                                  .colorAttachmentCount = 1,
                                                  .pColorAttachmentFormats = &format};
    const VkGraphicsPipelineCreateInfo info{.sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
                                            .pNext = &rendering,
                                            .stageCount = stages.size(),
                                            .pStages = stages.data(),
                                            .pVertexInputState = &input,
                                            .pInputAssemblyState = &assembly,
                                            .pViewportState = &viewports,
                                            .pRasterizationState = &raster,
                                            .pMultisampleState = &samples,
                                            .pColorBlendState = &blend,
                                            .layout = m_layout};
    Expect(vkCreateGraphicsPipelines(m_owner.device, VK_NULL_HANDLE, 1, &info, nullptr, &m_pipeline),
           "vkCreateGraphicsPipelines");
    vkDestroyShaderModule(m_owner.device, vertex, nullptr);
    vkDestroyShaderModule(m_owner.device, fragment, nullptr);
}

void PlainRenderer::BeginPass(VkCommandBuffer commands)
{
    // The pass before may still write or be read back: all of it comes first.
    const VkImageMemoryBarrier2 barrier{.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
                                        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                                        .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
                                        .dstStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
                                        .dstAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT,
                                        .oldLayout = VK_IMAGE_LAYOUT_UNDEFINED,
                                        .newLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
                                        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                        .image = m_image,
                                        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
    const VkDependencyInfo dependency{
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO, .imageMemoryBarrierCount = 1, .pImageMemoryBarriers = &barrier};
    vkCmdPipelineBarrier2(commands, &dependency);
    const VkRenderingAttachmentInfo colour{.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                           .imageView = m_view,
                                           .imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
                                           .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                           .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
                                           .clearValue = {.color = {{0.0F, 0.0F, 0.0F, 1.0F}}}};
    const VkRenderingInfo rendering{.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
                                    .renderArea = {{0, 0}, {m_size, m_size}},
                                    .layerCount = 1,
                                    .colorAttachmentCount = 1,
                                    .pColorAttachments = &colour};
    vkCmdBeginRendering(commands, &rendering);
    vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, m_pipeline);
}

void PlainRenderer::EndPass(VkCommandBuffer commands) { vkCmdEndRendering(commands); }
} // namespace example
