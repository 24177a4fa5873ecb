// Structures that host and shaders share. All of them have the same layout in std140, scalar and C++: vec4, mat4 and groups
// of four 32-bit words only.
#ifndef SCENERY_SCENE_SHARED_H
#define SCENERY_SCENE_SHARED_H

#ifdef __cplusplus
#    include <cstdint>
#    include <glm/mat4x4.hpp>
#    include <glm/vec4.hpp>
namespace scenery::gpu
{
using glm::mat4;
using glm::vec4;
using uint = uint32_t;
#endif

// One for each frame, from the ring. Positions in metres, directions unit length, all along the axes of the world frame.
struct FrameConstants
{
    mat4 viewProjection; // of positions relative to the camera
    vec4 cameraPosition; // xyz: in the world; w: altitude above the sea
    vec4 cameraUp;       // xyz: away from the centre of the Earth; w: radius of the Earth, 0: no Earth and no sea
    vec4 rayRight;       // see Camera
    vec4 rayUp;
    vec4 rayForward;
    vec4 sun; // xyz: towards the sun
};

struct MaterialRecord
{
    vec4 color;   // linear
    uint texture; // slot in the array of textures; 0 is white
    uint flags;
    uint seed; // tells materials apart in noise
    uint unused;
};

// Where one placed object stands: world = rows * (position, 1), relative to the origin of its group.
struct InstanceRecord
{
    vec4 row0;
    vec4 row1;
    vec4 row2;
};

#ifdef __cplusplus
struct DrawConstants
{
    vec4 offset;        // xyz: origin of the mesh or group relative to the camera
    uint64_t materials; // device addresses
    uint64_t instances;
};
inline constexpr uint32_t kMaterialWater = 1;
inline constexpr uint32_t kMaterialPaved = 2;
} // namespace scenery::gpu
#else
#    define kMaterialWater 1u
#    define kMaterialPaved 2u
#endif

#endif
