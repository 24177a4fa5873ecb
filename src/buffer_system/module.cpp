#include <sedx/module.h>

#include <algorithm>

namespace sedx
{
Module::~Module() = default;

void Module::OnUIRender()
{
    if (m_panelHook != nullptr)
        m_panelHook(*this, m_panelUser);
}

void Module::SetPanelHook(PanelHook hook, void* user) noexcept
{
    m_panelHook = hook;
    m_panelUser = user;
}

ModuleStage::~ModuleStage()
{
    DetachAll();
}

Module& ModuleStage::Add(std::unique_ptr<Module> module)
{
    m_modules.push_back(std::move(module));
    Module& added = *m_modules.back();
    added.OnAttach();
    return added;
}

Module* ModuleStage::Find(const std::string& name) const noexcept
{
    const auto found = std::find_if(m_modules.begin(), m_modules.end(),
                                    [&](const auto& module) { return module->GetName() == name; });
    return found == m_modules.end() ? nullptr : found->get();
}

void ModuleStage::Update()
{
    for (size_t i = 0; i < m_modules.size(); ++i) // a module may add another one
        if (m_modules[i]->IsEnabled())
            m_modules[i]->OnUpdate();
}

void ModuleStage::RenderUI()
{
    for (size_t i = 0; i < m_modules.size(); ++i)
        if (m_modules[i]->IsEnabled())
            m_modules[i]->OnUIRender();
}

void ModuleStage::DetachAll()
{
    while (!m_modules.empty())
    {
        m_modules.back()->OnDetach();
        m_modules.pop_back();
    }
}
} // namespace sedx
