// The n-th Vulkan call fails, for every n of a small scenario and for several errors: each time an error value (or
// success, where the library has another way), nothing left behind, nothing crashes, nothing hangs, no wrong bytes.
#include "support/gpu_test.h"

#include <algorithm>
#include <cstring>

namespace sedx::test
{
namespace
{
// Uses every part of the library once. Goes on after an error, as an engine might, and notes it.
class Scenario
{
  public:
    Scenario(TestDevice& own, bool validate) : m_own(own), m_validate(validate) {}

    void Run()
    {
        const auto device = Device::Create(m_own.Describe(m_validate));
        if (!Note(device))
            return;
        m_own.device = *device;
        auto system = BufferSystem::Create({.device = m_own.device,
                                            .framesInFlight = 2,
                                            .stagingBlockBytes = 64 << 10,
                                            .stagingLimitBytes = 128 << 10,
                                            .backgroundBytesPerFrame = 10 << 10,
                                            .warmStagingBytes = 0,
                                            .checked = true});
        if (Note(system))
        {
            Use(**system);
            system->reset();
        }
        m_own.device = {};
    }

    const std::vector<Error>& Errors() const { return m_errors; }

  private:
    template <class T>
    bool Note(const Result<T>& result)
    {
        if (!result)
            m_errors.push_back(result.error());
        return result.has_value();
    }

    void Use(BufferSystem& system)
    {
        const Bytes large = Pattern(1, 200 << 10); // more than staging
        const Bytes small = Pattern(2, 1001);
        auto gpu = system.CreateBuffer(large.size(), BufferUsage::Storage, MemoryType::GPU, "gpu");
        auto cpu = system.CreateBuffer(4096, BufferUsage::Uniform, MemoryType::CPU, "cpu");
        auto readback = system.CreateBuffer(4096, BufferUsage::TransferDst, MemoryType::Readback, "readback");
        Note(gpu);
        Note(cpu);
        Note(readback);

        bool isLargeWritten = false;
        UploadTicket largeTicket;
        if (gpu)
        {
            const auto written = system.Uploads().Write(*gpu, 0, large);
            isLargeWritten = Note(written);
            if (written)
                largeTicket = *written;
        }
        if (cpu)
        {
            auto mapping = system.MapWritable<std::byte>(*cpu);
            if (Note(mapping))
                std::ranges::fill(mapping->Span(), std::byte{5});
            if (Note(system.MapBuffer(*cpu, MapMode::WriteDiscard)))
                system.UnmapBuffer(*cpu);
        }
        // The same bytes once more, a part of them in each frame.
        UploadTicket background;
        if (gpu)
        {
            const auto queued = system.Uploads().Write(
                *gpu, 0, std::span<const std::byte>(large).first(50 << 10),
                {.priority = UploadPriority::Background, .source = SourceLifetime::KeptUntilComplete});
            if (Note(queued))
                background = *queued;
        }
        auto vertices = system.Factory().CreateVertexBuffer(std::span<const std::byte>(small), "vertices");
        Note(vertices);
        auto ring = RingBuffer::Create(system, {.blockBytes = 4096});
        Note(ring);

        ReadbackSubscription subscription;
        if (vertices)
            if (auto subscribed = system.Readbacks().Subscribe({*vertices, 0, 16}); Note(subscribed))
                subscription = std::move(*subscribed);

        std::vector<std::pair<ReadbackTicket, UploadTicket>> reads;
        for (int i = 0; i < 3; ++i)
        {
            const auto frame = system.BeginFrame();
            if (!Note(frame))
                continue;
            if (gpu)
                frame->Resolve(*gpu);
            if (vertices)
            {
                frame->Resolve(*vertices);
                const auto written = system.Uploads().Write(*vertices, 0, small);
                Note(written);
                const auto read = system.Readbacks().Request({*vertices, 1, 1000});
                if (Note(read) && written)
                    reads.emplace_back(*read, *written);
            }
            if (ring)
                Note(ring->Allocate(*frame, 1000));
            Note(system.Uploads().Stage(100, 0, *frame));
            const auto sync = frame->SubmitSync(0);
            bool isSubmitted = false;
            if (Note(sync))
            {
                const VkSubmitInfo2 submit{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
                                           .waitSemaphoreInfoCount = static_cast<uint32_t>(sync->Waits().size()),
                                           .pWaitSemaphoreInfos = sync->Waits().data(),
                                           .signalSemaphoreInfoCount = static_cast<uint32_t>(sync->Signals().size()),
                                           .pSignalSemaphoreInfos = sync->Signals().data()};
                isSubmitted = Note(system.GetDevice().Submit(0, {&submit, 1}));
            }
            if (!isSubmitted)
                Note(system.AbandonFrame(*frame));
            else
                Note(system.EndFrame(*frame));
        }
        for (const auto& [read, written] : reads)
        {
            const bool isWritten = Note(written.Wait());
            const auto bytes = read.Wait();
            if (Note(bytes) && isWritten)
            {
                EXPECT_TRUE(SameBytes(std::span(small).subspan(1, 1000), *bytes));
            }
        }
        if (gpu)
        {
            isLargeWritten = Note(largeTicket.Wait()) && isLargeWritten;
            Note(background.Wait());
            const auto read = system.Readbacks().Request(*gpu);
            if (Note(read))
            {
                const auto bytes = read->Wait();
                if (Note(bytes) && isLargeWritten)
                {
                    EXPECT_TRUE(SameBytes(large, *bytes));
                }
            }
        }
        if (gpu)
        {
            Bytes into(large.size()); // in two chunks
            if (Note(system.Readbacks().Read(*gpu, into)) && isLargeWritten)
            {
                EXPECT_TRUE(SameBytes(large, into));
            }
        }
        if (const ReadbackValue value = subscription.Latest())
        {
            EXPECT_EQ(value.Bytes().size(), 16u);
        }
        if (vertices)
            *vertices = {};
        system.Poll();
        system.GetReport();
    }

