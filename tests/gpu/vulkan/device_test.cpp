// Device::Create: choosing a device, validation, extensions, features, and errors that say what is wrong.
#include "support/gpu_test.h"

#include <atomic>
#include <cstring>
#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::HasSubstr;

class DeviceTest : public GpuTest
{};

// Finds a structure in a pNext chain.
template <class T>
const T* FindInChain(const void* chain, VkStructureType type)
{
    for (auto* s = static_cast<const VkBaseInStructure*>(chain); s; s = s->pNext)
    {
        if (s->sType == type)
            return reinterpret_cast<const T*>(s);
    }
    return nullptr;
}

// Which of the three required features a chain enables, whatever its style.
struct Enabled
{
    bool timeline = false;
    bool address = false;
    bool sync2 = false;
    bool drawIndirectCount = false;
    bool wideLines = false;

    explicit Enabled(const VkDeviceCreateInfo& info)
    {
        const auto* v12 = FindInChain<VkPhysicalDeviceVulkan12Features>(
            info.pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES);
        const auto* v13 = FindInChain<VkPhysicalDeviceVulkan13Features>(
            info.pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES);
        const auto* t = FindInChain<VkPhysicalDeviceTimelineSemaphoreFeatures>(
            info.pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES);
        const auto* a = FindInChain<VkPhysicalDeviceBufferDeviceAddressFeatures>(
            info.pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES);
        const auto* s = FindInChain<VkPhysicalDeviceSynchronization2Features>(
            info.pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES);
        timeline = (v12 && v12->timelineSemaphore) || (t && t->timelineSemaphore);
        address = (v12 && v12->bufferDeviceAddress) || (a && a->bufferDeviceAddress);
        sync2 = (v13 && v13->synchronization2) || (s && s->synchronization2);
        drawIndirectCount = v12 && v12->drawIndirectCount;
        const auto* core =
            FindInChain<VkPhysicalDeviceFeatures2>(info.pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2);
        const VkPhysicalDeviceFeatures* plain = core ? &core->features : info.pEnabledFeatures;
        wideLines = plain && plain->wideLines;
    }
};

TEST_F(DeviceTest, TellsWhatItIs)
{
    const Device& device = TheDevice();
    EXPECT_TRUE(static_cast<bool>(device));
    EXPECT_FALSE(device.IsAdopted());
    EXPECT_FALSE(device.IsLost());
    EXPECT_FALSE(device.Name().empty());
    EXPECT_NE(device.GetInstanceProcAddr(), nullptr);
    EXPECT_NE(device.Instance(), nullptr);
    EXPECT_NE(device.PhysicalDevice(), nullptr);
    EXPECT_NE(device.Handle(), nullptr);
    EXPECT_THAT(device.Name(), HasSubstr(device.Properties().deviceName));
    EXPECT_GE(device.Properties().apiVersion, VK_API_VERSION_1_3);
    EXPECT_GE(device.MemoryProperties().memoryTypeCount, 1u);
    EXPECT_NE(device.Functions().QueueSubmit2, nullptr);
    EXPECT_NE(device.InstanceFunctions().GetDeviceProcAddr, nullptr);
    EXPECT_FALSE(device.IsExtensionEnabled("VK_EXT_does_not_exist"));

    ASSERT_FALSE(device.Queues().empty());
    ASSERT_LE(device.Queues().size(), kMaxQueues);
    for (const QueueInfo& queue : device.Queues())
    {
        EXPECT_NE(queue.queue, nullptr);
        EXPECT_NE(queue.flags, 0u);
        // 0 means whole images only: allowed for queues that do nothing but transfer.
        if ((queue.flags & (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT)) != 0)
        {
            EXPECT_EQ(queue.imageGranularity.width, 1u);
        }
    }
}

TEST_F(DeviceTest, EmptyDeviceIsFalse)
{
    const Device empty;
    EXPECT_FALSE(static_cast<bool>(empty));
}

