// What a scenario is given, and how it gives up: by throwing a Failure with one sentence. The other scenarios still run.
#pragma once

#include "support/figures.h"
#include "support/options.h"

#include <sedx/buffer_system.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench
{
// A result was wrong, or there was none.
class Failure : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

// The value of a result, or a Failure that starts with `what`.
template <class T>
T Require(sedx::Result<T> result, std::string_view what)
{
    if (!result)
        throw Failure(std::string(what) + ": " + result.error().message);
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}
inline void Require(bool condition, std::string_view what)
{
    if (!condition)
        throw Failure(std::string(what));
}

struct Context
{
    const Options& options;
    sedx::Device device;
    Figures& figures;
    std::optional<sedx::TransferProfile> profile{}; // empty: the built-in one
};

// Every scenario has a system of its own: nothing of one is in the caches of another.
std::unique_ptr<sedx::BufferSystem> MakeSystem(const Context& context, uint32_t framesInFlight = 2,
                                               sedx::TransferQueue transferQueue = sedx::TransferQueue::Auto);
// The profile of this device, measured now.
sedx::TransferProfile Calibrate(const Context& context);

struct Scenario
{
    const char* name;
    void (*run)(Context&);
};

// One a file, in the order of the table.
void BufferCreate(Context& context);
void BufferCreateThreads(Context& context);
void MemoryOverhead(Context& context);
void PoolAcquire(Context& context);
void DeviceCopy(Context& context);
void SmallUpdates(Context& context);
void BulkUpload(Context& context);
void ReadBack(Context& context);
void FrameConstants(Context& context);
void Resolve(Context& context);
void BindlessRegister(Context& context);
void GpuCulling(Context& context);
void CreateFill(Context& context);
void Streaming(Context& context);
void BackgroundLoad(Context& context);
void TransferThreads(Context& context);
void TransferQueue(Context& context);
} // namespace bench
