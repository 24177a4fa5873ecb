// Imported memory on devices that tests choose: limits, refusals, failing calls, the loss of the device.
#include "host_import_test.h"

#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::HasSubstr;

class HostImportDeviceTest : public testing::Test
{
  protected:
    bool Create(const MemoryLayout& layout)
    {
        m_own.Present(layout);
        if (!m_own.Create())
            return false;
        auto system = BufferSystem::Create(
            {.device = m_own.device, .stagingBlockBytes = 1 << 20, .profile = {.useStored = false}, .checked = true});
        if (!system)
        {
            ADD_FAILURE() << system.error().message;
            return false;
        }
        m_system = std::move(*system);
        return true;
    }
    void TearDown() override
    {
        m_system.reset();
        m_own.device = {};
        EXPECT_EQ(m_own.interceptor.Alive(), "");
        for (const std::string& violation : m_own.Violations())
            ADD_FAILURE() << "violation: " << violation;
        for (const std::string& message : m_own.validation.Take())
            ADD_FAILURE() << "validation: " << message;
    }
    UploadQueue& Uploads() { return m_system->Uploads(); }
    Interceptor& Calls() { return m_own.interceptor; }

    LogCapture m_log;
    TestDevice m_own;
    std::unique_ptr<BufferSystem> m_system;
};

// Discrete, but no buffer is longer than 4 MiB.
MemoryLayout ShortBuffers()
{
    MemoryLayout layout = MemoryLayout::Discrete();
    layout.device->limits["maxBufferSize"] = 4 << 20;
    return layout;
}

TEST_F(HostImportDeviceTest, LongBlockBecomesSeveralBuffers)
{
    ASSERT_TRUE(Create(ShortBuffers()));
    if (!CanImport(m_own.device))
        SEDX_SKIP("the device lacks VK_EXT_external_memory_host");
    constexpr uint64_t kBuffer = 4 << 20;
    Arena arena(2 * kBuffer + 5 * kPage, 11);
    SEDX_REQUIRE(const ImportedMemory memory, Uploads().Import(arena.Block()));
    ASSERT_TRUE(memory.IsImported()) << memory.Why();
    EXPECT_THAT(memory.Why(), HasSubstr("3 pieces"));
    // Over both seams.
    for (const uint64_t from : {kBuffer - 100, 2 * kBuffer - 5000})
    {
        SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(20'000, BufferUsage::Storage, MemoryType::GPU));
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 3, {memory, from, 19'000})));
        EXPECT_TRUE(SameBytes(arena.Part(from, 19'000), ReadBack(*m_system, {buffer, 3, 19'000})));
    }
}

TEST_F(HostImportDeviceTest, TakesNothingFromTheHeaps)
{
    ASSERT_TRUE(Create(MemoryLayout::Discrete()));
    if (!CanImport(m_own.device))
        SEDX_SKIP("the device lacks VK_EXT_external_memory_host");
    const uint64_t used = m_own.simulator->HeapUsage(0) + m_own.simulator->HeapUsage(1);
    const uint32_t count = m_own.simulator->AllocationCount();
    const uint64_t committed = m_system->GetReport().committedBytes;
    Arena arena(1 << 20);
    SEDX_REQUIRE(ImportedMemory memory, Uploads().Import(arena.Block()));
    ASSERT_TRUE(memory.IsImported()) << memory.Why();
    EXPECT_EQ(m_own.simulator->HeapUsage(0) + m_own.simulator->HeapUsage(1), used);
    EXPECT_EQ(m_own.simulator->AllocationCount(), count + 1);
    EXPECT_EQ(m_system->GetReport().committedBytes, committed);
    ASSERT_TRUE(Ok(memory.Release()));
    EXPECT_EQ(m_own.simulator->HeapUsage(0) + m_own.simulator->HeapUsage(1), used);
    EXPECT_EQ(m_own.simulator->AllocationCount(), count);
}

// Each call that may fail, for the first and for the last of three pieces.
TEST_F(HostImportDeviceTest, EveryFailureFallsBackAndLeavesNothingBehind)
{
    ASSERT_TRUE(Create(ShortBuffers()));
    if (!CanImport(m_own.device))
        SEDX_SKIP("the device lacks VK_EXT_external_memory_host");
    Arena arena((8 << 20) + 3 * kPage);
    struct Failure
    {
        Fn function;
        VkResult result;
    };
    uint64_t refused = 0;
    for (const Failure& failure : {Failure{Fn::GetMemoryHostPointerPropertiesEXT, VK_ERROR_INVALID_EXTERNAL_HANDLE},
                                   Failure{Fn::CreateBuffer, VK_ERROR_OUT_OF_HOST_MEMORY},
                                   Failure{Fn::AllocateMemory, VK_ERROR_INVALID_EXTERNAL_HANDLE},
                                   Failure{Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY},
                                   Failure{Fn::BindBufferMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY}})
    {
        for (const uint64_t n : {1u, 3u})
        {
            SCOPED_TRACE(std::string(FunctionName(failure.function)) + " " + std::to_string(n));
            const std::string alive = Calls().Alive();
            Calls().FailFunction(failure.function, failure.result, n);
            SEDX_REQUIRE(const ImportedMemory memory, Uploads().Import(arena.Block()));
            Calls().StopFailing();
            EXPECT_FALSE(memory.IsImported());
            EXPECT_THAT(memory.Why(), HasSubstr(ToString(failure.result)));
            EXPECT_TRUE(m_log.Contains(memory.Why()));
            EXPECT_EQ(Calls().Alive(), alive);
            EXPECT_EQ(m_system->GetReport().refusedImports, ++refused);
            SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(kPage, BufferUsage::Storage, MemoryType::GPU));
            ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, {memory, 55, kPage})));
            EXPECT_TRUE(SameBytes(arena.Part(55, kPage), ReadBack(*m_system, buffer)));
        }
    }
    EXPECT_EQ(Calls().InjectedFailures(), refused);
    EXPECT_EQ(m_system->GetReport().importedBytes, 0u);
    SEDX_REQUIRE(const ImportedMemory memory, Uploads().Import(arena.Block()));
    EXPECT_TRUE(memory.IsImported()) << memory.Why();
}

