// What the tests of bindless buffers share: buffers that hold one value, and a compute shader that reads them by ID.
#pragma once

#include "support/gpu_test.h"

#include <sedx/bindless_buffer_system.h>

#include <functional>
#include <optional>

namespace sedx::test
{
enum class ReadShader : uint32_t
{
    Plain,
    Checked,       // SEDX_CHECKED, SEDX_FEEDBACK, tag 7
    Address,       // without descriptors
    Foreign,       // first element 10 of binding 3
    Elements,      // element 0 of binding 3: IDs are elements
    OtherBindings, // set 1, table 2, array 5
    Count,         // without descriptors; how many elements the buffers have, see bindless_count.comp
    CheckedStore,  // SEDX_CHECKED, tag 8; `value` goes to the buffers
};

// A pipeline that reads the word at `index` of many buffers, or does something else with them.
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
        uint32_t value = 0;
        VkDeviceAddress table = 0;
    };
    VkPipelineLayout Layout() const noexcept { return m_layout; }
    uint32_t Set() const noexcept { return m_set; } // that of the buffers
    // The set is bound already.
    void Record(VkCommandBuffer cmd, const Constants& constants) const;

  private:
    Device m_device;
    uint32_t m_set = 0;
    VkDescriptorSetLayout m_noBindings = VK_NULL_HANDLE; // of the set before
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
    // A device of the test's own, m_own. `change` sees what it is made from.
    bool MakeDevice(const std::function<void(DeviceDesc&)>& change,
                    const MemoryLayout& layout = MemoryLayout::Native());
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
    Lists MakeLists(const std::vector<uint32_t>& ids, uint32_t index = 0, bool useAddresses = false);
    // Binds and reads; results are visible to what follows.
    void RecordRead(const Frame& frame, VkCommandBuffer cmd, const BindlessReader& reader,
                    const BindlessReader::Constants& constants);
    std::vector<uint32_t> Results(const Lists& lists);
    // All of it in a frame of its own.
    std::vector<uint32_t> Read(const std::vector<uint32_t>& ids, uint32_t index = 0, bool useAddresses = false);

    BindlessBufferSystem& Bindless() { return *m_bindless; }

    std::optional<TestDevice> m_own;
    Device m_device;
    std::unique_ptr<BufferSystem> m_system;
    BindlessBufferSystem* m_bindless = nullptr;
    std::optional<TestCommands> m_commands;
    std::unique_ptr<BindlessReader> m_reader;
};
} // namespace sedx::test
