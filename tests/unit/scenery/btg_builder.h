// Builds BTG files byte by byte, good ones and broken ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "geodesy.h"

namespace scenery::test
{

using Bytes = std::vector<std::byte>;

template <typename T>
void Put(Bytes& bytes, T value)
{
    const std::size_t at = bytes.size();
    bytes.resize(at + sizeof(T));
    std::memcpy(bytes.data() + at, &value, sizeof(T));
}

inline const Geodetic kTilePlace{-156.5, 20.8, 0.0};

class BtgBuilder
{
  public:
    explicit BtgBuilder(std::uint16_t version = 7) : m_version(version) {}

    bool Wide() const { return m_version >= 10; }

    void PutCount(Bytes& bytes, std::uint32_t count) const
    {
        if (Wide())
        {
            Put(bytes, count);
        }
        else
        {
            Put(bytes, static_cast<std::uint16_t>(count));
        }
    }

    BtgBuilder& Object(std::uint8_t type, const std::vector<Bytes>& elements,
                       const std::vector<std::pair<std::uint8_t, Bytes>>& properties = {})
    {
        Put(m_body, type);
        PutCount(m_body, static_cast<std::uint32_t>(properties.size()));
        PutCount(m_body, static_cast<std::uint32_t>(elements.size()));
        for (const auto& [kind, value] : properties)
        {
            Put(m_body, kind);
            Put(m_body, static_cast<std::uint32_t>(value.size()));
            m_body.insert(m_body.end(), value.begin(), value.end());
        }
        for (const Bytes& element : elements)
        {
            Put(m_body, static_cast<std::uint32_t>(element.size()));
            m_body.insert(m_body.end(), element.begin(), element.end());
        }
        ++m_objects;
        return *this;
    }

    BtgBuilder& Sphere(glm::dvec3 center = EcefFromGeodetic(kTilePlace), float radius = 100.0F)
    {
        Bytes bytes;
        Put(bytes, center.x);
        Put(bytes, center.y);
        Put(bytes, center.z);
        Put(bytes, radius);
        return Object(0, {bytes});
    }

    BtgBuilder& Floats(std::uint8_t type, std::initializer_list<float> values)
    {
        Bytes bytes;
        for (const float value : values)
        {
            Put(bytes, value);
        }
        return Object(type, {bytes});
    }

    BtgBuilder& Normals(std::initializer_list<std::uint8_t> values)
    {
        Bytes bytes;
        for (const std::uint8_t value : values)
        {
            Put(bytes, value);
        }
        return Object(2, {bytes});
    }

    Bytes Indices(std::initializer_list<std::uint32_t> values) const
    {
        Bytes bytes;
        for (const std::uint32_t value : values)
        {
            PutCount(bytes, value);
        }
        return bytes;
    }

    // Type 10 triangles, 11 strips, 12 fans.
    BtgBuilder& Faces(std::uint8_t type, std::uint8_t mask, const std::string& material,
                      std::initializer_list<std::uint32_t> indices)
    {
        Bytes name(material.size());
        std::memcpy(name.data(), material.data(), material.size());
        return Object(type, {Indices(indices)}, {{std::uint8_t{0}, name}, {std::uint8_t{1}, {std::byte{mask}}}});
    }

    Bytes Build(std::uint16_t magic = 0x5347) const
    {
        Bytes bytes;
        Put(bytes, m_version);
        Put(bytes, magic);
        Put(bytes, std::uint32_t{0});
        PutCount(bytes, m_objects);
        bytes.insert(bytes.end(), m_body.begin(), m_body.end());
        return bytes;
    }

  private:
    std::uint16_t m_version;
    std::uint32_t m_objects = 0;
    Bytes m_body;
};

// Two triangles over four corners of a square, 10 m a side.
inline BtgBuilder Square(std::uint16_t version = 7)
{
    BtgBuilder builder(version);
    builder.Sphere()
        .Floats(1, {0, 0, 0, 10, 0, 0, 10, 10, 0, 0, 10, 0})
        .Normals({255, 127, 127, 127, 255, 127})
        .Floats(3, {0, 0, 1, 0, 1, 1, 0, 1});
    return builder;
}

} // namespace scenery::test
