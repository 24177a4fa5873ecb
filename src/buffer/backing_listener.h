// BackingListener: told when buffers get another backing, are dropped or are created. Stages above the core subscribe; the
// core knows none of them. `mark` is the listener's of BufferResource::marks, `number` its own.
#pragma once

#include <cstdint>

namespace sedx
{
struct Backing;
struct BufferResource;

inline constexpr uint32_t kMaxListeners = 4; // of one core

class BackingListener
{
  public:
    // A buffer has a new backing, and `watched` in its resource names this listener. The mutex of the resource is held: the
    // calls for one buffer come in order. The old backing goes after all of them. Frames that resolved the old backing go on using it.
    virtual void OnBackingChanged(BufferResource& resource, Backing& fresh, uint32_t& mark) noexcept = 0;
    // Nobody has a handle any more; called once, if `watched` names this listener.
    virtual void OnDropped(BufferResource& resource, uint32_t& mark) noexcept = 0;
    // Every new buffer, if the listener asked for that. The mutex of the resource is held; the caller has the only handle.
    virtual void OnCreated(BufferResource& resource, uint32_t number) noexcept = 0;

  protected:
    ~BackingListener() = default;
};
} // namespace sedx
