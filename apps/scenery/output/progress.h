// A progress bar on standard error, if that is a terminal, and lines that don't collide with it.
#pragma once

#include <cstdint>
#include <string>

namespace scenery
{
class Progress
{
  public:
    explicit Progress(uint32_t total);
    ~Progress() { Clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void Show(uint32_t done, const std::string& text);
    void Clear();
    // "scenery: sentence" on a line of its own, terminal or not.
    void Complain(const std::string& sentence);

  private:
    const uint32_t m_total;
    const bool m_isTerminal;
    bool m_isShown = false;
};
} // namespace scenery
