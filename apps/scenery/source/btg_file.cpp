#include "btg_file.h"

#include <array>
#include <bit>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <glm/geometric.hpp>

#include "byte_source.h"

namespace scenery
{
namespace
{

constexpr std::uint16_t kMagic = 0x5347;
constexpr std::uint16_t kWideVersion = 10; // counts and indices are 32 bits from here on

constexpr double kMinEarthRadius = 6.3e6;
constexpr double kMaxEarthRadius = 6.5e6;
constexpr float kMaxTileRadius = 1.0e6F;

enum class ObjectType : std::uint8_t
{
    Sphere = 0,
    Positions = 1,
    Normals = 2,
    TexCoords = 3,
    Triangles = 10,
    Strips = 11,
    Fans = 12
};

enum class PropertyKind : std::uint8_t
{
    Material = 0,
    IndexMask = 1,
    AttributeMask = 2
};

constexpr std::uint8_t kPositionBit = 1;
constexpr std::uint8_t kNormalBit = 2;
constexpr std::uint8_t kTexCoordBit = 8;

class BtgParser
{
  public:
    BtgParser(std::span<const std::byte> bytes, const std::string& name) : m_reader(bytes), m_name(name) {}

    Result<BtgFile> ParseAll()
    {
        auto parsed =
            ReadHeader().and_then([&] { return ReadObjects(false); }).and_then([&] { return CheckIndices(); });
        return parsed ? Result<BtgFile>(std::move(m_file)) : tl::make_unexpected(parsed.error());
    }

    Result<BtgSphere> ParseSphere()
    {
        auto parsed = ReadHeader().and_then([&] { return ReadObjects(true); });
        return parsed ? Result<BtgSphere>(m_file.sphere) : tl::make_unexpected(parsed.error());
    }

  private:
    struct ObjectHeader
    {
        ObjectType type{};
        std::uint32_t propertyCount = 0;
        std::uint32_t elementCount = 0;
        std::string material;
        std::uint8_t indexMask = kPositionBit | kTexCoordBit; // what the format means when no mask is written
        std::uint32_t attributeMask = 0;
    };

    tl::unexpected<SceneError> Fail(const std::string& fault) const
    {
        return tl::make_unexpected(SceneError{fmt::format("The terrain tile {} {}.", m_name, fault)});
    }

    bool Wide() const { return m_version >= kWideVersion; }

    bool ReadCount(std::uint32_t& count)
    {
        if (Wide())
        {
            return m_reader.Read(count);
        }
        std::uint16_t narrow = 0;
        const bool read = m_reader.Read(narrow);
        count = narrow;
        return read;
    }

    Result<void> ReadHeader()
    {
        std::uint16_t magic = 0;
        std::uint32_t time = 0;
        if (!m_reader.Read(m_version) || !m_reader.Read(magic))
        {
            return Fail("is too short to be a BTG file");
        }
        if (magic != kMagic)
        {
            return Fail("is not a BTG file (wrong magic number)");
        }
        if (!m_reader.Read(time) || !ReadCount(m_objectCount))
        {
            return Fail("ends inside its header");
        }
        return {};
    }

    Result<void> ReadObjects(bool onlySphere)
    {
        for (std::uint32_t index = 0; index < m_objectCount; ++index)
        {
            ObjectHeader object;
            if (!m_reader.Read(object.type) || !ReadCount(object.propertyCount) || !ReadCount(object.elementCount))
            {
                return Fail(fmt::format("ends inside object {} of {}", index, m_objectCount));
            }
            if (!ReadProperties(object))
            {
                return Fail(fmt::format("ends inside the properties of object {} of {}", index, m_objectCount));
            }
            for (std::uint32_t element = 0; element < object.elementCount; ++element)
            {
                std::uint32_t length = 0;
                std::span<const std::byte> block;
                if (!m_reader.Read(length) || !m_reader.ReadBlock(length, block))
                {
                    return Fail(fmt::format("ends inside object {} of {}", index, m_objectCount));
                }
                if (auto read = ReadElement(object, block); !read)
                {
                    return read;
                }
            }
            if (onlySphere && m_hasSphere)
            {
                return {};
            }
        }
        return m_hasSphere ? Result<void>{} : Result<void>(Fail("has no bounding sphere"));
    }

