// Decode: combines the partial results that `attend` computed over splits of the context. A workgroup takes a head.
//
// With ADAPTED, more workgroups compute four rows each of A n for the output projection's low-rank branch, n being all
// heads together.
//
// Not valid alone: needs HEAD, SPLIT, THREADS, ADAPTED, `step_uniforms.wgsl`, `branch_input.wgsl` and `reduce_*.wgsl`.

struct Combine {
    heads: u32,
    window: u32,
    inner_rows: u32, // rows of A
    inner_scales: u32, // where its scales begin in `pairs`, in words, or 0 for f16
}

@group(0) @binding(1) var<uniform> params: Combine;
@group(0) @binding(2) var<storage, read> partials: array<vec4<f32>>; // [splits, heads, 1 + HEAD / 4]
@group(0) @binding(3) var<storage, read_write> out: array<vec4<f32>>; // [heads, HEAD / 4]
@group(0) @binding(4) var<storage, read> pairs: array<vec2<u32>>; // A as f16 or Q8_0, [inner_rows, heads · HEAD]
@group(0) @binding(5) var<storage, read_write> inner: array<f32>; // A n: [inner_rows]

// Elements 4 d to 4 d + 3 of a head.
fn combined(head: u32, d: u32) -> vec4<f32> {
    var seen = uniforms.position + 1;
    if (params.window > 0) {
        seen = min(seen, params.window);
    }
    let splits = (seen + SPLIT - 1) / SPLIT;
    let row = HEAD / 4 + 1;
    var largest = -1e30;
    for (var s = 0u; s < splits; s++) {
        largest = max(largest, partials[(s * params.heads + head) * row].x);
    }
    var sum = vec4<f32>();
    var total = 0.0;
    for (var s = 0u; s < splits; s++) {
        let at = (s * params.heads + head) * row;
        let weight = exp(partials[at].x - largest);
        sum += weight * partials[at + 1 + d];
        total += weight * partials[at].y;
    }
    return sum / total;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    if (!ADAPTED || group.x < params.heads) {
        for (var d = thread; d < HEAD / 4; d += THREADS) {
            out[group.x * (HEAD / 4) + d] = combined(group.x, d);
        }
        return;
    }
    let first = (group.x - params.heads) * 4;
    let rows = input_rows(first);
    let width = params.heads * (HEAD / 4);
    var products = vec4<f32>();
    for (var i = thread; i < width; i += THREADS) {
        products += input_products(rows, width, i, combined(i / (HEAD / 4), i % (HEAD / 4)));
    }
    store_input(first, thread, sum_lanes_4(products, thread));
}
