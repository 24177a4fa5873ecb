#include <sedx/bindless_buffer_system.h>

#include "../shaders/sedx_shared.h"
#include "base/error.h"
#include "base/prefetch.h"
#include "bindless/bindless_layout.h"
#include "bindless/fault_log.h"
#include "bindless/own_buffer.h"
#include "bindless/shader_reports.h"
#include "buffer/range.h"
#include "buffer_system/system_impl.h"

#include <sedx/log.h>
#include <sedx/profile.h>

#include <algorithm>
#include <cstring>

namespace sedx
{
static_assert(kMaxBindlessSystems == kMaxListeners);
static_assert(SlotDirectory::kSlotBits == shared::kSlotBits && SlotDirectory::kSlotMask == shared::kSlotMask);

namespace
{
constexpr uint64_t kGuardBytes = 64 * 1024; // larger than any element that a checked shader reads by mistake, as a rule

SlotContents ContentsOf(const Backing& backing, uint64_t offset, uint64_t bytes) noexcept
{
    SlotContents contents;
    contents.buffer = backing.memory.buffer;
    contents.offset = backing.memory.offset + offset;
    contents.bytes = bytes;
    contents.address = backing.address != 0 ? backing.address + offset : 0;
    contents.isDeviceLocal = backing.memory.deviceLocal;
    return contents;
}

// Neighbours share one, 64 at a time: threads with buffers of their own seldom meet, whoever created them, and slots are
// written in runs. Indices of buffers go round the shards of the core.
uint32_t ShardOf(const BufferResource& resource) noexcept
{
    const uint32_t index = resource.id.index;
    return (index / kShards / 64 + index % kShards * (SlotDirectory::kShards / kShards)) % SlotDirectory::kShards;
}
} // namespace

// Locks: that of a buffer before those of the directory; `mutex` before both.
struct BindlessBufferSystem::Impl final : public BackingListener
{
    explicit Impl(BufferSystem& owner) : system(owner), core(owner.Internals().core) {}

    BufferSystem& system;
    std::shared_ptr<BufferCore> core;
    Result<void> status = tl::unexpected<Error>(Error{ErrorCode::WrongState, VK_SUCCESS, "it was not attached"});
    std::atomic<bool> isAttached{false};
    uint32_t number = kMaxListeners; // as a listener; stays when it stops to be one, for calls under way
    bool isListening = false;
    std::unique_ptr<SlotDirectory> directory;
    std::shared_ptr<BindlessLayout> layout; // lives as long as copies that frames use
    bool isForeign = false;

    mutable std::mutex mutex; // of what follows
    Buffer guard;
    std::unique_ptr<BindlessCopies> copies;
    std::unique_ptr<ShaderReports> reports;
    FaultLog faults;

    void OnBackingChanged(BufferResource& resource, Backing& fresh, uint32_t& mark) noexcept override
    {
        fresh.UseInEveryFrame();
        directory->Update(ShardOf(resource), mark, ContentsOf(fresh, 0, 0));
    }
    void OnDropped(BufferResource& resource, uint32_t& mark) noexcept override
    {
        directory->RemoveAll(ShardOf(resource), mark);
    }
    void OnCreated(BufferResource& resource, uint32_t as) noexcept override
    {
        if (!Any(resource.usage & BufferUsage::Storage))
            return;
        SlotDirectory::Hold hold;
        const auto added = Add(hold, resource, 0, resource.bytes, as);
        hold = {};
        if (!added)
            SEDX_CORE_ERROR_TAG("BINDLESS", "buffer '{}' was not registered: {}", resource.name, added.error().message);
    }

