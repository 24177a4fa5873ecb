// The features of a device that the library knows: where their bits are, which module wants them. Some no module wants: the
// engine enables them for its own use, and types of buffers ask whether it did (DeviceState::features).
#pragma once

#include <sedx/requirements.h>

#include <span>

namespace sedx
{
struct DeviceState;

inline constexpr FeatureModule kOfTheEngine{};

struct Feature
{
    const char* name;     // as in the Vulkan headers
    FeatureModule module; // kOfTheEngine: the library asks for it nowhere
    bool isRequired;
    const char* extension; // null: core in Vulkan 1.3
    // The bit in the structure of its own, and in VkPhysicalDeviceVulkan12Features or 13 (VK_STRUCTURE_TYPE_MAX_ENUM: in none).
    VkStructureType structure;
    size_t offset;
    VkStructureType version;
    size_t versionOffset;
};

std::span<const Feature> KnownFeatures() noexcept;

// The structure of this type in a chain; null: there is none.
VkBaseOutStructure* FindStructure(void* chain, VkStructureType type) noexcept;

// Whether a chain given to vkCreateDevice switches the feature on, in either place.
bool IsEnabled(const void* chain, const Feature& feature) noexcept;
bool IsEnabled(const void* chain, const char* name) noexcept;

// Keeps in mind which optional features the device was made with. The extensions of the device are listed already.
void ReadFeatures(DeviceState& state, const void* chain) noexcept;
// For an engine that does not say what it enabled, and answers for it: of its own features, whatever the device supports.
void AssumeEngineFeatures(DeviceState& state, uint32_t instanceApiVersion) noexcept;

// All structures, their types set and their bits clear. Answers null for a type that is none of them.
void Clear(DeviceRequirements::Structures& structures) noexcept;
VkBaseOutStructure* StructureOf(DeviceRequirements::Structures& structures, VkStructureType type) noexcept;

// The bit of a feature in a structure of its own or of a version.
inline VkBool32& BitOf(VkBaseOutStructure* structure, size_t offset) noexcept
{
    return *reinterpret_cast<VkBool32*>(reinterpret_cast<char*>(structure) + offset);
}
} // namespace sedx
