// What a usage demands: class, alignment, and what Vulkan is told.
#include "memory/usage_rules.h"

#include <bit>
#include <gtest/gtest.h>
#include <vector>

namespace sedx::test
{
namespace
{
constexpr BufferUsage kTransfers = BufferUsage::TransferSrc | BufferUsage::TransferDst;
constexpr std::array kUsages{BufferUsage::TransferSrc,
                             BufferUsage::TransferDst,
                             BufferUsage::UniformTexel,
                             BufferUsage::StorageTexel,
                             BufferUsage::Uniform,
                             BufferUsage::Storage,
                             BufferUsage::Index,
                             BufferUsage::Vertex,
                             BufferUsage::Indirect,
                             BufferUsage::DeviceAddress,
                             BufferUsage::AccelerationStructure,
                             BufferUsage::AccelerationStructureInput,
                             BufferUsage::ShaderBindingTable,
                             BufferUsage::Scratch};
// All different, so that a mixed-up limit is seen.
constexpr AlignmentLimits kLimits{.uniform = 64, .storage = 32, .texel = 128, .scratch = 512, .shaderGroupBase = 1024};
constexpr AlignmentLimits kTinyLimits{.uniform = 1, .storage = 4, .texel = 1, .scratch = 1, .shaderGroupBase = 1};

uint64_t ReferenceAlignment(BufferUsage usage, const AlignmentLimits& limits)
{
    uint64_t alignment = 16;
    const std::vector<std::pair<BufferUsage, uint64_t>> table{
        {BufferUsage::Uniform, limits.uniform},
        {BufferUsage::Storage, limits.storage},
        {BufferUsage::UniformTexel, limits.texel},
        {BufferUsage::StorageTexel, limits.texel},
        {BufferUsage::AccelerationStructure, 256},
        {BufferUsage::Scratch, limits.scratch},
        {BufferUsage::ShaderBindingTable, limits.shaderGroupBase}};
    for (const auto& [bit, bytes] : table)
        if (Any(usage & bit) && bytes > alignment)
            alignment = bytes;
    return alignment;
}

BufferUsage Combination(uint32_t mask)
{
    BufferUsage usage = BufferUsage::None;
    for (size_t i = 0; i < kUsages.size(); ++i)
        if ((mask & (1u << i)) != 0)
            usage |= kUsages[i];
    return usage;
}

// ---- classes -------------------------------------------------------------------------------------------------------

TEST(UsageRulesTest, OnlyCopiesAreTransfer)
{
    EXPECT_EQ(ClassOf(kTransfers), UsageClass::Transfer);
    EXPECT_EQ(ClassOf(BufferUsage::TransferSrc), UsageClass::Transfer);
    EXPECT_EQ(ClassOf(BufferUsage::TransferDst), UsageClass::Transfer);
}

TEST(UsageRulesTest, WhatShadersAndTheFixedStagesReadIsGeneral)
{
    for (const BufferUsage usage :
         {BufferUsage::UniformTexel, BufferUsage::StorageTexel, BufferUsage::Uniform, BufferUsage::Storage,
          BufferUsage::Index, BufferUsage::Vertex, BufferUsage::Indirect, BufferUsage::DeviceAddress})
        EXPECT_EQ(ClassOf(usage | kTransfers), UsageClass::General) << static_cast<uint32_t>(usage);
}

TEST(UsageRulesTest, AnythingOfRayTracingIsRayTracing)
{
    for (const BufferUsage usage : {BufferUsage::AccelerationStructure, BufferUsage::AccelerationStructureInput,
                                    BufferUsage::ShaderBindingTable, BufferUsage::Scratch})
    {
        EXPECT_EQ(ClassOf(usage), UsageClass::RayTracing);
        EXPECT_EQ(ClassOf(usage | kTransfers | BufferUsage::Storage | BufferUsage::Vertex), UsageClass::RayTracing);
    }
}

// ---- what Vulkan is told -------------------------------------------------------------------------------------------

TEST(UsageRulesTest, VulkanNeverHearsOfScratch)
{
    constexpr auto kScratch = static_cast<VkBufferUsageFlags>(BufferUsage::Scratch);
    for (uint32_t mask = 0; mask < 1u << kUsages.size(); ++mask)
    {
        const BufferUsage usage = Combination(mask);
        const VkBufferUsageFlags told = VulkanUsage(usage);
        ASSERT_EQ(told & kScratch, 0u);
        ASSERT_EQ(told, static_cast<VkBufferUsageFlags>(usage) & ~kScratch) << "another bit was lost or added";
    }
    for (uint32_t i = 0; i < static_cast<uint32_t>(UsageClass::Count); ++i)
        for (const bool structures : {false, true})
            for (const bool pipelines : {false, true})
                EXPECT_EQ(UsageOfBlock(static_cast<UsageClass>(i), structures, pipelines) & kScratch, 0u);
}

// A buffer may use a block only if the block's VkBuffer has all that the buffer would have had.
TEST(UsageRulesTest, BlocksHaveEveryUsageOfTheirClass)
{
    for (uint32_t mask = 1; mask < 1u << kUsages.size(); ++mask)
    {
        const BufferUsage usage = Combination(mask);
        const VkBufferUsageFlags block = UsageOfBlock(ClassOf(usage), true, true);
        ASSERT_EQ(VulkanUsage(usage) & ~block, 0u) << std::hex << static_cast<uint32_t>(usage);
    }
}

TEST(UsageRulesTest, BlocksUseNoExtensionThatIsNotThere)
{
    constexpr auto kStructures =
        static_cast<VkBufferUsageFlags>(BufferUsage::AccelerationStructure | BufferUsage::AccelerationStructureInput);
    constexpr auto kTable = static_cast<VkBufferUsageFlags>(BufferUsage::ShaderBindingTable);
    for (uint32_t i = 0; i < static_cast<uint32_t>(UsageClass::Count); ++i)
    {
        const auto usageClass = static_cast<UsageClass>(i);
        EXPECT_EQ(UsageOfBlock(usageClass, false, false) & (kStructures | kTable), 0u);
        EXPECT_EQ(UsageOfBlock(usageClass, true, false) & kTable, 0u);
        EXPECT_EQ(UsageOfBlock(usageClass, false, true) & kStructures, 0u);
    }
    EXPECT_EQ(UsageOfBlock(UsageClass::General, true, true) & (kStructures | kTable), 0u);
    EXPECT_EQ(UsageOfBlock(UsageClass::Transfer, true, true), VulkanUsage(kTransfers));
    // Scratch is storage with an address: possible without any extension of the block.
    EXPECT_NE(UsageOfBlock(UsageClass::RayTracing, false, false) & VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT, 0u);
}

// ---- alignment -----------------------------------------------------------------------------------------------------

TEST(UsageRulesTest, AlignmentOfEachUsage)
{
    EXPECT_EQ(AlignmentOf(BufferUsage::Uniform, kLimits), 64u);
    EXPECT_EQ(AlignmentOf(BufferUsage::Storage, kLimits), 32u);
    EXPECT_EQ(AlignmentOf(BufferUsage::UniformTexel, kLimits), 128u);
    EXPECT_EQ(AlignmentOf(BufferUsage::StorageTexel, kLimits), 128u);
    EXPECT_EQ(AlignmentOf(BufferUsage::AccelerationStructure, kLimits), 256u);
    EXPECT_EQ(AlignmentOf(BufferUsage::Scratch, kLimits), 512u);
    EXPECT_EQ(AlignmentOf(BufferUsage::ShaderBindingTable, kLimits), 1024u);
    // Nothing of the device's: at least a vec4.
    for (const BufferUsage usage : {BufferUsage::Vertex, BufferUsage::Index, BufferUsage::Indirect, kTransfers,
                                    BufferUsage::DeviceAddress, BufferUsage::AccelerationStructureInput})
        EXPECT_EQ(AlignmentOf(usage, kLimits), 16u);
}

// A constant of the specification: no device may lower it.
TEST(UsageRulesTest, AccelerationStructuresNeed256WhateverTheDeviceSays)
{
    EXPECT_EQ(AlignmentOf(BufferUsage::AccelerationStructure, kTinyLimits), 256u);
    EXPECT_EQ(AlignmentOf(BufferUsage::AccelerationStructure | BufferUsage::Storage, kTinyLimits), 256u);
}

TEST(UsageRulesTest, SmallLimitsStillGive16)
{
    for (const BufferUsage usage : kUsages)
        EXPECT_GE(AlignmentOf(usage, kTinyLimits), 16u);
    EXPECT_EQ(AlignmentOf(BufferUsage::Uniform | BufferUsage::Storage | BufferUsage::Scratch, kTinyLimits), 16u);
}

TEST(UsageRulesTest, SeveralUsagesNeedTheLargestOfTheirAlignments)
{
    for (uint32_t mask = 0; mask < 1u << kUsages.size(); ++mask)
    {
        const BufferUsage usage = Combination(mask);
        for (const AlignmentLimits& limits : {kLimits, kTinyLimits, AlignmentLimits{}})
        {
            const uint64_t alignment = AlignmentOf(usage, limits);
            ASSERT_EQ(alignment, ReferenceAlignment(usage, limits)) << std::hex << static_cast<uint32_t>(usage);
            ASSERT_TRUE(std::has_single_bit(alignment));
        }
    }
}
TEST(UsageRulesTest, ViewsAndExclusiveBuffersNeedAVkBufferOfTheirOwn)
{
    for (const BufferUsage usage : kUsages)
    {
        const bool isTexels = usage == BufferUsage::UniformTexel || usage == BufferUsage::StorageTexel;
        EXPECT_EQ(NeedsOwnBuffer(usage | kTransfers, false), isTexels);
        EXPECT_TRUE(NeedsOwnBuffer(usage | kTransfers, true));
    }
}
} // namespace
} // namespace sedx::test
