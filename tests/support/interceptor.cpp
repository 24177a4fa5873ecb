#include "support/interceptor.h"

#include "support/interceptor/state.h"

#include <utility>

namespace sedx::test
{
const char* FunctionName(Fn function) noexcept
{
    return NameOf(function).data(); // literals: terminated
}

void Interceptor::Impl::NoteCreated(std::string_view kind, uint64_t handle)
{
    const std::lock_guard lock(mutex);
    alive[std::string(kind)].insert(handle);
    ++created[std::string(kind)];
}

void Interceptor::Impl::NoteDestroyed(std::string_view kind, uint64_t handle)
{
    if (handle == 0)
        return;
    const std::lock_guard lock(mutex);
    if (alive[std::string(kind)].erase(handle) == 0)
        violations.push_back("destroyed a " + std::string(kind) + " that is not alive");
    if (kind == "Buffer")
        bufferBytes.erase(handle);
    if (kind == "Memory")
        memoryBytes.erase(handle);
}

Interceptor::Interceptor() : m_impl(std::make_unique<Impl>(*this)) {}

// Adopted devices are not destroyed through the table.
Interceptor::~Interceptor() { ForgetAllOf(*m_impl); }

DispatchHook Interceptor::Hook() noexcept
{
    return {.wrapInstance = &WrapInstance, .wrapDevice = &WrapDevice, .user = m_impl.get()};
}

// ---- counting and failing ------------------------------------------------------------------------------------------
uint64_t Interceptor::Calls(Fn function) const noexcept
{
    return m_impl->calls[static_cast<size_t>(function)].load(std::memory_order_relaxed);
}

uint64_t Interceptor::FallibleCalls() const noexcept { return m_impl->failures.FallibleCalls(); }

std::vector<std::string> Interceptor::Trace() const { return m_impl->failures.Trace(); }

void Interceptor::SetTracing(bool on) { m_impl->failures.SetTracing(on); }

void Interceptor::FailCall(uint64_t n, VkResult result, bool andAfter)
{
    m_impl->failures.FailCall(n, result, andAfter);
}

void Interceptor::FailFunction(Fn function, VkResult result, uint64_t n, uint64_t times)
{
    m_impl->failures.FailFunction(NameOf(function), result, n, times);
}

void Interceptor::StopFailing() { m_impl->failures.StopFailing(); }

uint64_t Interceptor::InjectedFailures() const noexcept { return m_impl->failures.Injected(); }

std::string Interceptor::LastFailed() const { return m_impl->failures.LastFailed(); }

void Interceptor::LoseDevice() { m_impl->failures.LoseDevice(); }

// ---- objects -------------------------------------------------------------------------------------------------------
std::vector<ObjectCount> Interceptor::Objects() const
{
    const std::lock_guard lock(m_impl->mutex);
    std::vector<ObjectCount> counts;
    for (const auto& [kind, created] : m_impl->created)
    {
        const auto found = m_impl->alive.find(kind);
        counts.push_back({kind, created, found == m_impl->alive.end() ? 0 : found->second.size()});
    }
    return counts;
}

std::string Interceptor::Alive() const
{
    std::string text;
    for (const ObjectCount& count : Objects())
    {
        if (count.alive == 0)
            continue;
        if (!text.empty())
            text += ", ";
        text += std::to_string(count.alive) + " " + count.kind;
    }
    return text;
}

uint64_t Interceptor::AliveObjects(const std::string& kind) const
{
    const std::lock_guard lock(m_impl->mutex);
    const auto found = m_impl->alive.find(kind);
    return found == m_impl->alive.end() ? 0 : found->second.size();
}

uint64_t Interceptor::AliveBytes() const
{
    const std::lock_guard lock(m_impl->mutex);
    uint64_t bytes = 0;
    for (const auto& [memory, allocated] : m_impl->memoryBytes)
        bytes += allocated;
    return bytes;
}

bool Interceptor::IsAlive(VkBuffer buffer) const { return BufferBytes(buffer) != 0; }

uint64_t Interceptor::BufferBytes(VkBuffer buffer) const
{
    const std::lock_guard lock(m_impl->mutex);
    const auto found = m_impl->bufferBytes.find(Key(buffer));
    return found == m_impl->bufferBytes.end() ? 0 : found->second;
}

std::vector<std::string> Interceptor::ObjectNames() const
{
    const std::lock_guard lock(m_impl->mutex);
    return m_impl->names;
}

std::vector<std::string> Interceptor::Violations() const
{
    const std::lock_guard lock(m_impl->mutex);
    return m_impl->violations;
}

std::vector<SubmissionRecord> Interceptor::TakeSubmissions()
{
    const std::lock_guard lock(m_impl->mutex);
    return std::exchange(m_impl->submissions, {});
}

std::vector<CopyRecord> Interceptor::TakeCopies()
{
    const std::lock_guard lock(m_impl->mutex);
    return std::exchange(m_impl->copies, {});
}

std::vector<BarrierRecord> Interceptor::TakeBarriers()
{
    const std::lock_guard lock(m_impl->mutex);
    return std::exchange(m_impl->barriers, {});
}

std::vector<FlushRecord> Interceptor::TakeFlushes()
{
    const std::lock_guard lock(m_impl->mutex);
    return std::exchange(m_impl->flushes, {});
}
} // namespace sedx::test
