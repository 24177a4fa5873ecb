// The other ways to reach buffers: descriptor buffers, sets of the engine, addresses alone, devices without null descriptors.
#include "gpu/bindless/bindless_test.h"

#include <array>
#include <set>

namespace sedx::test
{
namespace
{
using BindlessBackendsTest = BindlessTest;

TEST_F(BindlessBackendsTest, DescriptorBuffers)
{
    if (!HasDeviceExtension(TheDevice(), VK_EXT_DESCRIPTOR_BUFFER_EXTENSION_NAME))
        SEDX_SKIP("the device has no VK_EXT_descriptor_buffer");
    ASSERT_TRUE(
        MakeDevice([](DeviceDesc& device) { device.modules = FeatureModule::All | FeatureModule::DescriptorBuffer; }));
    BindlessDesc desc;
    desc.backend = BindlessBackend::DescriptorBuffer;
    desc.slots = 64;
    StartOn(m_own->device, desc);
    if (HasFatalFailure())
        return;
    EXPECT_NE(Bindless().GetPipelineFlags() & VK_PIPELINE_CREATE_DESCRIPTOR_BUFFER_BIT_EXT, 0u);
    std::vector<Buffer> buffers;
    std::vector<uint32_t> ids;
    std::vector<uint32_t> expected;
    for (uint32_t i = 0; i < 200; ++i) // more than it begins with
    {
        buffers.push_back(MakeValue(i, 64, MemoryType::CPU));
        ids.push_back(Bindless().RegisterBuffer(buffers.back()));
        expected.push_back(i);
    }
    for (int frame = 0; frame < 5; ++frame)
        EXPECT_EQ(Read(ids), expected);
    EXPECT_EQ(Bindless().GetReport().descriptorCalls, 0u);
    {
        SEDX_REQUIRE(const auto mapping, m_system->MapWritable<uint32_t>(buffers[3], MapMode::WriteDiscard));
        std::fill(mapping.Span().begin(), mapping.Span().end(), 333u);
    }
    expected[3] = 333;
    ASSERT_TRUE(Ok(Bindless().UnregisterBuffer(ids[5])));
    expected[5] = 0;
    EXPECT_EQ(Read(ids), expected);
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer) {
        EXPECT_EQ(Bindless().GetDescriptorSet(frame), VkDescriptorSet{VK_NULL_HANDLE});
    });
    EXPECT_TRUE(m_log.Contains("bind it with CmdBind"));
}

TEST_F(BindlessBackendsTest, DescriptorBuffersMustBeAskedForAtTheDevice)
{
    BindlessDesc desc;
    desc.backend = BindlessBackend::DescriptorBuffer;
    const auto system = MakeSystem();
    auto& bindless = system->Modules().Emplace<BindlessBufferSystem>(*system, desc);
    EXPECT_TRUE(FailsWith(bindless.Status(), ErrorCode::MissingFeature, "VK_EXT_descriptor_buffer"));
}

TEST_F(BindlessBackendsTest, WithoutNullDescriptorsEmptySlotsReadZeros)
{
    VkPhysicalDeviceDescriptorIndexingFeatures indexing{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DESCRIPTOR_INDEXING_FEATURES};
    indexing.shaderStorageBufferArrayNonUniformIndexing = VK_TRUE;
    indexing.descriptorBindingStorageBufferUpdateAfterBind = VK_TRUE;
    indexing.descriptorBindingUpdateUnusedWhilePending = VK_TRUE;
    indexing.descriptorBindingPartiallyBound = VK_TRUE;
    indexing.runtimeDescriptorArray = VK_TRUE; // no variable count either: the copies cannot grow
    ASSERT_TRUE(MakeDevice([&](DeviceDesc& device) {
        device.modules = FeatureModule::Core;
        device.featureChain = &indexing;
    }));
    BindlessDesc desc;
    desc.slots = 64;
    StartOn(m_own->device, desc);
    if (HasFatalFailure())
        return;
    EXPECT_EQ(Bindless().GetReport().maxSlots, 64u);
    const Buffer buffer = MakeValue(9);
    const uint32_t a = Bindless().RegisterBuffer(buffer);
    const uint32_t b = Bindless().RegisterBuffer(buffer);
    EXPECT_EQ(Read({a, b}), (std::vector<uint32_t>{9, 9}));
    ASSERT_TRUE(Ok(Bindless().UnregisterBuffer(b)));
    EXPECT_EQ(Read({a, 60}), (std::vector<uint32_t>{9, 0}));
}

