#include "transfer/transfer_profile.h"

#include <algorithm>

namespace sedx
{
const char* ToString(ProfileOrigin origin) noexcept
{
    switch (origin)
    {
    case ProfileOrigin::BuiltIn: return "built in";
    case ProfileOrigin::Stored: return "stored, measured on this device earlier";
    case ProfileOrigin::Measured: return "measured on this device";
    case ProfileOrigin::Given: return "given by the engine";
    }
    return "unknown ProfileOrigin";
}

// The figures behind these numbers are in docs/performance.md and docs/transfers.md: an H200 and an H100 stand for GPUs, lavapipe
// for drivers that run shaders on the CPU.
TransferProfile BuiltInProfile(const ProfileFacts& facts) noexcept
{
    TransferProfile profile;
    // A dispatch with its table costs about as much as some regions.
    profile.scatterMinWrites = 16;
    // An H200 and its 16 cores write 45 GB/s with six and read 34; with eight they write 43 to 47 and read 42. Half of the cores
    // are left to the application.
    profile.copyThreads = std::clamp(facts.cores / 2, 1u, 8u);
    // Across a bus staging is faster for long writes: 46 GB/s against 33 by threads that write to mapped device memory.
    if (facts.overBus)
        profile.directMaxBytes = 1ull << 20;
    if (facts.runsOnCpu)
    {
        // The shader and a copy region cost the same near 256 to 512 bytes. The shader has as many invocations at once as its
        // vectors have lanes, and pays for each: one copies much.
        profile.scatterMaxBytes = 512;
        profile.scatterLaneBytes = 512;
        // Waking the threads that run shaders takes 10 to 25 microseconds, a region 0.15 to 0.25.
        profile.scatterMinWrites = 128;
        // An update costs less than a region up to what the CPU copies in the time of one; it reads its bytes twice.
        profile.inlineMaxBytes = 1024;
        profile.inlineMaxWrites = 1024;
        profile.chunkBytes = 4ull << 20; // 1 to 8 MiB are alike: there is no link to keep busy
        return profile;
    }
    // A region costs 1.6 to 3.2 microseconds whatever its length, an entry of the table 7 to 50 nanoseconds up to 1 KiB, 2.7
    // microseconds at 16 KiB and 46 at 64 KiB.
    profile.scatterMaxBytes = 16 * 1024;
    profile.scatterLaneBytes = 4; // neighbours copy neighbouring words
    // 168 ns for 64 bytes, while a region costs 2.4 microseconds. Staging memory may be slow to read (write-combined): about
    // 100 ns for each 32 bytes, and so not much more than this.
    profile.inlineMaxBytes = 256;
    profile.inlineMaxWrites = 1024; // 256 KiB in the command buffer
    // vkCmdCopyBuffer reaches 410 GB/s, a shader 1,840: below this size both are lost in what a command costs.
    profile.computeCopyMinBytes = 256 * 1024;
    // Chunks of 8 MiB reached 46 GB/s with six threads; 32 MiB, which fall out of the cache, a third less.
    profile.chunkBytes = 8ull << 20;
    return profile;
}

Result<void> CheckProfile(const TransferProfile& profile)
{
    Result<void> result;
    const auto check = [&](const char* name, uint64_t value, uint64_t least, uint64_t most) {
        if (result && (value < least || value > most))
            result = Fail(ErrorCode::InvalidArgument, "{} of the transfer profile is {}, {} to {} are possible", name,
                          value, least, most);
    };
    check("scatterMaxBytes", profile.scatterMaxBytes, 0, kScatterMost);
    check("scatterMinWrites", profile.scatterMinWrites, 1, ~uint64_t{0});
    check("scatterLaneBytes", profile.scatterLaneBytes, 4, 65'536);
    check("inlineMaxBytes", profile.inlineMaxBytes, 0, kInlineMost);
    check("chunkBytes", profile.chunkBytes, 64ull << 10, 1ull << 30);
    check("copyThreads", profile.copyThreads, 1, kCopyThreadsMost);
    return result;
}
} // namespace sedx
