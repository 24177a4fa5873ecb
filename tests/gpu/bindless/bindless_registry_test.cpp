// Registering, slots and copies: what shaders see in which frame.
#include "gpu/bindless/bindless_test.h"

#include <array>

namespace sedx::test
{
namespace
{
using BindlessRegistryTest = BindlessTest;

TEST_F(BindlessRegistryTest, ShadersReadBuffersByTheirIds)
{
    Start();
    std::vector<Buffer> buffers;
    std::vector<uint32_t> ids;
    std::vector<uint32_t> expected;
    for (uint32_t i = 0; i < 300; ++i)
    {
        buffers.push_back(MakeValue(1000 + i));
        ids.push_back(Bindless().RegisterBuffer(buffers.back()));
        expected.push_back(1000 + i);
        EXPECT_EQ(Bindless().FindResource(buffers.back()), ids.back());
    }
    EXPECT_EQ(Read(ids), expected);
    EXPECT_EQ(Read(ids, 3, true), expected) << "by address";
    EXPECT_EQ(Bindless().GetReport().registered, 300u) << "the lists are gone";
}

TEST_F(BindlessRegistryTest, ARangeHasASlotOfItsOwn)
{
    Start();
    const uint64_t step = std::max<uint64_t>(4, m_device.Properties().limits.minStorageBufferOffsetAlignment);
    SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(step * 4, BufferUsage::Storage, MemoryType::GPU, "parts"));
    std::vector<uint32_t> words(step, 0);
    std::vector<uint32_t> ids;
    for (uint32_t part = 0; part < 4; ++part)
    {
        words[part * step / 4] = 70 + part;
        SEDX_REQUIRE(const uint32_t id, Bindless().Register({buffer, part * step, step}));
        ids.push_back(id);
    }
    ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, 0, std::span<const uint32_t>(words))));
    EXPECT_EQ(Read(ids), (std::vector<uint32_t>{70, 71, 72, 73}));
    EXPECT_EQ(Read(ids, 0, true), (std::vector<uint32_t>{70, 71, 72, 73}));
    EXPECT_TRUE(FailsWith(Bindless().Register({buffer, step, step * 4}), ErrorCode::OutOfRange, "parts"));
    if (step > 4)
    {
        EXPECT_TRUE(FailsWith(Bindless().Register({buffer, 4, 4}), ErrorCode::InvalidArgument,
                              "minStorageBufferOffsetAlignment"));
    }
}

TEST_F(BindlessRegistryTest, WhatIsRegisteredWhileAFrameRecordsIsSeenByIt)
{
    Start();
    const Buffer first = MakeValue(1);
    const Buffer second = MakeValue(2);
    const uint32_t a = Bindless().RegisterBuffer(first);
    const Lists early = MakeLists({a});
    Lists late;
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        const VkDescriptorSet set = Bindless().GetDescriptorSet(frame);
        RecordRead(frame, cmd, *m_reader, early.constants);
        late = MakeLists({a, Bindless().RegisterBuffer(second)});
        EXPECT_EQ(Bindless().GetDescriptorSet(frame), set) << "the copy stays";
        EXPECT_EQ(Bindless().GetDescriptorSet(), set) << "of the current frame";
        RecordRead(frame, cmd, *m_reader, late.constants);
    });
    EXPECT_EQ(Results(early), (std::vector<uint32_t>{1}));
    EXPECT_EQ(Results(late), (std::vector<uint32_t>{1, 2}));
}