// Of a pipeline that has the buffers as set 1, with bindings of its own choice, in one stage.
TEST_F(BindlessBackendsTest, BindingsAndSetAreOfTheEnginesChoice)
{
    const bool hasBuffers = HasDeviceExtension(TheDevice(), VK_EXT_DESCRIPTOR_BUFFER_EXTENSION_NAME);
    ASSERT_TRUE(MakeDevice([&](DeviceDesc& device) {
        if (hasBuffers)
            device.modules = FeatureModule::All | FeatureModule::DescriptorBuffer;
    }));
    for (const BindlessBackend backend : {BindlessBackend::DescriptorSets, BindlessBackend::DescriptorBuffer})
    {
        if (backend == BindlessBackend::DescriptorBuffer && !hasBuffers)
            continue;
        BindlessDesc desc;
        desc.slots = 64;
        desc.storageBinding = 5;
        desc.tableBinding = 2;
        desc.stages = VK_SHADER_STAGE_COMPUTE_BIT;
        desc.backend = backend;
        StartOn(m_own->device, desc);
        if (HasFatalFailure())
            return;
        ASSERT_EQ(m_reader->Set(), 1u);
        std::vector<Buffer> buffers;
        std::vector<uint32_t> ids;
        std::vector<uint32_t> expected;
        for (uint32_t i = 0; i < 100; ++i) // more than it begins with
        {
            buffers.push_back(MakeValue(30 + i));
            ids.push_back(Bindless().RegisterBuffer(buffers.back()));
            expected.push_back(30 + i);
        }
        EXPECT_EQ(Read(ids), expected);
        EXPECT_EQ(Read(ids, 5, true), expected) << "by the table";
        m_commands->WaitIdle();
        m_reader.reset();
    }
}

TEST_F(BindlessBackendsTest, AddressesAloneNeedNoSet)
{
    Start();
    const BindlessReader reader(m_device, VK_NULL_HANDLE, 0, ReadShader::Address);
    const Buffer buffer = MakeValue(21);
    const uint32_t id = Bindless().RegisterBuffer(buffer);
    Lists lists = MakeLists({id, id});
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        lists.constants.table = Bindless().GetTableAddress(frame);
        reader.Record(cmd, lists.constants);
        m_commands->Barrier(cmd);
    });
    EXPECT_EQ(Results(lists), (std::vector<uint32_t>{21, 21}));
    m_commands->WaitIdle();
}

// Sets as an engine has them: other bindings before the array, a part of which is the library's.
class EngineSets
{
  public:
    EngineSets(const Device& device, uint32_t count, uint32_t elements) : m_device(device)
    {
        const DeviceDispatch& vk = device.Functions();
        const VkDescriptorSetLayoutBinding binding{3, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, elements,
                                                   VK_SHADER_STAGE_COMPUTE_BIT, nullptr};
        const VkDescriptorBindingFlags flags = VK_DESCRIPTOR_BINDING_PARTIALLY_BOUND_BIT |
                                               VK_DESCRIPTOR_BINDING_UPDATE_AFTER_BIND_BIT |
                                               VK_DESCRIPTOR_BINDING_UPDATE_UNUSED_WHILE_PENDING_BIT;
        VkDescriptorSetLayoutBindingFlagsCreateInfo flagsInfo{
            VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_BINDING_FLAGS_CREATE_INFO};
        flagsInfo.bindingCount = 1;
        flagsInfo.pBindingFlags = &flags;
        VkDescriptorSetLayoutCreateInfo info{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
        info.pNext = &flagsInfo;
        info.flags = VK_DESCRIPTOR_SET_LAYOUT_CREATE_UPDATE_AFTER_BIND_POOL_BIT;
        info.bindingCount = 1;
        info.pBindings = &binding;
        EXPECT_EQ(vk.CreateDescriptorSetLayout(device.Handle(), &info, nullptr, &layout), VK_SUCCESS);
        const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, count * elements};
        VkDescriptorPoolCreateInfo poolInfo{VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO};
        poolInfo.flags = VK_DESCRIPTOR_POOL_CREATE_UPDATE_AFTER_BIND_BIT;
        poolInfo.maxSets = count;
        poolInfo.poolSizeCount = 1;
        poolInfo.pPoolSizes = &size;
        EXPECT_EQ(vk.CreateDescriptorPool(device.Handle(), &poolInfo, nullptr, &m_pool), VK_SUCCESS);
        sets.resize(count);
        const std::vector<VkDescriptorSetLayout> layouts(count, layout);
        VkDescriptorSetAllocateInfo allocate{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO};
        allocate.descriptorPool = m_pool;
        allocate.descriptorSetCount = count;
        allocate.pSetLayouts = layouts.data();
        EXPECT_EQ(vk.AllocateDescriptorSets(device.Handle(), &allocate, sets.data()), VK_SUCCESS);
    }
    ~EngineSets()
    {
        m_device.Functions().DestroyDescriptorPool(m_device.Handle(), m_pool, nullptr);
        m_device.Functions().DestroyDescriptorSetLayout(m_device.Handle(), layout, nullptr);
    }
    EngineSets(const EngineSets&) = delete;
    EngineSets& operator=(const EngineSets&) = delete;

