#include "sync/use_table.h"

namespace sedx
{
Use WritesOf(Use uses) noexcept { return uses & kWriteUses; }
Use ReadsOf(Use uses) noexcept { return uses & ~kWriteUses; }

UseScope ScopeOf(Use uses) noexcept
{
    UseScope scope;
    for (const UseFacts& facts : kUseTable)
        if (Any(uses & facts.use))
        {
            scope.stages |= facts.stages;
            scope.access |= facts.access;
        }
    return scope;
}

std::string ToString(Use uses)
{
    std::string text;
    for (const UseFacts& facts : kUseTable)
        if (Any(uses & facts.use))
            text += (text.empty() ? "" : " | ") + std::string(facts.name);
    return text.empty() ? "None" : text;
}
} // namespace sedx