TEST_F(DeviceTest, CopiesShareOneDevice)
{
    TestDevice own;
    ASSERT_TRUE(own.Create());
    {
        const Device copy = own.device;
        EXPECT_EQ(copy.Handle(), own.device.Handle());
    }
    EXPECT_EQ(own.interceptor.Calls(Fn::DestroyDevice), 0u);
    Device last = own.device;
    own.device = {};
    EXPECT_EQ(own.interceptor.Calls(Fn::DestroyDevice), 0u);
    last = {};
    EXPECT_EQ(own.interceptor.Calls(Fn::DestroyDevice), 1u);
    EXPECT_EQ(own.interceptor.Calls(Fn::DestroyInstance), 1u);
    EXPECT_EQ(own.interceptor.Alive(), "");
}

TEST_F(DeviceTest, SystemKeepsItsDeviceAlive)
{
    TestDevice own;
    ASSERT_TRUE(own.Create());
    SEDX_REQUIRE(auto system, BufferSystem::Create({.device = own.device}));
    own.device = {};
    EXPECT_EQ(own.interceptor.Calls(Fn::DestroyDevice), 0u);
    EXPECT_TRUE(Ok(system->CreateBuffer(64, BufferUsage::Vertex, MemoryType::GPU)));
    system.reset();
    EXPECT_EQ(own.interceptor.Calls(Fn::DestroyDevice), 1u);
    EXPECT_EQ(own.interceptor.Alive(), "");
}

