// BufferFactory: every kind of buffer, created and filled in one call.
#include "support/gpu_test.h"

#include <gmock/gmock.h>
#include <limits>

namespace sedx::test
{
namespace
{
class FactoryTest : public GpuLayoutTest
{
  protected:
    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = MakeSystem();
        ASSERT_TRUE(m_system);
    }
    void TearDown() override
    {
        m_system.reset();
        GpuTest::TearDown();
    }
    BufferFactory& Factory() { return m_system->Factory(); }
    const VkPhysicalDeviceLimits& Limits() { return TheDevice().Properties().limits; }

    // The buffer begins with these bytes, and has what a kind promises.
    void ExpectFilled(const Buffer& buffer, std::span<const std::byte> bytes, uint64_t size, BufferUsage usage,
                      MemoryType memory, const std::string& name)
    {
        EXPECT_EQ(buffer.GetSize(), size);
        EXPECT_EQ(buffer.Usage() & usage, usage);
        EXPECT_EQ(buffer.Memory(), memory);
        EXPECT_EQ(buffer.Name(), name);
        EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, {buffer, 0, bytes.size()})));
    }

    std::unique_ptr<BufferSystem> m_system;
};

INSTANTIATE_TEST_SUITE_P(Layouts, FactoryTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::SmallBar()),
                         LayoutName);

struct Vertex
{
    float position[3];
    uint32_t colour;
};

TEST_P(FactoryTest, VertexBuffer)
{
    std::vector<Vertex> vertices(37);
    for (size_t i = 0; i < vertices.size(); ++i)
        vertices[i] = {{static_cast<float>(i), 2.0f, 3.0f}, static_cast<uint32_t>(i)};
    SEDX_REQUIRE(const Buffer typed, Factory().CreateVertexBuffer(std::span<const Vertex>(vertices), "rock"));
    const auto bytes = std::as_bytes(std::span(vertices));
    ExpectFilled(typed, bytes, bytes.size(), BufferUsage::Vertex, MemoryType::GPU, "rock");
    SEDX_REQUIRE(const Buffer raw, Factory().CreateVertexBuffer(vertices.data(), 13, "thirteen"));
    ExpectFilled(raw, bytes.first(13), 13, BufferUsage::Vertex, MemoryType::GPU, "thirteen");
}

TEST_P(FactoryTest, IndexBufferOfEveryWidth)
{
    const std::vector<uint8_t> bytes{0, 1, 2, 2, 1};
    const std::vector<uint16_t> words{0, 1, 2, 60000, 1};
    const std::vector<uint32_t> longs{0, 1, 2, 4000000000u, 1};
    SEDX_REQUIRE(const Buffer a, Factory().CreateIndexBuffer(std::span<const uint8_t>(bytes), "8"));
    SEDX_REQUIRE(const Buffer b, Factory().CreateIndexBuffer(std::span<const uint16_t>(words), "16"));
    SEDX_REQUIRE(const Buffer c, Factory().CreateIndexBuffer(std::span<const uint32_t>(longs), "32"));
    ExpectFilled(a, std::as_bytes(std::span(bytes)), 5, BufferUsage::Index, MemoryType::GPU, "8");
    ExpectFilled(b, std::as_bytes(std::span(words)), 10, BufferUsage::Index, MemoryType::GPU, "16");
    ExpectFilled(c, std::as_bytes(std::span(longs)), 20, BufferUsage::Index, MemoryType::GPU, "32");
    SEDX_REQUIRE(const Buffer d, Factory().CreateIndexBuffer(words.data(), 6));
    ExpectFilled(d, std::as_bytes(std::span(words)).first(6), 6, BufferUsage::Index, MemoryType::GPU, "");
}

TEST_P(FactoryTest, DynamicUniformBuffer)
{
    const Bytes bytes = Pattern(1, 100);
    SEDX_REQUIRE(const Buffer filled, Factory().CreateDynamicUniformBuffer(256, "camera", bytes));
    ExpectFilled(filled, bytes, 256, BufferUsage::Uniform, MemoryType::CPU, "camera");
    SEDX_REQUIRE(const Buffer empty, Factory().CreateDynamicUniformBuffer(256));
    EXPECT_TRUE(Ok(m_system->MapWritable<uint32_t>(empty)));
}

