#include "support/context.h"

#include <fmt/format.h>

namespace bench
{
std::unique_ptr<sedx::BufferSystem> MakeSystem(const Context& context, uint32_t framesInFlight,
                                               sedx::TransferQueue transferQueue)
{
    sedx::BufferSystemDesc desc{.device = context.device, .framesInFlight = framesInFlight};
    desc.transferQueue = transferQueue;
    desc.profile.given = context.profile;
    desc.profile.useStored = false; // the same for everybody who runs this
    return Require(sedx::BufferSystem::Create(desc), "making the buffer system");
}

sedx::TransferProfile Calibrate(const Context& context)
{
    const auto profile = Require(MakeSystem(context)->Calibrate(), "calibrating");
    fmt::print(
        "calibrated: {} threads, chunks of {} bytes; scatter up to {} bytes, from {} writes on, {} bytes a lane; "
        "updates up to {} bytes; compute copies from {} bytes on\n",
        profile.copyThreads, profile.chunkBytes, profile.scatterMaxBytes, profile.scatterMinWrites,
        profile.scatterLaneBytes, profile.inlineMaxBytes, profile.computeCopyMinBytes);
    return profile;
}
} // namespace bench
