#version 460
#extension GL_GOOGLE_include_directive : require
#define SEDX_SET 1
#define SEDX_STORAGE_BINDING 5
#define SEDX_TABLE_BINDING 2
#include "bindless_read.glsl"
