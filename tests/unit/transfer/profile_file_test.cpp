// Profiles that are built in, and those in files: whatever is not exactly right is not used.
#include "support/log_capture.h"
#include "support/test_folder.h"
#include "transfer/profile_file.h"
#include "transfer/transfer_profile.h"

#include <array>
#include <cstdlib>
#include <thread>
#include <vector>

namespace sedx::test
{
namespace
{
const ProfileIdentity kDevice{.vendor = 0x10de, .device = 0x2335, .line = "vendor 0x10de device 0x2335 cores 16"};
const ProfileIdentity kOther{.vendor = 0x10de, .device = 0x2335, .line = "vendor 0x10de device 0x2335 cores 17"};

TransferProfile Sample()
{
    TransferProfile profile;
    profile.scatterMaxBytes = 1001;
    profile.scatterMinWrites = 7;
    profile.scatterLaneBytes = 16;
    profile.inlineMaxBytes = 65'536;
    profile.inlineMaxWrites = 33;
    profile.directMaxBytes = 1ull << 40;
    profile.computeCopyMinBytes = ~uint64_t{0};
    profile.chunkBytes = 2ull << 20;
    profile.copyThreads = 6;
    profile.useTransferQueue = true;
    profile.origin = ProfileOrigin::Stored;
    return profile;
}

ErrorCode CodeOfParsing(std::string_view text)
{
    const auto parsed = ParseProfile(text, kDevice);
    EXPECT_FALSE(parsed) << text;
    return parsed ? ErrorCode::VulkanError : parsed.error().code;
}

TEST(TransferProfileTest, BuiltInOnesAreSound)
{
    for (const bool runsOnCpu : {false, true})
        for (const uint32_t cores : {0u, 1u, 2u, 3u, 8u, 16u, 1000u})
        {
            const TransferProfile profile = BuiltInProfile({.runsOnCpu = runsOnCpu, .cores = cores});
            EXPECT_TRUE(CheckProfile(profile).has_value());
            EXPECT_EQ(profile.origin, ProfileOrigin::BuiltIn);
            EXPECT_GE(profile.copyThreads, 1u);
            EXPECT_LE(profile.copyThreads, 8u);
            EXPECT_LE(profile.copyThreads, std::max(1u, cores / 2));
            EXPECT_EQ(profile.directMaxBytes, ~uint64_t{0});
            EXPECT_FALSE(profile.useTransferQueue);
        }
    EXPECT_EQ(BuiltInProfile({.cores = 16}).copyThreads, 8u);
    EXPECT_LT(BuiltInProfile({.overBus = true}).directMaxBytes, ~uint64_t{0});
    // A shader that runs on the CPU gains nothing by many invocations, nor by copying for the GPU.
    EXPECT_LT(BuiltInProfile({.runsOnCpu = true, .cores = 16}).scatterMaxBytes,
              BuiltInProfile({.cores = 16}).scatterMaxBytes);
    EXPECT_GT(BuiltInProfile({.runsOnCpu = true, .cores = 16}).scatterLaneBytes,
              BuiltInProfile({.cores = 16}).scatterLaneBytes);
    EXPECT_EQ(BuiltInProfile({.runsOnCpu = true, .cores = 16}).computeCopyMinBytes, ~uint64_t{0});
}

TEST(ProfileFileTest, RoundTrip)
{
    const auto parsed = ParseProfile(FormatProfile(Sample(), kDevice), kDevice);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, Sample());
    TransferProfile measured = Sample();
    measured.origin = ProfileOrigin::Measured; // where it comes from is not a part of it
    EXPECT_EQ(FormatProfile(measured, kDevice), FormatProfile(Sample(), kDevice));
}

TEST(ProfileFileTest, EveryTruncationIsSeen)
{
    const std::string good = FormatProfile(Sample(), kDevice);
    for (size_t length = 0; length < good.size(); ++length)
        EXPECT_FALSE(ParseProfile(std::string_view(good).substr(0, length), kDevice)) << length;
}

TEST(ProfileFileTest, EveryChangedBitIsSeen)
{
    const std::string good = FormatProfile(Sample(), kDevice);
    for (size_t at = 0; at < good.size(); ++at)
        for (int bit = 0; bit < 8; ++bit)
        {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
            const auto parsed = ParseProfile(bad, kDevice);
            // Upper case in the checksum means the same.
            EXPECT_TRUE(!parsed || *parsed == Sample()) << "byte " << at << ", bit " << bit;
        }
}

TEST(ProfileFileTest, MoreIsNotBetter)
{
    const std::string good = FormatProfile(Sample(), kDevice);
    EXPECT_EQ(CodeOfParsing(good + good), ErrorCode::InvalidArgument);
    EXPECT_EQ(CodeOfParsing(good + "x"), ErrorCode::InvalidArgument);
    EXPECT_EQ(CodeOfParsing(""), ErrorCode::InvalidArgument);
    EXPECT_EQ(CodeOfParsing(std::string(1000, '\0')), ErrorCode::InvalidArgument);
}

TEST(ProfileFileTest, OtherVersionsAndDevicesAreToldApart)
{
    std::string text = FormatProfile(Sample(), kDevice);
    text.insert(text.find('\n'), "7"); // the first line ends with the version
    EXPECT_EQ(CodeOfParsing(text), ErrorCode::WrongState);
    EXPECT_EQ(CodeOfParsing(FormatProfile(Sample(), kOther)), ErrorCode::WrongState);
    EXPECT_NE(kDevice.FileName(), kOther.FileName());
}

// Sound in form, but no library can have written it.
TEST(ProfileFileTest, FiguresOutOfRangeAreRefused)
{
    TransferProfile profile = Sample();
    profile.copyThreads = 65;
    EXPECT_EQ(CodeOfParsing(FormatProfile(profile, kDevice)), ErrorCode::InvalidArgument);
    profile = Sample();
    profile.scatterMaxBytes = 1ull << 20;
    EXPECT_EQ(CodeOfParsing(FormatProfile(profile, kDevice)), ErrorCode::InvalidArgument);
}

TEST(ProfileFileTest, StoredAndLoaded)
{
    const TestFolder folder;
    LogCapture log;
    const std::filesystem::path below = folder.Path() / "not" / "there yet";
    EXPECT_FALSE(LoadProfile(below, kDevice));
    EXPECT_TRUE(StoreProfile(below, kDevice, TransferProfile{}));
    EXPECT_TRUE(StoreProfile(below, kDevice, Sample())); // in the place of the first
    const auto loaded = LoadProfile(below, kDevice);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(*loaded, Sample());
    EXPECT_FALSE(LoadProfile(below, kOther));
    EXPECT_EQ(log.Count(), 0u) << log.Text();

    // A copy under the name of another device is one of another device.
    std::filesystem::copy_file(below / kDevice.FileName(), below / kOther.FileName());
    EXPECT_FALSE(LoadProfile(below, kOther));
    EXPECT_EQ(log.Count(), 1u);
    EXPECT_TRUE(log.Contains("another device"));
}

TEST(ProfileFileTest, NoFolderIsAWarning)
{
    LogCapture log;
    EXPECT_FALSE(LoadProfile({}, kDevice));
    EXPECT_EQ(log.Count(), 0u);
    EXPECT_FALSE(StoreProfile({}, kDevice, Sample()));
    EXPECT_EQ(log.Count(), 1u);
    const TestFolder folder;
    WriteFile(folder.Path() / "taken", "a file");
    EXPECT_FALSE(StoreProfile(folder.Path() / "taken", kDevice, Sample()));
    EXPECT_EQ(log.Count(), 2u);
    // A folder where the file should be: what was written beside it goes again.
    std::filesystem::create_directories(folder.Path() / kDevice.FileName() / "full");
    EXPECT_FALSE(StoreProfile(folder.Path(), kDevice, Sample()));
    EXPECT_EQ(log.Count(), 3u);
    EXPECT_EQ(folder.Files().size(), 2u);
}

// Whoever reads finds a whole one, whoever writes at the same time.
TEST(ProfileFileTest, ManyAtOnce)
{
    const TestFolder folder;
    LogCapture log;
    ASSERT_TRUE(StoreProfile(folder.Path(), kDevice, Sample()));
    std::vector<std::thread> threads;
    for (uint64_t thread = 0; thread < 4; ++thread)
        threads.emplace_back([&, thread] {
            TransferProfile profile = Sample();
            profile.scatterMinWrites = 1 + thread;
            for (int i = 0; i < 50; ++i)
            {
                EXPECT_TRUE(StoreProfile(folder.Path(), kDevice, profile));
                EXPECT_TRUE(LoadProfile(folder.Path(), kDevice));
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(log.Count(), 0u) << log.Text();
    EXPECT_EQ(folder.Files().size(), 1u);
}
} // namespace
} // namespace sedx::test
