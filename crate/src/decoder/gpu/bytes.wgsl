// The four bytes of a word.
fn bytes(w: u32) -> vec4<f32> {
    return vec4<f32>((vec4<u32>(w) >> vec4<u32>(0, 8, 16, 24)) & vec4<u32>(255));
}
