#include "output/picture_writer.h"

#include "failure.h"
#include "source/image_file.h"

#include <sedx/profile.h>

#include <fmt/format.h>

#include <algorithm>

namespace scenery
{
namespace
{
// Pixels that may wait, on their way from the device and for a writer.
constexpr uint64_t kMaxWaitingBytes = 512ull << 20;
constexpr uint64_t kMinWaitingPictures = 4;

unsigned WriterCount() { return std::clamp(std::thread::hardware_concurrency() / 2, 1u, 8u); }
} // namespace

PictureWriter::PictureWriter(std::filesystem::path folder, uint32_t width, uint32_t height)
    : m_folder(std::move(folder)), m_width(width), m_height(height)
{
    for (unsigned i = 0; i < WriterCount(); ++i)
        m_writers.emplace_back([this] { WriterMain(); });
}

PictureWriter::~PictureWriter()
{
    {
        const std::lock_guard lock(m_mutex);
        m_arrived.clear();
    }
    Stop();
}

std::filesystem::path PictureWriter::FileOf(const std::filesystem::path& folder, uint32_t frame)
{
    return folder / fmt::format("frame_{:04}.png", frame);
}

void PictureWriter::Add(uint32_t frame, sedx::ReadbackTicket picture)
{
    const uint64_t most = std::max(kMaxWaitingBytes / (uint64_t{m_width} * m_height * 4), kMinWaitingPictures);
    m_pending.push_back({frame, std::move(picture)});
    ++m_count;
    if (m_pending.size() > most)
        Require(m_pending.front().ticket.Wait(), "picture");
    Poll();
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [this, most] { return m_arrived.size() < most; });
}

void PictureWriter::Poll()
{
    bool any = false;
    for (; !m_pending.empty() && m_pending.front().ticket.Ready(); m_pending.pop_front(), any = true)
    {
        const std::lock_guard lock(m_mutex);
        m_arrived.push_back(std::move(m_pending.front()));
    }
    if (any)
        m_changed.notify_all();
}

void PictureWriter::Finish()
{
    SEDX_PROFILE_SCOPE("PictureWriter::Finish");
    while (!m_pending.empty())
    {
        Require(m_pending.front().ticket.Wait(), "picture");
        Poll();
    }
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [this] { return m_arrived.empty() && m_beingWritten == 0; });
    lock.unlock();
    Stop();
    if (!m_fault.empty())
        throw Failure(m_fault);
}

void PictureWriter::Stop()
{
    {
        const std::lock_guard lock(m_mutex);
        m_stop = true;
    }
    m_changed.notify_all();
    for (std::thread& writer : m_writers)
        writer.join();
    m_writers.clear();
}

void PictureWriter::WriterMain()
{
    std::unique_lock lock(m_mutex);
    for (;;)
    {
        m_changed.wait(lock, [this] { return m_stop || !m_arrived.empty(); });
        if (m_arrived.empty())
            return;
        {
            const Picture picture = std::move(m_arrived.front());
            m_arrived.pop_front();
            ++m_beingWritten;
            lock.unlock();
            Write(picture);
        }
        lock.lock();
        --m_beingWritten;
        m_changed.notify_all();
    }
}

void PictureWriter::Write(const Picture& picture)
{
    SEDX_PROFILE_SCOPE("PictureWriter::Write");
    const std::span<const uint8_t> pixels = picture.ticket.Span<uint8_t>();
    std::string fault;
    if (pixels.size() != size_t{m_width} * m_height * 4)
        fault = fmt::format("the picture of frame {} could not be read back", picture.frame);
    else if (auto written = WritePng(FileOf(m_folder, picture.frame).string(), m_width, m_height, pixels); !written)
        fault = written.error().message;
    const std::lock_guard lock(m_mutex);
    if (m_fault.empty())
        m_fault = std::move(fault);
}
} // namespace scenery
