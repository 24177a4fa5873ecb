// Commands that the GPU reads from memory: draws, dispatches and mesh tasks that really run.
#include "buffer_types_test.h"

namespace sedx::test
{
namespace
{
constexpr uint32_t kPairsShader[] = {
#include "shaders/types_pairs.comp.inc"
};
constexpr uint32_t kCullShader[] = {
#include "shaders/types_cull.comp.inc"
};
constexpr uint32_t kSumShader[] = {
#include "shaders/types_sum.vert.inc"
};
constexpr uint32_t kTasksShader[] = {
#include "shaders/types_tasks.mesh.inc"
};

// The features that a device is made with, as far as it has them.
struct Features
{
    bool multiDrawIndirect = true;
    bool drawIndirectCount = true;
    bool indexTypeUint8 = true;
    bool meshShader = true;
};

// A device with the features of draws, and a system on it.
class IndirectBufferTest : public testing::Test
{
  protected:
    // False: the device lacks something that every test of draws needs; m_lacks says what.
    bool Make(Features wanted = {})
    {
        DeviceDesc desc = m_own.Describe();
        VkPhysicalDeviceMeshShaderFeaturesEXT mesh{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MESH_SHADER_FEATURES_EXT};
        VkPhysicalDeviceIndexTypeUint8FeaturesEXT uint8{
            .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_INDEX_TYPE_UINT8_FEATURES_EXT};
        VkPhysicalDeviceVulkan13Features vulkan13{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES};
        VkPhysicalDeviceVulkan12Features vulkan12{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                                  .pNext = &vulkan13};
        VkPhysicalDeviceFeatures2 features{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &vulkan12};
        const Device& shared = SharedDevice().device;
        const auto add = [&](bool wish, const char* extension, auto& structure) {
            if (!wish || !HasDeviceExtension(shared, extension))
                return false;
            structure.pNext = std::exchange(features.pNext, &structure);
            desc.extensions.push_back(extension);
            return true;
        };
        const bool hasMesh = add(wanted.meshShader, VK_EXT_MESH_SHADER_EXTENSION_NAME, mesh);
        add(wanted.indexTypeUint8, VK_EXT_INDEX_TYPE_UINT8_EXTENSION_NAME, uint8);
        shared.InstanceFunctions().GetPhysicalDeviceFeatures2(shared.PhysicalDevice(), &features);
        if (features.features.vertexPipelineStoresAndAtomics != VK_TRUE || vulkan13.dynamicRendering != VK_TRUE)
            return false;
        m_hasMesh = hasMesh && mesh.meshShader == VK_TRUE;
        m_hasUint8 = wanted.indexTypeUint8 && uint8.indexTypeUint8 == VK_TRUE;
        m_hasCount = wanted.drawIndirectCount && vulkan12.drawIndirectCount == VK_TRUE;
        // Nothing but what is tested.
        void* const chain = features.pNext;
        features.features = {.multiDrawIndirect = wanted.multiDrawIndirect && features.features.multiDrawIndirect,
                             .vertexPipelineStoresAndAtomics = VK_TRUE};
        vulkan12 = {.sType = vulkan12.sType, .pNext = vulkan12.pNext, .drawIndirectCount = m_hasCount};
        vulkan13 = {.sType = vulkan13.sType, .pNext = vulkan13.pNext, .dynamicRendering = VK_TRUE};
        mesh = {.sType = mesh.sType, .pNext = mesh.pNext, .meshShader = mesh.meshShader};
        features.pNext = chain;
        desc.featureChain = &features;
        auto device = Device::Create(desc);
        EXPECT_TRUE(Ok(device));
        if (!device)
            return false;
        m_own.device = *device;
        auto system = BufferSystem::Create({.device = m_own.device, .checked = true});
        EXPECT_TRUE(Ok(system));
        if (!system)
            return false;
        m_system = std::move(*system);
        m_commands.emplace(m_own.device);
        auto sums = CounterBuffer<>::Create(*m_system, {.count = 2, .name = "sums", .subscribe = false});
        EXPECT_TRUE(Ok(sums));
        m_sums = *sums;
        return true;
    }
    void TearDown() override
    {
        m_sums = {};
        m_commands.reset();
        m_system.reset();
        m_own.device = {};
        EXPECT_EQ(m_own.interceptor.Alive(), "");
        for (const std::string& message : m_own.validation.Take())
            ADD_FAILURE() << "validation: " << message;
    }
    // Resets the sums, and draws in a frame of its own. What they are afterwards: the sum of what the vertices hold, and
    // how many there were.
    std::vector<uint32_t> Draw(TestPipeline& pipeline, const TestCommands::Record& draw)
    {
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            const ResolvedBuffer sums = frame.Resolve(m_sums);
            pipeline.Set(1, VkDescriptorBufferInfo{sums.buffer, sums.offset, sums.size});
            EXPECT_TRUE(Ok(m_sums.CmdReset(frame, cmd)));
            pipeline.Bind(cmd);
            pipeline.BeginPass(cmd);
            draw(frame, cmd);
            pipeline.EndPass(cmd);
            m_commands->Barrier(cmd);
        });
        m_commands->WaitIdle();
        return ReadElements(*m_system, m_sums.View());
    }
    VertexBuffer<uint32_t> PowersOfTwo()
    {
        std::vector<uint32_t> values;
        for (uint32_t i = 0; i < 16; ++i)
            values.push_back(1u << i);
        auto made = VertexBuffer<uint32_t>::Create(*m_system, values, "powers of two");
        EXPECT_TRUE(Ok(made));
        return made ? *made : VertexBuffer<uint32_t>();
    }

