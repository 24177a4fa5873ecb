// Offsets beyond 4 GiB on every way that bytes take. Where a device cannot hold such a buffer they are beyond 2 GiB, where
// signed numbers of 32 bits end.
#include "support/gpu_test.h"

#include <algorithm>

namespace sedx::test
{
namespace
{
constexpr uint64_t kTouched = 1 << 20; // of both ends; drivers on the CPU take their pages when they are

class FarOffsetsTest : public GpuTest, public testing::WithParamInterface<TransferPath>
{};
INSTANTIATE_TEST_SUITE_P(Paths, FarOffsetsTest,
                         testing::Values(TransferPath::Auto, TransferPath::Regions, TransferPath::Scatter,
                                         TransferPath::Inline));

// Peers' mistake: offsets in 32 bits, so that what lies beyond 4 GiB goes to the begin of the buffer.
TEST_P(FarOffsetsTest, NothingReachesTheBegin)
{
    auto system = MakeSystem({.stagingBlockBytes = 64 << 10, .transferPath = GetParam()});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    uint64_t far = 4ull << 30; // the same lower bits as the begin
    const auto make = [&] {
        return system->CreateBuffer(far + kTouched, BufferUsage::Storage, MemoryType::GPU, "large");
    };
    auto made = make();
    if (!made)
    {
        far = 2ull << 30;
        made = make();
    }
    if (!made)
        SEDX_SKIP("the device cannot hold a buffer of 2 GiB: " + made.error().message);
    const Buffer& buffer = *made;
    const uint64_t size = buffer.GetSize();
    const Bytes begin = Pattern(1, kTouched);
    Bytes end = Pattern(2, kTouched);
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, begin)));
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, far, end))); // piece by piece
    const auto overwrite = [&](uint64_t at, const Bytes& bytes) {
        std::ranges::copy(bytes, end.begin() + static_cast<ptrdiff_t>(at));
        return BufferWrite{buffer, far + at, bytes};
    };
    SEDX_REQUIRE(ReadbackSubscription subscription, system->Readbacks().Subscribe({buffer, size - 100, 100}));
    commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
        frame.Resolve(buffer); // the GPU has to copy
        std::vector<Bytes> sources;
        for (uint64_t i = 0; i < 1000; ++i)
            sources.push_back(Pattern(10 + i, 1 + i % 100));
        std::vector<BufferWrite> writes;
        for (uint64_t i = 0; i < 1000; ++i)
            writes.push_back(overwrite(i * 150, sources[i]));
        EXPECT_TRUE(Ok(system->Uploads().WriteMany(writes)));
        const Bytes longer = Pattern(3, 40'000);
        const BufferWrite write = overwrite(200'000, longer);
        EXPECT_TRUE(
            Ok(system->Uploads().Write(buffer, write.offset, write.bytes, {.priority = UploadPriority::Background})));
        EXPECT_TRUE(Ok(system->Uploads().Copy({buffer, far, 5000}, buffer, far + 300'000)));
    });
    std::copy_n(end.begin(), 5000, end.begin() + 300'000);
    EXPECT_TRUE(SameBytes(end, ReadBack(*system, {buffer, far, kTouched})));
    EXPECT_TRUE(SameBytes(begin, ReadBack(*system, {buffer, 0, kTouched})));
    Bytes read(kTouched);
    ASSERT_TRUE(Ok(system->Readbacks().Read({buffer, far, kTouched}, std::span<std::byte>(read))));
    EXPECT_TRUE(SameBytes(end, read));
    commands.WaitIdle();
    EXPECT_TRUE(SameBytes(std::span(end).last(100), subscription.Latest().Bytes()));
}
} // namespace
} // namespace sedx::test
