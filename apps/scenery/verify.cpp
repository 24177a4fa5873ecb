#include "verify.h"

#include "failure.h"

#include <sedx/profile.h>

#include <fmt/format.h>

#include <deque>

namespace scenery
{
namespace
{
constexpr uint64_t kMaxBytesUnderWay = 32ull << 20;

struct Check
{
    const VerifiedBuffer* source = nullptr;
    sedx::ReadbackTicket ticket;
};

void Compare(const Check& check, VerifyCounts& counts, std::vector<std::string>& faults)
{
    const auto bytes = Require(check.ticket.Wait(), "verification");
    ++counts.verified;
    const sedx::Buffer& buffer = check.source->buffer;
    if (bytes.size() == buffer.GetSize() && ContentHash(bytes) == check.source->contentHash)
        return;
    ++counts.mismatched;
    faults.push_back(fmt::format("buffer {} \"{}\" ({} bytes) differs from its source", buffer.ID().index,
                                 buffer.Name(), buffer.GetSize()));
}
} // namespace

VerifyCounts VerifyBuffers(sedx::BufferSystem& system, std::span<const GpuMesh* const> meshes,
                           std::vector<std::string>& faults)
{
    SEDX_PROFILE_SCOPE("VerifyBuffers");
    VerifyCounts counts;
    std::deque<Check> underWay;
    uint64_t bytes = 0;
    const auto finish = [&] {
        for (; !underWay.empty(); underWay.pop_front())
            Compare(underWay.front(), counts, faults);
        bytes = 0;
    };
    for (const GpuMesh* mesh : meshes)
    {
        for (const VerifiedBuffer& source : mesh->sources)
        {
            if (bytes + source.buffer.GetSize() > kMaxBytesUnderWay)
                finish();
            underWay.push_back({&source, Require(system.Readbacks().Request(source.buffer), "verification")});
            bytes += source.buffer.GetSize();
        }
    }
    finish();
    return counts;
}
} // namespace scenery
