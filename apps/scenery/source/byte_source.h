// Files as bytes, and a little-endian reader that cannot run past their end.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "scene_types.h"

namespace scenery
{

static_assert(std::endian::native == std::endian::little, "BTG is read as it lies in the file");

// Unpacks gzip; a file that is not gzip is read as it is. Stops after `maxBytes`, so that the start of a big file is
// cheap.
Result<std::vector<std::byte>> ReadGzipStart(const std::string& path, std::size_t maxBytes);

// The whole file. A truncated or damaged one is an error, and so is one that unpacks to more than 1 GiB.
Result<std::vector<std::byte>> ReadGzipFile(const std::string& path);

Result<std::string> ReadTextFile(const std::string& path);

// Every read says whether the bytes were there. A failed read leaves the position where it was.
class ByteReader
{
  public:
    explicit ByteReader(std::span<const std::byte> bytes) : m_bytes(bytes) {}

    std::size_t Remaining() const { return m_bytes.size() - m_position; }

    template <typename T>
    bool Read(T& value)
    {
        static_assert(std::is_trivially_copyable_v<T>);
        if (Remaining() < sizeof(T))
        {
            return false;
        }
        std::memcpy(&value, m_bytes.data() + m_position, sizeof(T));
        m_position += sizeof(T);
        return true;
    }

    bool ReadBlock(std::size_t size, std::span<const std::byte>& block)
    {
        if (Remaining() < size)
        {
            return false;
        }
        block = m_bytes.subspan(m_position, size);
        m_position += size;
        return true;
    }

  private:
    std::span<const std::byte> m_bytes;
    std::size_t m_position = 0;
};

} // namespace scenery
