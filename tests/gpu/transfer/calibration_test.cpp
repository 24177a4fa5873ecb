// BufferSystem::Calibrate: what it finds can be used, is stored and read again, and nothing is left behind when it fails.
#include "support/gpu_test.h"
#include "support/test_folder.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

namespace sedx::test
{
namespace
{
// Without the origin: what counts.
TransferProfile Figures(TransferProfile profile)
{
    profile.origin = ProfileOrigin::BuiltIn;
    return profile;
}

void ExpectSound(const TransferProfile& profile)
{
    EXPECT_LE(profile.scatterMaxBytes, 65'535u);
    EXPECT_GE(profile.scatterMinWrites, 1u);
    EXPECT_GE(profile.scatterLaneBytes, 4u);
    EXPECT_LE(profile.inlineMaxBytes, 65'536u);
    EXPECT_EQ(profile.inlineMaxBytes == 0, profile.inlineMaxWrites == 0);
    EXPECT_GE(profile.chunkBytes, 64u << 10);
    EXPECT_GE(profile.copyThreads, 1u);
    EXPECT_LE(profile.copyThreads, std::max(1u, std::thread::hardware_concurrency()));
}

class CalibrationTest : public GpuLayoutTest
{
  protected:
    std::unique_ptr<BufferSystem> MakeStoring(bool calibrate = false)
    {
        return MakeSystem({.profile = {.folder = m_folder.Text(), .calibrate = calibrate}});
    }
    std::filesystem::path OnlyFile()
    {
        const auto files = m_folder.Files();
        EXPECT_EQ(files.size(), 1u);
        return files.empty() ? std::filesystem::path() : files.front();
    }
    TestFolder m_folder;
};
INSTANTIATE_TEST_SUITE_P(Layouts, CalibrationTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

TEST_P(CalibrationTest, MeasuresAndTakesTheResult)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    EXPECT_EQ(system->GetTransferProfile().origin, ProfileOrigin::BuiltIn);
    ExpectSound(system->GetTransferProfile());
    SEDX_REQUIRE(const TransferProfile measured, system->Calibrate());
    EXPECT_EQ(measured.origin, ProfileOrigin::Measured);
    ExpectSound(measured);
    EXPECT_EQ(system->GetTransferProfile(), measured);

    // Told where it belongs, and nowhere else.
    const Report report = system->GetReport();
    EXPECT_GT(report.Waits(WaitCause::Calibration).count, 0u);
    EXPECT_EQ(report.submissions, 0u);
    EXPECT_EQ(report.writes, 0u);
    EXPECT_EQ(report.copyRegions, 0u);
    EXPECT_EQ(report.scatteredCopies, 0u);
    EXPECT_EQ(report.inlinedCopies, 0u);
    EXPECT_EQ(report.staging.peakBytes, 0u);
    EXPECT_EQ(report.gpu.peakBytes, 0u);
    EXPECT_EQ(report.createdBuffers, 0u);

    // And what goes by it arrives.
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(100'000, BufferUsage::Storage, MemoryType::GPU));
    Bytes shadow = Pattern(1, 100'000);
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, shadow)));
    TestCommands commands(TheDevice());
    commands.UseInFrame(*system, buffer);
    for (uint64_t i = 0; i < 300; ++i)
    {
        const Bytes fresh = Pattern(i, 4 + i);
        ASSERT_TRUE(Ok(system->Uploads().Write(buffer, i * 330, fresh)));
        std::ranges::copy(fresh, shadow.begin() + static_cast<ptrdiff_t>(i * 330));
    }
    EXPECT_TRUE(SameBytes(shadow, ReadBack(*system, {buffer})));
}

// What is not compared in time stays as it was, so that a slow machine proves less here.
TEST_P(CalibrationTest, CopiesAreMeasuredAndWhatCannotBeStays)
{
    TransferProfile given;
    given.computeCopyMinBytes = 12'345;
    given.directMaxBytes = 777;
    auto system = MakeSystem({.profile = {.given = given}});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const TransferProfile measured, system->Calibrate());
    EXPECT_TRUE(measured.computeCopyMinBytes == 12'345 || measured.computeCopyMinBytes >= 64 * 1024)
        << measured.computeCopyMinBytes;
    if (GetParam().name == MemoryLayout::Discrete().name) // no device memory can be mapped
    {
        EXPECT_EQ(measured.directMaxBytes, 777u);
    }
}

TEST_P(CalibrationTest, IsStoredForTheNextSystem)
{
    SEDX_REQUIRE(const TransferProfile measured, MakeStoring()->Calibrate());
    const std::filesystem::path file = OnlyFile();
    auto next = MakeStoring();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->GetTransferProfile().origin, ProfileOrigin::Stored);
    EXPECT_EQ(Figures(next->GetTransferProfile()), Figures(measured));
    EXPECT_EQ(m_log.Count(), 0u) << m_log.Text();

    // A system that touches no file does not see it, and one that is given a profile does not look.
    EXPECT_EQ(MakeSystem({.profile = {.useStored = false, .folder = m_folder.Text()}})->GetTransferProfile().origin,
              ProfileOrigin::BuiltIn);
    TransferProfile given = measured;
    given.scatterMinWrites = 99;
    auto with = MakeSystem({.profile = {.given = given, .folder = m_folder.Text(), .calibrate = true}});
    ASSERT_TRUE(with);
    EXPECT_EQ(with->GetTransferProfile().origin, ProfileOrigin::Given);
    EXPECT_EQ(with->GetTransferProfile().scatterMinWrites, 99u);
    EXPECT_EQ(OnlyFile(), file);
}

TEST_P(CalibrationTest, AtCreationOnlyIfNothingIsStored)
{
    auto first = MakeStoring(true);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->GetTransferProfile().origin, ProfileOrigin::Measured);
    OnlyFile();
    auto second = MakeStoring(true);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->GetTransferProfile().origin, ProfileOrigin::Stored);
    EXPECT_EQ(second->GetReport().Waits(WaitCause::Calibration).count, 0u);
}

