#include "camera_path.h"

#include <cmath>

#include <glm/geometric.hpp>
#include <gtest/gtest.h>

namespace scenery::test
{
namespace
{

TEST(CameraPath, StartsAndEndsAtItsKeysAndStaysAboveTheFloor)
{
    const CameraPose keys[] = {{{0, 0, 100}, {50, 0, 0}},
                               {{100, 0, 10}, {150, 0, 0}},
                               {{200, 30, 10}, {250, 0, 0}},
                               {{300, 0, 100}, {350, 0, 0}}};
    const auto floor = [](double x, double) { return x > 120.0 && x < 180.0 ? 60.0 : 0.0; };
    const CameraPath path(keys, floor);
    EXPECT_NEAR(path.At(0.0).position.z, 100.0, 5.0);
    EXPECT_EQ(path.At(0.0).target, keys[0].target);
    EXPECT_EQ(path.At(1.0).target, keys[3].target);
    EXPECT_EQ(path.At(-3.0).position, path.At(0.0).position);
    EXPECT_EQ(path.At(7.0).position, path.At(1.0).position);
    EXPECT_EQ(path.At(std::nan("")).position, path.At(0.0).position);
    for (int i = 0; i <= 256; ++i)
    {
        const CameraPose pose = path.At(i / 256.0);
        EXPECT_GE(pose.position.z + 1e-9, floor(pose.position.x, pose.position.y));
    }
}

TEST(CameraPath, OrbitKeepsItsDistance)
{
    const CameraPath path = CameraPath::Orbit({5, 6, 7}, 2.0);
    for (int i = 0; i <= 10; ++i)
    {
        const CameraPose pose = path.At(i / 10.0);
        EXPECT_NEAR(glm::distance(pose.position, pose.target), 5.2, 0.01);
        EXPECT_EQ(pose.target, glm::dvec3(5, 6, 7));
    }
}

} // namespace
} // namespace scenery::test
