// VMA as the application compiles it: for images only.
#pragma once

#include <volk.h>

#define VMA_STATIC_VULKAN_FUNCTIONS 0
#define VMA_DYNAMIC_VULKAN_FUNCTIONS 1
#if defined(__GNUC__)
#    pragma GCC system_header // warnings of VMA's implementation are not ours
#endif
#include <vk_mem_alloc.h>