TEST_P(CalibrationTest, WhatIsCorruptIsMeasuredAgain)
{
    ASSERT_TRUE(Ok(MakeStoring()->Calibrate()));
    const std::filesystem::path file = OnlyFile();
    const std::string good = ReadFile(file);
    std::string flipped = good;
    flipped[good.find("scatterMaxBytes ") + 16] ^= 1;
    for (const std::string& bad : {flipped, good.substr(0, good.size() / 2), std::string("nonsense"), std::string()})
    {
        m_log.Clear();
        WriteFile(file, bad);
        auto system = MakeStoring();
        ASSERT_TRUE(system);
        EXPECT_EQ(system->GetTransferProfile().origin, ProfileOrigin::BuiltIn);
        EXPECT_EQ(m_log.Count(), 1u) << m_log.Text();
        EXPECT_TRUE(m_log.Contains(file.filename().string()));
    }
    auto system = MakeStoring(true);
    ASSERT_TRUE(system);
    EXPECT_EQ(system->GetTransferProfile().origin, ProfileOrigin::Measured);
    EXPECT_EQ(OnlyFile(), file); // and no temporary one beside it
    m_log.Clear();
    EXPECT_EQ(MakeStoring()->GetTransferProfile().origin, ProfileOrigin::Stored);
    EXPECT_EQ(m_log.Count(), 0u) << m_log.Text();
}

TEST_P(CalibrationTest, AFolderThatCannotBeIsAWarning)
{
    WriteFile(m_folder.Path() / "taken", "a file");
    auto system = MakeSystem({.profile = {.folder = (m_folder.Path() / "taken" / "below").string()}});
    ASSERT_TRUE(system);
    EXPECT_TRUE(Ok(system->Calibrate()));
    EXPECT_EQ(system->GetTransferProfile().origin, ProfileOrigin::Measured);
    EXPECT_EQ(m_log.Count(), 1u) << m_log.Text();
    EXPECT_TRUE(m_log.Contains("not stored"));
}

TEST_P(CalibrationTest, RefusedInAnOpenFrame)
{
    auto system = MakeStoring();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    const TransferProfile before = system->GetTransferProfile();
    EXPECT_TRUE(FailsWith(system->Calibrate(), ErrorCode::WrongState, "frame"));
    EXPECT_EQ(system->GetTransferProfile(), before);
    commands.Submit(commands.Begin(), frame);
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
    EXPECT_TRUE(m_folder.Files().empty());
    EXPECT_TRUE(Ok(system->Calibrate())); // waits for that frame
}

TEST_P(CalibrationTest, InRecordedModeToo)
{
    auto system = MakeSystem({.submitMode = SubmitMode::Recorded});
    ASSERT_TRUE(system);
    EXPECT_TRUE(Ok(system->Calibrate()));
}

// Others write, send and read while it runs.
TEST_P(CalibrationTest, BesideOtherThreads)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    std::atomic<bool> ends{false};
    std::thread other([&] {
        const auto buffer = system->CreateBuffer(5000, BufferUsage::Storage, MemoryType::GPU);
        ASSERT_TRUE(Ok(buffer));
        for (uint64_t i = 0; !ends; ++i)
        {
            const Bytes bytes = Pattern(i, 5000);
            ASSERT_TRUE(Ok(system->Uploads().Write(*buffer, 0, bytes)));
            ASSERT_TRUE(SameBytes(bytes, ReadBack(*system, {*buffer})));
        }
    });
    std::thread third([&] { EXPECT_TRUE(Ok(system->Calibrate())); });
    EXPECT_TRUE(Ok(system->Calibrate()));
    third.join();
    ends = true;
    other.join();
}

