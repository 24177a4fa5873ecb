// The border that no exception crosses: file names and memory are what throws behind it.
#pragma once

#include <exception>
#include <string>
#include <type_traits>

#include "scene_types.h"

namespace scenery
{

// Runs `read`, which gives a Result. `what` names the file in the sentence that an exception becomes.
template <typename Read>
std::invoke_result_t<Read> NoThrow(const std::string& what, Read read)
{
    try
    {
        return read();
    }
    catch (const std::exception& fault)
    {
        return tl::make_unexpected(SceneError{what + " cannot be read: " + fault.what() + "."});
    }
}

} // namespace scenery
