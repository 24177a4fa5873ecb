// Buffers and images: which families may use them, how large they may be, and which memory fits.
#include "wrapper.h"

#include <algorithm>
#include <fmt/format.h>

namespace sedx::simulator
{
namespace
{
// VkBufferCreateInfo or VkImageCreateInfo with the families of the real device.
template <class CreateInfo>
class RealInfo
{
  public:
    RealInfo(const DeviceState& state, const CreateInfo& info) : m_info(info)
    {
        if (info.sharingMode != VK_SHARING_MODE_CONCURRENT)
            return;
        for (uint32_t i = 0; i < info.queueFamilyIndexCount; ++i)
        {
            const uint32_t family = state.physical.families.Real(info.pQueueFamilyIndices[i]);
            if (std::ranges::find(m_families, family) == m_families.end())
                m_families.push_back(family);
        }
        m_info.queueFamilyIndexCount = static_cast<uint32_t>(m_families.size());
        m_info.pQueueFamilyIndices = m_families.data();
        if (m_families.size() < 2)
            m_info.sharingMode = VK_SHARING_MODE_EXCLUSIVE; // below there is nobody to share with
    }
    RealInfo(const RealInfo&) = delete;
    RealInfo& operator=(const RealInfo&) = delete;
    const CreateInfo* Get() const { return &m_info; }

