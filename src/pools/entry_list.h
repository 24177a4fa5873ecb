// EntryList: a doubly linked list through the members `previous` and `next` of its elements. Owns nothing.
#pragma once

namespace sedx::detail
{
template <class T>
class EntryList
{
  public:
    T* Front() const noexcept { return m_front; }
    T* Back() const noexcept { return m_back; }

    void PushFront(T& entry) noexcept
    {
        entry.previous = nullptr;
        entry.next = m_front;
        (m_front != nullptr ? m_front->previous : m_back) = &entry;
        m_front = &entry;
    }
    void PushBack(T& entry) noexcept
    {
        entry.previous = m_back;
        entry.next = nullptr;
        (m_back != nullptr ? m_back->next : m_front) = &entry;
        m_back = &entry;
    }
    void Remove(T& entry) noexcept
    {
        (entry.previous != nullptr ? entry.previous->next : m_front) = entry.next;
        (entry.next != nullptr ? entry.next->previous : m_back) = entry.previous;
        entry.previous = entry.next = nullptr;
    }

  private:
    T* m_front = nullptr;
    T* m_back = nullptr;
};
} // namespace sedx::detail
