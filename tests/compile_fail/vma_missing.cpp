// <sedx/adopt_vma.h> needs the engine's own VMA before it, and says so.
// expect: include the engine's vk_mem_alloc.h before sedx/adopt_vma.h
#include <sedx/adopt_vma.h>
