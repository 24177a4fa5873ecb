// Kernels: the compute shaders that the library runs itself. Made with the device, so that no frame waits for a compiler.
#pragma once

#include "vulkan/device_state.h"

namespace sedx
{
enum class Kernel : uint32_t
{
    Scatter, // shaders/scatter.comp
    Copy,    // shaders/copy.comp
    Count,
};

class Kernels
{
  public:
    static constexpr uint32_t kPushBytes = 32;

    explicit Kernels(DeviceState& state) noexcept : m_state(state) {}
    ~Kernels();
    Kernels(const Kernels&) = delete;
    Kernels& operator=(const Kernels&) = delete;

    // Call once. What cannot be made stays null, with a line in the log: its users have another way.
    void Create() noexcept;

    VkPipeline Pipeline(Kernel kernel) const noexcept { return m_pipelines[static_cast<size_t>(kernel)]; }
    VkPipelineLayout Layout() const noexcept { return m_layout; } // push constants only

  private:
    VkResult Make(Kernel kernel) noexcept;

    DeviceState& m_state;
    VkPipelineLayout m_layout = VK_NULL_HANDLE;
    std::array<VkPipeline, static_cast<size_t>(Kernel::Count)> m_pipelines{};
};
} // namespace sedx
