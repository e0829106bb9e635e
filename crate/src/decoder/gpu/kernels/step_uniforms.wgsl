// What changes from one pass to the next; everything else about a dispatch is in its `params`.
struct StepUniforms {
    position: u32, // tokens in the cache before this pass
    tokens: u32, // tokens of this pass
    generated: u32, // tokens generated before the one that this pass chooses
    top_k: u32,
    seed: vec2<u32>,
    temperature: f32, // 0 for greedy
    top_p: f32,
}

@group(0) @binding(0) var<uniform> uniforms: StepUniforms;

const none = 0xffffffffu; // an offset of something that is not there
