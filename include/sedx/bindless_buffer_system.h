// BindlessBufferSystem: shaders reach any storage buffer by a number, without descriptor sets of its own.
//
//     auto& bindless = system.Modules().Emplace<sedx::BindlessBufferSystem>(system);
//     uint32_t id = bindless.RegisterBuffer(instances);          // any thread; hand it to shaders in push constants
//     ...
//     bindless.CmdBind(frame, cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipelineLayout, 0);
//
// The shader includes shaders/sedx.glsl and reads with the accessors declared there. The set has an array of storage buffers
// (binding 1) and beside it a table in memory (binding 0) with the address, size and generation of every slot, for access by
// address: of ranges beyond maxStorageBufferRange, and by shaders that have no set at all.
//
// A resource ID is the number of a slot with a generation. SlotOf(id) is the slot; SedxSlot(id) in shaders is the element of the
// array, which with foreign sets is SEDX_FIRST_ELEMENT further on. Slot 0 is never given out, but wherever slots are counted it is
// one of them: in BindlessDesc, in ForeignSets::count, in capacity and maxSlots of the report. IDs and slots stay what they are
// while a buffer gets other memory. A registration does NOT keep its buffer alive: the slot of a dropped buffer becomes free by
// itself. Once registered, a buffer counts as in flight whenever any frame is, also after it was unregistered.
//
// There are several copies of set and table, with equal slots: a frame gets one that no submission under way reads, and that
// shows every registration before the call. What changes afterwards reaches this copy in a later frame; only slots that nobody
// can be using, those of new registrations, are written at once: by the next GetDescriptorSet, CmdBind or GetTableAddress of the frame.
// A slot is given to another buffer when all frames that were begun before it became free have passed on every queue.
// If there are more registrations than slots, the copies are replaced by larger ones, one by one; the set layout stays, and
// so do pipelines. A frame in which that happens gets a second, larger copy from then on, which shows everything as it is then. If
// there is no memory for a larger copy, frames go on with what they have, which is logged.
//
// Does NOT create pipelines or pipeline layouts, and does NOT hold images or samplers.
// Thread safety: all calls from any thread, except those of Module. Detach it (or let the system's ModuleStage do so) before
// the system goes; at most kMaxBindlessSystems are attached to one system.
#pragma once

#include <sedx/buffer_system.h>

