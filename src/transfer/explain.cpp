// What UploadQueue::Explain says.
#include "transfer/transfer_engine.h"

#include <fmt/format.h>

namespace sedx
{
std::string TransferEngine::Explain(Carriers carriers) noexcept
{
    if (!m_alive.load())
        return "The system of the ticket is gone.";
    if (carriers.frame != 0)
        return fmt::format("Leased staging, which the engine's own commands of frame {} read; that frame has {}passed.",
                           carriers.frame, HasFramePassed(carriers.frame) ? "" : "not ");
    if (carriers.lastBatch == 0)
        return "Complete: no transfer is known for it.";
    const bool isComplete = IsComplete(carriers.lastBatch); // polls
    const uint64_t first = carriers.firstBatch;
    const uint64_t last = carriers.lastBatch;
    const std::string where =
        first == last ? fmt::format("in batch {}", last) : fmt::format("in batches {} to {}", first, last);

    const std::lock_guard lock(m_mutex);
    const std::string partly = carriers.inPlace ? "Partly in place, because a buffer was idle and mappable; the rest: " : "";
    if (const auto failure = m_failures.lower_bound(first); failure != m_failures.end() && failure->first <= last)
        return fmt::format("{}lost with batch {}: {}.", partly, failure->first, failure->second.message);
    const std::vector<BatchSummary> known = m_history.Find(first, last);
    if (last >= m_current->number)
        return fmt::format("{}collected {}, which was not sent yet: Submit, SubmitSync, EndFrame or CmdFlush does it.",
                           partly, where);
    if (known.empty())
        return fmt::format("{}carried {}; what that did was forgotten, the last {} batches are remembered.", partly, where,
                           BatchHistory::kKept);
    const BatchSummary& newest = known.back();
    const std::string sent = newest.frame == 0
                                 ? fmt::format("submitted on queue {}{}", newest.queue,
                                               newest.queue != 0 ? ", for transfers alone" : "")
                                 : fmt::format("recorded into the engine's commands of frame {} for queue {}",
                                               newest.frame, newest.queue);
    const std::string forgotten =
        known.size() < last - first + 1 ? ", of which the first were forgotten" : "";
    return fmt::format("{}{}, {}{}, {}, {}; profile: {}.", partly, DescribeWork(known), where, forgotten, sent,
                       isComplete && !m_core->Device().IsLost() ? "complete" : "under way", sedx::ToString(newest.profile));
}
} // namespace sedx
