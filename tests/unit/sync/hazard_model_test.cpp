// The model of hazards, case by case: what is ordered, and what is not.
#include "model_driver.h"

#include <gtest/gtest.h>

namespace sedx::test
{
namespace
{
constexpr HazardKind kNone = HazardKind::Count;
constexpr MemoryRange kAll{1, 0, 64};

TEST(HazardModel, ReadAfterWrite)
{
    ModelDriver run;
    EXPECT_EQ(run.Kind(0, Use::ComputeWrite), kNone);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), HazardKind::ReadAfterWrite);
    run.Barrier(0, Use::ComputeWrite, Use::VertexRead);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), kNone);
    EXPECT_EQ(run.Kind(0, Use::VertexUniformRead), HazardKind::ReadAfterWrite); // another access of the same stage
    EXPECT_EQ(run.Kind(0, Use::FragmentRead), HazardKind::ReadAfterWrite);      // later, but it does not see the bytes
}

TEST(HazardModel, WriteAfterWrite)
{
    ModelDriver run;
    run.Access(0, Use::ComputeWrite);
    EXPECT_EQ(run.Kind(0, Use::ComputeWrite), HazardKind::WriteAfterWrite);
    run.Barrier(0, Use::ComputeWrite, Use::ComputeWrite);
    EXPECT_EQ(run.Kind(0, Use::ComputeWrite), kNone);
    run.Barrier(0, Use::ComputeWrite, Use::ComputeRead); // for readers
    EXPECT_EQ(run.Kind(0, Use::ComputeWrite), HazardKind::WriteAfterWrite);
}

TEST(HazardModel, WriteAfterRead)
{
    ModelDriver run;
    run.Access(0, Use::VertexRead);
    EXPECT_EQ(run.Kind(0, Use::ComputeWrite), HazardKind::WriteAfterRead);
    run.Access(0, Use::IndexRead, {1, 64, 128});
    run.Barrier(0, Use::VertexRead, Use::ComputeWrite); // earlier stages are ordered with it
    EXPECT_EQ(run.Kind(0, Use::ComputeWrite, {1, 64, 128}), kNone);
    run.Access(0, Use::FragmentRead, {1, 128, 192});
    run.Barrier(0, Use::VertexRead, Use::ComputeWrite); // later ones are not
    EXPECT_EQ(run.Kind(0, Use::ComputeWrite, {1, 128, 192}), HazardKind::WriteAfterRead);
}

// Whoever is ordered behind the reads is ordered behind the write that they saw.
TEST(HazardModel, ReadsStandBetweenWrites)
{
    ModelDriver run;
    run.Access(0, Use::TransferWrite);
    run.Barrier(0, Use::TransferWrite, Use::VertexRead);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), kNone);
    run.Barrier(0, Use::VertexRead, Use::ComputeWrite);
    EXPECT_EQ(run.Kind(0, Use::ComputeWrite), kNone);
}

TEST(HazardModel, BarriersChain)
{
    ModelDriver run;
    run.Access(0, Use::ComputeWrite);
    run.Barrier(0, Use::ComputeWrite, Use::TransferRead);
    run.Barrier(0, Use::TransferRead, Use::VertexRead);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), kNone);
    run.Barrier(0, Use::AccelerationStructureBuildRead, Use::IndexRead); // begins where nothing of it ends
    EXPECT_EQ(run.Kind(0, Use::IndexRead), HazardKind::ReadAfterWrite);
}

// A chain that never makes the write available orders execution, and shows nothing.
TEST(HazardModel, AWriteMustBecomeAvailable)
{
    ModelDriver run;
    run.Access(0, Use::ComputeWrite);
    run.Barrier(0, Use::ComputeRead, Use::TransferRead);
    run.Barrier(0, Use::TransferWrite, Use::VertexRead);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), HazardKind::ReadAfterWrite);
}

TEST(HazardModel, OnlyTheBytesConcerned)
{
    ModelDriver run;
    run.Access(0, Use::ComputeWrite, {1, 0, 100});
    run.Barrier(0, Use::ComputeWrite, Use::VertexRead, MemoryRange{1, 20, 40});
    EXPECT_EQ(run.Kind(0, Use::VertexRead, {1, 20, 40}), kNone);
    EXPECT_EQ(run.Kind(0, Use::VertexRead, {1, 100, 200}), kNone);
    EXPECT_EQ(run.Kind(0, Use::VertexRead, {2, 0, 100}), kNone);
    const auto conflicts = run.Access(0, Use::VertexRead, {1, 10, 90});
    ASSERT_EQ(conflicts.size(), 1u);
    EXPECT_EQ(conflicts[0].range.begin, 10u);
    EXPECT_EQ(conflicts[0].range.end, 90u);
    EXPECT_EQ(run.Kind(0, Use::VertexRead, {1, 5, 5}), kNone); // nothing at all
}

