// BatchHistory: what the last batches did, for UploadQueue::Explain. Old ones are forgotten: a ticket may ask for ever.
#pragma once

#include "transfer/batch.h"

#include <deque>
#include <optional>
#include <string>

namespace sedx
{
struct BatchSummary
{
    uint64_t number = 0;
    uint32_t queue = 0;
    uint64_t frame = 0; // recorded into the engine's commands of this frame; 0: submitted by the library
    BatchStats stats;
    ProfileOrigin profile = ProfileOrigin::BuiltIn;
};

class BatchHistory
{
  public:
    static constexpr size_t kKept = 256;

    void Add(const BatchSummary& summary); // numbers ascend
    // Of the batches `first` to `last`, those that are remembered, oldest first.
    std::vector<BatchSummary> Find(uint64_t first, uint64_t last) const;

  private:
    std::deque<BatchSummary> m_summaries;
};

// "1,234 writes by the scatter shader, 3 by copy regions (longer than 512 bytes)": all of them together.
std::string DescribeWork(const std::vector<BatchSummary>& summaries);
} // namespace sedx
