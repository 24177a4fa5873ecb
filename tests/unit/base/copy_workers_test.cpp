#include "base/copy_workers.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace sedx::test
{
namespace
{
std::vector<std::byte> Pattern(size_t bytes, uint32_t seed)
{
    std::mt19937 random(seed);
    std::vector<std::byte> pattern(bytes);
    for (std::byte& byte : pattern)
        byte = static_cast<std::byte>(random());
    return pattern;
}

TEST(CopyWorkersTest, CopiesEveryLengthExactly)
{
    CopyWorkers workers(4);
    for (const size_t bytes : {size_t{0}, size_t{1}, size_t{4095}, size_t{256 * 1024}, size_t{512 * 1024 - 1},
                               size_t{512 * 1024}, size_t{512 * 1024 + 1}, size_t{5'000'003}})
    {
        const auto source = Pattern(bytes, 7);
        std::vector<std::byte> destination(bytes + 1, std::byte{0xab});
        workers.Copy(destination.data(), source.data(), bytes);
        EXPECT_EQ(0, bytes == 0 ? 0 : std::memcmp(destination.data(), source.data(), bytes)) << bytes;
        EXPECT_EQ(std::byte{0xab}, destination[bytes]) << bytes;
    }
}

TEST(CopyWorkersTest, SeveralThreadsShareTheWorkers)
{
    CopyWorkers workers(3);
    std::vector<std::thread> callers;
    std::vector<int> wrong(4, 0);
    for (uint32_t caller = 0; caller < 4; ++caller)
        callers.emplace_back([&, caller] {
            for (uint32_t round = 0; round < 8; ++round)
            {
                const auto source = Pattern(1'500'000 + caller, caller * 100 + round);
                std::vector<std::byte> destination(source.size());
                workers.Copy(destination.data(), source.data(), source.size());
                wrong[caller] += destination != source;
            }
        });
    for (std::thread& caller : callers)
        caller.join();
    EXPECT_EQ((std::vector<int>{0, 0, 0, 0}), wrong);
}

TEST(CopyWorkersTest, TwoJobsOverlap)
{
    CopyWorkers workers(3);
    const auto source = Pattern(4'000'000, 11);
    std::vector<std::byte> destination(source.size());
    std::array<CopyJob, 2> jobs;
    constexpr size_t kChunk = 500'000;
    for (size_t i = 0; i < 8; ++i)
    {
        workers.Start(jobs[i % 2], destination.data() + i * kChunk, source.data() + i * kChunk, kChunk);
        if (i != 0)
            workers.Finish(jobs[(i - 1) % 2]);
    }
    workers.Finish(jobs[1]);
    EXPECT_EQ(source, destination);
}

TEST(CopyWorkersTest, OneThreadNeedsNoWorkers)
{
    CopyWorkers workers(1);
    const auto source = Pattern(3'000'000, 3);
    std::vector<std::byte> destination(source.size());
    workers.Copy(destination.data(), source.data(), source.size());
    EXPECT_EQ(source, destination);
    EXPECT_EQ(1u, CopyWorkers(0).Threads());
}
} // namespace
} // namespace sedx::test
