// y = W x (+ bias) (+ B inner) for one token: a run of LANES threads computes a bundle, each thread every LANES-th part.

// B inner of four rows; A x of the first two begins at `first`, that of the last two at `second`.
fn low_rank(rows: vec4<u32>, first: u32, second: u32, lane: u32) -> vec4<f32> {
    var sums = vec4<f32>();
    for (var part = lane; part < params.rank / 8; part += LANES) {
        let a = inner[first + 2 * part];
        let b = inner[first + 2 * part + 1];
        let c = inner[second + 2 * part];
        let d = inner[second + 2 * part + 1];
        let b0 = pair_part(rows.x, part);
        let b1 = pair_part(rows.y, part);
        let b2 = pair_part(rows.z, part);
        let b3 = pair_part(rows.w, part);
        sums += vec4<f32>(
            dot(b0.a, a) + dot(b0.b, b),
            dot(b1.a, a) + dot(b1.b, b),
            dot(b2.a, c) + dot(b2.b, d),
            dot(b3.a, c) + dot(b3.b, d),
        );
    }
    return sums;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let lane = thread % LANES;
    let bundle = group.x * (THREADS / LANES) + thread / LANES;
    let segment = segment_of(bundle);
    let last = last_of(segment);
    let first = first_row(segment, bundle);
    let rows = bundle_rows(segment, first);
    let start = (step.tokens - 1) * params.parts * 2;

    let local = within_shard(rows);
    var sums = accumulate(segment.format, segment.matrix, last.matrix, local, start, lane);
    if (ADAPTED) {
        sums += low_rank(pair_rows(segment, last, rows), segment.inner, last.inner, lane);
    }
    sums = sum_lanes(sums, thread);
    if (lane == 0) {
        store(segment, 0, first, sums);
    }
}
