// Land cover: the colour of its name, broken up by noise, by slope and by light. Needs light.glsl and `frame`.

struct Ground
{
    vec3 color;
    vec3 normal;
};

// Noise of several sizes moves the colour and bends the normal, each as far as a pixel can show it.
Ground GroundAt(vec3 cover, vec3 place, vec3 normal, vec3 up, float footprint, uint seed, float roughness)
{
    const vec3 broad = NoiseAndSlope(place.xy / 620.0, seed);
    const vec3 middle = NoiseAndSlope(Turned(place.xy) / 95.0, seed + 1u);
    const vec3 close = NoiseAndSlope(place.yx / 17.0, seed + 2u).xzy;
    const vec3 tiny = NoiseAndSlope(Turned(place.xy) / 2.3, seed + 4u);
    const float broadDetail = Detail(620.0, footprint) * roughness;
    const float middleDetail = Detail(95.0, footprint) * roughness;
    const float closeDetail = Detail(17.0, footprint) * roughness;
    const float tinyDetail = Detail(2.3, footprint);

    // Names of land cover paint with a broad brush: less saturated, and warm or cool by place, they grow together.
    const float grey = dot(cover, vec3(0.25, 0.60, 0.15));
    vec3 color = mix(cover, vec3(grey) * vec3(1.06, 1.0, 0.80), 0.32);
    const float wide = Noise(Turned(place.xy) / 3700.0, seed + 3u);
    const float tone = (broad.x - 0.5) * broadDetail * 0.65 + (wide - 0.5) * Detail(3700.0, footprint) * 0.5;
    color *= 0.82 + 0.42 * tone + 0.26 * (middle.x - 0.5) * middleDetail + 0.26 * (close.x - 0.5) * closeDetail +
             0.26 * (tiny.x - 0.5) * tinyDetail;
    color *= mix(vec3(1.0), tone > 0.0 ? vec3(1.16, 1.0, 0.80) : vec3(0.90, 1.02, 1.02), abs(tone));

    const float rock = smoothstep(0.86, 0.60, dot(normal, up) + 0.10 * (middle.x - 0.5) * middleDetail);
    color = mix(color, vec3(0.105, 0.082, 0.062) * (0.8 + 0.5 * close.x * closeDetail), rock * 0.75);

    const vec2 middleSlope = middle.yz * mat2(0.8, 0.6, -0.6, 0.8); // turned back
    const vec2 slope =
        broad.yz * 0.10 * broadDetail + middleSlope * 0.22 * middleDetail + close.yz * 0.26 * closeDetail;
    return Ground(color, normalize(normal - vec3(slope, 0.0)));
}

// `position`: relative to the camera. `altitude`: of the position, above the sea.
vec3 GroundColor(vec3 cover, vec3 position, vec3 meshNormal, float distance, vec3 view, uvec2 flagsAndSeed,
                 out float altitude)
{
    const vec3 place = frame.cameraPosition.xyz + position;
    const vec3 sun = frame.sun.xyz;
    const float radius = frame.cameraUp.w;
    const vec3 fromCentre = frame.cameraUp.xyz * (radius + frame.cameraPosition.w) + position;
    const float centreDistance = length(fromCentre);
    const vec3 up = radius > 0.0 ? fromCentre / centreDistance : vec3(0.0, 0.0, 1.0);
    altitude = radius > 0.0 ? centreDistance - radius : place.z;
    if ((flagsAndSeed.x & kMaterialWater) != 0u)
        return WaterColor(cover, place, view, distance, up, sun);
    const vec3 normal = normalize(meshNormal);
    const float footprint = Footprint(distance, -dot(view, normal));
    const Ground ground = GroundAt(cover, place, normal, up, footprint, flagsAndSeed.y,
                                   (flagsAndSeed.x & kMaterialPaved) != 0u ? 0.2 : 1.0);
    return Lit(ground.color, ground.normal, up, sun);
}
