#include "renderer/scene_renderer.h"

#include "failure.h"
#include "renderer/draw_call_counter.h"
#include "shaders/scene_shared.h"

#include <sedx/profile.h>

#include <volk.h>

#include <glm/geometric.hpp>

#include <cstring>

namespace scenery
{
namespace
{
// Afternoon: in the west-south-west, low enough to show relief.
const glm::vec3 kTowardsSun = glm::normalize(glm::vec3(-0.78F, -0.22F, 0.52F));
} // namespace

SceneRenderer::SceneRenderer(const VulkanContext& context, sedx::BufferSystem& system,
                             sedx::BindlessBufferSystem& bindless, const Pipelines& pipelines, FrameSlots& slots,
                             double earthRadius)
    : m_context(context), m_bindless(bindless), m_pipelines(pipelines), m_slots(slots),
      m_culling(context, system, bindless),
      m_constants(
          Require(sedx::RingBuffer::Create(system, {.usage = sedx::BufferUsage::Uniform, .name = "frame constants"}),
                  "frame constants")),
      m_earthRadius(earthRadius)
{
}

const OffscreenTarget& SceneRenderer::Draw(const sedx::Frame& frame, const Camera& camera,
                                           std::span<const GpuMesh* const> meshes)
{
    SEDX_PROFILE_SCOPE("SceneRenderer::Draw");
    FrameSlot& slot = m_slots[frame.Index()];
    TakeCullTime(slot);
    slot.frame = frame.Number();
    m_lists.Fill(meshes, camera.Position());
    const CulledDraws draws = m_culling.Prepare(frame, camera, m_lists);
    m_slots.Begin(slot, WriteConstants(frame, camera, draws));
    const VkCommandBuffer cmd = slot.cmd;
    slot.cullTimer->CmdBegin(cmd);
    m_culling.CmdCull(frame, cmd, draws);
    slot.cullTimer->CmdEnd(cmd);

    slot.target->Begin(cmd);
    vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, m_pipelines.Layout(), 0, 1, &slot.set, 0, nullptr);
    Require(m_bindless.CmdBind(frame, cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, m_pipelines.Layout(), 1), "frame");
    vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, m_pipelines.Meshes());
    m_culling.CmdDraw(cmd, draws);
    vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, m_pipelines.Background());
    vkCmdDraw(cmd, 3, 1, 0, 0);
    slot.target->End(cmd);
    m_drawCalls = TakeDrawCalls();
    RequireVk(vkEndCommandBuffer(cmd), "command buffer");
    Submit(frame, cmd);
    return *slot.target;
}

FrameTimes SceneRenderer::TakeCullTimes(uint64_t completedFrame)
{
    for (FrameSlot& slot : m_slots.All())
    {
        if (slot.frame <= completedFrame)
            TakeCullTime(slot);
    }
    return std::move(m_cullTimes);
}

void SceneRenderer::TakeCullTime(FrameSlot& slot)
{
    if (const std::optional<double> time = slot.cullTimer->Take())
        m_cullTimes.Add(*time);
}

sedx::BufferSlice SceneRenderer::WriteConstants(const sedx::Frame& frame, const Camera& camera,
                                                const CulledDraws& draws)
{
    const glm::dvec3& position = camera.Position();
    const glm::dvec3 fromCentre = position + glm::dvec3(0.0, 0.0, m_earthRadius);
    const bool hasEarth = m_earthRadius > 0.0;
    const double altitude = hasEarth ? glm::length(fromCentre) - m_earthRadius : position.z;
    const glm::dvec3 up = hasEarth ? glm::normalize(fromCentre) : glm::dvec3(0.0, 0.0, 1.0);

    gpu::FrameConstants constants;
    constants.viewProjection = camera.ViewProjection();
    constants.cameraPosition = glm::vec4(glm::vec3(position), static_cast<float>(altitude));
    constants.cameraUp = glm::vec4(glm::vec3(up), static_cast<float>(m_earthRadius));
    constants.rayRight = glm::vec4(camera.RayRight(), 0.0F);
    constants.rayUp = glm::vec4(camera.RayUp(), 0.0F);
    constants.rayForward = glm::vec4(camera.Forward(), 0.0F);
    constants.sun = glm::vec4(kTowardsSun, 0.0F);
    constants.batches = draws.constants.batches;
    constants.draws = draws.constants.draws;
    constants.visible = draws.constants.visible;
    constants.unused = 0;

    const sedx::BufferSlice slice = Require(m_constants.Allocate(frame, sizeof constants), "frame constants");
    std::memcpy(slice.mapped, &constants, sizeof constants);
    return slice;
}

void SceneRenderer::Submit(const sedx::Frame& frame, VkCommandBuffer cmd) const
{
    const sedx::SubmitSync sync = Require(frame.SubmitSync(0), "frame");
    VkCommandBufferSubmitInfo cmdInfo{VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO};
    cmdInfo.commandBuffer = cmd;
    VkSubmitInfo2 submit{VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
    submit.waitSemaphoreInfoCount = static_cast<uint32_t>(sync.Waits().size());
    submit.pWaitSemaphoreInfos = sync.Waits().data();
    submit.commandBufferInfoCount = 1;
    submit.pCommandBufferInfos = &cmdInfo;
    submit.signalSemaphoreInfoCount = static_cast<uint32_t>(sync.Signals().size());
    submit.pSignalSemaphoreInfos = sync.Signals().data();
    Require(m_context.GetDevice().Submit(0, std::span(&submit, 1)), "frame");
}
} // namespace scenery