TEST(HazardModel, UsesOfOneCommandDoNotConflict)
{
    ModelDriver run;
    EXPECT_EQ(run.Kind(0, Use::ComputeRead | Use::ComputeWrite), kNone);
    const auto conflicts = run.Access(0, Use::ComputeRead | Use::ComputeWrite);
    ASSERT_EQ(conflicts.size(), 2u);
    EXPECT_EQ(conflicts[0].kind, HazardKind::ReadAfterWrite);
    EXPECT_EQ(conflicts[1].kind, HazardKind::WriteAfterWrite);
    EXPECT_EQ(conflicts[0].earlierUse, Use::ComputeWrite);
    EXPECT_EQ(conflicts[0].laterUse, Use::ComputeRead);
    run.Barrier(0, Use::ComputeWrite, Use::ComputeRead | Use::ComputeWrite);
    EXPECT_EQ(run.Kind(0, Use::ComputeRead | Use::ComputeWrite), kNone);
}

TEST(HazardModel, SubmissionsOfOneQueueAreNotOrderedByThemselves)
{
    ModelDriver run;
    run.Access(0, Use::ComputeWrite);
    run.Signal(0);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), HazardKind::ReadAfterWrite);
    run.Barrier(0, Use::ComputeWrite, Use::VertexRead); // a barrier is for all that was submitted before
    EXPECT_EQ(run.Kind(0, Use::VertexRead), kNone);
}

// ---- queues --------------------------------------------------------------------------------------------------------

TEST(HazardModel, AWaitOrdersQueues)
{
    ModelDriver run;
    run.Access(1, Use::ComputeWrite);
    const TimelinePoint made = run.Signal(1);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), HazardKind::ReadAfterWrite);
    run.Wait(0, made, Use::VertexRead);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), kNone);
    EXPECT_EQ(run.Kind(0, Use::ComputeRead), HazardKind::ReadAfterWrite); // does not wait
    run.Barrier(0, Use::VertexRead, Use::ComputeRead);                    // goes on from the wait
    EXPECT_EQ(run.Kind(0, Use::ComputeRead), kNone);
}

TEST(HazardModel, ABarrierOrdersItsOwnQueueOnly)
{
    ModelDriver run;
    run.Access(1, Use::ComputeWrite);
    run.Signal(1);
    run.Barrier(0, Use::AnyWrite, Use::AnyRead);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), HazardKind::ReadAfterWrite);
}

TEST(HazardModel, ASignalIsForWhatCameBefore)
{
    ModelDriver run;
    const TimelinePoint early = run.Signal(1);
    run.Access(1, Use::ComputeWrite);
    const TimelinePoint late = run.Signal(1);
    run.Wait(0, early, Use::AnyRead);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), HazardKind::ReadAfterWrite);
    run.Wait(0, late, Use::AnyRead);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), kNone);
}

TEST(HazardModel, WaitsReachThroughAQueueBetween)
{
    ModelDriver run;
    run.Access(1, Use::ComputeWrite);
    const TimelinePoint first = run.Signal(1);
    const TimelinePoint before = run.Signal(2); // of the queue between, before it waited
    run.Wait(2, first, Use::TransferRead);
    const TimelinePoint second = run.Signal(2);
    run.Wait(0, before, Use::AnyRead);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), HazardKind::ReadAfterWrite);
    run.Wait(0, second, Use::VertexRead);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), kNone);
}

// The writer must not overtake readers on another queue either.
TEST(HazardModel, WriteBehindAReaderOfAnotherQueue)
{
    ModelDriver run;
    run.Access(0, Use::VertexRead);
    const TimelinePoint drawn = run.Signal(0);
    EXPECT_EQ(run.Kind(1, Use::ComputeWrite, kAll, 2), HazardKind::WriteAfterRead);
    run.model.Drop(2);
    run.Access(0, Use::VertexRead);
    const TimelinePoint again = run.Signal(0);
    run.Wait(1, drawn, Use::ComputeWrite);
    EXPECT_EQ(run.Kind(1, Use::ComputeWrite), HazardKind::WriteAfterRead); // not for the second one
    run.Access(0, Use::VertexRead, {3, 0, 64});
    run.Wait(1, again, Use::ComputeWrite);
    EXPECT_EQ(run.Kind(1, Use::ComputeWrite, {3, 0, 64}), HazardKind::WriteAfterRead);
}

TEST(HazardModel, QueuesAreNotComparedWhereNothingIsKnownOfTheirOrder)
{
    ModelDriver run(false);
    run.Access(1, Use::ComputeWrite);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), kNone);
    EXPECT_EQ(run.Kind(1, Use::VertexRead, {1, 0, 64}), HazardKind::ReadAfterWrite);
}

// ---- events --------------------------------------------------------------------------------------------------------

