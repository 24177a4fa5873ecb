#include "renderer/validation_log.h"

#include <cstdio>

namespace scenery
{
namespace
{
constexpr uint64_t kPrintedMessages = 20;
}

void ValidationLog::Add(const sedx::ValidationMessage& message)
{
    const uint64_t before = message.isError ? m_errors++ : m_warnings++;
    if (before < kPrintedMessages)
        std::fprintf(stderr, "validation %s: %s: %s\n", message.isError ? "error" : "warning", message.id,
                     message.text);
}

sedx::ValidationCounts ValidationLog::Counts() const
{
    return {.errors = m_errors.load(), .warnings = m_warnings.load()};
}
} // namespace scenery
