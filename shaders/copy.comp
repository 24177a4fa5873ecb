// Copies one long range, 16 bytes for each turn of an invocation. The destination begins and ends on a word (4 bytes),
// the source at any byte. Host side: src/transfer/device_copy.cpp, which leaves the bytes before and behind whole words
// of the destination to copy commands: nothing beside the range is written.
#version 460
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require

layout(local_size_x = 256) in;

layout(buffer_reference, std430, buffer_reference_align = 16) buffer Quads { uvec4 quad[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Words { uint word[]; };

layout(push_constant) uniform Push
{
    uvec2 to;    // a multiple of 16, at most 12 bytes before the range
    uvec2 from;  // what belongs there, at any byte
    uint begin;  // words begin .. end of the destination are written, counted from `to`
    uint end;
};

// The word that belongs into word w of the destination. Reads words that hold bytes of the source range, and no others.
uint SourceWord(Words source, uint w, uint shift)
{
    const uint low = source.word[w];
    return shift == 0u ? low : (low >> shift) | (source.word[w + 1u] << (32u - shift));
}

void main()
{
    const uint invocation = gl_GlobalInvocationID.x;
    const uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
    const uint firstQuad = (begin + 3u) >> 2;
    const uint endQuad = end >> 2;
    Quads target = Quads(to);

    const uint shift = (from.x & 3u) * 8u;
    Words source = Words(uvec2(from.x & ~3u, from.y));
    if ((from.x & 15u) == 0u) // nearly always
    {
        Quads same = Quads(from);
        uint q = firstQuad + invocation;
        // Four loads are on their way before the first is stored.
        for (; q + 3u * stride < endQuad; q += 4u * stride)
        {
            const uvec4 a = same.quad[q];
            const uvec4 b = same.quad[q + stride];
            const uvec4 c = same.quad[q + 2u * stride];
            const uvec4 d = same.quad[q + 3u * stride];
            target.quad[q] = a;
            target.quad[q + stride] = b;
            target.quad[q + 2u * stride] = c;
            target.quad[q + 3u * stride] = d;
        }
        for (; q < endQuad; q += stride)
            target.quad[q] = same.quad[q];
    }
    else if (shift == 0u)
    {
        for (uint q = firstQuad + invocation; q < endQuad; q += stride)
        {
            const uint w = q * 4u;
            target.quad[q] = uvec4(source.word[w], source.word[w + 1u], source.word[w + 2u], source.word[w + 3u]);
        }
    }
    else
    {
        for (uint q = firstQuad + invocation; q < endQuad; q += stride)
        {
            const uint w = q * 4u;
            const uvec4 low = uvec4(source.word[w], source.word[w + 1u], source.word[w + 2u], source.word[w + 3u]);
            const uvec4 high = uvec4(low.yzw, source.word[w + 4u]);
            target.quad[q] = (low >> shift) | (high << (32u - shift));
        }
    }

    // Up to three words on each side of the quads.
    const uint headEnd = min(firstQuad * 4u, end);
    const uint tailBegin = max(endQuad * 4u, headEnd);
    Words words = Words(to);
    const uint head = begin + invocation;
    if (head < headEnd)
        words.word[head] = SourceWord(source, head, shift);
    const uint tail = tailBegin + invocation;
    if (tail < end)
        words.word[tail] = SourceWord(source, tail, shift);
}
