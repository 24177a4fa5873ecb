// What a queue family may do, by its flags and its granularity. Pure logic.
#pragma once

#include <vulkan/vulkan_core.h>

namespace sedx::simulator
{
// Pipeline stages that a queue with these flags does not have, as Vulkan's registry says. Those of video and of the
// extensions of one vendor are not looked at.
constexpr VkPipelineStageFlags2 UnsupportedStages(VkQueueFlags queue)
{
    constexpr VkPipelineStageFlags2 kGraphics =
        VK_PIPELINE_STAGE_2_VERTEX_INPUT_BIT | VK_PIPELINE_STAGE_2_INDEX_INPUT_BIT |
        VK_PIPELINE_STAGE_2_VERTEX_ATTRIBUTE_INPUT_BIT | VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT |
        VK_PIPELINE_STAGE_2_TESSELLATION_CONTROL_SHADER_BIT | VK_PIPELINE_STAGE_2_TESSELLATION_EVALUATION_SHADER_BIT |
        VK_PIPELINE_STAGE_2_GEOMETRY_SHADER_BIT | VK_PIPELINE_STAGE_2_PRE_RASTERIZATION_SHADERS_BIT |
        VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT | VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT |
        VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT | VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT |
        VK_PIPELINE_STAGE_2_ALL_GRAPHICS_BIT | VK_PIPELINE_STAGE_2_TRANSFORM_FEEDBACK_BIT_EXT |
        VK_PIPELINE_STAGE_2_FRAGMENT_SHADING_RATE_ATTACHMENT_BIT_KHR |
        VK_PIPELINE_STAGE_2_FRAGMENT_DENSITY_PROCESS_BIT_EXT | VK_PIPELINE_STAGE_2_TASK_SHADER_BIT_EXT |
        VK_PIPELINE_STAGE_2_MESH_SHADER_BIT_EXT;
    constexpr VkPipelineStageFlags2 kCompute =
        VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_2_RAY_TRACING_SHADER_BIT_KHR |
        VK_PIPELINE_STAGE_2_ACCELERATION_STRUCTURE_BUILD_BIT_KHR | VK_PIPELINE_STAGE_2_MICROMAP_BUILD_BIT_EXT;
    constexpr VkPipelineStageFlags2 kEither =
        VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT | VK_PIPELINE_STAGE_2_CONDITIONAL_RENDERING_BIT_EXT;
    const bool hasGraphics = (queue & VK_QUEUE_GRAPHICS_BIT) != 0;
    const bool hasCompute = (queue & VK_QUEUE_COMPUTE_BIT) != 0;
    VkPipelineStageFlags2 stages = 0;
    if (!hasGraphics)
        stages |= kGraphics;
    if (!hasCompute)
        stages |= kCompute;
    if (!hasGraphics && !hasCompute)
        stages |= kEither;
    return stages;
}

// What a queue must be able to do to use a pipeline that is bound here. Rays are traced on compute queues.
constexpr VkQueueFlags NeededFor(VkPipelineBindPoint point)
{
    return point == VK_PIPELINE_BIND_POINT_GRAPHICS ? VK_QUEUE_GRAPHICS_BIT : VK_QUEUE_COMPUTE_BIT;
}

// Whether a copy may touch this region of an image of this size. All-zero granularity: only whole images.
constexpr bool RespectsGranularity(const VkExtent3D& granularity, const VkExtent3D& image, const VkOffset3D& offset,
                                   const VkExtent3D& extent)
{
    const auto fits = [](uint32_t step, uint32_t size, int32_t begin, uint32_t count) {
        const auto first = static_cast<uint32_t>(begin);
        if (step == 0)
            return first == 0 && count == size;
        return first % step == 0 && (count % step == 0 || first + count == size);
    };
    return fits(granularity.width, image.width, offset.x, extent.width) &&
           fits(granularity.height, image.height, offset.y, extent.height) &&
           fits(granularity.depth, image.depth, offset.z, extent.depth);
}
} // namespace sedx::simulator