TEST_F(BindlessRegistryTest, ASlotIsUsedAgainOnlyWhenFramesHavePassed)
{
    Start();
    const Buffer first = MakeValue(1);
    const Buffer second = MakeValue(2);
    const uint32_t a = Bindless().RegisterBuffer(first);
    const Lists lists = MakeLists({a});
    const Lists far = MakeLists({a}, 0, true);
    Gate gate(m_device);
    m_commands->RunFrame(
        *m_system,
        [&](const Frame& frame, VkCommandBuffer cmd) {
            RecordRead(frame, cmd, *m_reader, lists.constants);
            RecordRead(frame, cmd, *m_reader, far.constants);
        },
        gate.Waits());
    ASSERT_TRUE(Ok(Bindless().UnregisterBuffer(a)));
    const uint32_t b = Bindless().RegisterBuffer(second);
    EXPECT_NE(BindlessBufferSystem::SlotOf(b), BindlessBufferSystem::SlotOf(a));
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        EXPECT_TRUE(Ok(Bindless().CmdBind(frame, cmd, VK_PIPELINE_BIND_POINT_COMPUTE, m_reader->Layout(), 0)));
    });
    gate.Open();
    EXPECT_EQ(Results(lists), (std::vector<uint32_t>{1})) << "the frame saw the buffer as it was";
    EXPECT_EQ(Results(far), (std::vector<uint32_t>{1})) << "by address, too";
    m_commands->WaitIdle();
    m_system->Poll();
    const uint32_t c = Bindless().RegisterBuffer(first);
    EXPECT_EQ(BindlessBufferSystem::SlotOf(c), BindlessBufferSystem::SlotOf(a));
    EXPECT_NE(c, a) << "with another generation";
    EXPECT_EQ(Read({b, c}), (std::vector<uint32_t>{2, 1}));
    EXPECT_EQ(Read({b, c}, 0, true), (std::vector<uint32_t>{2, 1}));
}

TEST_F(BindlessRegistryTest, TwoFramesAtOnceHaveCopiesOfTheirOwn)
{
    BufferSystemDesc desc;
    desc.framesInFlight = 3;
    Start({}, desc);
    SEDX_REQUIRE(const Frame one, m_system->BeginFrame());
    SEDX_REQUIRE(const Frame two, m_system->BeginFrame());
    EXPECT_NE(Bindless().GetDescriptorSet(one), Bindless().GetDescriptorSet(two));
    EXPECT_NE(Bindless().GetTableAddress(one), Bindless().GetTableAddress(two));
    EXPECT_EQ(Bindless().GetDescriptorSet(), Bindless().GetDescriptorSet(two)) << "the frame begun last";
    EXPECT_TRUE(Ok(m_system->AbandonFrame(two)));
    EXPECT_TRUE(Ok(m_system->AbandonFrame(one)));
    EXPECT_EQ(Bindless().GetDescriptorSet(one), VkDescriptorSet{VK_NULL_HANDLE});
    EXPECT_TRUE(m_log.Contains("not open"));
}

TEST_F(BindlessRegistryTest, ABufferWithNewMemoryKeepsItsSlot)
{
    Start();
    const Buffer buffer = MakeValue(1, 64, MemoryType::CPU);
    const uint32_t id = Bindless().RegisterBuffer(buffer);
    const Lists before[] = {MakeLists({id}), MakeLists({id}, 0, true)};
    const Lists after[] = {MakeLists({id}), MakeLists({id}, 0, true)};
    const auto recordAll = [&](const Frame& frame, VkCommandBuffer cmd, std::span<const Lists> all) {
        for (const Lists& lists : all)
            RecordRead(frame, cmd, *m_reader, lists.constants);
    };
    Gate gate(m_device);
    m_commands->RunFrame(
        *m_system, [&](const Frame& frame, VkCommandBuffer cmd) { recordAll(frame, cmd, before); }, gate.Waits());
    {
        SEDX_REQUIRE(const auto mapping, m_system->MapWritable<uint32_t>(buffer, MapMode::WriteDiscard));
        std::fill(mapping.Span().begin(), mapping.Span().end(), 2u);
    }
    EXPECT_EQ(Bindless().FindResource(buffer), id);
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) { recordAll(frame, cmd, after); });
    gate.Open();
    for (int far = 0; far < 2; ++far)
    {
        EXPECT_EQ(Results(before[far]), (std::vector<uint32_t>{1})) << "the frame before";
        EXPECT_EQ(Results(after[far]), (std::vector<uint32_t>{2})) << "the frame after";
    }
}

// A frame that has its copy goes on seeing the old memory, even if the copy is brought up to date for others.
TEST_F(BindlessRegistryTest, NewMemoryIsForLaterFrames)
{
    Start();
    const Buffer buffer = MakeValue(1, 64, MemoryType::CPU);
    const Buffer other = MakeValue(9);
    const uint32_t id = Bindless().RegisterBuffer(buffer);
    const Lists lists = MakeLists({id});
    const Lists far = MakeLists({id}, 0, true);
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        (void)Bindless().GetDescriptorSet(frame);
        {
            auto mapping = m_system->MapWritable<uint32_t>(buffer, MapMode::WriteDiscard);
            ASSERT_TRUE(Ok(mapping));
            std::fill(mapping->Span().begin(), mapping->Span().end(), 2u);
        }
        Bindless().RegisterBuffer(other);
        RecordRead(frame, cmd, *m_reader, lists.constants);
        RecordRead(frame, cmd, *m_reader, far.constants);
    });
    EXPECT_EQ(Results(lists), (std::vector<uint32_t>{1}));
    EXPECT_EQ(Results(far), (std::vector<uint32_t>{1}));
    EXPECT_EQ(Read({id}), (std::vector<uint32_t>{2}));
    EXPECT_EQ(Read({id}, 0, true), (std::vector<uint32_t>{2}));
}

