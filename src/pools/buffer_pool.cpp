#include "pools/buffer_pool.h"

#include "buffer/mapping.h"

#include <sedx/log.h>

namespace sedx::detail
{
namespace
{
constexpr uint64_t kTimeChecks = 8; // of the time that a buffer may stay unused

uint64_t Since(uint64_t then, uint64_t now) noexcept { return now - std::min(then, now); }

void Delete(PoolEntry* chain) noexcept
{
    while (chain != nullptr)
        delete std::exchange(chain, chain->next);
}

// What the GPU has to pass before the buffer may have another owner.
struct Tag
{
    bool isShell = false; // the system is gone
    bool isMapped = false;
    bool isQueued = false; // background writes wait to be sent: they would reach the next owner
    uint64_t frame = 0;
    uint64_t batch = 0;
    uint64_t now = 0; // the frame opened last
};

Tag TagOf(BufferCore& core, BufferResource& resource) noexcept
{
    Tag tag;
    const std::lock_guard lock(resource.mutex);
    if (!resource.backing) // with the lock: otherwise the rest of the core is there
    {
        tag.isShell = true;
        return tag;
    }
    tag.isMapped = static_cast<bool>(resource.rawMapped);
    tag.now = core.Frames().LastOpened();
    // A frame that is open answers with the memory from before a WriteDiscard until it ends.
    const bool hasOlder =
        std::any_of(resource.uses.begin(), resource.uses.end(), [](const auto& use) { return bool(use.older); });
    if (resource.backing->used.load() || hasOlder)
        tag.frame = tag.now;
    tag.isQueued = resource.backing->queued.load();
    tag.batch = resource.backing->lastBatch.load();
    return tag;
}

// The GPU has passed: as after creation.
void MakeFresh(BufferResource& resource) noexcept
{
    const std::lock_guard lock(resource.mutex);
    // Who watches a buffer may have given it to shaders (bindless), in every frame.
    if (resource.backing && resource.watched.load() == 0)
    {
        resource.backing->used.store(false);
        resource.backing->lastFrame.store(0);
        if (resource.watched.load() != 0) // just now, without the lock
            resource.backing->UseInEveryFrame();
    }
    resource.written.clear();
}
} // namespace

BufferPool::BufferPool(std::shared_ptr<BufferCore> core, Desc desc, std::shared_ptr<WarmAllowance> allowance)
    : m_core(std::move(core)), m_desc(std::move(desc)), m_allowance(std::move(allowance)),
      m_maxBytes(std::min(m_core->Device().maxBufferSize, m_core->Device().maxAllocationSize))
{
}

BufferPool::~BufferPool() { Close(); }

void BufferPool::Open()
{
    const uint64_t now = m_core->NowNs();
    const uint64_t frame = m_core->Frames().LastOpened();
    const std::lock_guard lock(m_mutex);
    m_open = true;
    m_nowNs = m_trimmedNs = now;
    m_trimmedFrame = frame;
    if (m_desc.warmCount > 1)
        for (const uint64_t bytes : m_desc.warmSizes)
            if (bytes != 0 && bytes <= m_maxBytes)
                m_warmStart.set(ClassOf(bytes));
}

void BufferPool::Close() noexcept
{
    PoolEntry* chain = nullptr;
    {
        const std::lock_guard lock(m_mutex);
        m_open = false;
        m_warmStart.reset();
        for (Class& entries : m_classes)
            for (EntryList<PoolEntry>* list : {&entries.ready, &entries.waiting})
                while (PoolEntry* entry = list->Front())
                {
                    list->Remove(*entry);
                    --(list == &entries.ready ? m_report.ready : m_report.waiting);
                    Disown(*entry);
                    entry->next = std::exchange(chain, entry);
                }
    }
    Delete(chain);
}

// ---- acquiring -----------------------------------------------------------------------------------------------------

uint32_t BufferPool::ClassOf(uint64_t bytes) const noexcept
{
    return SizeClassOf(std::max(bytes, std::min(m_desc.minBytes, m_maxBytes)));
}

Result<void> BufferPool::Check(uint64_t bytes) const
{
    const char* name = ToString(m_desc.kind);
    {
        const std::lock_guard lock(m_mutex);
        if (!m_open || !m_core->IsAlive())
            return Fail(ErrorCode::WrongState, "the {} pool cannot give {} bytes: its manager is not attached", name,
                        bytes);
    }
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    if (bytes == 0)
        return Fail(ErrorCode::InvalidArgument, "0 bytes were asked of the {} pool", name);
    if (bytes > m_maxBytes)
        return Fail(ErrorCode::LimitExceeded,
                    "{} bytes were asked of the {} pool, a buffer of this device has at most {}", bytes, name,
                    m_maxBytes);
    return {};
}

bool BufferPool::HasPassed(const PoolEntry& entry) const noexcept
{
    return entry.waitFrame <= m_core->Frames().Completed() && entry.waitBatch <= m_core->completedBatch.load();
}

// The smallest that fits, up to twice the class.
PoolEntry* BufferPool::TakeReady(uint32_t wanted) noexcept
{
    const uint64_t largest = 2 * BytesOfClass(wanted);
    for (uint32_t sizeClass = wanted; sizeClass < kSizeClasses && BytesOfClass(sizeClass) <= largest; ++sizeClass)
        if (PoolEntry* entry = m_classes[sizeClass].ready.Front())
        {
            m_classes[sizeClass].ready.Remove(*entry);
            --m_report.ready;
            return entry;
        }
    return nullptr;
}

PoolEntry* BufferPool::Reuse(uint64_t bytes) noexcept
{
    if (bytes == 0 || bytes > m_maxBytes)
        return nullptr;
    const uint32_t wanted = ClassOf(bytes);
    const std::lock_guard lock(m_mutex);
    if (!m_open || m_warmStart.test(wanted) || !m_core->IsAlive() || m_core->Device().IsLost())
        return nullptr;
    PoolEntry* entry = TakeReady(wanted);
    if (entry == nullptr && m_report.waiting != 0)
    {
        Promote();
        entry = TakeReady(wanted);
    }
    if (entry == nullptr)
        return nullptr;
    ++m_report.acquired;
    ++m_report.reused;
    m_report.borrowed += entry->sizeClass != wanted ? 1 : 0;
    ++m_report.leased;
    m_report.leasedBytes += entry->bytes;
    return entry;
}

bool BufferPool::HasWaitingFor(uint64_t bytes) const noexcept
{
    const uint32_t wanted = ClassOf(bytes);
    const uint64_t largest = 2 * BytesOfClass(wanted);
    const std::lock_guard lock(m_mutex);
    for (uint32_t each = wanted; each < m_classes.size() && BytesOfClass(each) <= largest; ++each)
        if (m_classes[each].waiting.Front() != nullptr)
            return true;
    return false;
}

Result<PoolEntry*> BufferPool::Create(uint64_t bytes)
{
    const uint32_t sizeClass = ClassOf(bytes);
    const bool isWarmStart = TakeWarmStart(sizeClass);
    auto entry = Make(sizeClass, bytes);
    if (!entry)
        return Forward(entry);
    {
        const std::lock_guard lock(m_mutex);
        ++m_report.acquired;
        ++m_report.leased;
        m_report.leasedBytes += (*entry)->bytes;
    }
    if (isWarmStart)
        WarmStart(sizeClass, bytes);
    return entry;
}

// Counts the new entry as one of the pool's; the caller says in which state it is.
Result<PoolEntry*> BufferPool::Make(uint32_t sizeClass, uint64_t bytes)
{
    BufferDesc desc;
    desc.bytes = std::max(bytes, std::min(BytesOfClass(sizeClass), m_maxBytes));
    desc.usage = m_desc.usage;
    desc.memory = m_desc.memory;
    desc.name = fmt::format("{} pool, {} bytes", ToString(m_desc.kind), desc.bytes);
    auto buffer = m_core->CreateBuffer(desc, std::source_location::current());
    if (!buffer)
        return Forward(buffer);
    auto* entry = new PoolEntry();
    entry->bytes = desc.bytes;
    entry->sizeClass = sizeClass;
    entry->heap = m_core->Memory().HeapOf(buffer->Resource()->backing->memory.memoryType); // nobody else has it yet
    entry->buffer = std::move(*buffer);
    entry->usedFrame = m_core->Frames().LastOpened();
    const std::lock_guard lock(m_mutex);
    entry->usedNs = m_nowNs;
    m_used.set(sizeClass);
    ++m_report.buffers;
    m_report.bytes += entry->bytes;
    m_report.peakBytes = std::max(m_report.peakBytes, m_report.bytes);
    return entry;
}

void BufferPool::AddReady(PoolEntry* entry) noexcept
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_open)
        {
            m_classes[entry->sizeClass].ready.PushFront(*entry);
            ++m_report.ready;
            return;
        }
        Disown(*entry); // closed meanwhile
    }
    delete entry;
}