  private:
    CreateInfo m_info;
    std::vector<uint32_t> m_families;
};

VkBufferUsageFlags2KHR UsageOf(const VkBufferCreateInfo& info)
{
    for (auto* s = static_cast<const VkBaseInStructure*>(info.pNext); s != nullptr; s = s->pNext)
    {
        if (s->sType == VK_STRUCTURE_TYPE_BUFFER_USAGE_FLAGS_2_CREATE_INFO_KHR)
            return reinterpret_cast<const VkBufferUsageFlags2CreateInfoKHR*>(s)->usage;
    }
    return info.usage;
}

Bound BoundOf(const VkImageCreateInfo& info)
{
    return (info.usage & VK_IMAGE_USAGE_TRANSIENT_ATTACHMENT_BIT) != 0 ? Bound::TransientImage : Bound::Image;
}

// BC, ETC2, EAC, ASTC; and all that came after Vulkan 1.0: compressed, of several planes, and a few of single texels.
bool MayHaveBlocks(VkFormat format)
{
    return format >= VK_FORMAT_BC1_RGB_UNORM_BLOCK; // the last ones of Vulkan 1.0
}

// ---- creating ------------------------------------------------------------------------------------------------------
VkResult CreateBuffer(DeviceState& state, VkDevice device, const VkBufferCreateInfo* info,
                      const VkAllocationCallbacks* allocator, VkBuffer* buffer)
{
    if (info->size > state.physical.maxBufferSize)
    {
        state.simulator.Report(
            fmt::format("creates a buffer of {} bytes, maxBufferSize is {}", info->size, state.physical.maxBufferSize));
        *buffer = VK_NULL_HANDLE;
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    }
    const RealInfo real(state, *info);
    const VkResult result = state.next.CreateBuffer(device, real.Get(), allocator, buffer);
    if (result == VK_SUCCESS)
        state.objects.Add(*buffer, BufferInfo{.usage = UsageOf(*info),
                                              .bytes = info->size,
                                              .isExclusive = info->sharingMode == VK_SHARING_MODE_EXCLUSIVE});
    return result;
}

void DestroyBuffer(DeviceState& state, VkDevice device, VkBuffer buffer, const VkAllocationCallbacks* allocator)
{
    state.ownership.Forget(ResourceOf(buffer));
    state.objects.Remove(buffer);
    state.next.DestroyBuffer(device, buffer, allocator);
}

VkResult CreateImage(DeviceState& state, VkDevice device, const VkImageCreateInfo* info,
                     const VkAllocationCallbacks* allocator, VkImage* image)
{
    const RealInfo real(state, *info);
    const VkResult result = state.next.CreateImage(device, real.Get(), allocator, image);
    if (result == VK_SUCCESS)
        state.objects.Add(*image, ImageInfo{.extent = info->extent,
                                            .mips = info->mipLevels,
                                            .layers = info->arrayLayers,
                                            .mayHaveBlocks = MayHaveBlocks(info->format),
                                            .isTransient = BoundOf(*info) == Bound::TransientImage,
                                            .isExclusive = info->sharingMode == VK_SHARING_MODE_EXCLUSIVE});
    return result;
}

void DestroyImage(DeviceState& state, VkDevice device, VkImage image, const VkAllocationCallbacks* allocator)
{
    state.ownership.Forget(ResourceOf(image));
    state.objects.Remove(image);
    state.next.DestroyImage(device, image, allocator);
}

// ---- requirements --------------------------------------------------------------------------------------------------
void Present(const DeviceState& state, const std::optional<BufferInfo>& buffer, VkMemoryRequirements& requirements)
{
    requirements.memoryTypeBits = state.physical.memory.Present(requirements.memoryTypeBits, Bound::Buffer);
    if (!buffer)
        return;
    // Memory satisfies the alignment of descriptors that the buffer may be used in.
    const VkPhysicalDeviceLimits& limits = state.physical.limits;
    const auto raise = [&](VkBufferUsageFlags2KHR usages, VkDeviceSize alignment) {
        if ((buffer->usage & usages) != 0)
            requirements.alignment = std::max(requirements.alignment, alignment);
    };
    raise(VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT, limits.minUniformBufferOffsetAlignment);
    raise(VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, limits.minStorageBufferOffsetAlignment);
    raise(VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT | VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT,
          limits.minTexelBufferOffsetAlignment);
}

void Present(const DeviceState& state, Bound image, VkMemoryRequirements& requirements)
{
    requirements.memoryTypeBits = state.physical.memory.Present(requirements.memoryTypeBits, image);
}

Bound BoundOf(const DeviceState& state, VkImage image)
{
    const std::optional<ImageInfo> info = state.objects.Find(image);
    return info && info->isTransient ? Bound::TransientImage : Bound::Image;
}

void GetBufferMemoryRequirements(DeviceState& state, VkDevice device, VkBuffer buffer, VkMemoryRequirements* out)
{
    state.next.GetBufferMemoryRequirements(device, buffer, out);
    Present(state, state.objects.Find(buffer), *out);
}

void GetBufferMemoryRequirements2(DeviceState& state, VkDevice device, const VkBufferMemoryRequirementsInfo2* info,
                                  VkMemoryRequirements2* out)
{
    state.next.GetBufferMemoryRequirements2(device, info, out);
    Present(state, state.objects.Find(info->buffer), out->memoryRequirements);
}

void GetDeviceBufferMemoryRequirements(DeviceState& state, VkDevice device,
                                       const VkDeviceBufferMemoryRequirements* info, VkMemoryRequirements2* out)
{
    const RealInfo real(state, *info->pCreateInfo);
    VkDeviceBufferMemoryRequirements translated = *info;
    translated.pCreateInfo = real.Get();
    state.next.GetDeviceBufferMemoryRequirements(device, &translated, out);
    Present(state, BufferInfo{.usage = UsageOf(*info->pCreateInfo)}, out->memoryRequirements);
}

void GetImageMemoryRequirements(DeviceState& state, VkDevice device, VkImage image, VkMemoryRequirements* out)
{
    state.next.GetImageMemoryRequirements(device, image, out);
    Present(state, BoundOf(state, image), *out);
}

void GetImageMemoryRequirements2(DeviceState& state, VkDevice device, const VkImageMemoryRequirementsInfo2* info,
                                 VkMemoryRequirements2* out)
{
    state.next.GetImageMemoryRequirements2(device, info, out);
    Present(state, BoundOf(state, info->image), out->memoryRequirements);
}

void GetDeviceImageMemoryRequirements(DeviceState& state, VkDevice device, const VkDeviceImageMemoryRequirements* info,
                                      VkMemoryRequirements2* out)
{
    const RealInfo real(state, *info->pCreateInfo);
    VkDeviceImageMemoryRequirements translated = *info;
    translated.pCreateInfo = real.Get();
    state.next.GetDeviceImageMemoryRequirements(device, &translated, out);
    Present(state, BoundOf(*info->pCreateInfo), out->memoryRequirements);
}

// Memory that comes from outside may hold buffers as well as images.
VkResult GetMemoryHostPointerPropertiesEXT(DeviceState& state, VkDevice device, VkExternalMemoryHandleTypeFlagBits type,
                                           const void* pointer, VkMemoryHostPointerPropertiesEXT* out)
{
    const VkResult result = state.next.GetMemoryHostPointerPropertiesEXT(device, type, pointer, out);
    if (result == VK_SUCCESS)
        out->memoryTypeBits = state.physical.memory.Present(out->memoryTypeBits, Bound::Image);
    return result;
}

VkResult GetMemoryFdPropertiesKHR(DeviceState& state, VkDevice device, VkExternalMemoryHandleTypeFlagBits type, int fd,
                                  VkMemoryFdPropertiesKHR* out)
{
    const VkResult result = state.next.GetMemoryFdPropertiesKHR(device, type, fd, out);
    if (result == VK_SUCCESS)
        out->memoryTypeBits = state.physical.memory.Present(out->memoryTypeBits, Bound::Image);
    return result;
}
} // namespace

void AddObjectCalls(WrapperTable& table)
{
    SEDX_SIMULATOR_WRAP_DEVICE(table, CreateBuffer);
    SEDX_SIMULATOR_WRAP_DEVICE(table, DestroyBuffer);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CreateImage);
    SEDX_SIMULATOR_WRAP_DEVICE(table, DestroyImage);
    SEDX_SIMULATOR_WRAP_DEVICE(table, GetBufferMemoryRequirements);
    SEDX_SIMULATOR_WRAP_DEVICE(table, GetBufferMemoryRequirements2);
    SEDX_SIMULATOR_WRAP_DEVICE(table, GetDeviceBufferMemoryRequirements);
    SEDX_SIMULATOR_WRAP_DEVICE(table, GetImageMemoryRequirements);
    SEDX_SIMULATOR_WRAP_DEVICE(table, GetImageMemoryRequirements2);
    SEDX_SIMULATOR_WRAP_DEVICE(table, GetDeviceImageMemoryRequirements);
    SEDX_SIMULATOR_WRAP_DEVICE(table, GetMemoryHostPointerPropertiesEXT);
    SEDX_SIMULATOR_WRAP_DEVICE(table, GetMemoryFdPropertiesKHR);
}
} // namespace sedx::simulator
