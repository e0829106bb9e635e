// Decode: brings the parts that `attend` computed over splits of the context together. A workgroup takes a head.

struct Combine {
    heads: u32,
    window: u32,
}

@group(0) @binding(1) var<uniform> params: Combine;
@group(0) @binding(2) var<storage, read> parts: array<vec4<f32>>; // [splits, heads, 1 + HEAD / 4]
@group(0) @binding(3) var<storage, read_write> out: array<vec4<f32>>; // [heads, HEAD / 4]

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    var seen = step.position + 1;
    if (params.window > 0) {
        seen = min(seen, params.window);
    }
    let splits = (seen + SPLIT - 1) / SPLIT;
    let row = HEAD / 4 + 1;
    var largest = -1e30;
    for (var s = 0u; s < splits; s++) {
        largest = max(largest, parts[(s * params.heads + group.x) * row].x);
    }
    for (var d = thread; d < HEAD / 4; d += THREADS) {
        var sum = vec4<f32>();
        var total = 0.0;
        for (var s = 0u; s < splits; s++) {
            let at = (s * params.heads + group.x) * row;
            let weight = exp(parts[at].x - largest);
            sum += weight * parts[at + 1 + d];
            total += weight * parts[at].y;
        }
        out[group.x * (HEAD / 4) + d] = sum / total;
    }
}
