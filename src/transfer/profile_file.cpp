#include "transfer/profile_file.h"

#include "transfer/transfer_profile.h"

#include <sedx/log.h>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>

namespace sedx
{
namespace
{
constexpr std::string_view kTitle = "sedx transfer profile ";
constexpr uint64_t kVersion = 2;
constexpr size_t kMostBytes = 64 * 1024; // of a file: a profile has less than one

// FNV-1a: finds what disks and editors do, not what an attacker does.
uint64_t HashOf(std::string_view text) noexcept
{
    uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
}

// Every field, in the order of the file, as text and as number.
template <class Profile, class F>
void ForEachField(Profile& profile, F&& visit)
{
    visit("scatterMaxBytes", profile.scatterMaxBytes);
    visit("scatterMinWrites", profile.scatterMinWrites);
    visit("scatterLaneBytes", profile.scatterLaneBytes);
    visit("inlineMaxBytes", profile.inlineMaxBytes);
    visit("inlineMaxWrites", profile.inlineMaxWrites);
    visit("directMaxBytes", profile.directMaxBytes);
    visit("computeCopyMinBytes", profile.computeCopyMinBytes);
    visit("chunkBytes", profile.chunkBytes);
    visit("copyThreads", profile.copyThreads);
    visit("useTransferQueue", profile.useTransferQueue);
}

// Takes one line, without its end; false if the text has none.
bool TakeLine(std::string_view& text, std::string_view& line) noexcept
{
    const size_t end = text.find('\n');
    if (end == std::string_view::npos)
        return false;
    line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return true;
}

// The number behind `key`, if the line has nothing else.
bool ParseNumber(std::string_view line, std::string_view key, uint64_t most, int base, uint64_t& value) noexcept
{
    if (!line.starts_with(key) || line.size() <= key.size())
        return false;
    const std::string_view digits = line.substr(key.size());
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    return error == std::errc{} && end == digits.data() + digits.size() && value <= most;
}

std::filesystem::path FolderIn(const char* variable)
{
    const char* value = std::getenv(variable);
    std::filesystem::path path = value != nullptr ? std::filesystem::path(value) : std::filesystem::path();
    return path.is_absolute() ? path : std::filesystem::path();
}

// A name that no other thread or process uses at this moment.
std::string TemporaryName(const std::string& name)
{
    static std::atomic<uint64_t> count{0};
    const auto now = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    return fmt::format("{}.{:x}-{:x}-{:x}.tmp", name, now, reinterpret_cast<uintptr_t>(&count), count.fetch_add(1));
}

std::string Shown(const std::filesystem::path& path)
{
    const std::u8string text = path.u8string();
    return std::string(text.begin(), text.end());
}
} // namespace

std::string ProfileIdentity::FileName() const
{
    return fmt::format("transfer-{:04x}-{:04x}-{:016x}.txt", vendor, device, HashOf(line));
}

std::string FormatProfile(const TransferProfile& profile, const ProfileIdentity& identity)
{
    std::string text = fmt::format("{}{}\ndevice {}\n", kTitle, kVersion, identity.line);
    ForEachField(profile, [&](const char* name, auto value) {
        text += fmt::format("{} {}\n", name, static_cast<uint64_t>(value));
    });
    return text + fmt::format("checksum {:016x}\n", HashOf(text));
}

Result<TransferProfile> ParseProfile(std::string_view text, const ProfileIdentity& identity)
{
    const std::string_view whole = text;
    std::string_view line;
    uint64_t version = 0;
    if (!TakeLine(text, line) || !ParseNumber(line, kTitle, UINT64_MAX, 10, version))
        return Fail(ErrorCode::InvalidArgument, "it is no transfer profile");
    if (version != kVersion)
        return Fail(ErrorCode::WrongState, "it has version {} of the format, this library reads {}", version, kVersion);

    const size_t last = whole.rfind("checksum ");
    uint64_t checksum = 0;
    if (last == std::string_view::npos || !whole.ends_with('\n') ||
        !ParseNumber(whole.substr(last, whole.size() - last - 1), "checksum ", UINT64_MAX, 16, checksum))
        return Fail(ErrorCode::InvalidArgument, "its end is missing");
    if (checksum != HashOf(whole.substr(0, last)))
        return Fail(ErrorCode::InvalidArgument, "its checksum does not fit");

    if (!TakeLine(text, line) || !line.starts_with("device "))
        return Fail(ErrorCode::InvalidArgument, "it names no device");
    if (line.substr(7) != identity.line)
        return Fail(ErrorCode::WrongState, "it was measured on another device, driver or machine");
    TransferProfile profile;
    const char* bad = nullptr;
    ForEachField(profile, [&]<class T>(const char* name, T& field) {
        uint64_t value = 0;
        const uint64_t most = static_cast<uint64_t>(std::numeric_limits<T>::max());
        if (bad == nullptr && TakeLine(text, line) && ParseNumber(line, std::string(name) + ' ', most, 10, value))
            field = static_cast<T>(value);
        else if (bad == nullptr)
            bad = name;
    });
    if (bad != nullptr)
        return Fail(ErrorCode::InvalidArgument, "{} is missing or no number", bad);
    if (text.size() != whole.size() - last)
        return Fail(ErrorCode::InvalidArgument, "it has fields that this library does not know");
    if (auto sound = CheckProfile(profile); !sound)
        return Forward(sound);
    profile.origin = ProfileOrigin::Stored;
    return profile;
}

std::filesystem::path UserCacheFolder()
{
#if defined(_WIN32)
    const std::filesystem::path folder = FolderIn("LOCALAPPDATA");
#elif defined(__APPLE__)
    const std::filesystem::path home = FolderIn("HOME");
    const std::filesystem::path folder = home.empty() ? home : home / "Library" / "Caches";
#else
    std::filesystem::path folder = FolderIn("XDG_CACHE_HOME");
    if (folder.empty())
        if (const std::filesystem::path home = FolderIn("HOME"); !home.empty())
            folder = home / ".cache";
#endif
    return folder.empty() ? folder : folder / "sedx";
}

std::optional<TransferProfile> LoadProfile(const std::filesystem::path& folder, const ProfileIdentity& identity)
{
    if (folder.empty())
        return {};
    const std::filesystem::path path = folder / identity.FileName();
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return {}; // nothing was stored yet
    std::string text(kMostBytes, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(file.gcount()));
    const auto profile = ParseProfile(text, identity);
    if (profile)
        return *profile;
    SEDX_CORE_WARN_TAG("PROFILE", "the transfer profile '{}' is not used: {}", Shown(path), profile.error().message);
    return {};
}

bool StoreProfile(const std::filesystem::path& folder, const ProfileIdentity& identity, const TransferProfile& profile)
{
    const auto fail = [](std::string_view what, const std::string& why) {
        SEDX_CORE_WARN_TAG("PROFILE", "the transfer profile is not stored: {}{}{}", what, why.empty() ? "" : ": ", why);
        return false;
    };
    if (folder.empty())
        return fail("the environment names no cache folder", "");
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        return fail("cannot make folder '" + Shown(folder) + "'", error.message());
    const std::filesystem::path path = folder / identity.FileName();
    const std::filesystem::path temporary = folder / TemporaryName(identity.FileName());
    const auto discard = [&temporary] {
        std::error_code ignored;
        std::filesystem::remove(temporary, ignored);
    };
    {
        std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
        file << FormatProfile(profile, identity);
        file.close();
        if (!file)
        {
            discard();
            return fail("cannot write '" + Shown(temporary) + "'", "");
        }
    }
    std::filesystem::rename(temporary, path, error); // takes the place of an older one
    if (!error)
        return true;
    discard();
    return fail("cannot rename to '" + Shown(path) + "'", error.message());
}
} // namespace sedx
