#include "support/culling_passes.h"

#include <sedx/barriers.h>

#include <algorithm>

namespace bench
{
namespace
{
constexpr int kWarmRuns = 300;

// clang-format off
constexpr uint32_t kCullInstances[] = {
#include "shaders/cull_instances.comp.inc"
};
constexpr uint32_t kWriteDraws[] = {
#include "shaders/write_draws.comp.inc"
};
// clang-format on

void RequireSuccess(VkResult result, std::string_view what)
{
    Require(result == VK_SUCCESS, std::string(what) + ": " + sedx::ToString(result));
}

template <class T>
sedx::Buffer MakeList(sedx::BufferSystem& system, const std::vector<T>& elements)
{
    return Require(system.Factory().CreateStorageBuffer(std::span<const T>(elements)), "creating a buffer");
}

sedx::Buffer MakeOutput(sedx::BufferSystem& system, uint64_t bytes)
{
    return Require(system.CreateBuffer({.bytes = bytes, .usage = sedx::BufferUsage::Storage}), "creating a buffer");
}

template <class T>
std::vector<T> ReadAll(sedx::BufferSystem& system, const sedx::Buffer& buffer)
{
    const auto ticket = Require(system.Readbacks().Request(buffer), "reading back");
    Require(ticket.Wait(), "reading back");
    const std::span<const T> elements = ticket.template Span<T>();
    return {elements.begin(), elements.end()};
}
} // namespace

CullingPasses::CullingPasses(const Context& context, const CullingScene& scene)
    : m_scene(scene), m_system(MakeSystem(context)),
      m_bindless(m_system->Modules().Emplace<sedx::BindlessBufferSystem>(*m_system)), m_queue(context.device)
{
    Require(m_bindless.Status(), "bindless buffers");
    m_instances = MakeList(*m_system, scene.instances);
    std::vector<gpu::Batch> batches = scene.batches;
    const uint32_t instances = m_bindless.RegisterBuffer(m_instances);
    for (gpu::Batch& batch : batches)
        batch.instances = instances;
    m_batches = MakeList(*m_system, batches);
    m_chunks = MakeList(*m_system, scene.chunks);
    m_candidates = MakeList(*m_system, scene.candidates);
    m_visibleCounts = MakeOutput(*m_system, scene.chunks.size() * sizeof(uint32_t));
    m_visible = MakeOutput(*m_system, scene.chunks.size() * gpu::kChunkInstances * sizeof(uint32_t));
    m_draws = MakeOutput(*m_system, scene.candidates.size() * sizeof(gpu::Draw));
    m_counters = MakeOutput(*m_system, sizeof(gpu::CullCounters));

    const sedx::Device& device = m_system->GetDevice();
    const VkDescriptorSetLayout set = m_bindless.GetSetLayout();
    const VkPushConstantRange constants{VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(gpu::CullConstants)};
    VkPipelineLayoutCreateInfo layout{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
    layout.setLayoutCount = 1;
    layout.pSetLayouts = &set;
    layout.pushConstantRangeCount = 1;
    layout.pPushConstantRanges = &constants;
    RequireSuccess(device.Functions().CreatePipelineLayout(device.Handle(), &layout, nullptr, &m_layout), "a layout");
    m_cullInstances = MakePipeline(kCullInstances);
    m_writeDraws = MakePipeline(kWriteDraws);
    VkQueryPoolCreateInfo queries{VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO};
    queries.queryType = VK_QUERY_TYPE_TIMESTAMP;
    queries.queryCount = 2;
    RequireSuccess(device.Functions().CreateQueryPool(device.Handle(), &queries, nullptr, &m_queries), "timestamps");
}

CullingPasses::~CullingPasses()
{
    const sedx::Device& device = m_system->GetDevice();
    device.Functions().DestroyQueryPool(device.Handle(), m_queries, nullptr);
    device.Functions().DestroyPipeline(device.Handle(), m_cullInstances, nullptr);
    device.Functions().DestroyPipeline(device.Handle(), m_writeDraws, nullptr);
    device.Functions().DestroyPipelineLayout(device.Handle(), m_layout, nullptr);
}

VkPipeline CullingPasses::MakePipeline(std::span<const uint32_t> code)
{
    const sedx::Device& device = m_system->GetDevice();
    const sedx::DeviceDispatch& vk = device.Functions();
    VkShaderModuleCreateInfo module{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
    module.codeSize = code.size_bytes();
    module.pCode = code.data();
    VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
    info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
    info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    info.stage.pName = "main";
    info.layout = m_layout;
    RequireSuccess(vk.CreateShaderModule(device.Handle(), &module, nullptr, &info.stage.module), "a shader");
    VkPipeline pipeline = VK_NULL_HANDLE;
    const VkResult result = vk.CreateComputePipelines(device.Handle(), VK_NULL_HANDLE, 1, &info, nullptr, &pipeline);
    vk.DestroyShaderModule(device.Handle(), info.stage.module, nullptr);
    RequireSuccess(result, "a pipeline");
    return pipeline;
}

double CullingPasses::Run()
{
    const sedx::Frame frame = Require(m_system->BeginFrame(), "BeginFrame");
    const VkCommandBuffer cmd = m_queue.Begin();
    Record(frame, cmd);
    const sedx::SubmitSync sync = Require(frame.SubmitSync(0), "SubmitSync");
    m_queue.SubmitAndWait(&sync);
    Require(m_system->EndFrame(frame), "EndFrame");
    return TakeTime();
}

void CullingPasses::Record(const sedx::Frame& frame, VkCommandBuffer cmd)
{
    const sedx::DeviceDispatch& vk = m_system->GetDevice().Functions();
    const auto address = [&frame](const sedx::Buffer& buffer) { return frame.Resolve(buffer).address; };
    gpu::CullConstants constants{.batches = address(m_batches),
                                 .chunks = address(m_chunks),
                                 .candidates = address(m_candidates),
                                 .visibleCounts = address(m_visibleCounts),
                                 .visible = address(m_visible),
                                 .draws = address(m_draws),
                                 .counters = address(m_counters),
                                 .chunkCount = static_cast<uint32_t>(m_scene.chunks.size()),
                                 .candidateCount = static_cast<uint32_t>(m_scene.candidates.size())};
    std::ranges::copy(m_scene.sides, constants.sides);
    vk.CmdResetQueryPool(cmd, m_queries, 0, 2);
    Require(m_bindless.CmdBind(frame, cmd, VK_PIPELINE_BIND_POINT_COMPUTE, m_layout, 0), "CmdBind");
    vk.CmdPushConstants(cmd, m_layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof constants, &constants);
    const auto barrier = [&](sedx::Use before, sedx::Use after) {
        Require(sedx::Barriers().Memory(before, after).Cmd(frame, cmd), "a barrier");
    };
    const auto cull = [&] {
        vk.CmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, m_cullInstances);
        vk.CmdDispatch(cmd, constants.chunkCount, 1, 1);
        barrier(sedx::Use::ComputeWrite, sedx::Use::ComputeRead);
        vk.CmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, m_writeDraws);
        vk.CmdDispatch(cmd, 1, 1, 1);
    };
    // A GPU that had nothing to do for a while has a low clock: a renderer's has not.
    const bool isGpu = m_system->GetDevice().Properties().deviceType != VK_PHYSICAL_DEVICE_TYPE_CPU;
    for (int warm = 0; warm < (isGpu ? kWarmRuns : 0); ++warm)
    {
        cull();
        barrier(sedx::Use::ComputeRead | sedx::Use::ComputeWrite, sedx::Use::ComputeRead | sedx::Use::ComputeWrite);
    }
    vk.CmdWriteTimestamp2(cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, m_queries, 0);
    cull();
    vk.CmdWriteTimestamp2(cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, m_queries, 1);
}

double CullingPasses::TakeTime()
{
    const sedx::Device& device = m_system->GetDevice();
    uint64_t ticks[2]{};
    RequireSuccess(device.Functions().GetQueryPoolResults(device.Handle(), m_queries, 0, 2, sizeof ticks, ticks,
                                                          sizeof ticks[0], VK_QUERY_RESULT_64_BIT),
                   "timestamps");
    const uint32_t bits = device.Queues()[0].timestampValidBits;
    const uint64_t mask = bits >= 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
    const double period = double{device.Properties().limits.timestampPeriod}; // nanoseconds
    return static_cast<double>((ticks[1] - ticks[0]) & mask) * period * 1e-9;
}

void CullingPasses::Verify()
{
    const auto visibleCounts = ReadAll<uint32_t>(*m_system, m_visibleCounts);
    const auto visible = ReadAll<uint32_t>(*m_system, m_visible);
    const auto draws = ReadAll<gpu::Draw>(*m_system, m_draws);
    const auto counters = ReadAll<gpu::CullCounters>(*m_system, m_counters);
    VerifyCulling(m_scene,
                  {.visibleCounts = visibleCounts, .visible = visible, .draws = draws, .counters = counters.front()});
}
} // namespace bench
