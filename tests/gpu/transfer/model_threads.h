// ModelThreads: several threads of a model, each with an Owner of its own: made with (system, seed), stepped, finished, gone.
#pragma once

#include "support/gpu_test.h"

#include <atomic>
#include <cstdio>
#include <thread>

namespace sedx::test
{
template <class Owner>
class ModelThreads
{
  public:
    ModelThreads(BufferSystem& system, uint64_t seed, uint64_t threads, int steps) : m_running(threads)
    {
        std::printf("seeds %llu and up\n", static_cast<unsigned long long>(seed));
        for (uint64_t thread = 0; thread < threads; ++thread)
            m_threads.emplace_back([this, &system, seed = seed + thread, steps] {
                {
                    Owner owner(system, seed);
                    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i)
                        owner.Step();
                    owner.Finish();
                }
                --m_running;
            });
    }
    bool AreRunning() const { return m_running != 0; }
    void Join()
    {
        for (std::thread& thread : m_threads)
            thread.join();
    }

  private:
    std::atomic<uint64_t> m_running;
    std::vector<std::thread> m_threads;
};
} // namespace sedx::test
