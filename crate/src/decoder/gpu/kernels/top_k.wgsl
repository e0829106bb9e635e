// The top_k largest logits of each tile of the vocabulary; `sample` chooses among all tiles' candidates.
// Not valid alone: needs `best.wgsl` with what that needs.

struct TopK {
    vocab: u32,
    tile: u32, // logits that a workgroup looks through
}

@group(0) @binding(1) var<uniform> params: TopK;
@group(0) @binding(2) var<storage, read> logits: array<f32>; // [vocab]
@group(0) @binding(3) var<storage, read_write> candidates: array<Candidate>; // [tiles, top_k]

// The first of this thread's logits that comes after `last`.
fn next(last: Candidate, any: bool, begin: u32, end: u32) -> Candidate {
    var best = no_candidate;
    for (var id = begin; id < end; id += THREADS) {
        let candidate = Candidate(logits[id], id);
        if ((any || before(last, candidate)) && before(candidate, best)) {
            best = candidate;
        }
    }
    return best;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let begin = group.x * params.tile + thread;
    let end = min((group.x + 1) * params.tile, params.vocab);
    var mine = next(no_candidate, true, begin, end);
    for (var k = 0u; k < uniforms.top_k; k++) {
        let first = first_of(mine, thread);
        if (thread == 0) {
            candidates[group.x * uniforms.top_k + k] = first;
        }
        if (mine.id == first.id) {
            mine = next(first, false, begin, end);
        }
    }
}
