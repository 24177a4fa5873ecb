#include "transfer/readback_subscription.h"

#include "transfer/transfer_engine.h"

#include <sedx/log.h>

#include <algorithm>

namespace sedx
{
Result<std::shared_ptr<SubscriptionState>> TransferEngine::Subscribe(const BufferView<>& view)
{
    const auto range = CheckReadable(view);
    if (!range)
        return tl::unexpected<Error>(range.error());
    auto state = std::make_shared<SubscriptionState>();
    state->engine = shared_from_this();
    state->offset = range->offset;
    state->bytes = range->bytes;
    state->buffer = view.buffer;
    const std::lock_guard lock(m_subscriptionsMutex);
    m_subscriptions.push_back(state);
    return state;
}

std::vector<std::shared_ptr<SubscriptionState>> TransferEngine::Subscriptions()
{
    std::vector<std::shared_ptr<SubscriptionState>> alive;
    const std::lock_guard lock(m_subscriptionsMutex);
    std::erase_if(m_subscriptions, [&](const std::weak_ptr<SubscriptionState>& subscription) {
        auto state = subscription.lock();
        if (!state)
            return true;
        alive.push_back(std::move(state));
        return false;
    });
    return alive;
}

void TransferEngine::RequestSubscribed(uint64_t frame)
{
    for (const std::shared_ptr<SubscriptionState>& state : Subscriptions())
    {
        {
            const std::lock_guard lock(state->mutex);
            SettleSubscription(*state);
            if (state->underWay.size() > m_framesInFlight || state->lastFrame == frame)
                continue;
        }
        auto record = MakeRecord(state->bytes); // may call the application: without the lock
        if (!record)
        {
            SEDX_CORE_WARN_TAG("TRANSFER", "a subscription of {} bytes leaves out frame {}: {}", state->bytes, frame,
                               record.error().message);
            continue;
        }
        const std::lock_guard lock(state->mutex);
        if (!state->buffer)
            continue;
        state->lastFrame = frame;
        CollectRead(BackingOf(*state->buffer.Resource()), state->offset, std::max<uint64_t>(1, frame), *record);
        state->underWay.push_back({std::move(*record), frame});
    }
}

// What has passed takes the place of what was there. The state's mutex is held.
void TransferEngine::SettleSubscription(SubscriptionState& state) noexcept
{
    while (!state.underWay.empty())
    {
        SubscriptionState::Read& oldest = state.underWay.front();
        const VkResult result = PrepareBytes(*oldest.record);
        if (result == VK_NOT_READY)
            return;
        if (result == VK_SUCCESS)
            state.latest = std::move(oldest);
        state.underWay.pop_front(); // what has failed never had a value
    }
}

ReadbackValue TransferEngine::LatestOf(SubscriptionState& state) noexcept
{
    if (!m_alive.load())
        return {};
    const std::lock_guard lock(state.mutex);
    SettleSubscription(state);
    if (!state.underWay.empty())
    {
        PollAll();
        SettleSubscription(state);
    }
    if (!state.latest.record)
        return {};
    return {ReadbackTicket(state.latest.record), state.latest.frame};
}

// The system goes: nothing of it stays in the hands of subscriptions.
void TransferEngine::EndSubscriptions() noexcept
{
    for (const std::shared_ptr<SubscriptionState>& state : Subscriptions())
    {
        const std::lock_guard lock(state->mutex);
        state->buffer = {};
        state->underWay.clear();
        state->latest = {};
    }
}

ReadbackSubscription::ReadbackSubscription() noexcept = default;
ReadbackSubscription::~ReadbackSubscription() = default;
ReadbackSubscription::ReadbackSubscription(ReadbackSubscription&&) noexcept = default;
ReadbackSubscription& ReadbackSubscription::operator=(ReadbackSubscription&&) noexcept = default;
ReadbackSubscription::ReadbackSubscription(std::shared_ptr<SubscriptionState> state) noexcept
    : m_state(std::move(state))
{
}

ReadbackValue ReadbackSubscription::Latest() const noexcept
{
    return m_state ? m_state->engine->LatestOf(*m_state) : ReadbackValue{};
}

Result<ReadbackSubscription> ReadbackQueue::Subscribe(const BufferView<>& view)
{
    auto state = m_engine->Subscribe(view);
    if (!state)
        return tl::unexpected(std::move(state.error()));
    return ReadbackSubscription(std::move(*state));
}
} // namespace sedx
