// The mapping classes themselves refuse such elements, too.
// expect: buffers hold trivially copyable elements
#include <sedx/sedx.h>

void Map(sedx::detail::MappedRange range) { sedx::WritableMapping<std::string> mapping(std::move(range)); }
