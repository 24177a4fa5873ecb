#include <sedx/sedx.h>

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <vector>

int main()
{
    // A device without a window: a GPU where there is one, else a software driver.
    auto system = sedx::Device::Create({}).and_then(
        [](const sedx::Device& device) { return sedx::BufferSystem::Create({.device = device}); });
    if (!system)
        return std::fprintf(stderr, "%s\n", system.error().message.c_str()), 1;
    std::vector<uint32_t> numbers(1'000'000);
    std::iota(numbers.begin(), numbers.end(), 0u);
    auto buffer = (*system)->Factory().CreateStorageBuffer(std::span<const uint32_t>(numbers), "numbers");
    auto copy = buffer.and_then([&](const sedx::Buffer& b) { return (*system)->Readbacks().Request(b); });
    auto bytes = copy.and_then([](const sedx::ReadbackTicket& ticket) { return ticket.Wait(); });
    if (!bytes)
        return std::fprintf(stderr, "%s\n", bytes.error().message.c_str()), 1;
    const bool equal = std::ranges::equal(copy->Span<uint32_t>(), numbers);
    std::printf("%zu bytes went to the GPU and came back %s\n", bytes->size(), equal ? "unchanged" : "changed");
    return equal ? 0 : 1;
}
