// What every consumer does with the library: bytes go to the GPU and come back. Answers with 0 or says what is wrong.
#pragma once

#include <sedx/sedx.h>

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <vector>

inline int Fail(const char* what)
{
    std::fprintf(stderr, "failed: %s\n", what);
    return 1;
}

inline int RoundTrip(sedx::BufferSystem& system, uint32_t first)
{
    std::vector<uint32_t> numbers(10'000);
    std::iota(numbers.begin(), numbers.end(), first);
    const auto buffer = system.Factory().CreateStorageBuffer(std::span<const uint32_t>(numbers), "numbers");
    if (!buffer)
        return Fail(buffer.error().message.c_str());
    const auto ticket = system.Readbacks().Request(*buffer);
    if (!ticket)
        return Fail(ticket.error().message.c_str());
    const auto bytes = ticket->Wait();
    if (!bytes)
        return Fail(bytes.error().message.c_str());
    return std::ranges::equal(ticket->Span<uint32_t>(), numbers) ? 0 : Fail("the bytes came back changed");
}

// A class of the consumer derived from one of the library: needs the library's type information where the consumer is
// compiled with RTTI, and none where it is not.
class CountingModule : public sedx::Module
{
  public:
    CountingModule() : Module("Counting") {}
    void OnUpdate() override { ++updates; }
    int updates = 0;
};

inline int RoundTrip(const sedx::Result<sedx::Device>& device)
{
    if (!device)
        return Fail(device.error().message.c_str());
    const auto system = sedx::BufferSystem::Create({.device = *device});
    if (!system)
        return Fail(system.error().message.c_str());
    if (const auto status = (*system)->AllocatorStatus(); !status)
        return Fail(status.error().message.c_str());
    const auto& module = (*system)->Modules().Emplace<CountingModule>();
    const auto frame = (*system)->BeginFrame();
    if (!frame || !(*system)->AbandonFrame(*frame) || module.updates != 1)
        return Fail("a module is updated once a frame");
    return RoundTrip(**system, 1);
}
