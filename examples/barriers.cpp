// Synchronization on one queue: barriers that are named by use, a barrier in two halves, and bytes that go from the CPU to
// the GPU and back through mapped pointers. Copies stand for what shaders would do: the helpers only see uses.
#include "support/own_commands.h"
#include "support/own_semaphore.h"

#include <cstring>
#include <vector>

using example::Expect;
using example::Value;
using sedx::Use;

namespace
{
constexpr uint32_t kWords = 1024;
constexpr uint64_t kBytes = kWords * sizeof(uint32_t);
} // namespace

int main()
{
    const sedx::Device device = Value(sedx::Device::Create({}));
    const auto system = Value(sedx::BufferSystem::Create({.device = device}));
    const auto make = [&](sedx::MemoryType memory, const char* name) {
        return Value(system->CreateBuffer(
            {.bytes = kBytes, .usage = sedx::BufferUsage::Storage, .memory = memory, .name = name}));
    };
    const sedx::Buffer input = make(sedx::MemoryType::CPU, "input");
    const sedx::Buffer lateInput = make(sedx::MemoryType::CPU, "late input");
    const sedx::Buffer particles = make(sedx::MemoryType::GPU, "particles");
    const sedx::Buffer unrelated = make(sedx::MemoryType::GPU, "unrelated");
    const sedx::Buffer output = make(sedx::MemoryType::Readback, "output");

    example::OwnSemaphore isWritten(device);
    sedx::TimelinePoint done;
    {
        example::OwnCommands commands(*system, 0);
        const sedx::Frame frame = Value(system->BeginFrame());
        VkCommandBuffer cmd = commands.Begin(frame);
        const auto copy = [&](const sedx::Buffer& source, const sedx::Buffer& target) {
            Value(system->CopyBuffer(frame, cmd, source, target, kBytes));
        };

        // The CPU writes where the GPU reads. Before the submission a flush is all that it takes.
        const auto write = [&](const sedx::Buffer& target, uint32_t number) {
            const std::vector<uint32_t> numbers(kWords, number);
            std::memcpy(frame.Resolve(target).mapped, numbers.data(), kBytes);
            Value(sedx::FlushHostWrites(frame, target));
        };
        write(input, 2026);
        // What it writes later, while the GPU waits for it (see below), takes a barrier.
        Value(sedx::CmdHostToDevice(frame, cmd, lateInput, Use::TransferRead));

        // "A compute shader fills the particles, another one reads them": one command for any number of such sentences.
        copy(input, particles);
        sedx::SplitBarrier split;
        split.Dependencies().Buffer(particles, Use::TransferWrite, Use::TransferRead);
        Value(split.CmdSet(frame, cmd));
        copy(lateInput, unrelated); // runs while the particles are still being written
        Value(split.CmdWait(frame, cmd));
        copy(particles, output);
        Value(sedx::Barriers()
                  .Buffer(unrelated, Use::TransferWrite, Use::TransferRead)
                  .Buffer(particles, Use::TransferRead, Use::TransferWrite)
                  .Cmd(frame, cmd));
        copy(unrelated, particles);

        // The CPU reads what the GPU wrote: a barrier for that, and the submission must have passed.
        Value(sedx::CmdDeviceToHost(frame, cmd, output, Use::TransferWrite));
        const VkSemaphoreSubmitInfo gate = isWritten.SubmitInfo();
        done = commands.Submit(frame, {}, {&gate, 1});
        write(lateInput, 2027);
        isWritten.Signal();
        Value(system->EndFrame(frame));
        // Waits for all that was sent before it. An engine would look at HasPassed(done) in a later frame instead.
        const sedx::ReadbackTicket last = Value(system->Readbacks().Request(particles));
        Value(last.Wait());
        Expect(last.Span<uint32_t>()[0] == 2027, "the late bytes made their way");
    }
    Expect(system->HasPassed(done), "the frame has passed");
    {
        const auto seen = Value(system->MapReadable<uint32_t>(output)); // invalidates where memory is not coherent
        for (const uint32_t word : seen.Span())
            Expect(word == 2026, "the bytes made their way");
    }
    // The same by a pointer that a frame resolves.
    const sedx::Frame frame = Value(system->BeginFrame());
    Value(sedx::InvalidateHostReads(frame, output));
    Expect(*static_cast<const uint32_t*>(frame.Resolve(output).mapped) == 2026, "the bytes are there");
    Value(system->AbandonFrame(frame)); // nothing was submitted
}
