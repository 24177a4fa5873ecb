// ModelThreads: several threads of a model, each with an Owner of its own: made with (system, seed, thread), stepped,
// finished, gone.
#pragma once

#include "support/gpu_test.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace sedx::test
{
// How many operations one seed of a model has, those of all its threads together: the variable SEDX_MODEL_OPERATIONS, or
// what the model itself says.
inline uint64_t ModelOperations(uint64_t usual)
{
    const char* text = std::getenv("SEDX_MODEL_OPERATIONS");
    return text != nullptr ? std::strtoull(text, nullptr, 0) : usual;
}

// Says what to repeat after a failure.
inline void PrintModel(uint64_t seed, uint64_t operations)
{
    std::printf("SEDX_TEST_SEED=%llu, %llu operations\n", static_cast<unsigned long long>(Random(seed).Seed()),
                static_cast<unsigned long long>(operations));
    std::fflush(stdout);
}

template <class Owner>
class ModelThreads
{
  public:
    ModelThreads(BufferSystem& system, uint64_t seed, uint64_t threads, uint64_t operations) : m_running(threads)
    {
        PrintModel(seed, operations);
        for (uint64_t thread = 0; thread < threads; ++thread)
            m_threads.emplace_back([this, &system, seed, thread, steps = (operations + threads - 1) / threads] {
                {
                    Owner owner(system, seed, thread);
                    for (uint64_t i = 0; i < steps && !testing::Test::HasFailure(); ++i)
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
