// What the tests of RingBuffer share.
#pragma once

#include "support/gpu_test.h"

#include <cstring>
#include <vector>

namespace sedx::test
{
class RingBufferTest : public GpuLayoutTest
{
  protected:
    // Half-open ranges of slices that are in use at the same time; two that overlap are a failure.
    class Ranges
    {
      public:
        void Add(const BufferSlice& slice)
        {
            for (const BufferSlice& other : m_slices)
            {
                if (other.buffer != slice.buffer)
                    continue;
                EXPECT_TRUE(slice.offset >= other.offset + other.size || other.offset >= slice.offset + slice.size)
                    << slice.offset << " + " << slice.size << " overlaps " << other.offset << " + " << other.size;
            }
            m_slices.push_back(slice);
        }
        void Clear() { m_slices.clear(); }

      private:
        std::vector<BufferSlice> m_slices;
    };

    // Inside of its VkBuffer and aligned; mapped and address belong together.
    void ExpectSane(const BufferSlice& slice, uint64_t bytes, uint64_t alignment)
    {
        ASSERT_NE(slice.buffer, nullptr);
        ASSERT_NE(slice.mapped, nullptr);
        EXPECT_EQ(slice.size, bytes);
        EXPECT_EQ(slice.offset % alignment, 0u);
        EXPECT_LE(slice.offset + slice.size, Calls().BufferBytes(slice.buffer));
        std::memset(slice.mapped, 0xCD, bytes); // the address sanitizer looks at this
    }
};
} // namespace sedx::test
