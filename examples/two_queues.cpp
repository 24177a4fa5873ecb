// A producer and a consumer on different queues: the consumer waits for a point of the producer's timeline at the stages that
// need it, and a buffer that belongs to one family changes hands. On a device with one queue the same code is right, too.
#include "support/own_commands.h"
#include "support/own_semaphore.h"

using example::Expect;
using example::Value;
using sedx::Use;

namespace
{
constexpr uint64_t kBytes = 4096;
constexpr uint32_t kFrames = 10;
} // namespace

int main()
{
    const sedx::Device device = Value(sedx::Device::Create({}));
    const auto system = Value(sedx::BufferSystem::Create({.device = device}));
    const uint32_t producer = static_cast<uint32_t>(device.Queues().size()) - 1; // perhaps queue 0 itself
    const uint32_t consumer = 0;
    const auto make = [&](const char* name, sedx::Ownership ownership) {
        return Value(system->CreateBuffer({.bytes = kBytes,
                                           .usage = sedx::BufferUsage::Storage,
                                           .name = name,
                                           .ownership = ownership,
                                           .ownerQueue = consumer}));
    };
    const sedx::Buffer source = make("source", sedx::Ownership::Concurrent);
    const sedx::Buffer mesh = make("mesh", sedx::Ownership::Exclusive);
    const sedx::Buffer drawn = make("drawn", sedx::Ownership::Concurrent);
    const std::vector<uint32_t> numbers(kBytes / sizeof(uint32_t), 2026);
    Value(system->Uploads().Write(source, 0, std::span<const uint32_t>(numbers)));

    {
        example::OwnCommands producing(*system, producer);
        example::OwnCommands consuming(*system, consumer);
        sedx::TimelinePoint consumed; // of the frame before: the producer must not overtake it
        for (uint32_t i = 0; i < kFrames; ++i)
        {
            const sedx::Frame frame = Value(system->BeginFrame());

            VkCommandBuffer cmd = producing.Begin(frame);
            Value(
                sedx::Barriers().Buffer(mesh, Use::AnyRead, Use::TransferWrite).Cmd(frame, cmd)); // if it is one queue
            Value(
                system->CopyBuffer(frame, cmd, source, mesh, kBytes)); // all of it: what was there need not be acquired
            sedx::OwnershipTransfer transfer{.view = mesh,
                                             .fromQueue = producer,
                                             .before = Use::TransferWrite,
                                             .toQueue = consumer,
                                             .after = Use::TransferRead};
            Value(transfer.CmdRelease(frame, cmd));
            const sedx::QueueWait overtaking{.point = consumed, .use = Use::TransferWrite};
            const sedx::TimelinePoint produced = producing.Submit(frame, {&overtaking, 1});

            cmd = consuming.Begin(frame);
            Value(transfer.CmdAcquire(frame, cmd));
            Value(sedx::Barriers().Buffer(drawn, Use::AnyWrite, Use::TransferWrite).Cmd(frame, cmd));
            Value(system->CopyBuffer(frame, cmd, mesh, drawn, kBytes));
            const sedx::QueueWait production{.point = produced, .use = Use::TransferRead};
            consumed = consuming.Submit(frame, {&production, 1});
            Value(system->EndFrame(frame));
        }
        // A submission that is no part of a frame, say of a capture, waits for the last one. Its commands are left out.
        const VkSemaphoreSubmitInfo wait =
            Value(sedx::SubmitInfoOf(*system, {.point = consumed, .use = Use::TransferRead}));
        example::OwnSemaphore captured(device);
        const VkSemaphoreSubmitInfo signal = captured.SubmitInfo();
        const VkSubmitInfo2 capture{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
                                    .waitSemaphoreInfoCount = 1,
                                    .pWaitSemaphoreInfos = &wait,
                                    .signalSemaphoreInfoCount = 1,
                                    .pSignalSemaphoreInfos = &signal};
        Value(device.Submit(producer, {&capture, 1}));
        captured.Wait();
        Expect(system->HasPassed(consumed), "what the capture waited for has passed");

        const sedx::ReadbackTicket back = Value(system->Readbacks().Request(drawn));
        Value(back.Wait());
        for (const uint32_t word : back.Span<uint32_t>())
            Expect(word == 2026, "the consumer saw what the producer made");
    }
}
