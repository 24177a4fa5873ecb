// Slots against a model: none is given out twice, none before its frames have passed, every change is told once.
#include "bindless/slot_directory.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>

namespace sedx::test
{
namespace
{
SlotContents Contents(uint64_t address)
{
    SlotContents contents;
    contents.address = address;
    contents.bytes = 64;
    return contents;
}
uint32_t Add(SlotDirectory& directory, uint32_t shard, uint32_t& head, const SlotContents& contents,
             uint64_t viewOffset, uint64_t completed, const std::string& name)
{
    SlotDirectory::Hold hold;
    return directory.Add(hold, shard, head, viewOffset, completed, name, [&] { return contents; });
}
bool Remove(SlotDirectory& directory, uint32_t id)
{
    SlotDirectory::Hold hold;
    return directory.Remove(hold, id);
}
uint32_t SlotOf(uint32_t id) { return id & SlotDirectory::kSlotMask; }

TEST(SlotDirectoryTest, SlotsBeginAtOneAndAreDense)
{
    SlotDirectory directory(1024, 1024, false, [] { return uint64_t{0}; });
    uint32_t head = 0;
    for (uint32_t i = 1; i < 64; ++i)
        EXPECT_EQ(SlotOf(Add(directory, 3, head, Contents(i), 0, 0, "")), i);
    EXPECT_EQ(directory.Live(), 63u);
}

TEST(SlotDirectoryTest, AnIdIsGoodOnce)
{
    SlotDirectory directory(64, 64, true, [] { return uint64_t{0}; });
    uint32_t head = 0;
    const uint32_t id = Add(directory, 0, head, Contents(1), 0, 0, "rock");
    EXPECT_TRUE(directory.IsLive(id));
    EXPECT_EQ(directory.Find(0, head), id);
    EXPECT_EQ(directory.NameOf(SlotOf(id)), "rock");
    EXPECT_TRUE(Remove(directory, id));
    EXPECT_FALSE(Remove(directory, id));
    EXPECT_FALSE(directory.IsLive(id));
    EXPECT_EQ(directory.Find(0, head), 0u);
    EXPECT_EQ(directory.NameOf(SlotOf(id)), "rock") << "the last one";
    for (const uint32_t never : {0u, UINT32_MAX, 63u, SlotDirectory::IdOf(5, 9)})
        EXPECT_FALSE(Remove(directory, never)) << never;
}

TEST(SlotDirectoryTest, GenerationsGoRoundWithoutZeroAndWithoutTheInvalidId)
{
    SlotDirectory directory(2, 2, false, [] { return uint64_t{0}; }); // one slot
    uint32_t head = 0;
    std::set<uint32_t> seen;
    for (uint32_t i = 0; i < SlotDirectory::kGenerations; ++i)
    {
        const uint32_t id = Add(directory, 0, head, Contents(1), 0, 0, "");
        EXPECT_EQ(SlotOf(id), 1u);
        EXPECT_TRUE(seen.insert(id).second);
        EXPECT_NE(id, UINT32_MAX);
        EXPECT_NE(id >> SlotDirectory::kSlotBits, 0u);
        EXPECT_TRUE(Remove(directory, id));
    }
    EXPECT_TRUE(seen.contains(Add(directory, 0, head, Contents(1), 0, 0, "")));
}

TEST(SlotDirectoryTest, AShardTakesWhatOthersHaveFreeBeforeItGrows)
{
    uint64_t opened = 0;
    SlotDirectory directory(128, 1024, false, [&] { return opened; });
    std::vector<uint32_t> heads(200, 0);
    std::vector<uint32_t> ids;
    for (uint32_t i = 0; i < 127; ++i)
        ids.push_back(Add(directory, 0, heads[i], Contents(i), 0, 0, ""));
    EXPECT_EQ(directory.Capacity(), 128u);
    opened = 5;
    for (const uint32_t id : ids)
        EXPECT_TRUE(Remove(directory, id));
    for (uint32_t i = 0; i < 127; ++i) // frame 5 has passed
        EXPECT_NE(Add(directory, 7, heads[i], Contents(i), 0, 5, ""), 0u);
    EXPECT_EQ(directory.Growths(), 0u);
    EXPECT_NE(Add(directory, 7, heads[150], Contents(1), 0, 5, ""), 0u);
    EXPECT_EQ(directory.Growths(), 1u);
    EXPECT_EQ(directory.Capacity(), 256u);
}

TEST(SlotDirectoryTest, AChangeOfAStolenSlotIsStillTold)
{
    SlotDirectory directory(64, 64, false, [] { return uint64_t{0}; });
    uint32_t head = 0;
    uint32_t other = 0;
    std::vector<SlotChange> changes;
    std::vector<uint32_t> ids;
    for (uint32_t i = 1; i < 64; ++i)
        ids.push_back(Add(directory, 0, head, Contents(i), 0, 0, ""));
    directory.Collect([&](const SlotChange& change) { changes.push_back(change); });
    EXPECT_EQ(changes.size(), 63u);
    for (const uint32_t id : ids)
        Remove(directory, id);
    const uint32_t stolen = Add(directory, 1, other, Contents(99), 0, 0, "");
    changes.clear();
    directory.Collect([&](const SlotChange& change) { changes.push_back(change); });
    std::map<uint32_t, SlotChange> bySlot;
    for (const SlotChange& change : changes)
        EXPECT_TRUE(bySlot.emplace(change.slot, change).second) << "once";
    EXPECT_EQ(bySlot.size(), 63u);
    EXPECT_EQ(bySlot.at(SlotOf(stolen)).id, stolen);
    EXPECT_FALSE(directory.HasChanges());
}

TEST(SlotDirectoryTest, NothingIsAddedAfterTheEnd)
{
    SlotDirectory directory(64, 64, false, [] { return uint64_t{0}; });
    uint32_t head = 0;
    EXPECT_NE(Add(directory, 0, head, Contents(1), 0, 0, ""), 0u);
    directory.Clear();
    EXPECT_EQ(head, 0u) << "the buffer's list is empty";
    EXPECT_EQ(Add(directory, 0, head, Contents(1), 0, 0, ""), 0u);
    EXPECT_EQ(directory.Live(), 0u);
}

TEST(SlotDirectoryTest, AgainstAModel)
{
    constexpr uint32_t kSeed = 4711;
    std::printf("seed %u\n", kSeed);
    std::mt19937 random(kSeed);
    uint64_t opened = 1;
    SlotDirectory directory(64, 4096, false, [&] { return opened; });
    struct Live
    {
        uint32_t id;
        uint32_t list;
        uint64_t address;
    };
    constexpr uint32_t kLists = 50;
    std::vector<uint32_t> heads(kLists, 0);
    std::vector<Live> live;
    std::map<uint32_t, uint64_t> freeFrom; // slot: the frame that must have passed
    std::map<uint32_t, SlotChange> shown;
    uint64_t completed = 0;
    for (int i = 0; i < 30'000; ++i)
    {
        const auto list = static_cast<uint32_t>(random() % kLists);
        switch (random() % 8)
        {
        case 0:
        case 1:
        case 2:
        {
            if (live.size() > 1500)
                break;
            const uint64_t address = random() + 1ull;
            const uint32_t id =
                Add(directory, list % SlotDirectory::kShards, heads[list], Contents(address), 0, completed, "");
            ASSERT_NE(id, 0u);
            for (const Live& other : live)
                ASSERT_NE(SlotOf(other.id), SlotOf(id));
            if (freeFrom.contains(SlotOf(id)))
            {
                ASSERT_LE(freeFrom[SlotOf(id)], completed);
            }
            ASSERT_LT(SlotOf(id), directory.Capacity());
            live.push_back({id, list, address});
            break;
        }
        case 3:
        case 4:
        {
            if (live.empty())
                break;
            const size_t which = random() % live.size();
            ASSERT_TRUE(Remove(directory, live[which].id));
            freeFrom[SlotOf(live[which].id)] = opened;
            live[which] = live.back();
            live.pop_back();
            break;
        }
        case 5: // new memory for a buffer
        {
            const uint64_t address = random() + 1ull;
            directory.Update(list % SlotDirectory::kShards, heads[list], Contents(address));
            for (Live& entry : live)
                if (entry.list == list)
                    entry.address = address;
            break;
        }
        case 6:
            ++opened;
            completed = std::max(completed, opened - std::min<uint64_t>(opened, 1 + random() % 4));
            if (random() % 20 == 0) // a buffer is dropped
            {
                directory.RemoveAll(list % SlotDirectory::kShards, heads[list]);
                std::erase_if(live, [&](const Live& entry) {
                    if (entry.list == list)
                        freeFrom[SlotOf(entry.id)] = opened;
                    return entry.list == list;
                });
            }
            break;
        default:
        {
            std::vector<SlotChange> changes;
            directory.Collect([&](const SlotChange& change) { changes.push_back(change); });
            for (const SlotChange& change : changes)
                shown[change.slot] = change;
            std::map<uint32_t, const Live*> bySlot;
            for (const Live& entry : live)
                bySlot[SlotOf(entry.id)] = &entry;
            for (const auto& [slot, change] : shown)
            {
                const auto found = bySlot.find(slot);
                ASSERT_EQ(change.id, found != bySlot.end() ? found->second->id : 0u) << "slot " << slot;
                if (found != bySlot.end())
                {
                    ASSERT_EQ(change.contents.address, found->second->address);
                }
            }
            for (const auto& [slot, entry] : bySlot)
                ASSERT_TRUE(shown.contains(slot)) << slot;
            break;
        }
        }
        if (i % 1000 == 0)
        {
            ASSERT_EQ(directory.Live(), live.size());
        }
    }
}
} // namespace
} // namespace sedx::test
