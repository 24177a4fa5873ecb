// Access to the buffers of a BindlessBufferSystem, by resource ID.
//
//     #extension GL_GOOGLE_include_directive : require
//     #include "sedx.glsl"
//     struct Instance { vec4 place; };
//     SEDX_READONLY_BUFFER(Instances, Instance, 16)  // declares InstancesLoad, ...
//     SEDX_BUFFER(Visible, uint, 4)                  // and VisibleStore
//     ... VisibleStore(pc.visible, n, i); ... InstancesLoad(pc.instances, i).place ...
//
// For a name of your choice, a type T and the bytes from one element to the next there are
//     T    NameLoad(uint id, uint index)             by descriptor; the ID may differ between invocations
//     void NameStore(uint id, uint index, T value)
//     T    NameLoadFar(uint id, uint index)          by address: also beyond maxStorageBufferRange
//     void NameStoreFar(uint id, uint index, T value)
//     uint NameCount(uint id)                        elements, by the table
//     NameSlots[SedxSlot(id)].data                   the array itself, for atomics; nothing is checked there
//     NameRef(address).data                          elements at an address of your own
//
// Define before including, if the default does not fit:
//     SEDX_SET             the set index                                                    (0)
//     SEDX_STORAGE_BINDING BindlessDesc::storageBinding                                     (1)
//     SEDX_TABLE_BINDING   BindlessDesc::tableBinding                                       (0)
//     SEDX_TABLE_ADDRESS   an expression, uvec2: BindlessBufferSystem::GetTableAddress. The table is then read
//                          from there; with foreign sets it has to be, since they hold no table
//     SEDX_FIRST_ELEMENT   ForeignSets::firstElement                                        (0)
//     SEDX_NO_DESCRIPTORS  only access by address; needs no set at all with SEDX_TABLE_ADDRESS
//     SEDX_LAYOUT          std430 or scalar (the feature scalarBlockLayout)                 (std430)
//     SEDX_ALIGNMENT       bytes that addresses of elements are multiples of                (4)
//     SEDX_CHECKED         report wrong accesses: BindlessDesc::shaderChecks
//     SEDX_FEEDBACK        say which slots are used: BindlessDesc::feedback
//     SEDX_TAG             a number for this shader in reports: BindlessBufferSystem::NameShader (0)
//
// Features of the device: those of FeatureModule::Bindless. Shaders that write, report or say what they use need
// fragmentStoresAndAtomics or vertexPipelineStoresAndAtomics in the stages of these names.
#ifndef SEDX_GLSL
#define SEDX_GLSL
#extension GL_EXT_nonuniform_qualifier : require
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_scalar_block_layout : require

#include "sedx_shared.h"

#ifndef SEDX_SET
#define SEDX_SET 0
#endif
#ifndef SEDX_STORAGE_BINDING
#define SEDX_STORAGE_BINDING 1
#endif
#ifndef SEDX_TABLE_BINDING
#define SEDX_TABLE_BINDING 0
#endif
#ifndef SEDX_FIRST_ELEMENT
#define SEDX_FIRST_ELEMENT 0
#endif
#ifndef SEDX_LAYOUT
#define SEDX_LAYOUT std430
#endif
#ifndef SEDX_ALIGNMENT
#define SEDX_ALIGNMENT 4
#endif
#ifndef SEDX_TAG
#define SEDX_TAG 0
#endif

#ifdef SEDX_TABLE_ADDRESS
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer SedxTableRef
{
    TableHeader header;
    TableEntry entries[];
};
#define SEDX_TABLE SedxTableRef(SEDX_TABLE_ADDRESS)
#else
layout(set = SEDX_SET, binding = SEDX_TABLE_BINDING, std430) readonly buffer SedxTableBlock
{
    TableHeader header;
    TableEntry entries[];
}
sedxTable;
#define SEDX_TABLE sedxTable
#endif

layout(buffer_reference, std430, buffer_reference_align = 16) buffer SedxFaultsRef
{
    FaultHeader header;
    uvec4 halves[]; // two of a Fault, written at once each
};
layout(buffer_reference, std430, buffer_reference_align = 4) buffer SedxUsedRef
{
    uint frames[];
};

uint SedxSlot(uint id)
{
    return (id & kSlotMask) + SEDX_FIRST_ELEMENT;
}

// Elements in a number of bytes, low half first; at most 2^32 - 1. Without 64-bit integers, which are a feature.
uint sedxCount(uvec2 bytes, uint elementBytes)
{
    if (bytes.y >= elementBytes)
        return 0xFFFFFFFFu;
    uint rest = bytes.y; // long division, a bit at a time
    uint count = 0u;
    for (int bit = 31; bit >= 0; --bit)
    {
        const bool carry = (rest & 0x80000000u) != 0u;
        rest = rest << 1 | (bytes.x >> bit & 1u);
        if (carry || rest >= elementBytes)
        {
            rest -= elementBytes;
            count |= 1u << bit;
        }
    }
    return count;
}

#ifdef SEDX_CHECKED
void sedxReport(TableHeader header, uint kind, uint id, uint index, uint elementBytes)
{
    if (header.faults == uvec2(0))
        return;
    SedxFaultsRef ring = SedxFaultsRef(header.faults);
    const uint at = atomicAdd(ring.header.written, 1u) & (kFaults - 1u);
    ring.halves[2u * at] = uvec4(kind, id, index, elementBytes);
    ring.halves[2u * at + 1u] = uvec4(SEDX_TAG, header.frame, 0u, 0u);
}

