#include "transfer/engine_link.h"

#include <deque>
#include <mutex>

namespace sedx
{
const EngineLink* EngineLink::To(const std::shared_ptr<TransferEngine>& engine)
{
    static std::mutex mutex;
    static std::deque<EngineLink>* const links = new std::deque<EngineLink>; // outlives every static object
    const std::lock_guard lock(mutex);
    return &links->emplace_back(engine);
}
} // namespace sedx
