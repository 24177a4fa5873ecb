// TestCommands: what an engine would do, in few words: record a command buffer, submit it as part of a frame.
//
//     TestCommands commands(device);
//     commands.RunFrame(system, [&](const Frame& frame, VkCommandBuffer cmd) { ... });
//
// Gate: holds a submission back on the GPU until the test opens it, so that "in flight" is real and lasts.
#pragma once

#include "support/raw_functions.h"

#include <functional>
#include <sedx/buffer_system.h>

namespace sedx::test
{
class TestCommands
{
  public:
    explicit TestCommands(const Device& device, uint32_t queue = 0);
    ~TestCommands(); // waits for the device
    TestCommands(const TestCommands&) = delete;
    TestCommands& operator=(const TestCommands&) = delete;

    // A command buffer that is being recorded.
    VkCommandBuffer Begin();
    void Submit(VkCommandBuffer cmd, std::span<const VkSemaphoreSubmitInfo> waits,
                std::span<const VkSemaphoreSubmitInfo> signals);
    void SubmitAlone(VkCommandBuffer cmd) { Submit(cmd, std::span<const VkSemaphoreSubmitInfo>(), {}); }
    // As part of `frame`: SubmitSync of the queue, and then `extraWaits`.
    SubmitSync Submit(VkCommandBuffer cmd, const Frame& frame, std::span<const VkSemaphoreSubmitInfo> extraWaits = {});

    using Record = std::function<void(const Frame& frame, VkCommandBuffer cmd)>;
    // Begins a frame, records, submits, ends it.
    Frame RunFrame(BufferSystem& system, const Record& record, std::span<const VkSemaphoreSubmitInfo> extraWaits = {});
    // A frame with an empty submission.
    Frame RunFrame(BufferSystem& system)
    {
        return RunFrame(system, [](const Frame&, VkCommandBuffer) {});
    }
    // A frame that resolves the buffer, so that it counts as in flight.
    Frame UseInFrame(BufferSystem& system, const Buffer& buffer,
                     std::span<const VkSemaphoreSubmitInfo> extraWaits = {});

    // Everything submitted so far has passed on the GPU. Not to be called while another thread submits.
    void WaitIdle();

    // All memory accesses before happen before all accesses after, those of the host included.
    void Barrier(VkCommandBuffer cmd) const;
    void Copy(VkCommandBuffer cmd, VkBuffer source, uint64_t sourceOffset, VkBuffer destination,
              uint64_t destinationOffset, uint64_t bytes) const;

    const RawFunctions& Functions() const noexcept { return m_functions; }

  private:
    Device m_device;
    uint32_t m_queue;
    RawFunctions m_functions;
    VkCommandPool m_pool = VK_NULL_HANDLE;
};

// A timeline semaphore that the test signals. Opens when destroyed.
class Gate
{
  public:
    explicit Gate(const Device& device);
    ~Gate();
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    // For a submission that shall not run before Open().
    std::span<const VkSemaphoreSubmitInfo> Waits() const noexcept { return {&m_wait, 1}; }
    void Open();

  private:
    VkDevice m_device;
    RawFunctions m_functions;
    VkSemaphoreSubmitInfo m_wait{};
    bool m_isOpen = false;
};

// An image with memory of its own, as an engine would make it.
class TestImage
{
  public:
    struct Desc
    {
        VkFormat format = VK_FORMAT_R8G8B8A8_UNORM;
        VkExtent3D extent{1, 1, 1};
        uint32_t mips = 1;
        uint32_t layers = 1;
        VkImageType type = VK_IMAGE_TYPE_2D;
    };
    TestImage(const Device& device, const Desc& desc);
    ~TestImage(); // waits for the device
    TestImage(const TestImage&) = delete;
    TestImage& operator=(const TestImage&) = delete;

    VkImage Handle() const noexcept { return m_image; }
    // For WriteImage of all subresources: from `oldLayout` (undefined: what was there is lost) to transfer source.
    ImageTarget Target(VkImageLayout oldLayout = VK_IMAGE_LAYOUT_UNDEFINED) const;

  private:
    VkDevice m_device;
    RawFunctions m_functions;
    Desc m_desc;
    VkImage m_image = VK_NULL_HANDLE;
    VkDeviceMemory m_memory = VK_NULL_HANDLE;
};
} // namespace sedx::test
