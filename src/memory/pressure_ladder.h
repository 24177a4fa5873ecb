// What is done when memory for a buffer cannot be had: step by step something is freed, and after each step that freed
// something it is tried again.
//
// Any thread may call anything; several may be on the ladder at once. No lock of the ladder is held while a function that
// was given to it runs, so that these may allocate, free, register and unregister. They must not throw.
#pragma once

#include <sedx/result.h>

#include <array>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace sedx
{
// In the order in which they are taken.
enum class PressureStep : uint32_t
{
    TrimPools,         // buffers in pools that nobody has acquired
    ReleaseWarmBlocks, // blocks kept for later, empty now
    EvictResidency,    // buffers that residency can move to another heap (planned: no handler yet)
    OtherPlacement,    // the next memory type of the placement: a function of the request, never a registered one
    AskApplication,
    Count,
};

struct PressureRequest
{
    uint64_t bytes = 0;
    uint32_t heap = 0;          // index of the heap that is full
    const char* name = nullptr; // of the buffer; lives as long as the call
    uint64_t limitBytes = 0;    // what may be used of the heap, for the error; 0: the driver said no
};

class PressureLadder
{
  public:
    // `name` is for the error: "pools". Handlers of one step run in the order of registration; those of one name count as
    // one in the error. `free` answers with the bytes that it freed. The token is never 0.
    uint64_t Register(PressureStep step, std::string name, std::function<uint64_t(const PressureRequest&)> free);
    // The handler is not called again, and no thread is inside when this returns; a handler that unregisters itself does
    // not wait for others inside. Unknown tokens are ignored. Two handlers must not unregister each other.
    void Unregister(uint64_t token) noexcept;

    // Succeeds as soon as `tryAgain` or `tryOtherPlacement` says true. The latter is the step OtherPlacement, skipped if
    // empty. Both say true, too, when something failed that no freeing helps against: the caller knows. What another thread
    // has freed meanwhile counts, too: it is tried again then.
    // Fails with OutOfDeviceMemory and a sentence; at once on a thread that is on this ladder already.
    Result<void> Run(const PressureRequest& request, const std::function<bool()>& tryAgain,
                     const std::function<bool()>& tryOtherPlacement);

  private:
    struct Handler;
    struct Tried;
    class Visit;

    std::shared_ptr<Handler> Enter(PressureStep step, uint64_t after, uint64_t last);
    void Leave(std::shared_ptr<Handler> handler, uint64_t freed);
    void RunStep(PressureStep step, const PressureRequest& request, Visit& visit, std::vector<Tried>& tried);
    uint64_t Frees();

    std::mutex m_mutex;
    std::condition_variable m_left;
    std::vector<std::shared_ptr<Handler>> m_handlers; // by token
    uint64_t m_lastToken = 0;
    uint64_t m_frees = 0; // how often a handler freed something, on any thread
};
} // namespace sedx
