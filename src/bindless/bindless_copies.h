// BindlessCopies: the copies of set and table, which one a frame has, and what each of them does not show yet.
// Not thread-safe: the module has one lock for all of it.
#pragma once

#include "bindless/descriptor_copy.h"

#include <functional>

namespace sedx
{
class BindlessCopies
{
  public:
    // Where checked shaders report; addresses, 0: nowhere.
    struct Reporting
    {
        VkDeviceAddress faults = 0;
        VkDeviceAddress usedFrames = 0;
    };
    using MakeDescriptors = std::function<Result<std::unique_ptr<DescriptorCopy>>(uint32_t slots, uint32_t copy)>;

    // `fixed`: so many copies, and all slots from the start. Else copies are made when they are needed.
    BindlessCopies(BufferSystem& system, BindlessLayout& layout, std::string name, MakeDescriptors make,
                   uint32_t fixed);
    ~BindlessCopies(); // no frame uses them any more

    // All slots are below this; copies that are taken from now on have room for them.
    void SetCapacity(uint32_t slots);
    // What all copies shall show. The capacity has been told.
    void Append(const SlotChange& change);
    // Makes `count` copies ready.
    Result<void> Prepare(uint32_t count);

    struct Use
    {
        const DescriptorCopy* descriptors = nullptr;
        VkDeviceAddress table = 0;
    };
    // The copy of an open frame, up to date as far as it may be. If a copy cannot grow, the frame gets it as it is (logged once).
    // `completed` says which frames have passed: this one and those before; asked only if the frame has no copy yet. Errors: Busy (no copy is free and none can be made), those of Vulkan.
    Result<Use> Get(uint64_t frame, const Reporting& reporting, const std::function<uint64_t()>& completed);

    uint32_t Count() const noexcept { return static_cast<uint32_t>(m_copies.size()); }
    uint64_t Writes() const noexcept { return m_writes; }
    void ForEach(const std::function<void(const SlotChange& shown)>& visit) const;

  private:
    static constexpr uint32_t kMaxCopies = 32; // bits of m_pending

    struct Copy
    {
        std::unique_ptr<DescriptorCopy> descriptors;
        Buffer table;
        uint32_t slots = 0;
        uint64_t frame = 0;            // that used it last; 0: none
        std::vector<uint32_t> pending; // slots whose change it does not show
        std::vector<uint32_t> ids;     // that it shows
    };
    Result<uint32_t> Choose(uint64_t completed);
    Result<void> Make(uint32_t index); // new descriptors and table with everything in them
    void Write(Copy& copy, std::span<const uint32_t> slots, bool isNew);
    void Update(uint32_t index, bool onlyNew);
    void PutHeader(Copy& copy, uint64_t frame, const Reporting& reporting);

    BufferSystem& m_system;
    BindlessLayout& m_layout;
    std::string m_name;
    MakeDescriptors m_make;
    uint32_t m_fixed;
    uint32_t m_capacity = 0;
    std::vector<std::unique_ptr<Copy>> m_copies;
    std::vector<SlotChange> m_shown; // by slot: what all copies shall show
    std::vector<uint32_t> m_pending; // by slot: a bit for each copy that has it in its list
    std::vector<uint32_t> m_scratch; // slots to write
    uint64_t m_writes = 0;
    uint32_t m_failedCapacity = 0; // that a copy could not be made for, the last time it was tried
    uint64_t m_changes = 0;        // calls of Append
    // What Get answered last; it stays the answer for that frame until something changes.
    uint64_t m_lastFrame = 0;
    uint64_t m_lastChanges = 0;
    Use m_lastUse;
};
} // namespace sedx
