// Numbers of a BufferSystem: plain data, read by UIs, JSON writers, tests and benchmarks alike.
#pragma once

#include <sedx/timeline.h>

namespace sedx
{
struct WaitReport
{
    uint64_t count = 0;
    uint64_t nanoseconds = 0;
};

struct MemoryReport
{
    uint64_t buffers = 0;   // live, one for each backing
    uint64_t bytes = 0;     // allocated now
    uint64_t peakBytes = 0; // looked at in BeginFrame, with each report, and when a buffer gets a VkBuffer of its own
};

struct HeapReport
{
    uint64_t sizeBytes = 0;
    uint64_t usageBytes = 0;  // of the process where the driver tells, else of this library
    uint64_t usedBytes = 0;   // of these, by this library
    uint64_t budgetBytes = 0; // for this library (sedx/memory_budget.h), never above sizeBytes
    bool deviceLocal = false;
};

struct Report
{
    uint64_t framesBegun = 0;
    uint64_t framesCompleted = 0;
    uint64_t liveBuffers = 0;      // handles' targets, not backings
    uint64_t createdBuffers = 0;   // since creation
    MemoryReport gpu;              // MemoryType::GPU and GPUUpload, without rings
    MemoryReport cpu;              // MemoryType::CPU without staging, and rings wherever they lie
    MemoryReport readback;         // MemoryType::Readback and read-back blocks
    MemoryReport staging;          // blocks of the upload path
    MemoryReport deviceLocal;      // everything of this library that lies in device-local heaps
    uint64_t committedBytes = 0;   // taken from the driver for all of these, warm memory included
    uint64_t blocks = 0;           // shared VkBuffers
    uint64_t blockBytes = 0;       // their size
    uint64_t blockFreeBytes = 0;   // of that, not handed out
    uint64_t pendingDestroyed = 0; // backings dropped, waiting for the GPU

    uint64_t writes = 0;          // calls of Write / elements of WriteMany
    uint64_t uploadedBytes = 0;   // all paths
    uint64_t directBytes = 0;     // of these, written in place
    uint64_t importedBytes = 0;   // of these, copied by the GPU straight from memory of the application
    uint64_t imports = 0;         // blocks that UploadQueue::Import imported, since creation
    uint64_t refusedImports = 0;  // and those that go by staging; ImportedMemory::Why says why
    uint64_t supersededBytes = 0; // never sent: overwritten before their submission
    uint64_t copyRegions = 0;     // recorded
    uint64_t scatteredCopies = 0; // recorded: short writes that the scatter shader carries out
    uint64_t inlinedCopies = 0;   // recorded: short writes by vkCmdUpdateBuffer
    uint64_t copiedBytes = 0;     // collected by UploadQueue::Copy
    uint64_t copiedByShader = 0;  // of these, recorded as work of the copy shader
    uint64_t submissions = 0;     // of the library, without those of Calibrate
    // Of these, to a queue for transfers alone.
    uint64_t transferQueueSubmissions = 0;
    uint64_t readbackBytes = 0;
    // Of writes with UploadPriority::Background; what was written over while it was queued is part of supersededBytes.
    uint64_t queuedWrites = 0;     // calls of which something waits to be sent
    uint64_t queuedBytes = 0;      // that wait
    uint64_t queueMemoryBytes = 0; // memory that holds them, unless the caller keeps them (SourceLifetime)
    uint64_t backgroundBytes = 0;  // sent since creation
    uint64_t promotedBytes = 0;    // of these, before their turn: something waited for them, read or copied them
    uint64_t cancelledBytes = 0;   // taken back by UploadQueue::Cancel
    uint64_t droppedBytes = 0;     // never sent: nobody had the buffer any more
    std::array<WaitReport, static_cast<size_t>(WaitCause::Count)> waits{};
    std::array<HeapReport, VK_MAX_MEMORY_HEAPS> heaps{};
    uint32_t heapCount = 0;

    const WaitReport& Waits(WaitCause cause) const noexcept { return waits[static_cast<size_t>(cause)]; }
};
} // namespace sedx
