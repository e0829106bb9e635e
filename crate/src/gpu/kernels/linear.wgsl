// y = W x (+ bias) (+ B inner) for one token: a run of LANES threads computes four rows, each thread every LANES-th part.
//
// With GATED the four rows are two of the gate and the same two of the up projection, and what is written is
// activation(gate) · up.

struct Segment {
    matrix: Matrix,
    rows: u32,
    first: u32, // number of the first bundle of four rows
    format: u32,
    bias: u32, // offset in `vectors`, or none
    out: u32, // offset in `y`
    pair_row: u32, // first row of B in `pairs`
    inner: u32, // offset in `inner`, in vec4
    pad: u32,
}

struct Linear {
    parts: u32, // of a row of W
    segments: u32,
    shard_rows: u32, // rows of W in one buffer
    rank: u32,
    segment: array<Segment, 3>,
}

@group(0) @binding(1) var<uniform> params: Linear;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>; // [tokens, parts · 2]
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [rows]
@group(0) @binding(4) var<storage, read> vectors: array<f32>;
@group(0) @binding(5) var<storage, read> pairs: array<u32>; // B as f16, [rows, rank]
@group(0) @binding(6) var<storage, read> inner: array<vec4<f32>>; // A x

// Part `part` of row `row` of B, times `a` and `b`.
fn pair_part(row: u32, part: u32, a: vec4<f32>, b: vec4<f32>) -> f32 {
    let at = row * (params.rank / 2) + part * 4;
    let low = vec4<f32>(unpack2x16float(pairs[at]), unpack2x16float(pairs[at + 1]));
    let high = vec4<f32>(unpack2x16float(pairs[at + 2]), unpack2x16float(pairs[at + 3]));
    return dot(low, a) + dot(high, b);
}

// B inner of four rows; A x of the first two begins at `first`, that of the last two at `second`.
fn low_rank(rows: vec4<u32>, first: u32, second: u32, lane: u32) -> vec4<f32> {
    var sums = vec4<f32>();
    for (var part = lane; part < params.rank / 8; part += LANES) {
        let a = inner[first + 2 * part];
        let b = inner[first + 2 * part + 1];
        let c = inner[second + 2 * part];
        let d = inner[second + 2 * part + 1];
        sums += vec4<f32>(
            pair_part(rows.x, part, a, b),
            pair_part(rows.y, part, a, b),
            pair_part(rows.z, part, c, d),
            pair_part(rows.w, part, c, d),
        );
    }
    return sums;
}

fn bias(segment: Segment, row: u32) -> f32 {
    if (segment.bias == none) {
        return 0;
    }
    return vectors[segment.bias + row];
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let lane = thread % LANES;
    let bundle = group.x * (THREADS / LANES) + thread / LANES;
    var s = 0u;
    for (var i = 1u; i < params.segments && !GATED; i++) {
        if (bundle >= params.segment[i].first) {
            s = i;
        }
    }
    let segment = params.segment[s];
    let start = (step.tokens - 1) * params.parts * 2;

    // Rows past the end are computed as the last one and not written.
    let first = (bundle - segment.first) * select(4u, 2u, GATED);
    var rows = min(vec4<u32>(first) + vec4<u32>(0, 1, 2, 3), vec4<u32>(segment.rows - 1));
    if (GATED) {
        rows = min(vec4<u32>(first) + vec4<u32>(0, 1, 0, 1), vec4<u32>(segment.rows - 1));
    }
    shard = rows.x / params.shard_rows;
    let local = rows - vec4<u32>(shard * params.shard_rows);
    var second = segment.matrix;
    if (GATED) {
        second = params.segment[1].matrix;
    }
    var sums = accumulate(segment.format, segment.matrix, second, local, start, lane);
    if (ADAPTED) {
        var last = segment;
        if (GATED) {
            last = params.segment[1];
        }
        let pair_rows = rows + vec4<u32>(vec2<u32>(segment.pair_row), vec2<u32>(last.pair_row));
        sums += low_rank(pair_rows, segment.inner, last.inner, lane);
    }
    sums = sum_lanes(sums, thread);
    if (lane != 0) {
        return;
    }
    if (GATED) {
        for (var i = 0u; i < 2 && first + i < segment.rows; i++) {
            y[segment.out + first + i] = activate(sums[i]) * sums[i + 2];
        }
    } else {
        for (var i = 0u; i < 4 && first + i < segment.rows; i++) {
            y[segment.out + first + i] = sums[i] + bias(segment, first + i);
        }
    }
}
