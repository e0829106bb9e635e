// Elements of the key-value cache: four f16 in two words.
alias Cached = vec2<u32>;

fn unpack_cached(value: Cached) -> vec4<f32> {
    return vec4<f32>(unpack2x16float(value.x), unpack2x16float(value.y));
}

fn pack_cached(value: vec4<f32>) -> Cached {
    return Cached(pack2x16float(value.xy), pack2x16float(value.zw));
}
