// Imported memory: registering it, copying from it, giving it back.
#include "transfer/host_import.h"

#include "transfer/transfer_engine.h"

#include <sedx/log.h>
#include <sedx/profile.h>

#include <algorithm>

namespace sedx
{
// ---- the import ----------------------------------------------------------------------------------------------------

// The second reference is never given back: the core, which did not make the backing, must not take it apart.
HostImport::Piece::Piece(BufferCore& core, const BufferMemory& memory) : backing(core, memory, MemoryRole::Staging, 0)
{
    backing.AddRef();
    block.backing = Ref<Backing>(&backing);
    block.capacity = memory.bytes;
}

bool HostImport::Import(const ImportOptions& options)
{
    DeviceState& device = m_core.Device();
    const uint64_t alignment = device.hostImportAlignment;
    if (alignment == 0)
    {
        m_why = fmt::format("device '{}' cannot import host memory: VK_EXT_external_memory_host is not enabled",
                            device.name);
        return false;
    }
    const auto address = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(m_block.data()));
    const AlignedRange aligned = AlignForImport(address, m_block.size(), alignment, options.wholePages);
    if (aligned.inside.IsEmpty())
    {
        m_why = fmt::format("no whole unit of {} bytes lies in the {} bytes of the block", alignment, m_block.size());
        return false;
    }
    m_range = aligned.inside;
    m_before = aligned.before;
    auto memory = std::make_unique<HostMemory>(device);
    const std::byte* begin = m_block.data() + m_range.begin - m_before;
    if (auto made = memory->Import({begin, m_range.end - m_range.begin + m_before + aligned.behind}); !made)
    {
        m_why = std::move(made.error().message);
        return false;
    }
    m_memory = std::move(memory);
    for (size_t i = 0; i < m_memory->PieceCount(); ++i)
        m_pieces.emplace_back(m_core, m_memory->Piece(i));
    m_why = fmt::format("{} of {} bytes are imported, in {} pieces", m_range.end - m_range.begin, m_block.size(),
                        m_pieces.size());
    m_alive.store(true);
    return true;
}

void HostImport::Destroy() noexcept
{
    const std::lock_guard lock(m_mutex);
    m_alive.store(false);
    m_pieces.clear();
    m_memory.reset();
}

VkResult HostImport::Flush(const HostRange& range) noexcept
{
    return m_memory->Flush(InMemory(range.begin), range.end - range.begin);
}

std::vector<CopyOp> HostImport::CopiesOf(const HostRange& range, uint64_t destination)
{
    std::vector<CopyOp> copies;
    const uint64_t pieceBytes = m_memory->PieceBytes();
    for (uint64_t at = InMemory(range.begin), end = InMemory(range.end); at < end;)
    {
        sedx::Block& piece = m_pieces[at / pieceBytes].block;
        const uint64_t from = at % pieceBytes;
        const uint64_t bytes = std::min(end - at, piece.capacity - from);
        copies.push_back({destination, from, bytes, &piece});
        destination += bytes;
        at += bytes;
    }
    return copies;
}

void HostImports::Add(const std::shared_ptr<HostImport>& import)
{
    const std::lock_guard lock(m_mutex);
    std::erase_if(m_imports, [](const auto& entry) { return entry.expired(); });
    m_imports.push_back(import);
}

void HostImports::DestroyAll() noexcept
{
    std::vector<std::weak_ptr<HostImport>> imports;
    {
        const std::lock_guard lock(m_mutex);
        imports.swap(m_imports);
    }
    for (const auto& entry : imports)
        if (const auto import = entry.lock())
            import->Destroy();
}

// ---- the engine ----------------------------------------------------------------------------------------------------

Result<std::shared_ptr<HostImport>> TransferEngine::Import(std::span<const std::byte> block,
                                                           const ImportOptions& options)
{
    SEDX_PROFILE_SCOPE("TransferEngine::Import");
    if (!m_alive.load())
        return Fail(ErrorCode::WrongState, "the system is gone");
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    if (block.empty())
        return Fail(ErrorCode::InvalidArgument, "0 bytes of host memory cannot be imported");
    auto import = std::make_shared<HostImport>(*m_core, block);
    if (import->Import(options))
    {
        m_imports.Add(import);
        m_counters.imports.fetch_add(1, std::memory_order_relaxed);
        return import;
    }
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    m_counters.refusedImports.fetch_add(1, std::memory_order_relaxed);
    SEDX_CORE_WARN_TAG("TRANSFER", "{} bytes of host memory go by staging: {}", block.size(), import->Why());
    return import;
}

