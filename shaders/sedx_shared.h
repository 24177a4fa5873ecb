// What the library and its shaders share: the table of buffers and what checked shaders report. C++ and GLSL.
#ifndef SEDX_SHARED_H
#define SEDX_SHARED_H

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
namespace sedx::shared
{
using uint = uint32_t;
using Address = uint64_t;
#define SEDX_CONST static constexpr uint32_t
#else
#define Address uvec2
#define SEDX_CONST const uint
#endif

SEDX_CONST kSlotBits = 20u; // of a resource ID; the generation is above
SEDX_CONST kSlotMask = (1u << 20u) - 1u;
SEDX_CONST kFaults = 1024u; // a power of two: room for so many faults until they are read back

SEDX_CONST kNoFault = 0u;
SEDX_CONST kFaultOutOfBounds = 1u;
SEDX_CONST kFaultStaleSlot = 2u;
SEDX_CONST kFaultEmptySlot = 3u;

struct TableHeader // before the entries
{
    uint slots;         // of this copy
    uint frame;         // that uses it, modulo 2^32
    Address faults;     // of the ring of faults; 0: nobody reads them
    Address usedFrames; // of one uint a slot; 0: nobody reads them
    uint reserved0;
    uint reserved1;
};

struct TableEntry
{
    Address address;      // of the first byte
    Address bytes;        // 64 bits, low half first
    uint id;              // 0: nothing is registered
    uint descriptorBytes; // how many of the bytes the descriptor reaches
    uint isDeviceLocal;   // 1: lies in a device-local heap
    uint reserved;
};

struct Fault
{
    uint kind;
    uint id;
    uint index;
    uint elementBytes;
    uint tag;
    uint frame;
    uint reserved0;
    uint reserved1;
};

struct FaultHeader // before the ring
{
    uint written; // faults since the start, modulo 2^32; the newest kFaults of them are in the ring
    uint reserved0;
    uint reserved1;
    uint reserved2;
};

#ifdef __cplusplus
static_assert(sizeof(TableHeader) == 32 && sizeof(TableEntry) == 32 && sizeof(Fault) == 32 && sizeof(FaultHeader) == 16);
// sedx.glsl writes a Fault as two vectors.
static_assert(offsetof(Fault, kind) == 0 && offsetof(Fault, id) == 4 && offsetof(Fault, index) == 8 &&
              offsetof(Fault, elementBytes) == 12 && offsetof(Fault, tag) == 16 && offsetof(Fault, frame) == 20);
} // namespace sedx::shared
#endif
#undef SEDX_CONST
#ifndef __cplusplus
#undef Address
#endif
#endif
