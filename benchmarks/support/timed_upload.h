// What an upload costs from the first call until the GPU has it, and who looks at the buffer meanwhile.
#pragma once

#include <sedx/buffer_system.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace bench
{
enum class Meets
{
    Idle,  // no frame uses the buffer: where its memory is mappable, the library writes in place
    InUse, // an open frame has resolved it, as one that is drawn from: the bytes go through staging everywhere
};

// Calls `write`, waits for the ticket it returns, and says how many seconds both took together. With Meets::InUse the
// buffer is resolved in a frame that opens before and ends after.
double SecondsToUpload(sedx::BufferSystem& system, const sedx::Buffer& buffer, Meets meets,
                       const std::function<sedx::UploadTicket()>& write);

// Ordinary memory, every page of it touched, with bytes that differ everywhere.
std::vector<std::byte> MakeBytes(uint64_t bytes);
// Makes the contents new: something in every 4 KiB differs from all other generations.
void Stamp(std::span<std::byte> bytes, uint64_t generation);

// Bytes in nanoseconds as GB/s, 10^9 bytes each; and the rate of one thing after the other.
inline double GigabytesPerSecond(uint64_t bytes, double nanoseconds)
{
    return static_cast<double>(bytes) / nanoseconds;
}
inline double InSeries(double first, double second) { return 1 / (1 / first + 1 / second); }
} // namespace bench
