#include "transfer/calibration.h"

#include "transfer/transfer_engine.h"

#include <sedx/log.h>

#include <thread>

namespace sedx
{
namespace
{
constexpr uint64_t kFramesNs = 1'000'000'000; // how long frames under way are waited for, before it is done beside them

std::string Hex(std::span<const uint8_t> bytes)
{
    std::string text;
    for (const uint8_t byte : bytes)
        text += fmt::format("{:02x}", byte);
    return text;
}
} // namespace

ProfileIdentity IdentityOf(const DeviceState& device)
{
    VkPhysicalDeviceDriverProperties driver{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
    VkPhysicalDeviceIDProperties ids{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES};
    ids.pNext = &driver;
    VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
    properties.pNext = &ids;
    device.vki.GetPhysicalDeviceProperties2(device.physicalDevice, &properties);
    const VkPhysicalDeviceProperties& known = device.properties;
    // Which memory can be mapped is a setting of the firmware; how large heaps are, may change from start to start.
    std::string memory;
    for (uint32_t i = 0; i < device.memory.memoryTypeCount; ++i)
        memory += fmt::format("{}{:x}@{}", i == 0 ? "" : ",", device.memory.memoryTypes[i].propertyFlags,
                              device.memory.memoryTypes[i].heapIndex);
    std::string queues;
    for (const QueueInfo& queue : device.queues)
        queues += fmt::format("{}{:x}", queues.empty() ? "" : ",", queue.flags);
    ProfileIdentity identity;
    identity.vendor = known.vendorID;
    identity.device = known.deviceID;
    identity.line = fmt::format("vendor {:#x} device {:#x} driver {:#x} version {:#x} device-uuid {} driver-uuid {} cache {} "
                                "memory {} queues {} cores {}",
                                known.vendorID, known.deviceID, static_cast<uint32_t>(driver.driverID),
                                known.driverVersion, Hex(ids.deviceUUID), Hex(ids.driverUUID),
                                Hex(known.pipelineCacheUUID), memory, queues, std::thread::hardware_concurrency());
    return identity;
}

Result<TransferProfile> MeasureProfile(BufferCore& core, const TransferProfile& profile)
{
    const CalibrationClock clock;
    TransferProfile measured = profile;
    {
        CalibrationBench bench(core);
        Result<void> done = bench.Create();
        if (done)
            done = MeasureShortWrites(bench, clock, measured);
        if (done)
            done = MeasureBulk(bench, clock, measured);
        if (done)
            done = MeasureCopies(bench, clock, measured);
        if (!done)
            return Forward(done);
    }
    measured.origin = ProfileOrigin::Measured;
    SEDX_CORE_INFO_TAG("PROFILE",
                       "measured in {:.1f} ms: scatter up to {} bytes from {} writes on, {} bytes a lane; updates up to {} "
                       "bytes and {} writes; chunks of {} bytes by {} threads",
                       clock.Ms(), measured.scatterMaxBytes, measured.scatterMinWrites, measured.scatterLaneBytes,
                       measured.inlineMaxBytes, measured.inlineMaxWrites, measured.chunkBytes, measured.copyThreads);
    return measured;
}

Result<TransferProfile> TransferEngine::Calibrate()
{
    if (!m_alive.load())
        return Fail(ErrorCode::WrongState, "the system is gone");
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    if (const uint64_t open = m_core->Frames().CurrentOpen(); open != 0)
        return Fail(ErrorCode::WrongState, "calibration cannot run while frame {} is open", open);
    // Work of frames would be measured, too. Those of an engine with fences can only be hoped to have passed.
    std::vector<TimelinePoint> points = m_core->Frames().PointsOf(UINT64_MAX);
    points.push_back({kTransferTimeline, m_core->GetTimelines().Handed(kTransferTimeline)});
    if (m_core->GetTimelines().Wait(points, kFramesNs, WaitCause::Calibration) == VK_ERROR_DEVICE_LOST)
        return m_core->Device().LostError();
    const std::lock_guard submitLock(m_submitMutex);
    auto measured = MeasureProfile(*m_core, Profile());
    if (measured)
        TakeProfile(*measured);
    return measured;
}
} // namespace sedx