TEST_P(FactoryTest, UniformLimitIsNamed)
{
    const size_t limit = Limits().maxUniformBufferRange;
    EXPECT_TRUE(FailsWith(Factory().CreateDynamicUniformBuffer(limit + 1, "huge constants"), ErrorCode::LimitExceeded,
                          "maxUniformBufferRange"));
    EXPECT_TRUE(FailsWith(Factory().CreateDynamicUniformBuffer(limit + 1, "huge constants"), ErrorCode::LimitExceeded,
                          std::to_string(limit)));
    EXPECT_TRUE(Ok(Factory().CreateDynamicUniformBuffer(limit)));
}

TEST_P(FactoryTest, StorageBuffer)
{
    const Bytes bytes = Pattern(2, 999);
    SEDX_REQUIRE(const Buffer gpu, Factory().CreateStorageBuffer(1000, false, "gpu", bytes));
    ExpectFilled(gpu, bytes, 1000, BufferUsage::Storage | BufferUsage::DeviceAddress, MemoryType::GPU, "gpu");
    SEDX_REQUIRE(const Buffer cpu, Factory().CreateStorageBuffer(1000, true, "cpu", bytes));
    ExpectFilled(cpu, bytes, 1000, BufferUsage::Storage, MemoryType::CPU, "cpu");
    EXPECT_TRUE(Ok(m_system->MapBuffer(cpu, MapMode::Read)));
    m_system->UnmapBuffer(cpu);
    const std::vector<double> elements{1.0, 2.0, 3.0};
    SEDX_REQUIRE(const Buffer typed, Factory().CreateStorageBuffer(std::span<const double>(elements), "typed"));
    ExpectFilled(typed, std::as_bytes(std::span(elements)), 24, BufferUsage::Storage, MemoryType::GPU, "typed");
    EXPECT_TRUE(Ok(Factory().CreateStorageBuffer(64)));
}

TEST_P(FactoryTest, DataLargerThanTheBufferIsRefused)
{
    const Bytes bytes = Pattern(3, 65);
    const uint64_t before = m_system->GetReport().createdBuffers;
    EXPECT_FALSE(Factory().CreateStorageBuffer(64, false, "too small", bytes));
    EXPECT_FALSE(Factory().CreateDynamicUniformBuffer(64, "too small", bytes));
    EXPECT_FALSE(Factory().CreateStagingBuffer(64, "too small", bytes));
    EXPECT_FALSE(Factory().CreateTexelBuffer(VK_FORMAT_R32_UINT, 64, false, "too small", bytes));
    EXPECT_EQ(m_system->GetReport().liveBuffers, 0u);
    EXPECT_EQ(m_system->GetReport().createdBuffers, before);
}

TEST_P(FactoryTest, NothingAndNullAreInvalid)
{
    const uint32_t value = 1;
    EXPECT_TRUE(FailsWith(Factory().CreateVertexBuffer(&value, 0, "none"), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Factory().CreateVertexBuffer(nullptr, 16, "null"), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Factory().CreateVertexBuffer(std::span<const Vertex>(), "none"), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Factory().CreateIndexBuffer(nullptr, 16, "null"), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Factory().CreateIndexBuffer(&value, 0, "none"), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Factory().CreateStorageBuffer(0), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Factory().CreateDynamicUniformBuffer(0), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Factory().CreateStagingBuffer(0), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Factory().CreateReadbackBuffer(0), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Factory().CreateTexelBuffer(VK_FORMAT_R32_UINT, 0), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Factory().CreateIndirectBuffer(IndirectKind::Draw, 0), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Factory().CreateIndirectBuffer(0, "guide"), ErrorCode::InvalidArgument));
    EXPECT_EQ(m_system->GetReport().liveBuffers, 0u);
}

// ---- indirect ------------------------------------------------------------------------------------------------------
TEST_P(FactoryTest, CommandSizesAreThoseOfVulkan)
{
    EXPECT_EQ(CommandBytes(IndirectKind::Draw), sizeof(VkDrawIndirectCommand));
    EXPECT_EQ(CommandBytes(IndirectKind::DrawIndexed), sizeof(VkDrawIndexedIndirectCommand));
    EXPECT_EQ(CommandBytes(IndirectKind::Dispatch), sizeof(VkDispatchIndirectCommand));
    EXPECT_EQ(CommandBytes(IndirectKind::MeshTasks), sizeof(VkDrawMeshTasksIndirectCommandEXT));
}

