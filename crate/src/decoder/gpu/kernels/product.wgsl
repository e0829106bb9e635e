// Up to three matrices with the same input, and what becomes of their products. Rows are taken in bundles of four; with
// GATED a bundle is two rows of the gate and the same two of the up projection, and activation(gate) · up is written.
//
// Not valid alone: needs SPLIT, GATED, ADAPTED, APPENDED, `step_uniforms.wgsl`, `format.wgsl`, the functions that
// `Builder::matrix` generates, and `activation.wgsl`.

struct Segment {
    matrix: Matrix,
    rows: u32,
    first: u32, // number of the first bundle
    format: u32,
    bias: u32, // offset in `vectors`, or none
    out: u32, // offset in a row of `y`
    pair_row: u32, // first row of B in `pairs`
    inner: u32, // offset in a row of `inner`, in vec4
    pad: u32,
}

struct Product {
    parts: u32, // of a row of W
    segments: u32,
    shard_rows: u32, // rows of W in one buffer
    pair_parts: u32, // of a row of `pairs`
    y_row: u32,
    inner_row: u32, // in vec4
    pair_scales: u32, // where they begin in `pairs`, in words, or 0 for f16
    splits: u32, // of the columns of W, or of those that `inner` was computed from
    segment: array<Segment, 3>,
}

@group(0) @binding(1) var<uniform> params: Product;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>; // [tokens, parts · 2]
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [tokens, y_row], once for each split
@group(0) @binding(4) var<storage, read> vectors: array<f32>;
// B as f16 or Q8_0, [rows, rank], or A as f16, [rank, parts · 8].
@group(0) @binding(5) var<storage, read> pairs: array<u32>;
@group(0) @binding(6) var<storage, read> inner: array<vec4<f32>>; // A x: [splits, tokens, inner_row], to be added up

// The segment that bundle `bundle` belongs to.
fn segment_of(bundle: u32) -> Segment {
    var s = 0u;
    for (var i = 1u; i < params.segments && !GATED; i++) {
        if (bundle >= params.segment[i].first) {
            s = i;
        }
    }
    return params.segment[s];
}

// The segment that the last two rows of a bundle belong to.
fn last_of(segment: Segment) -> Segment {
    if (GATED) {
        return params.segment[1];
    }
    return segment;
}

fn first_row(segment: Segment, bundle: u32) -> u32 {
    return (bundle - segment.first) * select(4u, 2u, GATED);
}

// The rows of a bundle. Those past the end are computed as the last one and not written.
fn bundle_rows(segment: Segment, first: u32) -> vec4<u32> {
    let rows = vec4<u32>(first) + select(vec4<u32>(0, 1, 2, 3), vec4<u32>(0, 1, 0, 1), GATED);
    return min(rows, vec4<u32>(segment.rows - 1));
}

// Rows within the buffer that holds them all, which becomes `shard`.
fn within_shard(rows: vec4<u32>) -> vec4<u32> {
    shard = 0;
    for (var i = 1u; i < SHARDS; i++) {
        shard += u32(rows.x >= i * params.shard_rows);
    }
    return rows - vec4<u32>(shard * params.shard_rows);
}

// Part `part` of row `row` of `pairs`, which are f16.
fn half_part(row: u32, part: u32) -> Part {
    let at = (row * params.pair_parts + part) * 4;
    let a = vec4<f32>(unpack2x16float(pairs[at]), unpack2x16float(pairs[at + 1]));
    let b = vec4<f32>(unpack2x16float(pairs[at + 2]), unpack2x16float(pairs[at + 3]));
    return Part(a, b, 1, 0);
}

// Part `part` of row `row` of `pairs`, which are Q8_0.
fn block_part(row: u32, part: u32) -> Part {
    let at = (row * params.pair_parts + part) * 2;
    let scales = pairs[params.pair_scales + row * ((params.pair_parts + 7) / 8) + part / 8];
    let scale = unpack2x16float(scales >> (16 * ((part / 4) & 1))).x;
    return Part(bytes(pairs[at]), bytes(pairs[at + 1]), scale, -128 * scale);
}

// Writes the products of the bundle that begins at row `first`, if there is such a token.
fn store(segment: Segment, token: u32, first: u32, products: vec4<f32>) {
    if (token >= uniforms.tokens) {
        return;
    }
    let at = token * params.y_row + segment.out + first;
    var values = products;
    if (GATED) {
        values = vec4<f32>(activate(products.x) * products.z, activate(products.y) * products.w, 0, 0);
    } else if (segment.bias != none) {
        let rows = vec4<u32>(segment.bias) + bundle_rows(segment, first);
        values += vec4<f32>(vectors[rows.x], vectors[rows.y], vectors[rows.z], vectors[rows.w]);
    }
    if (first < segment.rows) {
        y[at] = values.x;
    }
    if (first + 1 < segment.rows) {
        y[at + 1] = values.y;
    }
    if (!GATED && first + 2 < segment.rows) {
        y[at + 2] = values.z;
    }
    if (!GATED && first + 3 < segment.rows) {
        y[at + 3] = values.w;
    }
}
