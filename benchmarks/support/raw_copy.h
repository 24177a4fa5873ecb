// What a program without the library would do, in plain Vulkan on queue 0 of the same device: the limits and the textbook
// ways that figures are read against. Everything throws a Failure. Not thread-safe.
//
//     RawQueue queue(device);
//     RawBuffer staging(device, bytes, RawBuffer::Memory::Staging);
//     RawBuffer target(device, bytes, RawBuffer::Memory::Device);
//     queue.Copy(staging.Handle(), target.Handle(), bytes);          // returns when the GPU has passed it
#pragma once

#include <sedx/device.h>
#include <sedx/timeline.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace bench
{
// One VkBuffer in memory of its own.
class RawBuffer
{
  public:
    enum class Memory
    {
        Device,   // not mapped
        Staging,  // mapped, written by the CPU
        Readback, // mapped, cached where the device can
    };
    RawBuffer(const sedx::Device& device, uint64_t bytes, Memory memory);
    ~RawBuffer();
    RawBuffer(const RawBuffer&) = delete;
    RawBuffer& operator=(const RawBuffer&) = delete;

    VkBuffer Handle() const noexcept { return m_buffer; }
    std::span<std::byte> Mapped() const noexcept { return m_mapped; } // empty in device memory

  private:
    void Release() noexcept;
    const sedx::Device m_device;
    VkBuffer m_buffer = VK_NULL_HANDLE;
    VkDeviceMemory m_memory = VK_NULL_HANDLE;
    std::span<std::byte> m_mapped;
};

// One command buffer, one submission at a time.
class RawQueue
{
  public:
    explicit RawQueue(const sedx::Device& device);
    ~RawQueue();
    RawQueue(const RawQueue&) = delete;
    RawQueue& operator=(const RawQueue&) = delete;

    // The command buffer, empty and recording; ordered after everything submitted before.
    VkCommandBuffer Begin();
    // The same, to be ended with End and then submitted as often as wanted, each time with the waits and signals of a frame. Begin
    // and what calls it must wait until all of these have passed.
    VkCommandBuffer BeginForManySubmissions();
    void End();
    void SubmitRecorded(const sedx::SubmitSync& sync);
    // Submits what Begin returned, with the waits and signals of a frame if given, and waits for it.
    void SubmitAndWait(const sedx::SubmitSync* sync = nullptr);
    // A submission without commands: waited for, or only carrying the waits and signals of a frame.
    void SubmitNothingAndWait();
    void SubmitNothing(const sedx::SubmitSync& sync);

    // Recorded, submitted and waited for. Regions must not overlap in the destination.
    void Copy(VkBuffer source, VkBuffer destination, uint64_t bytes);
    void CopyRegions(VkBuffer source, VkBuffer destination, std::span<const VkBufferCopy2> regions);

    // The textbook: a new staging buffer, one-shot commands, a queue idle, for each upload.
    void UploadByTheBook(VkBuffer destination, uint64_t offset, std::span<const std::byte> bytes);
    // What a buffer holds, whatever that costs: for verification.
    void Read(VkBuffer source, std::span<std::byte> into);

  private:
    void Wait(uint64_t value);
    void Submit(VkCommandBuffer cmd, const sedx::SubmitSync* sync);

    const sedx::Device m_device;
    VkCommandPool m_pool = VK_NULL_HANDLE;
    VkCommandBuffer m_cmd = VK_NULL_HANDLE;
    VkSemaphore m_timeline = VK_NULL_HANDLE;
    uint64_t m_value = 0;
    PFN_vkQueueWaitIdle m_queueWaitIdle = nullptr;
    PFN_vkFreeCommandBuffers m_freeCommandBuffers = nullptr;
};
} // namespace bench
