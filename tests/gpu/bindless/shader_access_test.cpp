// What sedx.glsl works out by itself: how many elements a buffer has, and which stores it refuses.
#include "gpu/bindless/bindless_test.h"

#include "../shaders/sedx_shared.h"

#include <cstring>

namespace sedx::test
{
namespace
{
using ShaderAccessTest = BindlessTest;

// As in bindless_count.comp. The last one makes the division carry.
constexpr uint64_t kElementBytes[] = {1, 4, 12, 20, 4100, 0x8000'0004};
constexpr size_t kSizes = std::size(kElementBytes);

std::vector<uint32_t> CountsOf(const std::vector<uint64_t>& sizes)
{
    std::vector<uint32_t> counts;
    for (const uint64_t bytes : sizes)
        for (const uint64_t element : kElementBytes)
            counts.push_back(static_cast<uint32_t>(std::min<uint64_t>(bytes / element, UINT32_MAX)));
    return counts;
}

TEST_F(ShaderAccessTest, ElementsAreCounted)
{
    Start();
    if (HasFatalFailure())
        return;
    const BindlessReader reader(m_device, VK_NULL_HANDLE, 0, ReadShader::Count);
    const std::vector<uint64_t> sizes = {4,   8,    11,   12,        13,        19,        20,       239,
                                         240, 4096, 4100, 4100 * 20, 1'000'003, 16u << 20, 64u << 20};
    std::vector<Buffer> buffers;
    std::vector<uint32_t> ids;
    for (const uint64_t bytes : sizes)
    {
        SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(bytes, BufferUsage::Storage, MemoryType::GPU, "b"));
        buffers.push_back(buffer);
        ids.push_back(Bindless().RegisterBuffer(buffer));
    }
    // Of a range its own size counts.
    const uint64_t step = m_device.Properties().limits.minStorageBufferOffsetAlignment;
    SEDX_REQUIRE(const uint32_t part, Bindless().Register({buffers.back(), step * 3, 1204}));
    ids.push_back(part);
    std::vector<uint32_t> expected = CountsOf(sizes);
    const std::vector<uint32_t> ofPart = CountsOf({1204});
    expected.insert(expected.end(), ofPart.begin(), ofPart.end());
    // Empty slots have none: slot 0, one that was never given out, and one that does not exist.
    ids.insert(ids.end(), {0, 9'999, BindlessBufferSystem::INVALID_RESOURCE_ID});
    expected.resize(ids.size() * kSizes, 0);

    Lists lists = MakeLists(ids);
    SEDX_REQUIRE(const Buffer results,
                 m_system->CreateBuffer(expected.size() * 4, BufferUsage::Storage, MemoryType::GPU, "counts"));
    lists.results = results;
    lists.constants.results = Bindless().RegisterBuffer(results);
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        lists.constants.table = Bindless().GetTableAddress(frame);
        reader.Record(cmd, lists.constants);
        m_commands->Barrier(cmd);
    });
    EXPECT_EQ(Results(lists), expected);
}

// Sizes that no buffer here has, in a table of the test's own.
TEST_F(ShaderAccessTest, ElementsOfHugeBuffersAreCounted)
{
    Start();
    if (HasFatalFailure())
        return;
    constexpr uint64_t k4GiB = uint64_t{1} << 32;
    const std::vector<uint64_t> sizes = {0,
                                         1,
                                         3,
                                         5,
                                         k4GiB - 4097,
                                         k4GiB - 4,
                                         k4GiB - 1,
                                         k4GiB,
                                         k4GiB + 1,
                                         k4GiB + 19,
                                         k4GiB * 4,
                                         k4GiB * 4 - 1,
                                         k4GiB * 12 - 1,
                                         k4GiB * 12,
                                         k4GiB * 20 - 21,
                                         k4GiB * 20 - 20,
                                         k4GiB * 20 - 1,
                                         k4GiB * 20,
                                         uint64_t{1} << 40,
                                         0x123'4567'89AB,
                                         0x1001'2345'6789,
                                         k4GiB * 4100 - 4100,
                                         k4GiB * 4100 - 1,
                                         k4GiB * 4100,
                                         k4GiB / 2,
                                         k4GiB / 2 + 4,
                                         0x8000'0004ull * 3 - 1,
                                         0x8000'0004ull * 3,
                                         0x8000'0004ull * 0xFFFF'FFFF - 1,
                                         0x8000'0004ull * 0xFFFF'FFFF,
                                         UINT64_MAX};
    const std::vector<uint32_t> expected = CountsOf(sizes);
    const auto pinned = [&](uint64_t bytes, const char* name) {
        BufferDesc desc;
        desc.bytes = bytes;
        desc.usage = BufferUsage::Storage;
        desc.name = name;
        desc.pinned = true;
        auto made = m_system->CreateBuffer(desc);
        EXPECT_TRUE(Ok(made));
        return *made;
    };
    // Slot 1 is the list of IDs, slot 2 the results, and what follows has a size and nothing else.
    constexpr uint32_t kFirst = 3;
    std::vector<uint32_t> ids;
    for (uint32_t i = 0; i < sizes.size(); ++i)
        ids.push_back(kFirst + i);
    const Buffer list = pinned(ids.size() * 4, "ids");
    const Buffer results = pinned(expected.size() * 4, "counts");
    ASSERT_TRUE(Ok(m_system->Uploads().Write(list, 0, std::span<const uint32_t>(ids))));
    std::vector<shared::TableEntry> entries(kFirst + sizes.size());
    for (uint32_t slot = 1; slot < entries.size(); ++slot)
    {
        entries[slot].id = slot;
        entries[slot].bytes = slot < kFirst ? 1 << 20 : sizes[slot - kFirst];
    }
    SEDX_REQUIRE(entries[1].address, m_system->GetDeviceAddress(list));
    SEDX_REQUIRE(entries[2].address, m_system->GetDeviceAddress(results));
    shared::TableHeader header{};
    header.slots = static_cast<uint32_t>(entries.size());
    const Buffer table = pinned(sizeof header + std::span(entries).size_bytes(), "table");
    ASSERT_TRUE(Ok(m_system->Uploads().Write(table, 0, std::as_bytes(std::span(&header, 1)))));
    ASSERT_TRUE(Ok(m_system->Uploads().Write(table, sizeof header, std::as_bytes(std::span(entries)))));

    const BindlessReader reader(m_device, VK_NULL_HANDLE, 0, ReadShader::Count);
    BindlessReader::Constants constants;
    constants.ids = 1;
    constants.results = 2;
    constants.count = static_cast<uint32_t>(sizes.size());
    SEDX_REQUIRE(constants.table, m_system->GetDeviceAddress(table));
    m_commands->RunFrame(*m_system, [&](const Frame&, VkCommandBuffer cmd) {
        reader.Record(cmd, constants);
        m_commands->Barrier(cmd);
    });
    const Bytes bytes = ReadBack(*m_system, results);
    std::vector<uint32_t> counts(expected.size());
    ASSERT_EQ(bytes.size(), counts.size() * 4);
    std::memcpy(counts.data(), bytes.data(), bytes.size());
    for (size_t i = 0; i < counts.size(); ++i)
        EXPECT_EQ(counts[i], expected[i]) << sizes[i / kSizes] << " bytes, " << kElementBytes[i % kSizes] << " each";
}

TEST_F(ShaderAccessTest, AWrongStoreWritesNothing)
{
    BindlessDesc desc;
    desc.shaderChecks = true;
    Start(desc);
    if (HasFatalFailure())
        return;
    Bindless().NameShader(8, "writer");
    const BindlessReader writer(m_device, Bindless().GetSetLayout(), 0, ReadShader::CheckedStore);
    const auto store = [&](uint32_t id, uint32_t index, uint32_t value, bool far) {
        Lists lists = MakeLists({id}, index, far);
        lists.constants.value = value;
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            RecordRead(frame, cmd, writer, lists.constants);
        });
        m_commands->RunFrame(*m_system); // tells what was reported
        m_commands->WaitIdle();
        m_system->Poll();
        return Bindless().TakeFaults();
    };
    // Three ranges side by side, of which the one in the middle is registered: what goes wrong would hit the others.
    const uint64_t step = std::max<uint64_t>(16, m_device.Properties().limits.minStorageBufferOffsetAlignment);
    const auto inRange = static_cast<uint32_t>(step / 4);
    const Buffer buffer = MakeValue(1, step * 3);
    SEDX_REQUIRE(const uint32_t id, Bindless().Register({buffer, step, step}));
    const Buffer other = MakeValue(2, step);
    const uint32_t stale = Bindless().RegisterBuffer(other);
    ASSERT_TRUE(Ok(Bindless().UnregisterBuffer(stale)));
    const uint32_t taken = Bindless().RegisterBuffer(other);
    ASSERT_EQ(BindlessBufferSystem::SlotOf(taken), BindlessBufferSystem::SlotOf(stale));

