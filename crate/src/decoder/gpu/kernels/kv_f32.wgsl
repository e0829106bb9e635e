// Elements of the key-value cache: four f32.
alias Cached = vec4<f32>;

fn unpack_cached(value: Cached) -> vec4<f32> {
    return value;
}

fn pack_cached(value: vec4<f32>) -> Cached {
    return value;
}
