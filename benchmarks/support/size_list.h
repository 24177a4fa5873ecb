// Sizes of buffers as scenery has them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bench
{
inline constexpr uint64_t kBytesPerVertex = 32;
inline constexpr uint64_t kBytesPerIndex = 4;

struct SizeList
{
    std::string name;
    std::vector<uint64_t> bytes; // none is zero
    bool isReal = false;         // else drawn from the quantiles of the real ones
};

// 15,304 meshes and 952 terrain tiles of FlightGear from the CSV files in `folder`; without them (`whyNot` says so) as many
// sizes with the same quantiles. Throws a Failure if a file is there but cannot be read.
SizeList LoadScenerySizes(const std::filesystem::path& folder, std::string& whyNot);
} // namespace bench