// ---- warm starts ---------------------------------------------------------------------------------------------------

bool BufferPool::TakeWarmStart(uint32_t sizeClass) noexcept
{
    const std::lock_guard lock(m_mutex);
    const bool isFirst = m_warmStart.test(sizeClass);
    m_warmStart.reset(sizeClass);
    return isFirst;
}

// The others of a warm start: as many as are allowed, and none that would press.
void BufferPool::WarmStart(uint32_t sizeClass, uint64_t bytes) noexcept
{
    const Placement& placement = m_core->Memory().Strategy().For(m_desc.memory);
    if (placement.types.empty())
        return;
    const uint32_t heap = m_core->Memory().HeapOf(placement.types.front());
    for (uint32_t i = 1; i < m_desc.warmCount; ++i)
    {
        const uint64_t size = BytesOfClass(sizeClass);
        if (m_core->Memory().Budget().Admit(heap, size) != BudgetVerdict::Fits || !m_allowance->Take(heap, size))
            return;
        const auto entry = Make(sizeClass, bytes);
        if (!entry)
        {
            SEDX_CORE_INFO_TAG("POOL", "the warm start of the {} pool ends early: {}", ToString(m_desc.kind),
                               entry.error().message);
            return;
        }
        AddReady(*entry);
    }
}

