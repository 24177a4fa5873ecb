// On the device of an engine: with what it tells of its features, and with frames on two queues.
#include "gpu/bindless/bindless_test.h"
#include "support/engine_device.h"

#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::Contains;
using testing::Not;

class BindlessEngineTest : public BindlessTest
{
  protected:
    void TearDown() override
    {
        m_second.reset();
        BindlessTest::TearDown();
        m_engine.reset();
    }
    // Queue 1 is the engine's queue once more.
    void Adopt(bool tellsFeatures = true)
    {
        m_engine = EngineDevice::Make({.descriptorIndexing = true});
        ASSERT_TRUE(m_engine);
        AdoptDesc desc = m_engine->Describe();
        desc.queues.push_back(desc.queues[0]);
        if (!tellsFeatures)
            desc.enabledFeatures = nullptr;
        SEDX_REQUIRE(m_adopted, Device::Adopt(desc));
    }
    void StartAdopted(FrameCompletion completion = FrameCompletion::Timeline)
    {
        Adopt();
        if (HasFatalFailure())
            return;
        StartOn(m_adopted, {}, {.completion = completion});
        m_adopted = {};
        m_second.emplace(m_device, 1);
    }
    // The slots of so many new registrations.
    std::vector<uint32_t> TakeSlots(const Buffer& buffer, uint32_t count)
    {
        std::vector<uint32_t> slots;
        for (uint32_t i = 0; i < count; ++i)
            slots.push_back(BindlessBufferSystem::SlotOf(Bindless().RegisterBuffer(buffer)));
        return slots;
    }

    std::unique_ptr<EngineDevice> m_engine;
    Device m_adopted;
    std::optional<TestCommands> m_second;
};

TEST_F(BindlessEngineTest, ReadsByIdAndByAddress)
{
    StartAdopted();
    const Buffer buffer = MakeValue(41);
    const uint32_t id = Bindless().RegisterBuffer(buffer);
    EXPECT_EQ(Read({id}), (std::vector<uint32_t>{41}));
    EXPECT_EQ(Read({id}, 0, true), (std::vector<uint32_t>{41}));
}

TEST_F(BindlessEngineTest, FeaturesThatItDoesNotTellAreMissing)
{
    Adopt(false);
    SEDX_REQUIRE(m_system, BufferSystem::Create({.device = m_adopted}));
    auto& bindless = m_system->Modules().Emplace<BindlessBufferSystem>(*m_system);
    EXPECT_TRUE(FailsWith(bindless.Status(), ErrorCode::MissingFeature, "enabledFeatures"));
    m_adopted = {};
}

// A slot and a copy are used again when the frame has passed on both queues.
TEST_F(BindlessEngineTest, SlotsAndCopiesWaitForEveryQueue)
{
    StartAdopted();
    const Buffer old = MakeValue(1);
    const Buffer fresh = MakeValue(2);
    const uint32_t id = Bindless().RegisterBuffer(old);
    const uint32_t slot = BindlessBufferSystem::SlotOf(id);
    const Lists lists = MakeLists({id});
    m_commands->WaitIdle();
    Gate gate(m_device);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    const VkDescriptorSet set = Bindless().GetDescriptorSet(frame);
    m_commands->Submit(m_commands->Begin(), frame);
    const VkCommandBuffer cmd = m_second->Begin();
    RecordRead(frame, cmd, *m_reader, lists.constants);
    m_second->Submit(cmd, frame, gate.Waits());
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    ASSERT_TRUE(Ok(Bindless().UnregisterBuffer(id)));
    for (int later = 0; later < 3; ++later)
    {
        m_system->Poll();
        EXPECT_THAT(TakeSlots(fresh, 20), Not(Contains(slot))) << "queue 1 still reads by it";
        SEDX_REQUIRE(const Frame next, m_system->BeginFrame());
        EXPECT_NE(Bindless().GetDescriptorSet(next), set) << "queue 1 still has it bound";
        ASSERT_TRUE(Ok(m_system->EndFrame(next)));
    }
    gate.Open();
    m_second->WaitIdle();
    m_system->Poll();
    EXPECT_EQ(Results(lists), (std::vector<uint32_t>{1}));
    EXPECT_THAT(TakeSlots(fresh, 1000), Contains(slot));
}

// Without timelines the engine says what has passed.
TEST_F(BindlessEngineTest, SlotsWaitForRetiredFrames)
{
    StartAdopted(FrameCompletion::Fences);
    const Buffer buffer = MakeValue(1);
    const uint32_t id = Bindless().RegisterBuffer(buffer);
    const uint32_t slot = BindlessBufferSystem::SlotOf(id);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    EXPECT_NE(Bindless().GetDescriptorSet(frame), VkDescriptorSet{});
    m_commands->Submit(m_commands->Begin(), frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    m_commands->WaitIdle();
    ASSERT_TRUE(Ok(Bindless().UnregisterBuffer(id)));
    m_system->Poll();
    EXPECT_THAT(TakeSlots(buffer, 200), Not(Contains(slot)));
    ASSERT_TRUE(Ok(m_system->RetireFrame(frame.Number())));
    EXPECT_THAT(TakeSlots(buffer, 1000), Contains(slot));
}
} // namespace
} // namespace sedx::test
