// What the tests of synchronization share: buffers of the library, filled and copied by raw commands of the test's own, so
// that synchronization validation sees every access. What the library recorded is all that orders them.
#pragma once

#include "support/gpu_test.h"

#include <optional>

namespace sedx::test
{
class SyncTest : public GpuTest
{
  protected:
    static constexpr uint64_t kBytes = 4096;

    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = MakeSystem();
        ASSERT_TRUE(m_system);
        m_commands.emplace(TheDevice());
        m_source = Make("source");
        m_target = Make("target");
        m_seen = Make("seen", MemoryType::Readback);
    }
    void TearDown() override
    {
        m_source = m_target = m_seen = {};
        m_commands.reset();
        m_system.reset();
        GpuTest::TearDown();
    }
    Buffer Make(const char* name, MemoryType memory = MemoryType::GPU)
    {
        const auto made = m_system->CreateBuffer(kBytes, BufferUsage::Storage, memory, name);
        EXPECT_TRUE(Ok(made));
        return made ? *made : Buffer{};
    }
    void Fill(const Frame& frame, VkCommandBuffer cmd, const Buffer& buffer, uint32_t word)
    {
        const ResolvedBuffer now = frame.Resolve(buffer);
        m_commands->Functions().CmdFillBuffer(cmd, now.buffer, now.offset, now.size, word);
    }
    void Copy(const Frame& frame, VkCommandBuffer cmd, const Buffer& source, const Buffer& target)
    {
        const ResolvedBuffer from = frame.Resolve(source);
        const ResolvedBuffer to = frame.Resolve(target);
        m_commands->Copy(cmd, from.buffer, from.offset, to.buffer, to.offset, kBytes);
    }
    // All words of the read-back buffer are this one, once the GPU has passed.
    testing::AssertionResult Saw(uint32_t word)
    {
        m_commands->WaitIdle();
        m_system->Poll();
        const auto mapping = m_system->MapReadable<uint32_t>(m_seen);
        if (!mapping)
            return testing::AssertionFailure() << mapping.error().message;
        for (const uint32_t seen : mapping->Span())
            if (seen != word)
                return testing::AssertionFailure() << "saw " << seen << ", expected " << word;
        return testing::AssertionSuccess();
    }

    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_commands;
    Buffer m_source, m_target, m_seen;
};
} // namespace sedx::test
