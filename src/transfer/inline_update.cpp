#include "transfer/inline_update.h"

#include "transfer/transfer_profile.h"

namespace sedx
{
InlineRules InlineRulesOf(TransferPath path, const TransferProfile& profile) noexcept
{
    switch (path)
    {
    case TransferPath::Auto: return {profile.inlineMaxBytes, profile.inlineMaxWrites};
    case TransferPath::Inline: return {kInlineMost, ~uint64_t{0}};
    case TransferPath::Regions:
    case TransferPath::Scatter: break;
    }
    return {};
}
} // namespace sedx