TEST_F(BindlessRegistryTest, ADroppedBufferGivesItsSlotBack)
{
    Start({}, {.checked = true}); // such systems keep names
    Buffer buffer = MakeValue(1);
    const uint32_t id = Bindless().RegisterBuffer(buffer);
    const Lists lists = MakeLists({id});
    EXPECT_EQ(Bindless().GetReport().registered, 3u);
    buffer = {};
    EXPECT_EQ(Bindless().GetReport().registered, 2u);
    EXPECT_TRUE(FailsWith(Bindless().UnregisterBuffer(id), ErrorCode::StaleHandle, "value 1"));
    EXPECT_TRUE(m_log.Contains("its buffer was dropped"));
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        RecordRead(frame, cmd, *m_reader, lists.constants);
    });
    EXPECT_EQ(Results(lists), (std::vector<uint32_t>{0})) << "an empty slot reads zeros";
}

TEST_F(BindlessRegistryTest, EntriesSayWhatSlotsHold)
{
    ASSERT_TRUE(MakeDevice([](DeviceDesc&) {}, MemoryLayout::Discrete())); // some memory is not device-local
    StartOn(m_own->device, {}, {.checked = true});
    if (HasFatalFailure())
        return;
    const uint64_t step = std::max<uint64_t>(4, m_device.Properties().limits.minStorageBufferOffsetAlignment);
    SEDX_REQUIRE(const Buffer gpu, m_system->CreateBuffer(step * 4, BufferUsage::Storage, MemoryType::GPU, "far off"));
    const Buffer cpu = MakeValue(1, 64, MemoryType::CPU);
    const uint32_t whole = Bindless().RegisterBuffer(gpu);
    SEDX_REQUIRE(const uint32_t part, Bindless().Register({gpu, step, step * 2}));
    const uint32_t host = Bindless().RegisterBuffer(cpu);
    // The address of each as frames resolve it, which also brings the entries up to date.
    const auto update = [&] {
        std::array<VkDeviceAddress, 2> addresses{};
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer) {
            (void)Bindless().GetDescriptorSet(frame);
            addresses = {frame.Resolve(gpu).address, frame.Resolve(cpu).address};
        });
        return addresses;
    };
    const auto expect = [&](const std::array<VkDeviceAddress, 2>& addresses) {
        const std::vector<BindlessEntryReport> entries = Bindless().GetEntries();
        ASSERT_EQ(entries.size(), 3u);
        for (size_t i = 1; i < entries.size(); ++i)
            EXPECT_LT(BindlessBufferSystem::SlotOf(entries[i - 1].resource),
                      BindlessBufferSystem::SlotOf(entries[i].resource));
        for (const BindlessEntryReport& entry : entries)
        {
            EXPECT_TRUE(entry.resource == whole || entry.resource == part || entry.resource == host);
            const bool isHost = entry.resource == host;
            EXPECT_EQ(entry.name, isHost ? "value 1" : "far off");
            EXPECT_EQ(entry.bytes, isHost ? 64 : entry.resource == part ? step * 2 : step * 4);
            EXPECT_EQ(entry.address, isHost ? addresses[1] : addresses[0] + (entry.resource == part ? step : 0));
            EXPECT_EQ(entry.deviceLocal, !isHost);
        }
    };
    const auto before = update();
    EXPECT_NE(before[0], 0u);
    expect(before);
    {
        SEDX_REQUIRE(const Frame open, m_system->BeginFrame()); // may use all that is registered
        SEDX_REQUIRE(const auto mapping, m_system->MapWritable<uint32_t>(cpu, MapMode::WriteDiscard));
        EXPECT_TRUE(Ok(m_system->AbandonFrame(open)));
        std::fill(mapping.Span().begin(), mapping.Span().end(), 2u);
    }
    const auto after = update();
    EXPECT_NE(after[1], before[1]) << "it has new memory";
    expect(after);
    ASSERT_TRUE(Ok(Bindless().UnregisterBuffers(std::array{whole, part, host})));
    update();
    EXPECT_TRUE(Bindless().GetEntries().empty());
}

