// UniformBuffer<T>: constants in a uniform block, one or several sets of them, with a layout that the compiler checks.
//
//     struct Scene { mat4 viewProjection; vec4 sun; float time; };
//     SEDX_SHADER_LAYOUT(Scene, viewProjection, sun, time)               // beside the structure, in its namespace
//
//     auto scene = UniformBuffer<Scene>::Create(system, {.name = "scene"});
//     scene->Write({.viewProjection = ..., .time = 1.5f});
//     VkDescriptorBufferInfo info = scene->Descriptor(frame);
//
// A member of T that does not lie where std140 puts it does not compile (sedx/shader_layout.h). Devices with the feature
// scalarBlockLayout may take BlockLayout::Scalar instead: then C++'s own layout is the shader's.
// For constants that change every frame RingBuffer is better: it needs no copy. Does NOT bind. Thread safety is that of
// Buffer.
#pragma once

#include <sedx/storage_buffer.h>

namespace sedx
{
struct UniformBufferDesc
{
    uint64_t count = 1; // sets of constants; each begins where a dynamic offset may point
    std::string name{};
    // GPU: written now and then, read by every invocation. CPU: MapMode::WriteDiscard costs no copy.
    MemoryType memory = MemoryType::GPU;
    bool pinned = false; // see BufferDesc::pinned
};

namespace detail
{
// Checks maxUniformBufferRange; answers with the distance of the sets, too.
struct UniformSets
{
    Buffer buffer{};
    uint64_t stride = 0; // bytes
};
SEDX_API Result<UniformSets> CreateUniform(BufferSystem& system, const UniformBufferDesc& desc, uint64_t setBytes,
                                           const std::source_location& where);
} // namespace detail

template <BufferElement T, BlockLayout layout = BlockLayout::Std140>
class UniformBuffer
{
    static_assert(detail::CheckContents<T, layout>(),
                  "the members of T do not lie where the layout of the block puts them");

  public:
    UniformBuffer() noexcept = default;

    // The contents are undefined. Errors: LimitExceeded (T is larger than maxUniformBufferRange), those of
    // BufferSystem::CreateBuffer.
    static Result<UniformBuffer> Create(BufferSystem& system, const UniformBufferDesc& desc = {},
                                        std::source_location where = std::source_location::current())
    {
        return detail::CreateUniform(system, desc, kRange, where).map([](detail::UniformSets sets) {
            UniformBuffer made;
            made.m_sets = std::move(sets);
            return made;
        });
    }

    explicit operator bool() const noexcept { return static_cast<bool>(m_sets.buffer); }
    const Buffer& Get() const noexcept { return m_sets.buffer; }
    operator const Buffer&() const noexcept { return m_sets.buffer; } // NOLINT: a uniform buffer is a buffer

    // Bytes of one set as a shader sees it: T, to the end of its last unit of 16.
    static constexpr uint64_t kRange = (sizeof(T) + 15) / 16 * 16;
    uint64_t Count() const noexcept { return m_sets.stride != 0 ? Get().GetSize() / m_sets.stride : 0; }
    // Where a set begins, in bytes: the dynamic offset for a descriptor of set 0.
    uint64_t Offset(uint64_t index) const noexcept { return detail::BytesOf(index, m_sets.stride); }
    // One set. Does NOT check that it is there.
    BufferView<T> View(uint64_t index = 0) const { return {Get(), Offset(index), sizeof(T)}; }

    // UploadQueue::Write of one set. Errors: those of UploadQueue::Write, WrongState (the system is gone).
    Result<UploadTicket> Write(const T& constants, uint64_t index = 0, const WriteOptions& options = {}) const
    {
        return detail::WriteElements(Get(), index, m_sets.stride, std::as_bytes(std::span(&constants, 1)), options);
    }
    // For VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, or with set 0 for UNIFORM_BUFFER_DYNAMIC. For this frame.
    VkDescriptorBufferInfo Descriptor(const Frame& frame, uint64_t index = 0) const noexcept
    {
        return DescriptorOf(frame, BufferView<>(Get(), Offset(index), kRange));
    }

    friend bool operator==(const UniformBuffer& a, const UniformBuffer& b) noexcept { return a.Get() == b.Get(); }

  private:
    detail::UniformSets m_sets;
};
} // namespace sedx
