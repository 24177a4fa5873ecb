// Who owns which range, against a model with an owner for each byte.
#include "src/owned_ranges.h"

#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace sedx::test
{
namespace
{
using simulator::OwnedRanges;
using simulator::Owner;

TEST(OwnedRangesTest, MatchesAnOwnerForEachByte)
{
    constexpr uint64_t kSize = 64;
    std::mt19937 random(1);
    OwnedRanges ranges;
    std::vector<Owner> model(kSize);
    const auto below = [&random](uint64_t count) { return random() % count; };
    for (int step = 0; step < 5000; ++step)
    {
        const uint64_t begin = below(kSize), end = begin + below(kSize - begin + 1);
        const Owner owner{.family = static_cast<uint32_t>(below(3)),
                          .next = below(2) == 0 ? Owner::kNobody : static_cast<uint32_t>(below(3))};
        ranges.Update(begin, end, [&](Owner& piece) { piece = owner; });
        std::fill(model.begin() + static_cast<std::ptrdiff_t>(begin), model.begin() + static_cast<std::ptrdiff_t>(end),
                  owner);
        size_t pieces = 1; // and no more than there are changes of the owner; beyond the end there is nobody
        for (uint64_t at = 0; at < kSize; ++at)
        {
            const Owner next = at + 1 < kSize ? model[at + 1] : Owner{};
            pieces += model[at] == next ? 0 : 1;
        }
        ASSERT_EQ(ranges.PieceCount(), pieces) << "step " << step;
        const uint64_t at = below(kSize);
        ranges.Update(at, at + 1, [&](Owner& piece) { EXPECT_EQ(piece, model[at]) << "step " << step; });
    }
}
} // namespace
} // namespace sedx::test
