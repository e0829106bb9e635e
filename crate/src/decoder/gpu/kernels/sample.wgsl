// Chooses the next token among the tiles' candidates, as `Sampling::choose` does on the CPU, and writes its embedding
// to x for the next pass: nothing has to come back to the CPU in between.
// Not valid alone: needs RING, `best.wgsl` and `embed_row.wgsl` with what these need.

@group(0) @binding(1) var<uniform> params: Embedding;
@group(0) @binding(2) var<storage, read> candidates: array<Candidate>; // [tiles, top_k]
@group(0) @binding(3) var<storage, read_write> chosen: array<u32>; // ids by number of the token, modulo RING
@group(0) @binding(4) var<storage, read_write> x: array<vec4<f32>>; // [parts · 2]

const most = 64u; // the largest top_k
var<workgroup> best: array<Candidate, most>;
var<workgroup> choice: u32;

fn next(last: Candidate, any: bool, thread: u32) -> Candidate {
    var first = no_candidate;
    for (var i = thread; i < params.tiles * uniforms.top_k; i += THREADS) {
        let candidate = candidates[i];
        if ((any || before(last, candidate)) && before(candidate, first)) {
            first = candidate;
        }
    }
    return first;
}

// A number in [0, 1) from the seed and the number of the token: the pcg3d hash (Jarzynski and Olano, 2020).
fn uniform_number() -> f32 {
    var v = vec3<u32>(uniforms.seed, uniforms.generated) * 1664525u + 1013904223u;
    v.x += v.y * v.z;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    v ^= v >> vec3<u32>(16);
    v.x += v.y * v.z;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    return f32(v.x >> 8) / 16777216.0;
}

// Draws from best[0 .. count] by temperature and top_p.
fn draw(count: u32) -> u32 {
    var sum = 0.0;
    for (var i = 0u; i < count; i++) {
        sum += exp((best[i].logit - best[0].logit) / uniforms.temperature);
    }
    let wanted = uniforms.top_p * sum;
    var kept = 0.0;
    var kept_count = 0u;
    while (kept_count < count && kept < wanted) {
        kept += exp((best[kept_count].logit - best[0].logit) / uniforms.temperature);
        kept_count++;
    }
    var left = uniform_number() * kept;
    for (var i = 0u; i < kept_count; i++) {
        left -= exp((best[i].logit - best[0].logit) / uniforms.temperature);
        if (left < 0) {
            return best[i].id;
        }
    }
    return best[max(kept_count, 1) - 1].id; // rounding left a sliver above the last one
}

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
    var mine = next(no_candidate, true, thread);
    for (var k = 0u; k < uniforms.top_k; k++) {
        let first = first_of(mine, thread);
        if (thread == 0) {
            best[k] = first;
        }
        if (mine.id == first.id) {
            mine = next(first, false, thread);
        }
    }
    workgroupBarrier();
    if (thread == 0) {
        choice = best[0].id;
        if (uniforms.temperature > 0) {
            choice = draw(min(uniforms.top_k, params.vocab));
        }
        chosen[uniforms.generated % RING] = choice;
    }
    let id = workgroupUniformLoad(&choice);
    embed_row(min(id, params.vocab - 1), 0, thread);
}