TEST_F(DeviceTest, TwoDevicesInOneProcess)
{
    TestDevice first, second;
    ASSERT_TRUE(first.Create());
    ASSERT_TRUE(second.Create());
    EXPECT_NE(first.device.Handle(), second.device.Handle());
    SEDX_REQUIRE(auto one, BufferSystem::Create({.device = first.device}));
    SEDX_REQUIRE(auto two, BufferSystem::Create({.device = second.device}));
    const Bytes a = Pattern(1, 100), b = Pattern(2, 100);
    SEDX_REQUIRE(Buffer bufferA, one->CreateBuffer(100, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(Buffer bufferB, two->CreateBuffer(100, BufferUsage::Storage, MemoryType::GPU));
    ASSERT_TRUE(Ok(one->Uploads().Write(bufferA, 0, a)));
    ASSERT_TRUE(Ok(two->Uploads().Write(bufferB, 0, b)));
    EXPECT_TRUE(SameBytes(a, ReadBack(*one, bufferA)));
    EXPECT_TRUE(SameBytes(b, ReadBack(*two, bufferB)));
}

TEST_F(DeviceTest, PickedByIndex)
{
    const auto made = Device::Create({.device = "0"});
    ASSERT_TRUE(Ok(made));
    EXPECT_FALSE(made->Name().empty());
}

TEST_F(DeviceTest, PickedByPartOfTheNameInAnyCase)
{
    std::string part = TheDevice().Properties().deviceName;
    part = part.substr(0, 6);
    for (char& c : part)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    const auto made = Device::Create({.device = part, .getInstanceProcAddr = TheDevice().GetInstanceProcAddr()});
    ASSERT_TRUE(Ok(made));
    for (char& c : part)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto again = Device::Create({.device = part, .getInstanceProcAddr = TheDevice().GetInstanceProcAddr()});
    ASSERT_TRUE(Ok(again));
    EXPECT_EQ(made->Name(), again->Name());
}

TEST_F(DeviceTest, UnknownNameIsNamedInTheError)
{
    const auto made = Device::Create({.device = "Voodoo Banshee"});
    EXPECT_TRUE(FailsWith(made, ErrorCode::NoDevice, "Voodoo Banshee"));
}

TEST_F(DeviceTest, UnknownIndexIsNamedInTheError)
{
    const auto made = Device::Create({.device = "4711"});
    EXPECT_TRUE(FailsWith(made, ErrorCode::NoDevice, "4711"));
}

TEST_F(DeviceTest, DriverWithoutDevicesGivesNoDevice)
{
    TestDevice own;
    own.interceptor.hideDevices = true;
    const auto made = Device::Create(own.Describe());
    EXPECT_TRUE(FailsWith(made, ErrorCode::NoDevice));
    EXPECT_EQ(own.interceptor.Alive(), "");
    EXPECT_EQ(own.interceptor.Calls(Fn::DestroyInstance), 1u);
}

TEST_F(DeviceTest, EngineWithoutALoaderIsAnError)
{
    const PFN_vkGetInstanceProcAddr nothing = [](VkInstance, const char*) -> PFN_vkVoidFunction { return nullptr; };
    const auto made = Device::Create({.getInstanceProcAddr = nothing});
    ASSERT_FALSE(made);
    EXPECT_FALSE(made.error().message.empty());
}

TEST_F(DeviceTest, GivenLoaderIsUsed)
{
    static std::atomic<uint32_t> questions{0};
    questions = 0;
    const PFN_vkGetInstanceProcAddr counting = [](VkInstance instance, const char* name) -> PFN_vkVoidFunction {
        ++questions;
        return LoaderEntry()(instance, name);
    };
    const auto made = Device::Create({.getInstanceProcAddr = counting});
    ASSERT_TRUE(Ok(made));
    EXPECT_GT(questions.load(), 0u);
    EXPECT_EQ(made->GetInstanceProcAddr(), counting);
}

TEST_F(DeviceTest, FailingInstanceIsAnError)
{
    const PFN_vkGetInstanceProcAddr failing = [](VkInstance instance, const char* name) -> PFN_vkVoidFunction {
        if (std::strcmp(name, "vkCreateInstance") == 0)
        {
            const PFN_vkCreateInstance create = [](const VkInstanceCreateInfo*, const VkAllocationCallbacks*,
                                                   VkInstance*) -> VkResult { return VK_ERROR_OUT_OF_HOST_MEMORY; };
            return reinterpret_cast<PFN_vkVoidFunction>(create);
        }
        return LoaderEntry()(instance, name);
    };
    const auto made = Device::Create({.getInstanceProcAddr = failing});
    EXPECT_TRUE(FailsWith(made, ErrorCode::OutOfHostMemory));
}

TEST_F(DeviceTest, MissingExtensionIsNamedInTheError)
{
    const auto made = Device::Create({.extensions = {"VK_EXT_does_not_exist"}});
    EXPECT_TRUE(FailsWith(made, ErrorCode::MissingFeature, "VK_EXT_does_not_exist"));
}

TEST_F(DeviceTest, WantedExtensionIsEnabled)
{
    const char* wanted = VK_KHR_PUSH_DESCRIPTOR_EXTENSION_NAME;
    if (!HasDeviceExtension(TheDevice(), wanted))
        SEDX_SKIP(std::string("the device lacks ") + wanted);
    TestDevice own;
    DeviceDesc desc = own.Describe();
    desc.extensions = {wanted};
    SEDX_REQUIRE(own.device, Device::Create(desc));
    EXPECT_TRUE(own.device.IsExtensionEnabled(wanted));
    EXPECT_TRUE(own.device.IsExtensionEnabled(std::string(wanted).c_str())); // compared as text
    EXPECT_TRUE(own.validation.Take().empty());
}

TEST_F(DeviceTest, ApplicationsFeaturesAreKeptAndOursAdded)
{
    VkPhysicalDeviceVulkan12Features features12{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                                .drawIndirectCount = VK_TRUE};
    VkPhysicalDeviceFeatures2 features{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &features12};
    // Either the whole chain, or only what would follow VkPhysicalDeviceFeatures2.
    for (void* chain : {static_cast<void*>(&features), static_cast<void*>(&features12)})
    {
        TestDevice own;
        std::optional<Enabled> enabled;
        own.interceptor.onCreateDevice = [&](const VkDeviceCreateInfo& info) { enabled.emplace(info); };
        DeviceDesc desc = own.Describe();
        desc.featureChain = chain;
        SEDX_REQUIRE(own.device, Device::Create(desc));
        ASSERT_TRUE(enabled);
        EXPECT_TRUE(enabled->timeline && enabled->address && enabled->sync2);
        EXPECT_TRUE(enabled->drawIndirectCount);
        EXPECT_THAT(own.validation.Take(), testing::IsEmpty());
    }
}

TEST_F(DeviceTest, SingleFeatureStructuresAreRespected)
{
    VkPhysicalDeviceSynchronization2Features sync2{.sType =
                                                       VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES};
    VkPhysicalDeviceTimelineSemaphoreFeatures timeline{
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES, .pNext = &sync2};
    TestDevice own;
    std::optional<Enabled> enabled;
    own.interceptor.onCreateDevice = [&](const VkDeviceCreateInfo& info) { enabled.emplace(info); };
    DeviceDesc desc = own.Describe();
    desc.featureChain = &timeline;
    SEDX_REQUIRE(own.device, Device::Create(desc));
    ASSERT_TRUE(enabled);
    EXPECT_TRUE(enabled->timeline && enabled->address && enabled->sync2);
    EXPECT_THAT(own.validation.Take(), testing::IsEmpty()); // mixing the styles would be reported
}

TEST_F(DeviceTest, MissingRequiredFeatureIsNamedWithTheDevice)
{
    TestDevice own;
    own.interceptor.onFeatures = [](VkPhysicalDeviceFeatures2& features) {
        for (auto* s = static_cast<VkBaseOutStructure*>(features.pNext); s; s = s->pNext)
        {
            if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES)
                reinterpret_cast<VkPhysicalDeviceVulkan12Features*>(s)->timelineSemaphore = VK_FALSE;
            if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES)
                reinterpret_cast<VkPhysicalDeviceTimelineSemaphoreFeatures*>(s)->timelineSemaphore = VK_FALSE;
        }
    };
    const auto made = Device::Create(own.Describe());
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().code == ErrorCode::MissingFeature || made.error().code == ErrorCode::NoDevice)
        << ToString(made.error().code);
    EXPECT_THAT(made.error().message, HasSubstr("timelineSemaphore"));
    EXPECT_THAT(made.error().message, HasSubstr(TheDevice().Properties().deviceName));
    EXPECT_EQ(own.interceptor.Alive(), "");
}

