// Typed buffers and views: what is written where, and what they refuse.
#include "buffer_types_test.h"

#include <array>
#include <numeric>

namespace sedx::test
{
namespace
{
using TypedBufferTest = BufferTypesTest;

struct Vertex
{
    float position[3];
    uint32_t color;
    friend bool operator==(const Vertex&, const Vertex&) = default;
};

std::vector<uint32_t> Numbers(uint32_t count, uint32_t first = 0)
{
    std::vector<uint32_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), first);
    return numbers;
}

TEST_F(TypedBufferTest, VerticesAreWhereTheyBelong)
{
    const std::vector<Vertex> vertices = {{{1, 2, 3}, 4}, {{5, 6, 7}, 8}, {{9, 10, 11}, 12}};
    SEDX_REQUIRE(const auto buffer, VertexBuffer<Vertex>::Create(*m_system, vertices, "rock"));
    EXPECT_EQ(buffer.Count(), 3u);
    EXPECT_EQ(buffer.Get().GetSize(), 48u);
    EXPECT_EQ(buffer.Get().Name(), "rock");
    EXPECT_TRUE(Any(buffer.Get().Usage() & BufferUsage::Vertex));
    EXPECT_EQ(ReadElements(*m_system, buffer.View()), vertices);

    const Vertex other{{0, 0, 1}, 99};
    ASSERT_TRUE(Ok(buffer.Write(1, std::span(&other, 1))));
    EXPECT_EQ(ReadElements(*m_system, buffer.View()), (std::vector{vertices[0], other, vertices[2]}));
    EXPECT_EQ(ReadElements(*m_system, buffer.View(1, 1)), (std::vector{other}));
    EXPECT_EQ(ReadElements(*m_system, buffer.View(2)), (std::vector{vertices[2]}));

    const VkVertexInputBindingDescription binding = VertexBuffer<Vertex>::Binding(3, VK_VERTEX_INPUT_RATE_INSTANCE);
    EXPECT_EQ(binding.binding, 3u);
    EXPECT_EQ(binding.stride, 16u);
    EXPECT_EQ(binding.inputRate, VK_VERTEX_INPUT_RATE_INSTANCE);
}

TEST_F(TypedBufferTest, HandlesMeanOneBuffer)
{
    SEDX_REQUIRE(auto first, StorageBuffer<uint32_t>::Create(*m_system, {.count = 4, .name = "one"}));
    const StorageBuffer<uint32_t> second = first;
    EXPECT_EQ(first, second);
    EXPECT_EQ(second.Get(), first.Get());
    first = {};
    EXPECT_FALSE(first);
    EXPECT_EQ(first.Count(), 0u);
    EXPECT_TRUE(Ok(second.Write(0, Numbers(4))));
    EXPECT_EQ(ReadElements(*m_system, second.View()), Numbers(4));
    // A buffer that was there before.
    const VertexBuffer<uint16_t> asVertices(second.Get());
    EXPECT_EQ(asVertices.Count(), 8u);
}

