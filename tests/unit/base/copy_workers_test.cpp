#include "base/copy_workers.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
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
TEST(CopyWorkersTest, EveryPartIsVisitedOnce)
{
    for (const uint32_t threads : {1u, 4u})
    {
        CopyWorkers workers(threads);
        for (const size_t parts : {size_t{0}, size_t{1}, size_t{2}, size_t{1000}})
        {
            std::vector<std::atomic<int>> visits(parts);
            workers.ForEach(parts, [&](size_t part) { ++visits[part]; });
            for (size_t part = 0; part < parts; ++part)
                EXPECT_EQ(visits[part], 1) << threads << " threads, part " << part;
        }
    }
}

TEST(CopyWorkersTest, WithoutWorkersPartsComeInOrder)
{
    CopyWorkers workers(1);
    std::vector<size_t> order;
    workers.ForEach(5, [&](size_t part) { order.push_back(part); });
    EXPECT_EQ(order, (std::vector<size_t>{0, 1, 2, 3, 4}));
}

} // namespace
} // namespace sedx::test
