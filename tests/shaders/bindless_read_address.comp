#version 460
#extension GL_GOOGLE_include_directive : require
#define SEDX_TABLE_ADDRESS pc.table
#define SEDX_NO_DESCRIPTORS
#define SEDX_CHECKED
#include "bindless_read.glsl"
