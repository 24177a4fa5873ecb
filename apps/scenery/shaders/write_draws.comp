// Second culling pass, one workgroup: candidates of chunks with visible instances become draws, in the order of the
// candidates, without gaps. Order matters where surfaces lie in each other: pictures are the same in every run.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "culling.glsl"

#define kInvocations 256u
#define kRounds 4u // candidates of an invocation at a time
#define kWords (kInvocations * kRounds / 32u)

layout(local_size_x = 256) in;

shared uint drawnBits[kWords];
shared uint drawsBefore[kWords + 1u]; // before the candidates of a word
shared uint tested;
shared uint drawn;

void main()
{
    const uint i = gl_LocalInvocationID.x;
    if (i == 0u)
    {
        tested = 0u;
        drawn = 0u;
    }
    uint ownTested = 0u;
    uint ownDrawn = 0u;
    uint drawCount = 0u;
    for (uint base = 0u; base < cull.candidateCount; base += kInvocations * kRounds)
    {
        if (i < kWords)
            drawnBits[i] = 0u;
        barrier();
        Candidate candidates[kRounds];
        Chunk chunks[kRounds];
        uint visibleCounts[kRounds];
        for (uint round = 0u; round < kRounds; ++round)
        {
            const uint at = base + round * kInvocations + i;
            visibleCounts[round] = 0u;
            if (at >= cull.candidateCount)
                continue;
            candidates[round] = CandidateList(cull.candidates).candidates[at];
            const uint chunk = candidates[round].chunk;
            chunks[round] = ChunkList(cull.chunks).chunks[chunk];
            visibleCounts[round] = WordList(cull.visibleCounts).words[chunk];
            if (visibleCounts[round] > 0u)
                atomicOr(drawnBits[round * (kInvocations / 32u) + (i >> 5u)], 1u << (i & 31u));
            if (candidates[round].submesh == 0u) // once for each chunk
            {
                ownTested += chunks[round].instanceCount;
                ownDrawn += visibleCounts[round];
            }
        }
        barrier();
        if (i <= kWords)
        {
            uint before = drawCount;
            for (uint word = 0u; word < i; ++word)
                before += uint(bitCount(drawnBits[word]));
            drawsBefore[i] = before;
        }
        barrier();
        for (uint round = 0u; round < kRounds; ++round)
        {
            if (visibleCounts[round] == 0u)
                continue;
            const Candidate candidate = candidates[round];
            const uint word = round * (kInvocations / 32u) + (i >> 5u);
            const uint at = drawsBefore[word] + uint(bitCount(drawnBits[word] & ((1u << (i & 31u)) - 1u)));
            DrawList(cull.draws).draws[at] =
                Draw(candidate.indexCount, visibleCounts[round], candidate.firstIndex, 0u, chunks[round].batch,
                     candidate.submesh, candidate.chunk * kChunkInstances, 0u);
        }
        drawCount = drawsBefore[kWords];
        barrier(); // before the words are used again
    }

    barrier();
    atomicAdd(tested, ownTested);
    atomicAdd(drawn, ownDrawn);
    barrier();
    if (i == 0u)
        CounterBlock(cull.counters).counters = CullCounters(drawCount, tested, drawn, 0u);
}
