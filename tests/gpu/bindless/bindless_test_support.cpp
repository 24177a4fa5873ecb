#include "gpu/bindless/bindless_test.h"

#include <array>
#include <cstring>

namespace sedx::test
{
namespace
{
constexpr uint32_t kPlain[] = {
#include "shaders/bindless_read.comp.inc"
};
constexpr uint32_t kChecked[] = {
#include "shaders/bindless_read_checked.comp.inc"
};
constexpr uint32_t kAddress[] = {
#include "shaders/bindless_read_address.comp.inc"
};
constexpr uint32_t kForeign[] = {
#include "shaders/bindless_read_foreign.comp.inc"
};
constexpr uint32_t kElements[] = {
#include "shaders/bindless_read_elements.comp.inc"
};
constexpr uint32_t kSet1[] = {
#include "shaders/bindless_read_set1.comp.inc"
};
constexpr uint32_t kCount[] = {
#include "shaders/bindless_count.comp.inc"
};
constexpr uint32_t kCheckedStore[] = {
#include "shaders/bindless_store_checked.comp.inc"
};
constexpr std::span<const uint32_t> kCodes[] = {kPlain,    kChecked, kAddress, kForeign,
                                                kElements, kSet1,    kCount,   kCheckedStore};

ReadShader ShaderFor(const BindlessDesc& desc)
{
    if (desc.storageBinding != BindlessBufferSystem::STORAGE_BUFFER_BINDING)
        return ReadShader::OtherBindings;
    return desc.shaderChecks || desc.feedback ? ReadShader::Checked : ReadShader::Plain;
}
} // namespace

BindlessReader::BindlessReader(const Device& device, VkDescriptorSetLayout setLayout, VkPipelineCreateFlags flags,
                               ReadShader shader)
    : m_device(device), m_set(shader == ReadShader::OtherBindings ? 1 : 0)
{
    const DeviceDispatch& vk = device.Functions();
    VkDescriptorSetLayoutCreateInfo emptyInfo{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
    if ((flags & VK_PIPELINE_CREATE_DESCRIPTOR_BUFFER_BIT_EXT) != 0)
        emptyInfo.flags = VK_DESCRIPTOR_SET_LAYOUT_CREATE_DESCRIPTOR_BUFFER_BIT_EXT;
    EXPECT_EQ(vk.CreateDescriptorSetLayout(device.Handle(), &emptyInfo, nullptr, &m_noBindings), VK_SUCCESS);
    const VkDescriptorSetLayout layouts[] = {m_set == 0 ? setLayout : m_noBindings, setLayout};
    const VkPushConstantRange range{VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(Constants)};
    VkPipelineLayoutCreateInfo layoutInfo{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
    layoutInfo.setLayoutCount = setLayout != VK_NULL_HANDLE ? m_set + 1 : 0;
    layoutInfo.pSetLayouts = layouts;
    layoutInfo.pushConstantRangeCount = 1;
    layoutInfo.pPushConstantRanges = &range;
    EXPECT_EQ(vk.CreatePipelineLayout(device.Handle(), &layoutInfo, nullptr, &m_layout), VK_SUCCESS);
    const std::span<const uint32_t> code = kCodes[static_cast<size_t>(shader)];
    VkShaderModuleCreateInfo moduleInfo{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
    moduleInfo.codeSize = code.size_bytes();
    moduleInfo.pCode = code.data();
    VkShaderModule module = VK_NULL_HANDLE;
    EXPECT_EQ(vk.CreateShaderModule(device.Handle(), &moduleInfo, nullptr, &module), VK_SUCCESS);
    VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
    info.flags = flags;
    info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
    info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    info.stage.module = module;
    info.stage.pName = "main";
    info.layout = m_layout;
    EXPECT_EQ(vk.CreateComputePipelines(device.Handle(), VK_NULL_HANDLE, 1, &info, nullptr, &m_pipeline), VK_SUCCESS);
    vk.DestroyShaderModule(device.Handle(), module, nullptr);
}

BindlessReader::~BindlessReader()
{
    m_device.Functions().DestroyPipeline(m_device.Handle(), m_pipeline, nullptr);
    m_device.Functions().DestroyPipelineLayout(m_device.Handle(), m_layout, nullptr);
    m_device.Functions().DestroyDescriptorSetLayout(m_device.Handle(), m_noBindings, nullptr);
}

void BindlessReader::Record(VkCommandBuffer cmd, const Constants& constants) const
{
    if (constants.count == 0)
        return;
    const DeviceDispatch& vk = m_device.Functions();
    vk.CmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, m_pipeline);
    vk.CmdPushConstants(cmd, m_layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof constants, &constants);
    vk.CmdDispatch(cmd, (constants.count + 63) / 64, 1, 1);
}

void BindlessTest::Start(const BindlessDesc& desc, BufferSystemDesc systemDesc)
{
    StartOn(TheDevice(), desc, std::move(systemDesc));
}

void BindlessTest::StartOn(const Device& device, const BindlessDesc& desc, BufferSystemDesc systemDesc)
{
    m_device = device;
    systemDesc.device = device;
    auto made = BufferSystem::Create(systemDesc);
    ASSERT_TRUE(Ok(made));
    m_system = std::move(*made);
    m_bindless = &m_system->Modules().Emplace<BindlessBufferSystem>(*m_system, desc);
    ASSERT_TRUE(Ok(m_bindless->Status()));
    m_commands.emplace(device);
    if (desc.foreign.sets.empty())
        m_reader = std::make_unique<BindlessReader>(device, m_bindless->GetSetLayout(), m_bindless->GetPipelineFlags(),
                                                    ShaderFor(desc));
}

bool BindlessTest::MakeDevice(const std::function<void(DeviceDesc&)>& change, const MemoryLayout& layout)
{
    m_own.emplace();
    m_own->Present(layout);
    DeviceDesc desc = m_own->Describe();
    change(desc);
    auto made = Device::Create(desc);
    EXPECT_TRUE(Ok(made));
    if (made)
        m_own->device = *made;
    return made.has_value();
}

void BindlessTest::TearDown()
{
    if (m_commands)
        m_commands->WaitIdle();
    m_reader.reset();
    m_commands.reset();
    m_system.reset();
    m_device = {};
    GpuTest::TearDown();
    if (!m_own)
        return;
    m_own->device = {};
    EXPECT_EQ(m_own->interceptor.Alive(), "") << "left behind on the test's own device";
    for (const std::string& message : m_own->validation.Take())
        ADD_FAILURE() << "validation: " << message;
    for (const std::string& violation : m_own->Violations())
        ADD_FAILURE() << "violation: " << violation;
    m_own.reset();
}

Buffer BindlessTest::MakeValue(uint32_t value, uint64_t bytes, MemoryType memory)
{
    auto made = m_system->CreateBuffer(bytes, BufferUsage::Storage, memory, fmt::format("value {}", value));
    EXPECT_TRUE(Ok(made));
    if (!made)
        return {};
    const std::vector<uint32_t> words(bytes / 4, value);
    EXPECT_TRUE(Ok(m_system->Uploads().Write(*made, 0, std::span<const uint32_t>(words))));
    return *made;
}

BindlessTest::Lists BindlessTest::MakeLists(const std::vector<uint32_t>& ids, uint32_t index, bool useAddresses)
{
    Lists lists;
    const uint64_t bytes = std::max<size_t>(1, ids.size()) * 4;
    auto list = m_system->CreateBuffer(bytes, BufferUsage::Storage, MemoryType::GPU, "ids");
    auto results = m_system->CreateBuffer(bytes, BufferUsage::Storage, MemoryType::GPU, "results");
    EXPECT_TRUE(Ok(list));
    EXPECT_TRUE(Ok(results));
    lists.ids = *list;
    lists.results = *results;
    EXPECT_TRUE(Ok(m_system->Uploads().Write(lists.ids, 0, std::span<const uint32_t>(ids))));
    lists.constants.ids = Bindless().RegisterBuffer(lists.ids);
    lists.constants.results = Bindless().RegisterBuffer(lists.results);
    lists.constants.count = static_cast<uint32_t>(ids.size());
    lists.constants.index = index;
    lists.constants.useAddresses = useAddresses ? 1 : 0;
    return lists;
}

void BindlessTest::RecordRead(const Frame& frame, VkCommandBuffer cmd, const BindlessReader& reader,
                              const BindlessReader::Constants& constants)
{
    EXPECT_TRUE(Ok(Bindless().CmdBind(frame, cmd, VK_PIPELINE_BIND_POINT_COMPUTE, reader.Layout(), reader.Set())));
    reader.Record(cmd, constants);
    m_commands->Barrier(cmd);
}

std::vector<uint32_t> BindlessTest::Results(const Lists& lists)
{
    const Bytes bytes = ReadBack(*m_system, lists.results);
    std::vector<uint32_t> words(bytes.size() / 4);
    std::memcpy(words.data(), bytes.data(), bytes.size());
    return words;
}

std::vector<uint32_t> BindlessTest::Read(const std::vector<uint32_t>& ids, uint32_t index, bool useAddresses)
{
    const Lists lists = MakeLists(ids, index, useAddresses);
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        RecordRead(frame, cmd, *m_reader, lists.constants);
    });
    return Results(lists);
}
} // namespace sedx::test
