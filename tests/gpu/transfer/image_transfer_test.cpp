// WriteImage and RequestImage: the engine's images, through our staging and read-back.
#include "support/gpu_test.h"

#include <algorithm>
#include <cstring>

namespace sedx::test
{
namespace
{
constexpr uint64_t kBlock = 64 << 10;

class ImageTransferTest : public GpuLayoutTest
{
  protected:
    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = MakeSystem({.framesInFlight = 4,
                               .stagingBlockBytes = kBlock,
                               .stagingLimitBytes = 4 * kBlock,
                               .warmStagingBytes = kBlock});
        ASSERT_TRUE(m_system);
    }
    void TearDown() override
    {
        m_system.reset();
        GpuTest::TearDown();
    }

    UploadQueue& Uploads() { return m_system->Uploads(); }

    static ImageRegion Region(VkOffset3D offset, VkExtent3D extent, uint32_t mip = 0, uint32_t layer = 0,
                              uint64_t bytesOffset = 0)
    {
        return {.subresource = {VK_IMAGE_ASPECT_COLOR_BIT, mip, layer, 1},
                .offset = offset,
                .extent = extent,
                .bytesOffset = bytesOffset};
    }

    // The bytes of a region of an image that WriteImage left behind.
    Bytes Read(const TestImage& image, const ImageRegion& region)
    {
        const auto ticket =
            m_system->Readbacks().RequestImage(image.Target(VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL), region);
        EXPECT_TRUE(Ok(ticket));
        if (!ticket)
            return {};
        const auto bytes = ticket->Wait();
        EXPECT_TRUE(Ok(bytes));
        return bytes ? Bytes(bytes->begin(), bytes->end()) : Bytes();
    }

    // Writes the whole of mip 0 and reads it back.
    void RoundTrip(VkFormat format, VkExtent3D extent, uint64_t bytes, VkImageType type = VK_IMAGE_TYPE_2D)
    {
        const TestImage image(TheDevice(), {.format = format, .extent = extent, .type = type});
        const Bytes data = Pattern(static_cast<uint64_t>(format), bytes);
        const ImageRegion region = Region({}, extent);
        SEDX_REQUIRE(const UploadTicket ticket, Uploads().WriteImage(image.Target(), {&region, 1}, data));
        EXPECT_TRUE(SameBytes(data, Read(image, region)));
        EXPECT_TRUE(ticket.Ready());
    }

