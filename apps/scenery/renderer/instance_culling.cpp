#include "renderer/instance_culling.h"

#include "failure.h"
#include "renderer/shader_code.h"

#include <fmt/format.h>
#include <sedx/barriers.h>
#include <volk.h>

#include <algorithm>
#include <cstring>

namespace scenery
{
namespace
{
using sedx::BufferUsage;
using sedx::Use;

// Far more than any scene needs: 4 million instances.
constexpr uint64_t kMaxRingBytes = 1ull << 30;

template <class T>
VkDeviceAddress Put(sedx::RingBuffer& ring, const sedx::Frame& frame, const std::vector<T>& list)
{
    if (list.empty())
        return 0;
    const uint64_t bytes = list.size() * sizeof(T);
    const sedx::BufferSlice slice = Require(ring.Allocate(frame, bytes), "lists of what is to be drawn");
    std::memcpy(slice.mapped, list.data(), bytes);
    return slice.address;
}

sedx::BufferSlice Reserve(sedx::RingBuffer& ring, const sedx::Frame& frame, uint64_t count, uint64_t elementBytes)
{
    return Require(ring.Allocate(frame, std::max<uint64_t>(count, 1) * elementBytes), "memory for culling");
}
} // namespace

InstanceCulling::InstanceCulling(const VulkanContext& context, sedx::BufferSystem& system,
                                 sedx::BindlessBufferSystem& bindless)
    : m_context(context), m_bindless(bindless),
      m_cullInstances(context, bindless.GetSetLayout(), sizeof(gpu::CullConstants), shader_code::CullInstances()),
      m_writeDraws(context, bindless.GetSetLayout(), sizeof(gpu::CullConstants), shader_code::WriteDraws()),
      m_lists(Require(sedx::RingBuffer::Create(system, {.usage = BufferUsage::Storage,
                                                        .maxBytes = kMaxRingBytes,
                                                        .name = "lists of what is to be drawn"}),
                      "culling")),
      m_scratch(Require(sedx::RingBuffer::Create(system, {.usage = BufferUsage::Storage | BufferUsage::Indirect,
                                                          .memory = sedx::MemoryType::GPU,
                                                          .maxBytes = kMaxRingBytes,
                                                          .name = "culled draws"}),
                        "culling")),
      m_counters(Require(system.CreateBuffer(sizeof(gpu::CullCounters), BufferUsage::Storage | BufferUsage::Indirect,
                                             sedx::MemoryType::GPU, "culling counters"),
                         "culling")),
      m_newest(Require(system.Readbacks().Subscribe({m_counters, 0, sizeof(gpu::CullCounters)}), "culling"))
{
}

CulledDraws InstanceCulling::Prepare(const sedx::Frame& frame, const Camera& camera, const DrawLists& lists)
{
    // Fewer draws than there are would be a wrong picture.
    if (const uint32_t limit = m_context.GetDevice().Properties().limits.maxDrawIndirectCount;
        lists.candidates.size() > limit)
        throw Failure(
            fmt::format("the scene may have {} draws, and the device takes {} in a call (maxDrawIndirectCount)",
                        lists.candidates.size(), limit));
    CulledDraws work;
    gpu::CullConstants& constants = work.constants;
    std::ranges::transform(camera.Sides(), constants.sides,
                           [](const glm::vec3& normal) { return glm::vec4(normal, 0.0F); });
    constants.chunkCount = static_cast<uint32_t>(lists.chunks.size());
    constants.candidateCount = static_cast<uint32_t>(lists.candidates.size());
    constants.batches = Put(m_lists, frame, lists.batches);
    constants.chunks = Put(m_lists, frame, lists.chunks);
    constants.candidates = Put(m_lists, frame, lists.candidates);
    constants.visibleCounts = Reserve(m_scratch, frame, lists.chunks.size(), sizeof(uint32_t)).address;
    constants.visible = Reserve(m_scratch, frame, lists.chunks.size(), gpu::kChunkInstances * sizeof(uint32_t)).address;
    work.draws = Reserve(m_scratch, frame, lists.candidates.size(), sizeof(gpu::Draw));
    constants.draws = work.draws.address;
    work.count = frame.Resolve(m_counters);
    constants.counters = work.count.address;
    return work;
}

void InstanceCulling::CmdCull(const sedx::Frame& frame, VkCommandBuffer cmd, const CulledDraws& work)
{
    Require(m_bindless.CmdBind(frame, cmd, VK_PIPELINE_BIND_POINT_COMPUTE, m_cullInstances.Layout(), 0), "frame");
    // Both layouts are alike: set and constants stay for the second pass.
    vkCmdPushConstants(cmd, m_cullInstances.Layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof work.constants,
                       &work.constants);
    if (const uint32_t chunks = work.constants.chunkCount; chunks > 0)
    {
        const uint32_t limit = m_context.GetDevice().Properties().limits.maxComputeWorkGroupCount[0];
        const uint32_t width = std::min(chunks, limit);
        vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, m_cullInstances.Handle());
        vkCmdDispatch(cmd, width, (chunks + width - 1) / width, 1);
    }
    // The counters are the only thing that the frame before has used, too.
    Require(sedx::Barriers()
                .Memory(Use::ComputeWrite | Use::IndirectRead | Use::TransferRead, Use::ComputeRead | Use::ComputeWrite)
                .Cmd(frame, cmd),
            "culling");
    vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, m_writeDraws.Handle());
    vkCmdDispatch(cmd, 1, 1, 1);
    Require(sedx::Barriers().Memory(Use::ComputeWrite, Use::IndirectRead | Use::VertexRead).Cmd(frame, cmd), "culling");
}

void InstanceCulling::CmdDraw(VkCommandBuffer cmd, const CulledDraws& work) const
{
    vkCmdDrawIndirectCount(cmd, work.draws.buffer, work.draws.offset, work.count.buffer, work.count.offset,
                           work.constants.candidateCount, sizeof(gpu::Draw));
}

gpu::CullCounters InstanceCulling::Counters() const
{
    const sedx::ReadbackValue value = m_newest.Latest();
    return value ? value.Span<gpu::CullCounters>().front() : gpu::CullCounters{};
}
} // namespace scenery
