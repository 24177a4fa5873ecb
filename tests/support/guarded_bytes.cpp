#include "support/guarded_bytes.h"

#include <cstdlib>

#if defined(__unix__) || defined(__APPLE__)
#    include <sys/mman.h>
#    include <unistd.h>

namespace sedx::test
{
bool GuardedBytes::IsAvailable() noexcept { return true; }

GuardedBytes::GuardedBytes(size_t bytes) : m_page(static_cast<size_t>(sysconf(_SC_PAGESIZE)))
{
    const size_t whole = (bytes + m_page - 1) / m_page * m_page;
    void* const all = mmap(nullptr, whole + 2 * m_page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) // NOLINT: a macro of the system's
        std::abort();
    m_bytes = {static_cast<std::byte*>(all) + m_page, whole};
    if (mprotect(m_bytes.data(), whole, PROT_READ | PROT_WRITE) != 0)
        std::abort();
}

GuardedBytes::~GuardedBytes() { munmap(m_bytes.data() - m_page, m_bytes.size() + 2 * m_page); }
} // namespace sedx::test
#else
namespace sedx::test
{
bool GuardedBytes::IsAvailable() noexcept { return false; }
GuardedBytes::GuardedBytes(size_t) { std::abort(); }
GuardedBytes::~GuardedBytes() = default;
} // namespace sedx::test
#endif