    // The engine's own use of an element, in all sets.
    void Put(uint32_t element, const VkDescriptorBufferInfo& info) const
    {
        for (const VkDescriptorSet set : sets)
        {
            VkWriteDescriptorSet write{VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET};
            write.dstSet = set;
            write.dstBinding = 3;
            write.dstArrayElement = element;
            write.descriptorCount = 1;
            write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
            write.pBufferInfo = &info;
            m_device.Functions().UpdateDescriptorSets(m_device.Handle(), 1, &write, 0, nullptr);
        }
    }

    VkDescriptorSetLayout layout = VK_NULL_HANDLE;
    std::vector<VkDescriptorSet> sets;

  private:
    Device m_device;
    VkDescriptorPool m_pool = VK_NULL_HANDLE;
};

TEST_F(BindlessBackendsTest, SetsOfTheEngine)
{
    const EngineSets engine(TheDevice(), 3, 100);
    BindlessDesc desc;
    desc.storageBinding = 3;
    desc.foreign.sets = engine.sets;
    desc.foreign.firstElement = 10;
    desc.foreign.count = 90;
    Start(desc);
    if (HasFatalFailure())
        return;
    EXPECT_EQ(Bindless().GetSetLayout(), VkDescriptorSetLayout{VK_NULL_HANDLE});
    EXPECT_EQ(Bindless().GetReport().maxSlots, 90u);
    const BindlessReader reader(m_device, engine.layout, 0, ReadShader::Foreign);
    std::vector<Buffer> buffers;
    std::vector<uint32_t> ids;
    std::vector<uint32_t> expected;
    for (uint32_t i = 0; i < 80; ++i)
    {
        buffers.push_back(MakeValue(500 + i));
        ids.push_back(Bindless().RegisterBuffer(buffers.back()));
        expected.push_back(500 + i);
    }
    Lists lists = MakeLists(ids);
    for (int i = 0; i < 4; ++i)
    {
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            const VkDescriptorSet set = Bindless().GetDescriptorSet(frame);
            EXPECT_NE(std::find(engine.sets.begin(), engine.sets.end(), set), engine.sets.end());
            EXPECT_TRUE(FailsWith(Bindless().CmdBind(frame, cmd, VK_PIPELINE_BIND_POINT_COMPUTE, reader.Layout(), 0),
                                  ErrorCode::WrongState, "the engine"));
            m_device.Functions().CmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, reader.Layout(), 0, 1, &set,
                                                       0, nullptr);
            lists.constants.table = Bindless().GetTableAddress(frame);
            reader.Record(cmd, lists.constants);
            m_commands->Barrier(cmd);
        });
        EXPECT_EQ(Results(lists), expected);
    }
    m_commands->WaitIdle();
    m_reader.reset();
    m_system.reset();
}

