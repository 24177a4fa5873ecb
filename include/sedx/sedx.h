// Everything at once; includes only.
#pragma once

#include <sedx/bindless_buffer_system.h>
#include <sedx/buffer_pool_manager.h>
#include <sedx/buffer_system.h>
#include <sedx/counter_buffer.h>
#include <sedx/custom_memory_pool_manager.h>
#include <sedx/index_buffer.h>
#include <sedx/indirect_buffer.h>
#include <sedx/log.h>
#include <sedx/memory_budget.h>
#include <sedx/memory_strategy.h>
#include <sedx/profile.h>
#include <sedx/readback_buffer.h>
#include <sedx/requirements.h>
#include <sedx/ring_buffer.h>
#include <sedx/shader_layout.h>
#include <sedx/sparse_buffer.h>
#include <sedx/storage_buffer.h>
#include <sedx/texel_buffer.h>
#include <sedx/typed_buffer.h>
#include <sedx/uniform_buffer.h>
#include <sedx/vertex_buffer.h>
