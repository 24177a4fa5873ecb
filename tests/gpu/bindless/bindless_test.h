// What the tests of bindless buffers share: buffers that hold one value, and a compute shader that reads them by ID.
#pragma once

#include "support/gpu_test.h"

#include <sedx/bindless_buffer_system.h>

#include <optional>

namespace sedx::test
{
enum class ReadShader : uint32_t
{
    Plain,
    Checked, // SEDX_CHECKED, SEDX_FEEDBACK, tag 7
    Address, // without descriptors
    Foreign, // first element 10 of binding 3
};

// A pipeline that reads the word at `index` of many buffers.
class BindlessReader
{
  public:
    // `setLayout`: null for a shader without descriptors.
    BindlessReader(const Device& device, VkDescriptorSetLayout setLayout, VkPipelineCreateFlags flags,
                   ReadShader shader);
    ~BindlessReader(); // nothing of it is in flight
    BindlessReader(const BindlessReader&) = delete;
    BindlessReader& operator=(const BindlessReader&) = delete;

    struct Constants
    {
        uint32_t ids = 0;
        uint32_t results = 0;
        uint32_t count = 0;
        uint32_t index = 0;
        uint32_t useAddresses = 0;
        uint32_t reserved = 0;
        VkDeviceAddress table = 0;
    };
    VkPipelineLayout Layout() const noexcept { return m_layout; }
    // The set is bound already.
    void Record(VkCommandBuffer cmd, const Constants& constants) const;

  private:
    Device m_device;
    VkPipelineLayout m_layout = VK_NULL_HANDLE;
    VkPipeline m_pipeline = VK_NULL_HANDLE;
};

class BindlessTest : public GpuTest
{
  protected:
    // A system on the shared device with a bindless module; call once.
    void Start(const BindlessDesc& desc = {}, BufferSystemDesc systemDesc = {});
    // The same on a device that was made elsewhere.
    void StartOn(const Device& device, const BindlessDesc& desc, BufferSystemDesc systemDesc = {});
    void TearDown() override;

    // A storage buffer whose words are all `value`, uploaded.
    Buffer MakeValue(uint32_t value, uint64_t bytes = 64, MemoryType memory = MemoryType::GPU);
    // A list of IDs, and room for as many results, registered.
    struct Lists
    {
        Buffer ids;
        Buffer results;
        BindlessReader::Constants constants;
    };
    Lists MakeLists(const std::vector<uint32_t>& ids, uint32_t index = 0);
    // Binds and reads; results are visible to what follows.
    void RecordRead(const Frame& frame, VkCommandBuffer cmd, const BindlessReader& reader,
                    const BindlessReader::Constants& constants);
    std::vector<uint32_t> Results(const Lists& lists);
    // All of it in a frame of its own.
    std::vector<uint32_t> Read(const std::vector<uint32_t>& ids, uint32_t index = 0, bool useAddresses = false);

    BindlessBufferSystem& Bindless() { return *m_bindless; }

    Device m_device;
    std::unique_ptr<BufferSystem> m_system;
    BindlessBufferSystem* m_bindless = nullptr;
    std::optional<TestCommands> m_commands;
    std::unique_ptr<BindlessReader> m_reader;
};
} // namespace sedx::test
