#include "memory/pressure_ladder.h"

#include "base/error.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sedx
{
struct PressureLadder::Handler
{
    uint64_t token = 0;
    PressureStep step = PressureStep::Count;
    std::string name;
    std::function<uint64_t(const PressureRequest&)> free;
    uint32_t inside = 0; // threads, under the ladder's lock
};

struct PressureLadder::Tried
{
    std::string name;
    uint64_t freed = 0;
    bool isPlacement = false;
};

// A thread on a ladder. Ladders of several devices may nest, so these form a chain.
class PressureLadder::Visit
{
  public:
    explicit Visit(const PressureLadder* ladder) noexcept : m_ladder(ladder), m_outer(t_innermost)
    {
        t_innermost = this;
    }
    ~Visit() { t_innermost = m_outer; }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

    // Of this thread; null if it is not on that ladder.
    static const Visit* On(const PressureLadder* ladder) noexcept
    {
        const Visit* visit = t_innermost;
        while (visit != nullptr && visit->m_ladder != ladder)
            visit = visit->m_outer;
        return visit;
    }

    uint64_t token = 0; // of the handler that it is inside; 0: none

  private:
    static thread_local const Visit* t_innermost;
    const PressureLadder* m_ladder;
    const Visit* m_outer;
};
thread_local const PressureLadder::Visit* PressureLadder::Visit::t_innermost = nullptr;

namespace
{
std::string What(const PressureRequest& request)
{
    return fmt::format("allocating {} bytes for buffer '{}' on heap {}{} failed", request.bytes,
                       request.name != nullptr ? request.name : "", request.heap,
                       request.limitBytes != 0 ? fmt::format(" (limit {} bytes)", request.limitBytes) : "");
}

uint64_t SaturatingAdd(uint64_t a, uint64_t b) noexcept
{
    return b > std::numeric_limits<uint64_t>::max() - a ? std::numeric_limits<uint64_t>::max() : a + b;
}
} // namespace

// ---- handlers ------------------------------------------------------------------------------------------------------

uint64_t PressureLadder::Register(PressureStep step, std::string name,
                                  std::function<uint64_t(const PressureRequest&)> free)
{
    auto handler = std::make_shared<Handler>();
    handler->step = step;
    handler->name = std::move(name);
    handler->free = std::move(free);
    const std::lock_guard lock(m_mutex);
    handler->token = ++m_lastToken;
    m_handlers.push_back(std::move(handler));
    return m_lastToken;
}

void PressureLadder::Unregister(uint64_t token) noexcept
{
    const Visit* visit = Visit::On(this);
    const bool fromItself = visit != nullptr && visit->token == token;
    std::shared_ptr<Handler> handler; // outlives the lock: what it captured may call back
    std::unique_lock lock(m_mutex);
    const auto found = std::ranges::find(m_handlers, token, [](const auto& known) { return known->token; });
    if (found == m_handlers.end())
        return;
    handler = std::move(*found);
    m_handlers.erase(found);
    if (!fromItself)
        m_left.wait(lock, [&] { return handler->inside == 0; });
    lock.unlock();
}

// The first handler of the step after one token and up to another: those that come meanwhile wait for the next run.
std::shared_ptr<PressureLadder::Handler> PressureLadder::Enter(PressureStep step, uint64_t after, uint64_t last)
{
    const std::lock_guard lock(m_mutex);
    for (const std::shared_ptr<Handler>& handler : m_handlers)
        if (handler->step == step && handler->token > after && handler->token <= last && handler->free)
        {
            ++handler->inside;
            return handler;
        }
    return nullptr;
}

void PressureLadder::Leave(std::shared_ptr<Handler> handler, uint64_t freed)
{
    std::shared_ptr<Handler> last; // unregistered by itself: destroyed here, after the lock
    const std::lock_guard lock(m_mutex);
    m_frees += freed != 0 ? 1 : 0;
    if (--handler->inside == 0)
        m_left.notify_all();
    // Given up under the lock: a thread in Unregister then holds the only reference, and destroys it before it returns.
    if (handler.use_count() == 1)
        last = std::move(handler);
    else
        handler.reset();
}

uint64_t PressureLadder::Frees()
{
    const std::lock_guard lock(m_mutex);
    return m_frees;
}

// ---- the ladder ----------------------------------------------------------------------------------------------------

void PressureLadder::RunStep(PressureStep step, const PressureRequest& request, Visit& visit, std::vector<Tried>& tried)
{
    const size_t firstOfStep = tried.size();
    uint64_t last = 0;
    {
        const std::lock_guard lock(m_mutex);
        last = m_lastToken;
    }
    uint64_t token = 0;
    while (std::shared_ptr<Handler> handler = Enter(step, token, last))
    {
        token = handler->token;
        const std::string name = handler->name;
        visit.token = token;
        const uint64_t freed = handler->free(request);
        visit.token = 0;
        Leave(std::move(handler), freed);

        const auto same = std::find_if(tried.begin() + static_cast<std::ptrdiff_t>(firstOfStep), tried.end(),
                                       [&](const Tried& earlier) { return earlier.name == name; });
        if (same != tried.end())
            same->freed = SaturatingAdd(same->freed, freed);
        else
            tried.push_back({name, freed});
    }
}

Result<void> PressureLadder::Run(const PressureRequest& request, const std::function<bool()>& tryAgain,
                                 const std::function<bool()>& tryOtherPlacement)
{
    if (Visit::On(this) != nullptr)
        return Fail(ErrorCode::OutOfDeviceMemory,
                    "{}: it is asked for while memory is being freed on this thread, and nothing more is freed for it",
                    What(request));
    Visit visit(this);
    std::vector<Tried> tried;
    uint64_t seen = Frees();
    for (uint32_t i = 0; i < static_cast<uint32_t>(PressureStep::Count); ++i)
    {
        const auto step = static_cast<PressureStep>(i);
        if (step == PressureStep::OtherPlacement)
        {
            if (!tryOtherPlacement)
                continue;
            if (tryOtherPlacement())
                return {};
            tried.push_back({"another placement", 0, true});
            continue;
        }
        RunStep(step, request, visit, tried);
        const uint64_t now = Frees();
        if (std::exchange(seen, now) != now && tryAgain && tryAgain())
            return {};
    }
    if (tried.empty())
        return Fail(ErrorCode::OutOfDeviceMemory, "{}; there was nothing to free", What(request));
    std::string list;
    for (const Tried& one : tried)
    {
        list += list.empty() ? "" : ", ";
        list +=
            one.isPlacement ? fmt::format("{} (no room)", one.name) : fmt::format("{} (freed {})", one.name, one.freed);
    }
    return Fail(ErrorCode::OutOfDeviceMemory, "{}; tried: {}", What(request), list);
}
} // namespace sedx
