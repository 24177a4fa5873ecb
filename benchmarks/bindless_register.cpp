// bindless_register: buffers get slots and lose them, by one thread and by eight, by one call and by many; with and without what a
// frame does then, which takes its copy of the descriptor set after each 10,000 registrations.
//
// Then a program that replaces 16,384 registrations in every frame, with several frames under way; a checked shader reads each
// slot in each frame and compares. Slots must not run out, and none may show another buffer.
#include "support/context.h"
#include "support/measure.h"
#include "support/raw_copy.h"

#include <sedx/bindless_buffer_system.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

namespace bench
{
namespace
{
using Clock = std::chrono::steady_clock;

constexpr uint32_t kAtOnce = 10'000;
constexpr unsigned kMost = 8;
constexpr uint32_t kRecycled = 16'384;
constexpr uint32_t kValues = 64;
constexpr uint32_t kInFlight = 2;

constexpr uint32_t kCheckSlots[] = {
#include "shaders/check_slots.comp.inc"
};

// A system with the module and buffers to register.
struct Registry
{
    Registry(const Context& context, uint32_t bufferCount, const sedx::BindlessDesc& desc = {})
        : system(MakeSystem(context, kInFlight)), queue(context.device),
          bindless(system->Modules().Emplace<sedx::BindlessBufferSystem>(*system, desc))
    {
        Require(bindless.Status(), "BindlessBufferSystem");
        for (uint32_t i = 0; i < bufferCount; ++i)
            buffers.push_back(
                Require(system->CreateBuffer({.bytes = 256, .usage = sedx::BufferUsage::Storage}), "CreateBuffer"));
    }
    ~Registry() { queue.SubmitNothingAndWait(); }

    // A frame that takes its copy of the set and does nothing with it.
    void RunFrame()
    {
        const sedx::Frame frame = Require(system->BeginFrame(), "BeginFrame");
        Require(bindless.GetDescriptorSet(frame) != VK_NULL_HANDLE, "GetDescriptorSet");
        queue.SubmitNothing(Require(frame.SubmitSync(0), "SubmitSync"));
        Require(system->EndFrame(frame), "EndFrame");
    }

