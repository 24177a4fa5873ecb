#include "support/timed_upload.h"

#include "support/context.h"

#include <chrono>
#include <cstring>

namespace bench
{
double SecondsToUpload(sedx::BufferSystem& system, const sedx::Buffer& buffer, Meets meets,
                       const std::function<sedx::UploadTicket()>& write)
{
    using Clock = std::chrono::steady_clock;
    system.Poll();
    Require(!system.IsInFlight(buffer), "a buffer is in flight that nothing uses");
    sedx::Frame frame;
    if (meets == Meets::InUse)
    {
        frame = Require(system.BeginFrame(), "BeginFrame");
        Require(static_cast<bool>(frame.Resolve(buffer)), "a buffer does not resolve");
    }
    const auto begin = Clock::now();
    const sedx::UploadTicket ticket = write();
    Require(ticket.Wait(), "waiting for an upload");
    const std::chrono::duration<double> seconds = Clock::now() - begin;
    if (frame)
        Require(system.EndFrame(frame), "EndFrame");
    return seconds.count();
}

std::vector<std::byte> MakeBytes(uint64_t bytes)
{
    std::vector<std::byte> made(bytes);
    uint64_t word = 0x9E37'79B9'7F4A'7C15;
    for (size_t at = 0; at + sizeof word <= made.size(); at += sizeof word)
    {
        word = word * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
        std::memcpy(made.data() + at, &word, sizeof word);
    }
    return made;
}

void Stamp(std::span<std::byte> bytes, uint64_t generation)
{
    constexpr size_t kPage = 4096;
    for (size_t at = 0; at + sizeof generation <= bytes.size(); at += kPage)
        std::memcpy(bytes.data() + at, &generation, sizeof generation);
}
} // namespace bench
