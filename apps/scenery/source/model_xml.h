// FlightGear's XML wrapper around a model: which file it names, and where that file stands in it. Animations are left
// out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <glm/vec3.hpp>

#include "scene_types.h"

namespace scenery
{

struct ModelPart
{
    std::string path;             // as written
    glm::vec3 offsetMeters{0.0F}; // in the wrapper's frame, z up
    float headingDegrees = 0.0F;  // counter-clockwise about z
};

struct ModelXml
{
    std::vector<ModelPart> parts; // the main model first if there is one, then the nested ones
    bool particles = false;       // describes particles: without parts there is nothing solid to draw
};

// Reads elements and text; knows no entities, and takes what it can from a file that is not well formed.
ModelXml ParseModelXml(std::string_view text);

} // namespace scenery
