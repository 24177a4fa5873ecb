// Module and ModuleStage: order, enabling, and that everything runs once per BeginFrame on its thread.
#include "support/gpu_test.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <thread>

namespace sedx::test
{
namespace
{
using Story = std::vector<std::string>;

class TellingModule : public Module
{
  public:
    TellingModule(std::string name, Story& story) : Module(std::move(name)), m_story(&story) {}
    ~TellingModule() override { Tell("destroyed"); }

    void OnAttach() override { Tell("attach"); }
    void OnUpdate() override
    {
        Tell("update");
        thread = std::this_thread::get_id();
    }
    void OnUIRender() override
    {
        Tell("ui");
        Module::OnUIRender();
    }
    void OnDetach() override { Tell("detach"); }

    std::thread::id thread;

  private:
    void Tell(const char* what) { m_story->push_back(GetName() + " " + what); }
    Story* m_story;
};

class ModuleStageTest : public GpuTest
{};

TEST_F(ModuleStageTest, RunsInOrderAndDetachesInReverse)
{
    Story story;
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    system->Modules().Emplace<TellingModule>("a", story);
    system->Modules().Add(std::make_unique<TellingModule>("b", story));
    EXPECT_EQ(story, (Story{"a attach", "b attach"}));
    story.clear();
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    EXPECT_EQ(story, (Story{"a update", "b update"}));
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
    EXPECT_EQ(story.size(), 2u);
    story.clear();
    system.reset();
    ASSERT_GE(story.size(), 2u);
    EXPECT_EQ(story[0], "b detach");
    EXPECT_THAT(story, testing::Contains("a detach"));
    EXPECT_LT(std::ranges::find(story, "b detach"), std::ranges::find(story, "a detach"));
}

TEST_F(ModuleStageTest, UpdatesOncePerBeginFrameOnItsThread)
{
    Story story;
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    auto& module = system->Modules().Emplace<TellingModule>("m", story);
    story.clear();
    std::thread([&] {
        for (int i = 0; i < 3; ++i)
        {
            const auto frame = system->BeginFrame();
            EXPECT_TRUE(Ok(frame));
            EXPECT_EQ(module.thread, std::this_thread::get_id());
            if (frame)
            {
                EXPECT_TRUE(Ok(system->EndFrame(*frame)));
            }
        }
    }).join();
    EXPECT_EQ(story.size(), 3u);
    EXPECT_NE(module.thread, std::this_thread::get_id());
}

TEST_F(ModuleStageTest, DisabledModulesAreSkipped)
{
    Story story;
    ModuleStage stage;
    auto& a = stage.Emplace<TellingModule>("a", story);
    stage.Emplace<TellingModule>("b", story);
    EXPECT_TRUE(a.IsEnabled());
    a.SetEnabled(false);
    EXPECT_FALSE(a.IsEnabled());
    story.clear();
    stage.Update();
    EXPECT_EQ(story, (Story{"b update"}));
    a.SetEnabled(true);
    story.clear();
    stage.Update();
    EXPECT_EQ(story, (Story{"a update", "b update"}));
    // Detached all the same.
    a.SetEnabled(false);
    story.clear();
    stage.DetachAll();
    EXPECT_THAT(story, testing::Contains("a detach"));
}

TEST_F(ModuleStageTest, PanelsAreDrawnByTheHook)
{
    Story story;
    ModuleStage stage;
    auto& a = stage.Emplace<TellingModule>("a", story);
    auto& b = stage.Emplace<TellingModule>("b", story);
    std::vector<std::string> drawn;
    const Module::PanelHook hook = [](Module& module, void* user) {
        static_cast<std::vector<std::string>*>(user)->push_back(module.GetName());
    };
    a.SetPanelHook(hook, &drawn);
    stage.Update();
    EXPECT_TRUE(drawn.empty()); // only when something asks for it
    stage.RenderUI();
    EXPECT_EQ(drawn, (std::vector<std::string>{"a"}));
    b.SetPanelHook(hook, &drawn);
    a.SetEnabled(false);
    stage.RenderUI();
    EXPECT_EQ(drawn, (std::vector<std::string>{"a", "b"}));
    b.SetPanelHook(nullptr, nullptr);
    stage.RenderUI();
    EXPECT_EQ(drawn.size(), 2u);
}

TEST_F(ModuleStageTest, FindsByName)
{
    Story story;
    ModuleStage stage;
    auto& a = stage.Emplace<TellingModule>("a", story);
    EXPECT_EQ(stage.Find("a"), &a);
    EXPECT_EQ(stage.Find("none"), nullptr);
    EXPECT_EQ(a.GetName(), "a");
}

TEST_F(ModuleStageTest, DetachAllOnlyOnce)
{
    Story story;
    {
        ModuleStage stage;
        stage.Emplace<TellingModule>("a", story);
        stage.Emplace<TellingModule>("b", story);
        stage.DetachAll();
        stage.DetachAll();
        stage.Update();
    }
    EXPECT_EQ(std::ranges::count(story, "a detach"), 1);
    EXPECT_EQ(std::ranges::count(story, "b detach"), 1);
    EXPECT_EQ(std::ranges::count(story, "a destroyed"), 1);
}

// A module is attached to a working system, may use it in every callback, and add another module.
class WorkingModule : public Module
{
  public:
    explicit WorkingModule(BufferSystem& system) : Module("working"), m_system(system) {}

    void OnAttach() override
    {
        auto made = m_system.CreateBuffer(256, BufferUsage::Storage, MemoryType::GPU, "of the module");
        EXPECT_TRUE(Ok(made));
        if (made)
            m_buffer = *made;
    }
    void OnUpdate() override
    {
        ++updates;
        EXPECT_TRUE(Ok(m_system.Uploads().Write(m_buffer, 0, Filled(static_cast<uint8_t>(updates), 256))));
        m_system.Poll();
        m_system.GetReport();
    }
    void OnDetach() override
    {
        EXPECT_TRUE(SameBytes(Filled(static_cast<uint8_t>(updates), 256), ReadBack(m_system, m_buffer)));
        m_buffer = {};
    }

    int updates = 0;

  private:
    BufferSystem& m_system;
    Buffer m_buffer;
};

TEST_F(ModuleStageTest, ModulesMayUseTheSystem)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    auto& module = system->Modules().Emplace<WorkingModule>(*system);
    for (int i = 0; i < 5; ++i)
        commands.RunFrame(*system);
    EXPECT_EQ(module.updates, 5);
    m_log.Clear();
    system.reset();
    EXPECT_EQ(m_log.Text(), "") << "the module dropped its buffer in OnDetach";
}
} // namespace
} // namespace sedx::test
