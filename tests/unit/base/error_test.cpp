// Error codes and VkResult as text.
#include <gtest/gtest.h>
#include <sedx/result.h>
#include <sedx/timeline.h>
#include <set>
#include <string>

namespace sedx::test
{
namespace
{
TEST(ErrorText, CodesAreSpelledLikeTheirEnumerators)
{
#define SEDX_TEST_CODE(name) EXPECT_STREQ(ToString(ErrorCode::name), #name)
    SEDX_TEST_CODE(InvalidArgument);
    SEDX_TEST_CODE(OutOfRange);
    SEDX_TEST_CODE(StaleHandle);
    SEDX_TEST_CODE(Busy);
    SEDX_TEST_CODE(NotMappable);
    SEDX_TEST_CODE(NotSubmitted);
    SEDX_TEST_CODE(Timeout);
    SEDX_TEST_CODE(WrongState);
    SEDX_TEST_CODE(OutOfStaging);
    SEDX_TEST_CODE(OutOfHostMemory);
    SEDX_TEST_CODE(OutOfDeviceMemory);
    SEDX_TEST_CODE(LimitExceeded);
    SEDX_TEST_CODE(MissingFeature);
    SEDX_TEST_CODE(NoLoader);
    SEDX_TEST_CODE(NoDevice);
    SEDX_TEST_CODE(VmaMismatch);
    SEDX_TEST_CODE(DeviceLost);
    SEDX_TEST_CODE(VulkanError);
#undef SEDX_TEST_CODE
}

TEST(ErrorText, VkResultsAreSpelledLikeTheirEnumerators)
{
    EXPECT_STREQ(ToString(VK_SUCCESS), "VK_SUCCESS");
    EXPECT_STREQ(ToString(VK_TIMEOUT), "VK_TIMEOUT");
    EXPECT_STREQ(ToString(VK_ERROR_OUT_OF_HOST_MEMORY), "VK_ERROR_OUT_OF_HOST_MEMORY");
    EXPECT_STREQ(ToString(VK_ERROR_OUT_OF_DEVICE_MEMORY), "VK_ERROR_OUT_OF_DEVICE_MEMORY");
    EXPECT_STREQ(ToString(VK_ERROR_DEVICE_LOST), "VK_ERROR_DEVICE_LOST");
    EXPECT_STREQ(ToString(VK_ERROR_MEMORY_MAP_FAILED), "VK_ERROR_MEMORY_MAP_FAILED");
    EXPECT_STREQ(ToString(VK_ERROR_INITIALIZATION_FAILED), "VK_ERROR_INITIALIZATION_FAILED");
    EXPECT_STREQ(ToString(VK_ERROR_LAYER_NOT_PRESENT), "VK_ERROR_LAYER_NOT_PRESENT");
    EXPECT_STREQ(ToString(VK_ERROR_EXTENSION_NOT_PRESENT), "VK_ERROR_EXTENSION_NOT_PRESENT");
    EXPECT_STREQ(ToString(VK_ERROR_FEATURE_NOT_PRESENT), "VK_ERROR_FEATURE_NOT_PRESENT");
    EXPECT_STREQ(ToString(VK_ERROR_INCOMPATIBLE_DRIVER), "VK_ERROR_INCOMPATIBLE_DRIVER");
}

TEST(ErrorText, UnknownValuesAreSafe)
{
    EXPECT_NE(ToString(static_cast<VkResult>(-123456789)), nullptr);
    EXPECT_NE(ToString(static_cast<ErrorCode>(9999)), nullptr);
    EXPECT_NE(ToString(static_cast<WaitCause>(9999)), nullptr);
}

TEST(ErrorText, WaitCausesDiffer)
{
    std::set<std::string> names;
    for (uint32_t i = 0; i < static_cast<uint32_t>(WaitCause::Count); ++i)
        names.insert(ToString(static_cast<WaitCause>(i)));
    EXPECT_EQ(names.size(), static_cast<size_t>(WaitCause::Count));
}
} // namespace
} // namespace sedx::test
