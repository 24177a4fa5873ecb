// What the tests of the buffer types have in common.
#pragma once

#include "support/gpu_test.h"
#include "support/test_pipeline.h"

namespace sedx::test
{
class BufferTypesTest : public GpuTest
{
  protected:
    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = MakeSystem();
        ASSERT_TRUE(m_system);
        m_commands.emplace(TheDevice());
    }
    void TearDown() override
    {
        m_commands.reset();
        m_system.reset();
        GpuTest::TearDown();
    }
    // Dispatches `groups` workgroups in a frame of its own. `prepare` runs before, with the frame.
    void Dispatch(TestPipeline& pipeline, uint32_t groups, const TestCommands::Record& prepare)
    {
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            prepare(frame, cmd);
            m_commands->Barrier(cmd);
            pipeline.Bind(cmd);
            m_commands->Functions().CmdDispatch(cmd, groups, 1, 1);
            m_commands->Barrier(cmd);
        });
        m_commands->WaitIdle();
    }

    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_commands;
};

// The elements of a range, through a read-back that is waited for.
template <BufferElement T>
std::vector<T> ReadElements(BufferSystem& system, const BufferView<T>& view)
{
    const Bytes bytes = ReadBack(system, view);
    std::vector<T> elements(bytes.size() / sizeof(T));
    std::memcpy(elements.data(), bytes.data(), elements.size() * sizeof(T));
    return elements;
}
} // namespace sedx::test
