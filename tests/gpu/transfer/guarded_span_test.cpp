// Spans that end or begin beside a page that nobody may touch: uploads read, and read-backs write, exactly what was given.
//
// Peers' mistake: sizes rounded up to four bytes read past the source and overwrite up to three bytes of the destination.
#include "host_import_test.h"
#include "support/guarded_bytes.h"

#include <algorithm>
#include <numeric>

namespace sedx::test
{
namespace
{
constexpr uint64_t kBlock = 64 << 10;
constexpr uint64_t kLongest = 5 * kBlock + 3; // sent piece by piece
constexpr TransferPath kPaths[] = {TransferPath::Auto, TransferPath::Regions, TransferPath::Scatter,
                                   TransferPath::Inline};

// All short ones, and those around pages and blocks.
std::vector<uint64_t> Lengths()
{
    std::vector<uint64_t> lengths(300);
    std::iota(lengths.begin(), lengths.end(), uint64_t{1});
    for (const uint64_t about : {uint64_t{512}, uint64_t{1024}, uint64_t{4096}, kBlock, 2 * kBlock})
        lengths.insert(lengths.end(), {about - 1, about, about + 1});
    lengths.push_back(kLongest);
    return lengths;
}

class GuardedSpanTest : public GpuLayoutTest
{
  protected:
    void SetUp() override
    {
        if (!GuardedBytes::IsAvailable())
            SEDX_SKIP("the system has no mprotect");
        GpuTest::SetUp();
        m_bytes.emplace(kLongest);
        std::ranges::copy(Pattern(1, m_bytes->All().size()), m_bytes->All().begin());
        m_commands.emplace(TheDevice());
    }
    void TearDown() override
    {
        m_buffer = {};
        m_commands.reset();
        m_system.reset();
        GpuTest::TearDown();
    }

    // A system and a buffer with bytes of which none equals its neighbours.
    void Make(TransferPath path = TransferPath::Auto, uint32_t copyThreads = 1)
    {
        m_buffer = {};
        m_system = MakeSystem({.stagingBlockBytes = kBlock,
                               .stagingLimitBytes = 4 * kBlock,
                               .transferPath = path,
                               .profile = {.given = TransferProfile{.copyThreads = copyThreads}}});
        ASSERT_TRUE(m_system);
        m_shadow = Pattern(2, 2'000'000);
        SEDX_REQUIRE(m_buffer,
                     m_system->CreateBuffer(m_shadow.size(), BufferUsage::Storage, MemoryType::GPU, "target"));
        ASSERT_TRUE(Ok(m_system->Uploads().Write(m_buffer, 0, m_shadow)));
        SEDX_REQUIRE(const UploadTicket sent, m_system->Uploads().Submit());
        ASSERT_TRUE(Ok(sent.Wait()));
        m_next = 0;
    }
    // Where these bytes go: behind those before, at all alignments, with untouched bytes between them.
    uint64_t Place(std::span<const std::byte> bytes)
    {
        const uint64_t offset = m_next + 1;
        EXPECT_LT(offset + bytes.size(), m_shadow.size());
        std::ranges::copy(bytes, m_shadow.begin() + static_cast<ptrdiff_t>(offset));
        m_next = offset + bytes.size() + bytes.size() % 3;
        return offset;
    }
    // Twice: while the buffer is idle, and in a frame that uses it, so that the GPU has to copy.
    template <class F>
    void IdleAndInFlight(F&& write)
    {
        write();
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        frame.Resolve(m_buffer);
        write();
        ASSERT_TRUE(Ok(m_system->Uploads().Submit()));
        m_commands->Submit(m_commands->Begin(), frame);
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
        ASSERT_TRUE(SameBytes(m_shadow, ReadBack(*m_system, m_buffer)));
    }