TEST_F(BindlessRegistryTest, UnregisteringTwiceIsSaid)
{
    Start({}, {.checked = true}); // such systems keep names
    const Buffer buffer = MakeValue(1);
    const uint32_t id = Bindless().RegisterBuffer(buffer);
    const uint32_t other = Bindless().RegisterBuffer(buffer);
    EXPECT_NE(id, other) << "every registration has a slot";
    EXPECT_TRUE(Ok(Bindless().UnregisterBuffer(id)));
    EXPECT_TRUE(FailsWith(Bindless().UnregisterBuffer(id), ErrorCode::StaleHandle, "unregistered already"));
    EXPECT_TRUE(m_log.Contains("last used by buffer 'value 1'"));
    EXPECT_TRUE(FailsWith(Bindless().UnregisterBuffer(0), ErrorCode::StaleHandle, "never given out"));
    EXPECT_TRUE(FailsWith(Bindless().UnregisterBuffer(BindlessBufferSystem::INVALID_RESOURCE_ID),
                          ErrorCode::StaleHandle, "never given out"));
    EXPECT_EQ(Bindless().FindResource(buffer), other);
    EXPECT_EQ(Read({other}), (std::vector<uint32_t>{1}));
}

TEST_F(BindlessRegistryTest, ManyAreRegisteredAtOnce)
{
    Start();
    std::vector<Buffer> buffers;
    std::vector<uint32_t> values;
    for (uint32_t i = 0; i < 300; ++i) // of several shards
    {
        buffers.push_back(MakeValue(i));
        values.push_back(i);
    }
    std::vector<uint32_t> ids(buffers.size());
    ASSERT_TRUE(Ok(Bindless().RegisterBuffers(buffers, ids)));
    EXPECT_EQ(Read(ids), values);
    EXPECT_EQ(Bindless().FindResource(buffers[299]), ids[299]);
    EXPECT_TRUE(Ok(Bindless().UnregisterBuffers(ids)));
    EXPECT_EQ(Bindless().GetReport().registered, 0u);
    EXPECT_EQ(Read(ids), std::vector<uint32_t>(300, 0)) << "the slots are empty";
    EXPECT_TRUE(Ok(Bindless().RegisterBuffers({}, {})));
    EXPECT_TRUE(Ok(Bindless().UnregisterBuffers({})));
}

TEST_F(BindlessRegistryTest, ManyAtOnceAreAllRegisteredOrNone)
{
    Start();
    std::vector<Buffer> buffers;
    for (uint32_t i = 0; i < 3; ++i)
        buffers.push_back(MakeValue(i));
    SEDX_REQUIRE(const Buffer vertices, m_system->CreateBuffer(64, BufferUsage::Vertex, MemoryType::GPU, "vertices"));
    buffers.push_back(vertices);
    std::vector<uint32_t> ids(4, 7);
    EXPECT_TRUE(FailsWith(Bindless().RegisterBuffers(buffers, ids), ErrorCode::InvalidArgument,
                          "buffer 3 of 4: buffer 'vertices' has no storage usage"));
    EXPECT_EQ(ids, std::vector<uint32_t>(4, BindlessBufferSystem::INVALID_RESOURCE_ID));
    EXPECT_EQ(Bindless().GetReport().registered, 0u);
    EXPECT_TRUE(FailsWith(Bindless().RegisterBuffers(buffers, std::span(ids).first(3)), ErrorCode::InvalidArgument,
                          "4 buffers and room for 3 IDs"));

    buffers.pop_back();
    ids.pop_back();
    ASSERT_TRUE(Ok(Bindless().RegisterBuffers(buffers, ids)));
    ASSERT_TRUE(Ok(Bindless().UnregisterBuffer(ids[1])));
    EXPECT_TRUE(FailsWith(Bindless().UnregisterBuffers(ids), ErrorCode::StaleHandle, "unregistered already"));
    EXPECT_EQ(Bindless().GetReport().registered, 0u) << "the others are";
}

