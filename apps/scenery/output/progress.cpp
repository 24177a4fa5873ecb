#include "output/progress.h"

#include <fmt/format.h>

#include <cstdio>

#if defined(_WIN32)
#    include <io.h>
#else
#    include <unistd.h>
#endif

namespace scenery
{
namespace
{
bool IsTerminal()
{
#if defined(_WIN32)
    return _isatty(_fileno(stderr)) != 0;
#else
    return isatty(STDERR_FILENO) != 0;
#endif
}
} // namespace

Progress::Progress(uint32_t total) : m_total(total), m_isTerminal(IsTerminal()) {}

void Progress::Show(uint32_t done, const std::string& text)
{
    if (!m_isTerminal)
        return;
    constexpr uint32_t kWidth = 30;
    const auto full = static_cast<size_t>(uint64_t{done} * kWidth / m_total);
    fmt::print(stderr, "\r\033[K[{}{}] {}/{}  {}", std::string(full, '#'), std::string(kWidth - full, '.'), done,
               m_total, text);
    std::fflush(stderr);
    m_isShown = true;
}

void Progress::Clear()
{
    if (m_isShown)
        std::fputs("\r\033[K", stderr);
    m_isShown = false;
}

void Progress::Complain(const std::string& sentence)
{
    Clear();
    fmt::print(stderr, "scenery: {}\n", sentence);
}
} // namespace scenery