    std::unique_ptr<sedx::BufferSystem> system;
    RawQueue queue;
    sedx::BindlessBufferSystem& bindless;
    std::vector<sedx::Buffer> buffers;
};

// By one call for all of them, or by a call for each.
void Register(Registry& registry, std::span<const sedx::Buffer> buffers, std::span<uint32_t> ids, bool atOnce)
{
    if (atOnce)
        Require(registry.bindless.RegisterBuffers(buffers, ids), "RegisterBuffers");
    else
        for (size_t i = 0; i < buffers.size(); ++i)
            ids[i] = registry.bindless.RegisterBuffer(buffers[i]);
    Require(std::ranges::count(ids, sedx::BindlessBufferSystem::INVALID_RESOURCE_ID) == 0, "RegisterBuffer");
}

void Unregister(Registry& registry, std::span<const uint32_t> ids, bool atOnce)
{
    if (atOnce)
        Require(registry.bindless.UnregisterBuffers(ids), "UnregisterBuffers");
    else
        for (const uint32_t id : ids)
            (void)registry.bindless.UnregisterBuffer(id);
}

// Starts threads that each do work(buffers, ids) with their share of the buffers; `ids` has room for all.
template <class Work>
std::vector<std::jthread> StartTeam(Registry& registry, unsigned threads, std::span<uint32_t> ids, const Work& work)
{
    const size_t share = registry.buffers.size() / threads;
    std::vector<std::jthread> team;
    for (unsigned t = 0; t < threads; ++t)
        team.emplace_back([=, &registry] {
            work(std::span<const sedx::Buffer>(registry.buffers).subspan(t * share, share),
                 ids.subspan(t * share, share));
        });
    return team;
}

// Each of `threads` registers and unregisters its share of the buffers, kRounds times. Seconds for a round.
double RegisterTogether(Registry& registry, unsigned threads, bool atOnce)
{
    constexpr int kRounds = 8;             // so that waking the threads does not count
    registry.queue.SubmitNothingAndWait(); // slots that waited for a frame are free
    registry.system->Poll();
    std::vector<uint32_t> ids(registry.buffers.size());
    std::barrier meet(static_cast<std::ptrdiff_t>(threads) + 1);
    const auto team = StartTeam(registry, threads, ids, [&](auto buffers, auto mine) {
        meet.arrive_and_wait();
        for (int round = 0; round < kRounds; ++round)
        {
            Register(registry, buffers, mine, atOnce);
            Unregister(registry, mine, atOnce);
        }
        meet.arrive_and_wait();
    });
    meet.arrive_and_wait();
    const auto begin = Clock::now();
    meet.arrive_and_wait();
    return std::chrono::duration<double>(Clock::now() - begin).count() / kRounds;
}

// They register; then one frame; then they unregister. Seconds, without the frame: what it costs the threads is that the slots
// lie in the cache of another core then.
double RegisterAroundAFrame(Registry& registry, unsigned threads)
{
    std::vector<uint32_t> ids(registry.buffers.size());
    std::barrier meet(static_cast<std::ptrdiff_t>(threads) + 1);
    const auto team = StartTeam(registry, threads, ids, [&](auto buffers, auto mine) {
        meet.arrive_and_wait();
        Register(registry, buffers, mine, true);
        meet.arrive_and_wait();
        meet.arrive_and_wait(); // the frame
        Unregister(registry, mine, true);
        meet.arrive_and_wait();
    });
    meet.arrive_and_wait();
    const auto begin = Clock::now();
    meet.arrive_and_wait();
    const auto frameBegin = Clock::now();
    registry.RunFrame();
    const auto frameEnd = Clock::now();
    meet.arrive_and_wait();
    meet.arrive_and_wait();
    return std::chrono::duration<double>(Clock::now() - begin - (frameEnd - frameBegin)).count();
}

void AddRegistering(Context& context)
{
    Registry calls(context, kAtOnce);
    Registry amortised(context, kAtOnce);
    Registry together(context, kAtOnce * kMost);
    const auto loop = [](Registry& registry, bool atOnce, bool hasFrame) {
        return [&registry, atOnce, hasFrame, ids = std::vector<uint32_t>(kAtOnce)](benchmark::State& state) mutable {
            for ([[maybe_unused]] auto _ : state)
            {
                Register(registry, registry.buffers, ids, atOnce);
                if (hasFrame)
                    registry.RunFrame();
                Unregister(registry, ids, atOnce);
            }
        };
    };
    Measurement measurement;
    measurement.Add("calls", kAtOnce, loop(calls, false, false));
    measurement.Add("at once", kAtOnce, loop(calls, true, false));
    measurement.Add("calls, frame", kAtOnce, loop(amortised, false, true));
    measurement.Add("at once, frame", kAtOnce, loop(amortised, true, true));
    const auto addTogether = [&](const char* name, auto seconds) {
        measurement.AddTimedByBody(name, [seconds](benchmark::State& state) {
            for ([[maybe_unused]] auto _ : state)
                state.SetIterationTime(seconds() / (kAtOnce * kMost));
        });
    };
    addTogether("calls, together", [&] { return RegisterTogether(together, kMost, false); });
    addTogether("at once, together", [&] { return RegisterTogether(together, kMost, true); });
    addTogether("at once, together, frame", [&] { return RegisterAroundAFrame(together, kMost); });
    auto times = measurement.Run(context.options);
    for (Registry* registry : {&calls, &amortised, &together})
        Require(registry->bindless.GetReport().registered == 0, "registrations are left");

    const auto add = [&](const char* name, const char* key, Targets targets) {
        const Samples& samples = times[key];
        context.figures.Add({.scenario = "bindless_register",
                             .name = name,
                             .unit = "ns",
                             .value = samples.Median(),
                             .smallest = samples.Smallest(),
                             .largest = samples.Largest(),
                             .targets = std::move(targets)});
    };
    add("register + unregister, 10,000 at once", "at once", {});
    add("the same, descriptors of a frame included", "at once, frame", {.gpu = {AtMost(60)}, .software = {AtMost(80)}});
    const sedx::BindlessReport report = amortised.bindless.GetReport();
    context.figures.Add(
        {.scenario = "bindless_register",
         .name = "slots written for each of these",
         .unit = "",
         .value = static_cast<double>(report.descriptorWrites) / static_cast<double>(report.registrations)});
    add("register + unregister, a call for each", "calls", {});
    add("the same, descriptors of a frame included", "calls, frame", {});
    add("8 threads together, 10,000 at once by each", "at once, together", {.gpu = {AtMost(20)}});
    add("the same, with a frame before they unregister", "at once, together, frame", {.gpu = {AtMost(20)}});
    add("8 threads together, a call for each", "calls, together", {});
}

void AddDescriptorCalls(Context& context)
{
    Registry registry(context, 1);
    for (uint32_t i = 0; i < kAtOnce; ++i)
        Require(registry.bindless.RegisterBuffer(registry.buffers[0]) !=
                    sedx::BindlessBufferSystem::INVALID_RESOURCE_ID,
                "RegisterBuffer");
    const sedx::BindlessReport before = registry.bindless.GetReport();
    registry.RunFrame(); // takes one copy
    const sedx::BindlessReport after = registry.bindless.GetReport();
    Require(after.descriptorWrites - before.descriptorWrites == kAtOnce, "the copy was not written");
    context.figures.Add({.scenario = "bindless_register",
                         .name = "descriptor calls a copy for 10,000 registrations",
                         .unit = "",
                         .value = static_cast<double>(after.descriptorCalls - before.descriptorCalls),
                         .targets = {.gpu = {AtMost(2)}, .software = {AtMost(2)}}});
}

// The pipeline that looks at every slot.
class Checker
{
  public:
    Checker(const sedx::Device& device, VkDescriptorSetLayout setLayout) : m_device(device)
    {
        const sedx::DeviceDispatch& vk = device.Functions();
        const VkPushConstantRange range{VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(std::array<uint32_t, 4>)};
        VkPipelineLayoutCreateInfo layoutInfo{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
        layoutInfo.setLayoutCount = 1;
        layoutInfo.pSetLayouts = &setLayout;
        layoutInfo.pushConstantRangeCount = 1;
        layoutInfo.pPushConstantRanges = &range;
        Require(vk.CreatePipelineLayout(device.Handle(), &layoutInfo, nullptr, &m_layout) == VK_SUCCESS, "layout");
        VkShaderModuleCreateInfo moduleInfo{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
        moduleInfo.codeSize = sizeof kCheckSlots;
        moduleInfo.pCode = kCheckSlots;
        VkShaderModule module = VK_NULL_HANDLE;
        Require(vk.CreateShaderModule(device.Handle(), &moduleInfo, nullptr, &module) == VK_SUCCESS, "shader");
        VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
        info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
        info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
        info.stage.module = module;
        info.stage.pName = "main";
        info.layout = m_layout;
        const VkResult result =
            vk.CreateComputePipelines(device.Handle(), VK_NULL_HANDLE, 1, &info, nullptr, &m_pipeline);
        vk.DestroyShaderModule(device.Handle(), module, nullptr);
        Require(result == VK_SUCCESS, "pipeline");
    }
    ~Checker()
    {
        m_device.Functions().DestroyPipeline(m_device.Handle(), m_pipeline, nullptr);
        m_device.Functions().DestroyPipelineLayout(m_device.Handle(), m_layout, nullptr);
    }
    Checker(const Checker&) = delete;
    Checker& operator=(const Checker&) = delete;

    void Record(VkCommandBuffer cmd, sedx::BindlessBufferSystem& bindless, const sedx::Frame& frame, uint32_t list,
                uint32_t wrong) const
    {
        const sedx::DeviceDispatch& vk = m_device.Functions();
        Require(bindless.CmdBind(frame, cmd, VK_PIPELINE_BIND_POINT_COMPUTE, m_layout, 0), "CmdBind");
        vk.CmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, m_pipeline);
        const std::array<uint32_t, 4> constants{list, wrong, kRecycled, 0};
        vk.CmdPushConstants(cmd, m_layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof constants, &constants);
        vk.CmdDispatch(cmd, kRecycled / 64, 1, 1);
    }

  private:
    sedx::Device m_device;
    VkPipelineLayout m_layout = VK_NULL_HANDLE;
    VkPipeline m_pipeline = VK_NULL_HANDLE;
};

void AddRecycling(Context& context)
{
    const uint32_t frames = context.options.quick ? 100 : 1000;
    sedx::BindlessDesc desc;
    desc.shaderChecks = true;
    Registry registry(context, kValues, desc);
    sedx::BufferSystem& system = *registry.system;
    const Checker checker(context.device, registry.bindless.GetSetLayout());
    for (uint32_t i = 0; i < kValues; ++i)
        Require(system.Uploads().Write(registry.buffers[i], 0, std::span<const uint32_t>(std::array{1000 + i})),
                "Write");
    const auto make = [&](uint64_t bytes) {
        return Require(system.CreateBuffer({.bytes = bytes, .usage = sedx::BufferUsage::Storage}), "CreateBuffer");
    };
    const sedx::Buffer list = make(kRecycled * 8);
    const sedx::Buffer wrong = make(4);
    Require(system.Uploads().Write(wrong, 0, std::span<const uint32_t>(std::array{0u})), "Write");
    const uint32_t listId = registry.bindless.RegisterBuffer(list);
    const uint32_t wrongId = registry.bindless.RegisterBuffer(wrong);

    // Command buffers for frames under way.
    std::array<std::unique_ptr<RawQueue>, kInFlight> queues;
    for (std::unique_ptr<RawQueue>& queue : queues)
        queue = std::make_unique<RawQueue>(context.device);
    std::vector<std::array<uint32_t, 2>> pairs(kRecycled);
    std::vector<double> seconds;
    uint32_t warmGrowths = 0;
    for (uint32_t f = 0; f < frames; ++f)
    {
        if (f == 8)
            warmGrowths = registry.bindless.GetReport().growths;
        const sedx::Frame frame = Require(system.BeginFrame(), "BeginFrame");
        const auto begin = Clock::now();
        if (f != 0)
            for (const auto& pair : pairs)
                Require(registry.bindless.UnregisterBuffer(pair[0]), "UnregisterBuffer");
        for (uint32_t i = 0; i < kRecycled; ++i)
        {
            const uint32_t which = (i * 7 + f) % kValues;
            pairs[i] = {registry.bindless.RegisterBuffer(registry.buffers[which]), 1000 + which};
        }
        Require(registry.bindless.GetDescriptorSet(frame) != VK_NULL_HANDLE, "GetDescriptorSet");
        seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
        Require(system.Uploads().Write(list, 0, std::as_bytes(std::span(pairs))), "Write");
        RawQueue& queue = *queues[frame.Index()]; // what it submitted last has passed
        const VkCommandBuffer cmd = queue.BeginForManySubmissions();
        checker.Record(cmd, registry.bindless, frame, listId, wrongId);
        queue.End();
        queue.SubmitRecorded(Require(frame.SubmitSync(0), "SubmitSync"));
        Require(system.EndFrame(frame), "EndFrame");
    }
    registry.queue.SubmitNothingAndWait();
    auto ticket = Require(system.Readbacks().Request(wrong), "Request");
    Require(ticket.Wait(), "Wait");
    uint32_t mismatches = 1;
    std::memcpy(&mismatches, ticket.Bytes().data(), sizeof mismatches);
    Require(mismatches == 0, "a slot showed another buffer");
    Require(registry.bindless.TakeFaults().empty(), "a shader found a stale slot");
    const sedx::BindlessReport report = registry.bindless.GetReport();
    std::sort(seconds.begin(), seconds.end());
    context.figures.Add({.scenario = "bindless_register",
                         .name = "16,384 slots replaced in a frame, each",
                         .unit = "ns",
                         .value = seconds[seconds.size() / 2] * 1e9 / kRecycled,
                         .smallest = seconds.front() * 1e9 / kRecycled,
                         .largest = seconds.back() * 1e9 / kRecycled,
                         .note = std::to_string(frames) + " frames, no stale access"});
    context.figures.Add({.scenario = "bindless_register",
                         .name = "growths after the 8th of these frames",
                         .unit = "",
                         .value = static_cast<double>(report.growths - warmGrowths),
                         .targets = {.gpu = {AtMost(0)}, .software = {AtMost(0)}},
                         .note = std::to_string(report.capacity) + " slots"});
}
} // namespace

void BindlessRegister(Context& context)
{
    AddRegistering(context);
    AddDescriptorCalls(context);
    AddRecycling(context);
}
} // namespace bench