namespace sedx
{
inline constexpr uint32_t kMaxBindlessSystems = 4;

// How shaders find the buffers. The engine chooses once; registering and shaders are the same.
enum class BindlessBackend : uint32_t
{
    DescriptorSets,   // VkDescriptorSets with update after bind (descriptor indexing, Vulkan 1.2)
    DescriptorBuffer, // VK_EXT_descriptor_buffer; pipelines need VK_PIPELINE_CREATE_DESCRIPTOR_BUFFER_BIT_EXT
};

// Sets of the engine's own, into whose storage-buffer array the library writes. The binding needs the flags
// UPDATE_AFTER_BIND, PARTIALLY_BOUND and UPDATE_UNUSED_WHILE_PENDING. They must live until the module is detached and the
// frames under way have passed.
struct ForeignSets
{
    // At least one for each frame that may be under way, and one more for each that may be open beside another. Frames
    // get one of them: GetDescriptorSet says which.
    std::vector<VkDescriptorSet> sets{};
    uint32_t firstElement = 0; // slot 0 is this element of the binding `BindlessDesc::storageBinding`
    uint32_t count = 0;        // elements that belong to the library: the number of slots, slot 0 included; there is no growth
};

struct BindlessDesc
{
    uint32_t slots = 16384; // at the start; clamped to what the device has
    // Where growth ends; 0: what the device's limits allow. At most 2^20, slot 0 included.
    uint32_t maxSlots = 0;
    // Of the limits, left to other sets of the same pipelines that are updated after bind, in descriptors.
    uint32_t reservedDescriptors = 1024;
    // The array of storage buffers is the last binding, so the table comes before it.
    uint32_t storageBinding = 1;
    uint32_t tableBinding = 0;
    VkShaderStageFlags stages = VK_SHADER_STAGE_ALL;
    BindlessBackend backend = BindlessBackend::DescriptorSets;
    ForeignSets foreign{}; // if it has sets: these are written, and the library makes none
    // Every buffer with BufferUsage::Storage that is created while the module is attached is registered then, except for the
    // module's own; FindResource tells the ID. Buffers of a BufferPoolManager keep their registration from lease to lease.
    bool registerStorageBuffers = false;
    // Shaders compiled with SEDX_FEEDBACK say which slots they used: GetUsedFrame. Costs a read-back of 4 bytes a slot and frame.
    bool feedback = false;
    // Shaders compiled with SEDX_CHECKED report wrong accesses: TakeFaults, and the log. Costs a read-back of 32 KiB a frame.
    bool shaderChecks = false;
};

// A wrong access that a checked shader found. It read zeros, or wrote nothing.
enum class ShaderFaultKind : uint32_t
{
    OutOfBounds = 1, // the element lies outside of the buffer
    StaleSlot,       // the slot has another registration than the ID says
    EmptySlot,       // nothing has the slot: unregistered, dropped, or never given out
};
SEDX_API const char* ToString(ShaderFaultKind kind) noexcept;

struct ShaderFault
{
    ShaderFaultKind kind = ShaderFaultKind::OutOfBounds;
    uint32_t resource = 0; // the ID that the shader used
    uint64_t index = 0;    // of the element
    uint32_t elementBytes = 0;
    uint32_t tag = 0;   // SEDX_TAG of the shader
    uint64_t frame = 0; // Frame::Number
    std::string text;   // one sentence: buffer, index, shader
};

struct BindlessReport
{
    uint32_t registered = 0; // live registrations
    uint32_t capacity = 0;   // slots of a copy that is used next
    uint32_t maxSlots = 0;
    uint32_t copies = 0;           // of set and table
    uint32_t growths = 0;          // since the module was attached
    uint64_t registrations = 0;    // since then
    uint64_t descriptorCalls = 0;  // vkUpdateDescriptorSets since then; 0 with descriptor buffers
    uint64_t descriptorWrites = 0; // slots written since then, over all copies
    uint64_t faults = 0;           // of shaders, since then
    // Of these, what TakeFaults never tells: more than the ring had room for (1,024 until it is read back), and those found
    // while 4,096 had not been taken, which only the log has.
    uint64_t lostFaults = 0;
};

struct BindlessEntryReport // for panels
{
    uint32_t resource = 0;
    std::string name;
    uint64_t bytes = 0;
    VkDeviceAddress address = 0;
    bool deviceLocal = false;
};

class SEDX_API BindlessBufferSystem : public Module
{
  public:
    static constexpr uint32_t MAX_BINDLESS_BUFFERS = 16384;
    static constexpr uint32_t STORAGE_BUFFER_BINDING = 1;
    static constexpr uint32_t INVALID_RESOURCE_ID = UINT32_MAX;

    explicit BindlessBufferSystem(BufferSystem& system, const BindlessDesc& desc = {},
                                  std::string name = "BindlessBufferSystem");
    ~BindlessBufferSystem() override;

    // Whether OnAttach made what is needed. Errors: MissingFeature (names it), InvalidArgument (bindings in the wrong order, no
    // elements in foreign sets, ...), LimitExceeded (kMaxBindlessSystems), WrongState (not attached yet, or detached), those of
    // Vulkan. The other calls then fail.
    Result<void> Status() const;

