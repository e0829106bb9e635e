// Prefill: activation(gate) · up, element by element.
// Not valid alone: needs THREADS and `activation.wgsl`.

struct Gated {
    width: u32,
}

@group(0) @binding(1) var<uniform> params: Gated;
@group(0) @binding(2) var<storage, read> gate_and_up: array<f32>; // [tokens, 2 · width]: gate, then up
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // [tokens, width]

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let i = group.x * THREADS + thread;
    if (i >= params.width) {
        return;
    }
    let at = group.y * 2 * params.width + i;
    out[group.y * params.width + i] = activate(gate_and_up[at]) * gate_and_up[at + params.width];
}
