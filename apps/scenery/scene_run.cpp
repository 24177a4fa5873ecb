#include "scene_run.h"

#include "output/frame_times.h"
#include "output/picture_writer.h"
#include "output/progress.h"
#include "output/run_report.h"
#include "output/trace_recorder.h"
#include "renderer/scene_renderer.h"
#include "verify.h"

#include <sedx/profile.h>
#include <sedx_simulator/device_simulator.h>

#include <fmt/format.h>

#include <chrono>

namespace scenery
{
namespace
{
using Clock = std::chrono::steady_clock;

constexpr double kEarthRadius = 6'371'000.0; // metres
constexpr double kDefaultBudgetShare = 0.8;  // of the largest budget of a device-local heap

double MillisecondsSince(Clock::time_point begin)
{
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

uint64_t DefaultBudget(const sedx::Report& report)
{
    uint64_t largest = 0;
    for (uint32_t i = 0; i < report.heapCount; ++i)
    {
        if (report.heaps[i].deviceLocal)
            largest = std::max(largest, report.heaps[i].budgetBytes);
    }
    return static_cast<uint64_t>(static_cast<double>(largest) * kDefaultBudgetShare);
}

// For every buffer that the scene may have: vertices, indices, submeshes and instances of each mesh.
uint32_t SlotCountFor(const SceneSource& source)
{
    constexpr size_t kBuffersPerMesh = 4;
    constexpr size_t kFewest = 64;
    return static_cast<uint32_t>(kFewest + kBuffersPerMesh * (source.Tiles().size() + source.Models().size()));
}

// A frame that is ended or abandoned in any case: the buffer system must not be destroyed while one is open.
class OpenFrame
{
  public:
    explicit OpenFrame(sedx::BufferSystem& system) : m_system(system), m_frame(Require(system.BeginFrame(), "frame")) {}
    ~OpenFrame()
    {
        if (m_frame)
            static_cast<void>(m_isSubmitted ? m_system.EndFrame(m_frame) : m_system.AbandonFrame(m_frame));
    }
    OpenFrame(const OpenFrame&) = delete;
    OpenFrame& operator=(const OpenFrame&) = delete;

    const sedx::Frame& Get() const noexcept { return m_frame; }
    void SetSubmitted() noexcept { m_isSubmitted = true; }
    void End() { Require(m_system.EndFrame(std::exchange(m_frame, {})), "frame"); }

  private:
    sedx::BufferSystem& m_system;
    sedx::Frame m_frame;
    bool m_isSubmitted = false;
};

class SceneRun
{
  public:
    SceneRun(const Options& options, const SceneSource& source, PFN_vkGetInstanceProcAddr getInstanceProcAddr,
             ValidationLog& validationLog)
        : m_options(options), m_source(source),
          m_context(options.device, getInstanceProcAddr, options.validate, validationLog), m_progress(options.frames)
    {
        const uint32_t limit = m_context.GetDevice().Properties().limits.maxImageDimension2D;
        if (options.width > limit || options.height > limit)
            throw Failure(fmt::format("pictures of {}x{} are larger than the device can draw ({})", options.width,
                                      options.height, limit),
                          ExitStatus::BadInput);
        m_system = Require(
            sedx::BufferSystem::Create({.device = m_context.GetDevice(), .framesInFlight = options.framesInFlight}),
            "buffer system");
        m_bindless = &m_system->Modules().Emplace<sedx::BindlessBufferSystem>(
            *m_system, sedx::BindlessDesc{.slots = SlotCountFor(source)});
        Require(m_bindless->Status(), "bindless buffers");
        m_textures = std::make_unique<TextureCache>(m_context, *m_system, source, m_uploadMeter);
        m_pipelines = std::make_unique<Pipelines>(m_context, m_textures->SlotCount(), m_bindless->GetSetLayout());
        m_slots = std::make_unique<FrameSlots>(m_context, *m_pipelines, *m_textures, options.framesInFlight,
                                               options.width, options.height);
        m_renderer = std::make_unique<SceneRenderer>(m_context, *m_system, *m_bindless, *m_pipelines, *m_slots,
                                                     source.Kind() == SceneKind::Model ? 0.0 : kEarthRadius);
        // What the renderer has by now, the tables of buffers above all, comes off the budget.
        const sedx::Report buffers = m_system->GetReport();
        const uint64_t budget = options.budgetBytes.value_or(DefaultBudget(buffers));
        m_streamer = std::make_unique<SceneStreamer>(source, *m_system, *m_bindless, *m_textures, m_uploadMeter,
                                                     budget - std::min(budget, buffers.gpu.bytes));
        m_pictures = std::make_unique<PictureWriter>(options.out, options.width, options.height);
    }

    void Run()
    {
        // A lone model is all there is to see, so it is not worth a frame without it.
        if (m_source.Kind() == SceneKind::Model)
            LoadLoneModel();
        for (uint32_t i = 0; i < m_options.frames; ++i)
        {
            const Clock::time_point begin = Clock::now();
            DrawFrame(i);
            m_frameTimes.Add(MillisecondsSince(begin));
            ReportFaults();
            m_progress.Show(
                i + 1, fmt::format("{} tiles, {} objects", m_streamer->Stats().tiles, m_streamer->Stats().objects));
        }
        // The report tells of the whole scene as seen from the last place, not of how far the loaders happened to be.
        m_streamer->WaitUntilSettled(CameraOf(m_options.frames - 1).Position(), m_lastFrame);
        Require(m_system->Uploads().Submit(), "uploads");
        ReportFaults();
        m_pictures->Finish();
        if (m_options.verify)
            m_report.verify = VerifyBuffers(*m_system, m_streamer->DrawList(), m_report.faults);
        if (m_streamer->LeftOutCount() > 0)
            m_progress.Complain(
                fmt::format("{} of {} tiles and models are left out at the end: the budget is too small",
                            m_streamer->LeftOutCount(), m_streamer->ItemCount()));
    }

    // Takes the numbers and destroys everything but the device.
    RunReport Finish()
    {
        m_progress.Clear();
        m_report.device = m_context.GetDevice().Name();
        m_report.frames = m_options.frames;
        m_report.frameMsMedian = m_frameTimes.Quantile(0.5);
        m_report.frameMsP99 = m_frameTimes.Quantile(0.99);
        m_report.frameMsMax = m_frameTimes.Quantile(1.0);
        m_report.tiles = m_streamer->Stats().tiles;
        m_report.objects = m_streamer->Stats().objects;
        m_report.triangles = m_streamer->Stats().triangles;
        const gpu::CullCounters counters = m_renderer->Counters();
        m_report.instancesTested = counters.instancesTested;
        m_report.instancesDrawn = counters.instancesDrawn;
        m_report.draws = counters.draws;
        m_report.drawCalls = m_renderer->DrawCalls();
        if (const FrameTimes cullTimes = m_renderer->TakeCullTimes(m_system->CompletedFrame()); !cullTimes.IsEmpty())
            m_report.cullMsMedian = cullTimes.Quantile(0.5);
        m_report.uploadSeconds = m_uploadMeter.Seconds();
        m_report.buffers = m_system->GetReport();

        m_pictures.reset();
        m_streamer.reset();
        m_renderer.reset();
        m_system->Poll();
        const bool isIdle = m_system->CompletedFrame() >= m_lastFrame;
        const Clock::time_point begin = Clock::now();
        m_system.reset();
        if (!isIdle)
            m_report.shutdown = {.count = 1, .nanoseconds = static_cast<uint64_t>(MillisecondsSince(begin) * 1e6)};
        return std::move(m_report);
    }

    uint32_t PictureCount() const { return m_pictures->Count(); }

  private:
    Camera CameraOf(uint32_t frame) const
    {
        const auto ratio = [](uint32_t a, uint32_t b) { return static_cast<double>(a) / static_cast<double>(b); };
        const double t = m_options.frames > 1 ? ratio(frame, m_options.frames - 1) : 0.0;
        return {m_source.CameraPath(t), ratio(m_options.width, m_options.height)};
    }

    void DrawFrame(uint32_t index)
    {
        SEDX_PROFILE_SCOPE("Frame");
        const Camera camera = CameraOf(index);
        if (m_options.settle)
            m_streamer->WaitUntilSettled(camera.Position(), m_lastFrame);
        else
            m_streamer->Update(camera.Position(), m_lastFrame);
        OpenFrame open(*m_system);
        const sedx::Frame& frame = open.Get();
        m_lastFrame = frame.Number();
        const OffscreenTarget& target = m_renderer->Draw(frame, camera, m_streamer->DrawList());
        open.SetSubmitted();
        if (index % m_options.every == 0)
            m_pictures->Add(
                index,
                Require(m_system->Readbacks().RequestImage(target.Picture(), target.WholeRegion(), frame), "picture"));
        open.End();
        m_pictures->Poll();
    }

    void LoadLoneModel()
    {
        m_streamer->WaitUntilSettled(CameraOf(0).Position(), m_lastFrame);
        if (!m_streamer->DrawList().empty())
            return;
        std::vector<SceneError> faults = m_streamer->TakeFaults();
        throw Failure(faults.empty() ? m_options.scenery + " does not fit the budget" : faults.back().message,
                      ExitStatus::BadInput);
    }

    void ReportFaults()
    {
        for (SceneError& fault : m_streamer->TakeFaults())
        {
            m_progress.Complain(fault.message);
            m_report.faults.push_back(std::move(fault.message));
        }
    }

    const Options& m_options;
    const SceneSource& m_source;
    UploadMeter m_uploadMeter;
    FrameTimes m_frameTimes;
    RunReport m_report;
    uint64_t m_lastFrame = 0;

    // Destroyed from last to first: the system waits for its frames before images and pipelines go.
    VulkanContext m_context;
    std::unique_ptr<TextureCache> m_textures;
    std::unique_ptr<Pipelines> m_pipelines;
    std::unique_ptr<FrameSlots> m_slots;
    std::unique_ptr<sedx::BufferSystem> m_system;
    sedx::BindlessBufferSystem* m_bindless = nullptr; // the system's
    std::unique_ptr<SceneRenderer> m_renderer;
    std::unique_ptr<SceneStreamer> m_streamer;
    std::unique_ptr<PictureWriter> m_pictures;
    Progress m_progress;
};

// Null without --simulate.
std::unique_ptr<sedx::simulator::DeviceSimulator> MakeSimulator(const Options& options)
{
    if (options.simulate.empty())
        return nullptr;
    auto layout = sedx::simulator::DeviceLayout::Find(options.simulate);
    if (!layout)
        throw Failure(layout.error().message, ExitStatus::BadInput);
    return Require(sedx::simulator::DeviceSimulator::Create(std::move(*layout)), "no simulated device");
}

void MakeFolder(const std::filesystem::path& folder)
{
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw Failure("cannot make the folder " + folder.string() + ": " + error.message(), ExitStatus::BadInput);
}

void PrintSummary(const Options& options, const RunReport& report, uint32_t pictures)
{
    fmt::print("{} frames on {}: {} tiles, {} objects, {} triangles; {:.1f} ms a frame\n", report.frames, report.device,
               report.tiles, report.objects, report.triangles, report.frameMsMedian);
    if (report.validation)
        fmt::print("validation: {} errors, {} warnings\n", report.validation->errors, report.validation->warnings);
    if (report.verify)
        fmt::print("verified:   {} buffers, {} differ from their source\n", report.verify->verified,
                   report.verify->mismatched);
    if (report.simulation)
    {
        fmt::print("simulated:  layout {}, {} violations\n", report.simulation->layout,
                   report.simulation->violations.size());
        for (const std::string& violation : report.simulation->violations)
            fmt::print(stderr, "scenery: {}\n", violation);
    }
    const uint32_t last = (report.frames - 1) / options.every * options.every;
    fmt::print("pictures:   {} ({}), {} to {}\n", options.out.string(), pictures, PictureWriter::FileOf({}, 0).string(),
               PictureWriter::FileOf({}, last).string());
    fmt::print("report:     {}\ntrace:      {}\n", (options.out / "report.json").string(),
               (options.out / "trace.json").string());
}

ExitStatus StatusOf(const RunReport& report, size_t sceneFaults)
{
    const bool isBroken = (report.validation && (report.validation->errors > 0 || report.validation->warnings > 0)) ||
                          (report.verify && report.verify->mismatched > 0) ||
                          (report.simulation && !report.simulation->violations.empty());
    if (isBroken)
        return ExitStatus::Failed;
    return sceneFaults > 0 ? ExitStatus::Faults : ExitStatus::Success;
}
} // namespace

ExitStatus RunScene(const Options& options)
{
    TraceRecorder trace;
    auto source = SceneSource::Open(options.scenery);
    if (!source)
        throw Failure(source.error().message, ExitStatus::BadInput);
    const auto simulator = MakeSimulator(options);
    MakeFolder(options.out);

    ValidationLog validationLog;
    RunReport report;
    uint32_t pictures = 0;
    {
        SceneRun run(options, **source, simulator ? simulator->GetInstanceProcAddr() : nullptr, validationLog);
        run.Run();
        pictures = run.PictureCount();
        report = run.Finish();
    }
    // Counted to the very end of the device.
    if (options.validate)
        report.validation = validationLog.Counts();
    if (simulator)
        report.simulation = {.layout = simulator->Layout().name, .violations = simulator->Violations()};
    WriteReport(report, options.out / "report.json");
    trace.Write(options.out / "trace.json");
    PrintSummary(options, report, pictures);
    return StatusOf(report, report.faults.size());
}
} // namespace scenery