TEST_F(DeviceTest, OldDriverIsNamedWithItsVersion)
{
    TestDevice own;
    own.interceptor.onProperties = [](VkPhysicalDeviceProperties& properties) {
        properties.apiVersion = VK_MAKE_API_VERSION(0, 1, 1, 42);
    };
    const auto made = Device::Create(own.Describe());
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().code == ErrorCode::MissingFeature || made.error().code == ErrorCode::NoDevice)
        << ToString(made.error().code);
    EXPECT_THAT(made.error().message, HasSubstr("1.1"));
    EXPECT_THAT(made.error().message, HasSubstr(TheDevice().Properties().deviceName));
    EXPECT_EQ(own.interceptor.Alive(), "");
}

TEST_F(DeviceTest, MissingValidationLayerIsAnError)
{
    // A machine without the layers: they are not listed, and an instance with them can't be made.
    const PFN_vkGetInstanceProcAddr bare = [](VkInstance instance, const char* name) -> PFN_vkVoidFunction {
        if (std::strcmp(name, "vkEnumerateInstanceLayerProperties") == 0)
        {
            const PFN_vkEnumerateInstanceLayerProperties none = [](uint32_t* count, VkLayerProperties*) -> VkResult {
                *count = 0;
                return VK_SUCCESS;
            };
            return reinterpret_cast<PFN_vkVoidFunction>(none);
        }
        if (std::strcmp(name, "vkCreateInstance") == 0)
        {
            const PFN_vkCreateInstance create = [](const VkInstanceCreateInfo* info,
                                                   const VkAllocationCallbacks* allocator,
                                                   VkInstance* made) -> VkResult {
                if (info->enabledLayerCount != 0)
                    return VK_ERROR_LAYER_NOT_PRESENT;
                const auto next =
                    reinterpret_cast<PFN_vkCreateInstance>(LoaderEntry()(VK_NULL_HANDLE, "vkCreateInstance"));
                return next(info, allocator, made);
            };
            return reinterpret_cast<PFN_vkVoidFunction>(create);
        }
        return LoaderEntry()(instance, name);
    };
    const auto made = Device::Create({.validation = true, .getInstanceProcAddr = bare});
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("VK_LAYER_KHRONOS_validation"));
    EXPECT_TRUE(Ok(Device::Create({.validation = false, .getInstanceProcAddr = bare})));
}

TEST_F(DeviceTest, WithoutValidationNothingIsCounted)
{
    TestDevice own;
    ASSERT_TRUE(own.Create(false));
    EXPECT_EQ(own.device.Validation().errors, 0u);
    EXPECT_EQ(own.device.Validation().warnings, 0u);
    SEDX_REQUIRE(auto system, BufferSystem::Create({.device = own.device}));
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Vertex, MemoryType::GPU, "unnamed in Vulkan"));
    const Bytes bytes = Pattern(3, 64);
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, bytes)));
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, buffer)));
}

