// Views show elements of buffers, which hold no addresses of the CPU.
// expect: BufferElement
#include <sedx/sedx.h>

sedx::BufferView<float*> g_view;
