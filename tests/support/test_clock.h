// A clock for BufferSystemDesc::clock that stands until the test moves it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace sedx::test
{
class TestClock
{
  public:
    std::function<uint64_t()> Function() const
    {
        return [now = m_now] { return now->load(); };
    }
    void Advance(uint64_t nanoseconds) { m_now->fetch_add(nanoseconds); }

  private:
    std::shared_ptr<std::atomic<uint64_t>> m_now = std::make_shared<std::atomic<uint64_t>>(1'000'000'000);
};
} // namespace sedx::test
