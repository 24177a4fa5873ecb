// What is compiled once for all tests of a program, see SEDX_PRECOMPILE. Sources include what they need all the same.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sedx/sedx.h>
