// Prefill: normalises and rotates q in place, and k and v on their way to the cache. A workgroup takes one head of a
// token.
// Not valid alone: needs `head.wgsl` with what that needs.

@group(0) @binding(1) var<uniform> params: Heads;
@group(0) @binding(2) var<storage, read_write> qkv: array<vec4<f32>>; // [tokens, row]
@group(0) @binding(3) var<storage, read> vectors: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> rotations: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> keys: array<Cached>;
@group(0) @binding(6) var<storage, read_write> values: array<Cached>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let head = group.x;
    let position = uniforms.position + group.y;
    let source = group.y * params.row + head * HEAD_4;
    let rotated = params.heads + params.kv_heads;
    if (head >= rotated) {
        for (var d = thread; d < HEAD_4; d += THREADS) {
            values[value_index(head - rotated, d, position)] = pack_cached(qkv[source + d]);
        }
        return;
    }
    if (head < params.heads) {
        place_head(true, 0, thread, source, params.q_norm, position, params.scale);
        for (var d = thread; d < HEAD_4; d += THREADS) {
            qkv[source + d] = tile[d];
        }
    } else {
        place_head(true, 0, thread, source, params.k_norm, position, 1);
        for (var d = thread; d < HEAD_4; d += THREADS) {
            keys[key_index(head - params.heads, d, position)] = pack_cached(tile[d]);
        }
    }
}
