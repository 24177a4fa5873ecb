// The validation layer of a headless device: switching it on, and counting what it says.
#pragma once

#include "vulkan/device_state.h"

namespace sedx
{
inline constexpr const char* kValidationLayer = "VK_LAYER_KHRONOS_validation";

// Structures for VkInstanceCreateInfo::pNext; must stay where they are until vkCreateInstance returns.
class ValidationSetup
{
  public:
    explicit ValidationSetup(DeviceState& state);
    ValidationSetup(const ValidationSetup&) = delete;
    ValidationSetup& operator=(const ValidationSetup&) = delete;
    const void* Chain() const noexcept { return &m_settings; }
    const VkDebugUtilsMessengerCreateInfoEXT& Messenger() const noexcept { return m_messenger; }

  private:
    VkBool32 m_on = VK_TRUE;
    VkBool32 m_off = VK_FALSE;
    VkLayerSettingEXT m_values[2]{};
    VkLayerSettingsCreateInfoEXT m_settings{};
    VkDebugUtilsMessengerCreateInfoEXT m_messenger{};
};
} // namespace sedx
