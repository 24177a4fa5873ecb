// The recorder without a device: what it says, how often, and of what.
#include "sync/hazard_recorder.h"

#include "support/log_capture.h"

#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::AllOf;
using testing::HasSubstr;

VkCommandBuffer CommandsOf(uint64_t number) { return reinterpret_cast<VkCommandBuffer>(number); }

class HazardRecorderTest : public testing::Test
{
  protected:
    std::unique_ptr<HazardRecorder> Make(bool hasSignals = true)
    {
        HazardProgress progress;
        progress.poll = [] {};
        progress.completedFrame = [this] { return m_completed; };
        progress.hasPassed = [this](TimelinePoint point) { return point.value <= m_passed[point.queue]; };
        progress.timelineOf = [](VkSemaphore) { return HazardProgress::kNoTimeline; };
        progress.hasSignals = hasSignals;
        return std::make_unique<HazardRecorder>(progress);
    }
    static NamedRange Bytes(uint64_t begin = 0, uint64_t end = 64)
    {
        return {{7, 1000 + begin, 1000 + end}, 1000, {3, 1}, "particles"};
    }
    static void Access(HazardRecorder& recorder, uint64_t frame, Use use, const NamedRange& bytes = Bytes(),
                       uint64_t commands = 1, std::source_location where = std::source_location::current())
    {
        recorder.OnAccess(frame, CommandsOf(commands), bytes, use, where, true);
    }
    size_t Count(HazardRecorder& recorder, HazardKind kind) { return recorder.Report().Count(kind); }

    LogCapture m_log;
    uint64_t m_completed = 0;
    std::array<uint64_t, kMaxQueues + 1> m_passed{};
};

TEST_F(HazardRecorderTest, TheReportHasWhatTheMessageSays)
{
    const auto recorder = Make();
    Access(*recorder, 1, Use::ComputeWrite, Bytes(0, 40));
    const uint32_t line = std::source_location::current().line();
    Access(*recorder, 1, Use::VertexRead, Bytes(16, 64));
    EXPECT_EQ(m_log.Count(), 0u); // nothing is judged before it is submitted
    recorder->OnSubmit(1, {0, 1}, {});
    const HazardReport report = recorder->Report();
    EXPECT_EQ(report.accesses, 2u);
    EXPECT_EQ(report.Total(), 1u);
    ASSERT_EQ(report.last.size(), 1u);
    const Hazard& hazard = report.last.front();
    EXPECT_EQ(hazard.kind, HazardKind::ReadAfterWrite);
    EXPECT_EQ(hazard.name, "particles");
    EXPECT_EQ(hazard.buffer, (BufferId{3, 1}));
    EXPECT_EQ(hazard.offset, 16u);
    EXPECT_EQ(hazard.bytes, 24u);
    EXPECT_EQ(hazard.first.use, Use::ComputeWrite);
    EXPECT_EQ(hazard.second.use, Use::VertexRead);
    EXPECT_EQ(hazard.first.frame, 1u);
    EXPECT_EQ(hazard.second.where.line(), line + 1);
    ASSERT_EQ(m_log.Count(), 1u);
    EXPECT_EQ(m_log.Entries()[0].tag, "HAZARD");
    EXPECT_EQ(m_log.Entries()[0].level, LogLevel::Error);
    EXPECT_EQ(m_log.Entries()[0].text, hazard.message);
    EXPECT_THAT(hazard.message,
                AllOf(HasSubstr("read after write: bytes 16 to 40 of buffer 'particles'"),
                      HasSubstr("VertexRead on queue 0 in frame 1 at "), HasSubstr("ComputeWrite on queue 0"),
                      HasSubstr("hazard_recorder_test.cpp:" + std::to_string(line - 1)),
                      HasSubstr("hazard_recorder_test.cpp:" + std::to_string(line + 1)),
                      HasSubstr("Barriers().Buffer(view, Use::ComputeWrite, Use::VertexRead)")));
}

TEST_F(HazardRecorderTest, TheSameAgainIsCountedAndNotSaid)
{
    const auto recorder = Make();
    for (uint64_t frame = 1; frame <= 5; ++frame)
    {
        Access(*recorder, frame, Use::ComputeWrite);
        Access(*recorder, frame, Use::VertexRead);
        recorder->OnSubmit(frame, {0, frame}, {});
        m_passed[0] = frame;
    }
    EXPECT_EQ(Count(*recorder, HazardKind::ReadAfterWrite), 5u);
    EXPECT_EQ(m_log.Count(), 1u);
    EXPECT_EQ(recorder->Report().last.size(), 1u);
}

TEST_F(HazardRecorderTest, OnlyTheLastOnesAreKept)
{
    const auto recorder = Make();
    for (uint64_t i = 0; i < HazardReport::kMostKept + 5; ++i)
    {
        const std::string name = "buffer " + std::to_string(i);
        const NamedRange bytes{{i, 0, 4}, 0, {}, name};
        Access(*recorder, 1, Use::ComputeWrite, bytes);
        Access(*recorder, 1, Use::VertexRead, bytes);
    }
    recorder->OnSubmit(1, {0, 1}, {});
    const HazardReport report = recorder->Report();
    EXPECT_EQ(report.Total(), HazardReport::kMostKept + 5);
    ASSERT_EQ(report.last.size(), HazardReport::kMostKept);
    EXPECT_EQ(report.last.front().name, "buffer 5");
}

