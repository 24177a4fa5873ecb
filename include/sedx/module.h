// Module and ModuleStage: the systems of the library (and of the engine) that live by frames.
//
//     class Streamer : public sedx::Module { void OnUpdate() override { ... } };
//     system.Modules().Add(std::make_unique<Streamer>("Streamer"));
//
// The stage attaches and updates in the order of Add, detaches in reverse order, and updates once per BeginFrame on the
// thread that called it. OnUIRender runs only when something asks for it (ModuleStage::RenderUI), so the core has no UI.
#pragma once

#include <sedx/export.h>

#include <memory>
#include <string>
#include <vector>

namespace sedx
{
class SEDX_API Module
{
  public:
    explicit Module(std::string name) : m_name(std::move(name)) {}
    virtual ~Module();
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;

    virtual void OnAttach() {}
    virtual void OnUpdate() {} // skipped while disabled
    virtual void OnUIRender();  // calls the panel hook, if one is registered; skipped while disabled
    virtual void OnDetach() {}

    const std::string& GetName() const noexcept { return m_name; }
    bool IsEnabled() const noexcept { return m_isEnabled; }
    void SetEnabled(bool enabled) noexcept { m_isEnabled = enabled; }

    // How a UI library draws this module; registered by the UI target.
    using PanelHook = void (*)(Module& module, void* user);
    void SetPanelHook(PanelHook hook, void* user) noexcept;

  private:
    std::string m_name;
    bool m_isEnabled = true;
    PanelHook m_panelHook = nullptr;
    void* m_panelUser = nullptr;
};

// Not thread-safe: belongs to the thread that calls BeginFrame.
class SEDX_API ModuleStage
{
  public:
    ModuleStage() = default;
    ~ModuleStage(); // detaches in reverse order
    ModuleStage(const ModuleStage&) = delete;
    ModuleStage& operator=(const ModuleStage&) = delete;

    // Attaches at once. The returned reference lives as long as the stage.
    Module& Add(std::unique_ptr<Module> module);
    template <class M, class... Args>
    M& Emplace(Args&&... args)
    {
        return static_cast<M&>(Add(std::make_unique<M>(static_cast<Args&&>(args)...)));
    }
    Module* Find(const std::string& name) const noexcept;
    void Update();   // called by BufferSystem::BeginFrame
    void RenderUI(); // called by the engine when it draws its UI
    void DetachAll();

  private:
    std::vector<std::unique_ptr<Module>> m_modules;
};
} // namespace sedx
