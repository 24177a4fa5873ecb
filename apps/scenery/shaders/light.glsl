// Sun, sky, haze and water, the same for everything in the picture. Colours are linear; FinalColor() makes the pixel.

const vec3 kSunLight = vec3(2.55, 2.28, 1.86);
const vec3 kSkyLight = vec3(0.30, 0.40, 0.58);
const vec3 kGroundLight = vec3(0.20, 0.18, 0.14);
const vec3 kZenith = vec3(0.060, 0.165, 0.44);
const vec3 kHorizon = vec3(0.47, 0.62, 0.78);
const float kHazeHeight = 1600.0;         // metres in which the haze thins to 1/e
const float kHazeDensity = 1.0 / 38000.0; // share of light lost in each metre at sea level

// Sky in a direction. `rise`: sine of the angle above the visible horizon.
vec3 SkyColor(vec3 direction, float rise, vec3 sun)
{
    const float low = exp(-max(rise, 0.0) * 5.5);
    const float towardsSun = max(dot(direction, sun), 0.0);
    vec3 color = mix(kZenith, kHorizon, low);
    color += vec3(1.0, 0.80, 0.55) * (0.20 * low * pow(towardsSun, 6.0) + 0.35 * pow(towardsSun, 350.0));
    return color;
}

// Sine of the angle by which the horizon lies below the horizontal.
float HorizonDip(float altitude, float earthRadius)
{
    return earthRadius > 0.0 ? sqrt(2.0 * max(altitude, 0.0) / earthRadius) : 0.0;
}

// Light that haze adds on the way to something in a direction.
vec3 HazeColor(vec3 direction, vec3 sun)
{
    return SkyColor(direction, 0.0, sun);
}

// What haze leaves of the light over a distance between two altitudes (metres).
float Visibility(float distance, float fromAltitude, float toAltitude)
{
    const float a = max(fromAltitude, 0.0) / kHazeHeight;
    const float b = max(toAltitude, 0.0) / kHazeHeight;
    const float density = abs(b - a) < 0.01 ? exp(-0.5 * (a + b)) : (exp(-a) - exp(-b)) / (b - a);
    return exp(-kHazeDensity * density * distance);
}

uint Hash(uint x)
{
    x = x * 747796405u + 2891336453u;
    x = ((x >> ((x >> 28u) + 4u)) ^ x) * 277803737u;
    return (x >> 22u) ^ x;
}

float Lattice(ivec2 cell, uint seed)
{
    return float(Hash(uint(cell.x) + Hash(uint(cell.y) + seed)) >> 8u) * (1.0 / 16777216.0);
}

// Smooth noise in 0..1, and in yz how steep it is.
vec3 NoiseAndSlope(vec2 place, uint seed)
{
    const vec2 base = floor(place);
    const ivec2 cell = ivec2(base);
    const vec2 f = place - base;
    const vec2 s = f * f * (3.0 - 2.0 * f);
    const vec2 ds = 6.0 * f * (1.0 - f);
    const float a = Lattice(cell, seed);
    const float b = Lattice(cell + ivec2(1, 0), seed);
    const float c = Lattice(cell + ivec2(0, 1), seed);
    const float d = Lattice(cell + ivec2(1, 1), seed);
    const float k = a - b - c + d;
    return vec3(a + (b - a) * s.x + (c - a) * s.y + k * s.x * s.y, ds * vec2(b - a + k * s.y, c - a + k * s.x));
}

float Noise(vec2 place, uint seed)
{
    return NoiseAndSlope(place, seed).x;
}

// Metres of ground that a pixel covers, roughly. `facing`: cosine between the view and the ground's normal.
float Footprint(float distance, float facing)
{
    return distance * 0.0012 / max(facing, 0.04);
}

// How much of a detail of a size is left for a pixel; 0 before it aliases.
float Detail(float size, float footprint)
{
    return clamp(1.5 - 4.0 * footprint / size, 0.0, 1.0);
}

// Turned by the angle whose tangent is 3/4, so that the grids of noise of several sizes don't show together.
vec2 Turned(vec2 place)
{
    return mat2(0.8, 0.6, -0.6, 0.8) * place;
}

vec3 Lit(vec3 albedo, vec3 normal, vec3 up, vec3 sun)
{
    const float facing = dot(normal, up) * 0.5 + 0.5;
    return albedo * (kSunLight * max(dot(normal, sun), 0.0) + mix(kGroundLight, kSkyLight, facing));
}

// `place`: in the world, metres. `view`: unit length, away from the camera.
vec3 WaterColor(vec3 deep, vec3 place, vec3 view, float distance, vec3 up, vec3 sun)
{
    const float footprint = Footprint(distance, -dot(view, up));
    const float patches = mix(0.5, Noise(place.xy / 9100.0, 10u), Detail(9100.0, footprint)) * 0.6 +
                          mix(0.5, Noise(Turned(place.xy) / 2300.0, 11u), Detail(2300.0, footprint)) * 0.4;
    vec2 ripple = vec2(0.0);
    ripple += NoiseAndSlope(place.xy / 9.0, 13u).yz * 0.030 * Detail(9.0, footprint);
    ripple += NoiseAndSlope(place.yx / 34.0, 14u).zy * 0.028 * Detail(34.0, footprint);
    ripple += NoiseAndSlope(place.xy / 160.0, 15u).yz * 0.016 * Detail(160.0, footprint);
    const vec3 normal = normalize(up + vec3(ripple, 0.0));

    const vec3 mirrored = reflect(view, normal);
    const float rise = abs(dot(mirrored, up));
    const float grazing = 1.0 - clamp(dot(-view, normal), 0.0, 1.0);
    const float fresnel = 0.02 + 0.60 * pow(grazing, 5.0);
    const vec3 sky = SkyColor(mirrored, rise, vec3(0.0));
    // What the ripples that are too small to be seen do to the sun's reflection.
    const float sharpness = mix(45.0, 220.0, Detail(34.0, footprint));
    const float glint = pow(max(dot(mirrored, sun), 0.0), sharpness) * sharpness * 0.0055;
    const vec3 body = deep * (0.88 + 0.24 * patches) * (kSunLight * max(dot(up, sun), 0.0) * 0.42 + kSkyLight * 0.7);
    return mix(body, sky, fresnel) + kSunLight * glint * (0.25 + 0.75 * patches);
}

// Film curve (fitted by Krzysztof Narkowicz).
vec3 FinalColor(vec3 light)
{
    const vec3 x = light * 0.86;
    return clamp((x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14), 0.0, 1.0);
}