Result<void> BufferPool::WarmUp(uint64_t bytes, uint32_t count)
{
    if (auto possible = Check(bytes); !possible)
        return possible;
    const uint32_t sizeClass = ClassOf(bytes);
    TakeWarmStart(sizeClass);
    for (uint32_t i = 0; i < count; ++i)
    {
        auto entry = Make(sizeClass, bytes);
        if (!entry)
            return Forward(entry);
        AddReady(*entry);
    }
    return {};
}

// ---- releasing -----------------------------------------------------------------------------------------------------

void BufferPool::Release(PoolEntry* entry) noexcept
{
    BufferResource& resource = *entry->buffer.Resource();
    const Tag tag = TagOf(*m_core, resource);
    if (tag.isMapped)
    {
        SEDX_CORE_WARN_TAG("CHECK", "buffer '{}' was released while it was mapped; it is unmapped", resource.name);
        UnmapRaw(*m_core, entry->buffer);
    }
    {
        const std::lock_guard lock(m_mutex);
        --m_report.leased;
        m_report.leasedBytes -= entry->bytes;
        if (m_open && !tag.isShell && !tag.isQueued)
        {
            entry->waitFrame = tag.frame;
            entry->waitBatch = tag.batch;
            entry->usedFrame = tag.now;
            entry->usedNs = m_nowNs;
            Class& entries = m_classes[entry->sizeClass];
            if (HasPassed(*entry))
            {
                if (tag.frame != 0 || m_core->IsChecked())
                    MakeFresh(resource);
                entries.ready.PushFront(*entry);
                ++m_report.ready;
            }
            else
            {
                entries.waiting.PushBack(*entry);
                ++m_report.waiting;
            }
            return;
        }
        Disown(*entry);
    }
    delete entry;
}

// The pool does not own the buffer any more.
void BufferPool::Disown(PoolEntry& entry) noexcept
{
    --m_report.buffers;
    m_report.bytes -= entry.bytes;
}

