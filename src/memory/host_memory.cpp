#include "memory/host_memory.h"

#include "base/align.h"

#include <algorithm>
#include <optional>

namespace sedx
{
namespace
{
constexpr VkExternalMemoryHandleTypeFlagBits kHandle = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
constexpr VkBufferUsageFlags kUsage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT;

// The CPU keeps writing through its own, cached view: coherent and cached first. What cannot be mapped could not be flushed,
// nor be told from memory that has to be.
std::optional<uint32_t> ChooseType(const DeviceState& device, uint32_t allowed) noexcept
{
    constexpr VkMemoryPropertyFlags kVisible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
    constexpr VkMemoryPropertyFlags kCoherent = kVisible | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    constexpr VkMemoryPropertyFlags kWishes[] = {kCoherent | VK_MEMORY_PROPERTY_HOST_CACHED_BIT, kCoherent, kVisible};
    const auto isLocal = [&](uint32_t type) {
        const uint32_t heap = device.memory.memoryTypes[type].heapIndex;
        return (device.memory.memoryHeaps[heap].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0;
    };
    for (const VkMemoryPropertyFlags wish : kWishes)
        for (const bool local : {false, true})
            for (uint32_t i = 0; i < device.memory.memoryTypeCount; ++i)
                if ((allowed & (1u << i)) != 0 && (device.memory.memoryTypes[i].propertyFlags & wish) == wish &&
                    isLocal(i) == local)
                    return i;
    return std::nullopt;
}
} // namespace

AlignedRange AlignForImport(uint64_t address, uint64_t bytes, uint64_t alignment, bool outwards) noexcept
{
    const uint64_t mask = alignment - 1;
    AlignedRange range;
    if (outwards)
    {
        range.inside = {0, bytes};
        range.before = address & mask;
        range.behind = (alignment - ((address + bytes) & mask)) & mask;
        return range;
    }
    range.inside.begin = (alignment - (address & mask)) & mask;
    const uint64_t tail = (address + bytes) & mask;
    range.inside.end = tail < bytes ? bytes - tail : 0;
    if (range.inside.IsEmpty())
        range.inside = {};
    return range;
}

HostMemory::~HostMemory() { Destroy(); }

void HostMemory::Destroy() noexcept
{
    for (const Imported& piece : m_pieces)
    {
        m_device.vk.DestroyBuffer(m_device.device, piece.buffer.buffer, nullptr);
        m_device.vk.FreeMemory(m_device.device, piece.memory, nullptr); // unmaps
    }
    m_pieces.clear();
}

Result<void> HostMemory::Import(std::span<const std::byte> memory)
{
    const uint64_t alignment = m_device.hostImportAlignment;
    VkPhysicalDeviceExternalBufferInfo info{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO};
    info.usage = kUsage;
    info.handleType = kHandle;
    VkExternalBufferProperties properties{VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES};
    m_device.vki.GetPhysicalDeviceExternalBufferProperties(m_device.physicalDevice, &info, &properties);
    const VkExternalMemoryFeatureFlags features = properties.externalMemoryProperties.externalMemoryFeatures;
    if ((features & VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT) == 0)
        return Fail(ErrorCode::MissingFeature, "device '{}' imports no host memory for buffers to copy from",
                    m_device.name);
    m_pieceBytes = std::min(m_device.maxAllocationSize, m_device.maxBufferSize) & ~(alignment - 1);
    if (m_pieceBytes == 0)
        return Fail(ErrorCode::LimitExceeded,
                    "device '{}' has no buffers as long as the alignment of host memory, {} bytes", m_device.name,
                    alignment);
    while (!memory.empty())
    {
        const auto piece = memory.first(std::min<uint64_t>(memory.size(), m_pieceBytes));
        if (auto made = ImportPiece(piece, (features & VK_EXTERNAL_MEMORY_FEATURE_DEDICATED_ONLY_BIT) != 0); !made)
        {
            Destroy();
            return made;
        }
        memory = memory.subspan(piece.size());
    }
    return {};
}

Result<void> HostMemory::ImportPiece(std::span<const std::byte> bytes, bool dedicated)
{
    const VkDevice device = m_device.device;
    void* const pointer = const_cast<std::byte*>(bytes.data()); // only read
    VkMemoryHostPointerPropertiesEXT allowed{VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT};
    VkResult result = m_device.Check(m_device.vk.GetMemoryHostPointerPropertiesEXT(device, kHandle, pointer, &allowed));
    if (result != VK_SUCCESS)
        return FailVk(result, "asking for memory types of {} bytes of host memory", bytes.size());

    Imported& piece = m_pieces.emplace_back(); // what it has is destroyed with the others
    VkExternalMemoryBufferCreateInfo external{VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO};
    external.handleTypes = kHandle;
    VkBufferCreateInfo bufferInfo = m_device.BufferInfo(bytes.size(), kUsage);
    bufferInfo.pNext = &external;
    result = m_device.Check(m_device.vk.CreateBuffer(device, &bufferInfo, nullptr, &piece.buffer.buffer));
    if (result != VK_SUCCESS)
    {
        piece.buffer.buffer = VK_NULL_HANDLE;
        return FailVk(result, "creating a buffer for {} bytes of host memory", bytes.size());
    }
    VkMemoryRequirements needs{};
    m_device.vk.GetBufferMemoryRequirements(device, piece.buffer.buffer, &needs);
    if (needs.size > bytes.size())
        return Fail(ErrorCode::LimitExceeded, "a buffer of {} bytes needs {} bytes of memory on device '{}'",
                    bytes.size(), needs.size, m_device.name);
    const auto type = ChooseType(m_device, allowed.memoryTypeBits & needs.memoryTypeBits);
    if (!type)
        return Fail(ErrorCode::MissingFeature, "no mappable memory type of device '{}' takes this host memory",
                    m_device.name);

    VkImportMemoryHostPointerInfoEXT import{VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT};
    import.handleType = kHandle;
    import.pHostPointer = pointer;
    VkMemoryDedicatedAllocateInfo whole{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO};
    whole.buffer = piece.buffer.buffer;
    if (dedicated)
        import.pNext = &whole;
    VkMemoryAllocateInfo memoryInfo{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO};
    memoryInfo.pNext = &import;
    memoryInfo.allocationSize = bytes.size();
    memoryInfo.memoryTypeIndex = *type;
    result = m_device.Check(m_device.vk.AllocateMemory(device, &memoryInfo, nullptr, &piece.memory));
    if (result != VK_SUCCESS)
    {
        piece.memory = VK_NULL_HANDLE;
        return FailVk(result, "importing {} bytes of host memory", bytes.size());
    }
    result = m_device.Check(m_device.vk.BindBufferMemory(device, piece.buffer.buffer, piece.memory, 0));
    if (result != VK_SUCCESS)
        return FailVk(result, "binding {} bytes of host memory", bytes.size());
    piece.buffer.bytes = bytes.size();
    piece.buffer.mapped = static_cast<std::byte*>(pointer);
    piece.buffer.memoryType = *type;
    piece.buffer.flags = m_device.memory.memoryTypes[*type].propertyFlags;
    m_device.SetName(VK_OBJECT_TYPE_BUFFER, reinterpret_cast<uint64_t>(piece.buffer.buffer), "sedx imported memory");
    if ((piece.buffer.flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0)
        return {};
    void* view = nullptr; // the same bytes: only what is mapped may be flushed
    result = m_device.Check(m_device.vk.MapMemory(device, piece.memory, 0, VK_WHOLE_SIZE, 0, &view));
    if (result != VK_SUCCESS)
        return FailVk(result, "mapping {} bytes of host memory to flush them", bytes.size());
    return {};
}

VkResult HostMemory::Flush(uint64_t offset, uint64_t bytes) noexcept
{
    const uint64_t atom = m_device.properties.limits.nonCoherentAtomSize;
    for (const uint64_t end = offset + bytes; offset < end;)
    {
        const Imported& piece = m_pieces[offset / m_pieceBytes];
        const uint64_t from = offset % m_pieceBytes;
        const uint64_t count = std::min(end - offset, piece.buffer.bytes - from);
        offset += count;
        if ((piece.buffer.flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0)
            continue;
        VkMappedMemoryRange range{VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE};
        range.memory = piece.memory;
        range.offset = from & ~(atom - 1);
        range.size = std::min(AlignUp(from + count, atom), piece.buffer.bytes) - range.offset;
        const VkResult result = m_device.Check(m_device.vk.FlushMappedMemoryRanges(m_device.device, 1, &range));
        if (result != VK_SUCCESS)
            return result;
    }
    return VK_SUCCESS;
}
} // namespace sedx
