#include "buffer/sparse_pages.h"

#include <sedx/log.h>

#include <algorithm>

namespace sedx
{
SparsePages::~SparsePages()
{
    DeviceState& device = m_core.Device();
    if (m_buffer != VK_NULL_HANDLE)
        device.vk.DestroyBuffer(device.device, m_buffer, nullptr);
    for (const Piece& piece : m_pieces)
    {
        if (piece.memory == VK_NULL_HANDLE)
            continue;
        device.vk.FreeMemory(device.device, piece.memory, nullptr);
        m_core.Memory().Budget().Remove(m_core.Memory().HeapOf(m_memoryType), piece.pages * m_pageBytes);
    }
    m_addresses->fetch_sub(m_bytes);
}

Result<BufferMemory> SparsePages::Create(BufferUsage usage, const std::string& name)
{
    DeviceState& device = m_core.Device();
    m_name = name;
    const uint64_t limit = device.properties.limits.sparseAddressSpaceSize;
    if (const uint64_t before = m_addresses->fetch_add(m_bytes); before > limit || m_bytes > limit - before)
        return Fail(
            ErrorCode::LimitExceeded,
            "sparse buffer '{}' of {} bytes exceeds the sparseAddressSpaceSize of {} bytes, of which {} are in use",
            name, m_bytes, limit, before);
    VkBufferCreateInfo info = device.BufferInfo(m_bytes, VulkanUsage(usage));
    info.flags = VK_BUFFER_CREATE_SPARSE_BINDING_BIT | VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT;
    const VkResult result = device.Check(device.vk.CreateBuffer(device.device, &info, nullptr, &m_buffer));
    if (result != VK_SUCCESS)
        return FailVk(result, "creating sparse buffer '{}' ({} bytes)", name, m_bytes);
    device.SetName(VK_OBJECT_TYPE_BUFFER, reinterpret_cast<uint64_t>(m_buffer), name.c_str());
    VkMemoryRequirements needs{};
    device.vk.GetBufferMemoryRequirements(device.device, m_buffer, &needs);
    m_pageBytes = needs.alignment;
    m_boundBytes = needs.size;
    // Device memory in the order of the memory strategy, whatever else the types can do.
    const std::vector<uint32_t>& types = m_core.Memory().Strategy().For(MemoryType::GPU).types;
    const auto fits = [&](uint32_t type) { return (needs.memoryTypeBits & (1u << type)) != 0; };
    const auto type = std::find_if(types.begin(), types.end(), fits);
    if (type == types.end())
        return Fail(ErrorCode::MissingFeature, "no memory of the device fits sparse buffer '{}'", name);
    m_memoryType = *type;

    BufferMemory memory;
    memory.buffer = m_buffer;
    memory.bytes = m_bytes;
    memory.memoryType = m_memoryType;
    if (Any(usage & BufferUsage::DeviceAddress))
    {
        VkBufferDeviceAddressInfo address{VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO};
        address.buffer = m_buffer;
        memory.address = device.vk.GetBufferDeviceAddress(device.device, &address);
    }
    return memory;
}

bool SparsePages::IsCommitted(uint64_t firstPage, uint64_t endPage) const noexcept
{
    const std::lock_guard lock(m_mutex);
    auto page = m_pages.find(firstPage);
    for (uint64_t next = firstPage; next < endPage; ++next, ++page)
        if (page == m_pages.end() || page->first != next || page->second.isLeaving)
            return false;
    return true;
}

Result<void> SparsePages::Commit(uint64_t firstPage, uint64_t endPage, const Bind& bind)
{
    const std::lock_guard lock(m_mutex);
    std::vector<uint64_t> absent;
    for (uint64_t page = firstPage; page < endPage; ++page)
        if (!m_pages.contains(page))
            absent.push_back(page);
    if (!absent.empty())
    {
        std::vector<Place> places;
        if (auto taken = TakePlaces(absent.size(), places); !taken)
            return taken;
        std::vector<VkSparseMemoryBind> binds;
        for (size_t i = 0; i < absent.size(); ++i)
            Append(binds, BindOf(absent[i], &places[i]));
        const auto value = bind(m_buffer, binds);
        if (!value)
        {
            GiveBack(places);
            return tl::unexpected(value.error());
        }
        m_lastBind = *value;
        for (size_t i = 0; i < absent.size(); ++i)
            m_pages.emplace(absent[i], Page{.place = places[i]});
        m_committed.fetch_add(absent.size());
    }
    for (auto page = m_pages.lower_bound(firstPage); page != m_pages.end() && page->first < endPage; ++page)
    {
        if (!page->second.isLeaving)
            continue;
        page->second.isLeaving = false; // it stays
        --m_leaving;
        m_committed.fetch_add(1);
    }
    return {};
}

void SparsePages::Decommit(uint64_t firstPage, uint64_t endPage, uint64_t frame, uint64_t batch)
{
    const std::lock_guard lock(m_mutex);
    for (auto page = m_pages.lower_bound(firstPage); page != m_pages.end() && page->first < endPage; ++page)
    {
        if (page->second.isLeaving)
            continue;
        page->second.isLeaving = true;
        page->second.frame = frame;
        page->second.batch = batch;
        ++m_leaving;
        m_committed.fetch_sub(1);
    }
}

bool SparsePages::Update(const Bind& bind) noexcept
{
    const std::lock_guard lock(m_mutex);
    const uint64_t frame = m_core.Frames().Completed();
    const uint64_t batch = m_core.completedBatch.load();
    std::vector<VkSparseMemoryBind> binds;
    std::vector<uint64_t> gone;
    if (m_leaving != 0)
        for (const auto& [index, page] : m_pages)
        {
            if (!page.isLeaving || page.frame > frame || page.batch > batch)
                continue;
            Append(binds, BindOf(index, nullptr));
            gone.push_back(index);
        }
    if (!gone.empty())
    {
        if (const auto value = bind(m_buffer, binds))
        {
            m_lastBind = *value;
            Unbound& unbound = m_unbound.emplace_back();
            unbound.value = *value;
            for (const uint64_t index : gone)
            {
                unbound.places.push_back(m_pages.at(index).place);
                m_pages.erase(index);
            }
            m_leaving -= gone.size();
        }
        else
            SEDX_CORE_WARN_TAG("MEMORY", "{} pages of sparse buffer '{}' keep their memory: {}", gone.size(), m_name,
                               value.error().message);
    }
    const Timelines& timelines = m_core.GetTimelines();
    std::erase_if(m_unbound, [&](const Unbound& unbound) {
        if (!timelines.HasPassed({kTransferTimeline, unbound.value}))
            return false;
        GiveBack(unbound.places);
        return true;
    });
    return m_leaving != 0 || !m_unbound.empty() || !timelines.HasPassed({kTransferTimeline, m_lastBind});
}

// ---- memory --------------------------------------------------------------------------------------------------------

uint64_t SparsePages::PagesOfPiece(uint64_t missing) const noexcept
{
    return std::min(std::clamp(missing, kLeastPages, kMostPages), m_boundBytes / m_pageBytes);
}

uint64_t SparsePages::MissingBytes(uint64_t firstPage, uint64_t endPage) const noexcept
{
    const std::lock_guard lock(m_mutex);
    const auto there = static_cast<uint64_t>(
        std::distance(m_pages.lower_bound(firstPage), m_pages.lower_bound(std::max(firstPage, endPage))));
    uint64_t missing = endPage - firstPage - there;
    missing -= std::min<uint64_t>(missing, m_free.size());
    uint64_t pages = 0;
    while (pages < missing)
        pages += PagesOfPiece(missing - pages);
    return pages * m_pageBytes;
}

Result<void> SparsePages::TakePlaces(uint64_t count, std::vector<Place>& places)
{
    while (m_free.size() < count)
    {
        const uint64_t missing = count - m_free.size();
        if (auto added = AddPiece(PagesOfPiece(missing)); !added)
        {
            GiveBack({}); // pieces that are free
            return added;
        }
    }
    // In the order of pieces and of pages, so that neighbours are bound together.
    std::sort(m_free.begin(), m_free.end(), [](const Place& a, const Place& b) {
        return a.piece != b.piece ? a.piece < b.piece : a.index < b.index;
    });
    places.assign(m_free.begin(), m_free.begin() + static_cast<ptrdiff_t>(count));
    m_free.erase(m_free.begin(), m_free.begin() + static_cast<ptrdiff_t>(count));
    for (const Place& place : places)
        ++m_pieces[place.piece].used;
    return {};
}

Result<void> SparsePages::AddPiece(uint64_t pages)
{
    DeviceState& device = m_core.Device();
    MemoryBudget& budget = m_core.Memory().Budget();
    const uint32_t heap = m_core.Memory().HeapOf(m_memoryType);
    const uint64_t bytes = pages * m_pageBytes;
    if (budget.Reserve(heap, bytes) == BudgetVerdict::OverHard)
        return Fail(ErrorCode::OutOfDeviceMemory,
                    "the budget of heap {} has no {} bytes for pages of sparse buffer '{}'", heap, bytes, m_name);
    VkMemoryAllocateFlagsInfo flags{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO};
    flags.flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT;
    VkMemoryAllocateInfo info{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO};
    info.pNext = &flags;
    info.allocationSize = bytes;
    info.memoryTypeIndex = m_memoryType;
    Piece piece;
    piece.pages = static_cast<uint32_t>(pages);
    const VkResult result = device.Check(device.vk.AllocateMemory(device.device, &info, nullptr, &piece.memory));
    if (result != VK_SUCCESS)
    {
        budget.Remove(heap, bytes);
        return FailVk(result, "allocating {} bytes for pages of sparse buffer '{}'", bytes, m_name);
    }
    device.SetName(VK_OBJECT_TYPE_DEVICE_MEMORY, reinterpret_cast<uint64_t>(piece.memory), m_name.c_str());
    const auto unused = std::find_if(m_pieces.begin(), m_pieces.end(),
                                     [](const Piece& other) { return other.memory == VK_NULL_HANDLE; });
    const auto index = static_cast<uint32_t>(unused - m_pieces.begin());
    if (unused == m_pieces.end())
        m_pieces.push_back(piece);
    else
        *unused = piece;
    for (uint32_t page = 0; page < piece.pages; ++page)
        m_free.push_back({index, page});
    m_memoryBytes.fetch_add(bytes);
    return {};
}

// Pieces without a page in use go back to the driver.
void SparsePages::GiveBack(std::span<const Place> places) noexcept
{
    for (const Place& place : places)
    {
        --m_pieces[place.piece].used;
        m_free.push_back(place);
    }
    const auto isEmpty = [this](const Place& place) { return m_pieces[place.piece].used == 0; };
    if (std::none_of(m_free.begin(), m_free.end(), isEmpty))
        return;
    std::erase_if(m_free, isEmpty);
    DeviceState& device = m_core.Device();
    for (Piece& piece : m_pieces)
    {
        if (piece.memory == VK_NULL_HANDLE || piece.used != 0)
            continue;
        device.vk.FreeMemory(device.device, piece.memory, nullptr);
        m_core.Memory().Budget().Remove(m_core.Memory().HeapOf(m_memoryType), piece.pages * m_pageBytes);
        m_memoryBytes.fetch_sub(piece.pages * m_pageBytes);
        piece = {};
    }
}

VkSparseMemoryBind SparsePages::BindOf(uint64_t page, const Place* place) const noexcept
{
    VkSparseMemoryBind bind{};
    bind.resourceOffset = page * m_pageBytes;
    bind.size = std::min(m_pageBytes, m_boundBytes - bind.resourceOffset);
    if (place != nullptr)
    {
        bind.memory = m_pieces[place->piece].memory;
        bind.memoryOffset = place->index * m_pageBytes;
    }
    return bind;
}

void SparsePages::Append(std::vector<VkSparseMemoryBind>& binds, const VkSparseMemoryBind& bind)
{
    if (!binds.empty())
    {
        VkSparseMemoryBind& last = binds.back();
        const bool isNext = last.resourceOffset + last.size == bind.resourceOffset && last.memory == bind.memory;
        if (isNext && (bind.memory == VK_NULL_HANDLE || last.memoryOffset + last.size == bind.memoryOffset))
        {
            last.size += bind.size;
            return;
        }
    }
    binds.push_back(bind);
}
} // namespace sedx
