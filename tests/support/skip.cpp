#include "support/skip.h"

#include <cstdio>
#include <cstdlib>

namespace sedx::test
{
void NoteSkip(const std::string& reason)
{
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    const std::string name = info ? std::string(info->test_suite_name()) + "." + info->name() : "(set-up)";
    std::printf("skipped: %s: %s\n", name.c_str(), reason.c_str());
    std::fflush(stdout);
    const char* path = std::getenv("SEDX_SKIP_LOG");
    if (!path)
        return;
    if (std::FILE* file = std::fopen(path, "a"))
    {
        std::fprintf(file, "%s: %s\n", name.c_str(), reason.c_str());
        std::fclose(file);
    }
}
} // namespace sedx::test