    bool ReadProperties(ObjectHeader& object)
    {
        for (std::uint32_t property = 0; property < object.propertyCount; ++property)
        {
            PropertyKind kind{};
            std::uint32_t length = 0;
            std::span<const std::byte> block;
            if (!m_reader.Read(kind) || !m_reader.Read(length) || !m_reader.ReadBlock(length, block))
            {
                return false;
            }
            ByteReader value(block);
            if (kind == PropertyKind::Material)
            {
                object.material.assign(reinterpret_cast<const char*>(block.data()), block.size());
            }
            else if (kind == PropertyKind::IndexMask)
            {
                value.Read(object.indexMask);
            }
            else if (kind == PropertyKind::AttributeMask)
            {
                value.Read(object.attributeMask);
            }
        }
        return true;
    }

    Result<void> ReadElement(const ObjectHeader& object, std::span<const std::byte> block)
    {
        switch (object.type)
        {
        case ObjectType::Sphere: return ReadSphere(block);
        case ObjectType::Positions:
            return ReadArray<std::array<float, 3>>(block, "positions", [&](const std::array<float, 3>& v) {
                m_file.positions.emplace_back(v[0], v[1], v[2]);
                return std::isfinite(v[0]) && std::isfinite(v[1]) && std::isfinite(v[2]);
            });
        case ObjectType::Normals:
            return ReadArray<std::array<std::uint8_t, 3>>(block, "normals", [&](const std::array<std::uint8_t, 3>& v) {
                m_file.normals.emplace_back(v[0] / 127.5F - 1.0F, v[1] / 127.5F - 1.0F, v[2] / 127.5F - 1.0F);
                return true;
            });
        case ObjectType::TexCoords:
            return ReadArray<std::array<float, 2>>(block, "texture coordinates", [&](const std::array<float, 2>& v) {
                m_file.texCoords.emplace_back(v[0], v[1]);
                return std::isfinite(v[0]) && std::isfinite(v[1]);
            });
        case ObjectType::Triangles:
        case ObjectType::Strips:
        case ObjectType::Fans: return ReadPrimitives(object, block);
        default: return {};
        }
    }

    Result<void> ReadSphere(std::span<const std::byte> block)
    {
        ByteReader reader(block);
        BtgSphere sphere;
        if (!reader.Read(sphere.center.x) || !reader.Read(sphere.center.y) || !reader.Read(sphere.center.z) ||
            !reader.Read(sphere.radius))
        {
            return Fail("has a bounding sphere that is too short");
        }
        const bool finite = std::isfinite(sphere.center.x) && std::isfinite(sphere.center.y) &&
                            std::isfinite(sphere.center.z) && std::isfinite(sphere.radius);
        if (!finite || sphere.radius < 0.0F)
        {
            return Fail("has a bounding sphere that is not a number");
        }
        // One tile far out would move the centre of the whole region.
        const double distance = glm::length(sphere.center);
        if (distance < kMinEarthRadius || distance > kMaxEarthRadius || sphere.radius > kMaxTileRadius)
        {
            return Fail("has a bounding sphere that does not lie on the Earth");
        }
        m_file.sphere = sphere;
        m_hasSphere = true;
        return {};
    }

    template <typename T, typename Append>
    Result<void> ReadArray(std::span<const std::byte> block, const char* what, Append append)
    {
        if (block.size() % sizeof(T) != 0)
        {
            return Fail(
                fmt::format("has {} of {} bytes, which is not a multiple of {}", what, block.size(), sizeof(T)));
        }
        ByteReader reader(block);
        T value{};
        while (reader.Read(value))
        {
            if (!append(value))
            {
                return Fail(fmt::format("has {} that are not numbers", what));
            }
        }
        return {};
    }

