// Everything at once; includes only.
#pragma once

#include <sedx/bindless_buffer_system.h>
#include <sedx/buffer_pool_manager.h>
#include <sedx/buffer_system.h>
#include <sedx/custom_memory_pool_manager.h>
#include <sedx/log.h>
#include <sedx/memory_budget.h>
#include <sedx/memory_strategy.h>
#include <sedx/profile.h>
#include <sedx/requirements.h>
#include <sedx/ring_buffer.h>
