// ValidationLog: keeps what the validation layers said, so that a test can ask for silence, or for one message.
#pragma once

#include <mutex>
#include <sedx/device.h>
#include <string>
#include <vector>

namespace sedx::test
{
class ValidationLog
{
  public:
    void Add(const ValidationMessage& message)
    {
        const std::lock_guard lock(m_mutex);
        m_messages.push_back(std::string(message.isError ? "error " : "warning ") + (message.id ? message.id : "") +
                             ": " + (message.text ? message.text : ""));
    }
    // Since the last call.
    std::vector<std::string> Take()
    {
        const std::lock_guard lock(m_mutex);
        return std::exchange(m_messages, {});
    }

  private:
    std::mutex m_mutex;
    std::vector<std::string> m_messages;
};

// Validation is on unless the environment variable SEDX_TEST_VALIDATION is 0 (for machines without the layers).
bool IsValidationWanted();
} // namespace sedx::test