    // One tuple: an index for every set bit, in the order of the bits.
    std::optional<BtgCorner> ReadCorner(const ObjectHeader& object, ByteReader& reader) const
    {
        BtgCorner corner;
        for (std::uint32_t bit = 0; bit < 8; ++bit)
        {
            if ((object.indexMask >> bit & 1U) == 0)
            {
                continue;
            }
            std::uint32_t index = 0;
            if (!ReadIndex(reader, index))
            {
                return std::nullopt;
            }
            switch (1U << bit)
            {
            case kPositionBit: corner.position = index; break;
            case kNormalBit: corner.normal = index; break;
            case kTexCoordBit: corner.texCoord = index; break;
            default: // colours and further texture layers
                break;
            }
        }
        for (int skip = std::popcount(object.attributeMask); skip > 0; --skip)
        {
            std::uint32_t index = 0;
            if (!ReadIndex(reader, index))
            {
                return std::nullopt;
            }
        }
        return corner;
    }

    bool ReadIndex(ByteReader& reader, std::uint32_t& index) const
    {
        if (Wide())
        {
            return reader.Read(index);
        }
        std::uint16_t narrow = 0;
        const bool read = reader.Read(narrow);
        index = narrow;
        return read;
    }

    Result<void> ReadPrimitives(const ObjectHeader& object, std::span<const std::byte> block)
    {
        if ((object.indexMask & kPositionBit) == 0)
        {
            return Fail(fmt::format("has faces without positions (index mask {:#x})", object.indexMask));
        }
        const auto bits = std::popcount(object.indexMask) + std::popcount(object.attributeMask);
        const std::size_t tupleBytes = static_cast<std::size_t>(bits) * (Wide() ? 4 : 2);
        if (block.size() % tupleBytes != 0)
        {
            return Fail(
                fmt::format("has a face list of {} bytes, which is not a multiple of {}", block.size(), tupleBytes));
        }
        std::vector<BtgCorner>& corners = GroupOf(object.material).corners;
        ByteReader reader(block);
        BtgCorner first;
        BtgCorner previous;
        std::size_t count = 0;
        const std::size_t start = corners.size();
        while (const auto corner = ReadCorner(object, reader))
        {
            if (object.type == ObjectType::Triangles)
            {
                corners.push_back(*corner);
            }
            else if (count >= 2)
            {
                const bool swap = object.type == ObjectType::Strips && count % 2 == 1;
                const BtgCorner a = object.type == ObjectType::Fans ? first : (swap ? previous : first);
                const BtgCorner b = object.type == ObjectType::Fans ? previous : (swap ? first : previous);
                corners.insert(corners.end(), {a, b, *corner});
            }
            // A strip slides over its last two corners, a fan keeps its first.
            if (count == 0 || (object.type == ObjectType::Strips && count >= 2))
            {
                first = count == 0 ? *corner : previous;
            }
            previous = *corner;
            ++count;
        }
        if ((corners.size() - start) % 3 != 0)
        {
            return Fail(fmt::format("has a triangle list of {} corners, which is not a multiple of 3", count));
        }
        return {};
    }

    BtgGroup& GroupOf(const std::string& material)
    {
        for (BtgGroup& group : m_file.groups)
        {
            if (group.material == material)
            {
                return group;
            }
        }
        return m_file.groups.emplace_back(BtgGroup{material, {}});
    }

    // Only at the end, since nothing forbids faces that stand before the arrays they index.
    Result<void> CheckIndices() const
    {
        const auto inside = [](std::uint32_t index, std::size_t size) { return index == kBtgNone || index < size; };
        for (const BtgGroup& group : m_file.groups)
        {
            for (const BtgCorner& corner : group.corners)
            {
                if (corner.position >= m_file.positions.size() || !inside(corner.normal, m_file.normals.size()) ||
                    !inside(corner.texCoord, m_file.texCoords.size()))
                {
                    return Fail(fmt::format("has a face of material '{}' with an index out of range", group.material));
                }
            }
        }
        return {};
    }

    ByteReader m_reader;
    const std::string& m_name;
    std::uint16_t m_version = 0;
    std::uint32_t m_objectCount = 0;
    bool m_hasSphere = false;
    BtgFile m_file;
};

} // namespace

Result<BtgFile> ParseBtg(std::span<const std::byte> bytes, const std::string& name)
{
    return BtgParser(bytes, name).ParseAll();
}

Result<BtgSphere> ParseBtgSphere(std::span<const std::byte> start, const std::string& name)
{
    return BtgParser(start, name).ParseSphere();
}

} // namespace scenery