TEST_P(FactoryTest, IndirectBuffersOfEveryKind)
{
    const BufferUsage usage = BufferUsage::Indirect | BufferUsage::Storage | BufferUsage::DeviceAddress;
    for (const IndirectKind kind :
         {IndirectKind::Draw, IndirectKind::DrawIndexed, IndirectKind::Dispatch, IndirectKind::MeshTasks})
    {
        const size_t size = CommandBytes(kind);
        const Bytes commands = Pattern(static_cast<uint64_t>(kind), 3 * size);
        SEDX_REQUIRE(const IndirectBuffers made, Factory().CreateIndirectBuffer(kind, 10, "draws", commands, true));
        ExpectFilled(made.commands, commands, 10 * size, usage, MemoryType::GPU, "draws");
        ASSERT_TRUE(static_cast<bool>(made.count));
        EXPECT_EQ(made.count.GetSize(), sizeof(uint32_t));
        EXPECT_EQ(made.count.Usage() & usage, usage);
        const uint32_t three = 3;
        EXPECT_TRUE(SameBytes(std::as_bytes(std::span(&three, 1)), ReadBack(*m_system, made.count)));
    }
}

TEST_P(FactoryTest, IndirectBufferWithoutCommandsCountsZero)
{
    SEDX_REQUIRE(const IndirectBuffers made,
                 Factory().CreateIndirectBuffer(IndirectKind::DrawIndexed, 10, "empty", {}, true));
    const uint32_t zero = 0;
    EXPECT_TRUE(SameBytes(std::as_bytes(std::span(&zero, 1)), ReadBack(*m_system, made.count)));
    SEDX_REQUIRE(const IndirectBuffers uncounted, Factory().CreateIndirectBuffer(IndirectKind::Draw, 10));
    EXPECT_FALSE(static_cast<bool>(uncounted.count));
    SEDX_REQUIRE(const Buffer guide, Factory().CreateIndirectBuffer(10, "guide"));
    EXPECT_EQ(guide.GetSize(), 10 * sizeof(VkDrawIndirectCommand));
}

TEST_P(FactoryTest, IndirectCommandsMustFit)
{
    const size_t size = sizeof(VkDrawIndirectCommand);
    EXPECT_FALSE(Factory().CreateIndirectBuffer(IndirectKind::Draw, 2, "one too many", Pattern(1, 3 * size)));
    EXPECT_FALSE(Factory().CreateIndirectBuffer(IndirectKind::Draw, 2, "not whole", Pattern(1, size + 1)));
    // commandCount * stride leaves 64 bits
    EXPECT_FALSE(Factory().CreateIndirectBuffer(IndirectKind::DrawIndexed, std::numeric_limits<size_t>::max() / 4));
    EXPECT_FALSE(Factory().CreateIndirectBuffer(std::numeric_limits<size_t>::max() / size + 2, "wraps to few bytes"));
    EXPECT_EQ(m_system->GetReport().liveBuffers, 0u);
}

// ---- staging, read-back, texel -------------------------------------------------------------------------------------
TEST_P(FactoryTest, StagingBuffer)
{
    const Bytes bytes = Pattern(4, 77);
    SEDX_REQUIRE(const Buffer staging, Factory().CreateStagingBuffer(100, "staging", bytes));
    ExpectFilled(staging, bytes, 100, BufferUsage::TransferSrc, MemoryType::CPU, "staging");
    SEDX_REQUIRE(const Buffer empty, Factory().CreateStagingBuffer(100));
    SEDX_REQUIRE(auto mapping, m_system->MapWritable<std::byte>(empty));
    EXPECT_EQ(mapping.Span().size(), 100u);
}

TEST_P(FactoryTest, ReadbackBuffer)
{
    SEDX_REQUIRE(const Buffer buffer, Factory().CreateReadbackBuffer(100, "to the CPU"));
    EXPECT_EQ(buffer.Memory(), MemoryType::Readback);
    EXPECT_TRUE(Any(buffer.Usage() & BufferUsage::TransferDst));
    SEDX_REQUIRE(const auto mapping, m_system->MapReadable<std::byte>(buffer));
    EXPECT_EQ(mapping.Span().size(), 100u);
}

