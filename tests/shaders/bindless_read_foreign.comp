#version 460
#extension GL_GOOGLE_include_directive : require
#define SEDX_TABLE_ADDRESS pc.table
#define SEDX_FIRST_ELEMENT 10
#define SEDX_STORAGE_BINDING 3
#include "bindless_read.glsl"
