// A view of elements of one type is none of another; As<T>() says that it is meant.
// expect: (conversion from|no viable conversion|could not convert)
#include <sedx/sedx.h>

sedx::BufferView<float> Other(const sedx::BufferView<uint32_t>& view) { return view; }
