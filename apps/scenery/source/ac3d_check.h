// Finds references to vertices that do not exist in the text of an AC3D file. The reader would quietly take another
// vertex.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace scenery
{

// The fault as the end of a sentence, or nothing. Whatever else may be wrong is left to the reader.
std::optional<std::string> FindAc3dFault(std::string_view text);

} // namespace scenery
