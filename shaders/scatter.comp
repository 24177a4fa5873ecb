// Copies many small ranges: each entry of the table names a destination, a source and a length, all in bytes, at any
// alignment. Host side: src/transfer/scatter.cpp. No two entries of a dispatch cover the same byte.
#version 460
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require

layout(local_size_x = 64) in;

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Words { uint word[]; };

layout(push_constant) uniform Push
{
    uvec2 table;     // address of the entries: five words each
    uint count;      // entries
    uint lanesShift; // 2^lanesShift invocations share an entry
    uint first;      // invocation of this dispatch
};

// The word at byte `at` of the source, which begins `shift` bytes into its first word. `needed`: how many of its bytes will
// be used; no word beyond them is read.
uint SourceWord(Words source, uint at, uint needed)
{
    const uint index = at >> 2;
    const uint shift = (at & 3u) * 8u;
    const uint low = source.word[index];
    if (shift == 0u)
        return low;
    const bool crosses = (at & 3u) + needed > 4u;
    const uint high = crosses ? source.word[index + 1u] : 0u;
    return (low >> shift) | (high << (32u - shift));
}

void main()
{
    const uint invocation = first + gl_GlobalInvocationID.x;
    const uint entry = invocation >> lanesShift;
    if (entry >= count)
        return;
    Words entries = Words(table);
    const uint e = entry * 5u;
    const uvec2 to = uvec2(entries.word[e], entries.word[e + 1u]);
    const uvec2 from = uvec2(entries.word[e + 2u], entries.word[e + 3u]);
    const uint bytes = entries.word[e + 4u];

    const uint lane = invocation & ((1u << lanesShift) - 1u);
    const uint lanes = 1u << lanesShift;

    // Whole words on both sides: nearly always.
    if (((to.x | from.x | bytes) & 3u) == 0u)
    {
        Words target = Words(to);
        Words source = Words(from);
        for (uint w = lane; w < bytes >> 2; w += lanes)
            target.word[w] = source.word[w];
        return;
    }

    // Everything counts from the word in which the destination begins.
    const uint head = to.x & 3u;
    const uint skew = from.x & 3u;
    Words target = Words(uvec2(to.x & ~3u, to.y));
    Words source = Words(uvec2(from.x & ~3u, from.y));
    const uint end = head + bytes;
    for (uint w = lane * 4u; w < end; w += lanes * 4u)
    {
        const uint lead = w < head ? head - w : 0u; // bytes of this word before the range
        const uint tail = min(w + 4u, end) - w;     // where the range ends in it
        const uint value = SourceWord(source, w + lead - head + skew, tail - lead) << (lead * 8u);
        if (lead == 0u && tail == 4u)
        {
            target.word[w >> 2] = value;
            continue;
        }
        // Neighbours may belong to another entry: only our bits change, in two atomic steps.
        const uint mask = (tail == 4u ? 0xffffffffu : (1u << (tail * 8u)) - 1u) & ~((1u << (lead * 8u)) - 1u);
        atomicAnd(target.word[w >> 2], ~mask);
        atomicOr(target.word[w >> 2], value & mask);
    }
}