    std::optional<GuardedBytes> m_bytes;
    std::optional<TestCommands> m_commands;
    std::unique_ptr<BufferSystem> m_system;
    Buffer m_buffer;
    Bytes m_shadow;
    uint64_t m_next = 0;
};
INSTANTIATE_TEST_SUITE_P(Layouts, GuardedSpanTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

TEST_P(GuardedSpanTest, WritesReadTheirSourceOnly)
{
    for (const TransferPath path : kPaths)
    {
        ASSERT_NO_FATAL_FAILURE(Make(path));
        IdleAndInFlight([&] {
            for (const uint64_t length : Lengths())
            {
                const auto source = length % 7 == 0 ? m_bytes->First(length) : m_bytes->Last(length);
                ASSERT_TRUE(Ok(m_system->Uploads().Write(m_buffer, Place(source), source))) << length;
            }
        });
    }
}

TEST_P(GuardedSpanTest, WriteManyReadsItsSourcesOnly)
{
    for (const TransferPath path : kPaths)
    {
        ASSERT_NO_FATAL_FAILURE(Make(path));
        IdleAndInFlight([&] {
            std::vector<BufferWrite> writes;
            for (const uint64_t length : Lengths())
                writes.push_back({m_buffer, Place(m_bytes->Last(length)), m_bytes->Last(length)});
            ASSERT_TRUE(Ok(m_system->Uploads().WriteMany(writes)));
        });
    }
}

// So many that several threads copy and plan them.
TEST_P(GuardedSpanTest, ThreadsReadTheirSourcesOnly)
{
    ASSERT_NO_FATAL_FAILURE(Make(TransferPath::Auto, 3));
    IdleAndInFlight([&] {
        std::vector<BufferWrite> writes;
        for (uint64_t i = 0; i < 25'000; ++i)
            writes.push_back({m_buffer, Place(m_bytes->Last(1 + i % 61)), m_bytes->Last(1 + i % 61)});
        ASSERT_TRUE(Ok(m_system->Uploads().WriteMany(writes)));
    });
}

TEST_P(GuardedSpanTest, BackgroundWritesReadTheirSourceOnly)
{
    for (const SourceLifetime lifetime : {SourceLifetime::Copied, SourceLifetime::KeptUntilComplete})
    {
        ASSERT_NO_FATAL_FAILURE(Make());
        m_system->Uploads().SetBackgroundBytesPerFrame(100'001); // cuts writes in pieces of odd lengths
        std::vector<UploadTicket> tickets;
        for (const uint64_t length : Lengths())
        {
            const auto source = m_bytes->Last(length);
            SEDX_REQUIRE(tickets.emplace_back(),
                         m_system->Uploads().Write(m_buffer, Place(source), source,
                                                   {.priority = UploadPriority::Background, .source = lifetime}));
        }
        while (m_system->GetReport().queuedBytes != 0)
            m_commands->RunFrame(*m_system);
        for (const UploadTicket& ticket : tickets)
            ASSERT_TRUE(Ok(ticket.Wait()));
        EXPECT_TRUE(SameBytes(m_shadow, ReadBack(*m_system, m_buffer)));
    }
}

TEST_P(GuardedSpanTest, WritesFromImportedMemoryReadItOnly)
{
    for (const uint64_t blockBytes : {uint64_t{m_bytes->All().size()}, kLongest, uint64_t{5000}, uint64_t{77}})
    {
        ASSERT_NO_FATAL_FAILURE(Make());
        SEDX_REQUIRE(const ImportedMemory block, m_system->Uploads().Import(m_bytes->Last(blockBytes)));
        for (const uint64_t length : Lengths())
        {
            if (length > blockBytes)
                break;
            const ImportedView source(block, blockBytes - length, length);
            ASSERT_TRUE(Ok(m_system->Uploads().Write(m_buffer, Place(m_bytes->Last(length)), source)));
        }
        EXPECT_TRUE(SameBytes(m_shadow, ReadBack(*m_system, m_buffer)));
    }
}

TEST_P(GuardedSpanTest, ImagesReadTheirSourceOnly)
{
    ASSERT_NO_FATAL_FAILURE(Make());
    struct Shape
    {
        VkFormat format;
        uint32_t width;
        uint32_t height;
        uint64_t texelBytes;
    };
    std::vector<Shape> shapes{{VK_FORMAT_R8_UNORM, 1001, 311, 1}, // split between rows
                              {VK_FORMAT_R8G8_UNORM, 5, 7, 2},
                              {VK_FORMAT_R8G8B8A8_UNORM, 13, 5, 4},
                              {VK_FORMAT_R16G16B16A16_SFLOAT, 3, 3, 8}};
    for (uint32_t width = 1; width < 40; ++width)
        shapes.push_back({VK_FORMAT_R8_UNORM, width, 1 + width % 3, 1});
    for (const Shape& shape : shapes)
    {
        const VkExtent3D extent{shape.width, shape.height, 1};
        const TestImage image(TheDevice(), {.format = shape.format, .extent = extent});
        const ImageRegion region{.extent = extent};
        const auto source = m_bytes->Last(shape.width * shape.height * shape.texelBytes);
        ASSERT_TRUE(Ok(m_system->Uploads().WriteImage(image.Target(), {&region, 1}, source)));
        SEDX_REQUIRE(const ReadbackTicket ticket,
                     m_system->Readbacks().RequestImage(image.Target(VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL), region));
        SEDX_REQUIRE(const auto read, ticket.Wait());
        ASSERT_TRUE(SameBytes(source, read)) << shape.width << " x " << shape.height;
    }
}

TEST_P(GuardedSpanTest, ReadsWriteTheirDestinationOnly)
{
    ASSERT_NO_FATAL_FAILURE(Make());
    const Bytes untouched = Filled(0xA5, m_bytes->All().size());
    for (const uint64_t length : Lengths())
    {
        const uint64_t from = length % 5;
        const auto expected = std::span(m_shadow).subspan(from, length);
        std::ranges::copy(untouched, m_bytes->All().begin());
        ASSERT_TRUE(Ok(m_system->Readbacks().Read({m_buffer, from, length}, m_bytes->Last(length))));
        ASSERT_TRUE(SameBytes(expected, m_bytes->Last(length)));
        const auto before = m_bytes->First(m_bytes->All().size() - length);
        ASSERT_TRUE(SameBytes(std::span(untouched).first(before.size()), before)) << length;

        // A destination longer than the range.
        std::ranges::copy(untouched, m_bytes->All().begin());
        ASSERT_TRUE(Ok(m_system->Readbacks().Read({m_buffer, from, length}, m_bytes->All())));
        ASSERT_TRUE(SameBytes(expected, m_bytes->First(length)));
        const auto behind = m_bytes->Last(m_bytes->All().size() - length);
        ASSERT_TRUE(SameBytes(std::span(untouched).first(behind.size()), behind)) << length;
    }
}
} // namespace
} // namespace sedx::test
