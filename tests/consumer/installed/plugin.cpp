// A shared library with sedx inside. Built twice; both are loaded into one process.
#include "../common/round_trip.h"

#include <atomic>
#include <string>

namespace
{
std::atomic<int> g_messages{0};

struct Plugin
{
    std::unique_ptr<sedx::BufferSystem> system;
};
} // namespace

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED void* PluginStart()
{
    sedx::SetLogSink([](const sedx::LogMessage&, void*) { ++g_messages; }, nullptr);
    auto device = sedx::Device::Create({});
    if (!device)
    {
        Fail(device.error().message.c_str());
        return nullptr;
    }
    auto system = sedx::BufferSystem::Create({.device = *device});
    if (!system)
    {
        Fail(system.error().message.c_str());
        return nullptr;
    }
    return new Plugin{std::move(*system)};
}

EXPORTED int PluginWork(void* plugin, unsigned first)
{
    return RoundTrip(*static_cast<Plugin*>(plugin)->system, first);
}

// One message to the log of this library's sedx; answers with the messages that arrived here so far.
EXPORTED int PluginLog(int messages)
{
    for (int i = 0; i < messages; ++i)
        sedx::Log(sedx::LogLevel::Error, "TEST", "hello");
    return g_messages;
}

EXPORTED void PluginStop(void* plugin) { delete static_cast<Plugin*>(plugin); }
