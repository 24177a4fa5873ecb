#version 460
#extension GL_GOOGLE_include_directive : require
#define SEDX_CHECKED
#define SEDX_FEEDBACK
#define SEDX_TAG 7
#include "bindless_read.glsl"
