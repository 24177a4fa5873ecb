// StorageBuffer<T>: an array that shaders read and write, of any length, through a descriptor or its device address.
//
//     auto particles = StorageBuffer<Particle>::Create(system, {.count = 100'000, .name = "particles"});
//     particles->Write(0, std::span<const Particle>(first));
//     VkDescriptorBufferInfo info = particles->Descriptor(frame);
//     VkDeviceAddress address = particles->Address(frame);
//
// The second parameter is the layout that the shader declares for its block. Scalar, the default, is how C++ lays structures
// out: then declaring the members of T is optional. Std430 is what GLSL does by itself: structures must have been declared
// with SEDX_SHADER_LAYOUT (sedx/shader_layout.h). A declared member at another place than in the shader is an error of the
// compiler.
// Does NOT order accesses of shaders: barriers between them are yours. Thread safety is that of Buffer.
#pragma once

#include <sedx/shader_layout.h>
#include <sedx/typed_buffer.h>

namespace sedx
{
// What a shader needs to reach a range of a buffer in this frame. Nulls (logged) as Frame::Resolve.
SEDX_API VkDescriptorBufferInfo DescriptorOf(const Frame& frame, const BufferView<>& view) noexcept;

template <BufferElement T, BlockLayout layout = BlockLayout::Scalar>
class StorageBuffer : public TypedBuffer<T>
{
    static_assert(detail::CheckElements<T, layout>(),
                  "the elements do not lie where the layout of the block puts them");

  public:
    using TypedBuffer<T>::TypedBuffer;

    // The contents are undefined. Errors: those of BufferSystem::CreateBuffer.
    static Result<StorageBuffer> Create(BufferSystem& system, const TypedBufferDesc& desc,
                                        std::source_location where = std::source_location::current())
    {
        return Make(detail::CreateElements(system, desc, sizeof(T), BufferUsage::Storage, {}, where));
    }
    // Holds these elements. Errors: also those of UploadQueue::Write.
    static Result<StorageBuffer> Create(BufferSystem& system, std::span<const T> elements, std::string name = "",
                                        std::source_location where = std::source_location::current())
    {
        return Make(detail::CreateElements(system, {.count = elements.size(), .name = std::move(name)}, sizeof(T),
                                           BufferUsage::Storage, std::as_bytes(elements), where));
    }

    // For this frame, of all elements or of a range; kWhole: to the end. A range must begin where the device allows
    // descriptors to: at a multiple of minStorageBufferOffsetAlignment. Its length is limited by maxStorageBufferRange.
    VkDescriptorBufferInfo Descriptor(const Frame& frame, uint64_t first = 0,
                                      uint64_t count = BufferView<T>::kWhole) const noexcept
    {
        return DescriptorOf(frame, this->View(first, count));
    }
    // Of the first element, for this frame; 0 (logged) if the frame is not open.
    VkDeviceAddress Address(const Frame& frame) const noexcept { return frame.Resolve(this->Get()).address; }

  private:
    static Result<StorageBuffer> Make(Result<Buffer> made)
    {
        return std::move(made).map([](Buffer buffer) { return StorageBuffer(std::move(buffer)); });
    }
};
} // namespace sedx
