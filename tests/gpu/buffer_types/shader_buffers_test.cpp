// Uniform, storage, counter and texel buffers, as shaders see them.
#include "buffer_types_test.h"
#include "shaders/types_shared.h"

#include <cstring>

namespace sedx::test
{
namespace
{
constexpr uint32_t kSceneShader[] = {
#include "shaders/types_scene.comp.inc"
};
constexpr uint32_t kPairsShader[] = {
#include "shaders/types_pairs.comp.inc"
};
constexpr uint32_t kTexelsShader[] = {
#include "shaders/types_texels.comp.inc"
};

using ShaderBuffersTest = BufferTypesTest;

gpu::Scene MakeScene(float seed)
{
    gpu::Scene scene{};
    float next = seed;
    for (float* value : {&scene.direction.x, &scene.direction.y, &scene.direction.z, &scene.strength})
        *value = next++;
    for (auto& column : scene.transform.columns)
        for (float* value : {&column.x, &column.y, &column.z, &column.w})
            *value = next++;
    for (auto& color : scene.colors)
        for (float* value : {&color.x, &color.y, &color.z, &color.w})
            *value = next++;
    scene.size = {11, 12};
    scene.last = 13;
    return scene;
}

// The words of the structure in order: all of its members are four bytes long, and it has no holes.
std::vector<uint32_t> WordsOf(const gpu::Scene& scene)
{
    static_assert(sizeof(gpu::Scene) == gpu::kSceneWords * 4);
    std::vector<uint32_t> words(gpu::kSceneWords);
    std::memcpy(words.data(), &scene, sizeof(scene));
    return words;
}

TEST_F(ShaderBuffersTest, UniformBlockIsReadMemberByMember)
{
    SEDX_REQUIRE(const auto scenes, UniformBuffer<gpu::Scene>::Create(*m_system, {.count = 3, .name = "scenes"}));
    SEDX_REQUIRE(const auto words, StorageBuffer<uint32_t>::Create(*m_system, {.count = gpu::kSceneWords}));
    const VkPhysicalDeviceLimits& limits = TheDevice().Properties().limits;
    EXPECT_EQ(scenes.Count(), 3u);
    EXPECT_EQ(scenes.Offset(1) % limits.minUniformBufferOffsetAlignment, 0u);
    EXPECT_GE(scenes.Offset(1), scenes.kRange);
    for (uint64_t i = 0; i < 3; ++i)
        ASSERT_TRUE(Ok(scenes.Write(MakeScene(100.0F * static_cast<float>(i)), i)));
    EXPECT_TRUE(FailsWith(scenes.Write(MakeScene(0), 3), ErrorCode::OutOfRange, "scenes"));
    TestPipeline pipeline(TheDevice(), {.compute = kSceneShader});
    for (uint64_t i = 0; i < 3; ++i)
    {
        Dispatch(pipeline, 1, [&](const Frame& frame, VkCommandBuffer) {
            pipeline.Set(0, scenes.Descriptor(frame, i));
            pipeline.Set(1, words.Descriptor(frame));
        });
        EXPECT_EQ(ReadElements(*m_system, words.View()), WordsOf(MakeScene(100.0F * static_cast<float>(i))));
    }
}

TEST_F(ShaderBuffersTest, UniformBufferHasALimit)
{
    struct Large
    {
        uint32_t words[1 << 20];
    };
    if (TheDevice().Properties().limits.maxUniformBufferRange >= sizeof(Large))
        SEDX_SKIP("maxUniformBufferRange is larger than 4 MiB");
    EXPECT_TRUE(FailsWith((UniformBuffer<Large, BlockLayout::Scalar>::Create(*m_system, {.name = "large"})),
                          ErrorCode::LimitExceeded, "maxUniformBufferRange"));
}

TEST_F(ShaderBuffersTest, StorageIsChangedAndCounted)
{
    std::vector<gpu::Pair> pairs;
    for (uint32_t i = 0; i < 10; ++i)
        pairs.push_back({i, 100 + i});
    SEDX_REQUIRE(const auto buffer, (StorageBuffer<gpu::Pair, BlockLayout::Std430>::Create(*m_system, pairs, "pairs")));
    SEDX_REQUIRE(const auto counters, CounterBuffer<>::Create(*m_system, {.count = 2, .name = "counters"}));
    EXPECT_FALSE(counters.Latest());
    TestPipeline pipeline(TheDevice(), {.compute = kPairsShader});
    for (int round = 1; round <= 3; ++round)
    {
        Dispatch(pipeline, 10, [&](const Frame& frame, VkCommandBuffer cmd) {
            EXPECT_EQ(buffer.Address(frame), frame.Resolve(buffer).address);
            pipeline.Set(1, buffer.Descriptor(frame));
            pipeline.Set(2, VkDescriptorBufferInfo{frame.Resolve(counters).buffer, frame.Resolve(counters).offset,
                                                   frame.Resolve(counters).size});
            if (round != 2) // the second round counts on
            {
                EXPECT_TRUE(Ok(counters.CmdReset(frame, cmd)));
            }
        });
        for (gpu::Pair& pair : pairs)
            pair.value *= pair.key % 2 == 1 ? 2 : 1;
        const auto now = ReadElements(*m_system, buffer.View());
        ASSERT_EQ(now.size(), pairs.size());
        EXPECT_EQ(std::memcmp(now.data(), pairs.data(), sizeof(gpu::Pair) * pairs.size()), 0);
        const uint32_t times = round == 2 ? 2 : 1;
        EXPECT_EQ(ReadElements(*m_system, counters.View()), (std::vector<uint32_t>{5 * times, 25 * times}));
        // The library has read them by itself, with the frame.
        SEDX_REQUIRE(const UploadTicket all, m_system->Uploads().Submit());
        ASSERT_TRUE(Ok(all.Wait()));
        const auto newest = counters.Latest();
        ASSERT_TRUE(newest);
        EXPECT_EQ(newest->frame, static_cast<uint64_t>(round));
        ASSERT_EQ(newest->values.size(), 2u);
        EXPECT_EQ(newest->values[0], 5 * times);
        EXPECT_EQ(newest->values[1], 25 * times);
    }
}

TEST_F(ShaderBuffersTest, CountersAreResetToAnyValue)
{
    constexpr uint64_t kWide = 0x0123456789abcdef;
    constexpr uint64_t kCount = 20'000; // more than one vkCmdUpdateBuffer carries
    SEDX_REQUIRE(const auto narrow, CounterBuffer<uint32_t>::Create(*m_system, {.count = 3, .subscribe = false}));
    SEDX_REQUIRE(const auto wide, CounterBuffer<uint64_t>::Create(*m_system, {.count = kCount, .name = "wide"}));
    EXPECT_EQ(wide.Count(), kCount);
    EXPECT_EQ(ReadElements(*m_system, wide.View()), std::vector<uint64_t>(kCount, 0));
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        EXPECT_TRUE(Ok(narrow.CmdReset(frame, cmd, 7)));
        EXPECT_TRUE(Ok(wide.CmdReset(frame, cmd, kWide)));
        EXPECT_TRUE(FailsWith(CounterBuffer<>().CmdReset(frame, cmd), ErrorCode::InvalidArgument));
        EXPECT_TRUE(FailsWith(narrow.CmdReset(frame, VK_NULL_HANDLE), ErrorCode::InvalidArgument));
    });
    EXPECT_EQ(ReadElements(*m_system, narrow.View()), std::vector<uint32_t>(3, 7));
    EXPECT_EQ(ReadElements(*m_system, wide.View()), std::vector<uint64_t>(kCount, kWide));
    EXPECT_FALSE(narrow.Latest()); // not subscribed
    const auto newest = wide.Latest();
    ASSERT_TRUE(newest);
    EXPECT_EQ(newest->values.back(), kWide);
    m_commands->RunFrame(*m_system,
                         [&](const Frame& frame, VkCommandBuffer cmd) { EXPECT_TRUE(Ok(wide.CmdReset(frame, cmd))); });
    EXPECT_EQ(ReadElements(*m_system, wide.View()), std::vector<uint64_t>(kCount, 0));
    EXPECT_EQ(newest->values.back(), kWide); // the value stays what it was
}

