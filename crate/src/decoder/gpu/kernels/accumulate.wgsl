// Template of `accumulate_FORMAT`: products of four rows, two of each of two matrices, with x from `start` on, for the
// parts that this thread takes. `FORMAT` stands for the name of a storage format; `Builder::by_format` fills it in for
// each.
// Not valid alone: for `linear.wgsl`, with LANES, `params`, `x`, and `Matrix`, `row_start` and `dequant_FORMAT` of
// `format.wgsl`.

fn accumulate_FORMAT(first: Matrix, second: Matrix, rows: vec4<u32>, start: u32, lane: u32) -> vec4<f32> {
    let row0 = row_start(first, rows.x);
    let row1 = row_start(first, rows.y);
    let row2 = row_start(second, rows.z);
    let row3 = row_start(second, rows.w);
    var sums = vec4<f32>();
    for (var part = lane; part < params.parts; part += LANES) {
        let a = x[start + 2 * part];
        let b = x[start + 2 * part + 1];
        let total = dot(a + b, vec4<f32>(1));
        let w0 = dequant_FORMAT(row0, part);
        let w1 = dequant_FORMAT(row1, part);
        let w2 = dequant_FORMAT(row2, part);
        let w3 = dequant_FORMAT(row3, part);
        let products = vec4<f32>(
            dot(w0.a, a) + dot(w0.b, b),
            dot(w1.a, a) + dot(w1.b, b),
            dot(w2.a, a) + dot(w2.b, b),
            dot(w3.a, a) + dot(w3.b, b),
        );
        sums += vec4<f32>(w0.scale, w1.scale, w2.scale, w3.scale) * products
            + vec4<f32>(w0.offset, w1.offset, w2.offset, w3.offset) * total;
    }
    return sums;
}
