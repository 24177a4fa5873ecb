#include "image_file.h"

#include "test_folder.h"

namespace scenery::test
{
namespace
{

TEST(ImageFile, RoundTrip)
{
    const TestFolder folder;
    std::vector<std::uint8_t> pixels;
    for (int i = 0; i < 5 * 3 * 4; ++i)
    {
        pixels.push_back(static_cast<std::uint8_t>(i * 37));
    }
    const auto written = WritePng(folder.Path("a.png"), 5, 3, pixels);
    ASSERT_TRUE(written.has_value()) << written.error().message;
    const auto image = ReadPng(folder.Path("a.png"));
    ASSERT_TRUE(image.has_value()) << image.error().message;
    EXPECT_EQ(image->width, 5U);
    EXPECT_EQ(image->height, 3U);
    EXPECT_EQ(image->rgba, pixels);
}

TEST(ImageFile, FaultsAreSentences)
{
    const TestFolder folder;
    const std::vector<std::uint8_t> pixels(64 * 64 * 4, 9);
    ExpectSentence(WritePng(folder.Path("none/a.png"), 64, 64, pixels).error().message, "a.png");
    ExpectSentence(WritePng(folder.Path("a.png"), 64, 65, pixels).error().message, "a.png");
    ExpectSentence(WritePng(folder.Path("a.png"), 0, 0, {}).error().message, "a.png");
    ExpectSentence(ReadPng(folder.Path("missing.png")).error().message, "missing.png");
    ExpectSentence(ReadPng(folder.Write("text.png", "not a picture")).error().message, "text.png");
    ExpectSentence(ReadPng(folder.Write("empty.png", "")).error().message, "empty.png");
    ExpectSentence(ReadPng(folder.Path()).error().message, folder.Path());

    ASSERT_TRUE(WritePng(folder.Path("b.png"), 64, 64, pixels).has_value());
    const std::string whole = folder.Read("b.png");
    for (std::size_t size = 0; size + 16 < whole.size(); size += 3)
    {
        const auto image = ReadPng(folder.Write("cut.png", std::string_view(whole).substr(0, size)));
        ASSERT_FALSE(image.has_value()) << size;
        ExpectSentence(image.error().message, "cut.png");
    }
    // 65,535 x 65,535 pixels claimed by a file of 100 bytes.
    std::string huge = whole;
    huge[16] = huge[17] = huge[20] = huge[21] = '\0';
    huge[18] = huge[19] = huge[22] = huge[23] = '\xFF';
    ExpectSentence(ReadPng(folder.Write("huge.png", huge)).error().message, "huge.png");
}

} // namespace
} // namespace scenery::test
