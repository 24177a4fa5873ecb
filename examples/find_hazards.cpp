// The tracker of a checked system finds a missing barrier where validation layers see none: a buffer that shaders reach by its
// device address. The dispatches themselves are left out; the tracker believes what it is told.
#include "support/own_commands.h"

#include <string>

using example::Expect;
using example::Value;
using sedx::Use;

int main()
{
    const sedx::Device device = Value(sedx::Device::Create({}));
    const auto system = Value(sedx::BufferSystem::Create({.device = device, .checked = true}));
    const sedx::Buffer particles = Value(system->CreateBuffer(
        {.bytes = 65'536, .usage = sedx::BufferUsage::Storage, .name = "particles", .pinned = true}));
    std::string log; // an application would leave the log as it is
    sedx::SetLogSink(
        [](const sedx::LogMessage& message, void* user) { *static_cast<std::string*>(user) += message.text; }, &log);

    sedx::HazardTracker hazards = system->Hazards();
    const auto frame = [&](bool hasBarrier) {
        example::OwnCommands commands(*system, 0);
        const sedx::Frame now = Value(system->BeginFrame());
        VkCommandBuffer cmd = commands.Begin(now);
        Value(sedx::Barriers()
                  .Buffer(particles, Use::VertexRead, Use::ComputeWrite)
                  .Cmd(now, cmd)); // of the frame before
        hazards.CmdAccess(now, cmd, particles, Use::ComputeWrite);
        // vkCmdDispatch: moves the particles, by their address
        if (hasBarrier)
            Value(sedx::Barriers().Buffer(particles, Use::ComputeWrite, Use::VertexRead).Cmd(now, cmd));
        hazards.CmdAccess(now, cmd, particles, Use::VertexRead);
        // vkCmdDraw: reads them, by their address
        commands.Submit(now);
        Value(system->EndFrame(now));
        Value(Value(system->Readbacks().Request({particles, 0, 4})).Wait()); // the commands go with this scope
    };
    frame(true);
    Expect(hazards.Report().Total() == 0, "what is right stays silent");
    frame(false);
    Expect(hazards.Report().Count(sedx::HazardKind::ReadAfterWrite) == 1, "what is missing is found");
    Expect(log.find("'particles'") != std::string::npos, "and named");
    const sedx::Hazard hazard = hazards.Report().last.front();
    Expect(hazard.first.use == Use::ComputeWrite && hazard.second.use == Use::VertexRead, "with both accesses");
    Expect(hazard.first.where.line() < hazard.second.where.line(), "and both places");
    sedx::SetLogSink(nullptr, nullptr);
}
