#version 460
#extension GL_GOOGLE_include_directive : require
// IDs are elements of the binding: of foreign sets, whoever's they are.
#define SEDX_TABLE_ADDRESS pc.table
#define SEDX_STORAGE_BINDING 3
#include "bindless_read.glsl"
