// What checked shaders report, and which slots they say they used.
#include "gpu/bindless/bindless_test.h"

namespace sedx::test
{
namespace
{
class ShaderReportsTest : public BindlessTest
{
  protected:
    void SetUp() override
    {
        BindlessTest::SetUp();
        BindlessDesc desc;
        desc.shaderChecks = true;
        desc.feedback = true;
        Start(desc);
        if (HasFatalFailure())
            return;
        Bindless().NameShader(7, "reader");
    }
    // Frames until what the last one said must have come back.
    std::vector<ShaderFault> Faults()
    {
        m_commands->RunFrame(*m_system);
        m_commands->WaitIdle();
        m_system->Poll();
        const auto sent = m_system->Uploads().Submit();
        EXPECT_TRUE(Ok(sent));
        EXPECT_TRUE(sent && Ok(sent->Wait()));
        return Bindless().TakeFaults();
    }
};

TEST_F(ShaderReportsTest, RightUseIsSilent)
{
    const Buffer buffer = MakeValue(6);
    const uint32_t id = Bindless().RegisterBuffer(buffer);
    EXPECT_EQ(Read({id, id}, 15), (std::vector<uint32_t>{6, 6}));
    EXPECT_EQ(Read({id, id}, 15, true), (std::vector<uint32_t>{6, 6}));
    EXPECT_TRUE(Faults().empty());
    EXPECT_EQ(Bindless().GetReport().faults, 0u);
}

TEST_F(ShaderReportsTest, AnElementOutOfBoundsIsNamed)
{
    const Buffer buffer = MakeValue(6); // 16 words
    const uint32_t id = Bindless().RegisterBuffer(buffer);
    for (const bool useAddresses : {false, true})
    {
        EXPECT_EQ(Read({id}, 16, useAddresses), (std::vector<uint32_t>{0}));
        const std::vector<ShaderFault> faults = Faults();
        ASSERT_EQ(faults.size(), 1u);
        EXPECT_EQ(faults[0].kind, ShaderFaultKind::OutOfBounds);
        EXPECT_EQ(faults[0].resource, id);
        EXPECT_EQ(faults[0].index, 16u);
        EXPECT_EQ(faults[0].elementBytes, 4u);
        EXPECT_EQ(faults[0].tag, 7u);
        EXPECT_GT(faults[0].frame, 0u);
        EXPECT_NE(faults[0].text.find("shader 'reader'"), std::string::npos) << faults[0].text;
        EXPECT_NE(faults[0].text.find("out of bounds: element 16"), std::string::npos) << faults[0].text;
        EXPECT_NE(faults[0].text.find("buffer 'value 6'"), std::string::npos) << faults[0].text;
    }
    EXPECT_TRUE(m_log.Contains("out of bounds"));
    EXPECT_EQ(Bindless().GetReport().faults, 2u);
}

TEST_F(ShaderReportsTest, AnIndexThatOverflowsIsOutOfBounds)
{
    const Buffer buffer = MakeValue(6);
    const uint32_t id = Bindless().RegisterBuffer(buffer);
    EXPECT_EQ(Read({id}, 0x40000000u, true), (std::vector<uint32_t>{0})); // times 4 is 2^32
    EXPECT_EQ(Read({id}, UINT32_MAX, true), (std::vector<uint32_t>{0}));
    EXPECT_EQ(Faults().size(), 2u);
}

TEST_F(ShaderReportsTest, UseAfterUnregisteringAndAfterDestructionIsNamed)
{
    const Buffer kept = MakeValue(6);
    Buffer dropped = MakeValue(8);
    const uint32_t a = Bindless().RegisterBuffer(kept);
    const uint32_t b = Bindless().RegisterBuffer(dropped);
    const Lists lists = MakeLists({a, b}, 3); // before, so that it does not take the free slots
    ASSERT_TRUE(Ok(Bindless().UnregisterBuffer(a)));
    dropped = {};
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        RecordRead(frame, cmd, *m_reader, lists.constants);
    });
    EXPECT_EQ(Results(lists), (std::vector<uint32_t>{0, 0}));
    std::vector<ShaderFault> faults = Faults();
    ASSERT_EQ(faults.size(), 2u);
    if (faults[0].resource != a) // invocations report in any order
        std::swap(faults[0], faults[1]);
    for (const ShaderFault& fault : faults)
    {
        const bool isFirst = &fault == &faults[0];
        EXPECT_EQ(fault.kind, ShaderFaultKind::EmptySlot);
        EXPECT_EQ(fault.resource, isFirst ? a : b);
        EXPECT_EQ(fault.index, 3u);
        for (const char* part : {"shader 'reader'", "empty slot, unregistered or dropped: element 3 (4 bytes each)",
                                 isFirst ? "buffer 'value 6'" : "buffer 'value 8'"})
            EXPECT_NE(fault.text.find(part), std::string::npos) << part << " in: " << fault.text;
        EXPECT_TRUE(m_log.Contains(fault.text));
    }
}

