#include "buffer/mapping.h"
#include "buffer/named_range.h"
#include "buffer/range.h"
#include "buffer_system/system_impl.h"
#include "transfer/calibration.h"
#include "transfer/transfer_profile.h"

#include <sedx/log.h>
#include <sedx/profile.h>

#include <chrono>
#include <thread>

namespace sedx
{
namespace
{
uint64_t SteadyNs()
{
    return static_cast<uint64_t>(std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

// What a buffer lies in that did not get the first choice of its placement.
const char* KindOf(const BufferMemory& memory, bool isWindow) noexcept
{
    const bool isVisible = (memory.flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) != 0;
    const bool isCached = (memory.flags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT) != 0;
    if (isWindow)
        return "the small mappable window onto device memory";
    if (memory.deviceLocal)
        return isVisible ? "device memory that the CPU can map" : "device memory that the CPU cannot map";
    return !isVisible ? "host memory that the CPU cannot map" : isCached ? "host-cached memory" : "host memory";
}

// UTF-8, as in TransferProfileDesc.
std::filesystem::path FolderOf(const TransferProfileDesc& desc)
{
    return desc.folder.empty() ? UserCacheFolder()
                               : std::filesystem::path(std::u8string(desc.folder.begin(), desc.folder.end()));
}

// What TransferProfileDesc asks for, without measuring.
Result<TransferProfile> ChooseProfile(const BufferCore& core, const TransferProfileDesc& desc)
{
    if (desc.given)
    {
        if (auto sound = CheckProfile(*desc.given); !sound)
            return Forward(sound);
        TransferProfile profile = *desc.given;
        profile.origin = ProfileOrigin::Given;
        return profile;
    }
    if (desc.useStored)
        if (const auto stored = LoadProfile(FolderOf(desc), IdentityOf(core.Device())))
            return *stored;
    const MemoryClass memory = core.Memory().Strategy().memoryClass;
    ProfileFacts facts;
    facts.runsOnCpu = core.Device().properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
    facts.overBus = memory == MemoryClass::FullBar || memory == MemoryClass::SmallBar;
    facts.cores = std::thread::hardware_concurrency();
    return BuiltInProfile(facts);
}
} // namespace

BufferSystem::BufferSystem(std::unique_ptr<Impl> impl) noexcept : m_impl(std::move(impl)) {}

Result<std::unique_ptr<BufferSystem>> BufferSystem::Create(const BufferSystemDesc& desc)
{
    if (!desc.device)
        return Fail(ErrorCode::InvalidArgument, "BufferSystemDesc::device is empty");
    if (desc.framesInFlight < 1 || desc.framesInFlight > 16)
        return Fail(ErrorCode::InvalidArgument, "framesInFlight is {}, 1 to 16 are possible", desc.framesInFlight);
    if (desc.stagingBlockBytes < 4096 || desc.stagingLimitBytes < desc.stagingBlockBytes)
        return Fail(ErrorCode::InvalidArgument,
                    "stagingBlockBytes is {} and stagingLimitBytes {}; a block has at least "
                    "4096 bytes, and the limit is at least one block",
                    desc.stagingBlockBytes, desc.stagingLimitBytes);
    const std::shared_ptr<DeviceState>& device = desc.device.State();
    if (device->IsLost())
        return device->LostError();
    FrameRules rules;
    rules.completion = desc.completion;
    rules.framesInFlight = desc.framesInFlight;
    rules.paced = !device->adopted;
    CoreDesc coreDesc;
    coreDesc.frames = rules;
    coreDesc.checked = desc.checked;
    coreDesc.budget = desc.budget;
    coreDesc.memory.shareBuffers =
        desc.sharing == BufferSharing::Shared || (desc.sharing == BufferSharing::Auto && !desc.checked);
    coreDesc.memory.warmNs = desc.warmMemoryNs;
    coreDesc.memory.onOutOfMemory = desc.onOutOfMemory;
    coreDesc.memory.clock = desc.clock;
    if (!desc.clock)
        coreDesc.memory.clock = [] { return SteadyNs(); };
    auto core = BufferCore::Create(device, std::move(coreDesc));
    if (!core)
        return Forward(core);
    const auto profile = ChooseProfile(**core, desc.profile);
    if (!profile)
    {
        (*core)->Shutdown();
        return tl::unexpected(profile.error());
    }
    auto impl = std::make_unique<Impl>();
    impl->desc = desc;
    impl->core = std::move(*core);
    impl->transfers = TransferEngine::Create(impl->core, desc, *profile);
    impl->events = std::make_unique<EventPool>(device, impl->core->Frames());
    impl->uploads = std::make_unique<UploadQueue>(impl->transfers);
    impl->readbacks = std::make_unique<ReadbackQueue>(impl->transfers);
    impl->sparse = std::make_unique<SparseBinder>(*impl->core, *impl->transfers);
    std::unique_ptr<BufferSystem> system(new BufferSystem(std::move(impl)));
    system->m_impl->transfers->SetSystem(system.get());
    system->m_impl->core->system.store(system.get());
    system->m_impl->factory = std::make_unique<BufferFactory>(*system);
    if (desc.profile.calibrate && profile->origin == ProfileOrigin::BuiltIn)
        if (const auto measured = system->Calibrate(); !measured)
        {
            if (measured.error().code == ErrorCode::DeviceLost)
                return tl::unexpected(measured.error());
            SEDX_CORE_WARN_TAG("PROFILE", "transfers were not measured, the built-in profile stands: {}",
                               measured.error().message);
        }
    return system;
}

BufferSystem::~BufferSystem()
{
    m_impl->modules.DetachAll();
    BufferCore& core = *m_impl->core;
    core.system.store(nullptr);
    while (const uint64_t open = core.Frames().CurrentOpen())
    {
        SEDX_CORE_WARN("frame {} was still open when its system was destroyed; it is abandoned", open);
        m_impl->transfers->OnAbandoned(open);
        core.Frames().Abandon(open);
    }
    m_impl->sparse->Stop();
    if (!core.Device().IsLost())
    {
        // Everything that was submitted; the copies too.
        std::vector<TimelinePoint> points = core.Frames().PointsOf(UINT64_MAX);
        const uint64_t transfers = core.GetTimelines().Handed(kTransferTimeline);
        points.push_back({kTransferTimeline, transfers});
        core.GetTimelines().Wait(points, UINT64_MAX, WaitCause::Shutdown);
    }
    m_impl->Poll();
    m_impl->sparse->ReleaseAll();
    m_impl->transfers->Shutdown();
    m_impl->events.reset();
    core.Shutdown();
}

void BufferSystem::Impl::Poll() noexcept
{
    core->PollFrames();
    transfers->DropUnreachableQueued();
    transfers->Update();
    core->Reclaim();
    core->Trim();
}

void BufferSystem::Impl::PollAndBind() noexcept
{
    core->PollFrames();
    sparse->Update();
    Poll();
}

// ---- buffers -------------------------------------------------------------------------------------------------------

Result<Buffer> BufferSystem::CreateBuffer(const BufferDesc& desc, std::source_location where)
{
    SEDX_PROFILE_SCOPE("BufferSystem::CreateBuffer");
    return m_impl->core->CreateBuffer(desc, where);
}

Result<Buffer> BufferSystem::CreateBuffer(uint64_t bytes, BufferUsage usage, MemoryType memory, std::string name,
                                          std::source_location where)
{
    return m_impl->core->CreateBuffer({bytes, usage, memory, std::move(name), false}, where);
}

Result<Buffer> BufferSystem::Find(BufferId id) const { return m_impl->core->Find(id); }

bool BufferSystem::IsInFlight(const Buffer& buffer) const noexcept
{
    if (!buffer || buffer.Resource()->core != m_impl->core.get())
        return false;
    m_impl->Poll();
    return m_impl->core->IsInFlight(*buffer.Resource());
}

std::string BufferSystem::Explain(const Buffer& buffer) const
{
    if (!buffer)
        return "An empty handle lives nowhere.";
    BufferResource& resource = *buffer.Resource();
    const std::lock_guard lock(resource.mutex);
    if (!resource.backing)
        return fmt::format("Buffer '{}' is an empty shell: its system is gone.", resource.name);
    const BufferMemory& memory = resource.backing->memory;
    const MemoryStrategy& strategy = m_impl->core->Memory().Strategy();
    const Placement& placement = strategy.For(resource.memory);
    const char* asked = resource.memory == MemoryType::GPU         ? "GPU memory"
                        : resource.memory == MemoryType::CPU       ? "CPU memory"
                        : resource.memory == MemoryType::GPUUpload ? "GPU upload memory"
                                                                   : "read-back memory";
    const bool isFirst = !placement.types.empty() && placement.types.front() == memory.memoryType;
    const HeapRules& heap = strategy.heaps[m_impl->core->Memory().HeapOf(memory.memoryType)];
    const std::string why =
        isFirst || placement.types.empty()
            ? fmt::format("{}, because it asked for {}", placement.reason, asked)
            : fmt::format(
                  "{}: a fall-back, because it asked for {} and the first choice, type {}, {}had too little room "
                  "or does not fit it",
                  KindOf(memory, heap.isSmallBar), asked, placement.types.front(),
                  resource.backing->pool ? "is not what the pool asks for, or " : "");
    return fmt::format("Buffer '{}' ({} bytes) lies {} in memory type {}, {} (on this device {}); it {}{}.",
                       resource.name, resource.bytes,
                       memory.block != nullptr  ? fmt::format("at byte {} of a shared VkBuffer", memory.offset)
                       : resource.backing->pool ? "in a memory pool"
                                                : "in a VkBuffer of its own",
                       memory.memoryType, why, strategy.classReason,
                       resource.pinned ? "is pinned and never moves"
                                       : "may get new memory when it is mapped with WriteDiscard",
                       resource.ownership == Ownership::Exclusive
                           ? fmt::format(", and belongs to the family of queue {} alone", resource.ownerQueue)
                           : "");
}

Result<VkDeviceAddress> BufferSystem::GetDeviceAddress(const Buffer& buffer)
{
    if (!buffer)
        return Fail(ErrorCode::InvalidArgument, "an empty handle has no address");
    if (buffer.Resource()->core != m_impl->core.get())
        return Fail(ErrorCode::InvalidArgument, "buffer '{}' belongs to another system", buffer.Name());
    BufferResource& resource = *buffer.Resource();
    if (!resource.pinned)
        return Fail(ErrorCode::WrongState, "buffer '{}' is not pinned: its address may change, resolve it in a frame",
                    resource.name);
    const std::lock_guard lock(resource.mutex);
    if (!resource.backing)
        return Fail(ErrorCode::StaleHandle, "the system of buffer '{}' is gone", resource.name);
    if (resource.backing->address == 0)
        return Fail(ErrorCode::MissingFeature, "buffer '{}' was created without a usage that has a device address",
                    resource.name);
    resource.backing->held.store(true);
    resource.backing->UseInEveryFrame();
    return resource.backing->address;
}

// ---- mapping -------------------------------------------------------------------------------------------------------

Result<std::byte*> BufferSystem::MapBuffer(const Buffer& buffer, MapMode mode, std::source_location where)
{
    return MapRaw(*m_impl->core, buffer, mode, where);
}

void BufferSystem::UnmapBuffer(const Buffer& buffer) { UnmapRaw(*m_impl->core, buffer); }

Result<detail::MappedRange> BufferSystem::MapRange(const BufferView<>& view, MapMode mode, uint64_t elementBytes,
                                                   uint64_t elementAlignment, bool write,
                                                   const std::source_location& where)
{
    return sedx::MapRange(*m_impl->core, view, mode, elementBytes, elementAlignment, write, where);
}

// ---- copies --------------------------------------------------------------------------------------------------------

Result<void> BufferSystem::CopyBuffer(const Frame& frame, VkCommandBuffer cmd, const Buffer& source,
                                      uint64_t sourceOffset, const Buffer& destination, uint64_t destinationOffset,
                                      uint64_t bytes, std::source_location where)
{
    if (!source || !destination || cmd == VK_NULL_HANDLE)
        return Fail(ErrorCode::InvalidArgument, "CopyBuffer needs two buffers and a command buffer");
    if (!FitsInto(sourceOffset, bytes, source.GetSize()))
        return Fail(ErrorCode::OutOfRange, "bytes {} + {} leave buffer '{}' of {} bytes", sourceOffset, bytes,
                    source.Name(), source.GetSize());
    if (!FitsInto(destinationOffset, bytes, destination.GetSize()))
        return Fail(ErrorCode::OutOfRange, "bytes {} + {} leave buffer '{}' of {} bytes", destinationOffset, bytes,
                    destination.Name(), destination.GetSize());
    if (source == destination && sourceOffset < destinationOffset + bytes && destinationOffset < sourceOffset + bytes)
        return Fail(ErrorCode::InvalidArgument, "CopyBuffer: the ranges overlap in buffer '{}'", source.Name());
    if (bytes == 0)
        return {};
    const ResolvedBuffer from = frame.Resolve(source);
    const ResolvedBuffer to = frame.Resolve(destination);
    if (!from || !to)
        return Fail(ErrorCode::WrongState, "frame {} is not open", frame.Number());
    const VkBufferCopy2 region{VK_STRUCTURE_TYPE_BUFFER_COPY_2, nullptr, from.offset + sourceOffset,
                               to.offset + destinationOffset, bytes};
    VkCopyBufferInfo2 copy{VK_STRUCTURE_TYPE_COPY_BUFFER_INFO_2};
    copy.srcBuffer = from.buffer;
    copy.dstBuffer = to.buffer;
    copy.regionCount = 1;
    copy.pRegions = &region;
    m_impl->core->Device().vk.CmdCopyBuffer2(cmd, &copy);
    if (HazardRecorder* hazards = m_impl->core->Hazards())
    {
        const auto note = [&](const Buffer& buffer, const ResolvedBuffer& resolved, uint64_t offset, Use use) {
            hazards->OnAccess(frame.Number(), cmd, NamedRangeOf(buffer, resolved, offset, bytes), use, where, false);
        };
        note(source, from, sourceOffset, Use::TransferRead);
        note(destination, to, destinationOffset, Use::TransferWrite);
    }
    return {};
}

// ---- memory --------------------------------------------------------------------------------------------------------

HeapBudget BufferSystem::GetBudget(uint32_t heap) const
{
    return heap < m_impl->core->Device().memory.memoryHeapCount ? m_impl->core->Memory().Budget().Of(heap)
                                                                : HeapBudget{};
}

void BufferSystem::SetFocus(bool hasFocus) { m_impl->core->Memory().Budget().SetFocus(hasFocus); }

uint64_t BufferSystem::ReleaseWarmMemory()
{
    const uint64_t staging = m_impl->transfers->ReleaseIdle(); // blocks of its own: nothing for the allocator to keep
    return staging + m_impl->core->Allocator().ReleaseWarm();
}

// ---- transfers -----------------------------------------------------------------------------------------------------

TransferProfile BufferSystem::GetTransferProfile() const { return m_impl->transfers->Profile(); }

Result<TransferProfile> BufferSystem::Calibrate()
{
    SEDX_PROFILE_SCOPE("BufferSystem::Calibrate");
    auto measured = m_impl->transfers->Calibrate();
    m_impl->Poll();
    const TransferProfileDesc& desc = m_impl->desc.profile;
    if (measured && desc.useStored)
        StoreProfile(FolderOf(desc), IdentityOf(m_impl->core->Device()), *measured);
    return measured;
}

// ---- the parts -----------------------------------------------------------------------------------------------------

UploadQueue& BufferSystem::Uploads() noexcept { return *m_impl->uploads; }
ReadbackQueue& BufferSystem::Readbacks() noexcept { return *m_impl->readbacks; }
BufferFactory& BufferSystem::Factory() noexcept { return *m_impl->factory; }
ModuleStage& BufferSystem::Modules() noexcept { return m_impl->modules; }
HazardTracker BufferSystem::Hazards() const noexcept { return HazardTracker(m_impl->core->Hazards()); }
const Device& BufferSystem::GetDevice() const noexcept { return m_impl->desc.device; }
const BufferSystemDesc& BufferSystem::Desc() const noexcept { return m_impl->desc; }
Result<void> BufferSystem::AllocatorStatus() const { return m_impl->core->Memory().Status(); }

Report BufferSystem::GetReport() const
{
    m_impl->Poll();
    const BufferCore& core = *m_impl->core;
    Report report;
    report.framesBegun = core.Frames().LastOpened();
    report.framesCompleted = core.Frames().Completed();
    report.liveBuffers = core.LiveBuffers();
    report.createdBuffers = core.CreatedBuffers();
    report.gpu = core.UseOf(MemoryRole::Gpu);
    report.cpu = core.UseOf(MemoryRole::Cpu);
    report.readback = core.UseOf(MemoryRole::Readback);
    report.staging = core.UseOf(MemoryRole::Staging);
    report.deviceLocal = core.DeviceLocalUse();
    report.committedBytes = core.Memory().Budget().UsedBytes();
    const BlockStats blocks = core.Allocator().Blocks();
    report.blocks = blocks.blocks;
    report.blockBytes = blocks.bytes;
    report.blockFreeBytes = blocks.freeBytes;
    report.pendingDestroyed = core.PendingDestroyed();
    const TransferCounters& transfers = m_impl->transfers->Counters();
    const WriteLanes::Totals lanes = m_impl->transfers->Lanes().Count();
    report.writes = transfers.writes.load() + lanes.writes;
    report.uploadedBytes = transfers.uploadedBytes.load() + lanes.bytes;
    report.directBytes = transfers.directBytes.load();
    report.importedBytes = transfers.importedBytes.load();
    report.imports = transfers.imports.load();
    report.refusedImports = transfers.refusedImports.load();
    report.supersededBytes = transfers.supersededBytes.load();
    report.copyRegions = transfers.copyRegions.load();
    report.scatteredCopies = transfers.scatteredCopies.load();
    report.copiedBytes = transfers.copiedBytes.load();
    report.copiedByShader = transfers.copiedByShader.load();
    report.inlinedCopies = transfers.inlinedCopies.load();
    report.submissions = transfers.submissions.load();
    report.transferQueueSubmissions = transfers.transferQueueSubmissions.load();
    report.readbackBytes = transfers.readbackBytes.load();
    const BackgroundWrites& background = m_impl->transfers->Background();
    report.queuedWrites = background.QueuedWrites();
    report.queuedBytes = background.QueuedBytes();
    report.queueMemoryBytes = background.MemoryBytes();
    report.backgroundBytes = transfers.backgroundBytes.load();
    report.promotedBytes = transfers.promotedBytes.load();
    report.cancelledBytes = transfers.cancelledBytes.load();
    report.droppedBytes = transfers.droppedBytes.load();
    for (size_t i = 0; i < report.waits.size(); ++i)
        report.waits[i] = core.GetTimelines().Waits(static_cast<WaitCause>(i));
    report.heapCount = core.Device().memory.memoryHeapCount;
    for (uint32_t i = 0; i < report.heapCount; ++i)
    {
        const HeapBudget budget = core.Memory().Budget().Of(i);
        report.heaps[i] = {budget.heapBytes, budget.usedBytes + budget.othersBytes, budget.usedBytes,
                           budget.budgetBytes, budget.isDeviceLocal};
    }
    return report;
}
} // namespace sedx
