// Profile scopes.
#include <gtest/gtest.h>
#include <sedx/profile.h>
#include <string>
#include <thread>
#include <vector>

namespace sedx::test
{
namespace
{
struct Scope
{
    std::string name;
    uint64_t begin = 0;
    uint64_t end = 0;
    std::thread::id thread;
};

void Collect(const char* name, uint64_t begin, uint64_t end, void* user)
{
    static_cast<std::vector<Scope>*>(user)->push_back({name, begin, end, std::this_thread::get_id()});
}

TEST(Profiling, ScopesAreReportedWhenTheyEnd)
{
    std::vector<Scope> scopes;
    SetProfileSink(&Collect, &scopes);
    {
        SEDX_PROFILE_SCOPE("outer");
        {
            SEDX_PROFILE_SCOPE("inner");
            EXPECT_TRUE(scopes.empty());
        }
        ASSERT_EQ(scopes.size(), 1u);
    }
    SetProfileSink(nullptr, nullptr);
    ASSERT_EQ(scopes.size(), 2u);
    EXPECT_EQ(scopes[0].name, "inner");
    EXPECT_EQ(scopes[1].name, "outer");
    for (const Scope& scope : scopes)
    {
        EXPECT_LE(scope.begin, scope.end);
        EXPECT_EQ(scope.thread, std::this_thread::get_id());
    }
    EXPECT_LE(scopes[1].begin, scopes[0].begin);
    EXPECT_GE(scopes[1].end, scopes[0].end);
}

TEST(Profiling, WithoutASinkNothingIsReported)
{
    std::vector<Scope> scopes;
    SetProfileSink(nullptr, nullptr);
    {
        SEDX_PROFILE_SCOPE("unseen");
    }
    {
        SEDX_PROFILE_SCOPE("began without a sink");
        SetProfileSink(&Collect, &scopes);
    }
    {
        SEDX_PROFILE_SCOPE("seen");
    }
    SetProfileSink(nullptr, nullptr);
    ASSERT_EQ(scopes.size(), 1u);
    EXPECT_EQ(scopes[0].name, "seen");
}

TEST(Profiling, TwoScopesInOneBlock)
{
    std::vector<Scope> scopes;
    SetProfileSink(&Collect, &scopes);
    {
        SEDX_PROFILE_SCOPE("first");
        SEDX_PROFILE_SCOPE("second");
    }
    SetProfileSink(nullptr, nullptr);
    EXPECT_EQ(scopes.size(), 2u);
}
} // namespace
} // namespace sedx::test
