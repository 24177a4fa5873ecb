// Counters are whole numbers.
// expect: (CounterElement|constraint)
#include <sedx/sedx.h>

sedx::CounterBuffer<float> g_buffer;
