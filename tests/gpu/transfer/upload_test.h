// What the tests of UploadQueue share.
#pragma once

#include "support/gpu_test.h"

namespace sedx::test
{
class UploadTest : public GpuLayoutTest
{
  protected:
    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = MakeSystem({.framesInFlight = 4});
        ASSERT_TRUE(m_system);
        m_commands.emplace(TheDevice());
    }
    void TearDown() override
    {
        m_commands.reset();
        m_system.reset();
        GpuTest::TearDown();
    }

    UploadQueue& Uploads() { return m_system->Uploads(); }
    Result<Buffer> Make(uint64_t bytes, MemoryType memory = MemoryType::GPU, const char* name = "destination")
    {
        return m_system->CreateBuffer(bytes, BufferUsage::Storage, memory, name);
    }

    // Runs `write` while the buffer is in use by an open frame, so that the bytes need a copy.
    template <class F>
    void WhileInFlight(const Buffer& buffer, F&& write)
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        ASSERT_TRUE(static_cast<bool>(frame.Resolve(buffer)));
        write();
        m_commands->Submit(m_commands->Begin(), frame);
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    }

    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_commands;
};
} // namespace sedx::test
