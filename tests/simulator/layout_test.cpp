// Layout files: what is read, and the one sentence about what is wrong.
#include <sedx_simulator/device_layout.h>

#include "support/real_layouts.h"
#include "support/skip.h"
#include "support/test_folder.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace sedx::test
{
namespace
{
using simulator::DeviceLayout;

class DeviceLayoutTest : public testing::Test
{
  protected:
    Result<DeviceLayout> LoadText(const std::string& text)
    {
        const std::filesystem::path file = m_folder / "mine.json";
        std::ofstream(file) << text;
        return DeviceLayout::Load(file);
    }
    void ExpectFault(const std::string& text, const std::string& mention)
    {
        const auto layout = LoadText(text);
        ASSERT_FALSE(layout) << text;
        EXPECT_EQ(layout.error().code, ErrorCode::InvalidArgument);
        const std::string& message = layout.error().message;
        EXPECT_NE(message.find(mention), std::string::npos) << message;
        EXPECT_NE(message.find("mine.json"), std::string::npos) << message;
        EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }

    static std::string Text(const std::string& heaps, const std::string& types, const std::string& more = "")
    {
        return R"({"device": "A", "deviceType": "DISCRETE_GPU", "heaps": [)" + heaps + R"(], "types": [)" + types +
               "]" + more + "}";
    }

    static constexpr const char* kHeap = R"({"sizeBytes": 1048576, "flags": ["DEVICE_LOCAL"]})";
    static constexpr const char* kType =
        R"({"heapIndex": 0, "flags": ["DEVICE_LOCAL", "HOST_VISIBLE", "HOST_COHERENT"], "propertyFlags": 7})";
    TestFolder m_own;
    const std::filesystem::path& m_folder = m_own.Path();
};

TEST_F(DeviceLayoutTest, ReadsWhatIsThere)
{
    const auto layout =
        LoadText(Text(R"({"sizeBytes": 1048576, "flags": ["DEVICE_LOCAL"], "budgetBytes": 4096})", kType,
                      R"(, "limits": {"maxMemoryAllocationCount": 12, "maxBufferSize": null},
                                           "queues": {"compute": 1, "transfer": 2, "transferGranularity": [8, 8, 1]})"));
    ASSERT_TRUE(layout) << layout.error().message;
    EXPECT_EQ(layout->name, "mine");
    EXPECT_EQ(layout->deviceName, "A");
    EXPECT_EQ(layout->deviceType, VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU);
    ASSERT_EQ(layout->heaps.size(), 1u);
    EXPECT_EQ(layout->heaps[0].bytes, 1048576u);
    EXPECT_EQ(layout->BudgetOf(0), 4096u);
    ASSERT_EQ(layout->types.size(), 1u);
    EXPECT_EQ(layout->types[0].propertyFlags, 7u);
    EXPECT_EQ(layout->limits.at("maxMemoryAllocationCount"), 12u);
    EXPECT_FALSE(layout->limits.contains("maxBufferSize")); // unknown: the driver's
    EXPECT_EQ(layout->queues.compute, 1u);
    EXPECT_EQ(layout->queues.transfer, 2u);
    EXPECT_EQ(layout->queues.transferGranularity.width, 8u);
}

TEST_F(DeviceLayoutTest, OneSentenceSaysWhatIsWrong)
{
    ExpectFault("", "no device layout");
    ExpectFault("{", "no device layout");
    ExpectFault("[]", "no device layout");
    ExpectFault(R"({"device": "A"})", "deviceType");
    ExpectFault(R"({"device": "A", "deviceType": "TOASTER", "heaps": [], "types": []})", "TOASTER");
    ExpectFault(Text("", kType), "heaps");
    ExpectFault(Text(kHeap, ""), "memory types");
    ExpectFault(Text(R"({"sizeBytes": 0, "flags": []})", kType), "heap 0");
    ExpectFault(Text(R"({"sizeBytes": -5, "flags": []})", kType), "sizeBytes");
    ExpectFault(Text(R"({"sizeBytes": 5, "flags": ["SHINY"]})", kType), "SHINY");
    ExpectFault(Text(kHeap, R"({"heapIndex": 3, "flags": ["DEVICE_LOCAL"]})"), "heap 3");
    ExpectFault(Text(kHeap, R"({"heapIndex": 0, "flags": ["DEVICE_LOCAL"], "propertyFlags": 7})"), "differ");
    ExpectFault(Text(kHeap, R"({"heapIndex": 0, "flags": ["DEVICE_LOCAL"]})"), "HOST_VISIBLE");
    ExpectFault(Text(kHeap, kType, R"(, "limits": {"nonCoherentAtomSize": 100})"), "nonCoherentAtomSize");
    ExpectFault(Text(kHeap, kType, R"(, "limits": {"maxBufferSize": "big"})"), "maxBufferSize");
    ExpectFault(Text(kHeap, kType, R"(, "queues": {"video": 1})"), "video");
    ExpectFault(Text(kHeap, kType, R"(, "queues": {"compute": -1})"), "queues.compute");
}

TEST_F(DeviceLayoutTest, IsFoundByNameOrPath)
{
    EXPECT_TRUE(DeviceLayout::Find("small_bar"));
    EXPECT_TRUE(DeviceLayout::Find("small_bar.json"));
    EXPECT_TRUE(DeviceLayout::Find((DeviceLayout::OwnFolder() / "small_bar.json").string()));
    ASSERT_TRUE(LoadText(Text(kHeap, kType)));
    const auto missing = DeviceLayout::Find("mine");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("'mine'"), std::string::npos) << missing.error().message;
    EXPECT_NE(missing.error().message.find("small_bar"), std::string::npos) << missing.error().message;
    const std::filesystem::path folders[] = {m_folder};
    const auto mine = DeviceLayout::Find("mine", folders);
    ASSERT_TRUE(mine) << mine.error().message;
    EXPECT_EQ(mine->deviceName, "A");
    EXPECT_FALSE(DeviceLayout::Find(""));
    EXPECT_FALSE(DeviceLayout::Find(m_folder.string()));
}

TEST(DeviceLayouts, OwnOnesAreSound)
{
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(DeviceLayout::OwnFolder()))
    {
        const auto layout = DeviceLayout::Load(entry.path());
        EXPECT_TRUE(layout) << layout.error().message;
        ++count;
    }
    EXPECT_GE(count, 8);
}

TEST(DeviceLayouts, RealOnesAreSound)
{
    const std::vector<RealLayout> layouts = LoadRealLayouts(); // what can't be read is a failure
    if (layouts.empty())
        SEDX_SKIP("no memory layouts in " + RealLayoutFolder());
    for (const RealLayout& real : layouts)
        EXPECT_FALSE(real.layout.deviceName.empty()) << real.file;
}
} // namespace
} // namespace sedx::test