TEST_F(BindlessRegistryTest, WhatCannotBeRegisteredIsSaid)
{
    Start();
    SEDX_REQUIRE(const Buffer vertices, m_system->CreateBuffer(64, BufferUsage::Vertex, MemoryType::GPU, "vertices"));
    EXPECT_EQ(Bindless().RegisterBuffer(vertices), BindlessBufferSystem::INVALID_RESOURCE_ID);
    EXPECT_TRUE(m_log.Contains("no storage usage"));
    EXPECT_TRUE(FailsWith(Bindless().Register(Buffer{}), ErrorCode::InvalidArgument, "empty"));
    const auto other = MakeSystem();
    SEDX_REQUIRE(const Buffer theirs, other->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU, "theirs"));
    EXPECT_TRUE(FailsWith(Bindless().Register(theirs), ErrorCode::InvalidArgument, "another system"));
    EXPECT_EQ(Bindless().FindResource(vertices), BindlessBufferSystem::INVALID_RESOURCE_ID);
}

TEST_F(BindlessRegistryTest, StorageBuffersAreRegisteredIfAskedFor)
{
    BindlessDesc desc;
    desc.registerStorageBuffers = true;
    Start(desc);
    const uint32_t before = Bindless().GetReport().registered;
    Buffer buffer = MakeValue(5);
    SEDX_REQUIRE(const Buffer vertices, m_system->CreateBuffer(64, BufferUsage::Vertex, MemoryType::GPU, "vertices"));
    EXPECT_EQ(Bindless().GetReport().registered, before + 1);
    const uint32_t id = Bindless().FindResource(buffer);
    ASSERT_NE(id, BindlessBufferSystem::INVALID_RESOURCE_ID);
    EXPECT_EQ(Read({id}), (std::vector<uint32_t>{5}));
    if (SparseBuffer::Supports(m_device))
    {
        SEDX_REQUIRE(const SparseBuffer sparse,
                     SparseBuffer::Create(*m_system, {.bytes = 1 << 20, .usage = BufferUsage::Storage}));
        EXPECT_NE(Bindless().FindResource(sparse), BindlessBufferSystem::INVALID_RESOURCE_ID);
    }
    const uint32_t after = Bindless().GetReport().registered;
    buffer = {};
    EXPECT_EQ(Bindless().GetReport().registered, after - 1);
}

TEST_F(BindlessRegistryTest, MoreRegistrationsThanSlotsMakeTheCopiesGrow)
{
    BindlessDesc desc;
    desc.slots = 64;
    Start(desc);
    const VkDescriptorSetLayout layout = Bindless().GetSetLayout();
    const Buffer first = MakeValue(7);
    std::vector<uint32_t> ids{Bindless().RegisterBuffer(first)};
    std::vector<uint32_t> expected{7};
    EXPECT_EQ(Read(ids), expected);
    std::vector<Buffer> buffers;
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer) {
        const VkDescriptorSet small = Bindless().GetDescriptorSet(frame);
        for (uint32_t i = 0; i < 500; ++i)
        {
            buffers.push_back(MakeValue(i));
            ids.push_back(Bindless().RegisterBuffer(buffers.back()));
            expected.push_back(i);
        }
        EXPECT_NE(Bindless().GetDescriptorSet(frame), small) << "a larger one within the frame";
    });
    EXPECT_EQ(Bindless().GetSetLayout(), layout);
    const BindlessReport report = Bindless().GetReport();
    EXPECT_EQ(report.capacity, 512u);
    EXPECT_EQ(report.growths, 3u);
    for (int frame = 0; frame < 5; ++frame) // every copy
        EXPECT_EQ(Read(ids), expected) << "the same pipeline";
}

// What cannot grow serves all that was there before.
TEST_F(BindlessRegistryTest, WithoutALargerCopyFramesGoOnWithWhatTheyHave)
{
    BindlessDesc desc;
    desc.slots = 64;
    Start(desc);
    const Buffer first = MakeValue(7);
    const uint32_t id = Bindless().RegisterBuffer(first);
    const Lists lists = MakeLists({id});
    std::vector<uint32_t> more;
    for (int i = 0; i < 100; ++i)
        more.push_back(Bindless().RegisterBuffer(first));
    Calls().FailFunction(Fn::CreateDescriptorPool, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 100);
    for (int i = 0; i < 4; ++i) // every copy
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            RecordRead(frame, cmd, *m_reader, lists.constants);
            RecordRead(frame, cmd, *m_reader, lists.constants);
        });
    EXPECT_EQ(Results(lists), (std::vector<uint32_t>{7}));
    EXPECT_TRUE(m_log.Contains("cannot grow to 128 slots"));
    EXPECT_EQ(m_log.Count(), 1u) << m_log.Text();
    Calls().StopFailing();
    EXPECT_EQ(Read(more), std::vector<uint32_t>(more.size(), 7)) << "as soon as there is memory";
}