TEST_P(CalibrationTest, AGivenProfileIsChecked)
{
    const auto make = [&](TransferProfile given) {
        return BufferSystem::Create({.device = TheDevice(), .profile = {.given = given, .useStored = false}});
    };
    EXPECT_TRUE(Ok(make({})));
    EXPECT_TRUE(FailsWith(make({.scatterMaxBytes = 65'536}), ErrorCode::InvalidArgument, "scatterMaxBytes"));
    EXPECT_TRUE(FailsWith(make({.scatterMinWrites = 0}), ErrorCode::InvalidArgument, "scatterMinWrites"));
    EXPECT_TRUE(FailsWith(make({.scatterLaneBytes = 0}), ErrorCode::InvalidArgument, "scatterLaneBytes"));
    EXPECT_TRUE(FailsWith(make({.inlineMaxBytes = 65'537}), ErrorCode::InvalidArgument, "inlineMaxBytes"));
    EXPECT_TRUE(FailsWith(make({.chunkBytes = 1}), ErrorCode::InvalidArgument, "chunkBytes"));
    EXPECT_TRUE(FailsWith(make({.copyThreads = 0}), ErrorCode::InvalidArgument, "copyThreads"));
}

// Longer calls go through staging although the buffer is idle and mappable.
TEST_P(CalibrationTest, DirectMaxBytesLimitsWritesInPlace)
{
    TransferProfile given;
    given.directMaxBytes = 1000;
    auto system = MakeSystem({.profile = {.given = given}});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(5000, BufferUsage::Storage, MemoryType::GPU));
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, Pattern(1, 1000))));
    if (system->GetReport().directBytes == 0)
        SEDX_SKIP("device memory cannot be mapped");
    EXPECT_EQ(system->GetReport().directBytes, 1000u);
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 1000, Pattern(2, 1001))));
    EXPECT_EQ(system->GetReport().directBytes, 1000u);
    EXPECT_TRUE(SameBytes(Pattern(2, 1001), ReadBack(*system, {buffer, 1000, 1001})));
}

// Measured by the clock where queue 0 has no timestamps.
TEST(CalibrationDeviceTest, WithoutTimestamps)
{
    LogCapture log;
    TestDevice own;
    own.interceptor.onProperties = [](VkPhysicalDeviceProperties& properties) {
        properties.limits.timestampPeriod = 0;
    };
    ASSERT_TRUE(own.Create());
    {
        SEDX_REQUIRE(auto system, BufferSystem::Create({.device = own.device, .profile = {.useStored = false}}));
        SEDX_REQUIRE(const TransferProfile measured, system->Calibrate());
        ExpectSound(measured);
        EXPECT_EQ(own.interceptor.Calls(Fn::CreateQueryPool), 0u);
    }
    own.device = {};
    EXPECT_EQ(own.interceptor.Alive(), "");
    EXPECT_TRUE(own.validation.Take().empty());
}

// A queue for transfers alone is compared with queue 0.
TEST(CalibrationDeviceTest, WithAQueueForTransfers)
{
    LogCapture log(LogLevel::Info);
    TestDevice own;
    auto layout = simulator::DeviceLayout::Find("three_queues");
    ASSERT_TRUE(layout) << layout.error().message;
    own.Present({.name = "three_queues", .device = std::move(*layout)});
    ASSERT_TRUE(own.Create());
    {
        SEDX_REQUIRE(auto system, BufferSystem::Create({.device = own.device, .profile = {.useStored = false}}));
        own.interceptor.TakeSubmissions();
        ASSERT_TRUE(Ok(system->Calibrate()));
        std::set<VkQueue> used;
        for (const SubmissionRecord& record : own.interceptor.TakeSubmissions())
            used.insert(record.queue);
        EXPECT_EQ(used.size(), 2u);
        EXPECT_TRUE(log.Contains("for transfers alone"));
    }
    own.device = {};
    EXPECT_EQ(own.interceptor.Alive(), "");
    EXPECT_TRUE(own.Violations().empty());
    EXPECT_TRUE(own.validation.Take().empty());
}

// Every call of a calibration fails once, with each of the errors.
class FailingCalibrationTest : public testing::TestWithParam<VkResult>
{};
INSTANTIATE_TEST_SUITE_P(Errors, FailingCalibrationTest,
                         testing::Values(VK_ERROR_OUT_OF_DEVICE_MEMORY, VK_ERROR_OUT_OF_HOST_MEMORY),
                         [](const testing::TestParamInfo<VkResult>& tested) {
                             return std::string(ToString(tested.param));
                         });

TEST_P(FailingCalibrationTest, LeavesNothingBehind)
{
    LogCapture log(LogLevel::Off);
    TestDevice own;
    own.Present(MemoryLayout::Discrete());
    ASSERT_TRUE(own.Create());
    {
        SEDX_REQUIRE(auto system, BufferSystem::Create({.device = own.device, .profile = {.useStored = false}}));
        const std::string before = own.interceptor.Alive();
        const auto run = [&] {
            const TransferProfile profile = system->GetTransferProfile();
            const auto measured = system->Calibrate();
            own.interceptor.StopFailing();
            EXPECT_EQ(own.interceptor.Alive(), before);
            if (!measured)
            {
                EXPECT_GT(measured.error().message.size(), 10u);
                EXPECT_EQ(system->GetTransferProfile(), profile);
            }
            return measured.has_value();
        };
        // All kinds of calls, at their beginning and further on.
        for (const Fn function : {Fn::AllocateMemory, Fn::CreateBuffer, Fn::CreateQueryPool, Fn::CreateCommandPool,
                                  Fn::AllocateCommandBuffers, Fn::ResetCommandPool, Fn::BeginCommandBuffer,
                                  Fn::EndCommandBuffer, Fn::QueueSubmit2, Fn::WaitSemaphores, Fn::GetQueryPoolResults})
            for (const uint64_t n : {1u, 2u, 7u, 40u})
            {
                const uint64_t injected = own.interceptor.InjectedFailures();
                own.interceptor.FailFunction(function, GetParam(), n, function == Fn::WaitSemaphores ? 1 : 100'000);
                const bool isDone = run();
                if (own.interceptor.InjectedFailures() == injected)
                {
                    EXPECT_TRUE(isDone) << FunctionName(function);
                    break; // fewer calls than that
                }
                EXPECT_FALSE(isDone) << FunctionName(function) << " " << n;
            }
        EXPECT_TRUE(Ok(system->Calibrate())); // and works when all is well again
    }
    own.device = {};
    EXPECT_EQ(own.interceptor.Alive(), "");
    for (const std::string& message : own.validation.Take())
        ADD_FAILURE() << "validation: " << message;
}

TEST(LostCalibrationTest, SaysSo)
{
    for (const uint64_t n : {1u, 2u, 30u})
    {
        LogCapture log(LogLevel::Off);
        TestDevice own;
        ASSERT_TRUE(own.Create());
        {
            SEDX_REQUIRE(auto system, BufferSystem::Create({.device = own.device, .profile = {.useStored = false}}));
            own.interceptor.FailFunction(Fn::QueueSubmit2, VK_ERROR_DEVICE_LOST, n);
            EXPECT_TRUE(FailsWith(system->Calibrate(), ErrorCode::DeviceLost));
            EXPECT_TRUE(FailsWith(system->Calibrate(), ErrorCode::DeviceLost));
            EXPECT_EQ(system->GetTransferProfile().origin, ProfileOrigin::BuiltIn);
        }
        own.device = {};
        EXPECT_EQ(own.interceptor.Alive(), "");
    }
    // At creation.
    LogCapture log(LogLevel::Off);
    TestDevice own;
    ASSERT_TRUE(own.Create());
    own.interceptor.FailFunction(Fn::QueueSubmit2, VK_ERROR_DEVICE_LOST, 3);
    EXPECT_TRUE(
        FailsWith(BufferSystem::Create({.device = own.device, .profile = {.useStored = false, .calibrate = true}}),
                  ErrorCode::DeviceLost));
    own.device = {};
    EXPECT_EQ(own.interceptor.Alive(), "");
}

// At creation, any other error is no reason to go without a system.
TEST(LostCalibrationTest, WithoutMeasuringTheBuiltInProfileStands)
{
    LogCapture log;
    TestDevice own;
    ASSERT_TRUE(own.Create());
    {
        own.interceptor.FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_HOST_MEMORY, 3);
        SEDX_REQUIRE(auto system,
                     BufferSystem::Create({.device = own.device, .profile = {.useStored = false, .calibrate = true}}));
        EXPECT_EQ(system->GetTransferProfile().origin, ProfileOrigin::BuiltIn);
        EXPECT_TRUE(log.Contains("built-in profile stands"));
    }
    own.device = {};
    EXPECT_EQ(own.interceptor.Alive(), "");
}
} // namespace
} // namespace sedx::test
