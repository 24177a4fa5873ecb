// Requirements(): what a device must offer, asked before it exists, and merged into the engine's own chain.
#include "support/engine_device.h"
#include "support/gpu_test.h"

#include <cstring>
#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::HasSubstr;

class RequirementsTest : public GpuTest
{
  protected:
    Result<DeviceRequirements> Ask(FeatureModule modules = FeatureModule::All)
    {
        return Requirements(TheDevice().GetInstanceProcAddr(), TheDevice().Instance(), TheDevice().PhysicalDevice(), modules);
    }

    // How often a structure type occurs in a chain.
    static uint32_t CountInChain(const VkPhysicalDeviceFeatures2& chain, VkStructureType type)
    {
        uint32_t count = 0;
        for (auto* s = static_cast<const VkBaseInStructure*>(chain.pNext); s; s = s->pNext)
            count += s->sType == type ? 1u : 0u;
        return count;
    }
    template <class T>
    static const T* Find(const VkPhysicalDeviceFeatures2& chain, VkStructureType type)
    {
        for (auto* s = static_cast<const VkBaseInStructure*>(chain.pNext); s; s = s->pNext)
        {
            if (s->sType == type)
                return reinterpret_cast<const T*>(s);
        }
        return nullptr;
    }
};

constexpr VkStructureType kTimeline = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES;
constexpr VkStructureType kAddress = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES;
constexpr VkStructureType kSync2 = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES;

TEST_F(RequirementsTest, ListsTheThreeRequiredFeatures)
{
    SEDX_REQUIRE(const DeviceRequirements needs, Ask());
    EXPECT_THAT(needs.deviceName, HasSubstr(TheDevice().Properties().deviceName));
    EXPECT_THAT(needs.missing, testing::IsEmpty());
    std::vector<std::string> required;
    for (const RequiredFeature& feature : needs.features)
    {
        if (!feature.required)
            continue;
        required.push_back(feature.name);
        EXPECT_TRUE(feature.supported) << feature.name;
        EXPECT_EQ(feature.module, FeatureModule::Core) << feature.name;
    }
    EXPECT_THAT(required,
                testing::UnorderedElementsAre("timelineSemaphore", "synchronization2", "bufferDeviceAddress"));
}

TEST_F(RequirementsTest, ListsOnlyExtensionsThatTheDeviceHas)
{
    SEDX_REQUIRE(const DeviceRequirements needs, Ask());
    for (const RequiredExtension& extension : needs.extensions)
    {
        EXPECT_TRUE(HasDeviceExtension(TheDevice(), extension.name.c_str())) << extension.name;
        EXPECT_FALSE(extension.required) << extension.name << ": the core needs no extension of Vulkan 1.3";
    }
}

TEST_F(RequirementsTest, ModulesNotAskedForAskForNothing)
{
    SEDX_REQUIRE(const DeviceRequirements needs, Ask(FeatureModule::Core));
    for (const RequiredExtension& extension : needs.extensions)
        EXPECT_EQ(extension.module, FeatureModule::Core) << extension.name;
    for (const RequiredFeature& feature : needs.features)
        EXPECT_EQ(feature.module, FeatureModule::Core) << feature.name;
}

TEST_F(RequirementsTest, BudgetExtensionBelongsToItsModule)
{
    if (!HasDeviceExtension(TheDevice(), VK_EXT_MEMORY_BUDGET_EXTENSION_NAME))
        SEDX_SKIP("the device lacks VK_EXT_memory_budget");
    SEDX_REQUIRE(const DeviceRequirements needs, Ask());
    bool isListed = false;
    for (const RequiredExtension& extension : needs.extensions)
        isListed |=
            extension.name == VK_EXT_MEMORY_BUDGET_EXTENSION_NAME && extension.module == FeatureModule::MemoryBudget;
    EXPECT_TRUE(isListed);
}

