// SparseBinder: binds the pages of all sparse buffers of a system, and keeps what the GPU may still be binding.
#pragma once

#include "buffer/sparse_pages.h"
#include "transfer/transfer_engine.h"

namespace sedx
{
class SparseBinder
{
  public:
    SparseBinder(BufferCore& core, TransferEngine& transfers);

    // Errors: MissingFeature.
    static Result<void> CheckSupport(const DeviceState& device);
    // Errors: see SparseBuffer::Create.
    Result<Buffer> Create(const BufferDesc& desc, const std::source_location& where);
    Result<void> Commit(const Buffer& buffer, uint64_t offset, uint64_t bytes);
    Result<void> Decommit(const Buffer& buffer, uint64_t offset, uint64_t bytes);

    // Polled: unbinds what may leave, lets go what has passed.
    void Update() noexcept;
    // Nothing is bound any more. Once, before the core shuts down.
    void Stop() noexcept;
    // The GPU has passed.
    void ReleaseAll() noexcept;

    // The pages of a buffer that Create made, kept alive with the backing; null once its system is gone.
    static Ref<Backing> BackingOf(const Buffer& buffer) noexcept;
    static SparsePages& PagesOf(Backing& backing) noexcept { return static_cast<SparsePages&>(*backing.part); }

  private:
    SparsePages::Bind Binding() noexcept;
    uint64_t FreePages() noexcept; // what a poll would; bytes
    void Keep(const Ref<Backing>& backing);

    BufferCore& m_core;
    TransferEngine& m_transfers;
    std::shared_ptr<std::atomic<uint64_t>> m_addresses = std::make_shared<std::atomic<uint64_t>>(0);
    uint64_t m_pressureHandler = 0;
    std::atomic<bool> m_isStopped{false};
    std::mutex m_mutex;
    std::vector<Ref<Backing>> m_busy; // pages that are being bound or leave
};
} // namespace sedx
