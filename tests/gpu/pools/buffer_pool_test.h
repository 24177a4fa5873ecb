// What the tests of BufferPoolManager share.
#pragma once

#include "support/gpu_test.h"

#include <array>
#include <sedx/buffer_pool_manager.h>

namespace sedx::test
{
inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kNever = ~uint64_t{0};
inline constexpr std::array kKinds{BufferPoolKind::Staging, BufferPoolKind::Uniform, BufferPoolKind::Storage};

// No warm start, no smallest size: a test says itself what there is.
inline BufferPoolManagerDesc Plain()
{
    return {
        .initialPoolSize = 0, .stagingSizes = {}, .storageSizes = {}, .minStagingBytes = 1, .standardUniformBytes = 1};
}

class BufferPoolTest : public GpuLayoutTest
{
  protected:
    BufferPoolManager& Attach(BufferSystem& system, const BufferPoolManagerDesc& desc = Plain())
    {
        return system.Modules().Emplace<BufferPoolManager>(system, desc);
    }

    // What must hold whenever nobody is inside.
    static void ExpectConsistent(const BufferPoolReport& report)
    {
        EXPECT_EQ(report.buffers, report.leased + report.waiting + report.ready);
        EXPECT_LE(report.leasedBytes, report.bytes);
        EXPECT_LE(report.bytes, report.peakBytes);
        EXPECT_LE(report.reused, report.acquired);
        EXPECT_LE(report.borrowed, report.reused);
    }

    static void RunFrames(BufferSystem& system, uint64_t count)
    {
        for (uint64_t i = 0; i < count; ++i)
        {
            SEDX_REQUIRE(const Frame frame, system.BeginFrame());
            ASSERT_TRUE(Ok(system.EndFrame(frame)));
        }
    }
};
} // namespace sedx::test
