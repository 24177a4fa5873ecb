// The whole path on the memory layouts of real devices, presented by the interceptor.
#include "support/gpu_test.h"
#include "support/real_layouts.h"

#include <algorithm>
#include <cstring>

namespace sedx::test
{
namespace
{
class RealLayoutsTest : public testing::Test
{
  protected:
    static void UseEverything(TestDevice& own)
    {
        SEDX_REQUIRE(auto system, BufferSystem::Create({.device = own.device, .checked = true}));
        TestCommands commands(own.device);
        SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 4096}));
        for (const MemoryType memory : {MemoryType::GPU, MemoryType::CPU, MemoryType::Readback, MemoryType::GPUUpload})
        {
            const Bytes bytes = Pattern(static_cast<uint64_t>(memory), 10001);
            SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(10001, BufferUsage::Storage, memory, "anywhere"));
            EXPECT_GT(system->Explain(buffer).size(), 20u);
            ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, bytes)));
            EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, buffer)));
            Bytes expected = bytes;
            commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
                const auto slice = ring.Allocate(frame, 100);
                EXPECT_TRUE(Ok(slice));
                if (!slice)
                    return;
                std::memset(slice->mapped, 0x42, 100);
                const ResolvedBuffer to = frame.Resolve(buffer);
                commands.Copy(cmd, slice->buffer, slice->offset, to.buffer, to.offset + 3, 100);
            });
            std::fill_n(expected.begin() + 3, 100, std::byte{0x42});
            ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 9000, Filled(0x17, 1001))));
            std::fill_n(expected.begin() + 9000, 1001, std::byte{0x17});
            EXPECT_TRUE(SameBytes(expected, ReadBack(*system, buffer)));
            if (memory != MemoryType::GPU)
            {
                commands.WaitIdle();
                system->Poll();
                SEDX_REQUIRE(const auto mapping, system->MapReadable<std::byte>(buffer));
                EXPECT_TRUE(SameBytes(expected, mapping.Span()));
            }
        }
        commands.WaitIdle();
    }
};

TEST_F(RealLayoutsTest, EveryPathWorksOnEveryLayout)
{
    const std::vector<RealLayout> layouts = LoadRealLayouts();
    if (layouts.empty())
        SEDX_SKIP("no memory layouts in " + RealLayoutFolder());
    for (const RealLayout& real : layouts)
    {
        SCOPED_TRACE(real.file);
        TestDevice own;
        own.Present({.name = real.file, .device = real.layout});
        ASSERT_TRUE(own.Create());
        UseEverything(own);
        own.device = {};
        EXPECT_EQ(own.interceptor.Alive(), "");
        EXPECT_TRUE(own.Violations().empty()) << own.Violations()[0];
        for (const std::string& message : own.validation.Take())
            ADD_FAILURE() << "validation: " << message;
    }
}
} // namespace
} // namespace sedx::test
