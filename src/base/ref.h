// Ref<T>: intrusive reference counting for internal objects. T has AddRef() and Release().
#pragma once

#include <utility>

namespace sedx
{
template <class T>
class Ref
{
  public:
    Ref() noexcept = default;
    explicit Ref(T* object) noexcept : m_object(object)
    {
        if (m_object != nullptr)
            m_object->AddRef();
    }
    // Takes over a reference that already exists.
    static Ref Adopt(T* object) noexcept
    {
        Ref ref;
        ref.m_object = object;
        return ref;
    }
    Ref(const Ref& other) noexcept : Ref(other.m_object) {}
    Ref(Ref&& other) noexcept : m_object(std::exchange(other.m_object, nullptr)) {}
    Ref& operator=(Ref other) noexcept
    {
        std::swap(m_object, other.m_object);
        return *this;
    }
    ~Ref()
    {
        if (m_object != nullptr)
            m_object->Release();
    }
    // The reference stays; whoever asked looks after it.
    T* Detach() noexcept { return std::exchange(m_object, nullptr); }
    T* Get() const noexcept { return m_object; }
    T* operator->() const noexcept { return m_object; }
    T& operator*() const noexcept { return *m_object; }
    explicit operator bool() const noexcept { return m_object != nullptr; }

  private:
    T* m_object = nullptr;
};
} // namespace sedx