TEST_P(FactoryTest, TexelBufferCanBeViewed)
{
    const Bytes bytes = Pattern(5, 256);
    for (const bool storage : {false, true})
    {
        SEDX_REQUIRE(const Buffer buffer,
                     Factory().CreateTexelBuffer(VK_FORMAT_R32_UINT, 256, storage, "texels", bytes));
        const BufferUsage usage = storage ? BufferUsage::StorageTexel : BufferUsage::UniformTexel;
        ExpectFilled(buffer, bytes, 256, usage, MemoryType::GPU, "texels");
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        const ResolvedBuffer resolved = frame.Resolve(buffer);
        const RawFunctions raw = RawFunctions::Load(TheDevice());
        const VkBufferViewCreateInfo info{.sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
                                          .buffer = resolved.buffer,
                                          .format = VK_FORMAT_R32_UINT,
                                          .offset = resolved.offset,
                                          .range = resolved.size};
        VkBufferView view = VK_NULL_HANDLE;
        EXPECT_EQ(raw.CreateBufferView(TheDevice().Handle(), &info, nullptr, &view), VK_SUCCESS);
        raw.DestroyBufferView(TheDevice().Handle(), view, nullptr);
        ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    }
}

TEST_P(FactoryTest, TexelFormatThatTheDeviceCannotUse)
{
    // A depth format is never a texel buffer.
    EXPECT_TRUE(
        FailsWith(Factory().CreateTexelBuffer(VK_FORMAT_D32_SFLOAT, 256, true, "depth"), ErrorCode::MissingFeature));
    EXPECT_FALSE(Factory().CreateTexelBuffer(VK_FORMAT_UNDEFINED, 256));
}

TEST_P(FactoryTest, TexelLimitIsNamed)
{
    const uint64_t elements = uint64_t{Limits().maxTexelBufferElements} + 1;
    if (elements > (uint64_t{1} << 32))
        SEDX_SKIP("maxTexelBufferElements is larger than any test should allocate");
    const auto made = Factory().CreateTexelBuffer(VK_FORMAT_R8_UINT, elements, false, "too many texels");
    if (!made && made.error().code == ErrorCode::MissingFeature)
        SEDX_SKIP("R8_UINT is no texel buffer format here");
    EXPECT_TRUE(FailsWith(made, ErrorCode::LimitExceeded, "maxTexelBufferElements"));
}

// ---- behaviour -----------------------------------------------------------------------------------------------------
// The guide's fault: one staging buffer and one queue idle a call.
TEST_P(FactoryTest, FillingNeverWaitsNorSubmitsOnItsOwn)
{
    NewWaits();
    const uint64_t submissions = m_system->GetReport().submissions;
    std::vector<Buffer> buffers;
    for (uint64_t i = 0; i < 100; ++i)
    {
        const Bytes bytes = Pattern(i, 1000);
        SEDX_REQUIRE(Buffer buffer, Factory().CreateVertexBuffer(std::span<const std::byte>(bytes)));
        buffers.push_back(std::move(buffer));
    }
    EXPECT_EQ(NewWaits(), 0u);
    EXPECT_EQ(m_system->GetReport().submissions, submissions);
    for (uint64_t i = 0; i < 100; i += 9)
        EXPECT_TRUE(SameBytes(Pattern(i, 1000), ReadBack(*m_system, buffers[i])));
    EXPECT_LE(m_system->GetReport().submissions, submissions + 30);
}

TEST_P(FactoryTest, FramesSubmittedLaterSeeTheData)
{
    TestCommands commands(TheDevice());
    const Bytes bytes = Pattern(6, 500);
    SEDX_REQUIRE(const Buffer target, m_system->CreateBuffer(500, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    SEDX_REQUIRE(const Buffer source,
                 Factory().CreateVertexBuffer(std::span<const std::byte>(bytes), "within a frame"));
    VkCommandBuffer cmd = commands.Begin();
    ASSERT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, source, target, 500)));
    commands.Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, target)));
}

TEST_P(FactoryTest, FailedFillLeavesNoBuffer)
{
    if (Layout().name != "Discrete")
        return; // filled in place elsewhere
    Calls().FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_HOST_MEMORY, 1, 1000);
    const Bytes bytes = Pattern(1, 64 << 10);
    EXPECT_FALSE(Factory().CreateVertexBuffer(std::span<const std::byte>(bytes), "half made"));
    Calls().StopFailing();
    m_system->Poll();
    EXPECT_EQ(m_system->GetReport().liveBuffers, 0u);
    EXPECT_EQ(m_system->GetReport().gpu.bytes, 0u);
    EXPECT_TRUE(Ok(Factory().CreateVertexBuffer(std::span<const std::byte>(bytes), "whole")));
}
} // namespace
} // namespace sedx::test
