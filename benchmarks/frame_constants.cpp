// frame_constants: 10,000 blocks of 256 bytes for one frame from a RingBuffer, what the caller writes into them included.
//
// Limit: the same writes one after the other into mapped memory that is already there, without an allocator. One frame is
// verified by copying every block on the GPU and comparing all of them.
#include "support/context.h"
#include "support/measure.h"
#include "support/raw_copy.h"

#include <sedx/ring_buffer.h>

#include <array>
#include <cstring>

namespace bench
{
namespace
{
constexpr uint64_t kBlockBytes = 256;
constexpr size_t kBlocks = 10'000;

using Block = std::array<uint64_t, kBlockBytes / sizeof(uint64_t)>;

Block MakeBlock(uint64_t seed)
{
    Block block{};
    for (uint64_t& word : block)
        word = seed = seed * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    return block;
}

void VerifyFrame(Context& context, sedx::BufferSystem& system, sedx::RingBuffer& ring)
{
    RawQueue queue(context.device);
    const RawBuffer back(context.device, kBlocks * kBlockBytes, RawBuffer::Memory::Readback);
    const sedx::Frame frame = Require(system.BeginFrame(), "BeginFrame");
    const VkCommandBuffer cmd = queue.Begin();
    for (size_t i = 0; i < kBlocks; ++i)
    {
        const sedx::BufferSlice slice = Require(ring.Allocate(frame, kBlockBytes), "Allocate");
        const Block block = MakeBlock(i);
        std::memcpy(slice.mapped, block.data(), kBlockBytes);
        const VkBufferCopy region{slice.offset, i * kBlockBytes, kBlockBytes};
        context.device.Functions().CmdCopyBuffer(cmd, slice.buffer, back.Handle(), 1, &region);
    }
    const sedx::SubmitSync sync = Require(frame.SubmitSync(0), "SubmitSync");
    queue.SubmitAndWait(&sync);
    Require(system.EndFrame(frame), "EndFrame");
    for (size_t i = 0; i < kBlocks; ++i)
    {
        const Block block = MakeBlock(i);
        Require(std::memcmp(back.Mapped().data() + i * kBlockBytes, block.data(), kBlockBytes) == 0,
                "the GPU does not see what was written into a block");
    }
}
} // namespace

void FrameConstants(Context& context)
{
    const auto system = MakeSystem(context);
    sedx::RingBuffer ring = Require(sedx::RingBuffer::Create(*system), "making the ring");
    VerifyFrame(context, *system, ring);
    const RawBuffer plain(context.device, kBlocks * kBlockBytes, RawBuffer::Memory::Staging);
    Block block = MakeBlock(1);

    Measurement measurement;
    measurement.Add("sedx", kBlocks, [&](benchmark::State& state) {
        for ([[maybe_unused]] auto _ : state)
        {
            const sedx::Frame frame = Require(system->BeginFrame(), "BeginFrame");
            for (size_t i = 0; i < kBlocks; ++i)
            {
                const auto slice = ring.Allocate(frame, kBlockBytes);
                Require(slice.has_value(), "Allocate failed");
                block[0] = i;
                std::memcpy(slice->mapped, block.data(), kBlockBytes);
            }
            Require(system->EndFrame(frame), "EndFrame");
        }
    });
    measurement.Add("plain", kBlocks, [&](benchmark::State& state) {
        for ([[maybe_unused]] auto _ : state)
        {
            for (size_t i = 0; i < kBlocks; ++i)
            {
                block[0] = i;
                std::memcpy(plain.Mapped().data() + i * kBlockBytes, block.data(), kBlockBytes);
            }
            benchmark::ClobberMemory();
        }
    });
    auto times = measurement.Run(context.options);
    VerifyFrame(context, *system, ring); // still right after all of that

    const Samples& ours = times["sedx"];
    const double limit = times["plain"].Median();
    context.figures.Add({.scenario = "frame_constants",
                         .name = "10,000 blocks of 256 B",
                         .unit = "ns",
                         .value = ours.Median(),
                         .smallest = ours.Smallest(),
                         .largest = ours.Largest(),
                         .reference = "writing alone",
                         .referenceValue = limit,
                         .ratio = ours.Median() / limit,
                         .targets = {.gpu = {AtMost(30)}, .software = {AtMost(30)}}});
}
} // namespace bench