    std::unique_ptr<BufferSystem> m_system;
};

INSTANTIATE_TEST_SUITE_P(Layouts, ImageTransferTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

TEST_P(ImageTransferTest, SmallImagesOfSeveralFormats)
{
    RoundTrip(VK_FORMAT_R8_UNORM, {5, 7, 1}, 35); // rows that are no multiple of four bytes
    RoundTrip(VK_FORMAT_R8_UNORM, {1, 1, 1}, 1);
    RoundTrip(VK_FORMAT_R8G8_UNORM, {3, 3, 1}, 18);
    RoundTrip(VK_FORMAT_R8G8B8A8_UNORM, {16, 9, 1}, 16 * 9 * 4);
    RoundTrip(VK_FORMAT_R8G8B8A8_SRGB, {2, 2, 1}, 16);
    RoundTrip(VK_FORMAT_B8G8R8A8_UNORM, {2, 2, 1}, 16);
    RoundTrip(VK_FORMAT_R16_SFLOAT, {7, 3, 1}, 42);
    RoundTrip(VK_FORMAT_R16G16B16A16_SFLOAT, {5, 5, 1}, 200);
    RoundTrip(VK_FORMAT_R32_SFLOAT, {9, 4, 1}, 144);
    RoundTrip(VK_FORMAT_R32G32B32A32_SFLOAT, {3, 5, 1}, 240);
    RoundTrip(VK_FORMAT_R8G8B8A8_UNORM, {4, 3, 5}, 240, VK_IMAGE_TYPE_3D);
}

TEST_P(ImageTransferTest, ImageLargerThanStagingIsSplit)
{
    RoundTrip(VK_FORMAT_R8G8B8A8_UNORM, {512, 512, 1}, 512 * 512 * 4); // 16 blocks, 4 times the limit
    RoundTrip(VK_FORMAT_R8_UNORM, {1001, 333, 1}, 1001 * 333);
    EXPECT_LE(m_system->GetReport().staging.peakBytes, 4 * kBlock);
}

TEST_P(ImageTransferTest, RowsLargerThanABlockAreSplit)
{
    const uint32_t width = std::min(8192u, TheDevice().Properties().limits.maxImageDimension2D);
    RoundTrip(VK_FORMAT_R32G32B32A32_SFLOAT, {width, 3, 1}, uint64_t{width} * 3 * 16); // rows of two blocks
    RoundTrip(VK_FORMAT_R32G32B32A32_SFLOAT, {width - 1, 2, 1}, uint64_t{width - 1} * 2 * 16);
}

TEST_P(ImageTransferTest, SlicesLargerThanABlockAreSplit)
{
    RoundTrip(VK_FORMAT_R8G8B8A8_UNORM, {128, 192, 3}, 128 * 192 * 3 * 4, VK_IMAGE_TYPE_3D);
}

TEST_P(ImageTransferTest, MipsAndLayersInOneCall)
{
    const TestImage image(TheDevice(), {.extent = {16, 8, 1}, .mips = 5, .layers = 2});
    std::vector<ImageRegion> regions;
    uint64_t bytes = 0;
    for (uint32_t layer = 0; layer < 2; ++layer)
    {
        for (uint32_t mip = 0; mip < 5; ++mip)
        {
            const VkExtent3D extent{std::max(1u, 16u >> mip), std::max(1u, 8u >> mip), 1};
            regions.push_back(Region({}, extent, mip, layer, bytes));
            bytes += uint64_t{extent.width} * extent.height * 4;
        }
    }
    const Bytes data = Pattern(1, bytes);
    ASSERT_TRUE(Ok(Uploads().WriteImage(image.Target(), regions, data)));
    for (const ImageRegion& region : regions)
    {
        const uint64_t size = uint64_t{region.extent.width} * region.extent.height * 4;
        EXPECT_TRUE(SameBytes(std::span(data).subspan(region.bytesOffset, size), Read(image, region)));
    }
}

TEST_P(ImageTransferTest, PartialRegionsLeaveTheRestAlone)
{
    const TestImage image(TheDevice(), {.format = VK_FORMAT_R8_UNORM, .extent = {32, 32, 1}});
    const ImageRegion whole = Region({}, {32, 32, 1});
    Bytes expected = Pattern(1, 32 * 32);
    ASSERT_TRUE(Ok(Uploads().WriteImage(image.Target(), {&whole, 1}, expected)));
    // Two rectangles whose bytes lie apart in the span, at odd offsets.
    const std::vector<ImageRegion> regions{Region({3, 5, 0}, {7, 2, 1}, 0, 0, 1),
                                           Region({20, 20, 0}, {12, 12, 1}, 0, 0, 17)};
    const Bytes data = Pattern(2, 17 + 144);
    ASSERT_TRUE(Ok(Uploads().WriteImage(image.Target(VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL), regions, data)));
    for (size_t y = 0; y < 2; ++y)
        std::copy_n(data.begin() + static_cast<ptrdiff_t>(1 + y * 7), 7,
                    expected.begin() + static_cast<ptrdiff_t>((5 + y) * 32 + 3));
    for (size_t y = 0; y < 12; ++y)
        std::copy_n(data.begin() + static_cast<ptrdiff_t>(17 + y * 12), 12,
                    expected.begin() + static_cast<ptrdiff_t>((20 + y) * 32 + 20));
    EXPECT_TRUE(SameBytes(expected, Read(image, whole)));
    // And a region read alone.
    const Bytes part = Read(image, Region({2, 5, 0}, {9, 1, 1}));
    EXPECT_TRUE(SameBytes(std::span(expected).subspan(5 * 32 + 2, 9), part));
}

TEST_P(ImageTransferTest, LaterWriteOfAnImageWins)
{
    const TestImage image(TheDevice(), {.format = VK_FORMAT_R8_UNORM, .extent = {16, 16, 1}});
    const ImageRegion whole = Region({}, {16, 16, 1});
    ASSERT_TRUE(Ok(Uploads().WriteImage(image.Target(), {&whole, 1}, Filled(1, 256))));
    ASSERT_TRUE(
        Ok(Uploads().WriteImage(image.Target(VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL), {&whole, 1}, Filled(2, 256))));
    SEDX_REQUIRE(const ReadbackTicket before,
                 m_system->Readbacks().RequestImage(image.Target(VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL), whole));
    ASSERT_TRUE(
        Ok(Uploads().WriteImage(image.Target(VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL), {&whole, 1}, Filled(3, 256))));
    SEDX_REQUIRE(const auto bytes, before.Wait());
    EXPECT_TRUE(SameBytes(Filled(2, 256), bytes));
    EXPECT_TRUE(SameBytes(Filled(3, 256), Read(image, whole)));
}

TEST_P(ImageTransferTest, BlockCompressedImages)
{
    VkPhysicalDeviceFeatures2 features{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    TheDevice().InstanceFunctions().GetPhysicalDeviceFeatures2(TheDevice().PhysicalDevice(), &features);
    VkFormatProperties format{};
    TheDevice().InstanceFunctions().GetPhysicalDeviceFormatProperties(TheDevice().PhysicalDevice(),
                                                                      VK_FORMAT_BC1_RGBA_UNORM_BLOCK, &format);
    const VkFormatFeatureFlags needed = VK_FORMAT_FEATURE_TRANSFER_SRC_BIT | VK_FORMAT_FEATURE_TRANSFER_DST_BIT;
    if (!features.features.textureCompressionBC || (format.optimalTilingFeatures & needed) != needed)
        SEDX_SKIP("the device has no block-compressed formats");

    TestDevice own;
    own.Present(Layout());
    VkPhysicalDeviceFeatures2 wanted{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    wanted.features.textureCompressionBC = VK_TRUE;
    DeviceDesc desc = own.Describe();
    desc.featureChain = &wanted;
    SEDX_REQUIRE(own.device, Device::Create(desc));
    {
        SEDX_REQUIRE(auto system, BufferSystem::Create({.device = own.device,
                                                        .stagingBlockBytes = 4096,
                                                        .stagingLimitBytes = 16384,
                                                        .warmStagingBytes = 4096,
                                                        .checked = true}));
        const auto read = [&](const TestImage& image, const ImageRegion& region) {
            const auto ticket =
                system->Readbacks().RequestImage(image.Target(VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL), region);
            EXPECT_TRUE(Ok(ticket));
            const auto bytes = ticket ? ticket->Wait() : Result<std::span<const std::byte>>();
            return bytes ? Bytes(bytes->begin(), bytes->end()) : Bytes();
        };

        // 37 x 21 texels: 10 x 6 blocks of 8 bytes, the last ones are cut off by the edge.
        const TestImage small(own.device, {.format = VK_FORMAT_BC1_RGBA_UNORM_BLOCK, .extent = {37, 21, 1}});
        const ImageRegion whole = Region({}, {37, 21, 1});
        Bytes expected = Pattern(1, 10 * 6 * 8);
        ASSERT_TRUE(Ok(system->Uploads().WriteImage(small.Target(), {&whole, 1}, expected)));
        EXPECT_TRUE(SameBytes(expected, read(small, whole)));
        const ImageRegion part = Region({4, 8, 0}, {8, 4, 1});
        const Bytes blocks = Pattern(2, 2 * 8);
        ASSERT_TRUE(
            Ok(system->Uploads().WriteImage(small.Target(VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL), {&part, 1}, blocks)));
        std::ranges::copy(blocks, expected.begin() + (2 * 10 + 1) * 8);
        EXPECT_TRUE(SameBytes(expected, read(small, whole)));

        // Larger than all of the staging.
        const TestImage large(own.device, {.format = VK_FORMAT_BC1_RGBA_UNORM_BLOCK, .extent = {256, 256, 1}});
        const ImageRegion all = Region({}, {256, 256, 1});
        const Bytes data = Pattern(3, 64 * 64 * 8);
        ASSERT_TRUE(Ok(system->Uploads().WriteImage(large.Target(), {&all, 1}, data)));
        EXPECT_TRUE(SameBytes(data, read(large, all)));
        EXPECT_LE(system->GetReport().staging.peakBytes, 16384u);

        // Offsets and extents obey the blocks, except at the edge.
        const auto write = [&](VkOffset3D offset, VkExtent3D extent) {
            const ImageRegion region = Region(offset, extent);
            return system->Uploads().WriteImage(small.Target(), {&region, 1}, Pattern(1, 4096));
        };
        EXPECT_TRUE(FailsWith(write({2, 0, 0}, {4, 4, 1}), ErrorCode::InvalidArgument));
        EXPECT_TRUE(FailsWith(write({0, 1, 0}, {4, 4, 1}), ErrorCode::InvalidArgument));
        EXPECT_TRUE(FailsWith(write({0, 0, 0}, {6, 4, 1}), ErrorCode::InvalidArgument));
        const auto misread = system->Readbacks().RequestImage(small.Target(VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL),
                                                              Region({1, 0, 0}, {4, 4, 1}));
        EXPECT_TRUE(FailsWith(misread, ErrorCode::InvalidArgument));
        EXPECT_TRUE(Ok(write({36, 20, 0}, {1, 1, 1})));
    }
    for (const std::string& message : own.validation.Take())
        ADD_FAILURE() << "validation: " << message;
}

TEST_P(ImageTransferTest, Mistakes)
{
    const TestImage image(TheDevice(), {.format = VK_FORMAT_R8G8B8A8_UNORM, .extent = {8, 8, 1}, .mips = 2});
    const Bytes data = Pattern(1, 8 * 8 * 4);
    const auto write = [&](const ImageTarget& target, const ImageRegion& region, std::span<const std::byte> bytes) {
        return Uploads().WriteImage(target, {&region, 1}, bytes);
    };
    const ImageTarget good = image.Target();
    const ImageRegion whole = Region({}, {8, 8, 1});
    Calls().TakeCopies();

    ImageTarget bad = good;
    bad.image = VK_NULL_HANDLE;
    EXPECT_TRUE(FailsWith(write(bad, whole, data), ErrorCode::InvalidArgument));
    for (const VkFormat format : {VK_FORMAT_G8_B8R8_2PLANE_420_UNORM, VK_FORMAT_D24_UNORM_S8_UINT, VK_FORMAT_UNDEFINED})
    {
        bad = good;
        bad.format = format;
        EXPECT_TRUE(FailsWith(write(bad, whole, data), ErrorCode::MissingFeature)) << format;
        bad.oldLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
        EXPECT_TRUE(FailsWith(m_system->Readbacks().RequestImage(bad, whole), ErrorCode::MissingFeature)) << format;
    }
    // Outside of the image, or of one of its mips.
    EXPECT_TRUE(FailsWith(write(good, Region({1, 0, 0}, {8, 8, 1}), data), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(write(good, Region({0, 0, 0}, {8, 9, 1}), data), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(write(good, Region({0, 0, 0}, {8, 8, 2}), data), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(write(good, Region({0, 0, 0}, {8, 8, 1}, 1), data), ErrorCode::OutOfRange));
    EXPECT_FALSE(write(good, Region({-1, 0, 0}, {4, 4, 1}), data));
    EXPECT_FALSE(write(good, Region({0, 0, 0}, {0, 8, 1}), data));
    EXPECT_FALSE(write(good, Region({INT32_MAX, 0, 0}, {UINT32_MAX, 8, 1}), data));
    // Fewer bytes than the region needs.
    EXPECT_TRUE(FailsWith(write(good, whole, std::span(data).first(255)), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(write(good, Region({}, {8, 8, 1}, 0, 0, 1), data), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(write(good, Region({}, {8, 8, 1}, 0, 0, UINT64_MAX - 3), data), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(m_system->Readbacks().RequestImage(image.Target(VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL),
                                                             Region({1, 0, 0}, {8, 8, 1})),
                          ErrorCode::OutOfRange));
    // Contents of an image in layout UNDEFINED cannot be read.
    EXPECT_FALSE(m_system->Readbacks().RequestImage(image.Target(VK_IMAGE_LAYOUT_UNDEFINED), whole));
    EXPECT_TRUE(Ok(Uploads().Submit()));
    EXPECT_TRUE(Calls().TakeCopies().empty());
}

TEST_P(ImageTransferTest, MistakesLeaveNoHalfWrittenImage)
{
    const TestImage image(TheDevice(), {.format = VK_FORMAT_R8_UNORM, .extent = {16, 16, 1}});
    const ImageRegion whole = Region({}, {16, 16, 1});
    ASSERT_TRUE(Ok(Uploads().WriteImage(image.Target(), {&whole, 1}, Filled(1, 256))));
    const std::vector<ImageRegion> regions{Region({}, {4, 4, 1}), Region({14, 0, 0}, {4, 4, 1})};
    EXPECT_FALSE(Uploads().WriteImage(image.Target(VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL), regions, Filled(2, 256)));
    EXPECT_TRUE(SameBytes(Filled(1, 256), Read(image, whole)));
}

TEST_P(ImageTransferTest, OutOfStagingPolicies)
{
    const TestImage image(TheDevice(), {.extent = {512, 512, 1}});
    const ImageRegion whole = Region({}, {512, 512, 1});
    const Bytes data = Pattern(1, 512 * 512 * 4);
    {
        HeldTimelines held(Calls());
        EXPECT_TRUE(
            FailsWith(Uploads().WriteImage(image.Target(), {&whole, 1}, data, {.outOfStaging = OutOfStaging::Fail}),
                      ErrorCode::OutOfStaging));
        EXPECT_TRUE(Ok(Uploads().WriteImage(image.Target(), {&whole, 1}, data, {.outOfStaging = OutOfStaging::Spill})));
        EXPECT_EQ(held.Waits(), 0u);
    }
    EXPECT_TRUE(SameBytes(data, Read(image, whole)));
}

TEST_P(ImageTransferTest, WritesOnlyCollect)
{
    const TestImage image(TheDevice(), {.extent = {8, 8, 1}});
    const ImageRegion whole = Region({}, {8, 8, 1});
    NewWaits();
    const uint64_t before = Calls().Calls(Fn::QueueSubmit2);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().WriteImage(image.Target(), {&whole, 1}, Pattern(1, 256)));
    SEDX_REQUIRE(const ReadbackTicket read,
                 m_system->Readbacks().RequestImage(image.Target(VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL), whole));
    EXPECT_EQ(Calls().Calls(Fn::QueueSubmit2), before);
    EXPECT_EQ(NewWaits(), 0u);
    EXPECT_FALSE(ticket.Ready());
    ASSERT_TRUE(Ok(read.Wait()));
    EXPECT_TRUE(ticket.Ready());
}

TEST_P(ImageTransferTest, RecordedIntoTheEnginesCommandBuffer)
{
    auto recorded = MakeSystem({.framesInFlight = 4, .submitMode = SubmitMode::Recorded});
    ASSERT_TRUE(recorded);
    TestCommands commands(TheDevice());
    const TestImage image(TheDevice(), {.format = VK_FORMAT_R8_UNORM, .extent = {33, 17, 1}});
    const ImageRegion whole = Region({}, {33, 17, 1});
    const Bytes data = Pattern(1, 33 * 17);
    ASSERT_TRUE(Ok(recorded->Uploads().WriteImage(image.Target(), {&whole, 1}, data)));
    SEDX_REQUIRE(const ReadbackTicket read,
                 recorded->Readbacks().RequestImage(image.Target(VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL), whole));
    commands.RunFrame(*recorded, [&](const Frame& frame, VkCommandBuffer cmd) {
        EXPECT_TRUE(Ok(recorded->Uploads().CmdFlush(frame, cmd)));
        EXPECT_TRUE(Ok(recorded->Readbacks().CmdFlush(frame, cmd)));
    });
    SEDX_REQUIRE(const auto bytes, read.Wait());
    EXPECT_TRUE(SameBytes(data, bytes));
    commands.WaitIdle();
}
} // namespace
} // namespace sedx::test
