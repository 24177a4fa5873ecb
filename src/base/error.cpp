#include "base/error.h"

namespace sedx
{
const char* ToString(ErrorCode code) noexcept
{
    switch (code)
    {
    case ErrorCode::InvalidArgument: return "InvalidArgument";
    case ErrorCode::OutOfRange: return "OutOfRange";
    case ErrorCode::StaleHandle: return "StaleHandle";
    case ErrorCode::Busy: return "Busy";
    case ErrorCode::NotMappable: return "NotMappable";
    case ErrorCode::NotSubmitted: return "NotSubmitted";
    case ErrorCode::Timeout: return "Timeout";
    case ErrorCode::WrongState: return "WrongState";
    case ErrorCode::Cancelled: return "Cancelled";
    case ErrorCode::OutOfStaging: return "OutOfStaging";
    case ErrorCode::OutOfHostMemory: return "OutOfHostMemory";
    case ErrorCode::OutOfDeviceMemory: return "OutOfDeviceMemory";
    case ErrorCode::LimitExceeded: return "LimitExceeded";
    case ErrorCode::MissingFeature: return "MissingFeature";
    case ErrorCode::NoLoader: return "NoLoader";
    case ErrorCode::NoDevice: return "NoDevice";
    case ErrorCode::VmaMismatch: return "VmaMismatch";
    case ErrorCode::DeviceLost: return "DeviceLost";
    case ErrorCode::VulkanError: return "VulkanError";
    }
    return "unknown ErrorCode";
}

const char* ToString(VkResult result) noexcept
{
    switch (result)
    {
    case VK_SUCCESS: return "VK_SUCCESS";
    case VK_NOT_READY: return "VK_NOT_READY";
    case VK_TIMEOUT: return "VK_TIMEOUT";
    case VK_INCOMPLETE: return "VK_INCOMPLETE";
    case VK_ERROR_OUT_OF_HOST_MEMORY: return "VK_ERROR_OUT_OF_HOST_MEMORY";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY: return "VK_ERROR_OUT_OF_DEVICE_MEMORY";
    case VK_ERROR_INITIALIZATION_FAILED: return "VK_ERROR_INITIALIZATION_FAILED";
    case VK_ERROR_DEVICE_LOST: return "VK_ERROR_DEVICE_LOST";
    case VK_ERROR_MEMORY_MAP_FAILED: return "VK_ERROR_MEMORY_MAP_FAILED";
    case VK_ERROR_LAYER_NOT_PRESENT: return "VK_ERROR_LAYER_NOT_PRESENT";
    case VK_ERROR_EXTENSION_NOT_PRESENT: return "VK_ERROR_EXTENSION_NOT_PRESENT";
    case VK_ERROR_FEATURE_NOT_PRESENT: return "VK_ERROR_FEATURE_NOT_PRESENT";
    case VK_ERROR_INCOMPATIBLE_DRIVER: return "VK_ERROR_INCOMPATIBLE_DRIVER";
    case VK_ERROR_TOO_MANY_OBJECTS: return "VK_ERROR_TOO_MANY_OBJECTS";
    case VK_ERROR_FORMAT_NOT_SUPPORTED: return "VK_ERROR_FORMAT_NOT_SUPPORTED";
    case VK_ERROR_FRAGMENTED_POOL: return "VK_ERROR_FRAGMENTED_POOL";
    case VK_ERROR_INVALID_EXTERNAL_HANDLE: return "VK_ERROR_INVALID_EXTERNAL_HANDLE";
    case VK_ERROR_INVALID_OPAQUE_CAPTURE_ADDRESS: return "VK_ERROR_INVALID_OPAQUE_CAPTURE_ADDRESS";
    default: return "an unnamed VkResult";
    }
}

ErrorCode CodeOf(VkResult result) noexcept
{
    switch (result)
    {
    case VK_ERROR_OUT_OF_HOST_MEMORY: return ErrorCode::OutOfHostMemory;
    case VK_ERROR_OUT_OF_DEVICE_MEMORY: return ErrorCode::OutOfDeviceMemory;
    case VK_ERROR_DEVICE_LOST: return ErrorCode::DeviceLost;
    case VK_ERROR_LAYER_NOT_PRESENT:
    case VK_ERROR_EXTENSION_NOT_PRESENT:
    case VK_ERROR_FEATURE_NOT_PRESENT: return ErrorCode::MissingFeature;
    case VK_ERROR_INCOMPATIBLE_DRIVER: return ErrorCode::NoDevice;
    case VK_TIMEOUT: return ErrorCode::Timeout;
    default: return ErrorCode::VulkanError;
    }
}
} // namespace sedx
