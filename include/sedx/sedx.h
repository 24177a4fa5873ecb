// Everything at once; includes only.
#pragma once

#include <sedx/buffer_system.h>
#include <sedx/log.h>
#include <sedx/memory_budget.h>
#include <sedx/memory_strategy.h>
#include <sedx/profile.h>
#include <sedx/requirements.h>
#include <sedx/ring_buffer.h>
