// Slab: objects are made and destroyed once each, keep their place, and empty chunks go.
#include "base/slab.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{
struct Counted
{
    explicit Counted(int v, bool fails = false) : value(v), text(std::to_string(v) + " is longer than a short string")
    {
        if (fails)
            throw std::runtime_error("no");
        ++alive;
    }
    ~Counted() { --alive; }
    int value;
    std::string text;
    static inline int alive = 0;
};
} // namespace

TEST(Slab, RandomUseAgainstAModel)
{
    Counted::alive = 0;
    sedx::Slab<Counted> slab;
    std::mt19937 random(7);
    std::vector<Counted*> live;
    std::set<const Counted*> addresses;
    int made = 0;
    for (int step = 0; step < 100'000; ++step)
    {
        const bool grows = (step / 1'000) % 2 == 0; // up to hundreds, and down again
        if (live.empty() || (random() % 10 < (grows ? 7u : 3u)))
        {
            Counted* object = slab.New(made++);
            ASSERT_TRUE(addresses.insert(object).second) << "in use already";
            live.push_back(object);
        }
        else
        {
            const size_t index = random() % live.size();
            ASSERT_EQ(live[index]->text, std::to_string(live[index]->value) + " is longer than a short string");
            addresses.erase(live[index]);
            slab.Delete(live[index]);
            live[index] = live.back();
            live.pop_back();
        }
        ASSERT_EQ(static_cast<size_t>(Counted::alive), live.size());
    }
    std::set<const Counted*> visited;
    slab.ForEach([&](Counted& object) { EXPECT_TRUE(visited.insert(&object).second); });
    EXPECT_EQ(visited, addresses);
    for (Counted* object : live)
        slab.Delete(object);
    EXPECT_EQ(Counted::alive, 0);
    slab.ForEach([](Counted&) { ADD_FAILURE() << "nothing is left"; });
}

TEST(Slab, AConstructorThatThrowsTakesNoPlace)
{
    Counted::alive = 0;
    sedx::Slab<Counted> slab;
    Counted* first = slab.New(1);
    EXPECT_THROW(slab.New(2, true), std::runtime_error);
    int count = 0;
    slab.ForEach([&](Counted&) { ++count; });
    EXPECT_EQ(count, 1);
    slab.Delete(first);
}

TEST(Slab, ObjectsMadeInTurnAreNeighbours)
{
    sedx::Slab<uint64_t> slab;
    const uint64_t* first = slab.New(0u);
    const uint64_t* second = slab.New(1u);
    EXPECT_LE(second - first, 2);
}