// ---- trimming ------------------------------------------------------------------------------------------------------

// Waiting buffers that the GPU has passed become ready.
void BufferPool::Promote() noexcept
{
    if (m_report.waiting == 0 || !m_core->IsAlive())
        return;
    const uint64_t frame = m_core->Frames().Completed();
    const uint64_t batch = m_core->completedBatch.load();
    if (frame == m_promotedFrame && batch == m_promotedBatch)
        return; // what came since then had not passed when it came
    m_promotedFrame = frame;
    m_promotedBatch = batch;
    for (uint32_t sizeClass = 0; sizeClass < kSizeClasses; ++sizeClass)
    {
        if (!m_used.test(sizeClass))
            continue;
        Class& entries = m_classes[sizeClass];
        for (PoolEntry* entry = entries.waiting.Front(); entry != nullptr;)
        {
            PoolEntry* const next = entry->next;
            if (HasPassed(*entry))
            {
                MakeFresh(*entry->buffer.Resource());
                entries.waiting.Remove(*entry);
                entries.ready.PushFront(*entry);
                --m_report.waiting;
                ++m_report.ready;
            }
            entry = next;
        }
    }
}

template <class Expired>
PoolEntry* BufferPool::Trim(Expired expired) noexcept
{
    PoolEntry* chain = nullptr;
    for (uint32_t sizeClass = 0; sizeClass < kSizeClasses; ++sizeClass)
    {
        if (!m_used.test(sizeClass))
            continue;
        EntryList<PoolEntry>& ready = m_classes[sizeClass].ready;
        for (PoolEntry* entry = ready.Back(); entry != nullptr && expired(*entry); entry = ready.Back())
        {
            ready.Remove(*entry);
            --m_report.ready;
            ++m_report.trimmed;
            Disown(*entry);
            entry->next = std::exchange(chain, entry);
        }
    }
    return chain;
}

void BufferPool::Update(uint64_t nowNs) noexcept
{
    PoolEntry* chain = nullptr;
    {
        const std::lock_guard lock(m_mutex);
        m_nowNs = std::max(m_nowNs, nowNs);
        Promote();
        if (m_report.ready == 0 || Since(m_trimmedNs, nowNs) < m_desc.maxUnusedNs / kTimeChecks)
            return;
        m_trimmedNs = nowNs;
        chain = Trim([&](const PoolEntry& entry) { return Since(entry.usedNs, nowNs) >= m_desc.maxUnusedNs; });
    }
    Delete(chain);
}

void BufferPool::TrimByFrames(uint64_t frame) noexcept
{
    PoolEntry* chain = nullptr;
    {
        const std::lock_guard lock(m_mutex);
        if (Since(m_trimmedFrame, frame) < m_desc.cleanupInterval)
            return;
        m_trimmedFrame = frame;
        Promote();
        chain = Trim([&](const PoolEntry& entry) { return Since(entry.usedFrame, frame) > m_desc.maxUnusedFrames; });
    }
    Delete(chain);
}

uint64_t BufferPool::ReleaseReady(uint32_t heap) noexcept
{
    PoolEntry* chain = nullptr;
    uint64_t bytes = 0;
    {
        const std::lock_guard lock(m_mutex);
        Promote();
        for (uint32_t sizeClass = 0; sizeClass < kSizeClasses && m_report.ready != 0; ++sizeClass)
        {
            EntryList<PoolEntry>& ready = m_classes[sizeClass].ready;
            for (PoolEntry* entry = ready.Front(); entry != nullptr;)
            {
                PoolEntry* const next = entry->next;
                if (heap == kAllHeaps || entry->heap == heap)
                {
                    ready.Remove(*entry);
                    --m_report.ready;
                    ++m_report.trimmed;
                    Disown(*entry);
                    bytes += entry->bytes;
                    entry->next = std::exchange(chain, entry);
                }
                entry = next;
            }
        }
    }
    Delete(chain);
    return bytes;
}

BufferPoolReport BufferPool::Report() noexcept
{
    const std::lock_guard lock(m_mutex);
    Promote();
    return m_report;
}
} // namespace sedx::detail
