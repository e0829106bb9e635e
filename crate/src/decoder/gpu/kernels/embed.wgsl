// Prefill: the embeddings of the tokens of a pass.
// Not valid alone: needs `embed_row.wgsl` with what that needs.

@group(0) @binding(1) var<uniform> params: Embedding;
@group(0) @binding(2) var<storage, read> ids: array<u32>; // [tokens]
@group(0) @binding(3) var<storage, read_write> x: array<vec4<f32>>; // [tokens, parts · 2]

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    embed_row(min(ids[group.y], params.vocab - 1), group.y, thread);
}
