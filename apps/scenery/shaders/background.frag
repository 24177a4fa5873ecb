// What is behind everything: the sky, and the sea down to the horizon. The sea is found by meeting the ray with the
// Earth's sphere, so it has no triangles that could fight with the land for depth.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "scene_shared.h"
#include "light.glsl"

layout(set = 0, binding = 0) uniform Frame
{
    FrameConstants frame;
};

layout(location = 0) in vec3 inRay;

layout(location = 0) out vec4 outColor;

const vec3 kSea = vec3(0.0123, 0.0685, 0.1683); // linear, as the land cover "Ocean"

// Distance to the sphere below, or a negative value. Written so that floats suffice for a radius of 6,371 km.
float SeaDistance(vec3 direction, vec3 up, float altitude, float radius)
{
    const float b = (radius + altitude) * dot(direction, up);
    const float c = altitude * (2.0 * radius + altitude);
    const float d = b * b - c;
    return b < 0.0 && d > 0.0 ? c / (sqrt(d) - b) : -1.0;
}

void main()
{
    const vec3 view = normalize(inRay);
    const vec3 sun = frame.sun.xyz;
    const vec3 cameraUp = frame.cameraUp.xyz;
    const float radius = frame.cameraUp.w;
    const float altitude = max(frame.cameraPosition.w, 1.0);

    vec3 color;
    const float distance = radius > 0.0 ? SeaDistance(view, cameraUp, altitude, radius) : -1.0;
    if (distance > 0.0)
    {
        const vec3 position = view * distance;
        const vec3 up = normalize(cameraUp * (radius + altitude) + position);
        const vec3 water = WaterColor(kSea, frame.cameraPosition.xyz + position, view, distance, up, sun);
        color = mix(HazeColor(view, sun), water, Visibility(distance, altitude, 0.0));
    }
    else if (radius > 0.0)
    {
        color = SkyColor(view, dot(view, cameraUp) + HorizonDip(altitude, radius), sun);
    }
    else
    {
        // A single model: sky above, its soft mirror below.
        const float rise = dot(view, cameraUp);
        color = SkyColor(view, abs(rise), sun);
        color = mix(color, vec3(0.30, 0.31, 0.32), smoothstep(0.02, -0.25, rise));
    }
    outColor = vec4(FinalColor(color), 1.0);
}
