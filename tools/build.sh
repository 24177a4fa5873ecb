# shellcheck shell=bash
# Sourced by ./run, ./test and ./bench: configuring and building one preset of CMakePresets.json without needless work.

# ccache takes precompiled headers by their contents only if it is told so.
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}

sedx_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# build PRESET [OPTION...]: the options go to `cmake --build`. CMake itself notices edited CMakeLists.txt files; it is
# called here for the rest: nothing configured yet, presets or prefix changed, the folder was moved.
build() {
    local preset=$1 folder=$sedx_root/build/$1
    shift
    local mark=$folder/.configured log=$folder/configure.log
    if [[ ! -f $mark || $sedx_root/CMakePresets.json -nt $mark || $sedx_root/.deps/stamp -nt $mark ]] ||
        ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$sedx_root" "$folder/CMakeCache.txt"; then
        mkdir -p "$folder"
        if ! (cd "$sedx_root" && cmake --preset "$preset" --fresh) >"$log" 2>&1; then
            cat "$log" >&2
            return 1
        fi
        touch "$mark"
    fi
    (cd "$sedx_root" && cmake --build --preset "$preset" --parallel "$(nproc)" "$@")
}
