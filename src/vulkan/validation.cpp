#include "vulkan/validation.h"

#include <sedx/log.h>

namespace sedx
{
namespace
{
// What the layer says about itself and its settings is no finding about the program.
bool IsNotice(const VkDebugUtilsMessengerCallbackDataEXT& data)
{
    const std::string_view id = data.pMessageIdName != nullptr ? data.pMessageIdName : "";
    return id == "VALIDATION-SETTINGS" || id == "WARNING-GPU-Assisted-Validation" || id == "WARNING-Setting";
}

VKAPI_ATTR VkBool32 VKAPI_CALL OnMessage(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                         VkDebugUtilsMessageTypeFlagsEXT, const VkDebugUtilsMessengerCallbackDataEXT* data,
                                         void* user)
{
    if (IsNotice(*data))
        return VK_FALSE;
    auto& state = *static_cast<DeviceState*>(user);
    const bool isError = (severity & VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT) != 0;
    (isError ? state.validationErrors : state.validationWarnings).fetch_add(1, std::memory_order_relaxed);
    const ValidationMessage message{isError, data->pMessageIdName != nullptr ? data->pMessageIdName : "",
                                    data->pMessage != nullptr ? data->pMessage : ""};
    if (state.onValidationMessage)
        state.onValidationMessage(message);
    else if (isError)
        SEDX_CORE_ERROR_TAG("VALIDATION", "{}: {}", message.id, message.text);
    else
        SEDX_CORE_WARN_TAG("VALIDATION", "{}: {}", message.id, message.text);
    return VK_FALSE;
}
} // namespace

ValidationSetup::ValidationSetup(DeviceState& state)
{
    // Synchronization validation is off by default, and repeated messages are cut after ten, which makes counts lie.
    m_values[0] = {kValidationLayer, "validate_sync", VK_LAYER_SETTING_TYPE_BOOL32_EXT, 1, &m_on};
    m_values[1] = {kValidationLayer, "enable_message_limit", VK_LAYER_SETTING_TYPE_BOOL32_EXT, 1, &m_off};
    // Only findings are counted: GENERAL messages are the loader's and the layer's notices about themselves.
    m_messenger = {VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT};
    m_messenger.messageSeverity =
        VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT;
    m_messenger.messageType =
        VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT;
    m_messenger.pfnUserCallback = &OnMessage;
    m_messenger.pUserData = &state;
    m_settings = {VK_STRUCTURE_TYPE_LAYER_SETTINGS_CREATE_INFO_EXT, &m_messenger, 2, m_values};
}
} // namespace sedx
