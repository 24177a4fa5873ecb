// UploadQueue::Explain: what it says of each way that bytes can take.
#include "support/gpu_test.h"

#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

class ExplainTest : public GpuTest
{
  protected:
    // A GPU whose memory cannot be mapped: nothing is written in place unless a test asks for CPU memory.
    MemoryLayout Layout() const override { return MemoryLayout::Discrete(); }

    void TearDown() override
    {
        m_system.reset();
        GpuTest::TearDown();
    }

    void Start(BufferSystemDesc desc = {})
    {
        m_system = MakeSystem(std::move(desc));
        ASSERT_TRUE(m_system);
    }
    Buffer Make(MemoryType memory = MemoryType::GPU, BufferUsage usage = BufferUsage::Storage)
    {
        const auto made = m_system->CreateBuffer(300'000, usage, memory, "explained");
        EXPECT_TRUE(Ok(made));
        return made ? *made : Buffer{};
    }
    UploadTicket Write(const Buffer& buffer, uint64_t count, uint64_t bytes)
    {
        UploadTicket last;
        for (uint64_t i = 0; i < count; ++i)
        {
            auto ticket = m_system->Uploads().Write(buffer, i * 200, Pattern(i, bytes));
            EXPECT_TRUE(Ok(ticket));
            last = ticket ? *ticket : UploadTicket{};
        }
        return last;
    }
    std::string Explain(const UploadTicket& ticket) { return m_system->Uploads().Explain(ticket); }

    std::unique_ptr<BufferSystem> m_system;
    TransferProfile m_profile{
        .scatterMaxBytes = 512, .scatterMinWrites = 16, .inlineMaxBytes = 64, .inlineMaxWrites = 100};
};

TEST_F(ExplainTest, InPlace)
{
    Start();
    const Buffer buffer = Make(MemoryType::CPU);
    const UploadTicket ticket = Write(buffer, 1, 100);
    EXPECT_TRUE(ticket.Ready());
    EXPECT_THAT(Explain(ticket), AllOf(HasSubstr("In place"), HasSubstr("idle"), HasSubstr("complete")));
    EXPECT_THAT(Explain({}), HasSubstr("nothing"));
    EXPECT_THAT(Explain(m_system->Uploads().LastTransfer(buffer)), HasSubstr("no transfer"));
}

TEST_F(ExplainTest, EachWayAndWhy)
{
    Start({.profile = {.given = m_profile}});
    const Buffer buffer = Make();
    SEDX_REQUIRE(const UploadTicket longOne, m_system->Uploads().Write(buffer, 290'000, Pattern(1, 5000)));
    const UploadTicket many = Write(buffer, 1234, 20);
    EXPECT_THAT(Explain(many), AllOf(HasSubstr("collected in batch 1"), HasSubstr("not sent yet")));
    ASSERT_TRUE(Ok(many.Wait()));
    EXPECT_THAT(Explain(many),
                AllOf(HasSubstr("1,234 writes by the scatter shader"),
                      HasSubstr("1 write by copy regions (longer than 512 bytes)"), HasSubstr("in batch 1,"),
                      HasSubstr("submitted on queue 0, complete"), HasSubstr("profile: given by the engine")));
    EXPECT_EQ(Explain(longOne), Explain(many)); // they went together

    const UploadTicket few = Write(buffer, 3, 64);
    ASSERT_TRUE(Ok(few.Wait()));
    EXPECT_THAT(Explain(few), HasSubstr("3 writes inside of the command buffer (vkCmdUpdateBuffer), in batch 2,"));
    const UploadTicket odd = Write(buffer, 3, 65);
    ASSERT_TRUE(Ok(odd.Wait()));
    EXPECT_THAT(Explain(odd), HasSubstr("3 writes by copy regions (fewer than 16 at once)"));
}

TEST_F(ExplainTest, CopiesOnTheDevice)
{
    m_profile.computeCopyMinBytes = 1000;
    Start({.profile = {.given = m_profile}});
    const Buffer from = Make(), to = Make();
    SEDX_REQUIRE(const UploadTicket ticket, m_system->Uploads().Copy({from, 0, 1000}, to, 4));
    ASSERT_TRUE(Ok(m_system->Uploads().Copy({from, 0, 996}, to, 5000)));
    ASSERT_TRUE(Ok(m_system->Uploads().Copy({from, 0, 2000}, to, 10'001))); // not worth it at odd ends
    ASSERT_TRUE(Ok(ticket.Wait()));
    EXPECT_THAT(Explain(ticket), AllOf(HasSubstr("1 copy on the device by the copy shader"),
                                       HasSubstr("2 copies on the device by the copy command")));
}

TEST_F(ExplainTest, WhyNotTheShader)
{
    Start({.profile = {.given = m_profile}, .sharing = BufferSharing::Own});
    const UploadTicket noAddress = Write(Make(MemoryType::GPU, BufferUsage::Vertex), 120, 65);
    ASSERT_TRUE(Ok(noAddress.Wait()));
    EXPECT_THAT(Explain(noAddress), HasSubstr("120 writes by copy regions (the buffer has no device address)"));

    m_profile.scatterMaxBytes = 0;
    Start({.profile = {.given = m_profile}});
    const UploadTicket off = Write(Make(), 120, 65);
    ASSERT_TRUE(Ok(off.Wait()));
    EXPECT_THAT(Explain(off), HasSubstr("(the scatter shader cannot run or is not worth it)"));

    Start({.transferPath = TransferPath::Regions});
    const UploadTicket forced = Write(Make(), 120, 65);
    ASSERT_TRUE(Ok(forced.Wait()));
    EXPECT_THAT(Explain(forced), AllOf(HasSubstr("(as TransferPath demands)"), HasSubstr("profile: built in")));

    Start({.stagingBlockBytes = 4096,
           .stagingLimitBytes = 4096,
           .warmStagingBytes = 4096,
           .transferPath = TransferPath::Scatter});
    const UploadTicket noTable = Write(Make(), 500, 8); // 4,000 bytes of staging; the table would have 10,000
    ASSERT_TRUE(Ok(noTable.Wait()));
    EXPECT_THAT(Explain(noTable), HasSubstr("(no staging was left for the shader's table)"));
}

TEST_F(ExplainTest, UnderWayAndRecorded)
{
    Start();
    const Buffer buffer = Make();
    TestCommands commands(TheDevice());
    {
        HeldTimelines held(Calls());
        const UploadTicket ticket = Write(buffer, 1, 100);
        ASSERT_TRUE(Ok(m_system->Uploads().Submit()));
        EXPECT_THAT(Explain(ticket), HasSubstr("submitted on queue 0, under way"));
        held.Release();
        EXPECT_THAT(Explain(ticket), AnyOf(HasSubstr("under way"), HasSubstr("complete")));
        ASSERT_TRUE(Ok(ticket.Wait()));
        EXPECT_THAT(Explain(ticket), HasSubstr("complete"));
    }
    UploadTicket recorded;
    UploadTicket lease;
    uint64_t number = 0;
    commands.RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        number = frame.Number();
        recorded = Write(buffer, 1, 100);
        ASSERT_TRUE(Ok(m_system->Uploads().CmdFlush(frame, cmd)));
        const auto staged = m_system->Uploads().Stage(100, 0, frame);
        ASSERT_TRUE(Ok(staged));
        lease = staged->ticket;
        EXPECT_THAT(Explain(lease), HasSubstr("has not passed"));
    });
    ASSERT_TRUE(Ok(recorded.Wait()));
    EXPECT_THAT(Explain(recorded), HasSubstr("recorded into the engine's commands of frame " + std::to_string(number) +
                                             " for queue 0, complete"));
    EXPECT_THAT(Explain(lease), HasSubstr("has passed"));
}

TEST_F(ExplainTest, SplitOverBatches)
{
    Start({.stagingBlockBytes = 64 << 10, .stagingLimitBytes = 64 << 10, .warmStagingBytes = 64 << 10});
    const Buffer buffer = Make();
    SEDX_REQUIRE(const UploadTicket ticket, m_system->Uploads().Write(buffer, 0, Pattern(1, 300'000)));
    ASSERT_TRUE(Ok(ticket.Wait()));
    EXPECT_THAT(Explain(ticket), AllOf(HasSubstr("in batches 1 to 5"), Not(HasSubstr("forgotten"))));
}

TEST_F(ExplainTest, PartlyInPlace)
{
    Start();
    const Buffer mapped = Make(MemoryType::CPU);
    const Buffer far = Make();
    const Bytes bytes = Pattern(1, 100);
    const std::array<BufferWrite, 2> writes{{{mapped, 0, bytes}, {far, 0, bytes}}};
    SEDX_REQUIRE(const UploadTicket ticket, m_system->Uploads().WriteMany(writes));
    ASSERT_TRUE(Ok(ticket.Wait()));
    EXPECT_THAT(Explain(ticket), AllOf(HasSubstr("Partly in place"), HasSubstr("in batch 1")));
}

TEST_F(ExplainTest, Lost)
{
    Start();
    const UploadTicket ticket = Write(Make(), 1, 100);
    Calls().FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_HOST_MEMORY);
    EXPECT_FALSE(m_system->Uploads().Submit());
    EXPECT_THAT(Explain(ticket), AllOf(HasSubstr("lost with batch 1"), HasSubstr("VK_ERROR_OUT_OF_HOST_MEMORY")));
}

TEST_F(ExplainTest, OldBatchesAreForgotten)
{
    Start();
    const Buffer buffer = Make();
    const UploadTicket first = Write(buffer, 1, 100);
    for (int i = 0; i < 300; ++i)
    {
        const UploadTicket ticket = Write(buffer, 1, 100);
        ASSERT_TRUE(Ok(ticket.Wait()));
    }
    EXPECT_THAT(Explain(first), AllOf(HasSubstr("batch 1;"), HasSubstr("forgotten"), HasSubstr("256")));
}

TEST_F(ExplainTest, TheSystemIsGone)
{
    Start();
    const UploadTicket ticket = Write(Make(), 1, 100);
    ASSERT_TRUE(Ok(ticket.Wait()));
    Start(); // another one; the ticket knows where it comes from
    EXPECT_THAT(Explain(ticket), HasSubstr("gone"));
}
} // namespace
} // namespace sedx::test
