// What the tests of background writes share.
#pragma once

#include "support/gpu_test.h"

#include <algorithm>

namespace sedx::test
{
// Memory that cannot be mapped: every write goes through staging.
class BackgroundWriteTest : public GpuTest
{
  public:
    static constexpr uint64_t kCap = 10'000;
    static constexpr uint64_t kBytes = 25'000; // three frames
    static constexpr uint64_t kBlock = 64 << 10;
    static constexpr uint64_t kLimit = 4 * kBlock;
    static inline const WriteOptions kLater{.priority = UploadPriority::Background};
    static inline const WriteOptions kLaterKept{.priority = UploadPriority::Background,
                                                .source = SourceLifetime::KeptUntilComplete};

  protected:
    MemoryLayout Layout() const override { return MemoryLayout::Discrete(); }
    virtual SubmitMode Mode() const { return SubmitMode::Own; }
    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = MakeSystem({.framesInFlight = 2,
                               .submitMode = Mode(),
                               .stagingBlockBytes = kBlock,
                               .stagingLimitBytes = kLimit,
                               .backgroundBytesPerFrame = kCap});
        ASSERT_TRUE(m_system);
        m_commands.emplace(TheDevice());
        SEDX_REQUIRE(m_buffer, Make(kBytes));
        ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 0, Filled(0, kBytes))));
        Flush();
        m_commands->WaitIdle();
        m_system->Poll();
    }
    void TearDown() override
    {
        m_buffer = {};
        m_commands.reset();
        m_system.reset();
        GpuTest::TearDown();
    }

    UploadQueue& Uploads() { return m_system->Uploads(); }
    Result<Buffer> Make(uint64_t bytes, MemoryType memory = MemoryType::GPU)
    {
        return m_system->CreateBuffer(bytes, BufferUsage::Storage, memory, "destination");
    }
    Report Now() { return m_system->GetReport(); }
    // Ends a frame, and with it sends what is due.
    void Flush()
    {
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            if (Mode() == SubmitMode::Recorded)
            {
                EXPECT_TRUE(Ok(Uploads().CmdFlush(frame, cmd)));
            }
        });
    }
    // What a frame finds in the buffer; its end sends the next piece.
    Bytes Seen() { return ReadInFrame(*m_system, *m_commands, m_buffer); }
    static Bytes Over(Bytes bytes, uint64_t offset, std::span<const std::byte> with)
    {
        std::ranges::copy(with, bytes.begin() + static_cast<ptrdiff_t>(offset));
        return bytes;
    }
    static std::span<const std::byte> First(const Bytes& bytes, size_t count) { return std::span(bytes).first(count); }

    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_commands;
    Buffer m_buffer;
};
} // namespace sedx::test