TEST_F(ShaderBuffersTest, TexelsAreConverted)
{
    const std::vector<uint32_t> colors = {0xff000000, 0x00000001, 0x12345680, 0x000000ff};
    SEDX_REQUIRE(const auto palette,
                 TexelBuffer::Create(*m_system, {.format = VK_FORMAT_R8G8B8A8_UNORM, .count = 4, .name = "palette"},
                                     std::as_bytes(std::span(colors))));
    SEDX_REQUIRE(
        const auto reds,
        TexelBuffer::Create(*m_system, {.format = VK_FORMAT_R32_UINT, .count = 4, .name = "reds", .storage = true}));
    EXPECT_EQ(palette.Count(), 4u);
    EXPECT_EQ(palette.TexelBytes(), 4u);
    EXPECT_EQ(palette.Format(), VK_FORMAT_R8G8B8A8_UNORM);
    EXPECT_TRUE(palette.Get().IsPinned());
    TestPipeline pipeline(TheDevice(), {.compute = kTexelsShader});
    pipeline.Set(3, palette.VkView()); // once and for all
    pipeline.Set(4, reds.VkView());
    const auto run = [&] {
        Dispatch(pipeline, 4, [&](const Frame&, VkCommandBuffer) {});
        return ReadElements(*m_system, BufferView<uint32_t>(reds.Get()));
    };
    EXPECT_EQ(run(), (std::vector<uint32_t>{0x00, 0x01, 0x80, 0xff}));
    const uint32_t other = 0x42;
    ASSERT_TRUE(Ok(palette.Write(2, std::span(&other, 1))));
    EXPECT_EQ(run(), (std::vector<uint32_t>{0x00, 0x01, 0x42, 0xff}));
    EXPECT_TRUE(
        FailsWith(palette.Write(0, std::span<const std::byte>(Bytes(1))), ErrorCode::InvalidArgument, "palette"));
    EXPECT_TRUE(FailsWith(palette.Write(4, std::span(&other, 1)), ErrorCode::OutOfRange, "palette"));
    EXPECT_TRUE(SameBytes(std::as_bytes(std::span(&other, 1)), ReadBack(*m_system, palette.View(2, 1))));
}

