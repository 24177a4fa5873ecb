// EngineLink: how tickets find their transfer engine. A ticket is made for every write, on every thread: counting
// references there would make threads compete for one cache line. So a link has no count. It is never freed: 16 bytes and
// what a weak pointer keeps, for each system that a process ever makes.
#pragma once

#include <memory>

namespace sedx
{
class TransferEngine;

class EngineLink
{
  public:
    // Stays valid until the process ends. Any thread.
    static const EngineLink* To(const std::shared_ptr<TransferEngine>& engine);

    // Null once the engine is gone. Any thread.
    std::shared_ptr<TransferEngine> Engine() const noexcept { return m_engine.lock(); }

    explicit EngineLink(std::weak_ptr<TransferEngine> engine) noexcept : m_engine(std::move(engine)) {}

  private:
    const std::weak_ptr<TransferEngine> m_engine;
};
} // namespace sedx
