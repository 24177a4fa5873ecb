// How many slots there are, and what is said where something cannot be had.
#include "gpu/bindless/bindless_test.h"

namespace sedx::test
{
namespace
{
using BindlessLimitsTest = BindlessTest;

// What the device says of sets that are updated after bind.
struct DescriptorLimits
{
    uint32_t perStage = 1'000'000;
    uint32_t perSet = 1'000'000;
    uint32_t resources = 1'000'000;
    uint32_t inPools = 1'000'000'000;
};
struct // of the device that is being made
{
    DescriptorLimits limits;
    DispatchHook below;
    PFN_vkGetPhysicalDeviceProperties2 next = nullptr;
} g_presented;

void VKAPI_CALL PresentedProperties(VkPhysicalDevice device, VkPhysicalDeviceProperties2* properties)
{
    g_presented.next(device, properties);
    for (auto* next = static_cast<VkBaseOutStructure*>(properties->pNext); next != nullptr; next = next->pNext)
    {
        if (next->sType != VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DESCRIPTOR_INDEXING_PROPERTIES)
            continue;
        auto& indexing = *reinterpret_cast<VkPhysicalDeviceDescriptorIndexingProperties*>(next);
        indexing.maxPerStageDescriptorUpdateAfterBindStorageBuffers = g_presented.limits.perStage;
        indexing.maxDescriptorSetUpdateAfterBindStorageBuffers = g_presented.limits.perSet;
        indexing.maxPerStageUpdateAfterBindResources = g_presented.limits.resources;
        indexing.maxUpdateAfterBindDescriptorsInAllPools = g_presented.limits.inPools;
    }
}

// Stands above the hook that `desc` has.
void Present(DeviceDesc& desc, const DescriptorLimits& limits)
{
    g_presented = {limits, desc.hook};
    desc.hook.wrapInstance = [](InstanceDispatch& table, VkInstance instance, void* user) {
        if (g_presented.below.wrapInstance != nullptr)
            g_presented.below.wrapInstance(table, instance, user);
        g_presented.next = std::exchange(table.GetPhysicalDeviceProperties2, &PresentedProperties);
    };
}

TEST_F(BindlessLimitsTest, DefaultsAreThoseOfTheDocumentation)
{
    static_assert(BindlessBufferSystem::MAX_BINDLESS_BUFFERS == 16'384);
    static_assert(BindlessBufferSystem::STORAGE_BUFFER_BINDING == 1);
    static_assert(BindlessBufferSystem::INVALID_RESOURCE_ID == UINT32_MAX);
    static_assert(BindlessBufferSystem::SlotOf(0x12345678) == 0x45678);
    const BindlessDesc desc;
    EXPECT_EQ(desc.slots, BindlessBufferSystem::MAX_BINDLESS_BUFFERS);
    EXPECT_EQ(desc.storageBinding, BindlessBufferSystem::STORAGE_BUFFER_BINDING);
    EXPECT_EQ(desc.tableBinding, 0u);
    Start();
    if (HasFatalFailure())
        return;
    const BindlessReport report = Bindless().GetReport();
    EXPECT_EQ(report.capacity, 16'384u) << "devices with descriptor indexing have room for 500,000 in all pools";
    EXPECT_GE(report.maxSlots, 16'384u);
    EXPECT_LE(report.maxSlots, 1u << 20);
    EXPECT_EQ(report.copies, 3u) << "one more than frames in flight";
}

TEST_F(BindlessLimitsTest, SlotsAreClampedToWhatTheDeviceHas)
{
    struct Case
    {
        const char* what;
        DescriptorLimits limits;
        uint32_t reserved;
        uint32_t expected; // slots; the table takes a descriptor, too
    };
    const Case cases[] = {
        {"storage buffers of a stage", {.perStage = 5'101}, 5'000, 100},
        {"storage buffers of a set", {.perSet = 5'101}, 5'000, 100},
        {"resources of a stage", {.resources = 5'101}, 5'000, 100},
        {"descriptors in all pools, for three copies", {.inPools = 600'000}, 600'000 - 1 - 302, 100},
    };
    for (const Case& each : cases)
    {
        SCOPED_TRACE(each.what);
        ASSERT_TRUE(MakeDevice([&](DeviceDesc& device) { Present(device, each.limits); }));
        BindlessDesc desc;
        desc.reservedDescriptors = each.reserved;
        StartOn(m_own->device, desc);
        if (HasFatalFailure())
            return;
        EXPECT_EQ(Bindless().GetReport().capacity, each.expected);
        EXPECT_EQ(Bindless().GetReport().maxSlots, each.expected);
        {
            const Buffer buffer = MakeValue(5);
            std::vector<uint32_t> ids;
            for (uint32_t i = 1; i + 2 < each.expected; ++i) // and the two lists
                ids.push_back(Bindless().RegisterBuffer(buffer));
            EXPECT_EQ(Read(ids), std::vector<uint32_t>(ids.size(), 5));
        }
        // What is in the way of the next device.
        m_commands->WaitIdle();
        m_reader.reset();
        m_commands.reset();
        m_system.reset();
        m_device = {};
    }
}

// GPU-assisted validation says 32 where a driver says 2^32 - 1: what every device has counts then.
TEST_F(BindlessLimitsTest, AllPoolsHoldAsMuchAsTheSpecificationGuarantees)
{
    ASSERT_TRUE(MakeDevice([](DeviceDesc& device) { Present(device, {.inPools = 32}); }));
    BindlessDesc desc;
    desc.slots = 64;
    StartOn(m_own->device, desc);
    if (HasFatalFailure())
        return;
    EXPECT_EQ(Bindless().GetReport().maxSlots, (500'000u - 1024 - 1) / 3);
}

TEST_F(BindlessLimitsTest, FewerThanTwoSlotsAreNone)
{
    const auto system = MakeSystem();
    BindlessDesc one;
    one.slots = 1;
    const auto& few = system->Modules().Emplace<BindlessBufferSystem>(*system, one, "few");
    EXPECT_TRUE(FailsWith(few.Status(), ErrorCode::InvalidArgument, "'few' was asked for 1 slots"));
    BindlessDesc end;
    end.maxSlots = 1;
    EXPECT_TRUE(FailsWith(system->Modules().Emplace<BindlessBufferSystem>(*system, end, "end").Status(),
                          ErrorCode::InvalidArgument, "the device has room for 1; slot 0 is never given out"));
    BindlessDesc reserved;
    reserved.reservedDescriptors = UINT32_MAX;
    EXPECT_TRUE(FailsWith(system->Modules().Emplace<BindlessBufferSystem>(*system, reserved, "reserved").Status(),
                          ErrorCode::InvalidArgument, "the device has room for 0"));
    BindlessDesc foreign;
    foreign.foreign.sets = {VkDescriptorSet{VK_NULL_HANDLE}}; // never looked at
    foreign.foreign.count = 1;
    EXPECT_TRUE(FailsWith(system->Modules().Emplace<BindlessBufferSystem>(*system, foreign, "foreign").Status(),
                          ErrorCode::InvalidArgument, "'foreign' was asked for 1 slots"));
    BindlessDesc two;
    two.slots = 2;
    two.maxSlots = 2;
    auto& works = system->Modules().Emplace<BindlessBufferSystem>(*system, two, "works");
    ASSERT_TRUE(Ok(works.Status()));
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU, "only"));
    EXPECT_TRUE(Ok(works.Register(buffer)));
    EXPECT_TRUE(FailsWith(works.Register(buffer), ErrorCode::LimitExceeded, "1 slots in all"));
}

TEST_F(BindlessLimitsTest, ForeignSetsAreAtMost32)
{
    const auto system = MakeSystem();
    BindlessDesc desc;
    desc.foreign.sets.resize(33); // never looked at
    desc.foreign.count = 16;
    EXPECT_TRUE(FailsWith(system->Modules().Emplace<BindlessBufferSystem>(*system, desc).Status(),
                          ErrorCode::InvalidArgument, "was given 33 foreign sets, 32 are possible"));
}

TEST_F(BindlessLimitsTest, OneMoreSystemThanPossibleIsRefused)
{
    const auto system = MakeSystem();
    BindlessDesc desc;
    desc.slots = 64;
    desc.maxSlots = 64;
    std::vector<std::unique_ptr<BindlessBufferSystem>> modules;
    const auto attach = [&]() -> BindlessBufferSystem& {
        modules.push_back(
            std::make_unique<BindlessBufferSystem>(*system, desc, fmt::format("bindless {}", modules.size())));
        modules.back()->OnAttach();
        return *modules.back();
    };
    for (uint32_t i = 0; i < kMaxBindlessSystems; ++i)
        ASSERT_TRUE(Ok(attach().Status()));
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU, "b"));
    BindlessBufferSystem& refused = attach();
    EXPECT_TRUE(FailsWith(refused.Status(), ErrorCode::LimitExceeded,
                          "'bindless 4': 4 bindless systems are attached to this buffer system already"));
    EXPECT_TRUE(m_log.Contains("'bindless 4' cannot be used"));
    EXPECT_TRUE(FailsWith(refused.Register(buffer), ErrorCode::WrongState, "4 bindless systems"));
    EXPECT_EQ(refused.FindResource(buffer), BindlessBufferSystem::INVALID_RESOURCE_ID);
    for (uint32_t i = 0; i < kMaxBindlessSystems; ++i)
        EXPECT_TRUE(Ok(modules[i]->Register(buffer))) << "the others go on";
    modules[1]->OnDetach();
    EXPECT_TRUE(Ok(attach().Status())) << "there is room again";
    EXPECT_TRUE(Ok(modules.back()->Register(buffer)));
    modules.clear();
}

TEST_F(BindlessLimitsTest, ABufferThatGetsNoSlotWhenItIsCreatedIsNamed)
{
    BindlessDesc desc;
    desc.slots = 3;
    desc.maxSlots = 3;
    desc.registerStorageBuffers = true;
    Start(desc);
    if (HasFatalFailure())
        return;
    std::vector<Buffer> buffers;
    for (const char* name : {"first", "second", "third"})
    {
        SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU, name));
        buffers.push_back(buffer);
    }
    EXPECT_EQ(Bindless().GetReport().registered, 2u);
    EXPECT_NE(Bindless().FindResource(buffers[1]), BindlessBufferSystem::INVALID_RESOURCE_ID);
    EXPECT_EQ(Bindless().FindResource(buffers[2]), BindlessBufferSystem::INVALID_RESOURCE_ID);
    EXPECT_TRUE(m_log.Contains("buffer 'third' was not registered: buffer 'third' (64 bytes) gets no slot"));
    EXPECT_EQ(m_log.Count(), 1u) << m_log.Text();
}

// Whichever calls fail while it is attached, from one on: it says what is missing, and all else works.
TEST_F(BindlessLimitsTest, WithoutMemoryForReportsShadersCannotReport)
{
    BindlessDesc desc;
    desc.slots = 64;
    desc.maxSlots = 64;
    desc.shaderChecks = true;
    desc.feedback = true;
    uint32_t withoutReports = 0;
    for (uint64_t n = 1;; ++n)
    {
        SCOPED_TRACE(n);
        ASSERT_LT(n, 1000u);
        const auto system = MakeSystem();
        const uint64_t before = Calls().InjectedFailures();
        m_log.Clear();
        Calls().FailCall(n, VK_ERROR_OUT_OF_DEVICE_MEMORY, true);
        auto& bindless = system->Modules().Emplace<BindlessBufferSystem>(*system, desc);
        Calls().StopFailing();
        if (Calls().InjectedFailures() == before)
            break;
        if (!bindless.Status())
        {
            EXPECT_TRUE(m_log.Contains("cannot be used")) << m_log.Text();
            continue;
        }
        if (!m_log.Contains("shaders cannot report all they should"))
        {
            // What is made without: names, and keeping memory coherent, of which the log speaks.
            EXPECT_TRUE(Calls().LastFailed() == "SetDebugUtilsObjectNameEXT" || m_log.Count() != 0)
                << Calls().LastFailed();
            continue;
        }
        ++withoutReports;
        SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU, "b"));
        SEDX_REQUIRE(const uint32_t id, bindless.Register(buffer));
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        EXPECT_NE(bindless.GetDescriptorSet(frame), VkDescriptorSet{VK_NULL_HANDLE});
        EXPECT_TRUE(Ok(system->AbandonFrame(frame)));
        EXPECT_TRUE(bindless.TakeFaults().empty());
        EXPECT_EQ(bindless.GetUsedFrame(id), 0u);
    }
    EXPECT_GT(withoutReports, 0u);
}
} // namespace
} // namespace sedx::test
