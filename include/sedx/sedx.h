// Everything at once; includes only.
#pragma once

#include <sedx/barriers.h>
#include <sedx/buffer_pool_manager.h>
#include <sedx/buffer_system.h>
#include <sedx/custom_memory_pool_manager.h>
#include <sedx/hazard_tracker.h>
#include <sedx/host_visibility.h>
#include <sedx/log.h>
#include <sedx/memory_budget.h>
#include <sedx/memory_strategy.h>
#include <sedx/ownership_transfer.h>
#include <sedx/per_frame.h>
#include <sedx/profile.h>
#include <sedx/requirements.h>
#include <sedx/ring_buffer.h>
#include <sedx/split_barrier.h>