    Result<void> Attach(const BindlessDesc& desc, const std::string& name);
    Result<void> CreateGuard(const std::string& name);
    Result<uint32_t> Register(SlotDirectory::Hold& hold, const Buffer& buffer, uint64_t offset, uint64_t bytes);
    Result<void> Unregister(SlotDirectory::Hold& hold, uint32_t resource);
    Result<void> CheckAttached() const;
    // `as`: the number of the listener.
    Result<uint32_t> Add(SlotDirectory::Hold& hold, BufferResource& resource, uint64_t offset, uint64_t bytes,
                         uint32_t as);
    Result<BindlessCopies::Use> Use(const Frame& frame);
    void PollFaults();
};

// ---- attaching -------------------------------------------------------------------------------------------------------

Result<void> BindlessBufferSystem::Impl::CreateGuard(const std::string& name)
{
    auto made = MakeOwnBuffer(system, std::min<uint64_t>(kGuardBytes, layout->maxRange), MemoryType::GPUUpload,
                              name + " guard");
    if (!made)
        return Forward(made);
    guard = std::move(made->buffer);
    const Backing& backing = *guard.Resource()->backing;
    std::memset(backing.memory.mapped, 0, guard.GetSize());
    if (const VkResult result = core->Memory().Flush(backing.memory, 0, guard.GetSize()); result != VK_SUCCESS)
        return FailVk(result, "flushing the guard of '{}'", name);
    layout->guard = ContentsOf(backing, 0, guard.GetSize());
    return {};
}

Result<void> BindlessBufferSystem::Impl::Attach(const BindlessDesc& desc, const std::string& name)
{
    const DeviceState& device = core->Device();
    isForeign = !desc.foreign.sets.empty();
    if (device.IsLost())
        return device.LostError();
    if (!isForeign && desc.storageBinding <= desc.tableBinding)
        return Fail(ErrorCode::InvalidArgument,
                    "'{}': the table has binding {} and the array {}; the array must be the last one", name,
                    desc.tableBinding, desc.storageBinding);
    if (isForeign && desc.backend != BindlessBackend::DescriptorSets)
        return Fail(ErrorCode::InvalidArgument, "'{}': foreign sets are descriptor sets", name);
    if (desc.backend == BindlessBackend::DescriptorBuffer && !device.descriptors.buffers)
        return Fail(ErrorCode::MissingFeature,
                    "'{}' needs VK_EXT_descriptor_buffer with the feature descriptorBuffer, which device '{}' was made "
                    "without (FeatureModule::DescriptorBuffer)",
                    name, device.name);
    if (desc.backend == BindlessBackend::DescriptorBuffer && !device.descriptors.tellsRobustness)
        return Fail(ErrorCode::InvalidArgument,
                    "'{}' must know whether robustBufferAccess is enabled, which changes descriptors: hand over "
                    "VkPhysicalDeviceFeatures2 in AdoptDesc::enabledFeatures",
                    name);
    if (!device.descriptors.indexing)
        return Fail(ErrorCode::MissingFeature,
                    "'{}' needs descriptor indexing for storage buffers (FeatureModule::Bindless), which device '{}' "
                    "was made without, or AdoptDesc::enabledFeatures does not tell",
                    name, device.name);
    const uint32_t copyCount =
        isForeign ? static_cast<uint32_t>(desc.foreign.sets.size()) : system.Desc().framesInFlight + 1;
    if (isForeign && copyCount > 32)
        return Fail(ErrorCode::InvalidArgument, "'{}' was given {} foreign sets, 32 are possible", name, copyCount);
    const SlotLimits limits = LimitsOf(desc, device, copyCount);
    if (limits.slots < 2)
        return Fail(ErrorCode::InvalidArgument,
                    "'{}' was asked for {} slots, and the device has room for {}; slot 0 is never given out", name,
                    isForeign ? desc.foreign.count : desc.slots, limits.maxSlots);
    auto madeLayout = MakeLayout(core, desc, limits.maxSlots);
    if (!madeLayout)
        return Forward(madeLayout);
    layout = std::move(*madeLayout);
    if (auto made = CreateGuard(name); !made)
        return made;
    directory = std::make_unique<SlotDirectory>(limits.slots, limits.maxSlots,
                                                system.Desc().checked || desc.shaderChecks || desc.feedback,
                                                [frames = &core->Frames()] { return frames->LastOpened(); });
    auto make = [this, desc, name](uint32_t slots, uint32_t index) -> Result<std::unique_ptr<DescriptorCopy>> {
        const std::string copyName = fmt::format("{} copy {}", name, index);
        if (isForeign)
            return MakeForeignCopy(*layout, desc.foreign.sets[index], desc.foreign.firstElement);
        if (desc.backend == BindlessBackend::DescriptorBuffer)
            return MakeBufferCopy(*layout, *core, slots, copyName.c_str());
        return MakeSetCopy(*layout, slots, core->Device().descriptors.variableCount, copyName.c_str());
    };
    copies = std::make_unique<BindlessCopies>(system, *layout, name, std::move(make), isForeign ? copyCount : 0);
    copies->SetCapacity(limits.slots);
    if (auto made = copies->Prepare(copyCount); !made)
        return made;
    reports = std::make_unique<ShaderReports>(system, desc.shaderChecks, desc.feedback, name);
    reports->Reserve(limits.slots, 0);
    const uint32_t given = core->Listen(*this, desc.registerStorageBuffers);
    isListening = given != kMaxListeners;
    if (isListening)
        number = given;
    else
        return Fail(ErrorCode::LimitExceeded, "'{}': {} bindless systems are attached to this buffer system already",
                    name, kMaxBindlessSystems);
    return {};
}

BindlessBufferSystem::BindlessBufferSystem(BufferSystem& system, const BindlessDesc& desc, std::string name)
    : Module(std::move(name)), m_desc(desc), m_impl(std::make_unique<Impl>(system))
{
}

BindlessBufferSystem::~BindlessBufferSystem() { BindlessBufferSystem::OnDetach(); }

void BindlessBufferSystem::OnAttach()
{
    Impl& impl = *m_impl;
    if (impl.isAttached.load() || !impl.core->IsAlive())
        return;
    impl.status = impl.Attach(m_desc, GetName());
    impl.isAttached.store(true);
    if (!impl.status)
    {
        SEDX_CORE_ERROR_TAG("BINDLESS", "'{}' cannot be used: {}", GetName(), impl.status.error().message);
        OnDetach();
    }
}

void BindlessBufferSystem::OnDetach()
{
    Impl& impl = *m_impl;
    if (!impl.isAttached.exchange(false))
        return;
    if (impl.status)
        impl.status = tl::unexpected<Error>(Error{ErrorCode::WrongState, VK_SUCCESS, "it was detached"});
    const std::lock_guard lock(impl.mutex);
    if (impl.directory)
        impl.directory->Clear();
    if (std::exchange(impl.isListening, false) && impl.core->IsAlive())
        impl.core->StopListening(impl.number);
    impl.reports.reset();
    if (!impl.core->IsAlive())
    {
        SEDX_CORE_ERROR_TAG("CHECK", "'{}' is detached after its system is gone: its descriptors are lost", GetName());
        (void)impl.copies.release(); // nobody knows whether the device is still there
        return;
    }
    // Frames under way may still use all of it.
    impl.core->WhenPassed([layout = std::move(impl.layout),
                           copies = std::shared_ptr<BindlessCopies>(std::move(impl.copies)),
                           guard = std::move(impl.guard)]() mutable {
        copies.reset();
        guard = {};
        layout.reset();
    });
}

Result<void> BindlessBufferSystem::Status() const { return m_impl->status; }

void BindlessBufferSystem::OnUpdate()
{
    const std::lock_guard lock(m_impl->mutex);
    m_impl->PollFaults();
}

// ---- registering -----------------------------------------------------------------------------------------------------

Result<uint32_t> BindlessBufferSystem::Impl::Add(SlotDirectory::Hold& hold, BufferResource& resource, uint64_t offset,
                                                 uint64_t bytes, uint32_t as)
{
    if (resource.current.load() == nullptr)
        return Fail(ErrorCode::StaleHandle, "the system of buffer '{}' is gone", resource.name);
    // Without the lock of the buffer: who replaces its backing stores `current` and then looks at `watched`; this says that it
    // watches and then looks at `current`. So one of the two sees the other, and OnBackingChanged waits for the lock of the shard
    // while it still holds the old backing.
    const auto read = [&] {
        const uint32_t bit = 1u << as;
        if ((resource.watched.load() & bit) == 0)
            resource.watched.fetch_or(bit);
        Backing* const backing = resource.current.load();
        if (backing == nullptr)
            return SlotContents{};
        backing->UseInEveryFrame(); // from here on shaders may
        return ContentsOf(*backing, offset, bytes);
    };
    const uint32_t id = directory->Add(hold, ShardOf(resource), resource.marks[as], offset, core->Frames().Completed(),
                                       resource.name, read);
    if (id == 0)
        return Fail(ErrorCode::LimitExceeded,
                    "buffer '{}' ({} bytes) gets no slot: {} are registered, and there are {} slots in all, of which "
                    "some may wait for the GPU",
                    resource.name, resource.bytes, directory->Live(), directory->MaxSlots() - 1);
    return id;
}

Result<void> BindlessBufferSystem::Impl::CheckAttached() const
{
    if (isAttached.load(std::memory_order_acquire))
        return {};
    return Fail(ErrorCode::WrongState, "the bindless system is not attached: {}", status.error().message);
}

Result<uint32_t> BindlessBufferSystem::Impl::Register(SlotDirectory::Hold& hold, const Buffer& buffer, uint64_t offset,
                                                      uint64_t bytes)
{
    if (!buffer)
        return Fail(ErrorCode::InvalidArgument, "Register: the buffer handle is empty");
    BufferResource& resource = *buffer.Resource();
    if (resource.core != core.get())
        return Fail(ErrorCode::InvalidArgument, "buffer '{}' belongs to another system", resource.name);
    if (!Any(resource.usage & BufferUsage::Storage))
        return Fail(ErrorCode::InvalidArgument, "buffer '{}' has no storage usage: shaders cannot read it by its slot",
                    resource.name);
    if (bytes == BufferView<>::kWhole && offset <= resource.bytes)
        bytes = resource.bytes - offset;
    if (!FitsInto(offset, bytes, resource.bytes) || bytes == 0)
        return Fail(ErrorCode::OutOfRange, "bytes {} + {} leave buffer '{}' of {} bytes, or are none", offset, bytes,
                    resource.name, resource.bytes);
    const uint64_t alignment = core->Device().alignments.storage;
    if ((offset & (alignment - 1)) != 0)
        return Fail(ErrorCode::InvalidArgument,
                    "offset {} of a range of buffer '{}' is no multiple of minStorageBufferOffsetAlignment, {} bytes",
                    offset, resource.name, alignment);
    return Add(hold, resource, offset, bytes, number);
}

Result<uint32_t> BindlessBufferSystem::Register(const BufferView<>& view)
{
    SEDX_PROFILE_SCOPE("BindlessBufferSystem::Register");
    if (auto attached = m_impl->CheckAttached(); !attached)
        return Forward(attached);
    SlotDirectory::Hold hold;
    return m_impl->Register(hold, view.buffer, view.offset, view.bytes);
}

uint32_t BindlessBufferSystem::RegisterBuffer(const Buffer& buffer)
{
    SEDX_PROFILE_SCOPE("BindlessBufferSystem::RegisterBuffer");
    Result<void> result = m_impl->CheckAttached();
    if (result)
    {
        SlotDirectory::Hold hold;
        auto id = m_impl->Register(hold, buffer, 0, BufferView<>::kWhole);
        if (id)
            return *id;
        result = Forward(id);
    }
    SEDX_CORE_ERROR_TAG("BINDLESS", "{}", result.error().message);
    return INVALID_RESOURCE_ID;
}

Result<void> BindlessBufferSystem::RegisterBuffers(std::span<const Buffer> buffers, std::span<uint32_t> resources)
{
    SEDX_PROFILE_SCOPE("BindlessBufferSystem::RegisterBuffers");
    Impl& impl = *m_impl;
    std::fill(resources.begin(), resources.end(), INVALID_RESOURCE_ID);
    if (auto attached = impl.CheckAttached(); !attached)
        return attached;
    if (buffers.size() != resources.size())
        return Fail(ErrorCode::InvalidArgument, "RegisterBuffers: {} buffers and room for {} IDs", buffers.size(),
                    resources.size());
    // What each registration waits for is memory, so it is asked for some registrations ahead: the resource, then its backing.
    constexpr size_t kAhead = 8;
    impl.core->PollFrames(); // slots whose frames have passed by now are used again
    const auto resourceOf = [&](size_t i) { return i < buffers.size() ? buffers[i].Resource() : nullptr; };
    SlotDirectory::Hold hold;
    for (size_t i = 0; i < buffers.size(); ++i)
    {
        Prefetch(resourceOf(i + 2 * kAhead));
        if (const BufferResource* soon = resourceOf(i + kAhead))
            Prefetch(soon->current.load(std::memory_order_relaxed));
        auto id = impl.Register(hold, buffers[i], 0, BufferView<>::kWhole);
        if (!id)
        {
            for (size_t k = 0; k < i; ++k)
                (void)impl.directory->Remove(hold, resources[k]);
            std::fill(resources.begin(), resources.end(), INVALID_RESOURCE_ID);
            return Fail(id.error().code, "buffer {} of {}: {}", i, buffers.size(), id.error().message);
        }
        resources[i] = *id;
    }
    return {};
}

Result<void> BindlessBufferSystem::Impl::Unregister(SlotDirectory::Hold& hold, uint32_t resource)
{
    if (directory->Remove(hold, resource))
        return {};
    hold = {}; // the name needs the lock of a shard, too
    const uint32_t slot = SlotOf(resource);
    const std::string last = directory->NameOf(slot);
    auto error = Fail(ErrorCode::StaleHandle,
                      "UnregisterBuffer: resource {} (slot {}) is not registered: it was unregistered already, or its "
                      "buffer was dropped, or it was never given out{}",
                      resource, slot, last.empty() ? "" : fmt::format("; the slot was last used by buffer '{}'", last));
    SEDX_CORE_ERROR_TAG("CHECK", "{}", error.value().message);
    return error;
}

Result<void> BindlessBufferSystem::UnregisterBuffer(uint32_t resource)
{
    SEDX_PROFILE_SCOPE("BindlessBufferSystem::UnregisterBuffer");
    if (auto attached = m_impl->CheckAttached(); !attached)
        return attached;
    SlotDirectory::Hold hold;
    return m_impl->Unregister(hold, resource);
}

Result<void> BindlessBufferSystem::UnregisterBuffers(std::span<const uint32_t> resources)
{
    SEDX_PROFILE_SCOPE("BindlessBufferSystem::UnregisterBuffers");
    if (auto attached = m_impl->CheckAttached(); !attached)
        return attached;
    constexpr size_t kAhead = 8;
    Result<void> result;
    SlotDirectory::Hold hold;
    for (size_t i = 0; i < resources.size(); ++i)
    {
        if (i + 2 * kAhead < resources.size())
            m_impl->directory->PrefetchSlot(resources[i + 2 * kAhead]);
        if (i + kAhead < resources.size())
            m_impl->directory->PrefetchHead(hold, resources[i + kAhead]);
        if (auto removed = m_impl->Unregister(hold, resources[i]); !removed && result)
            result = removed;
    }
    return result;
}

uint32_t BindlessBufferSystem::FindResource(const Buffer& buffer) const
{
    const Impl& impl = *m_impl;
    if (!impl.isAttached.load(std::memory_order_acquire) || !buffer || buffer.Resource()->core != impl.core.get())
        return INVALID_RESOURCE_ID;
    const BufferResource& resource = *buffer.Resource();
    const uint32_t id = impl.directory->Find(ShardOf(resource), resource.marks[impl.number]);
    return id != 0 ? id : INVALID_RESOURCE_ID;
}

// ---- using -----------------------------------------------------------------------------------------------------------

Result<BindlessCopies::Use> BindlessBufferSystem::Impl::Use(const Frame& frame)
{
    if (!isAttached.load(std::memory_order_acquire))
        return tl::unexpected<Error>(status.error());
    if (frame.System() != &system || !core->Frames().IsOpen(frame.Number()))
        return Fail(ErrorCode::WrongState, "frame {} is not open", frame.Number());
    const std::lock_guard lock(mutex);
    if (directory->HasChanges())
    {
        uint32_t capacity = 0;
        directory->Collect([&](const SlotChange& change) {
            if (change.slot >= capacity) // slots may be added meanwhile, but the directory grows before that
                copies->SetCapacity(capacity = directory->Capacity());
            copies->Append(change); // never lost, whatever fails from here on
        });
    }
    reports->Reserve(directory->Capacity(), frame.Number());
    return copies->Get(frame.Number(), reports->Where(frame.Number()), [this] {
        core->PollFrames();
        return core->Frames().Completed();
    });
}

VkDescriptorSet BindlessBufferSystem::GetDescriptorSet(const Frame& frame)
{
    auto use = m_impl->Use(frame);
    if (use && use->descriptors->Set() != VK_NULL_HANDLE)
        return use->descriptors->Set();
    SEDX_CORE_ERROR_TAG("BINDLESS", "'{}' has no descriptor set: {}", GetName(),
                        use ? "it uses a descriptor buffer, bind it with CmdBind" : use.error().message.c_str());
    return VK_NULL_HANDLE;
}

VkDescriptorSet BindlessBufferSystem::GetDescriptorSet() { return GetDescriptorSet(m_impl->system.GetCurrentFrame()); }

VkDeviceAddress BindlessBufferSystem::GetTableAddress(const Frame& frame)
{
    auto use = m_impl->Use(frame);
    if (use)
        return use->table;
    SEDX_CORE_ERROR_TAG("BINDLESS", "'{}' has no table: {}", GetName(), use.error().message);
    return 0;
}

Result<void> BindlessBufferSystem::CmdBind(const Frame& frame, VkCommandBuffer cmd, VkPipelineBindPoint bindPoint,
                                           VkPipelineLayout layout, uint32_t set)
{
    if (m_impl->isForeign)
        return Fail(ErrorCode::WrongState, "'{}' writes into sets of the engine, which binds them itself", GetName());
    auto use = m_impl->Use(frame);
    if (!use)
        return Forward(use);
    use->descriptors->CmdBind(cmd, bindPoint, layout, set);
    return {};
}

VkDescriptorSetLayout BindlessBufferSystem::GetSetLayout() const noexcept
{
    return m_impl->layout ? m_impl->layout->layout : VK_NULL_HANDLE;
}

VkPipelineCreateFlags BindlessBufferSystem::GetPipelineFlags() const noexcept
{
    return m_impl->layout ? m_impl->layout->pipelineFlags : 0;
}

// ---- what shaders said -------------------------------------------------------------------------------------------------

void BindlessBufferSystem::Impl::PollFaults()
{
    if (reports)
        for (ShaderFault& fault : reports->Take())
        {
            std::string owner = directory->NameOf(BindlessBufferSystem::SlotOf(fault.resource));
            faults.Add(std::move(fault), owner);
        }
}

void BindlessBufferSystem::NameShader(uint32_t tag, std::string name)
{
    const std::lock_guard lock(m_impl->mutex);
    m_impl->faults.NameShader(tag, std::move(name));
}

std::vector<ShaderFault> BindlessBufferSystem::TakeFaults()
{
    const std::lock_guard lock(m_impl->mutex);
    m_impl->PollFaults();
    return m_impl->faults.Take();
}

uint64_t BindlessBufferSystem::GetUsedFrame(uint32_t resource) const
{
    const std::lock_guard lock(m_impl->mutex);
    if (!m_impl->reports)
        return 0;
    const uint64_t frame = m_impl->reports->UsedFrame(SlotOf(resource));
    // What an earlier registration had the slot for does not count.
    return frame > m_impl->directory->CompletedBefore(resource) ? frame : 0;
}

BindlessReport BindlessBufferSystem::GetReport() const
{
    const Impl& impl = *m_impl;
    BindlessReport report;
    const std::lock_guard lock(impl.mutex);
    if (!impl.isAttached.load())
        return report;
    report.registered = impl.directory->Live();
    report.capacity = impl.directory->Capacity();
    report.maxSlots = impl.directory->MaxSlots();
    report.copies = impl.copies->Count();
    report.growths = impl.directory->Growths();
    report.registrations = impl.directory->Registrations();
    report.descriptorCalls = impl.layout->calls.load(std::memory_order_relaxed);
    report.descriptorWrites = impl.copies->Writes();
    report.faults = impl.faults.Count() + impl.reports->Lost();
    report.lostFaults = impl.reports->Lost() + impl.faults.Dropped();
    return report;
}

std::vector<BindlessEntryReport> BindlessBufferSystem::GetEntries() const
{
    std::vector<BindlessEntryReport> entries;
    const Impl& impl = *m_impl;
    const std::lock_guard lock(impl.mutex);
    if (!impl.isAttached.load())
        return entries;
    impl.copies->ForEach([&](const SlotChange& shown) {
        entries.push_back({shown.id, impl.directory->NameOf(shown.slot), shown.contents.bytes, shown.contents.address,
                           shown.contents.isDeviceLocal});
    });
    return entries;
}
} // namespace sedx
