// The application's own copy of VMA.
#define VMA_IMPLEMENTATION
#include "renderer/image_allocator.h"
