# shellcheck shell=bash
# Sourced, not run: `. tools/env.sh` makes Vulkan programs of this shell use what tools/bootstrap put into .deps/.
# Does nothing where the system's own Vulkan packages are used, and never overrides what the user has set.

sedx_vulkan=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.deps/usr/share/vulkan

if [[ -d $sedx_vulkan/explicit_layer.d && :${VK_ADD_LAYER_PATH:-}: != *:$sedx_vulkan/explicit_layer.d:* ]]; then
    export VK_ADD_LAYER_PATH=$sedx_vulkan/explicit_layer.d${VK_ADD_LAYER_PATH:+:$VK_ADD_LAYER_PATH}
fi

# A GPU counts when there are both a device and a driver for it.
sedx_has_gpu() {
    compgen -G '/dev/dri/renderD*' >/dev/null || compgen -G '/dev/nvidia[0-9]*' >/dev/null || [[ -e /dev/dxg ]] || return
    local folder
    for folder in /usr/share /usr/local/share /etc /usr/local/etc "${XDG_DATA_HOME:-${HOME:-}/.local/share}" \
        "${XDG_CONFIG_HOME:-${HOME:-}/.config}"; do
        find "$folder/vulkan/icd.d" -name '*.json' ! -name 'lvp_icd*' 2>/dev/null | grep -q . && return
    done
    return 1
}

# lavapipe from the prefix. Without a GPU it is to be the only driver (an older lavapipe of the system would otherwise be
# listed beside it); with one it comes in addition.
if [[ -f $sedx_vulkan/icd.d/lvp_icd.json && -z ${VK_DRIVER_FILES:-}${VK_ADD_DRIVER_FILES:-}${VK_ICD_FILENAMES:-} ]]; then
    if sedx_has_gpu; then
        export VK_ADD_DRIVER_FILES=$sedx_vulkan/icd.d/lvp_icd.json
    else
        export VK_DRIVER_FILES=$sedx_vulkan/icd.d/lvp_icd.json
    fi
fi
unset -f sedx_has_gpu
unset sedx_vulkan