TEST_F(RequirementsTest, HostMemoryExtensionBelongsToItsModule)
{
    if (!HasDeviceExtension(TheDevice(), VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME))
        SEDX_SKIP("the device lacks VK_EXT_external_memory_host");
    SEDX_REQUIRE(const DeviceRequirements needs, Ask(FeatureModule::HostMemory));
    ASSERT_EQ(needs.extensions.size(), 1u);
    EXPECT_EQ(needs.extensions[0].name, VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME);
    EXPECT_EQ(needs.extensions[0].module, FeatureModule::HostMemory);
}

TEST_F(RequirementsTest, MergesIntoAnEmptyChain)
{
    SEDX_REQUIRE(DeviceRequirements needs, Ask());
    VkPhysicalDeviceFeatures2 chain{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    needs.MergeInto(chain);
    ASSERT_EQ(CountInChain(chain, kTimeline), 1u);
    ASSERT_EQ(CountInChain(chain, kAddress), 1u);
    ASSERT_EQ(CountInChain(chain, kSync2), 1u);
    EXPECT_TRUE(Find<VkPhysicalDeviceTimelineSemaphoreFeatures>(chain, kTimeline)->timelineSemaphore);
    EXPECT_TRUE(Find<VkPhysicalDeviceBufferDeviceAddressFeatures>(chain, kAddress)->bufferDeviceAddress);
    EXPECT_TRUE(Find<VkPhysicalDeviceSynchronization2Features>(chain, kSync2)->synchronization2);
}

TEST_F(RequirementsTest, MergesIntoCollectiveStructuresWithoutMixingStyles)
{
    SEDX_REQUIRE(DeviceRequirements needs, Ask());
    VkPhysicalDeviceVulkan13Features features13{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
                                                .dynamicRendering = VK_TRUE};
    VkPhysicalDeviceVulkan12Features features12{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                                .pNext = &features13,
                                                .drawIndirectCount = VK_TRUE};
    VkPhysicalDeviceFeatures2 chain{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &features12};
    chain.features.multiDrawIndirect = VK_TRUE;
    needs.MergeInto(chain);
    EXPECT_TRUE(features12.timelineSemaphore);
    EXPECT_TRUE(features12.bufferDeviceAddress);
    EXPECT_TRUE(features13.synchronization2);
    // What the engine wanted stays.
    EXPECT_TRUE(features12.drawIndirectCount);
    EXPECT_TRUE(features13.dynamicRendering);
    EXPECT_TRUE(chain.features.multiDrawIndirect);
    // A single structure beside a collective one that has its members is not allowed by Vulkan.
    EXPECT_EQ(CountInChain(chain, kTimeline) + CountInChain(chain, kAddress) + CountInChain(chain, kSync2), 0u);
}

TEST_F(RequirementsTest, MergesIntoOneCollectiveStructure)
{
    SEDX_REQUIRE(DeviceRequirements needs, Ask());
    VkPhysicalDeviceVulkan12Features features12{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
    VkPhysicalDeviceFeatures2 chain{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &features12};
    needs.MergeInto(chain);
    EXPECT_TRUE(features12.timelineSemaphore);
    EXPECT_TRUE(features12.bufferDeviceAddress);
    EXPECT_EQ(CountInChain(chain, kTimeline), 0u);
    EXPECT_EQ(CountInChain(chain, kAddress), 0u);
    ASSERT_EQ(CountInChain(chain, kSync2), 1u);
    EXPECT_TRUE(Find<VkPhysicalDeviceSynchronization2Features>(chain, kSync2)->synchronization2);
}

TEST_F(RequirementsTest, MergesIntoSingleStructures)
{
    SEDX_REQUIRE(DeviceRequirements needs, Ask());
    VkPhysicalDeviceSynchronization2Features sync2{.sType = kSync2};
    VkPhysicalDeviceTimelineSemaphoreFeatures timeline{.sType = kTimeline, .pNext = &sync2};
    VkPhysicalDeviceFeatures2 chain{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &timeline};
    needs.MergeInto(chain);
    EXPECT_TRUE(timeline.timelineSemaphore);
    EXPECT_TRUE(sync2.synchronization2);
    EXPECT_EQ(CountInChain(chain, kTimeline), 1u);
    EXPECT_EQ(CountInChain(chain, kSync2), 1u);
    ASSERT_EQ(CountInChain(chain, kAddress), 1u);
    EXPECT_TRUE(Find<VkPhysicalDeviceBufferDeviceAddressFeatures>(chain, kAddress)->bufferDeviceAddress);
}

TEST_F(RequirementsTest, MergingTwiceChangesNothing)
{
    SEDX_REQUIRE(DeviceRequirements needs, Ask());
    VkPhysicalDeviceFeatures2 chain{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    needs.MergeInto(chain);
    needs.MergeInto(chain); // a chain with a cycle would hang here, or below
    EXPECT_EQ(CountInChain(chain, kTimeline), 1u);
    EXPECT_EQ(CountInChain(chain, kAddress), 1u);
    EXPECT_EQ(CountInChain(chain, kSync2), 1u);
}

TEST_F(RequirementsTest, MergedChainCreatesADeviceThatCanBeAdopted)
{
    SEDX_REQUIRE(DeviceRequirements needs, Ask());
    VkPhysicalDeviceFeatures2 chain{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    needs.MergeInto(chain);
    const auto engine = EngineDevice::Make();
    ASSERT_TRUE(engine);
    AdoptDesc desc = engine->Describe();
    desc.enabledFeatures = &chain;
    EXPECT_TRUE(Ok(Device::Adopt(desc)));
}

TEST_F(RequirementsTest, WithoutFunctionsItFails)
{
    EXPECT_FALSE(Requirements(nullptr, TheDevice().Instance(), TheDevice().PhysicalDevice()));
    const PFN_vkGetInstanceProcAddr nothing = [](VkInstance, const char*) -> PFN_vkVoidFunction { return nullptr; };
    const auto needs = Requirements(nothing, TheDevice().Instance(), TheDevice().PhysicalDevice());
    ASSERT_FALSE(needs);
    EXPECT_GT(needs.error().message.size(), 10u);
}

TEST_F(RequirementsTest, MissingFeatureIsASentenceThatNamesTheDevice)
{
    // A driver that lacks one of the features, whichever function the library asks.
    static PFN_vkGetInstanceProcAddr complete = nullptr;
    complete = TheDevice().GetInstanceProcAddr();
    const PFN_vkGetInstanceProcAddr lacking = [](VkInstance instance, const char* name) -> PFN_vkVoidFunction {
        const PFN_vkVoidFunction real = complete(instance, name);
        if (std::strncmp(name, "vkGetPhysicalDeviceFeatures2", 28) != 0)
            return real;
        static PFN_vkGetPhysicalDeviceFeatures2 next = nullptr;
        next = reinterpret_cast<PFN_vkGetPhysicalDeviceFeatures2>(real);
        const PFN_vkGetPhysicalDeviceFeatures2 patched = [](VkPhysicalDevice device,
                                                            VkPhysicalDeviceFeatures2* features) {
            next(device, features);
            for (auto* s = static_cast<VkBaseOutStructure*>(features->pNext); s; s = s->pNext)
            {
                if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES)
                    reinterpret_cast<VkPhysicalDeviceVulkan13Features*>(s)->synchronization2 = VK_FALSE;
                if (s->sType == kSync2)
                    reinterpret_cast<VkPhysicalDeviceSynchronization2Features*>(s)->synchronization2 = VK_FALSE;
            }
        };
        return reinterpret_cast<PFN_vkVoidFunction>(patched);
    };
    SEDX_REQUIRE(const DeviceRequirements needs,
                 Requirements(lacking, TheDevice().Instance(), TheDevice().PhysicalDevice()));
    ASSERT_EQ(needs.missing.size(), 1u);
    EXPECT_THAT(needs.missing[0], HasSubstr("synchronization2"));
    EXPECT_THAT(needs.missing[0], HasSubstr(TheDevice().Properties().deviceName));
    for (const RequiredFeature& feature : needs.features)
        EXPECT_EQ(feature.supported || !feature.required, feature.name != "synchronization2") << feature.name;
}
} // namespace
} // namespace sedx::test