    // ---- registering -------------------------------------------------------------------------------------------------
    // The ID of a new registration; INVALID_RESOURCE_ID (logged) where Register fails.
    uint32_t RegisterBuffer(const Buffer& buffer);
    // The same for a range; the offset obeys minStorageBufferOffsetAlignment. What lies beyond maxStorageBufferRange is reached
    // by address only. Errors: InvalidArgument (an empty handle, another system's, no storage usage, an offset that is not
    // aligned), OutOfRange, LimitExceeded (no free slot), WrongState (not attached), StaleHandle.
    Result<uint32_t> Register(const BufferView<>& view);
    // Many whole buffers at once, the cheapest way; `resources` has as many elements. All or none: if one fails, those before it are
    // unregistered again and all IDs are INVALID_RESOURCE_ID. Errors: InvalidArgument (the spans differ in size), those of Register.
    Result<void> RegisterBuffers(std::span<const Buffer> buffers, std::span<uint32_t> resources);
    // Frames that have their copy already may go on using the ID; others must not. Errors: WrongState (not attached),
    // StaleHandle (logged: it was unregistered already, or its buffer was dropped, or it was never given out).
    Result<void> UnregisterBuffer(uint32_t resource);
    // Many at once. Errors: as of UnregisterBuffer, the first one; all others are unregistered.
    Result<void> UnregisterBuffers(std::span<const uint32_t> resources);
    // The newest registration of the buffer; INVALID_RESOURCE_ID if there is none.
    uint32_t FindResource(const Buffer& buffer) const;
    static constexpr uint32_t SlotOf(uint32_t resource) noexcept { return resource & 0xFFFFF; }

    // ---- using -------------------------------------------------------------------------------------------------------
    // The copy of the frame, with everything registered so far. Null, logged, with a descriptor buffer or where it fails: as
    // CmdBind does, or with Busy where all foreign sets are in flight. No frame means the current one. A registration that made the
    // copies grow may change the answer within a frame.
    VkDescriptorSet GetDescriptorSet(const Frame& frame);
    VkDescriptorSet GetDescriptorSet();
    // Address of the copy's table (shaders/sedx.glsl: SEDX_TABLE_ADDRESS); 0, logged, where that fails.
    VkDeviceAddress GetTableAddress(const Frame& frame);
    // Binds the frame's copy as set `set` of the layout, which was made with GetSetLayout() there. A descriptor buffer is bound
    // alone: what other descriptor buffers were bound is not any more.
    // Errors: where it is not attached that of Status(); WrongState (the frame is not open, foreign sets: these the engine
    // binds), Busy (32 copies are in flight), those of making another copy (OutOfDeviceMemory, LimitExceeded, those of Vulkan).
    Result<void> CmdBind(const Frame& frame, VkCommandBuffer cmd, VkPipelineBindPoint bindPoint,
                         VkPipelineLayout layout, uint32_t set);
    // One for life. Null for foreign sets, and before it is attached.
    VkDescriptorSetLayout GetSetLayout() const noexcept;
    // What pipelines that use the set have to be created with. 0 where it is not attached.
    VkPipelineCreateFlags GetPipelineFlags() const noexcept;

    // ---- what shaders said -------------------------------------------------------------------------------------------
    // For messages: the shader that was compiled with this SEDX_TAG.
    void NameShader(uint32_t tag, std::string name);
    // Faults of frames that have passed, the oldest first, each once. They go to the log, too, when they are found: here,
    // and when a frame begins.
    std::vector<ShaderFault> TakeFaults();
    // The newest frame that has passed and in which a shader used the slot of this registration; 0: none so far, or not with
    // BindlessDesc::feedback.
    uint64_t GetUsedFrame(uint32_t resource) const;

    BindlessReport GetReport() const;
    // By slot, as of the last frame that asked for its copy. Names are kept by checked systems, and with shaderChecks or feedback.
    std::vector<BindlessEntryReport> GetEntries() const;
    const BindlessDesc& Desc() const noexcept { return m_desc; }

    void OnAttach() override;
    void OnUpdate() override;
    void OnDetach() override;

  private:
    struct Impl;
    BindlessDesc m_desc;
    std::unique_ptr<Impl> m_impl;
};
} // namespace sedx
