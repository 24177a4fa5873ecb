// SEDX_SKIP(reason): leaves a test that cannot run here, and says why.
//
// The reason is printed beside the test's name, and appended to the file that the environment variable SEDX_SKIP_LOG
// names, so that a script can list all of them at its end.
#pragma once

#include <gtest/gtest.h>
#include <string>

namespace sedx::test
{
void NoteSkip(const std::string& reason);
} // namespace sedx::test

#define SEDX_SKIP(reason)                                                                                              \
    do                                                                                                                 \
    {                                                                                                                  \
        const std::string sedxSkipReason = (reason);                                                                   \
        ::sedx::test::NoteSkip(sedxSkipReason);                                                                        \
        GTEST_SKIP() << sedxSkipReason;                                                                                \
    }                                                                                                                  \
    while (false)
