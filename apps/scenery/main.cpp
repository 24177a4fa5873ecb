// scenery: flies over real scenery, all of it in buffers of sedx, and writes pictures and a report.
#include "options.h"
#include "scene_run.h"

#include <cstdio>
#include <exception>

int main(int argc, char** argv)
{
    scenery::Options options;
    if (const std::optional<int> status = scenery::ParseOptions(argc, argv, options))
        return *status;
    try
    {
        return static_cast<int>(scenery::RunScene(options));
    }
    catch (const scenery::Failure& failure)
    {
        std::fprintf(stderr, "scenery: %s\n", failure.what());
        return static_cast<int>(failure.Status());
    }
    catch (const std::exception& error)
    {
        std::fprintf(stderr, "scenery: %s\n", error.what());
        return static_cast<int>(scenery::ExitStatus::Failed);
    }
}