TEST_F(BindlessRegistryTest, APooledBufferStaysInFlightWhileItIsRegistered)
{
    Start();
    auto& pools = m_system->Modules().Emplace<BufferPoolManager>(*m_system);
    SEDX_REQUIRE(PooledBuffer lease, pools.AcquireStorageBuffer(4096));
    const Buffer* const buffer = &lease.Get();
    const BufferId before = buffer->ID();
    const uint32_t id = Bindless().RegisterBuffer(*lease);
    lease.Release();
    m_commands->RunFrame(*m_system);
    m_commands->WaitIdle();
    m_system->Poll();
    SEDX_REQUIRE(lease, pools.AcquireStorageBuffer(4096));
    ASSERT_EQ(lease->ID(), before) << "the same buffer again";
    const Lists lists = MakeLists({id});
    Gate gate(m_device);
    m_commands->RunFrame(
        *m_system, [&](const Frame& frame, VkCommandBuffer cmd) { RecordRead(frame, cmd, *m_reader, lists.constants); },
        gate.Waits());
    lease.Release();
    SEDX_REQUIRE(const PooledBuffer other, pools.AcquireStorageBuffer(4096));
    EXPECT_NE(other->ID(), before) << "a frame under way reads the first one by its slot";
    gate.Open();
    m_commands->WaitIdle();
}

TEST_F(BindlessRegistryTest, GrowthEndsWhereItWasAskedTo)
{
    BindlessDesc desc;
    desc.slots = 64;
    desc.maxSlots = 128;
    Start(desc);
    const Buffer buffer = MakeValue(7);
    uint32_t last = 0;
    for (uint32_t i = 0; i < 127; ++i)
    {
        SEDX_REQUIRE(last, Bindless().Register(buffer));
    }
    EXPECT_TRUE(FailsWith(Bindless().Register(buffer), ErrorCode::LimitExceeded, "127 slots"));
    EXPECT_TRUE(Ok(Bindless().UnregisterBuffer(last)));
    EXPECT_TRUE(Ok(Bindless().Register(buffer))) << "nothing is in flight";
}

