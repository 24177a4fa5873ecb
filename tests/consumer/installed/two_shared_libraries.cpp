// Loads both libraries with all their symbols visible to each other, the hardest way, and lets both work at once.
#include <atomic>
#include <cstdio>
#include <dlfcn.h>
#include <thread>
#include <vector>

namespace
{
struct Library
{
    void* handle = nullptr;
    void* (*start)() = nullptr;
    int (*work)(void*, unsigned) = nullptr;
    int (*log)(int) = nullptr;
    void (*stop)(void*) = nullptr;
    void* plugin = nullptr;

    explicit Library(const char* path) : handle(dlopen(path, RTLD_NOW | RTLD_GLOBAL))
    {
        if (handle == nullptr)
        {
            std::fprintf(stderr, "%s\n", dlerror());
            return;
        }
        start = reinterpret_cast<void* (*)()>(dlsym(handle, "PluginStart"));
        work = reinterpret_cast<int (*)(void*, unsigned)>(dlsym(handle, "PluginWork"));
        log = reinterpret_cast<int (*)(int)>(dlsym(handle, "PluginLog"));
        stop = reinterpret_cast<void (*)(void*)>(dlsym(handle, "PluginStop"));
    }
};
} // namespace

int main()
{
    Library a(PLUGIN_A);
    Library b(PLUGIN_B);
    if (a.handle == nullptr || b.handle == nullptr || a.work == b.work)
        return 1;
    a.plugin = a.start();
    b.plugin = b.start();
    if (a.plugin == nullptr || b.plugin == nullptr)
        return 1;

    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (Library* library : {&a, &b, &a, &b})
        threads.emplace_back([library, &failures] {
            for (unsigned i = 0; i < 20; ++i)
                failures += library->work(library->plugin, i * 1000);
        });
    for (std::thread& thread : threads)
        thread.join();

    // Each library contains a sedx of its own: what is said to one log does not arrive at the other.
    const bool separate = a.log(0) == 0 && b.log(3) == 3 && a.log(0) == 0 && a.log(1) == 1 && b.log(0) == 3;
    if (!separate)
        std::fprintf(stderr, "the two libraries share a log\n");

    a.stop(a.plugin); // the first one goes first; the other works on
    failures += b.work(b.plugin, 7);
    b.stop(b.plugin);
    return failures == 0 && separate ? 0 : 1;
}
