// Heads of q and k in workgroup memory: normalised and rotated. Runs of LANES threads take a row each.
//
// The cache holds keys in pages of 64 positions, [page, kv_head, HEAD / 4, 64], so that threads that take neighbouring
// positions read neighbouring elements; and values as [position, kv_head, HEAD / 4].
//
// Not valid alone: needs HEAD, ROWS, LANES, THREADS, QK_NORM, INTERLEAVED, `step_uniforms.wgsl`, `kv_*.wgsl`,
// `reduce_*.wgsl` and the bindings `params`, `qkv`, `vectors` and `rotations`.

struct Heads {
    heads: u32,
    kv_heads: u32,
    window: u32, // positions that a query sees, itself included; 0 for all
    row: u32, // of `qkv`, in vec4: q, then k, then v
    q_norm: u32, // weights in `vectors`, in vec4, or none
    k_norm: u32,
    table: u32, // start of the layer's rotations in `rotations`
    epsilon: f32,
    scale: f32, // of scores
}

const HEAD_4 = HEAD / 4;
const page = 64u;
var<workgroup> tile: array<vec4<f32>, ROWS * HEAD_4>; // [ROWS, HEAD / 4]

fn key_index(kv_head: u32, d: u32, position: u32) -> u32 {
    return ((position / page * params.kv_heads + kv_head) * HEAD_4 + d) * page + position % page;
}

fn value_index(kv_head: u32, d: u32, position: u32) -> u32 {
    return (position * params.kv_heads + kv_head) * HEAD_4 + d;
}

// cos and sin of the four rotations that elements 4d to 4d + 3 belong to.
fn rotation(d: u32, position: u32) -> array<vec4<f32>, 2> {
    let half = HEAD_4 / 2;
    if (INTERLEAVED) {
        let at = params.table + (position * half + d / 2) * 2;
        let c = rotations[at];
        let s = rotations[at + 1];
        if (d % 2 == 0) {
            return array<vec4<f32>, 2>(c.xxyy, s.xxyy);
        }
        return array<vec4<f32>, 2>(c.zzww, s.zzww);
    }
    let at = params.table + (position * half + d % half) * 2;
    return array<vec4<f32>, 2>(rotations[at], rotations[at + 1]);
}

// Row `row` of the tile becomes `factor` times the head at `source` of qkv, normalised by the weights at `norm` and
// rotated for `position`. All threads have to call this together; runs that have no row say so by `has_row`.
fn place_head(has_row: bool, row: u32, thread: u32, source: u32, norm: u32, position: u32, factor: f32) {
    let lane = thread % LANES;
    var scale = 1.0;
    if (QK_NORM) {
        var squares = 0.0;
        for (var d = lane; d < HEAD_4; d += LANES) {
            squares += dot(qkv[source + d], qkv[source + d]);
        }
        scale = inverseSqrt(sum_lanes(squares, thread) / f32(HEAD) + params.epsilon);
    }
    let half = HEAD_4 / 2;
    for (var d = lane; d < half && has_row; d += LANES) {
        var a = qkv[source + d] * scale;
        var b = qkv[source + d + half] * scale;
        if (QK_NORM) {
            a *= vectors[norm + d];
            b *= vectors[norm + d + half];
        }
        let first = rotation(d, position);
        let second = rotation(d + half, position);
        if (INTERLEAVED) {
            tile[row * HEAD_4 + d] = factor * (a * first[0] + vec4<f32>(-a.y, a.x, -a.w, a.z) * first[1]);
            tile[row * HEAD_4 + d + half] = factor * (b * second[0] + vec4<f32>(-b.y, b.x, -b.w, b.z) * second[1]);
        } else {
            tile[row * HEAD_4 + d] = factor * (a * first[0] - b * first[1]);
            tile[row * HEAD_4 + d + half] = factor * (b * first[0] + a * first[1]);
        }
    }
    workgroupBarrier();
}
