// A folder of its own for a test, gone when the test ends.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

#include "btg_builder.h"

namespace scenery::test
{

class TestFolder
{
  public:
    TestFolder()
    {
        const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
        std::string name = std::string("scenery_") + info->test_suite_name() + "_" + info->name();
        std::replace(name.begin(), name.end(), '/', '_');
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

    std::string Path(const std::string& name = {}) const { return (name.empty() ? m_path : m_path / name).string(); }

    std::string Write(const std::string& name, std::string_view text) const
    {
        std::filesystem::create_directories((m_path / name).parent_path());
        std::ofstream(m_path / name, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
        return Path(name);
    }

    std::string WriteGzip(const std::string& name, std::span<const std::byte> bytes) const
    {
        std::filesystem::create_directories((m_path / name).parent_path());
        gzFile file = gzopen(Path(name).c_str(), "wb");
        gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
        gzclose(file);
        return Path(name);
    }

    std::string Read(const std::string& name) const
    {
        std::ifstream file(m_path / name, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }

  private:
    std::filesystem::path m_path;
};

// Every error is one sentence that names the file.
inline void ExpectSentence(const std::string& message, const std::string& file)
{
    EXPECT_NE(message.find(file), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_EQ(message.back(), '.') << message;
}

} // namespace scenery::test
