// The engine calls the functions that libvulkan exports.
#include <vulkan/vulkan.h>
// The library's headers must not mind that prototypes are visible.
#include "../common/plain_engine.h"
#include "../common/round_trip.h"

int main()
{
    PlainEngine engine;
    if (!engine.MakeInstance() || !engine.MakeDevice())
        return Fail("the engine finds no device");
    const int result = RoundTrip(sedx::Device::Adopt(engine.Describe()));
    engine.Destroy();
    return result;
}
