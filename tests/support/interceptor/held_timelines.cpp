#include "support/interceptor/state.h"

namespace sedx::test
{
HeldTimelines::HeldTimelines(Interceptor& interceptor, OnWait onWait) : m_interceptor(interceptor)
{
    Interceptor::Impl& impl = interceptor.Internals();
    const std::lock_guard lock(impl.timelineMutex);
    impl.heldValues.clear();
    for (const auto& [semaphore, initial] : impl.timelines)
    {
        uint64_t value = initial;
        impl.deviceNext.GetSemaphoreCounterValue(impl.device, semaphore, &value);
        impl.heldValues[semaphore] = value;
    }
    impl.heldWaits = 0;
    impl.onHeldWait = onWait;
    impl.isHeld = true;
}

HeldTimelines::~HeldTimelines() { Release(); }

void HeldTimelines::Release()
{
    Interceptor::Impl& impl = m_interceptor.Internals();
    {
        const std::lock_guard lock(impl.timelineMutex);
        impl.isHeld = false;
    }
    impl.released.notify_all();
}

uint64_t HeldTimelines::Waits() const
{
    const Interceptor::Impl& impl = m_interceptor.Internals();
    const std::lock_guard lock(impl.timelineMutex);
    return impl.heldWaits;
}
} // namespace sedx::test
