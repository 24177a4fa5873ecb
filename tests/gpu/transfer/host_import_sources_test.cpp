// Where imported memory comes from, and devices that an engine made: mapped files, with and without the extension.
#include "host_import_test.h"
#include "support/engine_device.h"
#include "support/test_folder.h"

#include <gmock/gmock.h>

#if defined(__unix__) || defined(__APPLE__)
#    include <fcntl.h>
#    include <sys/mman.h>
#    include <unistd.h>
#endif

namespace sedx::test
{
namespace
{
using testing::HasSubstr;

#if defined(__unix__) || defined(__APPLE__)
class MappedFileTest : public GpuTest
{};

// Some drivers pin pages that can only be read, others refuse: the bytes arrive either way.
TEST_F(MappedFileTest, ReadOnlyFileArrives)
{
    const auto system = MakeSystem();
    ASSERT_TRUE(system);
    const TestFolder folder;
    const auto path = folder.Path() / "asset";
    const Bytes contents = Pattern(1, 100'003);
    WriteFile(path, {reinterpret_cast<const char*>(contents.data()), contents.size()});
    const int file = open(path.c_str(), O_RDONLY);
    ASSERT_GE(file, 0);
    void* const mapped = mmap(nullptr, contents.size(), PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    ASSERT_NE(mapped, MAP_FAILED);
    {
        // Pages of a mapped file are whole, also the last one.
        SEDX_REQUIRE(
            const ImportedMemory memory,
            system->Uploads().Import({static_cast<const std::byte*>(mapped), contents.size()}, {.wholePages = true}));
        ExpectArrives(*system, memory);
        const Report report = system->GetReport();
        EXPECT_EQ(report.importedBytes, memory.IsImported() ? contents.size() : 0u);
        EXPECT_EQ(report.imports + report.refusedImports, 1u);
    }
    EXPECT_EQ(munmap(mapped, contents.size()), 0);
}
#endif

class AdoptedImportTest : public testing::Test
{
  protected:
    // Imports and writes a block on a device that was made with these extensions.
    void Run(std::vector<const char*> extensions, bool expected)
    {
        const auto engine = EngineDevice::Make({.extensions = std::move(extensions)});
        ASSERT_TRUE(engine);
        SEDX_REQUIRE(const Device device, Device::Adopt(engine->Describe()));
        SEDX_REQUIRE(const auto system, BufferSystem::Create({.device = device, .checked = true}));
        const Bytes block = Pattern(1, 50'000);
        SEDX_REQUIRE(const ImportedMemory memory, system->Uploads().Import(block));
        EXPECT_EQ(memory.IsImported(), expected) << memory.Why();
        if (!expected)
        {
            EXPECT_THAT(memory.Why(), HasSubstr("VK_EXT_external_memory_host"));
        }
        ExpectArrives(*system, memory);
    }
    LogCapture m_log;
};

TEST_F(AdoptedImportTest, WithoutTheExtensionByStaging) { Run({}, false); }

TEST_F(AdoptedImportTest, WithTheExtensionThatTheEngineEnabled)
{
    TestDevice own;
    ASSERT_TRUE(own.Create(false));
    if (!own.device.IsExtensionEnabled(VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME))
        SEDX_SKIP("the device lacks VK_EXT_external_memory_host");
    Run({VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME}, true);
}
} // namespace
} // namespace sedx::test