    std::vector<uint32_t> words(step * 3 / 4, 1);
    const std::vector<uint32_t> others(inRange, 2);
    const auto expectUnchanged = [&] {
        EXPECT_TRUE(SameBytes(std::as_bytes(std::span(words)), ReadBack(*m_system, buffer)));
        EXPECT_TRUE(SameBytes(std::as_bytes(std::span(others)), ReadBack(*m_system, other)));
    };
    for (const bool far : {false, true})
    {
        SCOPED_TRACE(far ? "by address" : "by descriptor");
        EXPECT_TRUE(store(id, inRange - 1, far ? 50 : 51, far).empty());
        words[step * 2 / 4 - 1] = far ? 50 : 51;
        expectUnchanged();
        struct Wrong
        {
            uint32_t id;
            uint32_t index;
            ShaderFaultKind kind;
            const char* text;
        };
        const Wrong wrongs[] = {
            {id, inRange, ShaderFaultKind::OutOfBounds, "out of bounds: element"},
            {id, UINT32_MAX, ShaderFaultKind::OutOfBounds, "out of bounds: element 4294967295"},
            {id, 0x4000'0000, ShaderFaultKind::OutOfBounds, "out of bounds: element 1073741824"}, // 2^32 bytes: not 0
            {stale, 0, ShaderFaultKind::StaleSlot, "stale slot, which has another buffer now: element 0"},
            {0x0010'0000 | 9'999, 0, ShaderFaultKind::EmptySlot, "empty slot"},
            {0, 0, ShaderFaultKind::EmptySlot, "empty slot"},
        };
        for (const Wrong& wrong : wrongs)
        {
            SCOPED_TRACE(wrong.text);
            const std::vector<ShaderFault> faults = store(wrong.id, wrong.index, 99, far);
            ASSERT_EQ(faults.size(), 1u);
            EXPECT_EQ(faults[0].kind, wrong.kind);
            EXPECT_EQ(faults[0].resource, wrong.id);
            EXPECT_EQ(faults[0].index, wrong.index);
            EXPECT_EQ(faults[0].elementBytes, 4u);
            EXPECT_EQ(faults[0].tag, 8u);
            EXPECT_NE(faults[0].text.find("shader 'writer'"), std::string::npos) << faults[0].text;
            EXPECT_NE(faults[0].text.find(wrong.text), std::string::npos) << faults[0].text;
            expectUnchanged();
        }
    }
    // Where wrong loads go, nothing was stored either.
    const BindlessReader reader(m_device, Bindless().GetSetLayout(), 0, ReadShader::Plain);
    for (const bool far : {false, true})
    {
        const Lists lists = MakeLists({0}, 0, far);
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            RecordRead(frame, cmd, reader, lists.constants);
        });
        EXPECT_EQ(Results(lists), (std::vector<uint32_t>{0}));
        m_commands->WaitIdle(); // the reader goes
    }
}
} // namespace
} // namespace sedx::test
