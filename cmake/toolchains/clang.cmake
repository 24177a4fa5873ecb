# The oldest Clang on the machine that compiles sedx (16: earlier ones lack std::source_location); the preset `clang`
# uses it.
find_program(SEDX_CLANG NAMES clang++-16 clang++-17 clang++-18 clang++-19 clang++-20 clang++-21 clang++-22
    REQUIRED)
set(CMAKE_CXX_COMPILER "${SEDX_CLANG}")
