// Turns read-back tickets into frame_NNNN.png on threads of its own. Frames go on meanwhile; only when very many pictures
// wait does Add() wait for the oldest (the library counts that as a requested read-back).
#pragma once

#include <sedx/readback_queue.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

namespace scenery
{
// One thread uses it, until Finish().
class PictureWriter
{
  public:
    PictureWriter(std::filesystem::path folder, uint32_t width, uint32_t height);
    ~PictureWriter(); // drops what is not written yet

    static std::filesystem::path FileOf(const std::filesystem::path& folder, uint32_t frame);

    void Add(uint32_t frame, sedx::ReadbackTicket picture);
    void Poll();   // passes on what has arrived; never waits
    void Finish(); // waits until all is written; throws Failure if something could not be

    uint32_t Count() const noexcept { return m_count; } // added so far

  private:
    struct Picture
    {
        uint32_t frame = 0;
        sedx::ReadbackTicket ticket; // keeps the pixels alive
    };

    void WriterMain();
    void Write(const Picture& picture);
    void Stop();

    const std::filesystem::path m_folder;
    const uint32_t m_width;
    const uint32_t m_height;
    uint32_t m_count = 0;
    std::deque<Picture> m_pending; // on their way from the device

    std::mutex m_mutex; // guards all below
    std::condition_variable m_changed;
    bool m_stop = false;
    std::deque<Picture> m_arrived;
    uint32_t m_beingWritten = 0;
    std::string m_fault; // the first
    std::vector<std::thread> m_writers;
};
} // namespace scenery