TEST_F(BindlessRegistryTest, ManyRegistrationsAreWrittenInFewCalls)
{
    Start();
    const Buffer buffer = MakeValue(3);
    std::vector<uint32_t> ids;
    for (uint32_t i = 0; i < 10'000; ++i)
        ids.push_back(Bindless().RegisterBuffer(buffer));
    const BindlessReport before = Bindless().GetReport();
    // Two frames beside each other: each takes a copy of its own.
    SEDX_REQUIRE(const Frame first, m_system->BeginFrame());
    SEDX_REQUIRE(const Frame second, m_system->BeginFrame());
    for (const Frame& frame : {first, second})
        Bindless().GetDescriptorSet(frame);
    for (const Frame& frame : {first, second})
        EXPECT_TRUE(Ok(m_system->AbandonFrame(frame)));
    const BindlessReport after = Bindless().GetReport();
    EXPECT_LE(after.descriptorCalls - before.descriptorCalls, 2u * 2u);
    EXPECT_EQ(after.descriptorWrites - before.descriptorWrites, 2u * 10'000u);
    EXPECT_EQ(after.copies, before.copies);
    EXPECT_EQ(Read(ids), std::vector<uint32_t>(10'000, 3));
}

TEST_F(BindlessRegistryTest, AnUnchangedFrameWritesNothing)
{
    Start();
    const Buffer buffer = MakeValue(3);
    Bindless().RegisterBuffer(buffer);
    const auto run = [&] {
        m_commands->RunFrame(*m_system, [&](const Frame& f, VkCommandBuffer) { Bindless().GetDescriptorSet(f); });
        m_commands->WaitIdle(); // so that the next frame gets the copy of this one
        m_system->Poll();
    };
    run();
    const BindlessReport before = Bindless().GetReport();
    EXPECT_GT(before.descriptorWrites, 0u);
    for (int frame = 0; frame < 4; ++frame)
        run();
    EXPECT_EQ(Bindless().GetReport().descriptorCalls, before.descriptorCalls);
}

// Slots come back when their frames have passed: a program that replaces everything every frame reaches a steady state.
TEST_F(BindlessRegistryTest, ReplacingEverythingEveryFrameNeedsNoMoreSlots)
{
    Start();
    constexpr uint32_t kCount = 16'384;
    constexpr int kFrames = 12;
    const Buffer buffers[2] = {MakeValue(11), MakeValue(22)};
    std::vector<uint32_t> ids;
    uint32_t growths = 0;
    for (int i = 0; i < kFrames; ++i)
    {
        if (i == 4)
            growths = Bindless().GetReport().growths;
        for (const uint32_t id : ids)
            ASSERT_TRUE(Ok(Bindless().UnregisterBuffer(id)));
        ids.clear();
        for (uint32_t n = 0; n < kCount; ++n)
            ids.push_back(Bindless().RegisterBuffer(buffers[i % 2]));
        if (i >= 4) // a sample is looked at, by a shader
        {
            EXPECT_EQ(Read({ids[0], ids[kCount / 2], ids[kCount - 1]}), std::vector<uint32_t>(3, i % 2 == 0 ? 11 : 22));
            continue;
        }
        m_commands->RunFrame(*m_system,
                             [&](const Frame& frame, VkCommandBuffer) { Bindless().GetDescriptorSet(frame); });
    }
    EXPECT_EQ(Bindless().GetReport().growths, growths);
}

TEST_F(BindlessRegistryTest, BuffersBeyondTheRangeOfDescriptorsAreReachedByAddress)
{
    const uint64_t range = TheDevice().Properties().limits.maxStorageBufferRange;
    if (range > (uint64_t{1} << 30))
        SEDX_SKIP("maxStorageBufferRange is too large to go beyond it: " + std::to_string(range));
    Start();
    SEDX_REQUIRE(const Buffer buffer,
                 m_system->CreateBuffer(range + 4096, BufferUsage::Storage, MemoryType::GPU, "far"));
    const std::vector<uint32_t> words(1024, 77);
    ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, range, std::span<const uint32_t>(words))));
    const uint32_t id = Bindless().RegisterBuffer(buffer);
    EXPECT_EQ(Read({id}, static_cast<uint32_t>(range / 4) + 1000, true), (std::vector<uint32_t>{77}));
}

TEST_F(BindlessRegistryTest, WithoutFeaturesItSaysSo)
{
    TestDevice own;
    DeviceDesc deviceDesc = own.Describe();
    deviceDesc.modules = FeatureModule::Core;
    SEDX_REQUIRE(own.device, Device::Create(deviceDesc));
    BufferSystemDesc desc;
    desc.device = own.device;
    SEDX_REQUIRE(const auto system, BufferSystem::Create(desc));
    auto& bindless = system->Modules().Emplace<BindlessBufferSystem>(*system);
    EXPECT_TRUE(FailsWith(bindless.Status(), ErrorCode::MissingFeature, "descriptor indexing"));
    EXPECT_TRUE(m_log.Contains("cannot be used"));
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU, "b"));
    EXPECT_TRUE(FailsWith(bindless.Register(buffer), ErrorCode::WrongState, "descriptor indexing"));
    BindlessDesc wrong;
    wrong.storageBinding = 0;
    wrong.tableBinding = 1;
    const auto other = MakeSystem();
    EXPECT_TRUE(FailsWith(other->Modules().Emplace<BindlessBufferSystem>(*other, wrong).Status(),
                          ErrorCode::InvalidArgument, "must be the last"));
}

TEST_F(BindlessRegistryTest, DetachingWaitsForNothingAndBreaksNothing)
{
    Start();
    const Buffer buffer = MakeValue(4);
    const Lists lists = MakeLists({Bindless().RegisterBuffer(buffer)});
    Gate gate(m_device);
    m_commands->RunFrame(
        *m_system, [&](const Frame& frame, VkCommandBuffer cmd) { RecordRead(frame, cmd, *m_reader, lists.constants); },
        gate.Waits());
    m_system->Modules().DetachAll();
    gate.Open();
    EXPECT_EQ(Results(lists), (std::vector<uint32_t>{4}));
}
} // namespace
} // namespace sedx::test