TEST_F(ShaderBuffersTest, ViewsLiveUntilTheGpuHasPassed)
{
    const uint64_t before = Calls().AliveObjects("BufferView");
    SEDX_REQUIRE(auto texels, TexelBuffer::Create(*m_system, {.format = VK_FORMAT_R32_UINT, .count = 4}));
    EXPECT_EQ(Calls().AliveObjects("BufferView"), before + 1);
    EXPECT_NE(texels.VkView(), VkBufferView{});
    Gate gate(TheDevice());
    m_commands->RunFrame(
        *m_system, [](const Frame&, VkCommandBuffer) {}, gate.Waits());
    texels = {};
    m_system->Poll();
    EXPECT_EQ(Calls().AliveObjects("BufferView"), before + 1); // the frame may still read it
    gate.Open();
    m_commands->WaitIdle();
    m_system->Poll();
    EXPECT_EQ(Calls().AliveObjects("BufferView"), before);

    // Nobody asked for this one's view: nothing can use it.
    SEDX_REQUIRE(auto unused, TexelBuffer::Create(*m_system, {.format = VK_FORMAT_R32_UINT, .count = 4}));
    unused = {};
    EXPECT_EQ(Calls().AliveObjects("BufferView"), before);
}

TEST_F(ShaderBuffersTest, TexelBuffersThatCannotBe)
{
    EXPECT_TRUE(FailsWith(TexelBuffer::Create(*m_system, {.format = VK_FORMAT_D32_SFLOAT, .count = 1, .name = "depth"}),
                          ErrorCode::MissingFeature, "depth"));
    EXPECT_TRUE(FailsWith(TexelBuffer::Create(*m_system, {.count = 1}), ErrorCode::MissingFeature));
    EXPECT_TRUE(FailsWith(TexelBuffer::Create(*m_system, {.format = VK_FORMAT_R32_UINT, .count = UINT64_MAX / 2}),
                          ErrorCode::LimitExceeded, "maxTexelBufferElements"));
    EXPECT_TRUE(FailsWith(TexelBuffer::Create(*m_system, {.format = VK_FORMAT_R32_UINT, .count = 0}),
                          ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(TexelBuffer().Write(0, std::span<const std::byte>(Bytes(1))), ErrorCode::InvalidArgument));
    EXPECT_EQ(TexelBuffer().Count(), 0u);
    EXPECT_EQ(TexelBuffer().View(1, 2).bytes, 0u);
    // Nothing is left of one whose view cannot be made.
    Calls().FailFunction(Fn::CreateBufferView, VK_ERROR_OUT_OF_HOST_MEMORY);
    EXPECT_TRUE(FailsWith(TexelBuffer::Create(*m_system, {.format = VK_FORMAT_R32_UINT, .count = 4, .name = "no view"}),
                          ErrorCode::OutOfHostMemory, "no view"));
}

// Small buffers share VkBuffers; a view must not be made of one of those, whose usages no format may have all.
TEST_F(ShaderBuffersTest, TexelBuffersHaveAVkBufferOfTheirOwn)
{
    const auto shared = MakeSystem({.sharing = BufferSharing::Shared});
    ASSERT_TRUE(shared);
    SEDX_REQUIRE(const auto a, TexelBuffer::Create(*shared, {.format = VK_FORMAT_R32_UINT, .count = 4}));
    SEDX_REQUIRE(const auto b, TexelBuffer::Create(*shared, {.format = VK_FORMAT_R32_UINT, .count = 4}));
    m_commands->RunFrame(*shared, [&](const Frame& frame, VkCommandBuffer) {
        EXPECT_NE(frame.Resolve(a).buffer, frame.Resolve(b).buffer);
        EXPECT_EQ(frame.Resolve(a).offset, 0u);
    });
    m_commands->WaitIdle();
}

TEST_F(ShaderBuffersTest, ReadbackBufferIsReadWhenItsFrameHasPassed)
{
    const std::vector<uint32_t> numbers = {1, 2, 3, 4, 5, 6};
    SEDX_REQUIRE(const auto source, StorageBuffer<uint32_t>::Create(*m_system, numbers, "source"));
    SEDX_REQUIRE(const auto results, ReadbackBuffer<uint32_t>::Create(*m_system, {.count = 3, .name = "results"}));
    EXPECT_EQ(results.Get().Memory(), MemoryType::Readback);
    EXPECT_EQ(results.Count(), 3u);
    Gate gate(TheDevice());
    const Frame written = m_commands->RunFrame(
        *m_system,
        [&](const Frame& frame, VkCommandBuffer cmd) {
            EXPECT_TRUE(Ok(results.CmdCopy(frame, cmd, source.View(4, 2), 1)));
            EXPECT_TRUE(Ok(results.CmdCopy(frame, cmd, source.View(0, 1))));
            EXPECT_TRUE(Ok(results.CmdMakeReadable(frame, cmd)));
            EXPECT_TRUE(FailsWith(results.CmdCopy(frame, cmd, source.View(0, 4)), ErrorCode::OutOfRange, "results"));
            EXPECT_TRUE(FailsWith(results.CmdCopy(frame, cmd, source.View(6, 1)), ErrorCode::OutOfRange, "source"));
        },
        gate.Waits());
    EXPECT_TRUE(FailsWith(results.Read(written.Number()), ErrorCode::Busy, "results"));
    EXPECT_TRUE(FailsWith(results.Read(0), ErrorCode::WrongState));
    EXPECT_TRUE(FailsWith(results.Read(written.Number() + 1), ErrorCode::WrongState));
    EXPECT_TRUE(FailsWith(ReadbackBuffer<uint32_t>().Read(1), ErrorCode::InvalidArgument));
    gate.Open();
    m_commands->WaitIdle();
    SEDX_REQUIRE(const auto mapping, results.Read(written.Number()));
    EXPECT_EQ(std::vector<uint32_t>(mapping.Span().begin(), mapping.Span().end()), (std::vector<uint32_t>{1, 5, 6}));
    EXPECT_EQ(NewWaits(), 0u);
}
} // namespace
} // namespace sedx::test
