// GpuTest: the fixture of every test that runs on a device.
//
// One device with core and synchronization validation serves all tests of the process (one for each memory layout that
// they present). At the end of each test the layers must have said nothing, and every Vulkan object must be gone again.
//
// Environment: SEDX_TEST_DEVICE picks the device (index or part of the name), SEDX_TEST_VALIDATION=0 runs without layers,
// SEDX_TEST_LAYOUT makes every device that a test does not choose itself a simulated one (see memory_layout.h).
#pragma once

#include "support/bytes.h"
#include "support/interceptor.h"
#include "support/log_capture.h"
#include "support/memory_layout.h"
#include "support/skip.h"
#include "support/test_commands.h"
#include "support/validation_log.h"

#include <gtest/gtest.h>
#include <sedx/sedx.h>

namespace sedx::test
{
// A device of the library with everything around it that a test watches. The device goes before what watches it.
struct TestDevice
{
    TestDevice() { Present(MemoryLayout::Native()); }

    std::unique_ptr<simulator::DeviceSimulator> simulator; // null: the driver's own device
    Interceptor interceptor;
    ValidationLog validation;
    Device device;

    // The device to simulate. Before it is created.
    void Present(const MemoryLayout& layout) { simulator = Simulate(layout); }
    // What the simulator and the interceptor found.
    std::vector<std::string> Violations() const;
    // As a test would create it: DeviceDesc with the device, validation and hooks filled in.
    DeviceDesc Describe(bool validate = IsValidationWanted());
    // Fails the test and answers false if no device can be made.
    bool Create(bool validate = IsValidationWanted());
};

// The device that tests share.
TestDevice& SharedDevice(const MemoryLayout& layout = MemoryLayout::Native());

class GpuTest : public testing::Test
{
  protected:
    void SetUp() override;
    void TearDown() override;

    // Which device the library is shown.
    virtual MemoryLayout Layout() const { return MemoryLayout::Native(); }

    const Device& TheDevice() const { return m_shared->device; }
    Interceptor& Calls() { return m_shared->interceptor; }
    ValidationLog& Validation() { return m_shared->validation; }

    // A system on the shared device; desc.device is filled in. Null (with a failure) if it could not be made.
    std::unique_ptr<BufferSystem> MakeSystem(BufferSystemDesc desc = {});

    // What the simulator found; the test expects it.
    std::vector<std::string> TakeSimulated();

    // The test provoked the messages so far itself.
    void ForgiveValidationCounts() { m_countsBefore = m_shared->device.Validation(); }

    // Waits of the library for the GPU since the last call of this function.
    uint64_t NewWaits();

    LogCapture m_log;

  private:
    TestDevice* m_shared = nullptr;
    std::string m_aliveBefore;
    ValidationCounts m_countsBefore;
    uint64_t m_waitsBefore = 0;
    size_t m_violationsBefore = 0;
};

// The same tests on several devices: use with INSTANTIATE_TEST_SUITE_P(..., kLayouts, LayoutName).
class GpuLayoutTest : public GpuTest, public testing::WithParamInterface<MemoryLayout>
{
  protected:
    MemoryLayout Layout() const override { return GetParam(); }
};
std::string LayoutName(const testing::TestParamInfo<MemoryLayout>& info);

// The bytes of a range, through a read-back that is waited for.
Bytes ReadBack(BufferSystem& system, const BufferView<>& view);

// The bytes of a range, copied by the GPU in a frame of the test's own. Works in recorded mode, too.
Bytes ReadInFrame(BufferSystem& system, TestCommands& commands, const BufferView<>& view);

// Succeeded, or a failure with the error's sentence.
template <class T>
testing::AssertionResult Ok(const Result<T>& result)
{
    if (result)
        return testing::AssertionSuccess();
    return testing::AssertionFailure() << ToString(result.error().code) << " (" << ToString(result.error().vkResult)
                                       << "): " << result.error().message;
}

// Failed with this code and a message that is a sentence and contains `mention`; or a failure that says what happened
// instead.
template <class T>
testing::AssertionResult FailsWith(const Result<T>& result, ErrorCode code, std::string_view mention = "")
{
    if (result)
        return testing::AssertionFailure() << "succeeded, expected " << ToString(code);
    const Error& error = result.error();
    if (error.code != code)
    {
        return testing::AssertionFailure()
               << "expected " << ToString(code) << ", got " << ToString(error.code) << ": " << error.message;
    }
    if (error.message.size() < 10)
        return testing::AssertionFailure() << "the message says nothing: '" << error.message << "'";
    if (error.message.find(mention) == std::string::npos)
        return testing::AssertionFailure() << "no '" << mention << "' in '" << error.message << "'";
    return testing::AssertionSuccess();
}
} // namespace sedx::test

// The value of a Result, or the test ends here.
#define SEDX_REQUIRE_CONCAT_INNER(a, b) a##b
#define SEDX_REQUIRE_CONCAT(a, b) SEDX_REQUIRE_CONCAT_INNER(a, b)
#define SEDX_REQUIRE(declaration, expression)                                                                          \
    auto SEDX_REQUIRE_CONCAT(sedxResult, __LINE__) = (expression);                                                     \
    ASSERT_TRUE(::sedx::test::Ok(SEDX_REQUIRE_CONCAT(sedxResult, __LINE__)));                                          \
    declaration = std::move(*SEDX_REQUIRE_CONCAT(sedxResult, __LINE__))
