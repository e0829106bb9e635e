// Attention of up to QUERIES queries that share a key head, over the cache, with softmax on the fly.
//
// DECODE: the queries are heads of the one new token; a workgroup takes SPLIT positions and writes its sums and their
// scale for `combine`. It also normalises and rotates q and k and puts k and v into the cache.
// Prefill: the queries are tokens of one head, already rotated; a workgroup goes over all positions that they see.
//
// Not valid alone: needs QUERIES, SPLIT, DECODE and `head.wgsl` with what that needs.

@group(0) @binding(1) var<uniform> params: Heads;
@group(0) @binding(2) var<storage, read> qkv: array<vec4<f32>>; // [tokens, row]
@group(0) @binding(3) var<storage, read> vectors: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> rotations: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> keys: array<Cached>;
@group(0) @binding(6) var<storage, read_write> values: array<Cached>;
// Prefill: [tokens, heads, HEAD / 4]. DECODE: [splits, heads, 1 + HEAD / 4], first (maximum, sum, 0, 0) of the softmax.
@group(0) @binding(7) var<storage, read_write> out: array<vec4<f32>>;

const masked = -1e30;
const groups = THREADS / HEAD_4; // of threads in the sum over values: each takes every groups-th position

var<workgroup> scores: array<f32, QUERIES * THREADS>; // [QUERIES, positions of a tile]
var<workgroup> largest: array<f32, QUERIES>;
var<workgroup> total: array<f32, QUERIES>;
var<workgroup> rescale: array<f32, QUERIES>;

fn window_start(position: u32) -> u32 {
    if (params.window == 0) {
        return 0;
    }
    return position + 1 - min(position + 1, params.window);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let shared_heads = params.heads / params.kv_heads; // query heads of a key head
    let batches = (shared_heads + QUERIES - 1) / QUERIES;
    let row = thread / LANES; // of the tile, where threads take rows
    let lane = thread % LANES;

    // What this workgroup is about: queries first_query .. first_query + count of key head kv_head.
    var kv_head = group.x / batches;
    var first_head = kv_head * shared_heads + group.x % batches * QUERIES;
    var count = min(QUERIES, shared_heads - group.x % batches * QUERIES);
    var first_token = 0u;
    if (!DECODE) {
        kv_head = group.x / shared_heads;
        first_head = group.x;
        first_token = group.y * QUERIES;
        count = min(QUERIES, uniforms.tokens - first_token);
    }
    let newest = uniforms.position + uniforms.tokens - 1; // DECODE: position of the one token
    var begin = window_start(uniforms.position + first_token);
    var end = uniforms.position + first_token + count;
    if (DECODE) {
        begin = window_start(newest) + group.y * SPLIT;
        end = min(begin + SPLIT, newest + 1);
    }

    if (DECODE) {
        let query = min(row, count - 1);
        let q = (first_head + query) * HEAD_4;
        place_head(row < QUERIES, row, thread, q, params.q_norm, newest, params.scale);
        // The new key: the row behind the queries.
        let k = (params.heads + kv_head) * HEAD_4;
        place_head(row == 0, QUERIES, thread, k, params.k_norm, newest, 1);
        if (end == newest + 1 && group.x % batches == 0) {
            let v = (params.heads + params.kv_heads + kv_head) * HEAD_4;
            for (var d = thread; d < HEAD_4; d += THREADS) {
                keys[key_index(kv_head, d, newest)] = pack_cached(tile[QUERIES * HEAD_4 + d]);
                values[value_index(kv_head, d, newest)] = pack_cached(qkv[v + d]);
            }
        }
    } else {
        for (var i = thread; i < QUERIES * HEAD_4; i += THREADS) {
            let token = first_token + min(i / HEAD_4, count - 1);
            tile[i] = qkv[token * params.row + first_head * HEAD_4 + i % HEAD_4];
        }
    }
    if (thread < QUERIES) {
        largest[thread] = masked;
        total[thread] = 0;
    }
    workgroupBarrier();

    var sums: array<vec4<f32>, QUERIES>;
    for (var start = begin; start < end; start += THREADS) {
        // Scores: a thread takes one position and all queries.
        let position = start + thread;
        var products: array<f32, QUERIES>;
        if (position < end) {
            for (var d = 0u; d < HEAD_4; d++) {
                var key: vec4<f32>;
                if (DECODE && position == newest) {
                    key = unpack_cached(pack_cached(tile[QUERIES * HEAD_4 + d]));
                } else {
                    key = unpack_cached(keys[key_index(kv_head, d, position)]);
                }
                for (var q = 0u; q < QUERIES; q++) {
                    products[q] += dot(tile[q * HEAD_4 + d], key);
                }
            }
        }
        for (var q = 0u; q < QUERIES; q++) {
            var seen = position < end;
            if (!DECODE) {
                let at = uniforms.position + first_token + min(q, count - 1);
                seen = seen && position <= at && position >= window_start(at);
            }
            scores[q * THREADS + thread] = select(masked, products[q], seen);
        }
        workgroupBarrier();

        // Softmax: LANES threads take a query.
        let query = min(row, QUERIES - 1);
        var top = masked;
        for (var i = lane; i < THREADS; i += LANES) {
            top = max(top, scores[query * THREADS + i]);
        }
        let before = largest[query];
        top = max(max_lanes(top, thread), before);
        var weight = 0.0;
        if (row < QUERIES) {
            for (var i = lane; i < THREADS; i += LANES) {
                let score = scores[query * THREADS + i];
                let p = select(0.0, exp(score - top), score > masked);
                scores[query * THREADS + i] = p;
                weight += p;
            }
        }
        weight = sum_lanes(weight, thread);
        if (row < QUERIES && lane == 0) {
            let factor = exp(before - top);
            largest[query] = top;
            total[query] = total[query] * factor + weight;
            rescale[query] = factor;
        }
        workgroupBarrier();

        // Values: a thread takes four elements and every groups-th position, for all queries.
        let d = thread % HEAD_4;
        for (var q = 0u; q < QUERIES; q++) {
            sums[q] *= rescale[q];
        }
        for (var i = thread / HEAD_4; i < min(THREADS, end - start) && thread < groups * HEAD_4; i += groups) {
            var value: vec4<f32>;
            if (DECODE && start + i == newest) {
                value = unpack_cached(pack_cached(qkv[(params.heads + params.kv_heads + kv_head) * HEAD_4 + d]));
            } else {
                value = unpack_cached(values[value_index(kv_head, d, start + i)]);
            }
            for (var q = 0u; q < QUERIES; q++) {
                sums[q] += scores[q * THREADS + i] * value;
            }
        }
        workgroupBarrier();
    }

    // The groups' sums together, one query after the other.
    for (var q = 0u; q < QUERIES; q++) {
        scratch[thread] = sums[q];
        workgroupBarrier();
        if (thread < HEAD_4 && q < count) {
            var sum = scratch[thread];
            for (var i = 1u; i < groups; i++) {
                sum += scratch[thread + i * HEAD_4];
            }
            if (DECODE) {
                let at = (group.y * params.heads + first_head + q) * (HEAD_4 + 1);
                out[at + 1 + thread] = sum;
                if (thread == 0) {
                    out[at] = vec4<f32>(largest[q], total[q], 0, 0);
                }
            } else {
                out[((first_token + q) * params.heads + first_head) * HEAD_4 + thread] = sum / total[q];
            }
        }
        workgroupBarrier();
    }
}
