// A folder of its own for a test, gone when the test ends. Processes that run the same test at once do not share it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#ifdef _WIN32
#include <process.h>
#else
#include <unistd.h>
#endif

namespace sedx::test
{
class TestFolder
{
  public:
    TestFolder()
    {
        const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
#ifdef _WIN32
        const int process = _getpid();
#else
        const auto process = getpid();
#endif
        std::string name =
            std::string("sedx_") + std::to_string(process) + "_" + info->test_suite_name() + "_" + info->name();
        std::ranges::replace(name, '/', '_');
        m_path = std::filesystem::path(testing::TempDir()) / name;
        std::filesystem::remove_all(m_path);
        std::filesystem::create_directories(m_path);
    }
    ~TestFolder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(m_path, ignored);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;

    const std::filesystem::path& Path() const { return m_path; }
    std::string Text() const { return m_path.string(); }

    std::vector<std::filesystem::path> Files() const
    {
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::directory_iterator(m_path))
            files.push_back(entry.path());
        return files;
    }

  private:
    std::filesystem::path m_path;
};

inline std::string ReadFile(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

inline void WriteFile(const std::filesystem::path& path, std::string_view text)
{
    std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}
} // namespace sedx::test
