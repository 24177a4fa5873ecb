// Plain data that every scene source hands to the renderer: meshes, placements, images, errors.
//
// Frame of reference: metres, right handed, x = east, y = north, z = up. For real scenery this is the local tangent
// frame at the centre of the region on the WGS84 ellipsoid, so that terrain falls away with the curve of the Earth. No
// Vulkan and nothing of the buffer library in here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <glm/mat3x3.hpp>
#include <glm/vec3.hpp>
#include <tl/expected.hpp>

namespace scenery
{

// One sentence that names the file and the fault.
struct SceneError
{
    std::string message;
};

template <typename T>
using Result = tl::expected<T, SceneError>;

struct Vertex
{
    float position[3];
    float normal[3]; // unit length
    float uv[2];     // v = 0 is the first row of the image, as Vulkan samples it; values outside 0..1 repeat
};
static_assert(sizeof(Vertex) == 32);

struct Material
{
    std::string name;
    std::array<float, 4> color{1.0F, 1.0F, 1.0F, 1.0F}; // sRGB encoded, straight alpha; multiplies the texture
    std::string texture;                                // path of an image for LoadImage, or empty
    bool water = false;                                 // open water: reflects the sky
};

// A range of the mesh's index buffer drawn with one material. A mesh has at most one for each material.
struct Submesh
{
    std::uint32_t firstIndex = 0;
    std::uint32_t indexCount = 0; // a multiple of 3
    std::uint32_t material = 0;   // index into Mesh::materials
};

// Triangles, counter-clockwise seen from outside. Many models are open shells: draw them without culling.
struct Mesh
{
    std::string name;
    std::vector<Vertex> vertices;
    std::vector<std::uint32_t> indices; // each below vertices.size()
    std::vector<Submesh> submeshes;     // covers indices from first to last, without gaps
    std::vector<Material> materials;
    glm::vec3 center{0.0F}; // of the bounding sphere, in the mesh's own frame
    float radius = 0.0F;

    std::size_t TriangleCount() const { return indices.size() / 3; }
    std::size_t BufferBytes() const
    {
        return vertices.size() * sizeof(Vertex) + indices.size() * sizeof(std::uint32_t);
    }
};

// A terrain tile as known from the scan. A tile's vertices are relative to `origin`, along the axes of the world frame.
struct TileInfo
{
    std::string name;
    std::string file;
    glm::dvec3 origin{0.0};
    double radius = 0.0; // bounding sphere around origin
};

struct ModelInfo
{
    std::string name;
    std::string file;
    std::uint32_t placementCount = 0;
};

// world = position + rotation * vertex. A model stands with z up; what its x means is up to its source.
struct Placement
{
    std::uint32_t model = 0; // index into SceneSource::Models()
    glm::dvec3 position{0.0};
    glm::mat3 rotation{1.0F}; // up at that place on the Earth, then the heading
};

struct SceneBounds
{
    glm::dvec3 minimum{0.0};
    glm::dvec3 maximum{0.0};

    glm::dvec3 Center() const { return (minimum + maximum) * 0.5; }
};

struct CameraPose
{
    glm::dvec3 position{0.0};
    glm::dvec3 target{0.0}; // up is z; never straight below or above the position
};

// 8 bits a channel, RGBA, first row on top, rows without padding.
struct Image
{
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::vector<std::uint8_t> rgba;
};

} // namespace scenery