// What is wrong with an access. Without returns in between, since it is inlined wherever an element is read or written.
uint sedxFault(TableHeader header, uint slot, uint id, uint index, uint elementBytes, bool isFar)
{
    uint fault = kFaultEmptySlot;
    if (slot != 0u && slot < header.slots)
    {
        const TableEntry entry = SEDX_TABLE.entries[slot];
        uint high, low, carry;
        umulExtended(index, elementBytes, high, low);
        low = uaddCarry(low, elementBytes, carry); // one past the element
        high += carry;
        const uvec2 bytes = isFar ? entry.bytes : uvec2(entry.descriptorBytes, 0u);
        if (entry.id == id)
            fault = high > bytes.y || (high == bytes.y && low > bytes.x) ? kFaultOutOfBounds : kNoFault;
        else if (entry.id != 0u)
            fault = kFaultStaleSlot;
    }
    return fault;
}
#endif

// The slot and the index to use: slot 0, which holds nothing, where the access is wrong.
uvec2 sedxUse(uint id, uint index, uint elementBytes, bool isFar)
{
    const uint slot = id & kSlotMask;
#if defined(SEDX_CHECKED) || defined(SEDX_FEEDBACK)
    const TableHeader header = SEDX_TABLE.header;
#endif
#ifdef SEDX_CHECKED
    const uint fault = sedxFault(header, slot, id, index, elementBytes, isFar);
    if (fault != kNoFault)
    {
        sedxReport(header, fault, id, index, elementBytes);
        return uvec2(0u);
    }
#endif
#ifdef SEDX_FEEDBACK
    if (header.usedFrames != uvec2(0) && slot < header.slots)
    {
        // Looked at first: nearly always another invocation was here before, and an atomic for each would queue up.
        SedxUsedRef used = SedxUsedRef(header.usedFrames);
        if (used.frames[slot] != header.frame)
            atomicExchange(used.frames[slot], header.frame);
    }
#endif
    return uvec2(slot, index);
}

#define SEDX_REFERENCE_(Name, T, BYTES, Access)                                                                        \
    layout(buffer_reference, SEDX_LAYOUT, buffer_reference_align = SEDX_ALIGNMENT) Access buffer Name##Ref             \
    {                                                                                                                  \
        T data[];                                                                                                      \
    };                                                                                                                 \
    uint Name##Count(uint id)                                                                                          \
    {                                                                                                                  \
        const uint slot = id & kSlotMask;                                                                              \
        return slot < SEDX_TABLE.header.slots ? sedxCount(SEDX_TABLE.entries[slot].bytes, BYTES) : 0u;                 \
    }                                                                                                                  \
    T Name##LoadFar(uint id, uint index)                                                                               \
    {                                                                                                                  \
        const uvec2 use = sedxUse(id, index, BYTES, true);                                                             \
        return Name##Ref(SEDX_TABLE.entries[use.x].address).data[use.y];                                               \
    }
#define SEDX_REFERENCE_STORE_(Name, T, BYTES)                                                                          \
    void Name##StoreFar(uint id, uint index, T value)                                                                  \
    {                                                                                                                  \
        const uvec2 use = sedxUse(id, index, BYTES, true);                                                             \
        if (use.x != 0u)                                                                                               \
            Name##Ref(SEDX_TABLE.entries[use.x].address).data[use.y] = value;                                          \
    }

#ifdef SEDX_NO_DESCRIPTORS
#define SEDX_SLOTS_(Name, T, BYTES, Access)
#define SEDX_SLOTS_STORE_(Name, T, BYTES)
#else
#define SEDX_SLOTS_(Name, T, BYTES, Access)                                                                            \
    layout(set = SEDX_SET, binding = SEDX_STORAGE_BINDING, SEDX_LAYOUT) Access buffer Name##Block                      \
    {                                                                                                                  \
        T data[];                                                                                                      \
    }                                                                                                                  \
    Name##Slots[];                                                                                                     \
    T Name##Load(uint id, uint index)                                                                                  \
    {                                                                                                                  \
        const uvec2 use = sedxUse(id, index, BYTES, false);                                                            \
        return Name##Slots[nonuniformEXT(use.x + SEDX_FIRST_ELEMENT)].data[use.y];                                     \
    }
#define SEDX_SLOTS_STORE_(Name, T, BYTES)                                                                              \
    void Name##Store(uint id, uint index, T value)                                                                     \
    {                                                                                                                  \
        const uvec2 use = sedxUse(id, index, BYTES, false);                                                            \
        if (use.x != 0u)                                                                                               \
            Name##Slots[nonuniformEXT(use.x + SEDX_FIRST_ELEMENT)].data[use.y] = value;                                \
    }
#endif

#define SEDX_READONLY_BUFFER(Name, T, BYTES)                                                                           \
    SEDX_REFERENCE_(Name, T, BYTES, readonly)                                                                          \
    SEDX_SLOTS_(Name, T, BYTES, readonly)
#define SEDX_BUFFER(Name, T, BYTES)                                                                                    \
    SEDX_REFERENCE_(Name, T, BYTES, )                                                                                  \
    SEDX_REFERENCE_STORE_(Name, T, BYTES)                                                                              \
    SEDX_SLOTS_(Name, T, BYTES, )                                                                                      \
    SEDX_SLOTS_STORE_(Name, T, BYTES)

#endif
