// Nor do views of them exist.
// expect: (BufferElement|constraint)
#include <sedx/sedx.h>

sedx::BufferView<std::string> g_view;
