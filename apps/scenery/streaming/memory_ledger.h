// Keeps the scene's buffers under the budget: bytes are reserved before buffers are made, and come back only when the
// frames that could still use dropped buffers have passed, since deferred destruction frees the memory only then.
// Not thread-safe: the streamer holds its lock.
#pragma once

#include <cstdint>
#include <deque>

namespace scenery
{
class MemoryLedger
{
  public:
    explicit MemoryLedger(uint64_t budgetBytes) : m_budgetBytes(budgetBytes) {}

    bool Reserve(uint64_t bytes)
    {
        if (bytes > m_budgetBytes - m_usedBytes)
            return false;
        m_usedBytes += bytes;
        return true;
    }
    // Reserved, but never used by a frame.
    void Release(uint64_t bytes) { m_usedBytes -= bytes; }
    // Dropped; `frame` is the last one that may use it.
    void Retire(uint64_t bytes, uint64_t frame) { m_retired.push_back({frame, bytes}); }
    // True if bytes came back.
    bool OnFramePassed(uint64_t completedFrame)
    {
        const size_t before = m_retired.size();
        for (; !m_retired.empty() && m_retired.front().frame <= completedFrame; m_retired.pop_front())
            m_usedBytes -= m_retired.front().bytes;
        return m_retired.size() != before;
    }

    uint64_t BudgetBytes() const noexcept { return m_budgetBytes; }

  private:
    struct Retired
    {
        uint64_t frame = 0;
        uint64_t bytes = 0;
    };
    uint64_t m_budgetBytes;
    uint64_t m_usedBytes = 0;
    std::deque<Retired> m_retired;
};
} // namespace scenery
