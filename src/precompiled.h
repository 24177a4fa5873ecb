// What is compiled once for all of the library, see SEDX_PRECOMPILE: headers of others only, so that editing one of ours
// compiles no more than before. Sources include what they need all the same.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <tl/expected.hpp>
#include <vulkan/vulkan_core.h>