    LogCapture m_log;
    TestDevice m_own;
    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_commands;
    CounterBuffer<> m_sums;
    bool m_hasMesh = false;
    bool m_hasUint8 = false;
    bool m_hasCount = false;
};

#define SEDX_REQUIRE_DRAWS(features)                                                                                   \
    if (!Make(features))                                                                                               \
    SEDX_SKIP("the device lacks vertexPipelineStoresAndAtomics or dynamicRendering")

TEST_F(IndirectBufferTest, DrawsWhatTheCommandsSay)
{
    for (const bool many : {true, false})
    {
        SEDX_REQUIRE_DRAWS(Features{.multiDrawIndirect = many});
        const VertexBuffer<uint32_t> vertices = PowersOfTwo();
        const std::vector<VkDrawIndirectCommand> commands = {{2, 1, 0, 0}, {1, 1, 4, 0}, {3, 2, 8, 0}};
        SEDX_REQUIRE(const auto draws, DrawBuffer::Create(*m_system, commands, "draws"));
        EXPECT_EQ(draws.Count(), 3u);
        EXPECT_FALSE(draws.Counter());
        TestPipeline pipeline(m_own.device, {.vertex = kSumShader});
        const auto draw = [&](uint64_t first, uint64_t count, uint64_t firstVertex = 0) {
            return Draw(pipeline, [&](const Frame& frame, VkCommandBuffer cmd) {
                EXPECT_TRUE(Ok(vertices.CmdBind(frame, cmd, 0, firstVertex)));
                EXPECT_TRUE(Ok(draws.CmdDraw(frame, cmd, first, count)));
            });
        };
        const uint64_t before = m_own.interceptor.Calls(Fn::CmdDrawIndirect);
        EXPECT_EQ(draw(0, DrawBuffer::kAll), (std::vector<uint32_t>{0b11 + 0b1'0000 + 2 * 0b111'0000'0000, 9}));
        EXPECT_EQ(m_own.interceptor.Calls(Fn::CmdDrawIndirect) - before, many ? 1u : 3u);
        EXPECT_EQ(draw(1, 1), (std::vector<uint32_t>{0b1'0000, 1}));
        EXPECT_EQ(draw(1, DrawBuffer::kAll, 1), (std::vector<uint32_t>{0b10'0000 + 2 * 0b1110'0000'0000, 7}));
        EXPECT_EQ(draw(3, 0), (std::vector<uint32_t>{0, 0}));
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            EXPECT_TRUE(FailsWith(draws.CmdDraw(frame, cmd, 2, 2), ErrorCode::OutOfRange, "draws"));
            EXPECT_TRUE(FailsWith(draws.CmdDraw(frame, cmd, UINT64_MAX, 1), ErrorCode::OutOfRange, "draws"));
            EXPECT_TRUE(FailsWith(draws.CmdDrawCount(frame, cmd), ErrorCode::WrongState, "draws"));
            EXPECT_TRUE(FailsWith(DrawBuffer().CmdDraw(frame, cmd), ErrorCode::InvalidArgument));
        });
        m_commands->WaitIdle();
        if (many)
        {
            m_sums = {};
            m_commands.reset();
            m_system.reset();
        }
    }
}

TEST_F(IndirectBufferTest, DrawsIndexedWithIndicesOfEveryWidth)
{
    SEDX_REQUIRE_DRAWS(Features{});
    const VertexBuffer<uint32_t> vertices = PowersOfTwo();
    const std::vector<VkDrawIndexedIndirectCommand> commands = {{2, 1, 0, 0, 0}, {2, 1, 2, 4, 0}};
    SEDX_REQUIRE(const auto draws, DrawIndexedBuffer::Create(*m_system, commands, "draws"));
    TestPipeline pipeline(m_own.device, {.vertex = kSumShader});
    const auto draw = [&](const IndexBuffer& indices, uint64_t firstIndex) {
        return Draw(pipeline, [&](const Frame& frame, VkCommandBuffer cmd) {
            EXPECT_TRUE(Ok(vertices.CmdBind(frame, cmd)));
            EXPECT_TRUE(Ok(indices.CmdBind(frame, cmd, firstIndex)));
            EXPECT_TRUE(Ok(draws.CmdDraw(frame, cmd)));
        });
    };
    const std::vector<uint32_t> words = {15, 3, 0, 1, 5, 6};
    const std::vector<uint16_t> shorts(words.begin(), words.end());
    const std::vector<uint8_t> bytes(words.begin(), words.end());
    // 3 and 0; then 1 + 4 and 5 + 4.
    const std::vector<uint32_t> fromOne = {(1u << 3) + (1u << 0) + (1u << 5) + (1u << 9), 4};
    SEDX_REQUIRE(const auto wide, IndexBuffer::Create(*m_system, std::span<const uint32_t>(words)));
    EXPECT_EQ(draw(wide, 1), fromOne);
    EXPECT_EQ(draw(wide, 0), (std::vector<uint32_t>{(1u << 15) + (1u << 3) + (1u << 4) + (1u << 5), 4}));
    SEDX_REQUIRE(const auto narrow, IndexBuffer::Create(*m_system, std::span<const uint16_t>(shorts)));
    EXPECT_EQ(draw(narrow, 1), fromOne);
    if (!m_hasUint8)
        SEDX_SKIP("the device lacks indexTypeUint8");
    SEDX_REQUIRE(const auto tiny, IndexBuffer::Create(*m_system, std::span<const uint8_t>(bytes)));
    EXPECT_EQ(draw(tiny, 1), fromOne);
}

TEST_F(IndirectBufferTest, DrawsWhatAShaderAppended)
{
    SEDX_REQUIRE_DRAWS(Features{});
    if (!m_hasCount)
        SEDX_SKIP("the device lacks drawIndirectCount");
    const VertexBuffer<uint32_t> vertices = PowersOfTwo();
    std::vector<uint16_t> order;
    for (uint16_t i = 0; i < 15; ++i)
        order.push_back(i);
    SEDX_REQUIRE(const auto indices, IndexBuffer::Create(*m_system, std::span<const uint16_t>(order)));
    SEDX_REQUIRE(const auto draws,
                 DrawIndexedBuffer::Create(*m_system, {.count = 5, .name = "culled", .withCount = true}));
    EXPECT_EQ(ReadElements(*m_system, draws.Counter().View()), (std::vector<uint32_t>{0}));
    TestPipeline cull(m_own.device, {.compute = kCullShader});
    TestPipeline pipeline(m_own.device, {.vertex = kSumShader});
    for (int frames = 0; frames < 3; ++frames)
    {
        const auto sums = [&] {
            m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
                const auto info = [&](const Buffer& buffer) {
                    const ResolvedBuffer now = frame.Resolve(buffer);
                    return VkDescriptorBufferInfo{now.buffer, now.offset, now.size};
                };
                cull.Set(1, info(draws));
                cull.Set(2, info(draws.Counter()));
                pipeline.Set(1, info(m_sums));
                EXPECT_TRUE(Ok(m_sums.CmdReset(frame, cmd)));
                EXPECT_TRUE(Ok(draws.Counter().CmdReset(frame, cmd)));
                cull.Bind(cmd);
                m_commands->Functions().CmdDispatch(cmd, 5, 1, 1);
                EXPECT_TRUE(Ok(draws.CmdMakeReadable(frame, cmd)));
                pipeline.Bind(cmd);
                pipeline.BeginPass(cmd);
                EXPECT_TRUE(Ok(vertices.CmdBind(frame, cmd)));
                EXPECT_TRUE(Ok(indices.CmdBind(frame, cmd)));
                EXPECT_TRUE(Ok(draws.CmdDrawCount(frame, cmd)));
                pipeline.EndPass(cmd);
                m_commands->Barrier(cmd);
            });
            m_commands->WaitIdle();
            return ReadElements(*m_system, m_sums.View());
        }();
        EXPECT_EQ(sums, (std::vector<uint32_t>{0b111'000 + (0b111 << 9), 6})); // instances 1 and 3
        EXPECT_EQ(ReadElements(*m_system, draws.Counter().View()), (std::vector<uint32_t>{2}));
    }
}

TEST_F(IndirectBufferTest, CountIsThatOfTheContents)
{
    SEDX_REQUIRE_DRAWS(Features{});
    if (!m_hasCount)
        SEDX_SKIP("the device lacks drawIndirectCount");
    const VertexBuffer<uint32_t> vertices = PowersOfTwo();
    const std::vector<VkDrawIndirectCommand> commands = {{1, 1, 0, 0}, {1, 1, 1, 0}, {1, 1, 2, 0}};
    SEDX_REQUIRE(const auto draws, DrawBuffer::Create(*m_system, commands, "draws", true));
    TestPipeline pipeline(m_own.device, {.vertex = kSumShader});
    const auto draw = [&] {
        return Draw(pipeline, [&](const Frame& frame, VkCommandBuffer cmd) {
            EXPECT_TRUE(Ok(vertices.CmdBind(frame, cmd)));
            EXPECT_TRUE(Ok(draws.CmdDrawCount(frame, cmd)));
        });
    };
    EXPECT_EQ(draw(), (std::vector<uint32_t>{0b111, 3}));
    const uint32_t two = 2;
    ASSERT_TRUE(Ok(m_system->Uploads().Write(draws.Counter(), 0, std::span(&two, 1))));
    EXPECT_EQ(draw(), (std::vector<uint32_t>{0b11, 2}));
}

TEST_F(IndirectBufferTest, DispatchesWhatTheCommandsSay)
{
    SEDX_REQUIRE_DRAWS(Features{});
    SEDX_REQUIRE(const auto pairs, StorageBuffer<uint64_t>::Create(*m_system, std::vector<uint64_t>(8, 1)));
    const std::vector<VkDispatchIndirectCommand> commands = {{8, 1, 1}, {0, 1, 1}, {3, 1, 1}};
    SEDX_REQUIRE(const auto dispatches, DispatchBuffer::Create(*m_system, commands, "dispatches"));
    TestPipeline pipeline(m_own.device, {.compute = kPairsShader});
    const std::vector<uint32_t> expected = {8, 0, 3};
    for (uint32_t index = 0; index < 3; ++index)
    {
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            const ResolvedBuffer sums = frame.Resolve(m_sums);
            pipeline.Set(1, pairs.Descriptor(frame));
            pipeline.Set(2, VkDescriptorBufferInfo{sums.buffer, sums.offset, sums.size});
            EXPECT_TRUE(Ok(m_sums.CmdReset(frame, cmd)));
            pipeline.Bind(cmd);
            EXPECT_TRUE(Ok(dispatches.CmdDispatch(frame, cmd, index)));
            EXPECT_TRUE(FailsWith(dispatches.CmdDispatch(frame, cmd, 3), ErrorCode::OutOfRange, "dispatches"));
            m_commands->Barrier(cmd);
        });
        m_commands->WaitIdle();
        EXPECT_EQ(ReadElements(*m_system, m_sums.View(0, 1)), (std::vector{expected[index]}));
    }
    EXPECT_TRUE(FailsWith(DispatchBuffer::Create(*m_system, {.count = 1, .name = "counted", .withCount = true}),
                          ErrorCode::InvalidArgument, "counted"));
}

TEST_F(IndirectBufferTest, MeshTasksRun)
{
    SEDX_REQUIRE_DRAWS(Features{});
    if (!m_hasMesh)
        SEDX_SKIP("the device lacks meshShader");
    const std::vector<VkDrawMeshTasksIndirectCommandEXT> commands = {{3, 1, 1}, {1, 1, 1}};
    SEDX_REQUIRE(const auto tasks, MeshTasksBuffer::Create(*m_system, commands, "tasks", m_hasCount));
    TestPipeline pipeline(m_own.device, {.mesh = kTasksShader});
    EXPECT_EQ(Draw(pipeline,
                   [&](const Frame& frame, VkCommandBuffer cmd) { EXPECT_TRUE(Ok(tasks.CmdDraw(frame, cmd, 0, 1))); }),
              (std::vector<uint32_t>{1 + 2 + 3, 0}));
    EXPECT_EQ(
        Draw(pipeline, [&](const Frame& frame, VkCommandBuffer cmd) { EXPECT_TRUE(Ok(tasks.CmdDraw(frame, cmd))); }),
        (std::vector<uint32_t>{1 + 2 + 3 + 1, 0}));
    if (!m_hasCount)
        return;
    EXPECT_EQ(Draw(pipeline,
                   [&](const Frame& frame, VkCommandBuffer cmd) { EXPECT_TRUE(Ok(tasks.CmdDrawCount(frame, cmd))); }),
              (std::vector<uint32_t>{1 + 2 + 3 + 1, 0}));
}

TEST_F(IndirectBufferTest, WithoutTheFeatures)
{
    SEDX_REQUIRE_DRAWS((Features{.drawIndirectCount = false, .indexTypeUint8 = false, .meshShader = false}));
    EXPECT_TRUE(FailsWith(DrawBuffer::Create(*m_system, {.count = 1, .name = "counted", .withCount = true}),
                          ErrorCode::MissingFeature, "drawIndirectCount"));
    EXPECT_TRUE(FailsWith(MeshTasksBuffer::Create(*m_system, {.count = 1, .name = "tasks"}), ErrorCode::MissingFeature,
                          "VK_EXT_mesh_shader"));
    const uint8_t byte = 0;
    EXPECT_TRUE(FailsWith(IndexBuffer::Create(*m_system, std::span(&byte, 1)), ErrorCode::MissingFeature));
    EXPECT_TRUE(FailsWith(DrawBuffer::Create(*m_system, {.count = 0}), ErrorCode::InvalidArgument));
}
} // namespace
} // namespace sedx::test
