// That GPU-assisted validation, where a run asks for it, looks at accesses of shaders at all: silence would prove nothing else.
#include "gpu/bindless/bindless_test.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <cstring>

namespace sedx::test
{
namespace
{
using GpuAssistedTest = BindlessTest;

TEST_F(GpuAssistedTest, IsLive)
{
    const char* const wish = std::getenv("VK_LAYER_GPUAV_ENABLE");
    if (wish == nullptr || std::strcmp(wish, "1") != 0)
        SEDX_SKIP("GPU-assisted validation is not asked for (VK_LAYER_GPUAV_ENABLE=1)");
    Start();
    const Buffer buffer = MakeValue(1, 64);
    // An address in no buffer; the memory block goes on there.
    Read({Bindless().RegisterBuffer(buffer)}, (1u << 20) / sizeof(uint32_t), true);
    EXPECT_THAT(Validation().Take(), testing::Contains(testing::HasSubstr("ut of bounds")));
    ForgiveValidationCounts();
}
} // namespace
} // namespace sedx::test