    TestDevice& m_own;
    bool m_validate;
    std::vector<Error> m_errors;
};

class FailingCallsTest : public testing::TestWithParam<VkResult>
{
  protected:
    // Keeps an instance alive: NVIDIA's driver (580.159) refuses to be loaded again after about 25 unloads.
    static void SetUpTestSuite() { SharedDevice(); }

    // Runs the scenario with the n-th call failing. Answers false when it has fewer calls.
    bool RunFailing(uint64_t n, VkResult result, const MemoryLayout& layout, bool validate, bool andAfter = false)
    {
        TestDevice own;
        own.Present(layout);
        own.interceptor.FailCall(n, result, andAfter);
        Scenario scenario(own, validate);
        scenario.Run();
        const std::string where = (andAfter ? "calls from " : "call ") + std::to_string(n) + " (vk" +
                                  own.interceptor.LastFailed() + "), " + ToString(result) + ", layout " + layout.name;
        if (own.interceptor.InjectedFailures() == 0)
        {
            EXPECT_TRUE(scenario.Errors().empty()) << "without a failure: " << scenario.Errors()[0].message;
            return false;
        }
        EXPECT_EQ(own.interceptor.Alive(), "") << "left behind after " << where;
        EXPECT_TRUE(own.Violations().empty()) << own.Violations()[0] << " after " << where;
        for (const Error& error : scenario.Errors())
            EXPECT_GT(error.message.size(), 10u) << "after " << where;
        if (!scenario.Errors().empty())
        {
            EXPECT_EQ(scenario.Errors()[0].code, Expected(result))
                << ToString(scenario.Errors()[0].code) << ": " << scenario.Errors()[0].message << " after " << where;
        }
        for (const std::string& message : own.validation.Take())
            ADD_FAILURE() << "validation: " << message << " after " << where;
        return true;
    }

    static ErrorCode Expected(VkResult result)
    {
        switch (result)
        {
        case VK_ERROR_OUT_OF_HOST_MEMORY: return ErrorCode::OutOfHostMemory;
        case VK_ERROR_OUT_OF_DEVICE_MEMORY: return ErrorCode::OutOfDeviceMemory;
        default: return ErrorCode::DeviceLost;
        }
    }

    LogCapture m_log{LogLevel::Off};
};

INSTANTIATE_TEST_SUITE_P(Errors, FailingCallsTest,
                         testing::Values(VK_ERROR_OUT_OF_DEVICE_MEMORY, VK_ERROR_OUT_OF_HOST_MEMORY,
                                         VK_ERROR_DEVICE_LOST),
                         [](const testing::TestParamInfo<VkResult>& tested) {
                             return std::string(sedx::ToString(tested.param));
                         });

// What the sweeps below rely on: undisturbed, the scenario has no error and leaves nothing behind.
TEST_P(FailingCallsTest, ScenarioIsSound)
{
    for (const MemoryLayout& layout : {MemoryLayout::Native(), MemoryLayout::Discrete()})
    {
        TestDevice own;
        own.Present(layout);
        own.interceptor.SetTracing(true);
        Scenario scenario(own, IsValidationWanted());
        scenario.Run();
        for (const Error& error : scenario.Errors())
            ADD_FAILURE() << error.message;
        EXPECT_EQ(own.interceptor.Alive(), "");
        for (const std::string& message : own.validation.Take())
            ADD_FAILURE() << "validation: " << message;
        EXPECT_GT(own.interceptor.FallibleCalls(), 30u);
        EXPECT_EQ(own.interceptor.Trace().size(), own.interceptor.FallibleCalls());
    }
}

TEST_P(FailingCallsTest, EveryCallOnUnifiedMemory)
{
    uint64_t n = 1;
    while (RunFailing(n, GetParam(), MemoryLayout::Native(), false) && n < 2000 && !HasFailure())
        ++n;
    EXPECT_LT(n, 2000u);
    EXPECT_GT(n, 30u);
}

TEST_P(FailingCallsTest, EveryCallOnADiscreteGpu)
{
    uint64_t n = 1;
    while (RunFailing(n, GetParam(), MemoryLayout::Discrete(), false) && n < 2000 && !HasFailure())
        ++n;
    EXPECT_LT(n, 2000u);
    EXPECT_GT(n, 30u);
}

// Memory that ran out and stays away: no loop that tries again for ever, no recovery that makes it worse.
TEST_P(FailingCallsTest, EveryCallFromTheNthOn)
{
    uint64_t n = 1;
    while (RunFailing(n, GetParam(), MemoryLayout::Discrete(), false, true) && n < 2000 && !HasFailure())
        ++n;
    EXPECT_LT(n, 2000u);
}

// With the layers looking on: what is destroyed after a failure must not be in use.
TEST_P(FailingCallsTest, EveryCallUnderValidation)
{
    if (!IsValidationWanted())
        SEDX_SKIP("validation is switched off by SEDX_TEST_VALIDATION");
    uint64_t n = 1;
    while (RunFailing(n, GetParam(), MemoryLayout::Discrete(), true) && n < 2000 && !HasFailure())
        ++n;
    EXPECT_LT(n, 2000u);
}
} // namespace
} // namespace sedx::test