TEST_F(HostImportDeviceTest, MemoryThatMustBeFlushedButCannotFallsBack)
{
    ASSERT_TRUE(Create(MemoryLayout::NonCoherent()));
    if (!CanImport(m_own.device))
        SEDX_SKIP("the device lacks VK_EXT_external_memory_host");
    Arena arena(4 * kPage);
    {
        Calls().FailFunction(Fn::MapMemory, VK_ERROR_MEMORY_MAP_FAILED);
        SEDX_REQUIRE(const ImportedMemory memory, Uploads().Import(arena.Block()));
        EXPECT_FALSE(memory.IsImported());
        ExpectArrives(*m_system, memory);
    }
    SEDX_REQUIRE(const ImportedMemory memory, Uploads().Import(arena.Block()));
    ASSERT_TRUE(memory.IsImported()) << memory.Why();
    SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(kPage, BufferUsage::Storage, MemoryType::GPU));
    Calls().FailFunction(Fn::FlushMappedMemoryRanges, VK_ERROR_OUT_OF_HOST_MEMORY);
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, {memory, 0, kPage})));
    EXPECT_EQ(m_system->GetReport().importedBytes, 0u) << "that write went by staging";
    EXPECT_TRUE(SameBytes(arena.Part(0, kPage), ReadBack(*m_system, buffer)));
    ExpectArrives(*m_system, memory);
}

TEST_F(HostImportDeviceTest, DriverThatRefusesIsNoError)
{
    ASSERT_TRUE(Create(MemoryLayout::Discrete()));
    if (!CanImport(m_own.device))
        SEDX_SKIP("the device lacks VK_EXT_external_memory_host");
    Arena arena(4 * kPage);
    m_own.simulator->RefuseHostImports(true);
    SEDX_REQUIRE(const ImportedMemory refused, Uploads().Import(arena.Block()));
    EXPECT_FALSE(refused.IsImported());
    EXPECT_THAT(refused.Why(), HasSubstr("VK_ERROR_INVALID_EXTERNAL_HANDLE"));
    ExpectArrives(*m_system, refused);
    m_own.simulator->RefuseHostImports(false);
    SEDX_REQUIRE(const ImportedMemory taken, Uploads().Import(arena.Block()));
    EXPECT_TRUE(taken.IsImported()) << taken.Why();
    ExpectArrives(*m_system, taken);
}

TEST_F(HostImportDeviceTest, LostDevice)
{
    ASSERT_TRUE(Create(MemoryLayout::Discrete()));
    Arena arena(4 * kPage);
    SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(4 * kPage, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(ImportedMemory released, Uploads().Import(arena.Block()));
    SEDX_REQUIRE(ImportedMemory dropped, Uploads().Import(arena.Block()));
    {
        HeldTimelines held(Calls());
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, released)));
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, dropped)));
        ASSERT_TRUE(Ok(Uploads().Submit()));
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, dropped))); // collected
        Calls().LoseDevice();
        EXPECT_TRUE(Ok(released.Release()));
        EXPECT_TRUE(FailsWith(Uploads().Submit(), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(Uploads().Import(arena.Block()), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 0, dropped), ErrorCode::DeviceLost));
        dropped = {};
    }
    arena.Overwrite();
}
} // namespace
} // namespace sedx::test
