#include "renderer/validation_log.h"

#include <cstdio>
#include <string_view>

namespace scenery
{
namespace
{
constexpr uint64_t kPrintedMessages = 20;

// What the layer says about its own settings, for instance when GPU-assisted validation switches features on for itself.
bool IsNotice(const sedx::ValidationMessage& message)
{
    const std::string_view id = message.id;
    return !message.isError && (id == "VALIDATION-SETTINGS" || id == "WARNING-GPU-Assisted-Validation");
}
} // namespace

void ValidationLog::Add(const sedx::ValidationMessage& message)
{
    if (IsNotice(message))
        return;
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