TEST_F(DeviceTest, SubmitToAQueueThatIsNotThere)
{
    const auto submitted = TheDevice().Submit(kMaxQueues + 3, {});
    EXPECT_TRUE(FailsWith(submitted, ErrorCode::InvalidArgument));
}

TEST_F(DeviceTest, SubmitOfNothingSucceeds) { EXPECT_TRUE(Ok(TheDevice().Submit(0, {}))); }

TEST_F(DeviceTest, SubmitSignalsTheFence)
{
    const RawFunctions raw = RawFunctions::Load(TheDevice());
    const VkFenceCreateInfo info{.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkFence fence = VK_NULL_HANDLE;
    ASSERT_EQ(raw.CreateFence(TheDevice().Handle(), &info, nullptr, &fence), VK_SUCCESS);
    EXPECT_TRUE(Ok(TheDevice().Submit(0, {}, fence)));
    EXPECT_EQ(raw.WaitForFences(TheDevice().Handle(), 1, &fence, VK_TRUE, UINT64_MAX), VK_SUCCESS);
    raw.DestroyFence(TheDevice().Handle(), fence, nullptr);
}

TEST_F(DeviceTest, SubmitPassesTheResultOn)
{
    TestDevice own;
    ASSERT_TRUE(own.Create(false));
    const VkSubmitInfo2 submit{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
    own.interceptor.FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    const auto submitted = own.device.Submit(0, {&submit, 1});
    ASSERT_TRUE(FailsWith(submitted, ErrorCode::OutOfDeviceMemory));
    EXPECT_EQ(submitted.error().vkResult, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    EXPECT_FALSE(own.device.IsLost());
    EXPECT_TRUE(Ok(own.device.Submit(0, {&submit, 1})));
}

// ---- validation ----------------------------------------------------------------------------------------------------
// A layer that isn't live says nothing about anything: seed a hazard that synchronization validation must report.
TEST_F(DeviceTest, ValidationLayersAreLive)
{
    if (!IsValidationWanted())
        SEDX_SKIP("validation is switched off by SEDX_TEST_VALIDATION");
    const ValidationCounts before = TheDevice().Validation();
    {
        auto system = MakeSystem();
        ASSERT_TRUE(system);
        TestCommands commands(TheDevice());
        SEDX_REQUIRE(Buffer source, system->CreateBuffer(256, BufferUsage::TransferSrc, MemoryType::GPU));
        SEDX_REQUIRE(Buffer target, system->CreateBuffer(256, BufferUsage::TransferDst, MemoryType::GPU));
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
            const ResolvedBuffer from = frame.Resolve(source);
            const ResolvedBuffer to = frame.Resolve(target);
            // Two writes of one range without a barrier between them.
            commands.Copy(cmd, from.buffer, from.offset, to.buffer, to.offset, 128);
            commands.Copy(cmd, from.buffer, from.offset + 128, to.buffer, to.offset + 64, 128);
        });
        commands.WaitIdle();
    }
    const std::vector<std::string> messages = Validation().Take();
    EXPECT_THAT(messages, testing::Contains(HasSubstr("SYNC-HAZARD-WRITE-AFTER-WRITE")));
    const ValidationCounts after = TheDevice().Validation();
    EXPECT_GE(after.errors, before.errors + 1);
    EXPECT_EQ(messages.size(), after.errors + after.warnings - before.errors - before.warnings);
    ForgiveValidationCounts();
}

TEST_F(DeviceTest, ValidationMessagesGoToTheLogByDefault)
{
    if (!IsValidationWanted())
        SEDX_SKIP("validation is switched off by SEDX_TEST_VALIDATION");
    SEDX_REQUIRE(const Device device, Device::Create({.validation = true}));
    const RawFunctions raw = RawFunctions::Load(device);
    m_log.Clear();
    // Invalid on purpose: a fence that was created with a wrong structure type.
    const VkFenceCreateInfo info{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
    VkFence fence = VK_NULL_HANDLE;
    raw.CreateFence(device.Handle(), &info, nullptr, &fence);
    if (fence)
        raw.DestroyFence(device.Handle(), fence, nullptr);
    EXPECT_GE(device.Validation().errors, 1u);
    EXPECT_TRUE(m_log.Contains("VUID-VkFenceCreateInfo-sType-sType")) << m_log.Text();
}
} // namespace
} // namespace sedx::test
