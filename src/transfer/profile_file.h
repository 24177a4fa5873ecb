// Profiles in files: a small text for each device, driver and machine. What is corrupt, of another version or of another
// device is not used: a wrong profile costs time for ever, a missing one is measured again.
//
//     sedx transfer profile 1
//     device vendor 0x10de device 0x2335 ...
//     scatterMaxBytes 65535
//     ...
//     checksum 0123456789abcdef
#pragma once

#include "base/error.h"

#include <sedx/transfer_profile.h>

#include <filesystem>
#include <string_view>

namespace sedx
{
// Names device, driver and machine, in one line of printable characters: see IdentityOf in calibration.h.
struct ProfileIdentity
{
    uint32_t vendor = 0;
    uint32_t device = 0;
    std::string line;
    std::string FileName() const; // of its own for each line
};

// ---- the format
std::string FormatProfile(const TransferProfile& profile, const ProfileIdentity& identity);
// The profile says Stored. Errors: WrongState (another format version, another device), InvalidArgument (anything else).
Result<TransferProfile> ParseProfile(std::string_view text, const ProfileIdentity& identity);

// ---- files
// The user's cache folder, as TransferProfileDesc::folder says; empty if the environment names none.
std::filesystem::path UserCacheFolder();
// Empty: there is none, or none that can be used; then a line in the log says why.
std::optional<TransferProfile> LoadProfile(const std::filesystem::path& folder, const ProfileIdentity& identity);
// Makes the folder, too. The file is the old or the new one at any time, never a part. False: a line in the log says why.
bool StoreProfile(const std::filesystem::path& folder, const ProfileIdentity& identity, const TransferProfile& profile);
} // namespace sedx