TEST_F(ShaderReportsTest, AStaleIdIsTold)
{
    const Buffer first = MakeValue(6);
    const Buffer second = MakeValue(7);
    const uint32_t a = Bindless().RegisterBuffer(first);
    ASSERT_TRUE(Ok(Bindless().UnregisterBuffer(a)));
    const uint32_t b = Bindless().RegisterBuffer(second);
    ASSERT_EQ(BindlessBufferSystem::SlotOf(a), BindlessBufferSystem::SlotOf(b));
    EXPECT_EQ(Read({a, b}), (std::vector<uint32_t>{0, 7}));
    const std::vector<ShaderFault> faults = Faults();
    ASSERT_EQ(faults.size(), 1u);
    EXPECT_EQ(faults[0].kind, ShaderFaultKind::StaleSlot);
    EXPECT_NE(faults[0].text.find("stale slot"), std::string::npos) << faults[0].text;
}

TEST_F(ShaderReportsTest, AnIdThatNeverWasIsTold)
{
    EXPECT_EQ(Read({0, 12345, 0x00100000 | 9999, UINT32_MAX}), (std::vector<uint32_t>{0, 0, 0, 0}));
    const std::vector<ShaderFault> faults = Faults();
    ASSERT_EQ(faults.size(), 4u);
    for (const ShaderFault& fault : faults)
        EXPECT_EQ(fault.kind, ShaderFaultKind::EmptySlot);
}

TEST_F(ShaderReportsTest, MoreFaultsThanTheRingHoldsAreCounted)
{
    constexpr uint32_t kCount = 3000;
    Read(std::vector<uint32_t>(kCount, 0));
    EXPECT_EQ(Faults().size(), 1024u);
    const BindlessReport report = Bindless().GetReport();
    EXPECT_EQ(report.faults, kCount);
    EXPECT_EQ(report.lostFaults, kCount - 1024);
}

TEST_F(ShaderReportsTest, FeedbackTellsWhichBuffersAFrameUsed)
{
    const Buffer used = MakeValue(1);
    const Buffer unused = MakeValue(2);
    const uint32_t a = Bindless().RegisterBuffer(used);
    const uint32_t b = Bindless().RegisterBuffer(unused);
    EXPECT_EQ(Bindless().GetUsedFrame(a), 0u);
    EXPECT_EQ(Read({a}), (std::vector<uint32_t>{1}));
    Faults();
    const uint64_t first = Bindless().GetUsedFrame(a);
    EXPECT_GT(first, 0u);
    EXPECT_EQ(Bindless().GetUsedFrame(b), 0u);
    Read({b});
    Faults();
    EXPECT_EQ(Bindless().GetUsedFrame(a), first);
    EXPECT_GT(Bindless().GetUsedFrame(b), first);
    ASSERT_TRUE(Ok(Bindless().UnregisterBuffer(a)));
    EXPECT_EQ(Bindless().GetUsedFrame(a), 0u) << "it is gone";
    Faults(); // frames that pass
    uint32_t c = 0;
    for (int i = 0; i < 16 && BindlessBufferSystem::SlotOf(c) != BindlessBufferSystem::SlotOf(a); ++i)
        c = Bindless().RegisterBuffer(unused);
    ASSERT_EQ(BindlessBufferSystem::SlotOf(c), BindlessBufferSystem::SlotOf(a)) << "slots come back, the oldest first";
    EXPECT_EQ(Bindless().GetUsedFrame(c), 0u) << "its slot was used, by another registration";
}
} // namespace
} // namespace sedx::test
