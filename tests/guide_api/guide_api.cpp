// A use of every class, method and constant of the guide that exists, or of what replaces it. Guide("item") names the
// item that the line after it uses; the end checks that none was forgotten. What is planned has no use yet: when it
// comes, its status changes in guide_items.h, and this test fails until it is used here.
#include "guide_items.h"

#include <sedx/buffer_pool_manager.h>
#include <sedx/custom_memory_pool_manager.h>
#include <sedx/sedx.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <vector>

namespace
{
std::set<std::string_view>& Used()
{
    static std::set<std::string_view> used;
    return used;
}

void Guide(std::string_view item) { Used().insert(item); }

void Expect(bool holds, const char* what)
{
    if (holds)
        return;
    std::fprintf(stderr, "failed: %s\n", what);
    std::exit(1);
}

// VK_CHECK_RESULT of the guide: here failure is a value that says what went wrong.
template <class T>
T Value(sedx::Result<T> result)
{
    Guide("VK_CHECK_RESULT");
    Expect(result.has_value(), result ? "" : result.error().message.c_str());
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

std::vector<std::byte> ReadBack(sedx::BufferSystem& system, const sedx::BufferView<>& view)
{
    const sedx::ReadbackTicket ticket = Value(system.Readbacks().Request(view));
    const std::span<const std::byte> bytes = Value(ticket.Wait());
    return {bytes.begin(), bytes.end()};
}

template <class T>
bool Holds(const std::vector<std::byte>& bytes, std::span<const T> expected)
{
    return std::ranges::equal(bytes, std::as_bytes(expected));
}

// ---- section 1: the pieces that all of the guide's code is made of ---------------------------------------------------

void UseBuffers(sedx::BufferSystem& system)
{
    Guide("BufferUsageFlags");
    sedx::BufferUsageFlags usage = sedx::BufferUsage::None;
    for (const auto& [name, bit] : {std::pair{"BufferUsage::TransferSrc", sedx::BufferUsage::TransferSrc},
                                    std::pair{"BufferUsage::Vertex", sedx::BufferUsage::Vertex},
                                    std::pair{"BufferUsage::Uniform", sedx::BufferUsage::Uniform},
                                    std::pair{"BufferUsage::Storage", sedx::BufferUsage::Storage},
                                    std::pair{"BufferUsage::Indirect", sedx::BufferUsage::Indirect}})
    {
        Guide(name);
        usage |= bit;
    }
    Guide("MemoryFlags");
    Guide("MemoryType::CPU");
    const sedx::MemoryFlags memory = sedx::MemoryType::CPU;

    Guide("CreateBuffer");
    Guide("Buffer");
    const sedx::Buffer buffer = Value(system.CreateBuffer(1000, usage, memory, "guide"));
    Guide("Buffer::GetSize");
    Guide("Buffer::size");
    Expect(buffer.GetSize() == 1000, "the size is what was asked for");
    Guide("Buffer::ID");
    Expect(Value(system.Find(buffer.ID())) == buffer, "the ID finds the buffer");
    Guide("Buffer::usage");
    Expect(Any(buffer.Usage() & sedx::BufferUsage::Indirect), "the usage is kept");
    Guide("Buffer::memory");
    Expect(buffer.Memory() == memory, "the memory type is kept");
    Guide("BufferResource::name");
    Expect(buffer.Name() == "guide", "the name is kept");
    Guide("BufferResource::allocation");
    Expect(!system.Explain(buffer).empty(), "where a buffer lives can be asked");
    Guide("BufferResource");
    const sedx::BufferResource* resource = buffer.Resource();
    Expect(resource != nullptr, "a buffer has its resource");

    Guide("MapBuffer");
    std::byte* mapped = Value(system.MapBuffer(buffer));
    std::memset(mapped, 0x5A, 1000);
    Guide("UnmapBuffer");
    system.UnmapBuffer(buffer);
    Expect(ReadBack(system, buffer) == std::vector<std::byte>(1000, std::byte{0x5A}), "what was mapped and written");
}

// The guide's CopyBuffer on a command buffer of a frame. Recorded with the library's table of functions.
void UseCopyBuffer(sedx::BufferSystem& system)
{
    Guide("RenderContext::Get");
    const sedx::Device& device = system.GetDevice();
    const sedx::DeviceDispatch& vk = device.Functions();
    const std::vector<uint32_t> numbers(256, 0xABCDu);
    const sedx::Buffer source = Value(system.Factory().CreateStorageBuffer(std::span<const uint32_t>(numbers), "from"));
    Guide("MemoryType::GPU");
    const sedx::Buffer target = Value(system.CreateBuffer(2048, sedx::BufferUsage::Storage, sedx::MemoryType::GPU));

    const VkCommandPoolCreateInfo poolInfo{.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                           .queueFamilyIndex = device.Queues()[0].family};
    VkCommandPool pool = VK_NULL_HANDLE;
    Expect(vk.CreateCommandPool(device.Handle(), &poolInfo, nullptr, &pool) == VK_SUCCESS, "vkCreateCommandPool");
    const VkCommandBufferAllocateInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                           .commandPool = pool,
                                           .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                           .commandBufferCount = 1};
    VkCommandBuffer commands = VK_NULL_HANDLE;
    Expect(vk.AllocateCommandBuffers(device.Handle(), &info, &commands) == VK_SUCCESS, "vkAllocateCommandBuffers");
    const VkCommandBufferBeginInfo begin{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    Expect(vk.BeginCommandBuffer(commands, &begin) == VK_SUCCESS, "vkBeginCommandBuffer");

    const sedx::Frame frame = Value(system.BeginFrame());
    Guide("GetCurrentFrame");
    Expect(system.GetCurrentFrame() == frame, "the current frame is the one that was begun");
    Guide("Buffer::resource");
    Guide("BufferResource::buffer");
    Expect(frame.Resolve(source).buffer != VK_NULL_HANDLE, "a frame gives the raw handles");
    Guide("CopyBuffer");
    Value(system.CopyBuffer(frame, commands, source, target, 1024));
    Value(system.CopyBuffer(frame, commands, source, 4, target, 1024, 1000));

    Expect(vk.EndCommandBuffer(commands) == VK_SUCCESS, "vkEndCommandBuffer");
    const sedx::SubmitSync sync = Value(frame.SubmitSync(0));
    const VkCommandBufferSubmitInfo commandInfo{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
                                                .commandBuffer = commands};
    const VkSubmitInfo2 submit{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
                               .waitSemaphoreInfoCount = static_cast<uint32_t>(sync.Waits().size()),
                               .pWaitSemaphoreInfos = sync.Waits().data(),
                               .commandBufferInfoCount = 1,
                               .pCommandBufferInfos = &commandInfo,
                               .signalSemaphoreInfoCount = static_cast<uint32_t>(sync.Signals().size()),
                               .pSignalSemaphoreInfos = sync.Signals().data()};
    Value(device.Submit(0, {&submit, 1}));
    Value(system.EndFrame(frame));
    Expect(Holds(ReadBack(system, {target, 0, 1024}), std::span<const uint32_t>(numbers)), "the copy without offsets");
    Expect(Holds(ReadBack(system, {target, 1024, 1000}), std::span<const uint32_t>(numbers).first(250)),
           "the copy with offsets");
    vk.DestroyCommandPool(device.Handle(), pool, nullptr); // the read-backs were waited for, so the frame has passed
}

class CountingModule : public sedx::Module
{
  public:
    explicit CountingModule(std::string& calls) : Module("Counting"), m_calls(calls) {}
    void OnAttach() override { m_calls += "attach "; }
    void OnUpdate() override { m_calls += "update "; }
    void OnUIRender() override { m_calls += "ui "; }
    void OnDetach() override { m_calls += "detach "; }

  private:
    std::string& m_calls;
};

void UseModule(const sedx::Device& device)
{
    std::string calls;
    {
        const auto system = Value(sedx::BufferSystem::Create({.device = device}));
        Guide("Module");
        Guide("Module::OnAttach");
        sedx::Module& module = system->Modules().Emplace<CountingModule>(calls);
        Guide("Module::GetName");
        Expect(module.GetName() == "Counting", "a module has its name");
        Guide("Module::OnUpdate");
        Value(system->AbandonFrame(Value(system->BeginFrame())));
        Guide("Module::OnUIRender");
        system->Modules().RenderUI();
        Guide("m_IsEnabled");
        module.SetEnabled(false);
        Expect(!module.IsEnabled(), "a module can be disabled");
        Value(system->AbandonFrame(Value(system->BeginFrame())));
        Guide("Module::OnDetach");
    }
    Expect(calls == "attach update ui detach ", "a module is attached, updated while enabled, drawn and detached");
}

void UseLogAndProfile()
{
    std::string log;
    sedx::SetLogSink(
        [](const sedx::LogMessage& message, void* user) {
            static_cast<std::string*>(user)->append(message.tag).append(":").append(message.text).append(" ");
        },
        &log);
    sedx::SetLogLevel(sedx::LogLevel::Trace);
    Guide("SEDX_CORE_INFO");
    SEDX_CORE_INFO("=== {} ===", "guide");
    Guide("SEDX_CORE_INFO_TAG");
    SEDX_CORE_INFO_TAG("POOL", "{}", 1);
    Guide("SEDX_CORE_WARN_TAG");
    SEDX_CORE_WARN_TAG("POOL", "{}", 2);
    Guide("SEDX_CORE_ERROR_TAG");
    SEDX_CORE_ERROR_TAG("POOL", "{}", 3);
    sedx::SetLogLevel(sedx::LogLevel::Warn);
    sedx::SetLogSink(nullptr, nullptr);
    Expect(log == "CORE:=== guide === POOL:1 POOL:2 POOL:3 ", "messages arrive with their tags");

    int scopes = 0;
    sedx::SetProfileSink(
        [](const char*, uint64_t begin, uint64_t end, void* user) { *static_cast<int*>(user) += end >= begin ? 1 : 0; },
        &scopes);
    {
        Guide("SEDX_PROFILE_SCOPE");
        SEDX_PROFILE_SCOPE("guide");
    }
    sedx::SetProfileSink(nullptr, nullptr);
    Expect(scopes == 1, "a scope is reported");
}

// ---- section 1.1 -----------------------------------------------------------------------------------------------------

void UseFactory(sedx::BufferSystem& system)
{
    Guide("BufferFactory");
    sedx::BufferFactory& factory = system.Factory();
    const std::vector<float> numbers{1.0F, 2.0F, 3.0F, 4.0F, 5.0F};
    const std::span<const float> data(numbers);

    Guide("BufferFactory::CreateVertexBuffer");
    const sedx::Buffer vertices = Value(factory.CreateVertexBuffer(data.data(), data.size_bytes(), "vertices"));
    Expect(Holds(ReadBack(system, vertices), data), "a vertex buffer is filled");
    Guide("BufferFactory::CreateDynamicUniformBuffer");
    const sedx::Buffer uniform = Value(factory.CreateDynamicUniformBuffer(256, "uniform", std::as_bytes(data)));
    Expect(Holds(ReadBack(system, {uniform, 0, data.size_bytes()}), data), "a uniform buffer is filled");
    Guide("BufferFactory::CreateStorageBuffer");
    for (const bool cpuAccess : {false, true})
    {
        const sedx::Buffer storage =
            Value(factory.CreateStorageBuffer(data.size_bytes(), cpuAccess, "storage", std::as_bytes(data)));
        Expect(Holds(ReadBack(system, storage), data), "a storage buffer is filled");
    }
    Guide("BufferFactory::CreateIndirectBuffer");
    const sedx::Buffer indirect = Value(factory.CreateIndirectBuffer(10, "indirect"));
    Expect(indirect.GetSize() == 10 * sizeof(VkDrawIndirectCommand), "room for ten commands");
}

// ---- section 1.2 -----------------------------------------------------------------------------------------------------

void UseBufferPools(const sedx::Device& device)
{
    const auto system = Value(sedx::BufferSystem::Create({.device = device}));
    const sedx::BufferPoolManagerDesc desc;
    Guide("m_InitialPoolSize");
    Expect(desc.initialPoolSize == 4, "four buffers of a size at first");
    Guide("m_MinStagingSize");
    Expect(desc.minStagingBytes == 64 * 1024, "staging has 64 KiB at least");
    Guide("m_StandardUniformSize");
    Expect(desc.standardUniformBytes == 1024, "uniforms have 1 KiB");
    Guide("m_CleanupInterval");
    Guide("BufferPoolManager::ShouldCleanupPools");
    Expect(desc.cleanupInterval == 120, "a look at the pools every 120 frames");
    Guide("m_MaxUnusedFrames");
    Expect(desc.maxUnusedFrames == 300, "a buffer may be unused for 300 frames");

    Guide("BufferPoolManager");
    Guide("BufferPoolManager::OnAttach");
    sedx::BufferPoolManager& pools = system->Modules().Emplace<sedx::BufferPoolManager>(*system, desc);
    Guide("BufferPoolManager::AcquireStagingBuffer");
    Guide("BufferPoolManager::PooledBuffer");
    sedx::PooledBuffer staging = Value(pools.AcquireStagingBuffer(100'000));
    Expect(staging->GetSize() >= 100'000, "a lease is large enough");
    const sedx::BufferId id = staging->ID();
    Guide("BufferPoolManager::ReleaseStagingBuffer");
    pools.ReleaseStagingBuffer(std::move(staging));
    Expect(Value(pools.AcquireStagingBuffer(100'000))->ID() == id, "what was released is acquired again");
    Guide("BufferPoolManager::InitializeStagingPool");
    Value(pools.WarmUp(sedx::BufferPoolKind::Staging, 1 << 20, 4));
    Expect(pools.GetReport(sedx::BufferPoolKind::Staging).ready == 5, "buffers made ahead of time");
    Guide("BufferPoolManager::InitializeUniformPool");
    const sedx::PooledBuffer uniform = Value(pools.AcquireUniformBuffer());
    Expect(pools.GetReport(sedx::BufferPoolKind::Uniform).buffers == 8, "the first one brings seven others");
    Guide("BufferPoolManager::InitializeStoragePool");
    const sedx::PooledBuffer storage = Value(pools.AcquireStorageBuffer(1 << 20));
    Expect(pools.GetReport(sedx::BufferPoolKind::Storage).leased == 1, "a storage buffer");
    Guide("BufferPoolManager::CleanupUnusedBuffers");
    Expect(pools.ReleaseUnused() != 0, "what nobody uses can go");
    Guide("BufferPoolManager::OnUpdate");
    Value(system->AbandonFrame(Value(system->BeginFrame())));
    Guide("BufferPoolManager::OnDetach");
}

// ---- section 3.1 -----------------------------------------------------------------------------------------------------

void UseMemoryPools(const sedx::Device& device)
{
    const auto system = Value(sedx::BufferSystem::Create({.device = device}));
    const sedx::CustomMemoryPoolManagerDesc desc;
    const auto expect = [](const sedx::MemoryPoolConfiguration& pool, uint64_t mebibytes, uint32_t least, uint32_t most) {
        Expect(pool.blockSize == mebibytes << 20 && pool.minBlockCount == least && pool.maxBlockCount == most,
               "the sizes of the guide");
    };
    Guide("CustomMemoryPoolManager::CreateVertexBufferPool");
    expect(desc.vertex, 64, 2, 8);
    Guide("CustomMemoryPoolManager::CreateUniformBufferPool");
    expect(desc.uniform, 16, 1, 4);
    Guide("CustomMemoryPoolManager::CreateStorageBufferPool");
    expect(desc.storage, 128, 1, 6);
    Guide("CustomMemoryPoolManager::CreateRayTracingPool");
    expect(desc.rayTracing, 256, 1, 4);

    Guide("CustomMemoryPoolManager");
    Guide("CustomMemoryPoolManager::OnAttach");
    auto& pools = system->Modules().Emplace<sedx::CustomMemoryPoolManager>(*system, desc);
    Guide("CustomMemoryPoolManager::PoolConfiguration");
    const sedx::CustomMemoryPoolManager::PoolConfiguration config = {.blockSize = 1024 * 1024,
                                                                     .minBlockCount = 1,
                                                                     .maxBlockCount = 2,
                                                                     .memoryType = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
                                                                     .name = "OwnPool"};
    Guide("CustomMemoryPoolManager::CreatePool");
    Value(pools.CreatePool("own", config));
    const std::vector<uint32_t> numbers(256, 0x1234u);
    Guide("CustomMemoryPoolManager::AllocateFromPool");
    for (const char* pool : {"own", "vertex"})
    {
        const sedx::Buffer buffer = Value(pools.AllocateFromPool(pool, 1024, sedx::BufferUsage::Vertex));
        Value(system->Uploads().Write(buffer, 0, std::as_bytes(std::span(numbers))));
        Expect(Holds(ReadBack(*system, buffer), std::span<const uint32_t>(numbers)), "a buffer of a pool works");
        Guide("CustomMemoryPoolManager::PoolInfo");
        Expect(Value(pools.GetReport(pool)).buffers == 1, "buffers are counted");
    }
}

// ---- section 4: bindless ---------------------------------------------------------------------------------------------

void UseBindless(const sedx::Device& device)
{
    const auto system = Value(sedx::BufferSystem::Create({.device = device}));
    using Bindless = sedx::BindlessBufferSystem;
    Guide("BindlessBufferSystem");
    Guide("BindlessBufferSystem::OnAttach");
    Guide("BindlessBufferSystem::InitializeDescriptorSet");
    Guide("BindlessBufferSystem::InitializeResourcePool");
    auto& bindless = system->Modules().Emplace<Bindless>(*system);
    Value(bindless.Status());
    Expect(bindless.GetReport().copies == system->Desc().framesInFlight + 1, "a copy for each frame and one more");
    Guide("MAX_BINDLESS_BUFFERS");
    Expect(bindless.GetReport().capacity == Bindless::MAX_BINDLESS_BUFFERS, "the slots of the guide");
    Guide("STORAGE_BUFFER_BINDING");
    Expect(bindless.Desc().storageBinding == Bindless::STORAGE_BUFFER_BINDING, "the binding of the guide");

    const sedx::Buffer buffer =
        Value(system->CreateBuffer(256, sedx::BufferUsage::Storage, sedx::MemoryType::GPU, "bindless"));
    Guide("BindlessBufferSystem::RegisterBuffer");
    const uint32_t id = bindless.RegisterBuffer(buffer);
    Guide("INVALID_RESOURCE_ID");
    Expect(id != Bindless::INVALID_RESOURCE_ID, "a buffer gets an ID");
    const sedx::Frame frame = Value(system->BeginFrame());
    Guide("BindlessBufferSystem::GetDescriptorSet");
    Expect(bindless.GetDescriptorSet() != VK_NULL_HANDLE, "the current frame has a set");
    Guide("BindlessBufferSystem::ResourceInfo");
    const std::vector<sedx::BindlessEntryReport> entries = bindless.GetEntries();
    Expect(entries.size() == 1 && entries[0].resource == id && entries[0].bytes == 256, "what is registered is listed");
    Value(system->AbandonFrame(frame));
    Guide("BindlessBufferSystem::UnregisterBuffer");
    Value(bindless.UnregisterBuffer(id));
}

// ---- section 5: the numbers ------------------------------------------------------------------------------------------

void UseReport(sedx::BufferSystem& system)
{
    const sedx::Report before = system.GetReport();
    const sedx::Buffer buffer = Value(system.CreateBuffer(4096, sedx::BufferUsage::Storage, sedx::MemoryType::CPU));
    Value(system.Uploads().Write(buffer, 0, std::as_bytes(std::span("0123456789"))));
    const sedx::Report after = system.GetReport();
    Guide("BufferPerformanceMonitor::RecordBufferCreation");
    Expect(after.createdBuffers == before.createdBuffers + 1, "creations are counted");
    Guide("BufferPerformanceMonitor::MemoryTypeStats");
    Expect(after.cpu.bytes == before.cpu.bytes + 4096, "bytes are counted by memory type");
    Guide("BufferPerformanceMonitor::RecordBufferCopy");
    Expect(after.uploadedBytes == before.uploadedBytes + 11, "uploaded bytes are counted");
}
} // namespace

int main()
{
    UseLogAndProfile();
    const sedx::Device device = Value(sedx::Device::Create({}));
    {
        const auto system = Value(sedx::BufferSystem::Create({.device = device}));
        UseBuffers(*system);
        UseCopyBuffer(*system);
        UseFactory(*system);
        UseReport(*system);
    }
    UseModule(device);
    UseBufferPools(device);
    UseBindless(device);
    UseMemoryPools(device);

    int faults = 0;
    for (const guide::Item& item : guide::kItems)
    {
        const bool ofFirstSections = item.name.find(' ') == std::string_view::npos && item.name != "timelines";
        const bool wanted = ofFirstSections && item.status != guide::Status::Planned;
        if (wanted == Used().contains(item.name))
            continue;
        std::fprintf(stderr, "'%.*s' %s\n", static_cast<int>(item.name.size()), item.name.data(),
                     wanted ? "is built or replaced, but not used here" : "is used here, but planned");
        ++faults;
    }
    for (const std::string_view used : Used())
        if (std::ranges::none_of(guide::kItems, [&](const guide::Item& item) { return item.name == used; }))
        {
            std::fprintf(stderr, "'%.*s' is not in the list\n", static_cast<int>(used.size()), used.data());
            ++faults;
        }
    return faults == 0 ? 0 : 1;
}
