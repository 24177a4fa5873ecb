#include "support/gpu_test.h"

#include <cstdlib>
#include <cstring>
#include <map>

namespace sedx::test
{
namespace
{
std::map<std::string, std::unique_ptr<TestDevice>>& SharedDevices()
{
    static std::map<std::string, std::unique_ptr<TestDevice>> devices;
    return devices;
}

#if defined(__APPLE__)
constexpr const char* kCacheVariable = "HOME";
#elif !defined(_WIN32)
constexpr const char* kCacheVariable = "XDG_CACHE_HOME";
#endif

// Destroys the shared devices when all tests have run, and looks at what they leave behind.
class SharedDeviceEnvironment : public testing::Environment
{
  public:
    // Profiles that the user's own cache folder may hold would change what tests see.
    void SetUp() override
    {
#if defined(_WIN32)
        _putenv_s("LOCALAPPDATA", testing::TempDir().c_str());
#else
        setenv(kCacheVariable, testing::TempDir().c_str(), 1);
#endif
    }
    void TearDown() override
    {
        for (auto& [name, shared] : SharedDevices())
        {
            shared->device = {};
            EXPECT_EQ(shared->interceptor.Alive(), "") << "left behind by the device of layout " << name;
            for (const std::string& message : shared->validation.Take())
                ADD_FAILURE() << "validation: " << message;
        }
        SharedDevices().clear();
    }
};
[[maybe_unused]] const testing::Environment* const kEnvironment =
    testing::AddGlobalTestEnvironment(new SharedDeviceEnvironment);
} // namespace

std::vector<std::string> TestDevice::Violations() const
{
    std::vector<std::string> all = interceptor.Violations();
    if (simulator)
    {
        for (std::string& violation : simulator->Violations())
            all.push_back(std::move(violation));
    }
    return all;
}

DeviceDesc TestDevice::Describe(bool validate)
{
    DeviceDesc desc;
    if (simulator)
        desc.getInstanceProcAddr = simulator->GetInstanceProcAddr();
    desc.applicationName = "sedx tests";
    if (const char* wish = std::getenv("SEDX_TEST_DEVICE"))
        desc.device = wish;
    desc.validation = validate;
    desc.onValidationMessage = [this](const ValidationMessage& message) { validation.Add(message); };
    desc.hook = interceptor.Hook();
    return desc;
}

bool TestDevice::Create(bool validate)
{
    auto made = Device::Create(Describe(validate));
    if (!made)
    {
        ADD_FAILURE() << "no device for the tests: " << made.error().message;
        return false;
    }
    device = *made;
    return true;
}

TestDevice& SharedDevice(const MemoryLayout& layout)
{
    std::unique_ptr<TestDevice>& shared = SharedDevices()[layout.name];
    if (!shared)
    {
        shared = std::make_unique<TestDevice>();
        shared->Present(layout);
        shared->Create();
    }
    return *shared;
}

void GpuTest::SetUp()
{
    m_shared = &SharedDevice(Layout());
    ASSERT_TRUE(m_shared->device) << "no device";
    ASSERT_FALSE(m_shared->device.IsLost()) << "an earlier test lost the shared device";
    m_shared->validation.Take();
    m_shared->interceptor.TakeCopies();
    m_shared->interceptor.TakeFlushes();
    m_shared->interceptor.TakeSubmissions();
    m_aliveBefore = m_shared->interceptor.Alive();
    m_countsBefore = m_shared->device.Validation();
    m_waitsBefore = m_shared->interceptor.Calls(Fn::WaitSemaphores);
    m_violationsBefore = m_shared->Violations().size();
}

void GpuTest::TearDown()
{
    if (!m_shared || !m_shared->device)
        return;
    Interceptor& interceptor = m_shared->interceptor;
    interceptor.StopFailing();
    interceptor.onWait = nullptr;
    interceptor.onSubmit = nullptr;
    interceptor.onBudget = nullptr;
    EXPECT_EQ(interceptor.Alive(), m_aliveBefore) << "Vulkan objects were left behind";
    for (const std::string& message : m_shared->validation.Take())
        ADD_FAILURE() << "validation: " << message;
    const ValidationCounts counts = m_shared->device.Validation();
    EXPECT_EQ(counts.errors, m_countsBefore.errors);
    EXPECT_EQ(counts.warnings, m_countsBefore.warnings);
    const auto violations = m_shared->Violations();
    for (size_t i = m_violationsBefore; i < violations.size(); ++i)
        ADD_FAILURE() << "violation: " << violations[i];
    if (HasFailure() && m_log.Count() != 0)
        std::printf("the library's log:\n%s", m_log.Text().c_str());
}

std::unique_ptr<BufferSystem> GpuTest::MakeSystem(BufferSystemDesc desc)
{
    desc.device = m_shared->device;
    desc.checked = true;
    desc.profile.useStored = desc.profile.useStored && !desc.profile.folder.empty(); // a test names the folder itself
    // Checked systems give each buffer a VkBuffer of its own; SEDX_TEST_SHARING=shared runs the same tests as users do.
    const char* sharing = std::getenv("SEDX_TEST_SHARING");
    if (desc.sharing == BufferSharing::Auto && sharing != nullptr && std::string_view(sharing) == "shared")
        desc.sharing = BufferSharing::Shared;
    // SEDX_TEST_TRANSFER_QUEUE=always sends whatever may go there to a queue for transfers, if the device has one.
    const char* queue = std::getenv("SEDX_TEST_TRANSFER_QUEUE");
    if (desc.transferQueue == TransferQueue::Auto && queue != nullptr && std::string_view(queue) == "always")
        desc.transferQueue = TransferQueue::Always;
    auto system = BufferSystem::Create(desc);
    if (!system)
    {
        ADD_FAILURE() << system.error().message;
        return nullptr;
    }
    return std::move(*system);
}

std::vector<std::string> GpuTest::TakeSimulated()
{
    auto found = m_shared->simulator ? m_shared->simulator->TakeViolations() : std::vector<std::string>();
    m_violationsBefore = m_shared->Violations().size();
    return found;
}

uint64_t GpuTest::NewWaits()
{
    const uint64_t now = m_shared->interceptor.Calls(Fn::WaitSemaphores);
    return now - std::exchange(m_waitsBefore, now);
}

std::string LayoutName(const testing::TestParamInfo<MemoryLayout>& info) { return info.param.name; }

Bytes ReadBack(BufferSystem& system, const BufferView<>& view)
{
    const auto ticket = system.Readbacks().Request(view);
    if (!ticket)
    {
        ADD_FAILURE() << "Request: " << ticket.error().message;
        return {};
    }
    const auto bytes = ticket->Wait();
    if (!bytes)
    {
        ADD_FAILURE() << "Wait: " << bytes.error().message;
        return {};
    }
    return {bytes->begin(), bytes->end()};
}

Bytes ReadInFrame(BufferSystem& system, TestCommands& commands, const BufferView<>& view)
{
    const uint64_t size = view.bytes == BufferView<>::kWhole ? view.buffer.GetSize() - view.offset : view.bytes;
    const auto target = system.CreateBuffer(size, BufferUsage::TransferDst, MemoryType::Readback, "test read");
    if (!target)
    {
        ADD_FAILURE() << target.error().message;
        return {};
    }
    commands.RunFrame(system, [&](const Frame& frame, VkCommandBuffer cmd) {
        const ResolvedBuffer from = frame.Resolve(view);
        const ResolvedBuffer to = frame.Resolve(*target);
        EXPECT_TRUE(from);
        EXPECT_TRUE(to);
        commands.Barrier(cmd);
        commands.Copy(cmd, from.buffer, from.offset, to.buffer, to.offset, size);
        commands.Barrier(cmd);
    });
    commands.WaitIdle();
    system.Poll();
    const auto mapping = system.MapReadable<std::byte>(*target);
    if (!mapping)
    {
        ADD_FAILURE() << mapping.error().message;
        return {};
    }
    return {mapping->Span().begin(), mapping->Span().end()};
}
} // namespace sedx::test
