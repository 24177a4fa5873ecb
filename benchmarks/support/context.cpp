#include "support/context.h"

namespace bench
{
std::unique_ptr<sedx::BufferSystem> MakeSystem(const Context& context)
{
    return Require(sedx::BufferSystem::Create({.device = context.device}), "making the buffer system");
}
} // namespace bench
