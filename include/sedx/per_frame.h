// PerFrame<T>: one T for each frame in flight, found by the frame: command pools, query pools, whatever the GPU may still use
// while the next frame is being recorded.
//
//     PerFrame<VkCommandPool> pools(*system, [&](uint32_t index) { return MakePool(); });
//     ...
//     vkResetCommandPool(device, pools[frame], 0);    // the frame that used it before has passed
//
// That holds for devices of the library's own, where BeginFrame waits for it (Frame::Index). An adopted device is not paced:
// the engine must have waited for the frame framesInFlight ago itself. Does NOT destroy what plain handles stand for, and is
// NOT for data that the CPU writes and the GPU reads: RingBuffer.
// Thread safety: elements of different frames are independent; the object itself never changes after it was made.
#pragma once

#include <sedx/buffer_system.h>

#include <vector>

namespace sedx
{
template <class T>
class PerFrame
{
    static_assert(!std::is_same_v<T, bool>, "a vector of bool has no elements to refer to");

  public:
    // As many as BufferSystemDesc::framesInFlight, default-constructed.
    explicit PerFrame(const BufferSystem& system) : m_items(system.Desc().framesInFlight) {}

    // The same, each made by make(index).
    template <class F>
    PerFrame(const BufferSystem& system, F make)
    {
        m_items.reserve(system.Desc().framesInFlight);
        for (uint32_t index = 0; index < system.Desc().framesInFlight; ++index)
            m_items.push_back(make(index));
    }

    // The one of this frame. The frame is of the same system and not empty.
    T& operator[](const Frame& frame) noexcept { return m_items[frame.Index()]; }
    const T& operator[](const Frame& frame) const noexcept { return m_items[frame.Index()]; }

    // All of them, to clean up.
    auto begin() noexcept { return m_items.begin(); }
    auto end() noexcept { return m_items.end(); }
    uint32_t Count() const noexcept { return static_cast<uint32_t>(m_items.size()); }

  private:
    std::vector<T> m_items;
};
} // namespace sedx
