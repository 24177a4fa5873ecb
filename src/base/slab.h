// Slab<T>: room for many objects of one type, 64 to a chunk. Objects that are made after each other lie beside each other,
// and making one costs a bit scan instead of a call of the heap. Not thread-safe.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

// GCC says it with a macro, Clang with a feature.
#if defined(__has_feature)
#define SEDX_HAS_ASAN __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define SEDX_HAS_ASAN 1
#else
#define SEDX_HAS_ASAN 0
#endif
#if SEDX_HAS_ASAN
#include <sanitizer/asan_interface.h>
#define SEDX_POISON(address, bytes) ASAN_POISON_MEMORY_REGION(address, bytes)
#define SEDX_UNPOISON(address, bytes) ASAN_UNPOISON_MEMORY_REGION(address, bytes)
#else
#define SEDX_POISON(address, bytes) static_cast<void>(0)
#define SEDX_UNPOISON(address, bytes) static_cast<void>(0)
#endif

namespace sedx
{
template <class T>
class Slab
{
  public:
    Slab() noexcept = default;
    ~Slab() // objects that are left go without their destructor
    {
        for (Chunk** list : {&m_roomy, &m_full})
            while (Chunk* chunk = *list)
                Free(*chunk, *list);
    }
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;

    template <class... Arguments>
    T* New(Arguments&&... arguments)
    {
        if (m_roomy == nullptr)
            Link(*new Chunk, m_roomy);
        Chunk& chunk = *m_roomy;
        Cell& cell = chunk.cells[std::countr_zero(chunk.free)];
        SEDX_UNPOISON(&cell.object, sizeof(T));
        T* object = std::construct_at(&cell.object, std::forward<Arguments>(arguments)...);
        cell.chunk = &chunk; // after everything that may throw
        chunk.free &= chunk.free - 1;
        if (chunk.free == 0)
            Move(chunk, m_roomy, m_full);
        return object;
    }

    void Delete(T* object) noexcept
    {
        Cell& cell = *reinterpret_cast<Cell*>(object); // its first member
        Chunk& chunk = *cell.chunk;
        std::destroy_at(object);
        SEDX_POISON(object, sizeof(T));
        if (chunk.free == 0)
            Move(chunk, m_full, m_roomy);
        chunk.free |= uint64_t{1} << (&cell - chunk.cells);
        // One empty chunk stays: the next object may come at once.
        if (chunk.free == ~uint64_t{0} && (chunk.previous != nullptr || chunk.next != nullptr))
            Free(chunk, m_roomy);
    }

    // Calls visit(T&) for all objects; it must not make or delete any.
    template <class Visit>
    void ForEach(Visit&& visit)
    {
        for (Chunk* list : {m_roomy, m_full})
            for (Chunk* chunk = list; chunk != nullptr; chunk = chunk->next)
                for (uint64_t live = ~chunk->free; live != 0; live &= live - 1)
                    visit(chunk->cells[std::countr_zero(live)].object);
    }

  private:
    struct Chunk;
    struct Cell
    {
        Cell() noexcept { SEDX_POISON(&object, sizeof(T)); }
        ~Cell() {}
        union
        {
            T object;
        };
        Chunk* chunk;
    };
    struct Chunk
    {
        uint64_t free = ~uint64_t{0}; // a bit for each cell
        Chunk* previous = nullptr;
        Chunk* next = nullptr;
        Cell cells[64];
    };
    static void Link(Chunk& chunk, Chunk*& head) noexcept
    {
        chunk.previous = nullptr;
        chunk.next = head;
        if (head != nullptr)
            head->previous = &chunk;
        head = &chunk;
    }
    static void Unlink(Chunk& chunk, Chunk*& head) noexcept
    {
        (chunk.previous != nullptr ? chunk.previous->next : head) = chunk.next;
        if (chunk.next != nullptr)
            chunk.next->previous = chunk.previous;
    }
    static void Move(Chunk& chunk, Chunk*& from, Chunk*& to) noexcept
    {
        Unlink(chunk, from);
        Link(chunk, to);
    }
    static void Free(Chunk& chunk, Chunk*& list) noexcept
    {
        Unlink(chunk, list);
        SEDX_UNPOISON(&chunk, sizeof(Chunk));
        delete &chunk;
    }

    Chunk* m_roomy = nullptr;
    Chunk* m_full = nullptr;
};
} // namespace sedx
