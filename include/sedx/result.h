// Failure is a value: every call that can fail returns Result<T>, never throws, and never aborts.
//
//     sedx::Result<sedx::Buffer> buffer = system.CreateBuffer({.bytes = 4096, .usage = sedx::BufferUsage::Storage});
//     if (!buffer)
//         Report(buffer.error().message);   // one sentence: object, size, limit
//
// Switch on `code`; the message is for people. A lost device (ErrorCode::DeviceLost) is repeated by every later call.
#pragma once

#include <sedx/export.h>

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vulkan/vulkan_core.h>

namespace sedx
{
enum class ErrorCode : uint32_t
{
    InvalidArgument,   // an argument is outside of what the function accepts
    OutOfRange,        // offset + bytes leaves the buffer, the view or the image
    StaleHandle,       // the buffer behind an ID or handle does not exist any more
    Busy,              // a plain write map of a buffer that the GPU may still read
    NotMappable,       // the memory of the buffer cannot be mapped
    NotSubmitted,      // waiting for work that only the engine can submit (recorded mode)
    Timeout,           // the time given to a wait has passed
    WrongState,        // the call does not fit the state of the object, for instance a frame that has ended
    Cancelled,         // the work was taken back before it was sent (UploadQueue::Cancel)
    OutOfStaging,      // staging is exhausted and the policy of the call forbids to wait or to grow
    OutOfHostMemory,   // VK_ERROR_OUT_OF_HOST_MEMORY
    OutOfDeviceMemory, // VK_ERROR_OUT_OF_DEVICE_MEMORY after every fall-back was tried
    LimitExceeded,     // a limit of the device, named in the message
    MissingFeature,    // a feature or extension that the device lacks or that was not enabled
    NoLoader,          // no Vulkan loader on this machine
    NoDevice,          // no device, or none that fits the wish
    VmaMismatch,       // the engine's VMA cannot be shared; the library's own allocator is used
    DeviceLost,        // VK_ERROR_DEVICE_LOST, now or earlier
    VulkanError,       // any other VkResult
};

// Stable, spelled like the enumerator.
SEDX_API const char* ToString(ErrorCode code) noexcept;
SEDX_API const char* ToString(VkResult result) noexcept;

struct Error
{
    ErrorCode code = ErrorCode::VulkanError;
    VkResult vkResult = VK_SUCCESS; // VK_SUCCESS when Vulkan was not the cause
    std::string message;            // one sentence that names object, size and limit
};

template <class T>
using Result = tl::expected<T, Error>;
} // namespace sedx
