// Uniform blocks with scalar layout, on a device with that feature.
#include "buffer_types_test.h"
#include "shaders/types_shared.h"

namespace sedx::test
{
namespace
{
constexpr uint32_t kScalarShader[] = {
#include "shaders/types_scalar.comp.inc"
};

TEST(ScalarBlocksTest, AreReadWhereCppPutsTheMembers)
{
    using Scalar = UniformBuffer<gpu::Packed, BlockLayout::Scalar>;
    static_assert(sizeof(gpu::Packed) == 32);
    LogCapture log;
    const Device& shared = SharedDevice().device;
    VkPhysicalDeviceVulkan12Features vulkan12{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
    VkPhysicalDeviceFeatures2 features{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &vulkan12};
    shared.InstanceFunctions().GetPhysicalDeviceFeatures2(shared.PhysicalDevice(), &features);
    if (vulkan12.scalarBlockLayout != VK_TRUE)
        SEDX_SKIP("the device lacks scalarBlockLayout");
    features.features = {};
    vulkan12 = {.sType = vulkan12.sType, .scalarBlockLayout = VK_TRUE};

    TestDevice own;
    DeviceDesc desc = own.Describe();
    desc.featureChain = &features;
    SEDX_REQUIRE(own.device, Device::Create(desc));
    {
        SEDX_REQUIRE(const auto system, BufferSystem::Create({.device = own.device, .checked = true}));
        SEDX_REQUIRE(const auto blocks, Scalar::Create(*system, {.count = 2, .name = "packed"}));
        SEDX_REQUIRE(const auto words, StorageBuffer<uint32_t>::Create(*system, {.count = 8}));
        for (uint32_t i = 0; i < 2; ++i)
        {
            const float base = static_cast<float>(10 * i);
            ASSERT_TRUE(
                Ok(blocks.Write({base + 1, {base + 2, base + 3, base + 4}, {base + 5, base + 6, base + 7}, 8}, i)));
        }
        TestCommands commands(own.device);
        TestPipeline pipeline(own.device, {.compute = kScalarShader});
        for (uint32_t i = 0; i < 2; ++i)
        {
            commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
                pipeline.Set(0, blocks.Descriptor(frame, i));
                pipeline.Set(1, words.Descriptor(frame));
                commands.Barrier(cmd);
                pipeline.Bind(cmd);
                commands.Functions().CmdDispatch(cmd, 1, 1, 1);
                commands.Barrier(cmd);
            });
            commands.WaitIdle();
            std::vector<uint32_t> expected;
            for (uint32_t k = 1; k < 8; ++k)
                expected.push_back(std::bit_cast<uint32_t>(static_cast<float>(10 * i + k)));
            expected.push_back(8);
            EXPECT_EQ(ReadElements(*system, words.View()), expected);
        }
    }
    own.device = {};
    EXPECT_EQ(own.interceptor.Alive(), "");
    for (const std::string& message : own.validation.Take())
        ADD_FAILURE() << "validation: " << message;
}
} // namespace
} // namespace sedx::test
