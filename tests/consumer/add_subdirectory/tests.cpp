// The engine's tests run on a device that this machine does not have.
#include "../common/round_trip.h"

#include <sedx_simulator/device_simulator.h>

int main()
{
    auto layout = sedx::simulator::DeviceLayout::Find("discrete");
    if (!layout)
        return Fail(layout.error().message.c_str());
    layout->queues = {.compute = 1, .transfer = 1};
    const auto simulator = sedx::simulator::DeviceSimulator::Create(*layout);
    if (!simulator)
        return Fail(simulator.error().message.c_str());
    const int result = RoundTrip(sedx::Device::Create({.getInstanceProcAddr = (*simulator)->GetInstanceProcAddr()}));
    for (const std::string& violation : (*simulator)->Violations())
        return Fail(violation.c_str());
    return result;
}
