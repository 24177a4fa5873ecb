// TransferProfile: which way the bytes of writes and copies take on one device, as figures. Copy commands, the scatter
// shader, updates inside of a command buffer and writes in place differ by orders of magnitude, and no two drivers agree
// where one becomes better than the other (docs/transfers.md). So they are measured, once for each device and driver.
//
//     sedx::BufferSystemDesc desc{.device = device};
//     desc.profile.calibrate = true; // the first start measures and keeps the result, later ones read it
//     auto system = *sedx::BufferSystem::Create(desc);
//     std::printf("scattered up to %llu bytes\n", system->GetTransferProfile().scatterMaxBytes);
//
// Does NOT change what arrives, or when: only what it costs. Plain data; copies are independent of the system.
#pragma once

#include <sedx/export.h>

#include <cstdint>
#include <optional>
#include <string>

namespace sedx
{
// Where a profile comes from.
enum class ProfileOrigin : uint32_t
{
    BuiltIn,  // figures of devices of this kind that others measured
    Stored,   // measured on this device earlier, and read from the profile folder
    Measured, // measured on this device by this system
    Given,    // by the engine: TransferProfileDesc::given
};
// "built in", "stored, measured on this device earlier"...: fits behind "profile: ".
SEDX_API const char* ToString(ProfileOrigin origin) noexcept;

// Everything in bytes or numbers of writes. ~0 means "no limit", or "never" for a beginning.
struct TransferProfile
{
    // ---- short writes; read when a batch is recorded (Submit, SubmitSync, EndFrame, CmdFlush)
    uint64_t scatterMaxBytes = 512; // 0 .. 65,535; longer writes go by copy regions. 0: the shader is not used
    uint64_t scatterMinWrites = 16; // 1 and more; fewer between two barriers are not worth a dispatch
    uint32_t scatterLaneBytes = 4;  // 4 .. 65,536; what one invocation of the shader copies if there are enough of them
    uint64_t inlineMaxBytes = 0;    // 0 .. 65,536; longest write by vkCmdUpdateBuffer. 0: none
    uint64_t inlineMaxWrites = 0;   // most of them between two barriers: their bytes lie in the command buffer

    // ---- writes in place; read by Write and WriteMany
    // Longest call that is written in place into device memory that the CPU can map, if the buffer is idle. Idle buffers in
    // host memory are written in place whatever the length.
    uint64_t directMaxBytes = ~uint64_t{0};

    // ---- copies on the device
    uint64_t computeCopyMinBytes = ~uint64_t{0}; // from this size on a shader moves bytes between device buffers

    // ---- long uploads; read by Write and WriteMany, the queue when a batch is submitted
    uint64_t chunkBytes =
        4ull << 20;           // 64 KiB .. 1 GiB; what one submission carries while the next bytes are being filled, in pieces
                              // of a staging block; a quarter of staging at most (BufferSystemDesc::stagingLimitBytes)
    uint32_t copyThreads = 1; // 1 .. 64; threads that fill a chunk or plan many writes together, with the caller. Taken when
                              // a system is created: what Calibrate finds counts from the next one on
    bool useTransferQueue = false; // a queue for transfers alone was faster than queue 0 (TransferQueue::Auto)

    ProfileOrigin origin = ProfileOrigin::BuiltIn;

    friend bool operator==(const TransferProfile&, const TransferProfile&) = default;
};

// Where a system gets its profile. In this order: `given`; a stored one of exactly this device, driver and machine;
// with `calibrate` a measurement; the built-in one.
struct TransferProfileDesc
{
    std::optional<TransferProfile> given{}; // InvalidArgument from BufferSystem::Create if a field is out of its range
    // Reads and writes files in `folder`: one small text file for each device. false: no file is touched.
    bool useStored = true;
    // UTF-8; made when something is stored. Empty: $XDG_CACHE_HOME/sedx, else $HOME/.cache/sedx; %LOCALAPPDATA%\sedx on
    // Windows; $HOME/Library/Caches/sedx on macOS.
    std::string folder{};
    // Measures at creation if nothing is given or stored: BufferSystem::Calibrate. If that fails, a line in the log says
    // why, and the built-in profile stands; only a lost device makes the creation fail.
    bool calibrate = false;
};
} // namespace sedx
