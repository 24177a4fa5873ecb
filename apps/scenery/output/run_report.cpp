#include "output/run_report.h"

#include "failure.h"

#include <nlohmann/json.hpp>

#include <fstream>

namespace scenery
{
namespace
{
using Json = nlohmann::ordered_json;

Json WaitJson(const sedx::WaitReport& wait)
{
    return {{"count", wait.count}, {"ms", static_cast<double>(wait.nanoseconds) * 1e-6}};
}

sedx::WaitReport& operator+=(sedx::WaitReport& sum, const sedx::WaitReport& part)
{
    sum.count += part.count;
    sum.nanoseconds += part.nanoseconds;
    return sum;
}

Json WaitsJson(const RunReport& report)
{
    using sedx::WaitCause;
    sedx::WaitReport backPressure = report.buffers.Waits(WaitCause::BackPressure);
    backPressure += report.buffers.Waits(WaitCause::Upload);
    sedx::WaitReport shutdown = report.buffers.Waits(WaitCause::Shutdown);
    shutdown += report.shutdown;
    sedx::WaitReport all = backPressure;
    all += shutdown;
    all += report.buffers.Waits(WaitCause::Pacing);
    all += report.buffers.Waits(WaitCause::Readback);

    Json json = WaitJson(all);
    json["by_cause"] = {{"pacing", WaitJson(report.buffers.Waits(WaitCause::Pacing))},
                        {"back_pressure", WaitJson(backPressure)},
                        {"requested_read_back", WaitJson(report.buffers.Waits(WaitCause::Readback))},
                        {"shutdown", WaitJson(shutdown)}};
    return json;
}
} // namespace

void WriteReport(const RunReport& report, const std::filesystem::path& file)
{
    const sedx::Report& buffers = report.buffers;
    const double uploaded = static_cast<double>(buffers.uploadedBytes);
    Json json;
    json["device"] = report.device;
    json["frames"] = report.frames;
    json["frame_ms"] = {{"median", report.frameMsMedian}, {"p99", report.frameMsP99}, {"max", report.frameMsMax}};
    json["tiles"] = report.tiles;
    json["objects"] = report.objects;
    json["triangles"] = report.triangles;
    json["instances_tested"] = report.instancesTested;
    json["instances_drawn"] = report.instancesDrawn;
    json["draws"] = report.draws;
    json["draw_calls"] = report.drawCalls;
    json["cull_ms_median"] = report.cullMsMedian ? Json(*report.cullMsMedian) : Json(nullptr);
    json["buffers"] = buffers.liveBuffers;
    json["uploaded_bytes"] = buffers.uploadedBytes;
    json["upload_gb_per_s"] = report.uploadSeconds > 0.0 ? uploaded * 1e-9 / report.uploadSeconds : 0.0;
    json["staging_peak_bytes"] = buffers.staging.peakBytes;
    json["device_bytes_peak"] = buffers.gpu.peakBytes;
    json["cpu_waits"] = WaitsJson(report);
    if (report.validation)
        json["validation"] = {{"errors", report.validation->errors}, {"warnings", report.validation->warnings}};
    if (report.verify)
    {
        json["verified_buffers"] = report.verify->verified;
        json["mismatched_buffers"] = report.verify->mismatched;
    }
    if (report.simulation)
        json["simulation"] = {{"layout", report.simulation->layout}, {"violations", report.simulation->violations}};
    json["faults"] = report.faults;

    // Sentences may quote file names in any encoding.
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    stream << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
    stream.flush();
    if (!stream)
        throw Failure("cannot write " + file.string());
}
} // namespace scenery
