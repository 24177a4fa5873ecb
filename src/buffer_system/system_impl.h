// The parts of a BufferSystem.
#pragma once

#include "frame/event_pool.h"
#include "transfer/sparse_binder.h"

#include <sedx/buffer_system.h>

namespace sedx
{
struct BufferSystem::Impl
{
    BufferSystemDesc desc;
    std::shared_ptr<BufferCore> core;
    std::shared_ptr<TransferEngine> transfers;
    std::unique_ptr<UploadQueue> uploads;
    std::unique_ptr<ReadbackQueue> readbacks;
    std::unique_ptr<BufferFactory> factory;
    std::unique_ptr<SparseBinder> sparse;
    std::unique_ptr<EventPool> events; // of split barriers
    ModuleStage modules;

    void Poll() noexcept;        // never submits
    void PollAndBind() noexcept; // and sends the binds of pages that leave sparse buffers
};
} // namespace sedx
