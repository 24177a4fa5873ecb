// TestPipeline: a pipeline with one descriptor set, so that tests can let shaders look at buffers.
//
//     TestPipeline pipeline(device, {.compute = kSumComp});
//     pipeline.Set(1, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, info);      // not while the GPU uses the set
//     pipeline.Bind(cmd);                                            // pipeline and set
//
// The set has these bindings, of which a shader may use any: 0 uniform buffer, 1 and 2 storage buffers, 3 uniform texels,
// 4 storage texels. Graphics: vertices of one uint at location 0, points, no attachments, nothing is rasterised.
#pragma once

#include "support/raw_functions.h"

#include <span>

namespace sedx::test
{
class TestPipeline
{
  public:
    struct Stages // SPIR-V; either compute, or vertex, or mesh
    {
        std::span<const uint32_t> compute{};
        std::span<const uint32_t> vertex{};
        std::span<const uint32_t> mesh{};
    };
    TestPipeline(const Device& device, const Stages& stages);
    ~TestPipeline(); // the GPU must have passed
    TestPipeline(const TestPipeline&) = delete;
    TestPipeline& operator=(const TestPipeline&) = delete;

    void Set(uint32_t binding, const VkDescriptorBufferInfo& buffer);
    void Set(uint32_t binding, VkBufferView view);
    void Bind(VkCommandBuffer cmd) const;
    // A pass of 1 x 1 pixels around draws.
    void BeginPass(VkCommandBuffer cmd) const;
    void EndPass(VkCommandBuffer cmd) const;

  private:
    void CreateLayout();
    void CreateGraphics(const Stages& stages);
    VkShaderModule Module(std::span<const uint32_t> code) const;

    VkDevice m_device;
    RawFunctions m_functions;
    VkPipelineBindPoint m_bindPoint = VK_PIPELINE_BIND_POINT_COMPUTE;
    VkDescriptorSetLayout m_setLayout = VK_NULL_HANDLE;
    VkDescriptorPool m_pool = VK_NULL_HANDLE;
    VkDescriptorSet m_set = VK_NULL_HANDLE;
    VkPipelineLayout m_layout = VK_NULL_HANDLE;
    VkPipeline m_pipeline = VK_NULL_HANDLE;
};
} // namespace sedx::test
