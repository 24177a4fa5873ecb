// Counts the messages of the validation layer from the first to the last Vulkan call, and prints the first of them.
// Notices of the layer about its own settings are left out.
#pragma once

#include <sedx/device.h>

#include <atomic>

namespace scenery
{
// Must outlive the device. Add() may be called from any thread.
class ValidationLog
{
  public:
    void Add(const sedx::ValidationMessage& message);
    sedx::ValidationCounts Counts() const;

  private:
    std::atomic<uint64_t> m_errors{0};
    std::atomic<uint64_t> m_warnings{0};
};
} // namespace scenery
