// SparsePages: which pages of a sparse buffer have memory, and where it is. Owns the VkBuffer and the memory. Thread-safe.
//
// Memory comes in pieces of several pages. A page goes through these states:
//   absent   ── Commit ──▶ bound ── Decommit ──▶ leaving ── the GPU has passed: it is unbound ──▶ absent
//                            ▲──────── Commit ───────┘
// and its place in the piece can be used again when the unbinding has passed.
#pragma once

#include "buffer/buffer_core.h"

#include <functional>
#include <map>

namespace sedx
{
class SparsePages final : public BackingPart
{
  public:
    // vkQueueBindSparse; answers with a value of the timeline of transfers.
    using Bind = std::function<Result<uint64_t>(VkBuffer buffer, std::span<const VkSparseMemoryBind> binds)>;

    // `addresses`: counts the bytes of all sparse buffers of a system.
    SparsePages(BufferCore& core, std::shared_ptr<std::atomic<uint64_t>> addresses, uint64_t bytes) noexcept
        : m_core(core), m_addresses(std::move(addresses)), m_bytes(bytes)
    {
    }
    ~SparsePages() override; // nothing on the GPU uses it any more
    bool OwnsMemory() const noexcept override { return true; }

    // Once, first. Errors: those of vkCreateBuffer, LimitExceeded (the address space), MissingFeature.
    Result<BufferMemory> Create(BufferUsage usage, const std::string& name);

    uint64_t PageBytes() const noexcept { return m_pageBytes; }
    uint64_t CommittedBytes() const noexcept { return m_committed.load() * m_pageBytes; }
    uint64_t MemoryBytes() const noexcept { return m_memoryBytes.load(); }
    bool IsCommitted(uint64_t firstPage, uint64_t endPage) const noexcept;

    Result<void> Commit(uint64_t firstPage, uint64_t endPage, const Bind& bind);
    // Of memory that Commit would take.
    uint64_t MissingBytes(uint64_t firstPage, uint64_t endPage) const noexcept;
    // In use until frame `frame` and batch `batch` have passed.
    void Decommit(uint64_t firstPage, uint64_t endPage, uint64_t frame, uint64_t batch);
    // Unbinds what may leave, frees what has left. False: there is nothing left to do but to be destroyed, at any time.
    bool Update(const Bind& bind) noexcept;

  private:
    struct Place // of a page in a piece
    {
        uint32_t piece = 0;
        uint32_t index = 0; // pages
    };
    struct Page
    {
        Place place;
        bool isLeaving = false;
        uint64_t frame = 0; // when it may be unbound
        uint64_t batch = 0;
    };
    struct Piece
    {
        VkDeviceMemory memory = VK_NULL_HANDLE; // null: free to use the entry again
        uint32_t pages = 0;
        uint32_t used = 0;
    };
    struct Unbound // by a submission that may not have passed
    {
        uint64_t value = 0;
        std::vector<Place> places;
    };
    static constexpr uint64_t kLeastPages = 16; // of a piece
    static constexpr uint64_t kMostPages = 256;

    uint64_t PagesOfPiece(uint64_t missing) const noexcept; // of the next one
    Result<void> TakePlaces(uint64_t count, std::vector<Place>& places);
    Result<void> AddPiece(uint64_t pages);
    void GiveBack(std::span<const Place> places) noexcept;
    VkSparseMemoryBind BindOf(uint64_t page, const Place* place) const noexcept;
    static void Append(std::vector<VkSparseMemoryBind>& binds, const VkSparseMemoryBind& bind);

    BufferCore& m_core;
    std::shared_ptr<std::atomic<uint64_t>> m_addresses;
    const uint64_t m_bytes; // of the buffer
    VkBuffer m_buffer = VK_NULL_HANDLE;
    std::string m_name;
    uint64_t m_pageBytes = 0;
    uint64_t m_boundBytes = 0; // VkMemoryRequirements::size
    uint32_t m_memoryType = 0;
    std::atomic<uint64_t> m_committed{0}; // pages
    std::atomic<uint64_t> m_memoryBytes{0};

    mutable std::mutex m_mutex;       // of everything below
    std::map<uint64_t, Page> m_pages; // those that are not absent
    uint64_t m_leaving = 0;
    std::vector<Piece> m_pieces;
    std::vector<Place> m_free;
    std::vector<Unbound> m_unbound;
    uint64_t m_lastBind = 0; // value of the newest submission
};
} // namespace sedx
