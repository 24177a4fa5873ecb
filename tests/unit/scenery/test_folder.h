// The folder of a test, with the files that scenery consists of.
#pragma once

#include "support/test_folder.h"

#include <span>
#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

#include "btg_builder.h"

namespace scenery::test
{

class TestFolder : public sedx::test::TestFolder
{
  public:
    std::string Path(const std::string& name = {}) const
    {
        return name.empty() ? Text() : (sedx::test::TestFolder::Path() / name).string();
    }

    std::string Write(const std::string& name, std::string_view text) const
    {
        std::filesystem::create_directories(std::filesystem::path(Path(name)).parent_path());
        sedx::test::WriteFile(Path(name), text);
        return Path(name);
    }

    std::string WriteGzip(const std::string& name, std::span<const std::byte> bytes) const
    {
        std::filesystem::create_directories(std::filesystem::path(Path(name)).parent_path());
        gzFile file = gzopen(Path(name).c_str(), "wb");
        gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
        gzclose(file);
        return Path(name);
    }

    std::string Read(const std::string& name) const { return sedx::test::ReadFile(Path(name)); }
};

// Every error is one sentence that names the file.
inline void ExpectSentence(const std::string& message, const std::string& file)
{
    EXPECT_NE(message.find(file), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_EQ(message.back(), '.') << message;
}

} // namespace scenery::test