TEST_F(BindlessBackendsTest, ElementsOfTheEngineStayAsTheyAre)
{
    constexpr uint32_t kFirst = 10;
    constexpr uint32_t kCount = 90;
    constexpr uint32_t kSets = 3;
    const EngineSets engine(TheDevice(), kSets, kFirst + kCount + 1);
    // Buffers of the engine, here made by a system that has no module.
    const auto theirs = MakeSystem();
    std::array<Buffer, 2> neighbours;
    for (uint32_t i = 0; i < 2; ++i)
    {
        BufferDesc desc;
        desc.bytes = 64;
        desc.usage = BufferUsage::Storage;
        desc.memory = MemoryType::CPU;
        desc.name = "engine's";
        desc.pinned = true;
        SEDX_REQUIRE(neighbours[i], theirs->CreateBuffer(desc));
        SEDX_REQUIRE(const auto mapping, theirs->MapWritable<uint32_t>(neighbours[i]));
        std::fill(mapping.Span().begin(), mapping.Span().end(), 41 + i);
    }
    SEDX_REQUIRE(const Frame theirFrame, theirs->BeginFrame());
    for (uint32_t i = 0; i < 2; ++i)
    {
        const ResolvedBuffer resolved = theirFrame.Resolve(neighbours[i]);
        engine.Put(i == 0 ? kFirst - 1 : kFirst + kCount, {resolved.buffer, resolved.offset, resolved.size});
    }
    ASSERT_TRUE(Ok(theirs->AbandonFrame(theirFrame))); // pinned: they stay where they are

    BindlessDesc desc;
    desc.storageBinding = 3;
    desc.foreign.sets = engine.sets;
    desc.foreign.firstElement = kFirst;
    desc.foreign.count = kCount;
    BufferSystemDesc systemDesc;
    systemDesc.framesInFlight = kSets;
    Start(desc, systemDesc);
    if (HasFatalFailure())
        return;
    const BindlessReader reader(m_device, engine.layout, 0, ReadShader::Elements);
    const auto elementOf = [](uint32_t id) { return BindlessBufferSystem::SlotOf(id) + kFirst; };
    // In as many frames beside each other as there are sets.
    const auto look = [&](uint32_t id, uint32_t value) {
        std::array<Lists, kSets> lists;
        std::array<Frame, kSets> frames;
        for (uint32_t i = 0; i < kSets; ++i)
        {
            lists[i] = MakeLists({kFirst - 1, kFirst + kCount, elementOf(id)});
            lists[i].constants.ids = elementOf(lists[i].constants.ids);
            lists[i].constants.results = elementOf(lists[i].constants.results);
            SEDX_REQUIRE(frames[i], m_system->BeginFrame());
        }
        std::set<VkDescriptorSet> used;
        for (uint32_t i = 0; i < kSets; ++i)
        {
            const VkDescriptorSet set = Bindless().GetDescriptorSet(frames[i]);
            used.insert(set);
            lists[i].constants.table = Bindless().GetTableAddress(frames[i]);
            VkCommandBuffer cmd = m_commands->Begin();
            m_device.Functions().CmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, reader.Layout(), 0, 1, &set,
                                                       0, nullptr);
            reader.Record(cmd, lists[i].constants);
            m_commands->Barrier(cmd);
            m_commands->Submit(cmd, frames[i]);
        }
        EXPECT_EQ(used.size(), kSets);
        for (const Frame& frame : frames)
            EXPECT_TRUE(Ok(m_system->EndFrame(frame)));
        for (const Lists& each : lists)
            EXPECT_EQ(Results(each), (std::vector<uint32_t>{41, 42, value}));
    };
    // All slots but those of the lists.
    const Buffer buffer = MakeValue(7);
    std::vector<uint32_t> ids;
    for (uint32_t i = 0; i < kCount - 1 - 2 * kSets; ++i)
        ids.push_back(Bindless().RegisterBuffer(buffer));
    look(ids.back(), 7);
    ASSERT_TRUE(Ok(Bindless().UnregisterBuffers(ids)));
    look(ids.back(), 0);
    m_commands->WaitIdle();
    m_reader.reset();
    m_system.reset();
    neighbours = {};
}

TEST_F(BindlessBackendsTest, TooFewSetsOfTheEngineAreBusy)
{
    const EngineSets engine(TheDevice(), 1, 16);
    BindlessDesc desc;
    desc.foreign.sets = engine.sets;
    desc.foreign.count = 16;
    desc.storageBinding = 3;
    Start(desc);
    if (HasFatalFailure())
        return;
    SEDX_REQUIRE(const Frame one, m_system->BeginFrame());
    SEDX_REQUIRE(const Frame two, m_system->BeginFrame());
    EXPECT_EQ(Bindless().GetDescriptorSet(one), engine.sets[0]);
    EXPECT_EQ(Bindless().GetDescriptorSet(two), VkDescriptorSet{VK_NULL_HANDLE});
    EXPECT_TRUE(m_log.Contains("all 1 copies"));
    EXPECT_TRUE(Ok(m_system->AbandonFrame(one)));
    EXPECT_EQ(Bindless().GetDescriptorSet(two), engine.sets[0]);
    EXPECT_TRUE(Ok(m_system->AbandonFrame(two)));
    m_system.reset();
}
} // namespace
} // namespace sedx::test