Result<UploadTicket::Carriers> TransferEngine::WriteImported(const Buffer& buffer, uint64_t offset,
                                                             const ImportedView& view, const WriteOptions& options)
{
    const std::shared_ptr<HostImport>& import = view.memory.Import();
    if (!import)
        return Fail(ErrorCode::InvalidArgument, "an empty handle to imported memory was given to Write");
    if (!import->IsOf(*m_core))
        return Fail(ErrorCode::WrongState, "{} bytes of memory were imported by another system",
                    import->Block().size());
    const uint64_t blockBytes = import->Block().size();
    const uint64_t bytes =
        view.bytes == ImportedView::kWhole && view.offset <= blockBytes ? blockBytes - view.offset : view.bytes;
    if (!FitsInto(view.offset, bytes, blockBytes))
        return Fail(ErrorCode::OutOfRange, "bytes {} + {} leave the imported block of {} bytes", view.offset, bytes,
                    blockBytes);
    const std::span<const std::byte> source = import->Block().subspan(view.offset, bytes);
    const BufferWrite whole{buffer, offset, source};
    if (auto writable = CheckWritable(buffer, offset, bytes); !writable)
        return Forward(writable);
    const HostRange imported = import->Imported();
    const HostRange middle{std::max(view.offset, imported.begin), std::min(view.offset + bytes, imported.end)};
    if (middle.IsEmpty() || import->Flush(middle) != VK_SUCCESS)
        return Write({&whole, 1}, options);

    // The ends, where they are not imported; as ordinary writes they come first, because they may fail.
    Carriers carriers;
    std::vector<BufferWrite> ends;
    if (const uint64_t head = middle.begin - view.offset; head != 0)
        ends.push_back({buffer, offset, source.first(head)});
    if (const uint64_t tail = view.offset + bytes - middle.end; tail != 0)
        ends.push_back({buffer, offset + bytes - tail, source.last(tail)});
    if (auto written = Write(ends, options); written)
        carriers = *written;
    else
        return written;

    const std::lock_guard lock(m_mutex);
    CollectLanes();
    const Ref<Backing> backing = BackingOf(*buffer.Resource());
    SupersedeQueued(*backing, offset + middle.begin - view.offset, middle.end - middle.begin);
    ListFor(*backing).Append(import->CopiesOf(middle, offset + middle.begin - view.offset));
    m_current->Keep(import);
    import->lastBatch.store(m_current->number);
    backing->lastBatch.store(m_current->number);
    const uint64_t direct = middle.end - middle.begin;
    m_counters.writes.fetch_add(1 - ends.size(), std::memory_order_relaxed); // one in all; Write has counted the ends
    m_counters.uploadedBytes.fetch_add(direct, std::memory_order_relaxed);
    m_counters.importedBytes.fetch_add(direct, std::memory_order_relaxed);
    carriers.firstBatch = carriers.firstBatch == 0 ? m_current->number : carriers.firstBatch;
    carriers.lastBatch = m_current->number;
    return carriers;
}

Result<void> TransferEngine::Release(HostImport& import, uint64_t timeoutNs)
{
    if (!m_alive.load())
        return {};
    const uint64_t last = import.lastBatch.load();
    if (!IsComplete(last))
        if (auto waited = Wait({last, last, 0}, timeoutNs, WaitCause::Import); !waited && !IsComplete(last))
            return waited;
    import.Destroy();
    return {};
}

// ---- the handle ----------------------------------------------------------------------------------------------------

ImportedMemory::ImportedMemory() noexcept = default;

ImportedMemory::ImportedMemory(std::shared_ptr<TransferEngine> engine, std::shared_ptr<HostImport> import) noexcept
    : m_engine(std::move(engine)), m_import(std::move(import))
{
}

ImportedMemory::ImportedMemory(ImportedMemory&& other) noexcept = default;

ImportedMemory& ImportedMemory::operator=(ImportedMemory&& other) noexcept
{
    if (this == &other)
        return *this;
    GiveBack();
    m_engine = std::move(other.m_engine);
    m_import = std::move(other.m_import);
    return *this;
}

ImportedMemory::~ImportedMemory() { GiveBack(); }

void ImportedMemory::GiveBack() noexcept
{
    if (const auto released = Release(); !released)
        SEDX_CORE_ERROR_TAG("TRANSFER",
                            "{} bytes of imported memory must stay until the copies from them have passed: {}",
                            Block().size(), released.error().message);
    m_import = {};
    m_engine = {};
}

std::span<const std::byte> ImportedMemory::Block() const noexcept
{
    return m_import ? m_import->Block() : std::span<const std::byte>();
}

bool ImportedMemory::IsImported() const noexcept { return m_import && m_import->IsAlive(); }

uint64_t ImportedMemory::ImportedBytes() const noexcept
{
    const HostRange range = m_import ? m_import->Imported() : HostRange{};
    return range.end - range.begin;
}

std::string ImportedMemory::Why() const
{
    if (!m_import)
        return "an empty handle has no memory";
    return m_import->Why();
}

Result<void> ImportedMemory::Release(uint64_t timeoutNs)
{
    if (!m_import)
        return {};
    if (auto released = m_engine->Release(*m_import, timeoutNs); !released)
        return released;
    m_import = {};
    m_engine = {};
    return {};
}
} // namespace sedx