TEST(HazardModel, AnEventIsForWhatCameBeforeItsFirstHalf)
{
    ModelDriver run;
    const ModelBarrier halves[] = {BarrierOf(Use::ComputeWrite, Use::VertexRead)};
    run.Access(0, Use::ComputeWrite, {1, 0, 64});
    run.model.SetEvent(0, 5, halves);
    run.Access(0, Use::ComputeWrite, {1, 64, 128});
    EXPECT_EQ(run.Kind(0, Use::VertexRead, {1, 0, 32}), HazardKind::ReadAfterWrite); // not yet
    run.model.WaitEvent(0, 6, halves);                                               // another one
    EXPECT_EQ(run.Kind(0, Use::VertexRead, {1, 0, 32}), HazardKind::ReadAfterWrite);
    run.model.WaitEvent(0, 5, halves);
    EXPECT_EQ(run.Kind(0, Use::VertexRead, {1, 0, 64}), kNone);
    EXPECT_EQ(run.Kind(0, Use::VertexRead, {1, 64, 128}), HazardKind::ReadAfterWrite);
}

// ---- the CPU -------------------------------------------------------------------------------------------------------

TEST(HazardModel, TheCpuMustNotWriteWhatIsRead)
{
    ModelDriver run;
    run.Access(0, Use::VertexRead, {1, 0, 64});
    run.Access(0, Use::ComputeWrite, {1, 64, 128});
    const TimelinePoint done = run.Signal(0);
    EXPECT_TRUE(run.Host(false, {1, 0, 64}).empty()); // both read
    ASSERT_EQ(run.Host(false, {1, 0, 128}).size(), 1u);
    EXPECT_EQ(run.Host(false, {1, 0, 128})[0].kind, HazardKind::HostReadInFlight);
    const auto conflicts = run.Host(true, {1, 32, 100});
    ASSERT_EQ(conflicts.size(), 2u);
    EXPECT_EQ(conflicts[0].kind, HazardKind::HostWriteInFlight);
    EXPECT_EQ(conflicts[0].range.begin, 32u);
    EXPECT_EQ(conflicts[0].range.end, 64u);
    EXPECT_EQ(conflicts[1].range.end, 100u);
    EXPECT_TRUE(run.Host(true, {1, 128, 200}).empty());
    EXPECT_TRUE(run.Host(true, {2, 0, 64}).empty());
    run.Retire(done);
    EXPECT_TRUE(run.Host(true, {1, 0, 128}).empty());
    EXPECT_TRUE(run.model.IsEmpty());
}

TEST(HazardModel, WhatWaitsForTheCpuMayBeWritten)
{
    ModelDriver run;
    run.Barrier(0, Use::HostWrite, Use::TransferRead, MemoryRange{1, 0, 64});
    run.Access(0, Use::TransferRead, {1, 0, 64});
    run.Access(0, Use::TransferRead, {1, 64, 128});
    run.Signal(0);
    EXPECT_TRUE(run.Host(true, {1, 0, 64}).empty());
    EXPECT_EQ(run.Host(true, {1, 0, 128}).size(), 1u);
    run.Access(0, Use::TransferRead, {1, 0, 64}); // of the next submission
    EXPECT_EQ(run.Host(true, {1, 0, 64}).size(), 1u);
}

TEST(HazardModel, WhatHasPassedIsForgotten)
{
    ModelDriver run;
    run.Access(1, Use::ComputeWrite);
    const TimelinePoint made = run.Signal(1);
    run.Wait(0, made, Use::VertexRead);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), kNone);
    const TimelinePoint drawn = run.Signal(0);
    run.Retire(drawn); // and with it what it waited for, although nobody has looked at queue 1
    EXPECT_EQ(run.model.SegmentCount(), 0u);
    EXPECT_EQ(run.Kind(2, Use::ComputeWrite), kNone);
    run.Wait(2, drawn, Use::AnyRead); // passed: nothing happens
    run.Retire(made);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), HazardKind::ReadAfterWrite);
}

TEST(HazardModel, AWaitForWhatHasPassedIsNotOneForLaterWork)
{
    ModelDriver run;
    const TimelinePoint first = run.Signal(1);
    run.Access(1, Use::ComputeWrite);
    run.Signal(1);
    run.Retire(first);
    run.Wait(0, first, Use::AnyRead);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), HazardKind::ReadAfterWrite);
}

TEST(HazardModel, AWaitForWhatWasSkippedOrdersNothing)
{
    ModelDriver run;
    const TimelinePoint skipped{1, ++run.values[1]};
    run.model.Skip(skipped);
    run.Access(1, Use::ComputeWrite);
    run.Signal(1);
    run.Wait(0, skipped, Use::AnyRead);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), HazardKind::ReadAfterWrite);
}

TEST(HazardModel, AFrameThatWasNeverSubmitted)
{
    ModelDriver run;
    run.Access(0, Use::ComputeWrite, kAll, 1);
    run.Access(0, Use::ComputeWrite, {1, 64, 128}, 2);
    run.Signal(0, 2);
    run.model.Drop(1);
    EXPECT_EQ(run.Kind(0, Use::VertexRead), kNone);
    EXPECT_EQ(run.Kind(0, Use::VertexRead, {1, 64, 128}), HazardKind::ReadAfterWrite);
}
} // namespace
} // namespace sedx::test
