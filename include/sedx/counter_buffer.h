// CounterBuffer<T>: counters that shaders write with atomics: reset by the GPU, looked at by the CPU without waiting.
//
//     auto visible = CounterBuffer<uint32_t>::Create(system, {.name = "visible"});
//     visible->CmdReset(frame, cmd);                      // outside of a render pass, before what counts
//     ... dispatches that call atomicAdd ...
//     if (auto newest = visible->Latest())                // of a frame that has passed, some frames ago
//         Show(newest->values[0], newest->frame);
//
// The library reads the counters at the end of every frame as a ReadbackSubscription does: newer values take the place of
// older ones, no barrier of yours is needed for that, and in recorded mode it takes a ReadbackQueue::CmdFlush in each frame.
// uint64_t counters need shaderBufferInt64Atomics where shaders add to them. Does NOT say which frames were left out.
// Copies mean the same counters. Thread-safe, except for what goes into one command buffer.
#pragma once

#include <sedx/readback_subscription.h>
#include <sedx/typed_buffer.h>

#include <optional>

namespace sedx
{
template <class T>
concept CounterElement = std::is_same_v<T, uint32_t> || std::is_same_v<T, uint64_t>;

struct CounterBufferDesc
{
    uint64_t count = 1; // counters
    std::string name{};
    bool subscribe = true; // false: nothing is read, Latest never has a value
};

// The counters as they were at the end of a frame.
template <CounterElement T>
struct CounterValues
{
    std::span<const T> values{};
    uint64_t frame = 0;     // Frame::Number
    ReadbackValue keeper{}; // keeps `values` alive
};

namespace detail
{
struct Counters
{
    Buffer buffer{};
    std::shared_ptr<const ReadbackSubscription> newest{};
};
SEDX_API Result<Counters> CreateCounters(BufferSystem& system, const CounterBufferDesc& desc, uint64_t elementBytes,
                                         const std::source_location& where);
SEDX_API Result<void> CmdResetCounters(const Frame& frame, VkCommandBuffer cmd, const Buffer& buffer, uint64_t value,
                                       uint64_t elementBytes);
} // namespace detail

template <CounterElement T = uint32_t>
class CounterBuffer
{
  public:
    CounterBuffer() noexcept = default;

    // All counters are 0 for what is submitted later. The buffer has the usages Storage and Indirect.
    // Errors: those of BufferSystem::CreateBuffer and UploadQueue::Write.
    static Result<CounterBuffer> Create(BufferSystem& system, const CounterBufferDesc& desc = {},
                                        std::source_location where = std::source_location::current())
    {
        return detail::CreateCounters(system, desc, sizeof(T), where).map([](detail::Counters counters) {
            CounterBuffer made;
            made.m_counters = std::move(counters);
            return made;
        });
    }

    explicit operator bool() const noexcept { return static_cast<bool>(Get()); }
    const Buffer& Get() const noexcept { return m_counters.buffer; }
    operator const Buffer&() const noexcept { return Get(); } // NOLINT: a counter buffer is a buffer
    uint64_t Count() const noexcept { return Get().GetSize() / sizeof(T); }
    BufferView<T> View(uint64_t first = 0, uint64_t count = BufferView<T>::kWhole) const
    {
        return BufferView<T>(Get()).Elements(first, count);
    }

    // Records: every counter gets this value. With the barriers around it: after all accesses by shaders, copies and
    // indirect commands that were recorded or submitted before, and before all of those that come after. Outside of a
    // render pass. Errors: InvalidArgument (no counters, no command buffer), WrongState (frame not open).
    Result<void> CmdReset(const Frame& frame, VkCommandBuffer cmd, T value = 0) const
    {
        return detail::CmdResetCounters(frame, cmd, Get(), value, sizeof(T));
    }

    // The newest counters that the GPU has passed; none before the first. Polls, never waits.
    std::optional<CounterValues<T>> Latest() const noexcept
    {
        if (!m_counters.newest)
            return std::nullopt;
        ReadbackValue value = m_counters.newest->Latest();
        if (!value)
            return std::nullopt;
        const std::span<const T> values = value.Span<T>();
        return CounterValues<T>{values, value.Frame(), std::move(value)};
    }

    friend bool operator==(const CounterBuffer& a, const CounterBuffer& b) noexcept { return a.Get() == b.Get(); }

  private:
    detail::Counters m_counters;
};
} // namespace sedx