TEST_F(HazardRecorderTest, AccessesThatAreNeverSubmitted)
{
    const auto recorder = Make();
    recorder->OnCommands(1, CommandsOf(1), 1);
    Access(*recorder, 1, Use::ComputeWrite);
    recorder->OnSubmit(1, {0, 1}, {}); // another queue
    recorder->OnFrameEnded(1);
    EXPECT_EQ(Count(*recorder, HazardKind::NeverSubmitted), 1u);
    EXPECT_THAT(m_log.Text(),
                AllOf(HasSubstr("frame 1 on queue 1"), HasSubstr("'particles'"), HasSubstr("SubmitSync")));
    // Right: of its queue.
    recorder->OnCommands(2, CommandsOf(1), 1);
    Access(*recorder, 2, Use::ComputeWrite);
    recorder->OnSubmit(2, {1, 1}, {});
    recorder->OnFrameEnded(2);
    // And what is abandoned need not be.
    Access(*recorder, 3, Use::ComputeWrite);
    recorder->OnFrameAbandoned(3);
    recorder->OnFrameEnded(3);
    EXPECT_EQ(recorder->Report().Total(), 1u);
}

TEST_F(HazardRecorderTest, WithFencesTheEndOfAFrameIsItsSubmission)
{
    const auto recorder = Make(false);
    Access(*recorder, 1, Use::ComputeWrite);
    recorder->OnFrameEnded(1);
    Access(*recorder, 2, Use::VertexRead);
    recorder->OnFrameEnded(2);
    EXPECT_EQ(Count(*recorder, HazardKind::ReadAfterWrite), 1u);
    m_completed = 2;
    Access(*recorder, 3, Use::ComputeWrite);
    recorder->OnFrameEnded(3);
    recorder->OnCommands(4, CommandsOf(1), 1); // of the order of queues nothing is known
    Access(*recorder, 4, Use::VertexRead);
    recorder->OnFrameEnded(4);
    EXPECT_EQ(recorder->Report().Total(), 1u);
}

TEST_F(HazardRecorderTest, CommandBuffersThatNobodyDescribes)
{
    const auto recorder = Make();
    for (uint64_t frame = 1; frame <= 2; ++frame)
    {
        recorder->OnAccess(frame, CommandsOf(1), Bytes(), Use::TransferWrite, {}, false); // CopyBuffer
        recorder->OnSubmit(frame, {0, frame}, {});
    }
    EXPECT_EQ(recorder->Report().accesses, 0u);
    recorder->OnAccess(3, CommandsOf(1), Bytes(), Use::TransferWrite, {}, false);
    Access(*recorder, 3, Use::VertexRead);
    recorder->OnSubmit(3, {0, 3}, {});
    EXPECT_EQ(Count(*recorder, HazardKind::ReadAfterWrite), 1u);
    EXPECT_THAT(m_log.Text(), HasSubstr("in the library"));
}

TEST_F(HazardRecorderTest, ASlotThatAPendingFrameUses)
{
    const auto recorder = Make();
    const auto usedAt = std::source_location::current();
    const auto use = [&](uint64_t frame, uint32_t slot) { recorder->OnSlotUsed(frame, "textures", slot, usedAt); };
    const auto write = [&](uint32_t slot, std::source_location where = std::source_location::current()) {
        recorder->OnSlotWritten("textures", slot, where);
    };
    m_completed = 4;
    use(4, 17);
    write(17); // has passed
    write(18); // was never used
    recorder->OnSlotUsed(5, "meshes", 17, usedAt);
    write(17); // of another table
    EXPECT_EQ(m_log.Text(), "");
    use(5, 17);
    use(3, 17); // the newest frame counts
    write(17);
    EXPECT_THAT(m_log.Text(), AllOf(HasSubstr("slot 17"), HasSubstr("'textures'"), HasSubstr("frame 5"),
                                    HasSubstr("hazard_recorder_test.cpp:" + std::to_string(usedAt.line()))));
    const HazardReport report = recorder->Report();
    EXPECT_EQ(report.Count(HazardKind::SlotRewritten), 1u);
    ASSERT_EQ(report.last.size(), 1u);
    EXPECT_EQ(report.last[0].offset, 17u);
    EXPECT_EQ(report.last[0].first.frame, 5u);
    use(5, 18);
    write(18); // another slot: said again
    EXPECT_EQ(m_log.Count(), 2u);
    m_completed = 5;
    write(17);
    EXPECT_EQ(m_log.Count(), 2u);
    use(6, 19);
    recorder->OnFrameAbandoned(6);
    write(19);
    EXPECT_EQ(m_log.Count(), 2u);
}
} // namespace
} // namespace sedx::test