TEST_F(TypedBufferTest, MoreThanThereIs)
{
    SEDX_REQUIRE(const auto buffer, StorageBuffer<uint32_t>::Create(*m_system, {.count = 4, .name = "four"}));
    EXPECT_TRUE(FailsWith(buffer.Write(1, Numbers(4)), ErrorCode::OutOfRange, "four"));
    EXPECT_TRUE(FailsWith(buffer.Write(UINT64_MAX / 4 + 2, Numbers(1)), ErrorCode::OutOfRange, "four"));
    EXPECT_TRUE(FailsWith(buffer.Write(UINT64_MAX, Numbers(1)), ErrorCode::OutOfRange, "four"));
    EXPECT_TRUE(FailsWith(m_system->Readbacks().Request(buffer.View(1, 4)), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(m_system->Readbacks().Request(buffer.View(5)), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(m_system->Readbacks().Request(buffer.View(UINT64_MAX)), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(m_system->Readbacks().Request(buffer.View(0, UINT64_MAX / 2)), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(StorageBuffer<uint32_t>::Create(*m_system, {.count = 0}), ErrorCode::InvalidArgument));
    EXPECT_TRUE(
        FailsWith(StorageBuffer<uint32_t>::Create(*m_system, {.count = UINT64_MAX / 2}), ErrorCode::LimitExceeded));
    EXPECT_TRUE(
        FailsWith(VertexBuffer<Vertex>::Create(*m_system, std::span<const Vertex>()), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(StorageBuffer<uint32_t>().Write(0, Numbers(1)), ErrorCode::InvalidArgument));
}

TEST_F(TypedBufferTest, ViewsCountElements)
{
    SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer({.bytes = 100, .usage = BufferUsage::Storage}));
    const BufferView<uint64_t> words(buffer);
    EXPECT_EQ(words.Count(), 12u);
    const BufferView<uint64_t> some = words.Elements(2, 3);
    EXPECT_EQ(some.offset, 16u);
    EXPECT_EQ(some.bytes, 24u);
    EXPECT_EQ(some.Elements(1).offset, 24u);
    EXPECT_EQ(some.Elements(1).Count(), 2u);
    EXPECT_EQ(some.Elements(4).Count(), 0u);
    EXPECT_EQ(some.As<uint16_t>().Count(), 12u);
    EXPECT_EQ(words.Elements(2).bytes, BufferView<>::kWhole);
    EXPECT_EQ(words.Elements(2).Count(), 10u);
    EXPECT_EQ(words.Elements(13).Count(), 0u);
    EXPECT_EQ(BufferView<uint64_t>().Count(), 0u);
    const BufferView<> bytes = some;
    EXPECT_EQ(bytes.Count(), 24u);
}

TEST_F(TypedBufferTest, IndicesOfEveryWidth)
{
    const std::array<uint16_t, 3> shorts = {1, 2, 65535};
    SEDX_REQUIRE(const auto narrow, IndexBuffer::Create(*m_system, std::span<const uint16_t>(shorts), "narrow"));
    EXPECT_EQ(narrow.Type(), VK_INDEX_TYPE_UINT16);
    EXPECT_EQ(narrow.Count(), 3u);
    EXPECT_TRUE(SameBytes(std::as_bytes(std::span(shorts)), ReadBack(*m_system, narrow.View())));
    const uint16_t seven = 7;
    EXPECT_TRUE(Ok(narrow.Write(1, std::span(&seven, 1))));
    EXPECT_TRUE(SameBytes(std::as_bytes(std::span(&seven, 1)), ReadBack(*m_system, narrow.View(1, 1))));
    EXPECT_TRUE(
        FailsWith(narrow.Write(0, std::span<const uint32_t>(Numbers(1))), ErrorCode::InvalidArgument, "narrow"));

    SEDX_REQUIRE(const auto wide, IndexBuffer::Create(*m_system, std::span<const uint32_t>(Numbers(5)), "wide"));
    EXPECT_EQ(wide.Type(), VK_INDEX_TYPE_UINT32);
    EXPECT_EQ(wide.Count(), 5u);
    EXPECT_TRUE(
        FailsWith(IndexBuffer::Create(*m_system, VK_INDEX_TYPE_NONE_KHR, {.count = 1}), ErrorCode::InvalidArgument));
    EXPECT_EQ(IndexBuffer(narrow.Get(), VK_INDEX_TYPE_NONE_KHR).Count(), 0u);
    EXPECT_EQ(IndexBuffer().Count(), 0u);
    // The device of the tests is made without the feature.
    const uint8_t byte = 1;
    EXPECT_TRUE(FailsWith(IndexBuffer::Create(*m_system, std::span(&byte, 1), "bytes"), ErrorCode::MissingFeature,
                          "indexTypeUint8"));
}

TEST_F(TypedBufferTest, BindingLooksAtItsArguments)
{
    SEDX_REQUIRE(const auto vertices, VertexBuffer<Vertex>::Create(*m_system, {.count = 2, .name = "two"}));
    SEDX_REQUIRE(const auto indices, IndexBuffer::Create(*m_system, std::span<const uint32_t>(Numbers(2))));
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        EXPECT_TRUE(Ok(vertices.CmdBind(frame, cmd, 0, 1)));
        EXPECT_TRUE(FailsWith(vertices.CmdBind(frame, cmd, 0, 2), ErrorCode::OutOfRange, "two"));
        EXPECT_TRUE(FailsWith(vertices.CmdBind(frame, VK_NULL_HANDLE), ErrorCode::InvalidArgument));
        EXPECT_TRUE(FailsWith(VertexBuffer<Vertex>().CmdBind(frame, cmd), ErrorCode::InvalidArgument));
        EXPECT_TRUE(Ok(indices.CmdBind(frame, cmd, 1)));
        EXPECT_TRUE(FailsWith(indices.CmdBind(frame, cmd, 2), ErrorCode::OutOfRange));
        EXPECT_TRUE(FailsWith(IndexBuffer().CmdBind(frame, cmd), ErrorCode::InvalidArgument));
    });
    m_commands->WaitIdle();
}

TEST_F(TypedBufferTest, OutlivesItsSystem)
{
    SEDX_REQUIRE(const auto buffer, StorageBuffer<uint32_t>::Create(*m_system, {.count = 4, .name = "left behind"}));
    SEDX_REQUIRE(const auto texels,
                 TexelBuffer::Create(*m_system, {.format = VK_FORMAT_R32_UINT, .count = 4, .name = "texels"}));
    EXPECT_NE(texels.VkView(), VkBufferView{});
    m_commands.reset();
    m_system.reset(); // reports both
    EXPECT_TRUE(FailsWith(buffer.Write(0, Numbers(4)), ErrorCode::WrongState, "left behind"));
    EXPECT_EQ(texels.VkView(), VkBufferView{});
}
} // namespace
} // namespace sedx::test
