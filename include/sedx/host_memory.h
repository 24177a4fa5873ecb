// ImportedMemory: a block of the application's own memory (a memory-mapped file, an asset arena) that the GPU copies from
// without a copy by the CPU.
//
//     ImportedMemory arena = *system.Uploads().Import(bytes);             // once, for as long as it is copied from
//     UploadTicket done = *system.Uploads().Write(buffer, 0, {arena, offset, count});
//
// Not every device, driver and kind of memory can do it. Then everything works all the same, by way of staging, and Why()
// says what the reason is. Does NOT take or copy memory: the block stays the application's, which promises
//   - that it is mapped and not moved until Release has succeeded or the destructor has returned;
//   - that the bytes of a Write do not change until its ticket is complete.
// Worth it for long writes from blocks that are used again: drivers pin the pages of a block, which takes time for each of
// them. Short writes are better collected in staging.
#pragma once

#include <sedx/result.h>

#include <cstddef>
#include <memory>
#include <span>

namespace sedx
{
class TransferEngine;
class HostImport;

struct ImportOptions
{
    // Only whole units of VkPhysicalDeviceExternalMemoryHostPropertiesEXT::minImportedHostPointerAlignment (as a rule a page)
    // can be imported. False: the bytes before the first and behind the last whole one go by staging. True: the application
    // knows that the units are mapped to their ends, as those of a mapped file are, and all of the block is imported.
    bool wholePages = false;
};

// A handle to move, one for each block. May outlive the system (then it is empty of Vulkan objects). Const members are
// thread-safe; Release, moves and the destructor are not to meet other calls with the same handle.
class SEDX_API ImportedMemory
{
  public:
    ImportedMemory() noexcept;
    // Gives the block back: as Release, with a line in the log where that fails. Then the application's memory must stay
    // until the copies have passed, of which the tickets tell, and the library has polled since.
    ~ImportedMemory();
    ImportedMemory(ImportedMemory&& other) noexcept;
    ImportedMemory& operator=(ImportedMemory&& other) noexcept; // gives back what it had
    ImportedMemory(const ImportedMemory&) = delete;
    ImportedMemory& operator=(const ImportedMemory&) = delete;

    explicit operator bool() const noexcept { return m_import != nullptr; }
    std::span<const std::byte> Block() const noexcept; // as it was given
    // Whether the GPU copies from it. False: all bytes go by staging.
    bool IsImported() const noexcept;
    uint64_t ImportedBytes() const noexcept; // of the block; the rest goes by staging
    // A sentence: what was imported, or why nothing was.
    std::string Why() const;

    // Gives the block back: when this succeeds, nothing of Vulkan refers to it any more, and the handle is empty. Copies that
    // were not sent yet are submitted (own submission mode); waits only while copies from the block are under way, counted
    // as WaitCause::Import. A lost device does not count as using it.
    // Errors: Timeout, NotSubmitted (only the engine can send the copies); the handle stays as it is.
    Result<void> Release(uint64_t timeoutNs = UINT64_MAX);

    // For the other parts of the library.
    ImportedMemory(std::shared_ptr<TransferEngine> engine, std::shared_ptr<HostImport> import) noexcept;
    const std::shared_ptr<HostImport>& Import() const noexcept { return m_import; }

  private:
    void GiveBack() noexcept;
    std::shared_ptr<TransferEngine> m_engine;
    std::shared_ptr<HostImport> m_import;
};

// A range of it, for one call.
struct ImportedView
{
    const ImportedMemory& memory;
    uint64_t offset = 0; // bytes
    uint64_t bytes = kWhole;

    static constexpr uint64_t kWhole = ~uint64_t{0}; // to the end of the block

    ImportedView(const ImportedMemory& whole) noexcept : memory(whole) {} // NOLINT: a block is a view of itself
    ImportedView(const ImportedMemory& block, uint64_t offsetBytes, uint64_t sizeBytes) noexcept
        : memory(block), offset(offsetBytes), bytes(sizeBytes)
    {
    }
};
} // namespace sedx
